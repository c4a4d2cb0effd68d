"""Adding people, profiles, roles, departments: who may, what is refused, and nothing half done."""

import pytest
from sqlalchemy import func, select

from lms.access import SYSTEM, Role
from lms.audit import AuditEntry
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.outbox import Message
from lms.people import operations, queries
from lms.people.models import Department, Organisation, Person, Profession, RoleGrant
from lms.people.operations import About, NewPerson, Profile, one_account
from lms.people.operations.profile import NotAName, Unprintable
from lms.people.operations.staff import BadAddress
from tests.conftest import NOON


def new(**changes) -> NewPerson:
    given = {
        "email": "amara@example.org",
        "name": "Amara Diallo, RN",
        "profession": Profession.NURSE,
    }
    return NewPerson(**(given | changes))


def add(actor=SYSTEM, printable=operations.as_typed, **changes) -> Person:
    return operations.add_person(actor=actor, new=new(**changes), printable=printable, at=NOON)


def no_devanagari(name: str, _locale: str | None) -> str:
    if any("\u0900" <= one <= "\u097f" for one in name):
        raise ValueError("The character “अ” cannot be printed.")
    return " ".join(name.split())


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_person_is_added_with_the_name_on_certificates(app):
    made = add(name="  Amara   Diallo, RN ", email=" Amara@Example.org ", licence_state="CA")
    assert (made.name, made.certificate_name) == ("Amara Diallo, RN",) * 2
    assert (made.email, made.email_key) == ("Amara@Example.org", "amara@example.org")
    assert queries.actor_of(made.id).roles == {Role.LEARNER}


@pytest.mark.parametrize(
    "email", ["AMARA@example.org", "ａｍａｒａ@example.org", "amara@EXAMPLE.ORG "]
)
def test_case_58_a_second_account_for_one_address_is_refused_with_the_name(app, email):
    first = add()
    with pytest.raises(
        operations.AlreadyHere, match="Amara Diallo, RN has this address"
    ) as refusal:
        add(email=email, name="A. Diallo")
    assert refusal.value.person_id == first.id
    assert count(Person) == 1
    assert first.name == "Amara Diallo, RN"


def test_case_58_even_when_both_come_at_once(app, monkeypatch):
    add()
    real, looks = one_account._whose, []

    def blind_at_first(key):
        looks.append(key)
        return real(key) if len(looks) > 1 else None

    monkeypatch.setattr(one_account, "_whose", blind_at_first)
    with pytest.raises(operations.AlreadyHere):
        add(name="A. Diallo")
    assert [one.name for one in db.session.scalars(select(Person))] == ["Amara Diallo, RN"]
    assert count(AuditEntry) == 1


def test_case_58_a_new_address_keeps_the_one_account(cast):
    before = count(Person)
    operations.change_email(
        actor=cast.actor("ada"), person_id=cast.lena, email="Lena.Nguyen@example.org", at=NOON
    )
    assert queries.by_email("lena.nguyen@EXAMPLE.org").id == cast.lena
    assert queries.by_email("lena@example.org") is None
    assert count(Person) == before
    assert db.session.scalars(select(Message.address)).all() == ["lena@example.org"]


def test_case_58_an_address_that_is_somebody_elses_is_not_taken(cast):
    with pytest.raises(operations.AlreadyHere, match="Noor"):
        operations.change_email(
            actor=cast.actor("ada"), person_id=cast.lena, email="NOOR@example.org", at=NOON
        )
    assert queries.person(cast.lena).email == "lena@example.org"


def test_the_same_address_in_other_letters_may_be_kept_by_its_owner(cast):
    operations.change_email(
        actor=cast.actor("ada"), person_id=cast.lena, email="Lena@example.org", at=NOON
    )
    assert queries.person(cast.lena).email == "Lena@example.org"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"email": "no address"}, BadAddress),
        ({"name": " \t "}, NotAName),
        ({"name": "N" * 121}, NotAName),
        ({"name": "अनुष्का"}, Unprintable),
        ({"licence_state": "Calif."}, Refused),
        ({"zone": "Mars/Olympus"}, Refused),
        ({"name_locale": "xx"}, Refused),
        ({"department_id": 999}, Missing),
    ],
)
def test_what_can_not_be_kept_is_refused_and_nobody_is_added(app, changes, refusal):
    with pytest.raises(refusal):
        add(printable=no_devanagari, **changes)
    assert count(Person) == count(AuditEntry) == 0


