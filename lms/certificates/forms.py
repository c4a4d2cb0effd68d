"""The shape of revoking a certificate and of replacing one whose name is wrong."""

from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from lms.certificates.operations import LONGEST_REASON
from lms.web.forms import Form

_SHOWN = "Shown to everyone who verifies this certificate, so name no diagnosis and no other person"


def _reason() -> TextAreaField:
    return TextAreaField(
        "Reason",
        description=_SHOWN,
        validators=[
            InputRequired("Give a reason. It is shown to everyone who verifies the certificate."),
            Length(max=LONGEST_REASON, message="Keep the reason within 300 characters."),
        ],
    )


class RevokeForm(Form):
    """A reason, and the confirmation that this is the certificate meant."""

    reason = _reason()
    confirmed = BooleanField(
        "I have checked name and course; this certificate must no longer be valid",
        validators=[InputRequired("Confirm that this is the certificate you mean.")],
    )


class SupersedeForm(Form):
    """The right name, and why the certificate is replaced."""

    name = StringField(
        "Name as on the license",
        description="Printed exactly like this on the new certificate",
        validators=[
            InputRequired("Give the name as it should be printed."),
            Length(max=200, message="Keep the name under 120 characters."),
        ],
    )
    reason = _reason()
    confirmed = BooleanField(
        "I have compared the name with the license; the new certificate takes the old one’s place",
        validators=[InputRequired("Confirm that you compared the name with the license.")],
    )
