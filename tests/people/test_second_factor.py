"""The second factor: codes of an app, recovery codes, passkeys; the pages and what they refuse."""

import json
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.db import db
from lms.outbox import Message
from lms.people import operations
from lms.people.models import (
    Authenticator,
    HalfSignIn,
    Passkey,
    PasskeyChallenge,
    Person,
    RecoveryCode,
    SignIn,
)
from lms.people.queries import second_factor as asked
from lms.people.rules import second_factor as rules
from lms.web import limits
from tests.credit.test_parallel import at_once
from tests.people.device import Device

PASSWORD = "tremor quilt lantern"
SECURITY = "/profile/security"


@pytest.fixture
def lena(cast) -> int:
    for one in (cast.lena, cast.noor, cast.ada):
        db.session.get_one(Person, one).password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return cast.lena


def sign_in(client, who="lena", password=PASSWORD, **more):
    return client.post(
        "/sign-in", data={"email": f"{who}@example.org", "password": password, **more}
    )


def secret_on(page) -> str:
    return re.search(r'class="secret">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")


def set_app_up(client) -> tuple[str, list[str]]:
    """Set an app up by the pages; return its secret and the recovery codes."""
    client.post(f"{SECURITY}/authenticator")
    secret = secret_on(client.get(f"{SECURITY}/authenticator"))
    page = client.post(
        f"{SECURITY}/authenticator/confirm", data={"code": pyotp.TOTP(secret).now()}
    )
    return secret, re.findall(r'name="code" value="(\d{16})"', page.text)


def later_code(secret: str) -> str:
    """The code of the next half minute, which is accepted and was not used."""
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=30))


def asked_of(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text)


def add_passkey(client, device: Device, name="Phone"):
    options = asked_of(client.post(f"{SECURITY}/passkeys/options"))
    return client.post(
        f"{SECURITY}/passkeys", data={"name": name, "credential": device.create(options)}
    )


def is_in(client) -> bool:
    return client.get("/profile").status_code == 200


# Setting up


def test_an_app_counts_only_once_a_code_confirmed_it(app, client, lena):
    sign_in(client)
    client.post(f"{SECURITY}/authenticator")
    page = client.get(f"{SECURITY}/authenticator")
    assert "<svg" in page.text
    assert is_in(other := app.test_client()) is False
    assert sign_in(other).location == "/"
    wrong = client.post(f"{SECURITY}/authenticator/confirm", data={"code": "000000"})
    assert wrong.status_code == 422
    assert secret_on(wrong) == secret_on(page)
    client.post(f"{SECURITY}/authenticator/confirm", data={"code": pyotp.TOTP(secret_on(page)).now()})
    assert sign_in(app.test_client()).location.startswith("/sign-in/second-step")


def test_the_secret_is_sealed_for_its_owner_with_the_key_of_this_installation(client, lena):
    sign_in(client)
    secret, _codes = set_app_up(client)
    row = db.session.scalars(select(Authenticator)).one()
    assert secret not in row.sealed
    key = rules.sealing_key("a-secret-for-tests-only-0123456789abcdef")
    assert rules.unsealed(row.sealed, key=key, person_id=lena) == secret
    assert rules.unsealed(row.sealed, key=key, person_id=lena + 1) is None
    assert rules.unsealed(row.sealed, key=rules.sealing_key("x" * 40), person_id=lena) is None


def test_what_was_begun_and_left_can_not_be_finished_by_the_next_one(client, lena):
    sign_in(client)
    client.post(f"{SECURITY}/authenticator")
    secret = secret_on(client.get(f"{SECURITY}/authenticator"))
    row = db.session.scalars(select(Authenticator)).one()
    row.started_at = datetime.now(UTC) - timedelta(minutes=16)
    db.session.commit()
    assert client.get(f"{SECURITY}/authenticator").status_code == 303
    got = client.post(f"{SECURITY}/authenticator/confirm", data={"code": pyotp.TOTP(secret).now()})
    assert got.location == SECURITY
    assert not asked.factors_of(lena)


