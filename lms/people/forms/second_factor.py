"""The shape of what is typed about second factors, locks, and the rules about both."""

from wtforms import BooleanField, IntegerField, StringField
from wtforms.validators import InputRequired, Length, NumberRange

from lms.people.forms import Line, Secret
from lms.people.rules.sessions import IDLE_LEAST, IDLE_MOST
from lms.web.forms import Form


def _countable(number: int | None) -> int | None:
    """Take a number of hundreds of digits as 0, which is no number of minutes either."""
    return number if number is None or abs(number) < 10**6 else 0


class CodeForm(Form):
    """Six digits of an app, or a recovery code."""

    code = StringField(
        "Code",
        [InputRequired("Type the code."), Length(max=60, message="A code is not that long.")],
        render_kw={
            "autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false",
            "autocapitalize": "off",
        },
    )  # fmt: skip


class NameForm(Form):
    """What a passkey is called."""

    name = Line(
        "Name of this passkey",
        most=60,
        description="Such as “Phone” or “Blue key”",
        render_kw={"autocomplete": "off"},
    )


class UnlockForm(Form):
    """The password of who is signed in."""

    password = Secret("Password", "Type your password.", autocomplete="current-password")


class SecurityForm(Form):
    """Whose role asks for a second factor, and how shared computers behave."""

    learner = BooleanField("Everyone")
    coordinator = BooleanField("Coordinators")
    planner = BooleanField("CE planners")
    administrator = BooleanField("Administrators")
    is_shared_by_default = BooleanField("Computers are shared unless somebody says otherwise")
    idle_minutes = IntegerField(
        "Minutes until a shared computer locks",
        [
            InputRequired("Give a number of minutes."),
            NumberRange(
                IDLE_LEAST, IDLE_MOST, f"Give a number of minutes from {IDLE_LEAST} to {IDLE_MOST}."
            ),
        ],
        filters=[_countable],
        description=f"From {IDLE_LEAST} to {IDLE_MOST}, without touching mouse or keyboard",
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
