"""The shape of what planners type about a local protocol card; what it must say is a rule."""

from typing import Any

from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from lms.people.forms import STATE_CHOICES
from lms.people.rules.protocol_cards import FIELDS, Card
from lms.web.forms import Form

A_DAY = "Give a day, like 2026-11-21."


class Day(DateField):  # type: ignore[misc]
    """A day; one that can't be read is said so kindly."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the day; raise ValueError with a sentence."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(A_DAY) from None


def _phone(name: str, hint: str = "") -> StringField:
    return StringField(
        FIELDS[name], description=hint, render_kw={"inputmode": "tel", "autocomplete": "off"}
    )


class ProtocolCardForm(Form):
    """A card, and the version that was looked at when it was written."""

    seen = HiddenField(default="0")
    social_work = _phone("social_work", "As one dials it in the house, such as ext. 4410")
    security = _phone("security")
    clinical_lead = StringField(
        FIELDS["clinical_lead"], description="A role rather than a name, since people change"
    )
    clinical_lead_number = _phone("clinical_lead_number", "Telephone or pager")
    interpreter = _phone("interpreter")
    hotline = _phone("hotline", "Leave empty for the National Human Trafficking Hotline")
    # What is no state is told by the rules, in a sentence.
    report_state = SelectField(
        FIELDS["report_state"],
        choices={**STATE_CHOICES, "": "Choose"},
        default="",
        validate_choice=False,
    )
    report_to = StringField(
        FIELDS["report_to"], description="Who takes reports of child abuse in your county or state"
    )
    report_number = _phone("report_number")
    report_form = StringField(
        FIELDS["report_form"], description="Which form follows the call, and by when"
    )
    local_services = TextAreaField(
        FIELDS["local_services"], description="One on a line: name, number, hours"
    )
    note = TextAreaField(FIELDS["note"], description="For instance where to speak in private")
    source = StringField(
        FIELDS["source"], description="Who confirmed these numbers, and how: by calling each?"
    )
    checked_on = Day(FIELDS["checked_on"], [Optional()])
    review_by = Day(FIELDS["review_by"], [Optional()], description="Six months on, at most a year")

    @property
    def version_seen(self) -> int:
        """Return the version that was looked at; nothing that can't be meant."""
        text = self.seen.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0

    def card(self) -> Card:
        """Return what was typed as a card."""
        typed: dict[str, Any] = {name: getattr(self, name).data for name in FIELDS}
        return Card(**{name: value for name, value in typed.items() if value})

    def tell(self, problems: dict[str, str]) -> None:
        """Put each sentence beside its field, unless the field has one already."""
        for name, sentence in problems.items():
            field = getattr(self, name)
            field.errors = field.errors or [sentence]