def test_only_administrators_add_people(cast):
    for name in ("lena", "cora", "otto", "petra"):
        with pytest.raises(NotAllowed):
            add(actor=cast.actor(name))
    assert add(actor=cast.actor("ada")).id


def profile(**changes) -> Profile:
    given = {
        "name": "Lena Nguyễn", "certificate_name": "Lena Thị Nguyễn, MD", "name_locale": None,
        "profession": Profession.PHYSICIAN, "licence_state": "CA", "zone": "Pacific/Honolulu",
    }  # fmt: skip
    return Profile(**(given | changes))


def keep(cast, printable=no_devanagari, **changes) -> Person:
    return operations.keep_profile(
        actor=cast.actor("lena"), profile=profile(**changes), printable=printable, at=NOON
    )


def test_case_8_a_name_that_can_not_be_printed_is_refused_when_it_is_saved(cast):
    with pytest.raises(Unprintable, match="cannot be printed"):
        keep(cast, certificate_name="अनुष्का श्रीवास्तव", zone="Europe/Paris")
    person = queries.person(cast.lena)
    assert person.certificate_name == "Lena Nguyễn, MD"
    assert person.zone is None


def test_case_8_the_locale_reaches_what_prints(cast):
    asked = []
    keep(cast, printable=lambda name, locale: (asked.append((name, locale)), name)[1],
         certificate_name="直子", name_locale="ja")  # fmt: skip
    assert asked == [("直子", "ja")]
    assert queries.person(cast.lena).name_locale == "ja"


def test_a_profile_is_kept_and_the_trail_names_the_fields_only(cast):
    keep(cast)
    keep(cast)
    entry = db.session.scalars(select(AuditEntry)).one()
    assert entry.action == "profile.changed"
    assert set(entry.detail["fields"]) == {"name", "certificate_name", "licence_state", "zone"}


def grants(person_id: int) -> list[tuple[str, int | None]]:
    rows = db.session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person_id, RoleGrant.revoked_at.is_(None))
    )
    return [(one.role.value, one.department_id) for one in rows]


def give(cast, person_id, role, department_id=None, actor="ada"):
    return operations.grant_role(
        actor=cast.actor(actor),
        person_id=person_id,
        role=role,
        department_id=department_id,
        at=NOON,
    )


def take(cast, person_id, grant_id, actor="ada"):
    operations.revoke_role(actor=cast.actor(actor), person_id=person_id, grant_id=grant_id, at=NOON)


def test_a_role_is_given_and_taken_back(cast):
    grant = give(cast, cast.noor, Role.COORDINATOR, cast.emergency)
    actor = queries.actor_of(cast.noor)
    assert actor.roles == {Role.LEARNER, Role.COORDINATOR}
    assert actor.department_ids == {cast.emergency, cast.pediatric}
    take(cast, cast.noor, grant.id)
    assert queries.actor_of(cast.noor).roles == {Role.LEARNER}


def test_giving_a_role_twice_gives_it_once(cast):
    give(cast, cast.noor, Role.PLANNER)
    give(cast, cast.noor, Role.PLANNER, cast.emergency)
    assert grants(cast.noor) == [("planner", None)]


def test_a_coordinator_needs_a_department_and_a_learner_no_role(cast):
    with pytest.raises(Refused, match="department"):
        give(cast, cast.noor, Role.COORDINATOR)
    with pytest.raises(Refused, match="learner"):
        give(cast, cast.noor, Role.LEARNER)
    with pytest.raises(Missing):
        give(cast, cast.noor, Role.COORDINATOR, 999)
    with pytest.raises(Missing):
        give(cast, 999, Role.PLANNER)
    assert grants(cast.noor) == []


def test_only_administrators_give_roles(cast):
    for name in ("lena", "cora", "otto", "petra"):
        with pytest.raises(NotAllowed):
            give(cast, cast.noor, Role.ADMINISTRATOR, actor=name)


def admin_grant(cast) -> int:
    return db.session.scalars(select(RoleGrant.id).where(RoleGrant.person_id == cast.ada)).one()


