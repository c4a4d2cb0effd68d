"""The whole matrix: every route as everybody, with Lena's own things, by those who may and may not.

`test_doors` asks with things that do not exist, whom a door lets in. Here the things exist: who is
let in by the door must still not reach what is somebody else's.
"""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.db import db
from lms.people.models import Person, SignIn
from lms.web import door
from tests.house.test_hostile import CAST, FORMS, _counts, _may

OUTSIDE = {403, 404}
TO_THE_DOOR = {302, 303, 401}

# Who reaches Lena's thing behind a door that lets them in. Whoever is not named gets a 403 or 404.
EVERYBODY = frozenset(CAST)
REACH: dict[str, frozenset[str]] = {
    "attempt_id": frozenset({"lena"}),
    "serial": frozenset({"lena", "cora", "petra", "ada"}),
    "assignment_id": frozenset({"cora", "ada"}),
    "department_id": frozenset({"cora", "ada"}),
    "person_id": frozenset({"cora", "petra", "ada"}),
    "grant_id": frozenset({"ada"}),
    "message_id": frozenset({"ada"}),
    "passkey_id": frozenset({"lena"}),
    "sign_in_id": frozenset({"lena"}),
    "upload_id": frozenset({"ada"}),
    "address_id": frozenset({"lena"}),
    "place_id": frozenset({"petra", "ada"}),
}
# These lead to nobody's thing: what all may see, what is said by its own secret, what is static.
NOBODYS = frozenset({"key", "lesson_id", "number", "code", "token", "digest", "filename", "case_id", "entry"})


def _parameters(rule) -> set[str]:
    return set(re.findall(r"<[^:>]+:([^>]+)>", rule.rule))


def _routes(app):
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if rule.endpoint not in {"static", "people.sign_out"}:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule, method


def test_every_parameter_says_who_reaches_what_it_names(app):
    """A new kind of thing in an address: say in REACH who may reach Lena's, or that it is nobody's."""
    named = {one for rule, _method in _routes(app) for one in _parameters(rule)}
    assert named <= set(REACH) | NOBODYS


@pytest.mark.parametrize("name", ["noor", "otto", "petra", "cora", "ada"])
def test_nobody_reaches_what_is_lenas_but_those_who_must(app, world, as_, name):
    browser = as_(getattr(world.cast, name))
    before = _counts()
    wrong = []
    for rule, method in _routes(app):
        limits = [REACH[one] for one in _parameters(rule) if one in REACH]
        if not limits or not _may(app, world.cast, name, rule.endpoint):
            continue
        reaches = all(name in one for one in limits)
        if reaches and method == "POST":
            continue  # that it works is told elsewhere; here nothing may be recorded
        got = browser.open(world.address(rule.rule), method=method, data=FORMS.get(rule.endpoint, {}))
        if (got.status_code in OUTSIDE) == reaches:
            wrong.append(f"{name}: {method} {rule.rule} -> {got.status_code}")
    assert wrong == []
    assert _counts() == before


def _strangers(kind: str, world) -> None:
    """Make the signed-in Ada a stranger in one of the ways there are."""
    ada = world.cast.ada
    if kind == "deactivated":
        db.session.get(Person, ada).deactivated_at = datetime.now(UTC)
    else:
        changed = {
            "ended": {"ended_at": datetime.now(UTC)},
            "expired": {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
        }[kind]
        for row in db.session.scalars(select(SignIn).where(SignIn.person_id == ada)):
            for column, value in changed.items():
                setattr(row, column, value)
    db.session.commit()


@pytest.mark.parametrize("kind", ["deactivated", "ended", "expired"])
def test_who_is_no_longer_here_is_a_stranger_at_every_door(app, world, as_, client, kind):
    """An administrator whose account or session ended gets what somebody unknown gets."""
    browser = as_(world.cast.ada)
    assert browser.get("/people").status_code == 200
    _strangers(kind, world)
    before = _counts()
    written = db.session.scalar(select(func.count()).select_from(AuditEntry))
    wrong = []
    for rule, method in _routes(app):
        if isinstance(app.extensions["doors"][rule.endpoint], door.Anyone):
            continue
        got = browser.open(world.address(rule.rule), method=method, data=FORMS.get(rule.endpoint, {}))
        if got.status_code not in TO_THE_DOOR or "Ada Whitfield" in got.text:
            wrong.append(f"{method} {rule.rule} -> {got.status_code}")
    assert wrong == []
    assert _counts() == before
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == written


def test_a_forged_cookie_and_a_token_of_the_database_open_nothing(app, world, client):
    """The table holds digests: whoever reads it can sign in as nobody with what stands there."""
    digest = db.session.scalars(select(SignIn.token_digest)).first() or "0" * 64
    for token in (digest, "", "0" * 43, "\x00", None):
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        assert client.get("/profile").status_code in TO_THE_DOOR
