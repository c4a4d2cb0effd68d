"""The shape of what learners send: the start of a course, a filter, an evaluation."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

from wtforms import BooleanField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from lms.courses.rules.course import Course
from lms.learning.rules.evaluation import COMMENT_MOST, Change, EvaluationAnswers
from lms.web.forms import Form

F = TypeVar("F", bound="EvaluationForm")


def _choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


SCALE = ("Not at all", "A little", "Partly", "Mostly", "Fully")
CHANGES = (
    (Change.YES.value, "Yes"),
    (Change.PLANNING.value, "I am thinking about it"),
    (Change.NO.value, "No"),
    (Change.ALREADY.value, "I do this already"),
)
MARK = "objective_"
_PRIVATE = "Optional. Read by the planners, without your name; please name no patient or colleague."


class StartForm(Form):
    """The start of a course: one tick."""

    acknowledged = BooleanField(
        "I have read the disclosures and the statement of support above.", default=False
    )


def _text(label: str, hint: str, rows: int) -> TextAreaField:
    too_long = f"Keep this within {COMMENT_MOST:,} characters."
    return TextAreaField(
        label,
        description=hint,
        validators=[Optional(), Length(max=COMMENT_MOST, message=too_long)],
        render_kw={"rows": rows, "maxlength": COMMENT_MOST},
    )


class EvaluationForm(Form):
    """A short evaluation; `for_course` adds one scale for each objective.

    A form that asks for more beside it subclasses this one and calls `for_course` on itself.
    """

    bias = RadioField(
        "Did you notice any commercial bias?",
        choices=_choices([("no", "No"), ("yes", "Yes, and I say where below")]),
        validators=[InputRequired("Say whether you noticed commercial bias.")],
    )
    bias_text = _text("Where was the bias?", "Only if you noticed some.", 2)
    change = RadioField(
        "Will you do something differently at work?",
        choices=_choices(CHANGES),
        validators=[InputRequired("Say whether you will do something differently.")],
    )
    change_text = _text("What will you change first?", _PRIVATE, 2)
    comment = _text("Anything else the planners should know?", _PRIVATE, 3)

    @classmethod
    def for_course(cls: type[F], course: Course) -> type[F]:
        """Return this form with a field for each objective of the course."""
        scales = {
            f"{MARK}{one.id}": RadioField(
                f"{one.text}.",
                choices=_choices((str(mark), label) for mark, label in enumerate(SCALE, 1)),
                validators=[InputRequired("Choose one of the five.")],
            )
            for one in course.objectives
        }
        return cast("type[F]", type(cls.__name__, (cls,), scales))

    @property
    def objectives(self) -> list[Any]:
        """Return the fields of the objectives, in the course's order."""
        return [one for one in self if one.name.startswith(MARK)]

    def answers(self) -> EvaluationAnswers:
        """Return what was answered; ask only after the form was found valid."""
        return EvaluationAnswers(
            objectives={one.name.removeprefix(MARK): int(one.data) for one in self.objectives},
            bias=self.bias.data == "yes",
            bias_text=(self.bias_text.data or "").strip(),
            change=self.change.data,
            change_text=(self.change_text.data or "").strip(),
            comment=(self.comment.data or "").strip(),
        )
