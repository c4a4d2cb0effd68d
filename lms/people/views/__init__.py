"""Pages of accounts and people."""

from lms.people.views.blueprint import bp
from lms.people.views.session import SignedIn, load, unauthorized

__all__ = ["SignedIn", "bp", "load", "unauthorized"]
