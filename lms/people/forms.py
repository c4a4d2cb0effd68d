"""The shape of what people type about accounts, themselves and the organization."""

from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from lms.people.rules import PASSWORD_MOST, PROFESSIONS, STATES

ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")
)
COMMON_ZONES = (
    "America/Los_Angeles",
    "America/Denver",
    "America/Phoenix",
    "America/Chicago",
    "America/New_York",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)
ZONE_CHOICES = {
    "": [("", "The institution’s")],
    "United States": [(zone, zone.partition("/")[2].replace("_", " ")) for zone in COMMON_ZONES],
    "Everywhere": [(zone, zone.replace("_", " ")) for zone in ZONES if zone not in COMMON_ZONES],
}
STATE_CHOICES = [("", "None, or not in the United States"), *((one, one) for one in STATES)]


def _name(label: str, hint: str) -> StringField:
    return StringField(
        label,
        description=hint,
        validators=[
            InputRequired("Give a name."),
            Length(max=120, message="Use 120 characters or fewer."),
        ],
        render_kw={"autocomplete": "name"},
    )


class SignInForm(FlaskForm):  # type: ignore[misc]
    """E-mail and password."""

    email = EmailField(
        "E-mail",
        validators=[InputRequired("Give your e-mail address.")],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        "Password",
        validators=[InputRequired("Give your password.")],
        render_kw={"autocomplete": "current-password"},
    )


class ForgotForm(FlaskForm):  # type: ignore[misc]
    """The address to mail a link to."""

    email = EmailField(
        "E-mail",
        validators=[InputRequired("Give your e-mail address."), Length(max=254)],
        render_kw={"autocomplete": "username"},
    )


class ResetForm(FlaskForm):  # type: ignore[misc]
    """A new password."""

    password = PasswordField(
        "New password",
        description="12 characters or more; a few words in a row are easy to keep",
        validators=[InputRequired("Give a new password."), Length(max=PASSWORD_MOST)],
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(ResetForm):
    """A new password for somebody who is signed in."""

    present = PasswordField(
        "Present password",
        validators=[InputRequired("Give your present password.")],
        render_kw={"autocomplete": "current-password"},
    )


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """What a person says about themselves."""

    name = _name("Name", "As colleagues know you")
    certificate_name = _name(
        "Name on certificates", "As on your license; you confirm it again at each claim"
    )
    profession = SelectField("Profession", choices=list(PROFESSIONS.items()))
    licence_state = SelectField("State of license", choices=STATE_CHOICES)
    zone = SelectField(
        "Time zone",
        choices=ZONE_CHOICES,
        description="Days on your certificates are counted in it",
    )


class PersonForm(FlaskForm):  # type: ignore[misc]
    """A new person."""

    email = EmailField(
        "E-mail", validators=[InputRequired("Give an e-mail address."), Length(max=254)]
    )
    name = _name("Name", "As on their license, with degrees after a comma")
    profession = SelectField("Profession", choices=list(PROFESSIONS.items()))
    department_id = SelectField("Department", coerce=int)


class MoveForm(FlaskForm):  # type: ignore[misc]
    """Another department."""

    department_id = SelectField("Department", coerce=int)


class RoleForm(FlaskForm):  # type: ignore[misc]
    """A role, with its department for coordinators."""

    role = SelectField(
        "Role",
        choices=[
            ("coordinator", "Coordinator of a department"),
            ("planner", "CE planner"),
            ("administrator", "Administrator"),
        ],
    )
    department_id = SelectField("Department", coerce=int, description="For coordinators only")


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A reason, kept with the record."""

    reason = StringField(
        "Reason", validators=[InputRequired("Give a reason; it is kept."), Length(max=300)]
    )


class DepartmentForm(FlaskForm):  # type: ignore[misc]
    """A new department."""

    name = StringField("Name", validators=[InputRequired("Give a name."), Length(max=120)])
    parent_id = SelectField("Below", coerce=int)


class OrganisationForm(FlaskForm):  # type: ignore[misc]
    """Who issues certificates."""

    name = _name("Name of the organization", "Printed at the head of every certificate")
    line = StringField(
        "Line below the name", description="Office and address", validators=[Length(max=160)]
    )
    signer_name = _name("Name of the signatory", "Who answers for the certificates")
    signer_title = StringField(
        "Title of the signatory",
        validators=[InputRequired("Give the title of the signatory."), Length(max=120)],
    )
    contact_email = EmailField("Address for questions", validators=[Optional(), Length(max=254)])
