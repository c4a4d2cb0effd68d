"""A second factor required by role: who owes one sees nothing else, and comes back to their place."""

import re

import pyotp
import pytest
from sqlalchemy import select

from lms.access import Permission, Role
from lms.audit import AuditEntry
from lms.db import db
from lms.errors import NotAllowed, Refused
from lms.outbox import Message
from lms.people import operations
from lms.people.cli import people
from lms.people.models import Person, SignIn
from lms.people.operations import second_factor
from lms.people.queries import second_factor as asked
from lms.people.queries.second_factor import Security
from lms.web import door
from tests.conftest import NOON
from tests.people.device import Device
from tests.people.test_second_factor import PASSWORD, SECURITY, add_passkey, set_app_up, sign_in

RULES = "/people/security"
OPEN = {
    "people.add_passkey", "people.authenticator", "people.confirm_authenticator", "people.lock",
    "people.new_passkey_options", "people.open_again", "people.security", "people.seen",
    "people.start_authenticator", "people.unlock", "people.unlock_by_passkey",
    "people.unlock_options",
}  # fmt: skip


@pytest.fixture
def staff(cast):
    for one in (cast.lena, cast.cora, cast.ada):
        db.session.get_one(Person, one).password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return cast


def require(cast, *roles: str, **more) -> None:
    second_factor.keep_security(
        actor=cast.actor("ada"), security=Security(factor_roles=frozenset(roles), **more), at=NOON
    )
    db.session.commit()


def address_of(rule: str) -> str:
    return re.sub(r"<int:[^>]+>", "1", re.sub(r"<string:[^>]+>", "x", rule))


@pytest.mark.parametrize("reason", ["enrolment", "locked"])
def test_no_route_lets_somebody_in_who_owes_a_factor_or_is_locked(app, staff, as_, client, reason):
    browser = as_(staff.ada)
    if reason == "enrolment":
        require(staff, "administrator")
    else:
        row = db.session.scalars(select(SignIn)).one()
        row.idle_minutes, row.locked_at = 5, NOON
        db.session.commit()
    room = {"enrolment": SECURITY, "locked": "/unlock"}[reason]
    doors, let_in = app.extensions["doors"], set()
    for rule in app.url_map.iter_rules():
        address = address_of(rule.rule)
        if rule.endpoint in {"static", "people.sign_out", "people.sign_in"}:
            continue
        for method in rule.methods & {"GET", "POST"}:
            if reason in app.extensions["pending"].get(rule.endpoint, ()):
                let_in.add(rule.endpoint)
                continue
            got = browser.open(address, method=method)
            where = f"{method} {address} -> {got.status_code} {got.location}"
            if isinstance(doors[rule.endpoint], door.Anyone):
                # As a stranger: nothing of Ada's is on the page.
                assert "Ada" not in got.text, where
                assert "Sign out" not in got.text, where
            else:
                assert got.status_code == 303, where
                assert got.location.partition("?")[0] == room, where
                got = browser.open(address, method=method, headers={"Accept": "application/json"})
                assert got.status_code == 401, where
    locked = {one for one in OPEN if "unlock" in one or one in {"people.open_again", "people.lock"}}
    assert let_in == (OPEN if reason == "enrolment" else locked)
    assert browser.get("/no-such-page").status_code == 404
    assert "Ada" not in browser.get("/no-such-page").text
    assert browser.get("/sign-in").location == room
    assert browser.get("/", follow_redirects=True).request.path == room


def test_whoever_owes_a_factor_adds_one_and_goes_on_where_they_wanted(staff, client):
    require(staff, "coordinator")
    got = sign_in(client, "cora", next="/departments?state=overdue")
    assert client.get(got.location).location == f"{SECURITY}?next=/departments%3Fstate%3Doverdue"
    page = client.get(f"{SECURITY}?next=/departments%3Fstate%3Doverdue").text
    assert "Add a second factor" in page
    client.post(f"{SECURITY}/authenticator")
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', client.get(f"{SECURITY}/authenticator").text)[1]
    code = pyotp.TOTP(secret.replace(" ", "")).now()
    done = client.post(f"{SECURITY}/authenticator/confirm", data={"code": code})
    assert 'href="/departments?state=overdue"' in done.text
    assert client.get("/departments").status_code == 200


def test_a_passkey_ends_it_too(staff, client):
    require(staff, "learner")
    sign_in(client)
    assert client.get("/courses").location == f"{SECURITY}?next=/courses"
    assert add_passkey(client, Device()).status_code == 200
    assert client.get("/courses").status_code == 200


def test_what_was_typed_when_the_rule_came_is_kept(staff, client):
    sign_in(client)
    require(staff, "learner")
    typed = {"name": "Lena N.", "certificate_name": "Lena N., MD", "profession": "physician",
             "licence_state": "CA", "zone": "", "name_locale": ""}  # fmt: skip
    client.post("/profile", data=typed, headers={"Origin": "http://localhost"})
    client.post(f"{SECURITY}/authenticator")
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', client.get(f"{SECURITY}/authenticator").text)[1]
    code = pyotp.TOTP(secret.replace(" ", "")).now()
    done = client.post(f"{SECURITY}/authenticator/confirm", data={"code": code})
    assert 'href="/unsent"' in done.text
    assert "Lena N., MD" in client.get("/unsent").text


