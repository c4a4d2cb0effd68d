"""What a roster would do, and what it did, as its pages show it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from lms import access
from lms.access import Actor, Permission
from lms.db import db
from lms.people.files import roster as files
from lms.people.files.roster import Outcome
from lms.people.models import Person, RosterUpload, UploadState
from lms.people.queries import roster as queries
from lms.people.rules import PROFESSIONS
from lms.people.rules.roster import LABELS, headings
from lms.people.rules.roster_plan import Choices, Plan, Status, Verdict
from lms.people.rules.roster_tree import Planned, Tree
from lms.tables.reading import Table

SHOWN: Final = 200
"""How many rows of a kind stand on a page; all of them stand in the file to take away."""
_FIELDS: Final[Mapping[str, str]] = {one.value: label for one, label in LABELS.items()} | {
    "further_address": "Further address",
    "email": "E-mail",
}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a row, and whose account it met."""

    line: int
    column: str
    value: str
    reason: str
    person_id: int | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a row changes about a person: (what, before, after)."""

    line: int
    name: str
    person_id: int | None
    items: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A row that seems to be somebody known by a number, under another address."""

    line: int
    email: str
    reason: str
    person_id: int
    chosen: str


@dataclass(frozen=True, kw_only=True)
class Leaver:
    """Somebody who works in a department of the file and is not in it."""

    id: int
    name: str
    email: str
    department: str
    is_spared: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """All that the page shows before anything is written."""

    id: int
    file_name: str
    uploaded_at: datetime
    rows: int
    counts: Mapping[str, int]
    good: int
    bad: int
    problems: tuple[Problem, ...]
    proposals: tuple[Proposal, ...]
    changes: tuple[Change, ...]
    new: tuple[tuple[int, str, str], ...]
    leavers: tuple[Leaver, ...]
    planned: tuple[str, ...]
    notes: tuple[str, ...]
    unknown: tuple[str, ...]
    lacks_departments: bool
    choices: Choices

    @property
    def seen(self) -> str:
        """Return the figures as the form sends them back."""
        return ",".join(f"{name}={count}" for name, count in self.counts.items())


def counts_in(text: str) -> dict[str, int]:
    """Return the figures that a form sent back; nothing that is none."""
    pairs = (one.partition("=") for one in text.split(","))
    return {name: int(count) for name, _is, count in pairs
            if count.isascii() and count.isdigit() and len(count) < 9}  # fmt: skip


def preview(
    actor: Actor, upload: RosterUpload, *, choices: Choices, printable: Callable[[str], str]
) -> Preview:
    """Return what a roster would do now, for this actor, with what was chosen so far."""
    table, plan = queries.plan_of(actor, upload, choices=choices, printable=printable)
    tree = queries.tree(actor)
    may_see = access.holds(actor, Permission.ADD_PEOPLE)
    return Preview(
        id=upload.id,
        file_name=upload.file_name,
        uploaded_at=upload.uploaded_at,
        rows=len(table.rows),
        counts=plan.counts,
        good=plan.good,
        bad=plan.bad,
        problems=tuple(_problems(plan, may_see=may_see)),
        proposals=tuple(_proposals(plan, choices)),
        changes=tuple(_changes(plan, tree, may_see=may_see)),
        new=tuple(
            (one.line, one.wanted.fields["name"], one.wanted.email)
            for one in _of(plan, Status.NEW)
            if one.wanted
        ),
        leavers=tuple(_leavers(actor, plan, tree)),
        planned=tuple(" › ".join(filter(None, [tree.path(one.parent_id), *one.names]))
                      for one in plan.planned),
        notes=table.notes,
        unknown=headings(table.header).unknown,
        lacks_departments=any(
            issue.column == "Department" and " has this name" in issue.reason
            for one in plan.verdicts
            for issue in one.issues
        ),
        choices=choices,
    )  # fmt: skip


def _of(plan: Plan, status: Status) -> list[Verdict]:
    return [one for one in plan.verdicts if one.status is status]


def _problems(plan: Plan, *, may_see: bool) -> list[Problem]:
    return [
        Problem(
            line=one.line,
            column=issue.column,
            value=issue.value,
            reason=issue.reason,
            person_id=one.person_id if may_see else None,
        )
        for one in _of(plan, Status.PROBLEM)
        for issue in one.issues
    ]


def _proposals(plan: Plan, choices: Choices) -> list[Proposal]:
    """Return the rows in which a link is open or was chosen, so that it can be chosen again."""
    return [
        Proposal(
            line=one.line,
            email=one.wanted.email,
            reason=one.reason,
            person_id=one.person_id or 0,
            chosen=(choices.links.get(one.line) or ""),
        )
        for one in plan.verdicts
        if one.wanted and (one.status is Status.LINK or one.link or one.line in choices.links)
    ]


def _changes(plan: Plan, tree: Tree, *, may_see: bool) -> list[Change]:
    return [
        Change(
            line=one.line,
            name=one.wanted.fields["name"],
            person_id=one.person_id if may_see else None,
            items=tuple(
                (_FIELDS.get(name, name), _shown(name, old, tree), _shown(name, new, tree))
                for name, old, new in one.changes
            ),
        )
        for one in _of(plan, Status.CHANGED)
        if one.wanted
    ]


def _shown(name: str, value: Any, tree: Tree) -> str:
    if value is None or value == "":
        return ""
    if name == "department":
        return " › ".join(value.names) if isinstance(value, Planned) else tree.path(value)
    return PROFESSIONS[value] if name == "profession" else str(value)


def _leavers(actor: Actor, plan: Plan, tree: Tree) -> list[Leaver]:
    spared = queries.role_holders() | {actor.person_id}
    return [
        Leaver(
            id=one.id,
            name=one.fields["name"],
            email=one.email,
            department=tree.path(one.department_id),
            is_spared=one.id in spared,
        )
        for one in plan.leavers
    ]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a roster did."""

    id: int
    file_name: str
    applied_at: datetime | None
    by: str
    counts: Mapping[str, Any]
    left_out: tuple[Outcome, ...]
    links_to_people: bool


def result(actor: Actor, upload: RosterUpload) -> Result:
    """Return what became of a roster that was imported."""
    outcomes = files.unpack_outcomes(upload.outcome or files.pack_outcomes([]))
    by = db.session.scalar(select(Person.name).where(Person.id == upload.applied_by_id))
    return Result(
        id=upload.id,
        file_name=upload.file_name,
        applied_at=upload.applied_at,
        by=by or "The command line",
        counts=upload.counts,
        left_out=tuple(one for one in outcomes if one.status in {"problem", "link"}),
        links_to_people=access.holds(actor, Permission.ADD_PEOPLE),
    )


def outcomes_of(
    actor: Actor, upload: RosterUpload, *, choices: Choices, printable: Callable[[str], str]
) -> tuple[Table, list[Outcome]]:
    """Return the rows of a roster with what became, or would become, of each."""
    if upload.state is UploadState.APPLIED and upload.content and upload.outcome:
        return files.unpack(upload.content), files.unpack_outcomes(upload.outcome)
    table, plan = queries.plan_of(actor, upload, choices=choices, printable=printable)
    return table, [files.outcome_of(one, made={}) for one in plan.verdicts]
