"""The shape of what is typed about further addresses."""

from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired, Length

from lms.people.forms import Address
from lms.people.rules import tidy
from lms.web.forms import Form


def _reason(text: str | None) -> str:
    return tidy(text or "")


def _why(label: str) -> TextAreaField:
    return TextAreaField(
        label,
        [
            DataRequired("Give a reason; it is kept with the record."),
            Length(max=1000, message="Use 1000 characters or fewer."),
        ],
        description="Kept with the record. Nothing private",
        filters=[_reason],
    )


class FurtherAddressForm(Form):
    """A further address for a person."""

    further = Address(
        "Further address",
        description="They are found by it and may sign in with it; mail still goes to the first",
    )
    why = _why("Why it is theirs")


class EndAddressForm(Form):
    """One of the further addresses, to be taken back."""

    ended = SelectField("Further address to take back", coerce=int)
    why_ended = _why("Why it is taken back")
