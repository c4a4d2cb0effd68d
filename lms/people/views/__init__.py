"""Pages of accounts and people: one blueprint, a file for each kind of page."""

from lms.people.views import (
    accounts,
    addresses,
    outgoing,
    places,
    profile,
    protocol_cards,
    roster,
    second_factor,
    second_step,
    security,
    sessions,
    staff,
    workstation,
)
from lms.people.views.blueprint import bp
from lms.people.views.session import SignedIn, load
from lms.people.views.unsent import unauthorized, unsent

__all__ = [
    "SignedIn",
    "accounts",
    "addresses",
    "bp",
    "load",
    "outgoing",
    "places",
    "profile",
    "protocol_cards",
    "roster",
    "second_factor",
    "second_step",
    "security",
    "sessions",
    "staff",
    "unauthorized",
    "unsent",
    "workstation",
]
