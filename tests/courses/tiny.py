"""A small valid course to publish in tests, as data that a test may bend before it's a folder.

`publish_tiny(at=...)` is what most tests want; `tiny_course(**changes)` is the folder only;
`tiny()` is a draft whose every part may be changed or broken.
"""

import copy
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lms.access import SYSTEM, Actor
from lms.courses.models import CourseVersion
from lms.courses.operations import publish
from lms.courses.rules.folder import Folder

KEY = "tiny"

COURSE: dict[str, Any] = {
    "format": 1,
    "key": KEY,
    "title": "Washing hands, briefly",
    "subtitle": "",
    "summary": "When and how to wash hands on the ward.",
    "language": "en-US",
    "learning_format": "enduring",
    "minutes": 15,
    "ce_hours": "0.25",
    "audience": "Everyone who touches patients.",
    "professions": ["physician", "app", "nurse", "support", "other"],
    "prerequisites": "None.",
    "topics": ["infection-control"],
    "recommended_before": [],
    "content_note": "Nothing upsetting.",
    "practice_gap": "Hands are washed less often than they should be.",
    "hardware": "A browser.",
    "released_on": date(2025, 9, 1),
    "reviewed_on": date(2026, 9, 1),
    "review_by_on": date(2027, 9, 1),
    "expires_on": date(2029, 8, 31),
    "commercial_support": "No commercial support was received for this activity.",
    "change": "material",
    "change_note": "First edition.",
    "completion": {"lessons": "all", "quiz": True, "evaluation": True},
    "quiz": {"draw": 5, "pass_correct": 4, "retries": 2, "pause_hours": 24, "minutes": 5},
    "takeaway": {"title": "One page to keep", "file": "takeaway.md", "minutes": 1},
    "people": [
        {
            "name": "Ines Fuentes",
            "credentials": "MD",
            "role": "author",
            "disclosure": "No relevant financial relationships.",
        },
        {
            "name": "Marek Dvořák",
            "credentials": "RN",
            "role": "planner",
            "disclosure": "No relevant financial relationships.",
        },
    ],
    "objectives": [
        {"id": "o1", "verb": "name", "level": "remember", "text": "Name the five moments"},
        {"id": "o2", "verb": "choose", "level": "apply", "text": "Choose between soap and rub"},
    ],
    "lessons": [
        {
            "id": "moments",
            "file": "lessons/01-moments.md",
            "title": "The five moments",
            "minutes": 4,
            "objectives": ["o1"],
        },
        {
            "id": "soap",
            "file": "lessons/02-soap.md",
            "title": "Soap or rub",
            "minutes": 3,
            "objectives": ["o2"],
        },
        {
            "id": "habits",
            "file": "lessons/03-habits.md",
            "title": "Making it a habit",
            "minutes": 2,
            "objectives": ["o1", "o2"],
        },
    ],
    "references": [
        {
            "id": "who-2009",
            "text": "World Health Organization. *Guidelines on Hand Hygiene*. Geneva, 2009.",
            "year": 2009,
            "url": "https://www.who.int/publications/i/item/9789241597906",
            "review_by": date(2028, 1, 1),
        },
        {
            "id": "ward-2020",
            "text": "An invented ward. *Our counts*. 2020.",
            "year": 2020,
            "review_by": date(2028, 1, 1),
        },
    ],
}


def _options(*texts: str, right: tuple[int, ...] = (0,)) -> list[dict[str, Any]]:
    return [
        {
            "id": "abcdef"[place],
            "text": text,
            "rationale": f"Because of what {text.lower()} does.",
            **({"right": True} if place in right else {}),
        }
        for place, text in enumerate(texts)
    ]


def _item(name: str, kind: str, objective: str, lesson: str, stem: str, **parts: Any) -> dict:
    return {
        "id": name,
        "kind": kind,
        "objective": objective,
        "lesson": lesson,
        "difficulty": 1 + len(name) % 3,
        "references": ["who-2009"],
        "stem": stem,
        **parts,
    }


ITEMS: list[dict[str, Any]] = [
    _item("first-moment", "single", "o1", "moments", "Which moment comes first?",
          anchor="before", options=_options("Before touching", "After touching", "Before lunch",
                                            "After a shift")),
    _item("visible-soil", "single", "o2", "soap", "Your hands are visibly soiled. What now?",
          options=_options("Soap and water", "Rub", "Gloves over it", "A dry towel")),
    _item("which-moments", "multiple", "o1", "moments", "Which are among the five moments?",
          options=_options("After body fluid", "After touching a patient", "Before a coffee",
                           "At the hour", right=(0, 1))),
    _item("rub-kills-spores", "true_false", "o2", "soap", "Alcohol rub kills spores.", options=[
        {"id": "true", "text": "True", "rationale": "Spores outlive alcohol."},
        {"id": "false", "text": "False", "rationale": "Right: use soap.", "right": True},
    ]),
    _item("steps", "ordering", "o2", "soap", "Put the steps in order.",
          options=[{key: part for key, part in one.items() if key != "right"}
                   for one in _options("Wet", "Lather", "Rinse", "Dry")]),
    _item("tools", "matching", "o2", "soap", "What is each for?", pairs=[
        {"id": "p1", "left": "Soap", "right": "Soiled hands", "rationale": "It lifts soil."},
        {"id": "p2", "left": "Rub", "right": "Clean-looking hands", "rationale": "It is quick."},
        {"id": "p3", "left": "Gloves", "right": "Body fluid", "rationale": "They are a barrier."},
    ]),
    _item("a-visit", "case", "o1", "habits", "A visit on the ward.", start="door", nodes=[
        {"id": "door", "text": "You stand at the door.", "choices": [
            {"id": "rub", "text": "Rub hands", "to": "well", "rationale": "The first moment."},
            {"id": "enter", "text": "Walk in", "to": "bed", "rationale": "A moment was missed."},
        ]},
        {"id": "bed", "text": "You stand at the bed.", "choices": [
            {"id": "late", "text": "Rub now", "to": "late-end", "rationale": "Late, still good."},
            {"id": "touch", "text": "Touch", "to": "bad", "rationale": "Missed again."},
        ]},
        {"id": "well", "text": "The visit goes on.", "outcome": "Clean hands", "score": "1",
         "debrief": "Done at the right moment."},
        {"id": "late-end", "text": "The visit goes on.", "outcome": "Late", "score": "0.5",
         "debrief": "The door is the better place."},
        {"id": "bad", "text": "The visit goes on.", "outcome": "Not washed", "score": "0",
         "debrief": "Hands carry what the last bed had."},
    ]),
    _item("after-gloves", "single", "o1", "moments", "Gloves come off. What next?",
          options=_options("Wash", "Nothing", "New gloves", "All of the above")),
]  # fmt: skip
ITEMS[-1]["options"][-1]["pinned"] = True

