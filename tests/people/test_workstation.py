"""A shared computer: said at sign-in, locked when left alone, opened by the same person only."""

import re
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import flask
import pytest
from sqlalchemy import select

from lms.db import db
from lms.people import operations
from lms.people.models import Person, SignIn
from lms.people.operations import second_factor
from lms.people.queries.second_factor import Security
from tests.conftest import NOON
from tests.people.device import Device
from tests.people.test_second_factor import PASSWORD, add_passkey, asked_of, sign_in

ORIGIN = {"Origin": "http://localhost"}
JSON = {"Accept": "application/json"}
PROFILE = {
    "name": "Lena Nguyễn, MD", "certificate_name": "Lena Nguyễn-Okafor, MD",
    "profession": "physician", "licence_state": "CA", "zone": "", "name_locale": "",
}  # fmt: skip


@pytest.fixture
def lena(cast) -> int:
    for one in (cast.lena, cast.noor):
        db.session.get_one(Person, one).password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return cast.lena


def row() -> SignIn:
    db.session.expire_all()
    return db.session.scalars(select(SignIn).order_by(SignIn.id.desc())).first()


def leave_alone(minutes: float) -> None:
    one = row()
    one.seen_at = one.started_at = one.proved_at = datetime.now(UTC) - timedelta(minutes=minutes)
    db.session.commit()


def cookies(answer) -> SimpleCookie:
    jar = SimpleCookie()
    for line in answer.headers.getlist("Set-Cookie"):
        jar.load(line)
    return jar


def is_in(client) -> bool:
    return client.get("/profile").status_code == 200


def test_the_cookie_of_a_shared_computer_ends_with_the_browser(client, lena):
    own = cookies(sign_in(client))
    assert own["rounds"]["expires"]
    client.post("/sign-out")
    shared = cookies(sign_in(client, shared="y"))
    assert shared["rounds"]["expires"] == ""
    assert shared["rounds"]["httponly"]
    assert row().idle_minutes == 5


def test_the_browser_remembers_that_it_is_shared(client, lena):
    assert 'name="shared" type="checkbox" value="y"' in client.get("/sign-in").text
    sign_in(client, shared="y")
    client.post("/sign-out")
    assert "checked" in client.get("/sign-in").text
    sign_in(client)
    client.post("/sign-out")
    assert "checked" not in client.get("/sign-in").text


def test_the_administrator_sets_what_is_ticked_beforehand_and_the_minutes(cast, client, lena):
    second_factor.keep_security(
        actor=cast.actor("ada"), security=Security(is_shared_by_default=True, idle_minutes=2), at=NOON
    )
    db.session.commit()
    assert "checked" in client.get("/sign-in").text
    sign_in(client, shared="y")
    assert row().idle_minutes == 2
    assert 'data-minutes="2"' in client.get("/profile").text


def test_minutes_changed_count_for_those_at_shared_computers_at_once(cast, client, lena):
    sign_in(client, shared="y")
    second_factor.keep_security(
        actor=cast.actor("ada"), security=Security(idle_minutes=1), at=NOON
    )
    db.session.commit()
    assert row().idle_minutes == 1


@pytest.mark.parametrize(("minutes", "open_"), [(4, True), (5.5, True), (6.1, False), (60, False)])
def test_left_alone_it_locks_and_a_minute_of_what_was_noted_is_forgiven(client, lena, minutes, open_):
    sign_in(client, shared="y")
    leave_alone(minutes)
    assert is_in(client) is open_


def test_a_computer_of_ones_own_does_not_lock(client, lena):
    sign_in(client)
    leave_alone(90)
    assert is_in(client)
    assert 'id="lock"' not in client.get("/profile").text
    client.post("/lock")
    assert is_in(client)


def test_reading_on_keeps_it_open_and_is_noted_each_minute(client, lena):
    sign_in(client, shared="y")
    leave_alone(1.5)
    assert client.post("/seen", headers=JSON).status_code == 204
    assert datetime.now(UTC) - row().seen_at < timedelta(seconds=30)
    leave_alone(7)
    assert client.post("/seen", headers=JSON).status_code == 401


def test_the_same_person_opens_it_and_is_back_on_the_same_page(client, lena):
    sign_in(client, shared="y")
    leave_alone(10)
    got = client.get("/transcript?year=2026")
    assert got.location == "/unlock?next=/transcript%3Fyear%3D2026"
    page = client.get(got.location).text
    assert "Locked" in page
    wrong = client.post("/unlock", data={"password": "wrong", "next": "/transcript?year=2026"})
    assert wrong.status_code == 422
    assert not is_in(client)
    with client.session_transaction() as session:
        before = session["_user_id"]
    done = client.post("/unlock", data={"password": PASSWORD, "next": "/transcript?year=2026"})
    assert done.location == "/transcript?year=2026"
    assert is_in(client)
    with client.session_transaction() as session:
        assert session["_user_id"] != before
        assert not session.permanent


