"""What makes a course complete, how far somebody is, and the one checklist of what is left."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from lms.courses.rules.course import Course, Lesson, hours_text
from lms.learning.rules.drawing import drawn_number

CLAIM_GRACE_DAYS = 90  # after a course expires, for those who completed it before
EVALUATION_MINUTES = 2


@dataclass(frozen=True, kw_only=True)
class Needs:
    """The requirement set of one version of a course; what it doesn't ask for is empty."""

    lessons: tuple[str, ...]
    quiz: bool
    evaluation: bool

    @property
    def count(self) -> int:
        """Return how many requirements there are."""
        return len(self.lessons) + self.quiz + self.evaluation


@dataclass(frozen=True, kw_only=True)
class Met:
    """What somebody has done of one version, in one cycle."""

    lessons_read: frozenset[str] = frozenset()
    quiz_passed: bool = False
    evaluation_done: bool = False


def needs_of(course: Course) -> Needs:
    """Return the requirement set of a version."""
    asked = course.requirements
    return Needs(
        lessons=tuple(one.id for one in course.lessons) if asked.lessons else (),
        quiz=asked.quiz,
        evaluation=asked.evaluation,
    )


def is_satisfied(needs: Needs, met: Met) -> bool:
    """Say whether every requirement is met; a version that asks for nothing is never complete."""
    return needs.count > 0 and _met_count(needs, met) == needs.count


def is_evaluable(needs: Needs, met: Met) -> bool:
    """Say whether all but the evaluation is met, so that there is something to judge by."""
    return set(needs.lessons) <= met.lessons_read and (met.quiz_passed or not needs.quiz)


def _met_count(needs: Needs, met: Met) -> int:
    lessons = len(set(needs.lessons) & met.lessons_read)
    return lessons + (needs.quiz and met.quiz_passed) + (needs.evaluation and met.evaluation_done)


def percent(needs: Needs, met: Met) -> int:
    """Return the share of requirements met, 0 to 100, rounded down: 100 means satisfied."""
    return _met_count(needs, met) * 100 // needs.count if needs.count else 0


def minutes_left(course: Course, met: Met) -> int:
    """Return the stated minutes of what is still required: lessons, quiz, evaluation."""
    needs = needs_of(course)
    unread = set(needs.lessons) - met.lessons_read
    minutes = sum(lesson.minutes for lesson in course.lessons if lesson.id in unread)
    if needs.quiz and not met.quiz_passed:
        minutes += course.quiz.minutes
    if needs.evaluation and not met.evaluation_done:
        minutes += EVALUATION_MINUTES
    return minutes


def progress_words(course: Course, met: Met, *, is_begun: bool) -> str:
    """Say in a few words how far somebody is, as the learner and the coordinator both read it."""
    needs = needs_of(course)
    if not is_begun:
        return "Not started"
    if is_satisfied(needs, met):
        return "Complete"
    read, lessons = len(set(needs.lessons) & met.lessons_read), len(needs.lessons)
    if read < lessons:
        passed = ", quiz passed" if needs.quiz and met.quiz_passed else ""
        return f"{read} of {counted_plainly(lessons, 'lesson')} read{passed}"
    if needs.quiz and not met.quiz_passed:
        return "All lessons read, quiz not passed yet" if lessons else "Quiz not passed yet"
    return "Quiz passed, evaluation left" if needs.quiz else "Evaluation left"


def counted_plainly(number: int, one: str) -> str:
    """Count things in figures: "1 lesson", "5 lessons"."""
    return f"{number} {one}{'' if number == 1 else 's'}"


# ----- until when ------------------------------------------------------------------------


def takes_starts(course: Course, *, today: date, is_retired: bool) -> bool:
    """Say whether the course can be started on this day of the institution."""
    return not is_retired and course.released_on <= today <= course.expires_on


def claim_until(course: Course) -> date:
    """Return the last day on which a completion made in time can be claimed."""
    return course.expires_on + timedelta(days=CLAIM_GRACE_DAYS)


def may_claim(course: Course, *, completed_on: date, today: date) -> bool:
    """Say whether a completion may be claimed: made before expiry, asked for within the grace."""
    return completed_on <= course.expires_on and today <= claim_until(course)


# ----- the checklist ---------------------------------------------------------------------


class StepKind(StrEnum):
    """What a step of the checklist is."""

    START = "start"
    LESSON = "lesson"
    QUIZ = "quiz"
    EVALUATION = "evaluation"
    CLAIM = "claim"
    CERTIFICATE = "certificate"
    READ = "read"  # the course is closed; its lessons stay open


