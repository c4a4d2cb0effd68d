"""What follows from how far somebody is: worked out once for all who are as far."""

from dataclasses import dataclass
from typing import Any, Final

from lms.learning.rules import progress
from lms.learning.rules.progress import Step, Way

Mark = tuple[Any, ...]
"""The same for all who are as far in the same version."""


@dataclass(frozen=True, kw_only=True)
class LessonState:
    """A lesson of the version a person is on, and whether it is read."""

    id: str
    title: str
    minutes: int
    is_read: bool


@dataclass(frozen=True, kw_only=True)
class Told:
    """What follows from how far somebody is: the same for all who are as far."""

    mark: Mark
    lessons: tuple[LessonState, ...]
    minutes_left: int
    percent: int
    progress_words: str
    steps: tuple[Step, ...]
    next_step: Step


_MOST: Final = 4096
_known: dict[Mark, Told] = {}


def told_of(way: Way, *, digest: str) -> Told:
    """Return what follows from a way through the version with this digest.

    Whatever the rules of progress look at stands in the mark, but for a certificate's serial: the
    next step of whoever has one leads to it and is not to be taken from here.
    """
    quiz, place = way.quiz, way.place
    mark = (
        digest, way.met.lessons_read, way.met.quiz_passed, way.met.evaluation_done,
        way.is_begun, way.is_closed, way.is_complete, way.can_claim, way.serial is not None,
        place and (place.lesson_id, place.anchor), quiz.passed, quiz.attempts_used > 0,
        quiz.open_attempt_id is not None, quiz.pause_until is not None,
    )  # fmt: skip
    known = _known.get(mark)
    if known is None:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[mark] = _work_out(way, mark)
    return known


def _work_out(way: Way, mark: Mark) -> Told:
    course, met, is_done = way.course, way.met, way.is_complete
    steps = progress.steps(way)
    return Told(
        mark=mark,
        lessons=tuple(
            LessonState(
                id=one.id,
                title=one.title,
                minutes=one.minutes,
                is_read=one.id in met.lessons_read,
            )
            for one in course.lessons
        ),
        # A completion is for ever, whatever a later rule would say of the same record (case 46).
        minutes_left=0 if is_done else progress.minutes_left(course, met),
        percent=100 if is_done else progress.percent(progress.needs_of(course), met),
        progress_words=(
            "Complete" if is_done else progress.progress_words(course, met, is_begun=way.is_begun)
        ),
        steps=steps,
        next_step=progress.next_step(way, steps),
    )