def test_only_those_of_the_role_owe_it_and_from_their_next_click(staff, as_):
    lena, cora = as_(staff.lena), as_(staff.cora)
    require(staff, "coordinator")
    assert lena.get("/profile").status_code == 200
    assert cora.get("/profile").status_code == 303
    require(staff)
    assert cora.get("/profile").status_code == 200


def test_a_role_given_later_brings_the_duty(staff, as_):
    lena = as_(staff.lena)
    require(staff, "planner")
    assert lena.get("/profile").status_code == 200
    operations.grant_role(
        actor=staff.actor("ada"), person_id=staff.lena, role=Role.PLANNER, department_id=None, at=NOON
    )
    db.session.commit()
    assert lena.get("/profile").location.startswith(SECURITY)


def test_the_last_factor_stays_while_the_role_asks_for_one(app, staff, client):
    require(staff, "learner")
    sign_in(client)
    set_app_up(client)
    client.post(f"{SECURITY}/authenticator/remove")
    assert asked.factors_of(staff.lena)
    assert "asks for a second factor" in client.get(SECURITY).text


def test_a_factor_taken_off_before_the_rule_came_is_owed(staff, client):
    sign_in(client)
    set_app_up(client)
    client.post(f"{SECURITY}/authenticator/remove")
    require(staff, "learner")
    assert client.get("/courses").location.startswith(SECURITY)


# The administrator's page


def test_the_page_counts_who_has_none_yet(app, staff, as_, client):
    sign_in(client)
    set_app_up(client)
    counts = asked.counts_by_role(staff.actor("ada"))
    assert (counts[Role.LEARNER].people, counts[Role.LEARNER].without) == (6, 5)
    assert (counts[Role.COORDINATOR].people, counts[Role.COORDINATOR].without) == (2, 2)
    db.session.get_one(Person, staff.otto).deactivated_at = NOON
    db.session.commit()
    assert asked.counts_by_role(staff.actor("ada"))[Role.COORDINATOR].people == 1
    assert as_(staff.ada).get(RULES).status_code == 200


def test_the_rules_are_kept_and_in_the_trail(staff, as_):
    ada = as_(staff.ada)
    got = ada.post(
        RULES, data={"coordinator": "y", "planner": "y", "idle_minutes": "3", "is_shared_by_default": "y"}
    )
    assert got.status_code == 303
    kept = asked.security()
    assert kept == Security(
        factor_roles=frozenset({"coordinator", "planner"}), is_shared_by_default=True, idle_minutes=3
    )
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry.action == "security-rules.changed"
    assert entry.detail["factor_roles"] == ["coordinator", "planner"]


@pytest.mark.parametrize("minutes", ["0", "16", "-5", "", "x", "5.5", "9" * 400, "\x00"])
def test_odd_minutes_are_refused(staff, as_, minutes):
    assert as_(staff.ada).post(RULES, data={"idle_minutes": minutes}).status_code == 422
    assert asked.security() == Security()


def test_rules_are_the_administrators(staff):
    for name in ("lena", "cora", "petra"):
        with pytest.raises(NotAllowed):
            second_factor.keep_security(actor=staff.actor(name), security=Security(), at=NOON)
        with pytest.raises(NotAllowed):
            asked.counts_by_role(staff.actor(name))
        with pytest.raises(NotAllowed):
            second_factor.reset_second_factor(actor=staff.actor(name), person_id=staff.ada, at=NOON)


def test_an_administrator_resets_a_lost_factor_and_the_person_hears_of_it(app, staff, client, as_):
    sign_in(client)
    _secret, codes = set_app_up(client)
    ada = as_(staff.ada)
    assert "Reset their second factor" in ada.get(f"/people/{staff.lena}").text
    assert ada.post(f"/people/{staff.lena}/second-factor/reset").status_code == 303
    assert client.get("/profile").status_code == 303  # signed out
    assert not asked.factors_of(staff.lena)
    assert asked.factors_of(staff.lena).codes_left == 0
    assert sign_in(app.test_client()).location == "/"
    mail = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    assert mail.address == "lena@example.org"
    assert "took the second factors off" in mail.body
    actions = [one.action for one in db.session.scalars(select(AuditEntry))]
    assert "second-factor.reset" in actions
    assert ada.post(f"/people/{staff.lena}/second-factor/reset").status_code == 422


def test_nobody_resets_their_own_by_the_back_door(staff):
    with pytest.raises(Refused, match="your own"):
        second_factor.reset_second_factor(actor=staff.actor("ada"), person_id=staff.ada, at=NOON)


def test_the_permission_is_the_administrators_alone(app):
    doors = app.extensions["doors"]
    for endpoint in ("security_rules", "keep_security_rules", "reset_second_factor", "sign_out_person"):
        assert doors[f"people.{endpoint}"] is Permission.KEEP_SECURITY


def test_after_a_reset_by_command_line_the_password_is_enough(app, staff, client):
    sign_in(client)
    set_app_up(client)
    run = app.test_cli_runner().invoke
    done = run(people, ["reset-second-factor", "LENA@example.org"])
    assert done.exit_code == 0, done.output
    assert sign_in(app.test_client()).location == "/"
    for again in ("lena@example.org", "nobody@example.org"):
        done = run(people, ["reset-second-factor", again])
        assert done.exit_code == 1
        assert "Error" in done.output