def test_the_first_factor_signs_out_every_other_browser_and_brings_ten_codes(app, client, lena):
    other = app.test_client()
    sign_in(other)
    sign_in(client)
    _secret, codes = set_app_up(client)
    assert len(set(codes)) == 10
    assert is_in(client)
    assert not is_in(other)
    kept = db.session.scalars(select(RecoveryCode)).all()
    assert len(kept) == 10
    assert not {one.digest for one in kept} & set(codes)
    subjects = db.session.scalars(select(Message.body)).all()
    assert any("authenticator app was added" in one for one in subjects)


def test_the_codes_are_saved_as_a_file_and_nothing_else_is(client, lena):
    sign_in(client)
    _secret, codes = set_app_up(client)
    file = client.post(f"{SECURITY}/codes/file", data={"code": codes})
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert len(file.text.splitlines()) == 12
    assert rules.in_groups(codes[0]) in file.text
    for bad in ("<script>", "1" * 15, "1" * 17, "\u0661" * 16, "1\x00" * 8):
        assert client.post(f"{SECURITY}/codes/file", data={"code": bad}).status_code == 303


# The second step


def test_the_password_alone_opens_nothing(app, client, lena):
    sign_in(client)
    set_app_up(client)
    half = app.test_client()
    assert sign_in(half, next="/transcript").location == "/sign-in/second-step?next=/transcript"
    for address in ("/", "/profile", "/courses", SECURITY, "/unlock", "/transcript.pdf"):
        got = half.get(address)
        assert got.status_code == 303, address
        assert got.location.startswith("/sign-in"), address
    assert half.post("/profile", data={"name": "X"}).location.startswith("/sign-in")
    assert half.get("/profile", headers={"Accept": "application/json"}).status_code == 401


def test_every_route_treats_a_half_signed_in_browser_as_nobody(app, client, lena):
    sign_in(client)
    set_app_up(client)
    half, nobody = app.test_client(), app.test_client()
    sign_in(half)
    doors = app.extensions["doors"]
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or "second-step" in rule.rule or rule.rule == "/sign-out":
            continue
        address = re.sub(r"<int:[^>]+>", "1", re.sub(r"<string:[^>]+>", "x", rule.rule))
        for method in rule.methods & {"GET", "POST"}:
            one = half.open(address, method=method)
            other = nobody.open(address, method=method)
            assert (one.status_code, one.location) == (other.status_code, other.location), address
            if not str(doors[rule.endpoint]).startswith("Anyone"):
                assert one.status_code == 303, address


def test_the_code_of_the_app_signs_in_where_one_wanted_to_go(app, client, lena):
    sign_in(client)
    secret, _codes = set_app_up(client)
    browser = app.test_client()
    sign_in(browser, next="/transcript")
    page = browser.get("/sign-in/second-step?next=/transcript")
    assert 'value="/transcript"' in page.text
    got = browser.post(
        "/sign-in/second-step", data={"code": later_code(secret), "next": "/transcript"}
    )
    assert (got.status_code, got.location) == (303, "/transcript")
    assert is_in(browser)
    with browser.session_transaction() as session:
        assert "half" not in session


def test_each_code_is_accepted_once(app, client, lena):
    sign_in(client)
    secret, _codes = set_app_up(client)
    code = later_code(secret)
    first, second = app.test_client(), app.test_client()
    sign_in(first), sign_in(second)
    assert first.post("/sign-in/second-step", data={"code": code}).status_code == 303
    assert second.post("/sign-in/second-step", data={"code": code}).status_code == 422
    # Nor does the older one count, which was shown before.
    older = pyotp.TOTP(secret).now()
    assert second.post("/sign-in/second-step", data={"code": older}).status_code == 422
    assert not is_in(second)


