"""What all pages with passkeys share: the site they are for, and the question that was asked."""

from typing import Any

import flask

from lms.errors import Missing
from lms.people.operations.passkeys import Answer
from lms.people.rules.passkeys import Purpose, Site, site_of
from lms.web import pages

ASKED = "asked"
"""Where the cookie holds the challenge of a device, so that only this browser can answer it."""


def possible() -> bool:
    """Say whether browsers allow passkeys at the address of this installation."""
    return site_of(pages.settings().base_url) is not None


def site() -> Site:
    """Return whom passkeys are for; raise Missing where browsers allow none."""
    found = site_of(pages.settings().base_url)
    if found is None:
        raise Missing("passkeys")
    return found


def remember_asked(purpose: Purpose, challenge: str, *, handle: str = "") -> None:
    """Remember in this browser's cookie what its device was asked."""
    flask.session[ASKED] = {"for": purpose.value, "challenge": challenge, "handle": handle}


def answered(purpose: Purpose) -> Answer:
    """Return what the device answered, to what was asked in this browser for this purpose."""
    asked: Any = flask.session.pop(ASKED, None)
    if not isinstance(asked, dict) or asked.get("for") != purpose.value:
        asked = {}
    return Answer(
        text=flask.request.form.get("credential", ""),
        challenge=str(asked.get("challenge", "")),
        handle=str(asked.get("handle", "")),
    )
