"""Who may do what: the whole matrix, in one place, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from lms.errors import NotAllowed


class Role(StrEnum):
    """What a person may be here; everyone who signs in is at least a learner."""

    LEARNER = "learner"
    COORDINATOR = "coordinator"
    PLANNER = "planner"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing a role may do, written `<feature>:<verb>`, in alphabetical order."""

    SEE_ASSIGNMENTS = "assignments:see"
    ASSIGN = "assignments:create"
    EXEMPT = "assignments:exempt"
    REMIND = "assignments:remind"
    SEE_AUDIT = "audit:see"
    REVOKE = "certificates:revoke"
    SUPERSEDE = "certificates:supersede"
    SEE_RECORDS = "certificates:see"
    PUBLISH = "courses:publish"
    RETIRE = "courses:retire"
    CLAIM = "credit:claim"
    LEARN = "learning:take"
    EXTEND_TIME = "learning:extend"
    SEE_OUTBOX = "outbox:see"
    KEEP_PROFILE = "people:keep-profile"
    ADD_PEOPLE = "people:add"
    GRANT = "people:grant"
    IMPORT_PEOPLE = "people:import"
    KEEP_ORGANISATION = "people:keep-organisation"
    KEEP_PROTOCOL_CARDS = "people:keep-protocol-cards"
    KEEP_SECURITY = "people:keep-security"


_EVERYONE = frozenset({Permission.LEARN, Permission.CLAIM, Permission.KEEP_PROFILE})
_OF_A_DEPARTMENT = frozenset(
    {
        Permission.SEE_ASSIGNMENTS,
        Permission.ASSIGN,
        Permission.EXEMPT,
        Permission.REMIND,
        Permission.SEE_RECORDS,
        Permission.IMPORT_PEOPLE,
    }
)

GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.LEARNER: _EVERYONE,
    Role.COORDINATOR: _EVERYONE | _OF_A_DEPARTMENT,
    Role.PLANNER: _EVERYONE
    | {
        Permission.PUBLISH,
        Permission.RETIRE,
        Permission.REVOKE,
        Permission.SUPERSEDE,
        Permission.EXTEND_TIME,
        Permission.KEEP_PROTOCOL_CARDS,
        Permission.SEE_RECORDS,
    },
    Role.ADMINISTRATOR: frozenset(Permission),
}

# These are asked for in a department: a coordinator holds them for the departments granted
# and all below; planner and administrator, whose grants name no department, hold them everywhere.
SCOPED_TO_DEPARTMENT = _OF_A_DEPARTMENT


@dataclass(frozen=True, kw_only=True)
class Actor:
    """All that rules and operations ever know about who is acting.

    `department_ids` are the departments a coordinator's grants reach, those below included.
    """

    person_id: int
    roles: frozenset[Role] = frozenset({Role.LEARNER})
    department_ids: frozenset[int] = frozenset()


@cache
def _granted(roles: frozenset[Role]) -> frozenset[Permission]:
    return frozenset().union(*(GRANTS[role] for role in roles))


def holds(actor: Actor, permission: Permission) -> bool:
    """Say whether one of the actor's roles has this permission somewhere."""
    return permission in _granted(actor.roles)


def everywhere(actor: Actor, permission: Permission) -> bool:
    """Say whether the actor holds this permission for the whole site."""
    site = actor.roles - {Role.COORDINATOR}
    return any(permission in GRANTS[role] for role in site)


def reaches(actor: Actor, permission: Permission, *, department_id: int) -> bool:
    """Say whether the actor holds this permission in this department."""
    if everywhere(actor, permission):
        return True
    return holds(actor, permission) and department_id in actor.department_ids


def require(actor: Actor, permission: Permission, *, department_id: int | None = None) -> None:
    """Refuse with NotAllowed unless the actor may do this, here.

    Asking for a permission that is scoped to departments without naming one is a programming
    error and raises TypeError, so that a scope can't be forgotten in silence.
    """
    if permission not in SCOPED_TO_DEPARTMENT:
        if not holds(actor, permission):
            raise NotAllowed(permission)
        return
    if department_id is None:
        raise TypeError(f"{permission} is asked for in a department; say which")
    if not reaches(actor, permission, department_id=department_id):
        raise NotAllowed(permission)


SYSTEM = Actor(person_id=0, roles=frozenset({Role.ADMINISTRATOR}))
"""Who acts when the command line or the worker does; the audit trail writes no person for it."""