def test_one_code_sent_ten_times_at_once_opens_one_browser(app, client, lena):
    sign_in(client)
    secret, _codes = set_app_up(client)
    code = later_code(secret)
    browsers = [app.test_client() for _ in range(6)]
    for one in browsers:
        sign_in(one)
    answers = at_once(browsers, lambda one: one.post("/sign-in/second-step", data={"code": code}))
    assert sorted(one.status_code for one in answers) == [303, 422, 422, 422, 422, 422]


@pytest.mark.parametrize(
    "written", ["{a}{b}{c}{d}", "{a} {b} {c} {d}", "{a}-{b}-{c}-{d}", " {a}  {b}{c} {d}\t"]
)
def test_a_recovery_code_is_good_once_however_it_is_written(app, client, lena, written):
    sign_in(client)
    _secret, codes = set_app_up(client)
    a, b, c, d = re.findall("....", codes[3])
    typed = written.format(a=a, b=b, c=c, d=d)
    browser, again = app.test_client(), app.test_client()
    sign_in(browser)
    assert browser.post("/sign-in/second-step", data={"code": typed}).status_code == 303
    assert is_in(browser)
    sign_in(again)
    assert again.post("/sign-in/second-step", data={"code": typed}).status_code == 422
    assert asked.factors_of(lena).codes_left == 9
    assert "9 are left" in db.session.scalars(select(Message.body).order_by(Message.id.desc())).first()


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "1234567", "abcdef", "\x00" * 6, "१२३४५६", "0" * 16, "1" * 5000, "-1", "1e5000",
     "' OR 1=1", "123456; 123456", "\u202e123456"],
)  # fmt: skip
def test_anything_else_is_refused_and_stays_a_page(app, client, lena, typed):
    sign_in(client)
    set_app_up(client)
    browser = app.test_client()
    sign_in(browser)
    got = browser.post("/sign-in/second-step", data={"code": typed})
    assert got.status_code == 422
    assert not is_in(browser)


def test_ten_tries_then_a_wait_also_with_the_right_code(app, client, lena):
    sign_in(client)
    secret, codes = set_app_up(client)
    browser = app.test_client()
    sign_in(browser)
    for number in range(9):
        assert browser.post("/sign-in/second-step", data={"code": f"{number:06}"}).status_code == 422
    assert browser.post("/sign-in/second-step", data={"code": "999999"}).status_code == 429
    for right in (later_code(secret), codes[0]):
        got = browser.post("/sign-in/second-step", data={"code": right})
        assert got.status_code == 429
        assert got.headers["Retry-After"] == "900"
    # A new half sign-in, from elsewhere, has no new tries.
    other = app.test_client()
    sign_in(other)
    got = other.post(
        "/sign-in/second-step", data={"code": codes[0]}, environ_overrides={"REMOTE_ADDR": "198.51.100.9"}
    )
    assert got.status_code == 429


def test_thirty_tries_a_day_whatever_the_pauses(app, client, lena):
    sign_in(client)
    _secret, codes = set_app_up(client)
    at = datetime.now(UTC) - timedelta(hours=5)
    for _ in range(30):
        limits.note(f"second-step:{lena}", at=at)
    db.session.commit()
    browser = app.test_client()
    sign_in(browser)
    assert browser.post("/sign-in/second-step", data={"code": codes[0]}).status_code == 429


def test_a_half_sign_in_ends_after_ten_minutes_and_with_the_account(app, client, lena):
    sign_in(client)
    secret, codes = set_app_up(client)
    for change in ({"expires_at": datetime.now(UTC) - timedelta(seconds=1)}, {"ended_at": datetime.now(UTC)}):
        browser = app.test_client()
        sign_in(browser)
        row = db.session.scalars(select(HalfSignIn).order_by(HalfSignIn.id.desc())).first()
        for name, value in change.items():
            setattr(row, name, value)
        db.session.commit()
        assert browser.get("/sign-in/second-step").location.startswith("/sign-in?")
        assert browser.post("/sign-in/second-step", data={"code": codes[0]}).location.startswith("/sign-in?")
    browser = app.test_client()
    sign_in(browser)
    db.session.get_one(Person, lena).deactivated_at = datetime.now(UTC)
    db.session.commit()
    assert browser.post("/sign-in/second-step", data={"code": codes[0]}).status_code == 303
    assert not is_in(browser)


