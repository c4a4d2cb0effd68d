"""The shape of a choice on a department's page: ticked people, or everybody it found."""

from typing import Any, Final

from lms.assignments.forms import AssignForm
from lms.assignments.rules import Request
from lms.reports.queries.departments import Filters
from lms.reports.queries.selection import Choice

MOST_PICKED: Final = 450
"""More than a page of a list holds; a form of more parts is refused before it gets here."""
_LARGEST: Final = 2**31


def _number(text: str | None) -> int | None:
    """Return a whole number that a database can hold, or None for anything else."""
    given = (text or "").strip()
    if not given.isascii() or not given.isdigit() or len(given) > len(str(_LARGEST)):
        return None
    number = int(given)
    return number if 0 < number < _LARGEST else None


def _word(text: str | None) -> str:
    """Return a plain word of the address, or nothing."""
    given = (text or "").strip()
    return given if given.isascii() and given.isalpha() and len(given) <= 20 else ""


def choice(given: Any) -> Choice:
    """Read the choice from the fields of a form; what makes no sense is left out."""
    ids = {number for text in given.getlist("person") if (number := _number(text)) is not None}
    return Choice(
        person_ids=frozenset(sorted(ids)[:MOST_PICKED]),
        is_everyone=bool(given.get("everyone")),
        filters=Filters(
            name=given.get("q", "").replace("\x00", "")[:120],
            assignment=_number(given.get("assignment")),
            state=_word(given.get("state")) or "nudge",
            only=_number(given.get("in")),
        ),
    )


def fields(one: Choice) -> list[tuple[str, str]]:
    """Return the hidden fields that carry a choice on to the next page, a few whatever its size."""
    filters = one.filters
    kept = [
        ("q", filters.name),
        ("assignment", str(filters.assignment or "")),
        ("state", filters.state),
        ("in", str(filters.only or "")),
    ]
    if one.is_everyone:
        return [("everyone", "1"), *kept]
    return [*(("person", str(number)) for number in sorted(one.person_ids)), *kept]


def counted(given: Any) -> int | None:
    """Return what the preview had counted, if it was one."""
    text = given.get("counted")
    return 0 if text == "0" else _number(text)


class AssignPeopleForm(AssignForm):
    """What to assign to chosen people: all of an assignment but the department."""

    department_id = None

    def asked(self) -> tuple[str, bool]:
        """Return the key of what was chosen, and whether it's a series."""
        kind, _, key = self.what.data.partition(":")
        return key, kind == "series"

    def request(self) -> Request:
        """Return what is asked; ask only after the form was found valid."""
        key, is_series = self.asked()
        return Request(
            course_key=None if is_series else key,
            series_key=key if is_series else None,
            due_on=self.due_on.data,
            reason=self.reason.data.strip(),
            asked_by=self.asked_by.data.strip(),
            basis=(self.basis.data or "").strip(),
            accept_days=self.accept_days.data,
            sends_reminders=self.sends_reminders.data,
        )

    def typed(self) -> list[tuple[str, str]]:
        """Return the fields that carry what was typed on to the next page."""
        texts = (self.what, self.due_on, self.accept_days, self.reason, self.asked_by, self.basis)
        kept = [(one.name, str(one.data if one.data is not None else "")) for one in texts]
        return [*kept, ("sends_reminders", "y")] if self.sends_reminders.data else kept
