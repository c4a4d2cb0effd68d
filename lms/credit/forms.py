"""The shape of a claim: the evaluation where it's still open, and the name to be printed."""

from wtforms import StringField
from wtforms.validators import InputRequired, Length

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
    """The evaluation and the claim on one page; make it by `for_course`."""

    legal_name = _name()
