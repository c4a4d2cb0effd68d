"""What a roster would do, row by row: add, change, leave as it is, or ask. Pure.

A row that can't be taken says why, where, and whose account it met, as far as the reader of the
preview may know of that person.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from lms.people.rules import email_key
from lms.people.rules.roster import LABELS, Column, Headings
from lms.people.rules.roster_tree import Planned, Tree
from lms.people.rules.roster_wanted import Reader, Wanted
from lms.tables.reading import Row

ELSEWHERE: Final = (
    "This address or number belongs to somebody outside your departments; ask an administrator."
)


class Status(StrEnum):
    """What would become, or became, of a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LINK = "link"
    DUPLICATE = "duplicate"
    PROBLEM = "problem"


class Link(StrEnum):
    """What to do with another address of somebody who is known by a number."""

    ADD = "add"
    REPLACE = "replace"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Someone:
    """A person as the records have them; `fields` are those that a roster may say."""

    id: int
    email: str
    key: str
    department_id: int | None
    is_closed: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everybody in the records, by each thing that a roster may name them by."""

    people: Mapping[int, Someone]
    by_key: Mapping[str, int]
    by_staff_number: Mapping[str, int]
    by_npi: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What was chosen for a roster. `links` go by line; `other_links` is for the rest."""

    links: Mapping[int, Link] = field(default_factory=dict)
    other_links: Link | None = None
    creates_departments: bool = False
    may_link: bool = True

    def link(self, line: int) -> Link | None:
        """Return what was chosen for the link that a line proposes."""
        return self.links.get(line, self.other_links)


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with a row: the column, what stands there, what to do."""

    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one row."""

    line: int
    status: Status
    wanted: Wanted | None = None
    person_id: int | None = None
    issues: tuple[Issue, ...] = ()
    changes: tuple[tuple[str, Any, Any], ...] = ()
    link: Link | None = None

    @property
    def reason(self) -> str:
        """Return why, as one line."""
        return " ".join(f"{one.column}: {one.reason}" if one.column else one.reason
                        for one in self.issues)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a roster would do as a whole."""

    verdicts: tuple[Verdict, ...]
    leavers: tuple[Someone, ...]
    planned: tuple[Planned, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Return how many rows there are of each kind; they add up to the rows of the file."""
        found = Counter(one.status.value for one in self.verdicts)
        return {status.value: found.get(status.value, 0) for status in Status}

    @property
    def good(self) -> int:
        """Return how many rows can be taken."""
        return sum(one.status in GOOD for one in self.verdicts)

    @property
    def bad(self) -> int:
        """Return how many rows would be left out."""
        return sum(one.status in BAD for one in self.verdicts)


GOOD: Final = frozenset({Status.NEW, Status.CHANGED, Status.UNCHANGED})
BAD: Final = frozenset({Status.PROBLEM, Status.LINK})


