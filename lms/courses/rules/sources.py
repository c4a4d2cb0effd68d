"""The rows of the sources that the catalogue grew from, and what answers each of them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lms.courses.rules.folder import Folder
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import ListOf, Table, Text, compare, name_of, tables, text

SOURCES_FILE: Final = "sources.toml"
_ROW: Final = Table(
    {
        "id": Text(most=10),
        "name": Text(most=300),
        "owner": Text(most=300),
        "kind": Text(most=100),
        "answered_by": ListOf(Text(most=120), least=1),
    }
)
WORDS: Final = {"course": "Course", "directory": "Directory", "library": "Library"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What answers a row: a course, an entry of the directory, a document of the library."""

    where: str
    id: str

    def __str__(self) -> str:
        """Write it as the file has it."""
        return f"{self.where}:{self.id}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One training, tool, paper or service of the sources."""

    id: str
    name: str
    owner: str
    kind: str
    answered_by: tuple[Answer, ...]


def _answer(said: str) -> Answer:
    where, _, name = said.partition(":")
    return Answer(where=where, id=name)


def rows(folder: Folder) -> tuple[Row, ...]:
    """Return the rows of the file that are sound."""
    return tuple(
        Row(
            **{name: raw[name] for name in ("id", "name", "owner", "kind")},
            answered_by=tuple(_answer(one) for one in raw["answered_by"]),
        )
        for raw in tables(folder.table(SOURCES_FILE), "rows")
        if not list(compare(raw, _ROW, ""))
    )


def check_sources(folder: Folder, known: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    """Yield a problem for each row without an answer, and each answer that isn't there.

    `known` are the ids there are, under course, directory and library.
    """
    yield from folder.problems
    yield from folder.slips()
    where = f"{folder.name}/{SOURCES_FILE}"
    seen: set[str] = set()
    for number, raw in enumerate(tables(folder.table(SOURCES_FILE), "rows"), start=1):
        here = place(where, name_of(raw, number, "row"))
        yield from compare(raw, _ROW, here)
        own = text(raw, "id")
        if own in seen:
            yield error("S05", here, "This row stands here twice. Take one out.")
        seen.add(own)
    for row in rows(folder):
        for answer in row.answered_by:
            if answer.id not in known.get(answer.where, frozenset()):
                said = f"{answer} answers this row and isn't there. Name what is."
                yield error("S05", place(where, f"row {row.id}"), said)
