"""The tree of departments, and where in it somebody holds a permission."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from lms.access import Actor, Permission, reaches
from lms.db import db
from lms.errors import Missing
from lms.people import queries as people
from lms.people.models import Department
from lms.people.rules import below, path_of


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The departments of the institution, read once for a request."""

    names: Mapping[int, str]
    parents: Mapping[int, int | None]

    def above(self, department_id: int) -> tuple[int, ...]:
        """Return a department and all above it, nearest first."""
        chain: list[int] = []
        here: int | None = department_id
        while here is not None and here not in chain:
            chain.append(here)
            here = self.parents.get(here)
        return tuple(chain)

    def below(self, department_id: int) -> frozenset[int]:
        """Return a department and all below it."""
        return below(self.parents, [department_id])

    def path(self, department_id: int) -> str:
        """Write a department with those above it: "Acute Care › Emergency Medicine"."""
        return " › ".join(path_of(self.names, self.parents, department_id))


def tree() -> Tree:
    """Read the department tree in one statement."""
    rows = db.session.execute(
        select(Department.id, Department.name, Department.parent_id).order_by(Department.name)
    ).all()
    return Tree(
        names={row.id: row.name for row in rows}, parents={row.id: row.parent_id for row in rows}
    )


def department(department_id: int) -> Department:
    """Return a department that is not retired; raises Missing."""
    found = people.department(department_id)
    if found.retired_at is not None:
        raise Missing("department")
    return found


def departments_of(actor: Actor, permission: Permission) -> list[tuple[int, str]]:
    """Return (id, path) of each department where the actor holds this permission, by path."""
    everything = tree()
    retired = set(
        db.session.scalars(select(Department.id).where(Department.retired_at.is_not(None)))
    )
    own = [
        (one, everything.path(one))
        for one in everything.names
        if one not in retired and reaches(actor, permission, department_id=one)
    ]
    return sorted(own, key=lambda pair: pair[1])
