"""What one row of a roster says of a person, cell by cell, with everything that can't be meant."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lms.people.rules import (
    NAME_MOST,
    PROFESSIONS,
    STATES,
    email_key,
    email_problem,
    roster_cells,
    tidy,
    zones,
)
from lms.people.rules.roster import Column, Headings
from lms.people.rules.roster_cells import BadCell
from lms.people.rules.roster_tree import Planned, Tree
from lms.tables.reading import Row

Wrong = tuple[Column, str, str]
"""A column, what stands there, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a row says of a person. An empty cell says nothing, and changes nothing."""

    email: str = field(compare=False)
    key: str
    fields: Mapping[str, Any]
    place: int | Planned | None
    printed: str = field(compare=False)
    """The name as certificates print it."""

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield each thing that names the person, as (column, value)."""
        yield Column.EMAIL.value, self.key
        for column in (Column.STAFF_NUMBER.value, Column.NPI.value):
            if value := self.fields.get(column):
                yield column, value


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads rows under the same headings, remembering what it has seen before."""

    headings: Headings
    tree: Tree
    printable: Callable[[str], str]
    creates: bool
    day_first: bool | None
    places: dict[str, int | Planned | BadCell] = field(default_factory=dict)
    words: dict[tuple[Column, str], Any] = field(default_factory=dict)

    @classmethod
    def over(
        cls, rows: Sequence[Row], headings: Headings, tree: Tree,
        printable: Callable[[str], str], *, creates: bool,
    ) -> "Reader":  # fmt: skip
        """Make a reader for these rows, which decide together how 03/04/2025 is meant."""
        days = (headings.cell(row.cells, Column.STARTED_ON) for row in rows)
        return cls(
            headings=headings, tree=tree, printable=printable, creates=creates,
            day_first=roster_cells.is_day_first(days),
        )  # fmt: skip

    def read(self, row: Row) -> tuple[Wanted | None, list[Wrong]]:
        """Return what a row says, and everything that is wrong with it."""
        wrong: list[Wrong] = []
        email = tidy(self.headings.cell(row.cells, Column.EMAIL))
        if problem := email_problem(email) if email else "There is no e-mail address in this row.":
            wrong.append((Column.EMAIL, email, problem))
        fields, printed = self._names(row, wrong)
        for column in (Column.STAFF_NUMBER, Column.NPI, Column.PROFESSION, Column.LICENCE_STATE,
                       Column.ZONE, Column.STARTED_ON):  # fmt: skip
            if text := self.headings.cell(row.cells, column):
                self._take(column, text, fields, wrong)
        place = self._place(row, wrong)
        if wrong:
            return None, wrong
        return Wanted(email, email_key(email), fields, place, printed), []

    def _names(self, row: Row, wrong: list[Wrong]) -> tuple[dict[str, Any], str]:
        name = tidy(self.headings.cell(row.cells, Column.NAME)) or tidy(
            f"{self.headings.cell(row.cells, Column.GIVEN)} "
            f"{self.headings.cell(row.cells, Column.FAMILY)}"
        )
        if not name or len(name) > NAME_MOST:
            problem = (
                f"A name has at most {NAME_MOST} characters."
                if name
                else "There is no name in this row."
            )
            wrong.append((Column.NAME, name[:60], problem))
            return {}, ""
        given = self.headings.cell(row.cells, Column.CERTIFICATE_NAME)
        try:
            printed = self.printable(given or name)
        except ValueError as problem:
            column = Column.CERTIFICATE_NAME if given else Column.NAME
            wrong.append((column, given or name, str(problem)))
            return {}, ""
        if len(printed) > NAME_MOST:
            wrong.append((Column.NAME, printed[:60], "This name is too long to be printed."))
        return {"name": name} | ({"certificate_name": printed} if given else {}), printed

    def _take(self, column: Column, text: str, fields: dict[str, Any], wrong: list[Wrong]) -> None:
        made = self.words.get((column, text))
        if made is None:
            try:
                made = self._meant(column, text)
            except BadCell as problem:
                made = problem
            self.words[column, text] = made
        if isinstance(made, BadCell):
            wrong.append((column, text, str(made)))
        else:
            fields[column.value] = made

    def _meant(self, column: Column, text: str) -> Any:
        match column:
            case Column.STAFF_NUMBER:
                return roster_cells.staff_number(text)
            case Column.NPI:
                return roster_cells.npi(text)
            case Column.PROFESSION:
                return roster_cells.profession(text, PROFESSIONS)
            case Column.LICENCE_STATE:
                return roster_cells.state(text, STATES)
            case Column.ZONE:
                return roster_cells.zone(text, zones())
            case _:
                return roster_cells.day(text, day_first=self.day_first)

    def _place(self, row: Row, wrong: list[Wrong]) -> int | Planned | None:
        text = self.headings.cell(row.cells, Column.DEPARTMENT)
        if not text:
            return None
        if text not in self.places:
            self.places[text] = self._looked_up(text)
        place = self.places[text]
        if isinstance(place, BadCell):
            wrong.append((Column.DEPARTMENT, text, str(place)))
            return None
        return place

    def _looked_up(self, text: str) -> int | Planned | BadCell:
        try:
            found = self.tree.found(text)
            if found is not None:
                return found
            return self.tree.planned(text) if self.creates else BadCell(self.tree.advice(text))
        except BadCell as problem:
            return problem