@dataclass(frozen=True, kw_only=True)
class Step:
    """One line of the checklist. `title` names it, `label` is the verb on its button."""

    kind: StepKind
    title: str
    label: str
    url: str
    minutes: int = 0
    is_done: bool = False
    completes: str = ""  # what makes this step done, as a sentence
    lesson_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where somebody stopped reading."""

    lesson_id: str
    anchor: str
    heading: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class QuizState:
    """How the quiz of one cycle stands. `is_passed` never turns back."""

    passed: bool = False
    attempts_used: int = 0
    attempts_allowed: int = 1
    open_attempt_id: int | None = None
    passed_attempt_id: int | None = None
    pause_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Way:
    """All that the checklist of one person on one version is written from."""

    course: Course
    met: Met
    quiz: QuizState
    is_begun: bool
    is_closed: bool
    is_complete: bool
    can_claim: bool
    place: Place | None
    serial: str | None

    @property
    def url(self) -> str:
        """Return the address of the course page."""
        return f"/courses/{self.course.key}"


def _lesson_steps(way: Way) -> list[Step]:
    return [
        Step(
            kind=StepKind.LESSON,
            title=lesson.title,
            label=_lesson_label(way, number),
            url=_lesson_url(way, lesson),
            minutes=lesson.minutes,
            is_done=lesson.id in way.met.lessons_read,
            completes="Done when you mark it as read.",
            lesson_id=lesson.id,
        )
        for number, lesson in enumerate(way.course.lessons, 1)
    ]


def _lesson_label(way: Way, number: int) -> str:
    here = way.course.lessons[number - 1].id
    if way.place is not None and way.place.lesson_id == here:
        return f"Continue lesson {number}"
    return f"Start lesson {number}" if not way.met.lessons_read else f"Read lesson {number}"


def _lesson_url(way: Way, lesson: Lesson) -> str:
    address = f"{way.url}/lessons/{lesson.id}"
    place = way.place
    at_heading = place is not None and place.lesson_id == lesson.id and place.anchor
    return f"{address}#{place.anchor}" if place is not None and at_heading else address


def _quiz_step(way: Way) -> Step:
    quiz, state = way.course.quiz, way.quiz
    asked = drawn_number(quiz)
    if state.open_attempt_id is not None:
        label = "Go on with the quiz"
    elif state.pause_until is not None:
        label = "See when the quiz opens again"
    else:
        label = "Try the quiz again" if state.attempts_used else "Take the quiz"
    return Step(
        kind=StepKind.QUIZ,
        title=f"Quiz, {counted_plainly(asked, 'question')}",
        label=label,
        url=f"{way.url}/quiz",
        minutes=quiz.minutes,
        is_done=state.passed,
        completes=f"Done when {quiz.pass_correct} of {asked} are right.",
    )


def _evaluation_step(way: Way) -> Step:
    return Step(
        kind=StepKind.EVALUATION,
        title="Short evaluation",
        label=f"Evaluate and claim {_hours(way.course)}",
        url=f"{way.url}/claim",
        minutes=EVALUATION_MINUTES,
        is_done=way.met.evaluation_done,
        completes="Done when you send it, on the page where you claim.",
    )


def _claim_step(way: Way) -> Step:
    return Step(
        kind=StepKind.CLAIM,
        title=f"Claim of up to {_hours(way.course)}",
        label=f"Claim {_hours(way.course)}",
        url=f"{way.url}/claim",
        is_done=way.serial is not None,
        completes="Done when you say how much you claim. The certificate is made at once.",
    )


def _hours(course: Course) -> str:
    return f"{hours_text(course.quarters)} CE hours"


def steps(way: Way) -> tuple[Step, ...]:
    """Return the checklist in order: every requirement of the version, then the claim (case 69).

    Each line says what completes it, so that nobody is left with all done and no certificate.
    """
    needs = needs_of(way.course)
    made = _lesson_steps(way) if needs.lessons else []
    if needs.quiz:
        made.append(_quiz_step(way))
    if needs.evaluation:
        made.append(_evaluation_step(way))
    made.append(_claim_step(way))
    return tuple(made)


def next_step(way: Way, checklist: Collection[Step] | None = None) -> Step:
    """Return the one thing to do next; there always is one, also when all is done.

    `checklist` is what `steps` returned, for those who have it already.
    """
    if not way.is_begun:
        title = way.course.title
        return Step(kind=StepKind.START, title=title, label="Start course", url=way.url)
    if way.serial is not None:
        return Step(
            kind=StepKind.CERTIFICATE,
            title="Certificate",
            label="See certificate",
            url=f"/certificates/{way.serial}",
        )
    left = [one for one in checklist or steps(way) if not one.is_done]
    can_finish = not way.is_closed or way.quiz.open_attempt_id is not None
    if not (way.can_claim if way.is_complete else can_finish):
        return _reading(way)
    return _where_stopped(way, left) or left[0]


def _where_stopped(way: Way, left: Collection[Step]) -> Step | None:
    """Return the unread lesson in which the person stopped, which need not be the first unread."""
    place = way.place
    return next((one for one in left if place and one.lesson_id == place.lesson_id), None)


def _reading(way: Way) -> Step:
    lessons = _lesson_steps(way)
    unread = [one for one in lessons if not one.is_done]
    target = _where_stopped(way, lessons) or (unread or lessons)[0]
    label = "Go on reading" if unread else "Read it again"
    return Step(kind=StepKind.READ, title=target.title, label=label, url=target.url)
