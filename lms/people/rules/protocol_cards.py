"""What a local protocol card may say, and which card holds for a department. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Final

from lms.people.rules import STATES, tidy

REVIEW_AFTER: Final = timedelta(days=182)
"""Local numbers are checked every six months; this is proposed."""
REVIEW_MOST: Final = timedelta(days=366)
DUE_SOON: Final = timedelta(days=30)

FIELDS: Final[Mapping[str, str]] = {
    "social_work": "Social work",
    "security": "Security",
    "clinical_lead": "Clinical lead on call",
    "clinical_lead_number": "Number of the clinical lead",
    "interpreter": "Interpreter line",
    "hotline": "Hotline",
    "report_state": "State",
    "report_to": "Reports go to",
    "report_number": "Number for reports",
    "report_form": "Form for reports",
    "local_services": "Local services",
    "note": "Note",
    "source": "Source",
    "checked_on": "Last checked",
    "review_by": "Check again by",
}
NUMBERS: Final = (
    "social_work", "security", "clinical_lead_number", "interpreter", "hotline", "report_number",
)  # fmt: skip
LONG: Final = frozenset({"local_services", "note"})
MOST: Final[Mapping[str, int]] = {
    **dict.fromkeys(NUMBERS, 80),
    "clinical_lead": 120,
    "report_to": 200,
    "report_form": 200,
    "local_services": 1000,
    "note": 600,
    "source": 200,
}


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card says."""

    social_work: str = ""
    security: str = ""
    clinical_lead: str = ""
    clinical_lead_number: str = ""
    interpreter: str = ""
    hotline: str = ""
    report_state: str = ""
    report_to: str = ""
    report_number: str = ""
    report_form: str = ""
    local_services: str = ""
    note: str = ""
    source: str = ""
    checked_on: date | None = None
    review_by: date | None = None


def tidied(card: Card) -> Card:
    """Return the card as it's kept: lines tidied, blank lines at the ends dropped."""
    kept: dict[str, Any] = {
        name: (_lines(value) if name in LONG else tidy(value)) if isinstance(value, str) else value
        for name, value in asdict(card).items()
    }
    return Card(**kept)


def _lines(text: str) -> str:
    return "\n".join(tidy(line) for line in text.replace("\r\n", "\n").split("\n")).strip()


_HOUSE: Final = "or like ext. 4410 for a number inside the house"
_EXTENSION: Final = re.compile(r"(?:\bext(?:ension)?\.?|\bx)\s*[0-9]{1,6}$", re.ASCII | re.I)
_ONLY: Final = re.compile(r"[0-9+*#().\-–\s]+", re.ASCII)


def _parts(text: str) -> list[str]:
    return [one.strip() for one in re.split(r"\s+or\s+|[,;/]", text) if one.strip()]


def _digits(text: str) -> str:
    return "".join(one for one in text if one.isascii() and one.isdigit())


def _outside(text: str) -> str:
    """Return a number without its extension and the word pager."""
    bare = re.sub(r"^(?:pager|page|tel\.?|call)\b", "", text.strip(), flags=re.I)
    return _EXTENSION.sub("", bare.strip()).strip()


def phone_problem(text: str) -> str | None:
    """Return a sentence on what can't be called, or None: outside numbers, extensions, pagers."""
    for one in _parts(text):
        outside = _outside(one)
        if not outside and one:
            if _digits(one):
                continue  # an extension alone
            return f"“{one[:40]}” has no digits. Write a number like 510-555-0142, {_HOUSE}."
        if not _ONLY.fullmatch(outside):
            return (
                f"“{one[:40]}” has letters or signs in it. Write digits, like 510-555-0142, "
                f"{_HOUSE}; words go into the note."
            )
        if (problem := _count_problem(outside)) is not None:
            return problem
    return None


def _count_problem(outside: str) -> str | None:
    digits = _digits(outside)
    if outside.startswith("+") and not digits.startswith("1"):
        is_right = 7 < len(digits) < 16
    else:
        # Inside a house, or a short line such as 988; else with its area code.
        is_right = 3 <= len(digits) <= 6 or len(digits.removeprefix("1")) == 10
    if is_right:
        return None
    if len(digits) == 7:
        return f"Put the area code before {outside[:40]}: some will call from their own telephone."
    return (
        f"{outside[:40]} has {len(digits)} digits; a number has ten. Write it like 510-555-0142, "
        f"{_HOUSE}."
    )


def pieces(text: str) -> list[tuple[str, str]]:
    """Return a line of numbers in pieces, each with the address behind it, if it has one."""
    found = re.split(r"(\s+or\s+|[,;/]\s*)", text)
    return [(one, _href(one.strip()) if place % 2 == 0 else "") for place, one in enumerate(found)]


def _href(number: str) -> str:
    """Return the address behind one number; nothing for one inside the house."""
    digits = _digits(_outside(number))
    if digits in {"911", "988"}:
        return f"tel:{digits}"
    if number.startswith("+") and len(digits) > 7:
        return f"tel:+{digits}"
    ten = digits.removeprefix("1")
    return f"tel:+1{ten}" if len(ten) == 10 else ""


def problems(card: Card, *, today: date) -> dict[str, str]:
    """Return a sentence for each field that can't be kept as it is; the card is tidied."""
    return dict(reversed(list(_problems(card, today=today))))


NEEDED: Final[Mapping[str, str]] = {
    "report_to": "Say who takes reports, such as “County child protection”.",
    "report_number": "Give the number that takes reports.",
    "source": "Say who confirmed these numbers, and how.",
}


def _problems(card: Card, *, today: date) -> Iterator[tuple[str, str]]:
    """Yield problems, the first of a field before others of it."""
    for name, most in MOST.items():
        if len(getattr(card, name)) > most:
            yield name, f"Use {most} characters or fewer."
    for name in NUMBERS:
        if (problem := phone_problem(getattr(card, name))) is not None:
            yield name, problem
    if not (card.social_work or card.security or card.clinical_lead_number):
        yield "social_work", "Give at least one number in the house: here, security or the lead."
    yield from ((name, text) for name, text in NEEDED.items() if not getattr(card, name))
    if card.report_state and card.report_state not in STATES:
        yield "report_state", "Choose a state of the list."
    yield from _of_days(card, today=today)


def _of_days(card: Card, *, today: date) -> Iterator[tuple[str, str]]:
    if card.checked_on is None:
        yield "checked_on", "Give the day on which the numbers were last checked."
    elif card.checked_on > today:
        yield "checked_on", "This day has not come yet. Give the day of the last check."
    if card.review_by is None:
        yield "review_by", "Give the day by which they are checked again."
    elif card.checked_on is not None and not (
        timedelta(0) < card.review_by - card.checked_on <= REVIEW_MOST
    ):
        yield "review_by", "Choose a day after the last check, within a year of it."


def changed(before: Card | None, after: Card) -> list[str]:
    """Return the names of the fields that differ."""
    return [name for name in FIELDS if getattr(before or Card(), name) != getattr(after, name)]


def way_up(above: Mapping[int, int | None], department_id: int | None) -> Iterator[int]:
    """Yield a department and those above it, the nearest first."""
    passed: set[int] = set()
    here = department_id
    while here is not None and here in above and here not in passed:
        passed.add(here)
        yield here
        here = above[here]