@dataclass(frozen=True, kw_only=True)
class Judge:
    """All that a roster is held against."""

    headings: Headings
    known: Known
    tree: Tree
    choices: Choices
    printable: Callable[[str], str]

    def plan(self, rows: Sequence[Row]) -> Plan:
        """Say what each row would do, each row once, in the order of the file."""
        reader = Reader.over(
            rows,
            self.headings,
            self.tree,
            self.printable,
            # Only who may fill all departments may add one.
            creates=self.choices.creates_departments and self.tree.reach is None,
        )
        read = [self._read(reader, row) for row in rows]
        judged = self._once_each(self._apart(read))
        wanted = [one.wanted for one in judged if one.wanted and one.status in GOOD]
        planned: dict[object, Planned] = {}
        for one in wanted:
            if isinstance(one.place, Planned):
                # As it's written first is how it will be called.
                planned.setdefault(one.place.key, one.place)
        return Plan(
            verdicts=tuple(judged),
            leavers=self._leavers(rows, wanted),
            planned=tuple(planned.values()),
        )

    def _read(self, reader: Reader, row: Row) -> Verdict:
        if row.doubt:
            return Verdict(row.line, Status.PROBLEM, issues=(Issue("", "", row.doubt),))
        wanted, wrong = reader.read(row)
        issues = tuple(Issue(LABELS[column], value, reason) for column, value, reason in wrong)
        status = Status.PROBLEM if issues else Status.UNCHANGED
        return Verdict(row.line, status, wanted=wanted, issues=issues)

    def _apart(self, read: Sequence[Verdict]) -> list[Verdict]:
        """Judge the rows that stand for themselves; name those that meet another in the file."""
        same: dict[tuple[str, str], list[Verdict]] = {}
        for one in read:
            for named in one.wanted.named() if one.wanted else ():
                same.setdefault(named, []).append(one)
        judged = []
        for one in read:
            if one.status is Status.PROBLEM or one.wanted is None:
                judged.append(one)
                continue
            met = _meeting(one, same)
            judged.append(met or self._against_records(one, one.wanted))
        return judged

    def _against_records(self, one: Verdict, wanted: Wanted) -> Verdict:
        by_key = self.known.by_key.get(wanted.key)
        by_number = {
            self.known.by_staff_number.get(wanted.fields.get("staff_number", "")),
            self.known.by_npi.get(wanted.fields.get("npi", "")),
        } - {None}
        everybody = by_number | ({by_key} - {None})
        if not everybody:
            return self._new(one, wanted)
        people = [self.known.people[who] for who in everybody if who is not None]
        if not all(self._is_mine(person) for person in people):
            return _problem(one, Column.EMAIL, wanted.email, ELSEWHERE)
        if len(people) > 1:
            return _problem(
                one, Column.EMAIL, wanted.email,
                "The row names several people: " + _and(sorted(people, key=lambda p: p.id)) + ". "
                "Mend the number or the address, so that it names one.",
            )  # fmt: skip
        person = people[0]
        if person.is_closed:
            return replace(
                _problem(one, Column.EMAIL, wanted.email,
                         f"{_who(person)} has this; the account is closed. Open it again first."),
                person_id=person.id,
            )  # fmt: skip
        return self._found(one, wanted, person, is_link=by_key is None)

    def _is_mine(self, person: Someone) -> bool:
        return self.tree.reach is None or person.department_id in self.tree.reach

    def _new(self, one: Verdict, wanted: Wanted) -> Verdict:
        if self.tree.reach is not None and wanted.place is None:
            return _problem(
                one, Column.DEPARTMENT, "", "Say in which of your departments this person works."
            )
        return replace(one, status=Status.NEW)

    def _found(self, one: Verdict, wanted: Wanted, person: Someone, *, is_link: bool) -> Verdict:
        link = None
        if is_link:
            asked = self._link(one, wanted, person)
            if asked.status is not Status.CHANGED:
                return asked
            link = asked.link
        elif clash := _number_clash(wanted, person):
            column, reason = clash
            return replace(_problem(one, column, wanted.fields[column.value], reason),
                           person_id=person.id)  # fmt: skip
        changes = list(_differences(wanted, person))
        if link is Link.REPLACE:
            changes.insert(0, ("email", person.email, wanted.email))
        elif link is Link.ADD:
            changes.insert(0, ("further_address", "", wanted.email))
        status = Status.CHANGED if changes else Status.UNCHANGED
        return replace(
            one, status=status, person_id=person.id, changes=tuple(changes), link=link, issues=()
        )

    def _link(self, one: Verdict, wanted: Wanted, person: Someone) -> Verdict:
        """Propose that a row with another address is somebody known by a number."""
        same = (
            "staff number"
            if wanted.fields.get("staff_number") == person.fields.get("staff_number")
            and wanted.fields.get("staff_number")
            else "NPI"
        )
        said = f"Same {same} as {_who(person)}, who has the address {person.email}. "
        chosen = self.choices.link(one.line)
        if not self.choices.may_link:
            said += "An administrator can add the address to the account, or replace it."
            met = _problem(one, Column.EMAIL, wanted.email, said)
        elif chosen is Link.LEAVE:
            met = _problem(one, Column.EMAIL, wanted.email, f"{said}Left out, as chosen.")
        elif chosen is None:
            said += "Choose: add this address, replace theirs, or leave the row out."
            met = replace(_problem(one, Column.EMAIL, wanted.email, said), status=Status.LINK)
        else:
            met = replace(one, status=Status.CHANGED, link=chosen)
        return replace(met, person_id=person.id)

    def _once_each(self, judged: Sequence[Verdict]) -> list[Verdict]:
        """Turn down rows that would change one person twice."""
        lines: dict[int, list[int]] = {}
        for one in judged:
            if one.person_id is not None and one.status in GOOD | {Status.LINK}:
                lines.setdefault(one.person_id, []).append(one.line)
        return [
            replace(
                _problem(one, Column.EMAIL, one.wanted.email if one.wanted else "",
                         f"Lines {_lines(lines[one.person_id])} are about one person, "
                         f"{_who(self.known.people[one.person_id])}. Keep one of them."),
                person_id=one.person_id,
            )
            if one.person_id is not None and len(lines.get(one.person_id, ())) > 1
            and one.status in GOOD | {Status.LINK}
            else one
            for one in judged
        ]  # fmt: skip

    def _leavers(self, rows: Sequence[Row], wanted: Iterable[Wanted]) -> tuple[Someone, ...]:
        """Return who works in the departments of the file and does not stand in it."""
        places = {one.place for one in wanted if isinstance(one.place, int)}
        here = set()
        for row in rows:
            key = email_key(self.headings.cell(row.cells, Column.EMAIL))
            staff = self.headings.cell(row.cells, Column.STAFF_NUMBER).upper()
            npi = self.headings.cell(row.cells, Column.NPI)
            here |= {self.known.by_key.get(key), self.known.by_staff_number.get(staff),
                     self.known.by_npi.get(npi)}  # fmt: skip
        return tuple(
            one
            for one in self.known.people.values()
            if one.department_id in places and one.id not in here and not one.is_closed
        )