def test_a_form_sent_under_the_lock_waits_and_is_sent_after(client, lena):
    sign_in(client, shared="y")
    leave_alone(10)
    got = client.post("/profile", data=PROFILE, headers=ORIGIN | {"Referer": "http://localhost/profile"})
    assert got.location == "/unlock?next=/profile"
    assert client.post("/unlock", data={"password": PASSWORD, "next": "/profile"}).location == "/unsent"
    assert "Lena Nguyễn-Okafor, MD" in client.get("/unsent").text


def test_somebody_elses_password_does_not_open_it(cast, client, lena):
    db.session.get_one(Person, cast.noor).password_hash = operations.hashed("harbor violin almanac")
    db.session.commit()
    sign_in(client, shared="y")
    client.post("/lock")
    assert client.post("/unlock", data={"password": "harbor violin almanac"}).status_code == 422
    assert not is_in(client)


def test_ten_wrong_passwords_then_a_wait(client, lena):
    sign_in(client, shared="y")
    client.post("/lock")
    for _ in range(10):
        assert client.post("/unlock", data={"password": "wrong"}).status_code == 422
    assert client.post("/unlock", data={"password": PASSWORD}).status_code == 429
    assert not is_in(client)


def test_somebody_else_signs_out_what_is_locked(client, lena):
    sign_in(client, shared="y")
    client.post("/lock")
    assert client.post("/sign-out").location == "/sign-in"
    assert row().ended_at is not None
    assert client.get("/unlock").location.startswith("/sign-in")


def test_a_locked_token_copied_before_stays_locked_and_dies_at_opening(app, client, lena):
    sign_in(client, shared="y")
    with client.session_transaction() as session:
        token = session["_user_id"]
    client.post("/lock")
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"] = token
    assert not is_in(thief)
    client.post("/unlock", data={"password": PASSWORD})
    assert is_in(client)
    assert not is_in(thief)
    assert thief.get("/unlock").location.startswith("/sign-in")


def test_by_script_it_answers_json_and_the_form_token_stays_good(app, client, lena):
    app.config["WTF_CSRF_ENABLED"] = True

    def token(address: str) -> str:
        flask.g.pop("csrf_token", None)  # requests of a test share what is kept for one
        return re.search(r'name="csrf-token" content="([^"]+)"', client.get(address).text)[1]

    first = token("/sign-in")
    sign_in(client, shared="y", csrf_token=first)
    kept = token("/profile")  # what an open page holds
    sent = JSON | {"X-CSRFToken": kept}
    assert client.post("/lock", headers=sent).json == {"locked": True}
    wrong = client.post("/unlock", data={"password": "x"}, headers=sent)
    assert wrong.status_code == 422
    assert "not the password" in wrong.json["detail"]
    assert client.post("/unlock", data={"password": PASSWORD}, headers=sent).json == {"opened": True}
    saved = client.post("/profile", data=PROFILE | {"csrf_token": kept})
    assert (saved.status_code, saved.location) == (303, "/profile")


def test_a_passkey_opens_it_too_but_only_ones_own(app, client, lena):
    sign_in(client, shared="y")
    device = Device(verifies=False)
    add_passkey(client, device)
    client.post("/lock")
    options = asked_of(client.post("/unlock/options"))
    bad = client.post("/unlock/passkey", data={"credential": Device().get(options)}, headers=JSON)
    assert bad.status_code == 422
    assert not is_in(client)
    options = asked_of(client.post("/unlock/options"))
    good = client.post("/unlock/passkey", data={"credential": device.get(options)}, headers=JSON)
    assert good.json == {"opened": True}
    assert is_in(client)


def test_signing_out_asks_the_browser_to_clear_what_it_keeps(client, lena):
    sign_in(client, shared="y")
    got = client.post("/sign-out")
    assert got.headers["Clear-Site-Data"] == '"storage"'
    assert got.headers["Cache-Control"] == "no-store"


def test_the_lock_never_leads_elsewhere_or_in_circles(client, lena):
    sign_in(client, shared="y")
    client.post("/lock")
    for target in ("//evil.example", "https://evil.example", "/unlock", "/unlock?next=/unlock", "\\\\evil"):
        client.post("/lock")
        got = client.post("/unlock", data={"password": PASSWORD, "next": target})
        assert got.location == "/", target