def test_the_last_administrator_stays(cast):
    with pytest.raises(operations.LastAdministrator):
        take(cast, cast.ada, admin_grant(cast))
    with pytest.raises(operations.LastAdministrator):
        operations.deactivate(actor=SYSTEM, person_id=cast.ada, reason="Left", at=NOON)
    assert grants(cast.ada) == [("administrator", None)]
    assert queries.person(cast.ada).deactivated_at is None


def test_the_last_but_one_may_go_and_then_the_other_stays(cast):
    second = give(cast, cast.petra, Role.ADMINISTRATOR)
    take(cast, cast.ada, admin_grant(cast))
    with pytest.raises(operations.LastAdministrator):
        take(cast, cast.petra, second.id, actor="ada")


def test_a_deactivated_administrator_does_not_count(cast):
    give(cast, cast.petra, Role.ADMINISTRATOR)
    operations.deactivate(actor=cast.actor("ada"), person_id=cast.petra, reason="Left", at=NOON)
    with pytest.raises(operations.LastAdministrator):
        take(cast, cast.ada, admin_grant(cast))


def test_a_grant_of_another_person_is_not_found(cast):
    with pytest.raises(Missing):
        take(cast, cast.lena, admin_grant(cast))


def test_a_role_is_taken_once(cast):
    grant = give(cast, cast.noor, Role.PLANNER)
    take(cast, cast.noor, grant.id)
    with pytest.raises(Refused, match="already"):
        take(cast, cast.noor, grant.id)


def test_an_account_is_closed_with_a_reason_and_opened_again(cast):
    ada = cast.actor("ada")
    with pytest.raises(Refused, match="reason"):
        operations.deactivate(actor=ada, person_id=cast.lena, reason="  ", at=NOON)
    operations.deactivate(actor=ada, person_id=cast.lena, reason="Left the hospital", at=NOON)
    with pytest.raises(Refused, match="already"):
        operations.deactivate(actor=ada, person_id=cast.lena, reason="Again", at=NOON)
    assert queries.person(cast.lena).deactivated_at == NOON
    with pytest.raises(Refused, match="deactivated"):
        give(cast, cast.lena, Role.PLANNER)
    operations.reactivate(actor=ada, person_id=cast.lena, reason="Back from leave", at=NOON)
    assert queries.person(cast.lena).deactivated_at is None
    reasons = [one.detail.get("reason") for one in db.session.scalars(select(AuditEntry))]
    assert reasons == ["Left the hospital", "Back from leave"]


def test_a_person_moves_to_an_open_department(cast):
    ada = cast.actor("ada")
    operations.move_department(actor=ada, person_id=cast.lena, department_id=cast.womens, at=NOON)
    assert queries.person(cast.lena).department_id == cast.womens
    with pytest.raises(Missing):
        operations.move_department(actor=ada, person_id=cast.lena, department_id=999, at=NOON)
    operations.move_department(actor=ada, person_id=cast.lena, department_id=None, at=NOON)
    assert queries.person(cast.lena).department_id is None


def place(cast, department_id, *, name=None, parent_id=None, actor="ada"):
    return operations.keep_department(
        actor=cast.actor(actor), department_id=department_id,
        name=name or queries.department(department_id).name, parent_id=parent_id, at=NOON,
    )  # fmt: skip


def test_a_department_never_stands_below_itself(cast):
    for parent in (cast.emergency, cast.pediatric):
        with pytest.raises(operations.Cycle):
            place(cast, cast.emergency, parent_id=parent)
    assert queries.department(cast.emergency).parent_id is None


def test_a_coordinators_reach_follows_the_tree(cast):
    assert queries.actor_of(cast.otto).department_ids == {cast.womens}
    place(cast, cast.pediatric, parent_id=cast.womens)
    assert queries.actor_of(cast.otto).department_ids == {cast.womens, cast.pediatric}
    assert queries.actor_of(cast.cora).department_ids == {cast.emergency}


