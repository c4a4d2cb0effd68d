"""The shape of what people type about accounts, themselves, departments and the organization."""

from typing import Any

from wtforms import BooleanField, EmailField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from lms.people.rules import (
    EMAIL_MOST,
    LOCALES,
    NAME_MOST,
    PASSWORD_LEAST,
    PROFESSIONS,
    STATES,
    tidy,
    zones,
)
from lms.web.forms import Form

AT_HOME = (
    "America/Los_Angeles",
    "America/Denver",
    "America/Phoenix",
    "America/Chicago",
    "America/New_York",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)
ZONE_CHOICES: dict[str, str | dict[str, str]] = {
    "": "The institution’s time zone",
    "United States": {zone: zone.partition("/")[2].replace("_", " ") for zone in AT_HOME},
    "Everywhere": {zone: zone.replace("_", " ") for zone in zones() if zone not in AT_HOME},
}
STATE_CHOICES = {"": "None, or not in the United States"} | {one: one for one in STATES}
ROLE_CHOICES = {
    "coordinator": "Coordinator of a department and all below it",
    "planner": "CE planner",
    "administrator": "Administrator",
}
NOBODY = 0
"""The value of "none" in a choice of departments."""


def _line(text: str | None) -> str:
    """Drop what no line can hold, such as the character 0, which PostgreSQL refuses."""
    return tidy(text or "")


class Line(StringField):  # type: ignore[misc]
    """One line of text."""

    def __init__(self, label: str, asked: str = "", *, most: int = NAME_MOST, **more: Any) -> None:
        must = DataRequired(asked) if asked else Optional()
        long = Length(max=most, message=f"Use {most} characters or fewer.")
        super().__init__(label, [must, long], filters=[_line], **more)


class Address(EmailField):  # type: ignore[misc]
    """An e-mail address."""

    def __init__(self, label: str = "E-mail", *, autocomplete: str = "off", **more: Any) -> None:
        super().__init__(
            label,
            [
                DataRequired("Give an e-mail address like name@example.org."),
                Length(max=EMAIL_MOST, message=f"Use {EMAIL_MOST} characters or fewer."),
            ],
            filters=[_line],
            render_kw={"autocomplete": autocomplete},
            **more,
        )


class Secret(PasswordField):  # type: ignore[misc]
    """A password; never shown again."""

    def __init__(self, label: str, asked: str, *, autocomplete: str, **more: Any) -> None:
        render = {"autocomplete": autocomplete}
        super().__init__(label, [InputRequired(asked)], render_kw=render, **more)


def _reason(hint: str = "") -> TextAreaField:
    return TextAreaField(
        "Reason",
        description=hint,
        validators=[
            DataRequired("Give a reason; it is kept with the record."),
            Length(max=1000, message="Keep it under 1,000 characters."),
        ],
    )


class SignInForm(Form):
    """E-mail and password."""

    email = Address("Work e-mail", autocomplete="username")
    password = Secret("Password", "Type your password.", autocomplete="current-password")
    shared = BooleanField("This is a shared computer")


class ForgotForm(Form):
    """The address to mail a link to."""

    email = Address("Work e-mail", autocomplete="username")


class ResetForm(Form):
    """A new password."""

    password = Secret(
        "New password",
        "Type a new password.",
        description=f"{PASSWORD_LEAST} characters or more; a few words in a row are easy to keep",
        autocomplete="new-password",
    )


class PasswordForm(Form):
    """A new password for somebody who is signed in."""

    present = Secret("Present password", "Type your present password.",
                     autocomplete="current-password")  # fmt: skip
    password = Secret(
        "New password",
        "Type a new password.",
        description=f"{PASSWORD_LEAST} characters or more; a few words in a row are easy to keep",
        autocomplete="new-password",
    )


class ProfileForm(Form):
    """What a person says about themselves."""

    name = Line(
        "Name", "Give your name.", description="As colleagues know you",
        render_kw={"autocomplete": "name"},
    )  # fmt: skip
    certificate_name = Line(
        "Name on certificates",
        "Give the name as it stands on your license.",
        description="As on your license; you confirm it again at each claim",
    )
    name_locale = SelectField(
        "Forms of Chinese characters",
        choices=dict(LOCALES),
        description="Only for a name in Chinese characters, which are drawn differently by country",
    )
    profession = SelectField("Profession", choices=dict(PROFESSIONS))
    licence_state = SelectField("State of license", choices=STATE_CHOICES)
    zone = SelectField(
        "Time zone", choices=ZONE_CHOICES, description="The days on your certificates count in it"
    )


class PersonForm(Form):
    """A new person."""

    email = Address()
    name = Line("Name", "Give a name.", description="As on their license, degrees after a comma")
    profession = SelectField("Profession", choices=dict(PROFESSIONS))
    licence_state = SelectField("State of license", choices=STATE_CHOICES)
    department_id = SelectField("Department", coerce=int)


class EmailForm(Form):
    """Another address for the same person."""

    email = Address(description="The account and its history stay one")


class MoveForm(Form):
    """Another department."""

    department_id = SelectField("Works in", coerce=int)


class RoleForm(Form):
    """A role, with its department for coordinators."""

    role = SelectField("Role", choices=ROLE_CHOICES)
    place_id = SelectField("Coordinates", coerce=int, description="For coordinators only")


class ReasonForm(Form):
    """A reason, kept with the record."""

    reason = _reason("Kept with the record. No diagnosis, nothing private")


class DepartmentForm(Form):
    """A new department, or a new name or place for one."""

    name = Line("Name", "Give the department a name.")
    parent_id = SelectField("Stands below", coerce=int)


class OrganisationForm(Form):
    """Who issues certificates."""

    name = Line(
        "Name of the organization", "Give the name of the organization.",
        description="At the head of every certificate",
    )  # fmt: skip
    line = Line("Line below the name", most=160, description="Office and address")
    signer_name = Line(
        "Name of the signatory", "Give the name of who answers for the certificates."
    )
    signer_title = Line("Title of the signatory", "Give the title of the signatory.")
    contact_email = Address("Address for questions", description="Shown where people get stuck")