def _problem(one: Verdict, column: Column, value: str, reason: str) -> Verdict:
    return replace(one, status=Status.PROBLEM, issues=(Issue(LABELS[column], value, reason),))


def _who(person: Someone) -> str:
    return f"{person.fields['name']} (no. {person.id})"


def _and(people: Sequence[Someone]) -> str:
    return " and ".join(map(_who, people))


def _lines(lines: Sequence[int]) -> str:
    return " and ".join(map(str, lines))


def _meeting(one: Verdict, same: Mapping[tuple[str, str], list[Verdict]]) -> Verdict | None:
    """Return the verdict on a row that meets another of the file, or None when it meets none."""
    assert one.wanted is not None  # noqa: S101 - said to the type checker
    for kind, value in one.wanted.named():
        others = [other for other in same[kind, value] if other.line != one.line]
        if not others:
            continue
        if all(other.wanted == one.wanted for other in others):
            first = min(other.line for other in others)
            if one.line < first:
                continue
            return replace(
                one, status=Status.DUPLICATE,
                issues=(Issue("", "", f"The same as line {first}, which counts."),),
            )  # fmt: skip
        column = Column(kind)
        return _problem(
            one, column, one.wanted.email if column is Column.EMAIL else value,
            f"The same {'address' if column is Column.EMAIL else 'number'} stands in line "
            f"{_lines([other.line for other in others][:5])} with something else. Keep the row "
            "that is right.",
        )  # fmt: skip
    return None


def _number_clash(wanted: Wanted, person: Someone) -> tuple[Column, str] | None:
    """Say that an address was somebody's whose number is another: perhaps another person."""
    for column in (Column.STAFF_NUMBER, Column.NPI):
        has, says = person.fields.get(column.value), wanted.fields.get(column.value)
        if has and says and has != says:
            return column, (
                f"The address is that of {_who(person)}, whose {LABELS[column]} is {has}. If it "
                "is the same person, correct the number on their page; if not, give the row its "
                "own address."
            )
    return None


def _differences(wanted: Wanted, person: Someone) -> Iterable[tuple[str, Any, Any]]:
    for name, value in wanted.fields.items():
        if person.fields.get(name) != value:
            yield name, person.fields.get(name), value
    if isinstance(wanted.place, Planned) or (
        wanted.place is not None and wanted.place != person.department_id
    ):
        yield "department", person.department_id, wanted.place
