"""What the home page shows: what is due, what is under way, what is new."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lms.access import Actor
from lms.assignments import queries as assignments
from lms.assignments.queries import Obligation
from lms.assignments.rules import State, due_words
from lms.courses.queries.catalogue import Catalogue, Edition, catalogue
from lms.courses.rules.course import Course
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
class Offer:
    """A course on offer."""

    key: str
    title: str
    minutes: int
    quarters: int


@dataclass(frozen=True, kw_only=True)
class Underway(Offer):
    """A course begun, with how far this person is."""

    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything on the home page."""

    due: tuple[Due, ...]
    underway: tuple[Underway, ...]
    unclaimed: tuple[Underway, ...]
    fresh: tuple[Offer, ...]
    done_count: int


class _Suggestions:
    """What is on offer in the order of each profession's paths, while offer and paths stay."""

    def __init__(
        self, paths: Sequence[LearningPath], offered: Sequence[Edition], shelf: Catalogue
    ) -> None:
        self.paths, self.offered = paths, offered
        self._keys = [one.key for one in offered]
        self._said = {one.key: shelf.content(one).professions for one in offered}
        self._by_profession: dict[str, tuple[str, ...]] = {}

    def of(self, profession: str) -> tuple[str, ...]:
        """Return the keys of all on offer, those that paths suggest to this profession first."""
        known = self._by_profession.get(profession)
        if known is None:
            wanted = dict.fromkeys(
                key
                for path in self.paths
                if profession in path.professions
                for key in path.courses
                if profession in self._said.get(key, ())
            )
            known = (*wanted, *(key for key in self._keys if key not in wanted))
            self._by_profession[profession] = known
        return known


_last: _Suggestions | None = None


def _suggestions(
    paths: Sequence[LearningPath], offered: Sequence[Edition], shelf: Catalogue
) -> _Suggestions:
    """Return the suggestions made last, if these very paths and this very offer still stand."""
    global _last
    known = _last
    if known is None or known.paths is not paths or known.offered is not offered:
        known = _last = _Suggestions(paths, offered, shelf)
    return known


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
    on_offer = shelf.offered(today)
    offered = [one.key for one in on_offer]
    known = progress.whole(actor.person_id, at=at, today=today, shelf=shelf)
    owed = assignments.own_obligations(
        actor, today=today, completions=known.completions, shelf=shelf
    )
    begun = {key: known.standing(key) for key in known.begun}
    open_ones = [one for one in owed if one.state in {State.OVERDUE, State.SOON, State.OPEN}]
    chosen = (_due(one, known, begun, offered, today=today) for one in open_ones)
    due = tuple(one for one in chosen if one is not None)
    named = {one.course_key for one in due}
    suggested = _suggestions(paths, on_offer, shelf).of(profession)
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
        fresh=tuple(_offer(shelf.content(shelf.latest(key))) for key in fresh[:FRESH_MOST]),
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


def _offer(course: Course) -> Offer:
    return Offer(
        key=course.key, title=course.title, minutes=course.minutes, quarters=course.quarters
    )


def _due(
    one: Obligation,
    known: Whole,
    begun: Mapping[str, Standing],
    offered: Collection[str],
    *,
    today: date,
) -> Due | None:
    """Choose the course of an obligation to go on with: a begun one, else the first open."""
    there = [key for key in one.asked.course_keys if key in offered]
    going = [key for key in there if key in begun and not begun[key].completed_at]
    left = going or [key for key in there if key not in begun]
    if not left:
        return None
    standing = known.standing(left[0])
    words = due_words(one.state, due_on=one.asked.due_on, today=today)
    return Due(
        obligation=one,
        words=words,
        course_key=standing.course_key,
        course_title=standing.course.title,
        standing=standing,
    )
