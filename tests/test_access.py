"""The matrix: who may do what, where; a scope can't be forgotten in silence."""

import pytest

from lms import access
from lms.access import GRANTS, SCOPED_TO_DEPARTMENT, SYSTEM, Actor, Permission, Role
from lms.errors import NotAllowed

HERE, BELOW, ELSEWHERE = 1, 2, 3
EVERY = sorted(Permission)
LENA = Actor(person_id=1)
CORA = Actor(
    person_id=2, roles=frozenset({Role.LEARNER, Role.COORDINATOR}),
    department_ids=frozenset({HERE, BELOW}),
)
PETRA = Actor(person_id=3, roles=frozenset({Role.LEARNER, Role.PLANNER}))
ADA = Actor(person_id=4, roles=frozenset({Role.LEARNER, Role.ADMINISTRATOR}))
NOBODY = Actor(person_id=5, roles=frozenset())


def may(actor: Actor, permission: Permission, *, where: int | None = None) -> bool:
    try:
        access.require(actor, permission, department_id=where)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("permission", EVERY)
def test_an_administrator_may_do_everything_everywhere(permission):
    where = ELSEWHERE if permission in SCOPED_TO_DEPARTMENT else None
    assert may(ADA, permission, where=where)
    assert may(SYSTEM, permission, where=where)
    assert access.everywhere(ADA, permission)


@pytest.mark.parametrize("permission", EVERY)
def test_who_has_no_role_may_do_nothing(permission):
    assert not access.holds(NOBODY, permission)
    assert not may(NOBODY, permission, where=HERE if permission in SCOPED_TO_DEPARTMENT else None)


@pytest.mark.parametrize("permission", sorted(SCOPED_TO_DEPARTMENT))
def test_a_coordinator_reaches_their_departments_and_no_other(permission):
    assert may(CORA, permission, where=HERE)
    assert may(CORA, permission, where=BELOW)
    assert not may(CORA, permission, where=ELSEWHERE)
    assert not access.everywhere(CORA, permission)


@pytest.mark.parametrize("permission", sorted(SCOPED_TO_DEPARTMENT))
@pytest.mark.parametrize("actor", [LENA, CORA, PETRA, ADA, SYSTEM, NOBODY])
def test_a_scope_that_was_forgotten_is_a_programming_error_for_everybody(actor, permission):
    with pytest.raises(TypeError, match="say which"):
        access.require(actor, permission)


def test_a_learner_may_learn_claim_and_keep_their_profile_and_no_more():
    held = {one for one in Permission if access.holds(LENA, one)}
    assert held == {Permission.LEARN, Permission.CLAIM, Permission.KEEP_PROFILE}


def test_departments_without_the_role_reach_nothing():
    pretender = Actor(person_id=6, department_ids=frozenset({HERE}))
    assert not may(pretender, Permission.ASSIGN, where=HERE)


def test_a_planner_sees_records_of_the_whole_site_but_assigns_nothing():
    assert may(PETRA, Permission.SEE_RECORDS, where=ELSEWHERE)
    assert not may(PETRA, Permission.ASSIGN, where=ELSEWHERE)
    assert not access.holds(PETRA, Permission.GRANT)


def test_roles_add_up():
    both = Actor(
        person_id=7, roles=frozenset({Role.COORDINATOR, Role.PLANNER}),
        department_ids=frozenset({HERE}),
    )
    assert may(both, Permission.ASSIGN, where=HERE)
    assert not may(both, Permission.ASSIGN, where=ELSEWHERE)
    assert may(both, Permission.SEE_RECORDS, where=ELSEWHERE)
    assert may(both, Permission.REVOKE)


def test_only_administrators_give_roles_and_look_into_the_outbox():
    for permission in (Permission.GRANT, Permission.SEE_OUTBOX, Permission.KEEP_ORGANISATION):
        assert {role for role in Role if permission in GRANTS[role]} == {Role.ADMINISTRATOR}


def test_permissions_are_written_feature_and_verb():
    for one in Permission:
        feature, _colon, verb = one.value.partition(":")
        assert feature.isalpha()
        assert verb.replace("-", "").isalpha()
