"""When an obligation is met, due soon or overdue; what notice an assignment must give. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

MIN_NOTICE_DAYS = 7
MAX_NOTICE_DAYS = 3 * 366
SOON_DAYS = 14
MAX_ACCEPT_DAYS = 3 * 366


class State(StrEnum):
    """Where one person stands with one assignment."""

    OVERDUE = "overdue"
    SOON = "soon"
    OPEN = "open"
    COMPLETE = "complete"
    EXEMPT = "exempt"


# The order in which a coordinator wants to see people: who needs a nudge first.
URGENCY: Mapping[State, int] = {state: place for place, state in enumerate(State)}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a coordinator asks for: a course or else a series, by a day, and why."""

    course_key: str | None = None
    series_key: str | None = None
    due_on: date
    reason: str
    asked_by: str
    basis: str = ""
    accept_days: int = 0
    sends_reminders: bool = True


@dataclass(frozen=True, kw_only=True)
class Duty:
    """What an assignment asks: some of these courses, by this day, counted from that instant."""

    course_ids: frozenset[int]
    needed: int
    due_on: date
    counts_from: datetime


@dataclass(frozen=True, kw_only=True)
class Fulfilment:
    """How far a duty is met: courses done of those needed, and when the last one was."""

    done: int
    needed: int
    completed_at: datetime | None

    @property
    def is_met(self) -> bool:
        """Say whether enough was done."""
        return self.done >= self.needed


def counts_from(created_at: datetime, *, accept_days: int) -> datetime:
    """Return the instant from which completions count: up to `accept_days` before assigning."""
    return created_at - timedelta(days=accept_days)


def fulfilment(duty: Duty, completions: Iterable[tuple[int, datetime]]) -> Fulfilment:
    """Count the courses of a duty that were completed since it counts.

    `completions` are (course id, instant) of one person, in any order, repeats allowed; of
    several for one course the first that counts is taken, so that a retake moves no date.
    """
    first: dict[int, datetime] = {}
    for course_id, at in sorted(completions, key=lambda one: one[1]):
        if course_id in duty.course_ids and at >= duty.counts_from:
            first.setdefault(course_id, at)
    instants = sorted(first.values())
    met = len(instants) >= duty.needed
    last = instants[duty.needed - 1] if met and duty.needed else None
    return Fulfilment(done=min(len(instants), duty.needed), needed=duty.needed, completed_at=last)


def state_of(*, is_met: bool, is_exempt: bool, due_on: date, today: date) -> State:
    """Say where a person stands; a due day lasts until it ends, so it's overdue the day after."""
    if is_met:
        return State.COMPLETE
    if is_exempt:
        return State.EXEMPT
    if today > due_on:
        return State.OVERDUE
    return State.SOON if due_on - today <= timedelta(days=SOON_DAYS) else State.OPEN


def due_words(state: State, *, due_on: date, today: date) -> str:
    """Say in words how long is left, or since when it's overdue."""
    days = abs((due_on - today).days)
    counted = "1 day" if days == 1 else f"{days} days"
    if state is State.OVERDUE:
        return f"{counted} overdue"
    if state is State.COMPLETE:
        return "Complete"
    if state is State.EXEMPT:
        return "Exempt"
    return "Due today" if days == 0 else f"Due in {counted}"


def notice_problem(*, due_on: date, today: date) -> str | None:
    """Return the sentence that refuses a due day too near or too far, or None."""
    earliest = today + timedelta(days=MIN_NOTICE_DAYS)
    latest = today + timedelta(days=MAX_NOTICE_DAYS)
    if due_on < earliest:
        return (
            f"Give at least {MIN_NOTICE_DAYS} days: {earliest:%B} {earliest.day}, "
            f"{earliest.year} or later."
        )
    if due_on > latest:
        return f"That is more than three years away: choose {latest.year - 1} or earlier."
    return None