def test_a_new_password_ends_what_was_half_signed_in_with_the_old_one(app, client, lena, cast):
    sign_in(client)
    _secret, codes = set_app_up(client)
    half = app.test_client()
    sign_in(half)
    operations.change_password(
        actor=cast.actor("lena"), present=PASSWORD, password="harbor violin almanac",
        at=datetime.now(UTC),
    )
    db.session.commit()
    assert half.post("/sign-in/second-step", data={"code": codes[0]}).location.startswith("/sign-in?")
    assert not is_in(half)


def test_without_a_factor_signing_in_is_one_step(client, lena):
    assert sign_in(client).location == "/"
    assert db.session.scalar(select(func.count()).select_from(HalfSignIn)) == 0


def test_another_secret_key_is_told_and_recovery_codes_still_work(app, client, lena):
    sign_in(client)
    secret, codes = set_app_up(client)
    row = db.session.scalars(select(Authenticator)).one()
    row.sealed = rules.sealed(secret, key=rules.sealing_key("y" * 40), nonce=b"0" * 12, person_id=lena)
    db.session.commit()
    browser = app.test_client()
    sign_in(browser)
    assert "secret key was changed" in browser.get("/sign-in/second-step").text
    assert browser.post("/sign-in/second-step", data={"code": later_code(secret)}).status_code == 422
    assert browser.post("/sign-in/second-step", data={"code": codes[0]}).status_code == 303


# Removing


def test_without_the_last_factor_the_password_is_enough_again(app, client, lena):
    sign_in(client)
    set_app_up(client)
    assert client.post(f"{SECURITY}/authenticator/remove").status_code == 303
    assert asked.factors_of(lena).codes_left == 0
    assert sign_in(app.test_client()).location == "/"
    assert any("was removed" in one for one in db.session.scalars(select(Message.body)))


def test_another_phone_takes_the_place_of_the_one_before(app, client, lena):
    sign_in(client)
    first, codes = set_app_up(client)
    second, none = set_app_up(client)
    assert none == []  # the codes stay the same
    assert first != second
    browser = app.test_client()
    sign_in(browser)
    assert browser.post("/sign-in/second-step", data={"code": later_code(first)}).status_code == 422
    assert browser.post("/sign-in/second-step", data={"code": codes[0]}).status_code == 303


def test_new_recovery_codes_end_those_before(app, client, lena):
    sign_in(client)
    _secret, codes = set_app_up(client)
    page = client.post(f"{SECURITY}/codes")
    new = re.findall(r'name="code" value="(\d{16})"', page.text)
    assert len(new) == 10
    browser = app.test_client()
    sign_in(browser)
    assert browser.post("/sign-in/second-step", data={"code": codes[0]}).status_code == 422
    assert browser.post("/sign-in/second-step", data={"code": new[0]}).status_code == 303


@pytest.mark.parametrize(
    "action",
    ["authenticator", "authenticator/remove", "codes", "passkeys/options", "passkeys", "passkeys/1/remove"],
)
def test_what_one_signs_in_with_is_changed_only_with_a_fresh_proof(client, lena, action):
    sign_in(client)
    _secret, codes = set_app_up(client)
    add_passkey(client, Device())
    old = datetime.now(UTC) - timedelta(minutes=16)
    for row in db.session.scalars(select(SignIn)):
        row.proved_at = row.started_at = old
    db.session.commit()
    before = db.session.scalar(select(func.count()).select_from(AuditEntry))
    got = client.post(f"{SECURITY}/{action}")
    assert got.location == "/unlock?next=/profile/security"
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == before
    wrong = client.post("/unlock", data={"password": "wrong", "next": SECURITY})
    assert wrong.status_code == 422
    with client.session_transaction() as session:
        token = session["_user_id"]
    assert client.post("/unlock", data={"password": PASSWORD, "next": SECURITY}).location == SECURITY
    with client.session_transaction() as session:
        assert session["_user_id"] != token  # what was copied before is worth nothing
    assert client.post(f"{SECURITY}/{action}").location != "/unlock?next=/profile/security"


