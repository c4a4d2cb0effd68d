"""The shape of what the audit trail is narrowed to, and of its export."""

from collections.abc import Iterable
from typing import Any

from wtforms import DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, Regexp

from lms.people.rules import tidy
from lms.reports.queries.trail import Wanted
from lms.web.forms import Form

_LONG = Length(max=200, message="Use 200 characters or fewer.")


def _line(text: str | None) -> str:
    return tidy(text or "")


class TrailForm(Form):
    """Who, what, which thing, from when to when, and words; lives in the address."""

    class Meta:
        """Nothing is changed by it, so it carries no token."""

        csrf = False

    who = StringField("Who", validators=[_LONG], filters=[_line])
    action = SelectField("Action", default="", validate_choice=False)
    thing = StringField(
        "Thing",
        filters=[_line],
        validators=[
            Optional(),
            _LONG,
            Regexp(
                r"[a-z-]+(:.+)?$",
                message="Write it as kind and number, such as person:12 or assignment:3; or the "
                "kind alone.",
            ),
        ],
    )
    since = DateField(
        "From day", validators=[Optional()], render_kw={"placeholder": "2026-01-31"}
    )
    until = DateField(
        "To day", validators=[Optional()], render_kw={"placeholder": "2026-12-31"}
    )
    words = StringField("Words", validators=[_LONG], filters=[_line])

    def offer(self, actions: Iterable[str]) -> None:
        """Offer these actions to choose from."""
        known = [(one, one.replace(".", " ").replace("-", " ").capitalize()) for one in actions]
        if self.action.data and self.action.data not in dict(known):
            known.append((self.action.data[:64], self.action.data[:64]))
        self.action.choices = [SelectChoice(*one) for one in (("", "All actions"), *known)]

    def validate(self, extra_validators: Any = None) -> bool:
        """Look at each field, and whether the days are in order."""
        valid = bool(super().validate(extra_validators))
        if valid and self.since.data and self.until.data and self.since.data > self.until.data:
            self.until.errors = ["This day lies before the day it starts from."]
            return False
        return valid

    def wanted(self) -> Wanted:
        """Return what was asked for; ask only after the form was found valid."""
        return Wanted(
            who=self.who.data or "",
            action=(self.action.data or "")[:64],
            thing=self.thing.data or "",
            since=self.since.data,
            until=self.until.data,
            words=self.words.data or "",
        )
