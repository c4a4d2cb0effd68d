"""The shape of a claim: the evaluation where it's still open, and the name to be printed."""

from typing import Final

from wtforms import StringField
from wtforms.validators import InputRequired, Length

from lms.courses.rules.course import Course
from lms.learning.forms import EvaluationForm
from lms.web.forms import Form


def _name() -> StringField:
    return StringField(
        "Name as on your license",
        description=(
            "It is printed exactly like this and cannot change later without a new certificate."
        ),
        validators=[
            InputRequired("Type your name as it stands on your license."),
            # What can be printed is decided by the code that prints; this only bounds it.
            Length(max=400, message="Keep the name within 120 characters."),
        ],
        render_kw={"autocomplete": "name"},
    )


class ClaimForm(Form):
    """The claim of somebody whose evaluation is done, or not asked for."""

    legal_name = _name()


class FullClaimForm(EvaluationForm):
    """The evaluation and the claim on one page; make it by `full_claim_form`."""

    legal_name = _name()


# A form takes longer to put together than to fill in; courses with the same objectives share one.
_KINDS: Final[dict[object, type[FullClaimForm]]] = {}
_MOST: Final = 100


def full_claim_form(course: Course) -> type[FullClaimForm]:
    """Return the form of the evaluation and the claim for a course."""
    kind = _KINDS.get(course.objectives)
    if kind is None:
        if len(_KINDS) >= _MOST:
            _KINDS.clear()
        kind = _KINDS[course.objectives] = FullClaimForm.for_course(course)
    return kind
