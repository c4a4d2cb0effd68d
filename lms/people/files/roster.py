"""Rosters as they are kept between two requests, handed back with results, and shown by example."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lms.people.rules.roster_plan import Verdict
from lms.tables.reading import Row, Table
from lms.tables.writing import Cell, tame

RESULT: Final = ("line", "status", "reason", "id")
"""The columns that a result has beside those of the file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row, as it's kept."""

    line: int
    status: str
    reason: str
    person_id: int | None
    changes: tuple[tuple[str, Any, Any], ...] = ()


def _packed(content: object) -> bytes:
    return zlib.compress(json.dumps(content, ensure_ascii=False).encode(), 1)


def pack(table: Table) -> bytes:
    """Return a table as bytes to keep."""
    rows = [[row.line, row.cells, row.doubt] for row in table.rows]
    return _packed({"header": table.header, "rows": rows, "notes": table.notes})


def unpack(content: bytes) -> Table:
    """Return the table that was kept."""
    kept = json.loads(zlib.decompress(content))
    return Table(
        header=tuple(kept["header"]),
        rows=tuple(Row(line, tuple(cells), doubt) for line, cells, doubt in kept["rows"]),
        notes=tuple(kept["notes"]),
    )


def outcome_of(verdict: Verdict, *, made: Mapping[str, int]) -> Outcome:
    """Return what became of a row; `made` are the ids of new people by the key of the address."""
    person_id = verdict.person_id
    if person_id is None and verdict.wanted is not None:
        person_id = made.get(verdict.wanted.key)
    changes = tuple((name, _plain(old), _plain(new)) for name, old, new in verdict.changes)
    return Outcome(verdict.line, verdict.status.value, verdict.reason, person_id, changes)


def _plain(value: object) -> str | int | None:
    return value if value is None or isinstance(value, int) else str(value)


def pack_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """Return what became of the rows as bytes to keep."""
    return _packed([[o.line, o.status, o.reason, o.person_id, o.changes] for o in outcomes])


def unpack_outcomes(content: bytes) -> list[Outcome]:
    """Return what became of the rows."""
    return [
        Outcome(line, status, reason, person_id, tuple(map(tuple, changes)))
        for line, status, reason, person_id, changes in json.loads(zlib.decompress(content))
    ]


def result_header(table: Table) -> list[str]:
    """Return the headings of a result: those of the file and ours, none that runs anything."""
    return [*map(tame, table.header), *RESULT]


def result_rows(
    table: Table, outcomes: Sequence[Outcome], *, only_problems: bool
) -> Iterator[list[Cell]]:
    """Yield the rows of the file as they were given, each with what became of it."""
    for row, one in zip(table.rows, outcomes, strict=True):
        if only_problems and one.status not in {"problem", "link"}:
            continue
        reason = one.reason or _changed(one)
        cells = list(row.cells[: len(table.header)])
        yield [*cells, one.line, one.status, reason, one.person_id]


def _changed(one: Outcome) -> str:
    return ", ".join(name.replace("_", " ") for name, _old, _new in one.changes)


EXAMPLE_HEADER: Final = (
    "E-mail", "Given name", "Family name", "Staff number", "NPI", "Profession", "State of license",
    "Department", "Start date",
)  # fmt: skip
EXAMPLE_ROWS: Final = (
    ("ana.silva@example.org", "Ana", "Silva, MD", "100231", "1234567893", "Physician", "CA",
     "Emergency Medicine", "2026-03-17"),
    ("wei.chen@example.org", "Wei", "Chen, RN", "100232", "", "RN", "California",
     "Emergency Medicine › Pediatric Emergency", "2025-11-01"),
    ("jo.reyes@example.org", "Jo", "Reyes", "100233", "", "Registration", "",
     "Patient Access", "2026-10-05"),
)  # fmt: skip
"""Three invented people, with headings as they are recognised. The NPI is CMS's own example."""
