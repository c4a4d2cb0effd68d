"""Pages of accounts and people: one blueprint, three files of pages."""

from lms.people.views import accounts, administration, profile
from lms.people.views.blueprint import bp
from lms.people.views.session import SignedIn, load, unauthorized

__all__ = ["SignedIn", "accounts", "administration", "bp", "load", "profile", "unauthorized"]
