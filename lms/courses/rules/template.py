"""A new course folder to begin with: it passes the check but for texts still to be written."""

from collections.abc import Mapping
from datetime import date
from string import Template
from typing import Final

from lms.courses.rules.check_course import YEARS_AFTER_REVIEW

_COURSE: Final = Template("""\
# The format of this file is described in courses/README.md. Replace every text after "WRITE:";
# `lms courses check` finds those that are left.
format = 1
key = "$key"
title = "WRITE: the title, up to 200 characters"
subtitle = ""
summary = "WRITE: one to three sentences that say what this is"
language = "en-US"
learning_format = "enduring"
minutes = 15
ce_hours = "0.25"
audience = "WRITE: who this is for, in a sentence"
professions = ["physician", "app", "nurse"]
prerequisites = "None."
topics = []
recommended_before = []
content_note = "WRITE: what it touches on that a reader may want to be warned of"
practice_gap = "WRITE: the gap in practice that this addresses, two or three sentences"
hardware = "A current web browser. Nothing to install."
released_on = $released
reviewed_on = $released
review_by_on = $review_by
expires_on = $expires
commercial_support = "No commercial support was received for this activity."
change = "material"
change_note = "First edition."

[completion]
lessons = "all"
quiz = true
evaluation = true

[quiz]
draw = 2
pass_correct = 2
retries = 2
pause_hours = 24
minutes = 4

[takeaway]
title = "One page to keep"
file = "takeaway.md"
minutes = 1

[[people]]
name = "WRITE: name"
credentials = "MD"
role = "author"
disclosure = "WRITE: what this person disclosed"

[[objectives]]
id = "o1"
verb = "define"
level = "remember"
text = "Define WRITE: what the learner can define afterwards"

[[lessons]]
id = "first"
file = "lessons/01-first.md"
title = "WRITE: the title of the lesson"
minutes = 10
objectives = ["o1"]

[[references]]
id = "source"
text = "WRITE: the full citation, with the *title* in asterisks"
year = $year
review_by = $review_by
""")

_LESSON: Final = """\
WRITE: the lesson. Every figure stands in a paragraph with its source. [@source]

## A heading {#a-heading}

WRITE: more of it.

::: figure WRITE: what the table shows
| Kind | Number |
| --- | ---: |
| WRITE: a row | 1 |

Source: WRITE: the source, what was counted, and a limit. [@source]
:::

```check
id = "a-check"
stem = "WRITE: a question that does not count"
[[options]]
text = "WRITE: the right answer"
right = true
feedback = "WRITE: why it is right"
[[options]]
text = "WRITE: another answer"
feedback = "WRITE: why not"
```

::: callout
WRITE: one short paragraph to remember.
:::
"""

_ITEM: Final = Template("""
[[items]]
id = "item-$number"
kind = "single"
objective = "o1"
lesson = "first"
anchor = "a-heading"
difficulty = 2
references = ["source"]
stem = "WRITE: question $number"
[[items.options]]
id = "a"
text = "WRITE: the best answer"
right = true
rationale = "WRITE: why it is the best"
[[items.options]]
id = "b"
text = "WRITE: a second answer"
rationale = "WRITE: why not"
[[items.options]]
id = "c"
text = "WRITE: a third answer"
rationale = "WRITE: why not"
[[items.options]]
id = "d"
text = "WRITE: a fourth answer"
rationale = "WRITE: why not"
""")


def new_course(key: str, *, today: date) -> Mapping[str, str]:
    """Return the files of a new course by path, released on this day."""
    start = today.replace(day=1)
    return {
        "course.toml": _COURSE.substitute(
            key=key,
            year=start.year,
            released=start.isoformat(),
            review_by=start.replace(year=start.year + 1).isoformat(),
            expires=start.replace(year=start.year + YEARS_AFTER_REVIEW).isoformat(),
        ),
        "lessons/01-first.md": _LESSON,
        "quiz.toml": "format = 1\n"
        + "".join(_ITEM.substitute(number=number) for number in range(1, 4)),
        "takeaway.md": "WRITE: what fits on one page and is worth keeping. [@source]\n",
    }
