"""Two who act at the same moment: one is first, the other finds what the first has done."""

import threading
from collections.abc import Callable

from sqlalchemy import func, select

from lms.access import Role
from lms.db import db
from lms.errors import Refused
from lms.outbox import Message
from lms.people import operations, queries
from lms.people.models import Person, Profession, RoleGrant
from lms.people.operations import NewPerson
from lms.people.operations.signing import UsedUp
from lms.web.door import kept
from tests.conftest import NOON


def together(app, *acts: Callable[[], object]) -> list[BaseException | None]:
    """Do these at the same moment, each in a transaction of its own; return what each raised."""
    start, came = threading.Barrier(len(acts)), dict.fromkeys(range(len(acts)))

    def do(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with kept():
                    acts[number]()
            except BaseException as error:  # noqa: BLE001 - told to the test
                came[number] = error

    db.session.commit()
    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(came.values())


def refusals(came: list[BaseException | None]) -> list[type]:
    return [type(one) for one in came if one is not None]


def test_two_administrators_who_remove_each_other_leave_one(app, cast):
    second = operations.grant_role(
        actor=cast.actor("ada"), person_id=cast.petra, role=Role.ADMINISTRATOR, at=NOON
    )
    first = queries.grants_of(cast.ada)[0]
    pairs = ((cast.ada, first.id), (cast.petra, second.id))
    ada = cast.actor("ada")

    def removal(person_id: int, grant_id: int) -> Callable[[], object]:
        return lambda: operations.revoke_role(
            actor=ada, person_id=person_id, grant_id=grant_id, at=NOON
        )

    came = together(app, *(removal(*pair) for pair in pairs))
    assert refusals(came) == [operations.LastAdministrator]
    left = select(func.count()).where(
        RoleGrant.role == Role.ADMINISTRATOR, RoleGrant.revoked_at.is_(None)
    )
    assert db.session.scalar(left) == 1


def test_one_removed_and_one_deactivated_leave_one(app, cast):
    operations.grant_role(
        actor=cast.actor("ada"), person_id=cast.petra, role=Role.ADMINISTRATOR, at=NOON
    )
    ada, first = cast.actor("ada"), queries.grants_of(cast.ada)[0]
    came = together(
        app,
        lambda: operations.revoke_role(
            actor=ada, person_id=cast.ada, grant_id=first.id, at=NOON
        ),
        lambda: operations.deactivate(actor=ada, person_id=cast.petra, reason="Left", at=NOON),
    )  # fmt: skip
    assert refusals(came) == [operations.LastAdministrator]


def test_case_58_ten_who_add_one_address_add_one_person(app, cast):
    def adding(email: str) -> Callable[[], object]:
        new = NewPerson(email=email, name="Amara Diallo", profession=Profession.NURSE)
        return lambda: operations.add_person(
            actor=cast.actor("ada"), new=new, printable=operations.as_typed, at=NOON
        )

    came = together(app, *(adding(one) for one in ("A@example.org", "a@example.org") * 5))
    assert refusals(came) == [operations.AlreadyHere] * 9
    found = select(func.count()).where(Person.email_key == "a@example.org")
    assert db.session.scalar(found) == 1


def test_a_reset_link_opened_twice_at_once_sets_one_password(app, cast):
    operations.ask_reset(email="lena@example.org", link=lambda token: f"/x/{token} ", at=NOON)
    token = db.session.scalars(select(Message.body)).one().partition("/x/")[2].split()[0]

    def setting(password: str) -> Callable[[], object]:
        return lambda: operations.reset_password(token=token, password=password, at=NOON)

    came = together(app, setting("tremor quilt lantern"), setting("harbor violin almanac"))
    assert refusals(came) == [UsedUp]


def test_two_moves_that_together_would_make_a_cycle_do_not(app, cast):
    ada = cast.actor("ada")

    def under(one: int, other: int) -> Callable[[], object]:
        name = queries.department(one).name
        return lambda: operations.keep_department(
            actor=ada, department_id=one, name=name, parent_id=other, at=NOON
        )

    came = together(app, under(cast.emergency, cast.womens), under(cast.womens, cast.emergency))
    assert len(refusals(came)) == 1
    assert isinstance(next(one for one in came if one), Refused)


def test_one_role_given_twice_at_once_is_held_once(app, cast):
    ada = cast.actor("ada")

    def give() -> object:
        return operations.grant_role(actor=ada, person_id=cast.noor, role=Role.PLANNER, at=NOON)

    assert refusals(together(app, give, give, give)) == []
    assert len(queries.grants_of(cast.noor)) == 1
