"""Keep the departments' tree and the organisation that issues certificates."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people import queries, rules
from lms.people.models import Department, Organisation, Person
from lms.people.operations.staff import BadAddress


class NameTaken(Refused):
    """Two departments at one place would have one name."""


class Cycle(Refused):
    """A department would stand below itself."""


class NotEmpty(Refused):
    """A department that still has people, or departments below it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """Who issues the certificates here."""

    name: str
    line: str
    signer_name: str
    signer_title: str
    contact_email: str


def _tree() -> dict[int, Department]:
    """Return all departments, held until the transaction ends: the tree changes one by one."""
    rows = db.session.scalars(
        select(Department)
        .order_by(Department.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def _one(tree: dict[int, Department], department_id: int) -> Department:
    if department_id not in tree:
        raise Missing("department")
    return tree[department_id]


def _free_name(
    tree: dict[int, Department], text: str, *, parent_id: int | None, but: int | None = None
) -> str:
    name = rules.tidy(text)
    if not name:
        raise Refused("Give the department a name.")
    if len(name) > rules.NAME_MOST:
        raise Refused(f"A department's name has at most {rules.NAME_MOST} characters.")
    for other in tree.values():
        is_beside = other.parent_id == parent_id and other.id != but
        if is_beside and other.name.casefold() == name.casefold():
            is_retired = " It is retired; reopen it instead." if other.retired_at else ""
            raise NameTaken(f"There is a department {other.name} at this place.{is_retired}")
    return name


def _open_parent(tree: dict[int, Department], parent_id: int | None) -> None:
    if parent_id is not None and _one(tree, parent_id).retired_at is not None:
        raise Refused(f"{tree[parent_id].name} is retired. Choose another place.")


@whole
def add_department(*, actor: Actor, name: str, parent_id: int | None, at: datetime) -> Department:
    """Add a department below another, or at the top. Raises NameTaken, Refused, Missing."""
    access.require(actor, Permission.KEEP_ORGANISATION)
    tree = _tree()
    _open_parent(tree, parent_id)
    made = Department(name=_free_name(tree, name, parent_id=parent_id), parent_id=parent_id)
    db.session.add(made)
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="department.added", thing=f"department:{made.id}",
        name=made.name, parent_id=parent_id,
    )  # fmt: skip
    return made


@whole
def keep_department(
    *, actor: Actor, department_id: int, name: str, parent_id: int | None, at: datetime
) -> Department:
    """Give a department another name, another place in the tree with all below it, or both.

    Coordinators' reach follows at the next request. Raises Cycle, NameTaken, Refused, Missing.
    """
    access.require(actor, Permission.KEEP_ORGANISATION)
    tree = _tree()
    one = _one(tree, department_id)
    if one.parent_id != parent_id:
        _open_parent(tree, parent_id)
        above = {row.id: row.parent_id for row in tree.values()}
        if rules.would_cycle(above, department_id=one.id, parent_id=parent_id):
            raise Cycle("A department can't stand below itself. Choose a place outside of it.")
    new = _free_name(tree, name, parent_id=parent_id, but=one.id)
    before = {"name": one.name, "parent_id": one.parent_id}
    after = {"name": new, "parent_id": parent_id}
    if before != after:
        one.name, one.parent_id = new, parent_id
        db.session.flush()
        audit.record(
            actor=actor, at=at, action="department.changed", thing=f"department:{one.id}",
            before=before, after=after,
        )  # fmt: skip
    return one


@whole
def retire_department(*, actor: Actor, department_id: int, at: datetime) -> None:
    """Close a department that is empty; what happened in it stays in the records.

    Raises NotEmpty while active people or open departments are in it, Refused when retired.
    """
    access.require(actor, Permission.KEEP_ORGANISATION)
    tree = _tree()
    one = _one(tree, department_id)
    if one.retired_at is not None:
        raise Refused(f"{one.name} is retired already.")
    here = db.session.scalar(
        select(func.count()).where(Person.department_id == one.id, Person.deactivated_at.is_(None))
    )
    if here:
        raise NotEmpty(f"{here} {'person works' if here == 1 else 'people work'} in {one.name}. "
                       "Move them first.")  # fmt: skip
    if any(row.parent_id == one.id and row.retired_at is None for row in tree.values()):
        raise NotEmpty(f"There are departments below {one.name}. Retire or move them first.")
    one.retired_at = at
    audit.record(actor=actor, at=at, action="department.retired", thing=f"department:{one.id}")


@whole
def reopen_department(*, actor: Actor, department_id: int, at: datetime) -> None:
    """Let a retired department take people again. Raises Refused when it's open, or its parent is
    retired."""
    access.require(actor, Permission.KEEP_ORGANISATION)
    tree = _tree()
    one = _one(tree, department_id)
    if one.retired_at is None:
        raise Refused(f"{one.name} is open already.")
    _open_parent(tree, one.parent_id)
    one.retired_at = None
    audit.record(actor=actor, at=at, action="department.reopened", thing=f"department:{one.id}")


def _printed(about: About, printable: Callable[[str], str]) -> dict[str, str]:
    given = {
        "name": about.name,
        "line": about.line,
        "signer_name": about.signer_name,
        "signer_title": about.signer_title,
    }
    if not rules.tidy(about.name) or not rules.tidy(about.signer_name):
        raise Refused("Give the name of the organization and of who signs its certificates.")
    try:
        return {field: printable(text) if text.strip() else "" for field, text in given.items()}
    except ValueError as problem:
        raise Refused(str(problem)) from problem


@whole
def keep_organisation(
    *,
    actor: Actor,
    about: About,
    at: datetime,
    is_demonstration: bool = False,
    printable: Callable[[str], str] = rules.tidy,
) -> Organisation:
    """Say who runs this installation and signs its certificates, from the next certificate on.

    `printable` cleans a text as certificates print it, or raises ValueError with a sentence.
    Raises BadAddress, Refused, NotAllowed.
    """
    access.require(actor, Permission.KEEP_ORGANISATION)
    if problem := rules.email_problem(about.contact_email):
        raise BadAddress(problem)
    kept = _printed(about, printable) | {"contact_email": about.contact_email.strip()}
    one = queries.organisation()
    if one is None:
        one = Organisation(id=1, is_demonstration=is_demonstration, **kept)
        db.session.add(one)
        changed = sorted(kept)
    else:
        changed = sorted(field for field, value in kept.items() if getattr(one, field) != value)
        for field in changed:
            setattr(one, field, kept[field])
    db.session.flush()
    if changed:
        audit.record(
            actor=actor, at=at, action="organisation.changed", thing="organisation:1",
            fields=changed,
        )  # fmt: skip
    return one