# Passkeys


def second_step_by(browser, device: Device, **changes):
    options = asked_of(browser.post("/sign-in/second-step/options"))
    return browser.post(
        "/sign-in/second-step/passkey", data={"credential": device.get(options, **changes)}
    )


def sign_in_by(browser, device: Device, **changes):
    options = asked_of(browser.post("/sign-in/passkey/options"))
    return browser.post("/sign-in/passkey", data={"credential": device.get(options, **changes)})


def test_a_passkey_is_a_second_factor(app, client, lena):
    sign_in(client)
    device = Device(verifies=False)
    page = add_passkey(client, device)
    assert len(re.findall(r'name="code" value="\d{16}"', page.text)) == 10
    browser = app.test_client()
    sign_in(browser)
    assert second_step_by(browser, device).status_code == 303
    assert is_in(browser)


def test_a_passkey_that_verifies_its_owner_signs_in_alone(app, client, lena):
    sign_in(client)
    device = Device()
    add_passkey(client, device)
    browser = app.test_client()
    got = sign_in_by(browser, device)
    assert (got.status_code, got.location) == (303, "/")
    assert is_in(browser)
    row = db.session.scalars(select(SignIn).order_by(SignIn.id.desc())).first()
    assert row.factor_at is not None


@pytest.mark.parametrize(
    "bend",
    [
        {"origin": "https://evil.example"}, {"origin": "http://localhost:8000"},
        {"origin": "http://localhost.evil.example"}, {"host": "evil.example"}, {"verifies": False},
        {"grows": 0}, {"count": 0}, {"id": b"x" * 32}, {"handle": "AAAA"}, {"handle": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_passkey_that_does_not_hold_opens_nothing(app, client, lena, bend):
    sign_in(client)
    device = Device(count=5)
    add_passkey(client, device)
    for name, value in bend.items():
        setattr(device, name, value)
    browser = app.test_client()
    got = sign_in_by(browser, device)
    assert got.location.startswith("/sign-in")
    assert not is_in(browser)


def test_another_key_behind_the_same_name_opens_nothing(app, client, lena):
    sign_in(client)
    device = Device()
    add_passkey(client, device)
    device.key = Device().key
    browser = app.test_client()
    sign_in_by(browser, device)
    assert not is_in(browser)


def test_a_challenge_is_good_once_in_one_browser_for_one_purpose(app, client, lena):
    sign_in(client)
    device = Device()
    add_passkey(client, device)
    browser, thief = app.test_client(), app.test_client()
    options = asked_of(browser.post("/sign-in/passkey/options"))
    answer = device.get(options)
    # Caught on its way, and sent from elsewhere.
    asked_of(thief.post("/sign-in/passkey/options"))
    thief.post("/sign-in/passkey", data={"credential": answer})
    assert not is_in(thief)
    with browser.session_transaction() as session:
        kept = dict(session["asked"])
    assert browser.post("/sign-in/passkey", data={"credential": answer}).location == "/"
    # Sent again with a copy of the cookie.
    device.count = 0
    with thief.session_transaction() as session:
        session["asked"] = kept
    thief.post("/sign-in/passkey", data={"credential": answer})
    assert not is_in(thief)
    # One for the second step does not sign in alone.
    sign_in(thief)
    options = asked_of(thief.post("/sign-in/second-step/options"))
    with thief.session_transaction() as session:
        session["asked"] = session["asked"] | {"for": "sign-in"}
    thief.post("/sign-in/passkey", data={"credential": device.get(options)})
    assert not is_in(thief)


def test_a_challenge_is_good_for_five_minutes(app, client, lena):
    sign_in(client)
    device = Device()
    add_passkey(client, device)
    browser = app.test_client()
    options = asked_of(browser.post("/sign-in/passkey/options"))
    for row in db.session.scalars(select(PasskeyChallenge)):
        row.expires_at = datetime.now(UTC) - timedelta(seconds=1)
    db.session.commit()
    browser.post("/sign-in/passkey", data={"credential": device.get(options)})
    assert not is_in(browser)


def test_the_passkey_of_somebody_else_is_not_a_second_factor(app, client, lena):
    sign_in(client)
    add_passkey(client, Device())
    other, theirs = app.test_client(), Device()
    sign_in(other, "noor")
    add_passkey(other, theirs)
    browser = app.test_client()
    sign_in(browser)
    assert second_step_by(browser, theirs).status_code == 422
    assert second_step_by(browser, theirs, userHandle=None).status_code == 422
    assert not is_in(browser)


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", '"x"', "[" * 5000, '{"id": 1}', '{"rawId": "AA", "response": []}',
     '{"rawId": "\\u0000", "response": {}}', "x" * 100_000, "\x00", "\u202e{}",
     '{"rawId":"AA","response":{"clientDataJSON":"e30","authenticatorData":"e30","signature":"AA"}}'],
)  # fmt: skip
def test_nonsense_of_a_device_is_refused_everywhere(app, client, lena, answer):
    sign_in(client)
    client.post(f"{SECURITY}/passkeys/options")
    got = client.post(f"{SECURITY}/passkeys", data={"name": "x", "credential": answer})
    assert got.status_code == 422
    add_passkey(client, Device())
    browser = app.test_client()
    browser.post("/sign-in/passkey/options")
    assert browser.post("/sign-in/passkey", data={"credential": answer}).status_code == 303
    sign_in(browser)
    browser.post("/sign-in/second-step/options")
    got = browser.post("/sign-in/second-step/passkey", data={"credential": answer})
    assert got.status_code == 422
    assert not is_in(browser)


@pytest.mark.parametrize("bend", [{"origin": "https://evil.example"}, {"host": "evil.example"}], ids=str)
def test_a_passkey_made_elsewhere_is_not_added(client, lena, bend):
    sign_in(client)
    got = add_passkey(client, Device(**bend))
    assert got.status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Passkey)) == 0


