"""How somebody of the demonstration takes a course: by the operations that the pages call."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lms import clock
from lms.access import Actor
from lms.certificates.operations import Press
from lms.courses import queries as courses
from lms.credit import operations as credit
from lms.learning.models import Attempt, Enrolment
from lms.learning.operations import enrolment, quiz
from lms.learning.operations.completion import EvaluationAnswers
from lms.learning.queries import progress
from lms.learning.rules import drawing, scoring
from lms.people import queries as people

MINUTE = timedelta(minutes=1)
REMARKS = (
    "Clear and short enough for a shift.",
    "The dialogue in the last lesson was the part I used the next day.",
    "",
    "I would like more on what to say when a companion answers every question.",
)


@dataclass(frozen=True, kw_only=True)
class Learner:
    """Somebody who reads, answers and claims."""

    person_id: int
    press: Press
    zone: ZoneInfo
    chance: random.Random

    @property
    def actor(self) -> Actor:
        """Return them as an actor: a learner and nothing else."""
        return Actor(person_id=self.person_id)

    def _day(self, at: datetime) -> date:
        return clock.day_of(at, self.zone)

    def begin(
        self, key: str, *, at: datetime, lessons: int, stop_at: tuple[int, int] | None = None
    ) -> Enrolment:
        """Start a course and read so many lessons; `stop_at` is the lesson and heading reached."""
        begun = enrolment.start(
            actor=self.actor, key=key, acknowledged=True, at=at, today=self._day(at)
        )
        if progress.completion_of(begun.id) is not None:
            begun = enrolment.begin_again(
                actor=self.actor, key=key, acknowledged=True, at=at, today=self._day(at)
            )
        course = courses.content_of(begun.course_version)
        clockwork = at
        for lesson in course.lessons[:lessons]:
            clockwork += lesson.minutes * MINUTE
            enrolment.mark_read(actor=self.actor, key=key, lesson_id=lesson.id, at=clockwork)
        if stop_at is not None:
            lesson = course.lessons[stop_at[0]]
            headings = courses.lesson_page(begun.course_version, lesson.id).headings
            enrolment.keep_position(
                actor=self.actor,
                key=key,
                lesson_id=lesson.id,
                anchor=headings[min(stop_at[1], len(headings)) - 1].id,
                at=clockwork + 2 * MINUTE,
            )
        return begun

    def _answer(self, attempt: Attempt, *, right: int, at: datetime) -> None:
        for number, drawn in enumerate(drawing.thaw(attempt.drawn), start=1):
            marks = drawing.marks_of(drawn, scoring.best(drawn.item))
            if number > right:
                marks = self._other(drawn, marks)
            quiz.answer(
                actor=self.actor,
                attempt_id=attempt.id,
                number=number,
                marks=marks,
                at=at + number * MINUTE / 2,
            )

    def _other(self, drawn: drawing.Drawn, marks: list[str]) -> list[str]:
        """Return an answer that is not the best one, where the kind makes that simple."""
        if not drawn.item.options or len(marks) != 1:
            return marks
        places = [str(place) for place in range(1, len(drawn.item.options) + 1)]
        return [self.chance.choice([place for place in places if place != marks[0]])]

    def finish(self, key: str, *, at: datetime, retakes: bool = False, spoken: int = -1) -> str:
        """Take a course from start to certificate; return its serial. `at` is when they begin."""
        begun = self.begin(key, at=at, lessons=99)
        course = courses.content_of(begun.course_version)
        clockwork = at + course.minutes * MINUTE
        for right in ([4] if retakes else []) + [99]:
            attempt = quiz.start(
                actor=self.actor,
                key=key,
                at=clockwork,
                today=self._day(clockwork),
                rng=self.chance,
            )
            self._answer(attempt, right=right, at=clockwork)
            clockwork += course.quiz.minutes * MINUTE
            quiz.submit(actor=self.actor, attempt_id=attempt.id, at=clockwork)
        return self._claim(key, [one.id for one in course.objectives], clockwork, spoken)

    def _claim(self, key: str, objectives: list[str], at: datetime, spoken: int) -> str:
        person = people.person(self.person_id)
        remark = REMARKS[spoken if spoken >= 0 else self.chance.randrange(len(REMARKS))]
        entry = credit.claim(
            actor=self.actor,
            key=key,
            quarters=courses.content_of(courses.latest(key)).quarters,
            name=person.certificate_name,
            evaluation=EvaluationAnswers(
                objectives={one: self.chance.choice((4, 5, 5)) for one in objectives},
                bias=False,
                bias_text="",
                change=self.chance.choice(("yes", "planning", "already")),
                change_text="",
                comment=remark,
            ),
            press=self.press,
            at=at + 2 * MINUTE,
        )
        return entry.serial
