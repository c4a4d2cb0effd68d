"""The three lines that no page may lack, also when the files of the directory are damaged.

The files say more of them, and a test holds both together.
"""

from datetime import date
from typing import Any, Final

from lms.courses.rules.directory import FIRST, Entry, entry

_NUMBERS: Final = (
    (
        {"label": "Call", "number": "1-888-373-7888", "tel": "+18883737888"},
        {"label": "Text", "number": "233733", "sms": "233733"},
    ),
    ({"label": "Call", "number": "911", "tel": "911"},),
    (
        {"label": "Call", "number": "988", "tel": "988"},
        {"label": "Text", "number": "988", "sms": "988"},
    ),
)
_SAID: Final = (
    ("National Human Trafficking Hotline", "hotline", "Anyone."),
    ("Emergency", "emergency", "Immediate danger."),
    ("988 Suicide & Crisis Lifeline", "hotline", "Anyone in crisis."),
)


def _line(which: int) -> Entry:
    name, kind, serves = _SAID[which]
    raw: dict[str, Any] = {
        "id": FIRST[which],
        "name": name,
        "kind": kind,
        "status": "listed",
        "serves": serves,
        "hours": "Day and night",
        "numbers": _NUMBERS[which],
        "source": "Built in",
        "confidence": "high",
        "checked_on": date(2026, 11, 21),
        "checked_by": "Built in",
        "review_by": date(2027, 5, 21),
    }
    return entry(raw, file="courses/directory")


LINES: Final = {one.id: one for one in map(_line, range(len(FIRST)))}
