"""How long a signed-in browser stays one, when it's locked, and what it's called. Pure."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

IDLE_LEAST: Final = 1
IDLE_MOST: Final = 15
IDLE_USUAL: Final = 5
SEEN_EVERY: Final = timedelta(minutes=5)
"""How often "last used" is written down; on a shared computer more often, as it locks by it."""
SEEN_EVERY_SHARED: Final = timedelta(minutes=1)


class Pending(StrEnum):
    """Why somebody who signed in may see nothing yet."""

    LOCKED = "locked"
    ENROLMENT = "enrolment"


def last_sign(started_at: datetime, *others: datetime | None) -> datetime:
    """Return the last of several instants, of which some may never have been."""
    return max([started_at, *(one for one in others if one is not None)])


def is_idle(last_seen: datetime, *, idle_minutes: int | None, at: datetime) -> bool:
    """Say whether a shared computer was left alone for longer than it may be.

    What was written down may be a minute old, so that a minute is given on top.
    """
    if idle_minutes is None:
        return False
    return at - last_seen >= timedelta(minutes=idle_minutes) + SEEN_EVERY_SHARED


def is_worth_noting(last_seen: datetime, *, is_shared: bool, at: datetime) -> bool:
    """Say whether so much time went by since this browser was seen that it's noted again."""
    return at - last_seen >= (SEEN_EVERY_SHARED if is_shared else SEEN_EVERY)


# The first that fits counts: many browsers also claim to be the ones after them.
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"), ("Firefox/", "Firefox"), ("CriOS", "Chrome"), ("Chromium", "Chromium"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"),
    ("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def browser_words(user_agent: str) -> str:
    """Name a browser as its owner would: "Firefox on Windows"; never more than that is kept."""
    text = re.sub(r"[^\x20-\x7e]", "", user_agent[:500])
    browser = next((name for sign, name in _BROWSERS if sign in text), "")
    system = next((name for sign, name in _SYSTEMS if sign in text), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or (f"A browser on {system}" if system else "A browser")
