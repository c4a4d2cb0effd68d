"""The shape of a choice on a department's page: ticked people, or everybody it found."""

from typing import Any, Final

from lms.assignments.rules import State
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


def choice(given: Any) -> Choice:
    """Read the choice from the fields of a form; what makes no sense is left out."""
    ids = {number for text in given.getlist("person") if (number := _number(text)) is not None}
    state = given.get("state", "nudge")
    return Choice(
        person_ids=frozenset(sorted(ids)[:MOST_PICKED]),
        is_everyone=bool(given.get("everyone")),
        filters=Filters(
            name=given.get("q", "").replace("\x00", "")[:120],
            assignment=_number(given.get("assignment")),
            state=state if state in {"nudge", "all", *State} else "nudge",
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
