"""Pages of accounts and people: one blueprint, a file for each kind of page."""

from lms.people.views import accounts, outgoing, places, profile, roster, staff
from lms.people.views.blueprint import bp
from lms.people.views.session import SignedIn, load
from lms.people.views.unsent import unauthorized, unsent

__all__ = [
    "SignedIn", "accounts", "bp", "load", "outgoing", "places", "profile", "roster", "staff",
    "unauthorized", "unsent",
]  # fmt: skip