def test_names_are_one_at_a_place_whatever_their_case(cast):
    ada = cast.actor("ada")
    with pytest.raises(operations.NameTaken):
        operations.add_department(actor=ada, name="emergency  MEDICINE", parent_id=None, at=NOON)
    with pytest.raises(operations.NameTaken):
        place(cast, cast.womens, name="Emergency Medicine")
    below = operations.add_department(
        actor=ada, name="Emergency Medicine", parent_id=cast.womens, at=NOON
    )
    with pytest.raises(operations.NameTaken):
        place(cast, below.id, parent_id=None)
    assert queries.department(below.id).parent_id == cast.womens


@pytest.mark.parametrize("name", ["", "  ", "x" * 121])
def test_a_department_needs_a_name(cast, name):
    with pytest.raises(Refused):
        operations.add_department(actor=cast.actor("ada"), name=name, parent_id=None, at=NOON)


def test_a_department_is_retired_when_empty_and_can_be_reopened(cast):
    ada = cast.actor("ada")
    with pytest.raises(operations.NotEmpty, match="1 person works"):
        operations.retire_department(actor=ada, department_id=cast.pediatric, at=NOON)
    for who in (cast.lena, cast.noor, cast.cora):
        operations.move_department(actor=ada, person_id=who, department_id=None, at=NOON)
    with pytest.raises(operations.NotEmpty, match="below"):
        operations.retire_department(actor=ada, department_id=cast.emergency, at=NOON)
    operations.retire_department(actor=ada, department_id=cast.pediatric, at=NOON)
    operations.retire_department(actor=ada, department_id=cast.emergency, at=NOON)
    for act in (
        lambda: operations.move_department(
            actor=ada, person_id=cast.lena, department_id=cast.pediatric, at=NOON),
        lambda: give(cast, cast.lena, Role.COORDINATOR, cast.pediatric),
        lambda: operations.reopen_department(actor=ada, department_id=cast.pediatric, at=NOON),
        lambda: operations.retire_department(actor=ada, department_id=cast.pediatric, at=NOON),
        lambda: operations.add_department(
            actor=ada, name="New", parent_id=cast.emergency, at=NOON),
    ):  # fmt: skip
        with pytest.raises(Refused, match="retired"):
            act()
    operations.reopen_department(actor=ada, department_id=cast.emergency, at=NOON)
    operations.reopen_department(actor=ada, department_id=cast.pediatric, at=NOON)
    assert len(queries.open_departments()) == 3


def test_only_administrators_keep_the_tree(cast):
    for name in ("lena", "cora", "otto", "petra"):
        with pytest.raises(NotAllowed):
            place(cast, cast.womens, name="Mine", actor=name)
    assert count(AuditEntry) == 0


def about(**changes) -> About:
    given = {
        "name": "Alder Valley Hospital", "line": "", "signer_name": "Elena Marchetti-Rao, MD",
        "signer_title": "Director", "contact_email": "education@example.org",
    }  # fmt: skip
    return About(**(given | changes))


def test_the_organisation_is_one_row(app, cast):
    for name in ("One", "Two"):
        operations.keep_organisation(actor=SYSTEM, about=about(name=name), at=NOON)
    assert [one.name for one in db.session.scalars(select(Organisation))] == ["Two"]


@pytest.mark.parametrize(
    "changes", [{"name": " "}, {"signer_name": ""}, {"contact_email": "nobody"}]
)
def test_an_organisation_without_name_signatory_or_address_is_refused(app, changes):
    with pytest.raises(Refused):
        operations.keep_organisation(actor=SYSTEM, about=about(**changes), at=NOON)
    assert count(Organisation) == 0


def test_what_the_organisation_prints_must_be_printable(app):
    def nothing(text: str) -> str:
        raise ValueError("The character cannot be printed.")

    with pytest.raises(Refused, match="cannot be printed"):
        operations.keep_organisation(actor=SYSTEM, about=about(), at=NOON, printable=nothing)
    assert count(Organisation) == 0


def test_departments_in_the_order_of_the_tree(cast):
    assert [(one.path, one.depth, one.people) for one in queries.departments()] == [
        ("Emergency Medicine", 0, 2),
        ("Emergency Medicine › Pediatric Emergency", 1, 1),
        ("Women’s Health", 0, 1),
    ]
    assert queries.departments_below([cast.emergency]) == {cast.emergency, cast.pediatric}
    assert db.session.get(Department, cast.emergency).retired_at is None