def test_a_passkey_is_added_once_named_and_removed_by_its_owner_only(app, client, lena):
    sign_in(client)
    device = Device()
    add_passkey(client, device)
    assert add_passkey(client, device).status_code == 422
    key = db.session.scalars(select(Passkey)).one()
    client.post(f"{SECURITY}/passkeys/{key.id}/name", data={"name": "Blue key \u202e"})
    assert "Blue key" in client.get(SECURITY).text
    other = app.test_client()
    sign_in(other, "noor")
    assert other.post(f"{SECURITY}/passkeys/{key.id}/remove").status_code == 404
    assert other.post(f"{SECURITY}/passkeys/{key.id}/name", data={"name": "x"}).status_code == 404
    assert client.post(f"{SECURITY}/passkeys/{key.id}/remove").status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Passkey)) == 0


def test_two_devices_of_one_person_share_a_handle_and_have_their_own_keys(app, client, lena):
    sign_in(client)
    first, second = Device(), Device()
    add_passkey(client, first)
    assert add_passkey(client, second, "Key").status_code == 303
    assert first.handle == second.handle
    for one in (first, second):
        browser = app.test_client()
        sign_in_by(browser, one)
        assert is_in(browser)


def test_everything_is_in_the_trail(app, client, lena):
    sign_in(client)
    _secret, codes = set_app_up(client)
    add_passkey(client, Device())
    client.post(f"{SECURITY}/codes")
    client.post(f"{SECURITY}/authenticator/remove")
    actions = [one.action for one in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    for action in ("second-factor.added", "recovery-codes.made", "second-factor.removed"):
        assert action in actions
    details = " ".join(json.dumps(one.detail) for one in db.session.scalars(select(AuditEntry)))
    assert not any(code in details for code in codes)