_FILLER = " ".join(
    ["Clean hands keep patients well, and a calm habit does more than a loud campaign."] * 28
)

TEXTS: dict[str, str] = {
    "lessons/01-moments.md": f"""Hands meet patients many times a day. [@who-2009]

## Before touching {{#before}}

{_FILLER}

```check
id = "door"
stem = "You come to the bed. When do you rub?"
[[options]]
text = "Before touching the patient"
right = true
feedback = "That is the first moment."
[[options]]
text = "After the round"
feedback = "Too late for this patient."
```

## After touching

See also [soap or rub](lesson:soap#soap).

::: callout
Hands first, then everything else.
:::
""",
    "lessons/02-soap.md": f"""Most of the time rub is enough. [@who-2009; @ward-2020]

## When soap is needed {{#soap}}

::: figure Washes seen per hour on an invented ward
![Two bars, the second twice as long as the first](media/washes.svg)

| Week | Washes |
| --- | ---: |
| First | 4 |
| Second | 8 |

Source: an invented ward, 2020. It says nothing about any other. [@ward-2020]
:::

{_FILLER}
""",
    "lessons/03-habits.md": f"""Habits hold when places help.

::: dialogue At the sink
**Nurse:** I will wash my hands before we begin.

**Patient:** Thank you.

*Why this works:* it is said aloud.
:::

::: sensitive Mentions an infection, without detail
Somebody fell ill once.
:::

{_FILLER}
""",
    "takeaway.md": "* Rub before touching.\n* Soap when soiled. [@who-2009]\n",
}

DRAWING = b"""<svg viewBox="0 0 720 100" role="img">
  <title>Washes</title>
  <rect class="fill-1" x="0" y="0" width="200" height="40"/>
  <rect class="fill-2" x="0" y="50" width="400" height="40"/>
  <text class="label" x="420" y="80">8 &amp; more</text>
</svg>
"""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{_toml(key)} = {_toml(one)}" for key, one in value.items())
        return "{" + ", ".join(pairs) + "}"
    return json.dumps(value, ensure_ascii=False)


def toml(table: dict[str, Any]) -> str:
    """Write a table as TOML, each key on one line."""
    return "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


@dataclass
class Draft:
    """A course before it's a folder; change or break any part."""

    course: dict[str, Any]
    items: list[dict[str, Any]]
    texts: dict[str, str]
    media: dict[str, bytes] = field(default_factory=dict)

    def item(self, name: str) -> dict[str, Any]:
        """Return the item with this id, to change it."""
        return next(one for one in self.items if one["id"] == name)

    def replace(self, path: str, old: str, new: str) -> None:
        """Change a passage of a page; fail when it is not there."""
        assert old in self.texts[path], f"{old!r} is not in {path}"
        self.texts[path] = self.texts[path].replace(old, new)

    def folder(self) -> Folder:
        """Return the folder as lms/courses/files.py would read it."""
        files = {path: text.encode() for path, text in self.texts.items()} | self.media
        files["course.toml"] = toml(self.course).encode()
        files["quiz.toml"] = toml({"format": 1, "items": self.items}).encode()
        return Folder(name=f"courses/{self.course.get('key', KEY)}", files=files)


def tiny(**changes: Any) -> Draft:
    """Return a draft of the tiny course; changes replace keys of course.toml, tables by merging."""
    course = copy.deepcopy(COURSE)
    for key, value in changes.items():
        known = course.get(key)
        course[key] = known | value if isinstance(known, dict) else value
    return Draft(course, copy.deepcopy(ITEMS), dict(TEXTS), {"media/washes.svg": DRAWING})


def tiny_course(**changes: Any) -> Folder:
    """Return the tiny course's folder; `tiny_course(key="other", quiz={"draw": 3})`."""
    return tiny(**changes).folder()


def publish_tiny(*, at: datetime, actor: Actor = SYSTEM, **changes: Any) -> CourseVersion:
    """Publish the tiny course in the present session and return its version."""
    version = publish(actor=actor, folder_content=tiny_course(**changes), at=at).version
    assert version is not None
    return version
