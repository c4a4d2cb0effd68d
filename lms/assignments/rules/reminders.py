"""When to remind somebody, and what a reminder says. Pure."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from lms.assignments.rules import State

REST: Final = timedelta(hours=24)
"""Nobody is reminded twice within this time, whoever asks."""
LONG_REST: Final = timedelta(hours=72)
"""What the worker leaves between its own reminder and any before it."""
STEPS: Final = (-14, -3, 1, 15, 29, 43, 57)
"""Days from the due day on which the worker reminds. It's silent in the end: a person asks then."""
LATE_DAYS: Final = 3
"""A step that nobody did in time, as when the worker stood still, is done up to so much later."""
STALE: Final = timedelta(days=3)
"""A reminder that could not go out for so long says what may not be so any more."""
OPEN_STATES: Final = frozenset({State.OVERDUE, State.SOON, State.OPEN})
_WIDTH: Final = 72


def deadline(due_on: date, zone: str) -> str:
    """Write a due day: the same words on every page and in every mail (case 55).

    `zone` names the institution's time zone as people do, such as "Pacific": the day ends there.
    """
    place = zone if zone.endswith(" time") else f"{zone} time"
    return (
        f"{due_on:%A}, {due_on:%B} {due_on.day}, {due_on.year}, until the end of the day, {place}"
    )


def step_of(*, due_on: date, opened_on: date, today: date) -> int | None:
    """Return the step of the automatic reminders that is to be done today, if any.

    Counted from the due day alone, so that a late step moves no other (case 53). A step that
    lies before the assignment was made is left out, and of several the last one counts.
    """
    for step in reversed(STEPS):
        day = due_on + timedelta(days=step)
        if day <= today:
            in_time = today - day <= timedelta(days=LATE_DAYS)
            return step if in_time and day >= opened_on else None
    return None


def key(person_id: int, today: date, *, failed: int = 0) -> str:
    """Return the outbox key of a person's reminder of a day: it's written once (case 52).

    One that failed for good makes room for another on the same day.
    """
    again = f":{failed}" if failed else ""
    return f"{KEY_PREFIX}{person_id}:{today.isoformat()}{again}"


KEY_PREFIX: Final = "reminder:"


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that is open for the reader of a reminder."""

    title: str
    url: str
    due_on: date
    is_overdue: bool
    work: str
    reason: str
    asked_by: str
    basis: str


@dataclass(frozen=True, kw_only=True)
class Sender:
    """On whose behalf reminders go out: what is the same in all of them."""

    organisation: str
    contact: str
    base_url: str
    zone: str


def work_words(minutes: Sequence[int], *, done: int, needed: int) -> str:
    """Say how much is left of a course, or of a series of which some courses are done."""
    if needed <= 1 and len(minutes) == 1:
        return f"About {minutes[0]} minutes. You can stop and go on where you left off."
    left = needed - done
    shortest, longest = min(minutes), max(minutes)
    each = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    courses = "1 course is left, about" if left == 1 else f"{left} courses are left, each about"
    return f"{done} of {needed} courses done; {courses} {each} minutes."


def subject(sender: Sender) -> str:
    """Return a subject line that tells nothing to whoever looks over a shoulder."""
    place = _line(sender.organisation)
    return f"Training due at {place}" if place else "Training due"


def body(name: str, items: Sequence[Item], sender: Sender, *, asker: str) -> str:
    """Write a reminder that lists everything open for one person, kindly, with whom to ask.

    `asker` is the name of who sent it, or empty for the reminders that go out by themselves.
    """
    place = _line(sender.organisation) or "Rounds"
    one = len(items) == 1
    parts = [
        f"Hello {_line(name)},",
        _wrapped(
            f"{'One course or series is' if one else f'{len(items)} courses or series are'} "
            f"waiting for you at {place}."
        ),
        *(_item(number, item, sender.zone) for number, item in enumerate(items, start=1)),
        _wrapped(
            "If you finished meanwhile, there is nothing more to do. Everything you have begun "
            f"is kept: {sender.base_url}/"
        ),
        _wrapped(_whom_to_ask(sender, asker)),
        _wrapped(
            f"{_sent_by(asker)} At most one such mail reaches you in a day, and none "
            "about what you have finished."
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _sent_by(asker: str) -> str:
    if asker:
        return f"{_line(asker)} had this reminder sent to you."
    return "This reminder goes out by itself around the due day."


def _whom_to_ask(sender: Sender, asker: str) -> str:
    ask = f"write to {_line(sender.contact)}" if sender.contact else "ask whoever assigned it"
    also = f", or ask {_line(asker)}" if asker and sender.contact else ""
    return (
        f"Is something in the way, or does it not apply to you (leave, another task, done "
        f"elsewhere)? Then {ask}{also}. You can be exempted, and the reason is kept with it."
    )


@lru_cache(maxsize=4096)
def _item(number: int, item: Item, zone: str) -> str:
    was = "Was due" if item.is_overdue else "Due"
    late = " It can still be finished." if item.is_overdue else ""
    basis = f" It rests on {_line(item.basis).rstrip('.')}." if item.basis.strip() else ""
    said = (
        f"{was}: {deadline(item.due_on, zone)}.{late}",
        item.work,
        f"Why: {_line(item.reason)}",
        f"Asked for by {_line(item.asked_by).rstrip('.')}.{basis}",
        item.url,
    )
    title = _wrapped(f"{number}. {_line(item.title)}", further="   ")
    return "\n".join([title, *(_wrapped(one, first="   ", further="   ") for one in said)])


def _line(text: str) -> str:
    """Return text on one line, whatever was typed."""
    return " ".join(text.split())


# Thousands of mails say the same things; breaking lines is what costs.
@lru_cache(maxsize=4096)
def _wrapped(text: str, *, first: str = "", further: str = "") -> str:
    return textwrap.fill(
        text,
        width=_WIDTH,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
