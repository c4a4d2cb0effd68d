"""The catalogue as a page of Markdown: courses in numbers, and what answers each source. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from lms.courses.rules import markdown
from lms.courses.rules.directory import Directory
from lms.courses.rules.folder import COURSE_FILE, QUIZ_FILE, Folder
from lms.courses.rules.library import Library
from lms.courses.rules.shape import table, tables, text, whole
from lms.courses.rules.sources import WORDS, Row

_HEAD: Final = """# The catalogue

Written by `make catalogue` out of the folders of `courses/`; do not change it here.
"""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A course in numbers."""

    key: str
    title: str
    words: int
    stated: int
    computed: Fraction
    items: int
    drawn: int
    references: int
    drawings: int


def listed(folder: Folder, *, computed: Fraction) -> Listed:
    """Return a course in numbers; words are those of its lessons and the page to keep."""
    raw = folder.table(COURSE_FILE)
    pages = [text(one, "file") for one in tables(raw, "lessons")]
    pages.append(text(table(raw, "takeaway"), "file"))
    return Listed(
        key=text(raw, "key"),
        title=text(raw, "title"),
        words=sum(markdown.words(folder.texts.get(page, "")) for page in pages),
        stated=whole(raw, "minutes") or 0,
        computed=computed,
        items=len(tables(folder.table(QUIZ_FILE), "items")),
        drawn=whole(table(raw, "quiz"), "draw") or 0,
        references=len(tables(raw, "references")),
        drawings=len(folder.media),
    )


def _cell(said: str) -> str:
    return " ".join(said.replace("|", "\\|").split())


def _row(*cells: object) -> str:
    return f"| {' | '.join(_cell(str(cell)) for cell in cells)} |"


def _courses(courses: Sequence[Listed]) -> list[str]:
    lines = [
        _row("Course", "Key", "Minutes", "Computed", "Words", "Quiz items", "Drawn",
             "References", "Drawings"),
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]  # fmt: skip
    lines += [
        _row(one.title, f"`{one.key}`", one.stated, f"{float(one.computed):.1f}",
             f"{one.words:,}", one.items, one.drawn, one.references, one.drawings)
        for one in courses
    ]  # fmt: skip
    lines.append(
        _row(
            f"All {len(courses)}", "", sum(one.stated for one in courses),
            f"{float(sum(one.computed for one in courses)):.1f}",
            f"{sum(one.words for one in courses):,}", sum(one.items for one in courses),
            sum(one.drawn for one in courses), sum(one.references for one in courses),
            sum(one.drawings for one in courses),
        )
    )  # fmt: skip
    return lines


@dataclass(frozen=True, kw_only=True)
class Names:
    """What the answers are called."""

    courses: dict[str, str]
    directory: Directory
    library: Library

    def of(self, where: str, name: str) -> str:
        """Return what one answer is called, or its id where nothing is known of it."""
        if where == "directory" and name in self.directory.by_id:
            return self.directory.by_id[name].name
        if where == "library" and name in self.library.by_id:
            return self.library.by_id[name].title
        return self.courses.get(name, name)


def _answers(row: Row, names: Names) -> str:
    said = []
    for where, word in WORDS.items():
        found = [names.of(where, one.id) for one in row.answered_by if one.where == where]
        if found:
            said.append(f"{word}: {'; '.join(found)}.")
    return " ".join(said)


def as_markdown(courses: Iterable[Listed], rows: Sequence[Row], names: Names) -> str:
    """Return the whole page."""
    lines = [
        _HEAD,
        "## Courses",
        "",
        "Words are those of the lessons and the page to keep. Computed minutes are by plain "
        "reading: 200 words a minute, and what knowledge checks, figures, decisions, exercises "
        "and the quiz items drawn add.",
        "",
        *_courses(sorted(courses, key=lambda one: one.key)),
        "",
        f"The library has {len(names.library.documents)} sources, the directory "
        f"{len(names.directory.entries)} services.",
        "",
        f"## The {len(rows)} rows of the sources, and what answers each",
        "",
        "Names are as the sources give them. Nothing here is the training, tool or service it "
        "answers: courses are our own, documents belong to their owners.",
        "",
        _row("Row", "Name", "Owner", "Kind", "Answered by"),
        "| --- | --- | --- | --- | --- |",
        *(_row(one.id, one.name, one.owner, one.kind, _answers(one, names)) for one in rows),
        "",
    ]
    return "\n".join(lines)
