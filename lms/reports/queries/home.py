"""What the home page shows: what is due, what is under way, what is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lms.access import Actor
from lms.assignments import queries as assignments
from lms.assignments.queries import Obligation
from lms.assignments.rules import State, due_words
from lms.courses.queries.catalogue import Catalogue, catalogue
from lms.courses.rules.paths import LearningPath
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing, Whole

FRESH_MOST = 3


@dataclass(frozen=True, kw_only=True)
class Due:
    """One obligation on the home page, with the course to go on with."""

    obligation: Obligation
    words: str
    course_key: str
    course_title: str
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Underway:
    """A course begun and not finished, or offered and not begun."""

    key: str
    title: str
    minutes: int
    quarters: int
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything on the home page."""

    due: tuple[Due, ...]
    underway: tuple[Underway, ...]
    unclaimed: tuple[Underway, ...]
    fresh: tuple[Underway, ...]
    done_count: int


def _suggested(
    paths: Sequence[LearningPath], profession: str, offered: Sequence[str], shelf: Catalogue
) -> list[str]:
    """Return what is on offer, the courses of the paths of this profession first, in order."""
    wanted = dict.fromkeys(
        key
        for path in paths
        if profession in path.professions
        for key in path.courses
        if key in shelf.ids and profession in shelf.content(shelf.latest(key)).professions
    )
    return [*(key for key in wanted if key in offered), *(k for k in offered if k not in wanted)]


def board(
    actor: Actor,
    *,
    profession: str = "",
    paths: Sequence[LearningPath] = (),
    at: datetime,
    today: date,
) -> Board:
    """Return what this person's home page shows. `today` is the institution's calendar day.

    Of what is new, the courses come first that the `paths` suggest to this profession.
    """
    shelf = catalogue()
    offered = [one.key for one in shelf.offered(today)]
    known = progress.whole(actor.person_id, at=at, today=today, shelf=shelf)
    owed = assignments.own_obligations(
        actor, today=today, completions=known.completions, shelf=shelf
    )
    open_ones = [one for one in owed if one.state in {State.OVERDUE, State.SOON, State.OPEN}]
    due = tuple(
        made for one in open_ones if (made := _due(one, known, offered, today=today)) is not None
    )
    named = {one.course_key for one in due}
    begun = {key: known.standing(key) for key in known.begun}
    suggested = _suggested(paths, profession, offered, shelf)
    fresh = [key for key in suggested if key not in begun and key not in named]
    return Board(
        due=due,
        underway=tuple(
            _underway(begun[key])
            for key in offered
            if key in begun and not begun[key].completed_at and key not in named
        ),
        # Also of courses that are no longer offered: credit earned is not forgotten.
        unclaimed=tuple(_underway(one) for one in begun.values() if one.can_claim),
        fresh=tuple(_underway(known.standing(key)) for key in fresh[:FRESH_MOST]),
        done_count=sum(1 for one in begun.values() if one.is_complete),
    )


def _underway(standing: Standing) -> Underway:
    course = standing.course
    return Underway(
        key=course.key,
        title=course.title,
        minutes=course.minutes,
        quarters=course.quarters,
        standing=standing,
    )


def _due(one: Obligation, known: Whole, offered: list[str], *, today: date) -> Due | None:
    """Choose the course of an obligation to go on with: a begun one, else the first open."""
    parts = [_underway(known.standing(key)) for key in one.asked.course_keys if key in offered]
    still = [part for part in parts if not part.standing.completed_at]
    if not still:
        return None
    begun = [part for part in still if part.standing.is_begun]
    course = (begun or still)[0]
    words = due_words(one.state, due_on=one.asked.due_on, today=today)
    return Due(
        obligation=one,
        words=words,
        course_key=course.key,
        course_title=course.title,
        standing=course.standing,
    )
