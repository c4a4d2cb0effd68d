"""The security page names tests and files that are there, and what only it names is tested here."""

import re
from pathlib import Path

import pytest

from lms.app import create_app
from lms.audit import AuditEntry
from lms.db import db
from lms.people.models import Person
from lms.people.operations import hashed
from tests.conftest import make_settings

HOME = Path(__file__).resolve().parents[2]
PAGES = ("docs/security.md", "docs/threat-model.md", "SECURITY.md")
PASSWORD = "five purple trains at noon"


def _named(page: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", (HOME / page).read_text(encoding="utf-8")))


def _tests() -> set[str]:
    found: set[str] = set()
    for path in (HOME / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_test_and_file_that_the_security_page_names_is_there(page):
    named = _named(page)
    assert {one for one in named if re.fullmatch(r"test_\w+", one)} - _tests() == set()
    files = {one for one in named if "/" in one and re.fullmatch(r"[\w./-]+", one)}
    files = {one for one in files if not one.startswith("/")}
    assert {one for one in files if not (HOME / one).exists()} == set()
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", (HOME / page).read_text(encoding="utf-8"))
    assert [one for one in linked if not (HOME / page).parent.joinpath(one).exists()] == []


def test_every_line_of_the_tables_has_a_state_and_what_is_met_has_a_proof_or_a_place():
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (HOME / "docs/security.md").read_text(encoding="utf-8").splitlines()
        if re.match(r"\| \d+\.\d+", line)
    ]
    assert len(rows) > 100
    for number, _asks, where, proof, state in rows:
        assert re.match(r"met|partly|not met|yours", state), number
        assert where or proof or state != "met", number
        assert state in {"met", "yours"} or len(state.split()) > 1 or proof, number


def test_no_script_writes_html_or_keeps_anything_in_the_browser():
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
        r"|localStorage|sessionStorage|indexedDB|document\.cookie|caches\."
    )
    for path in (HOME / "static").glob("*.js"):
        assert not forbidden.search(path.read_text(encoding="utf-8")), path.name


def test_the_cookie_is_kept_from_scripts(tmp_path, fresh_database):
    for base_url, name, secure in (
        ("https://rounds.example.org", "__Host-rounds", True),
        ("http://localhost", "rounds", False),
    ):
        app = create_app(
            make_settings(tmp_path, database_url=fresh_database(tmp_path), base_url=base_url)
        )
        got = app.test_client().get("/sign-in", base_url=base_url)
        (kept,) = [one for one in got.headers.getlist("Set-Cookie") if one.startswith(f"{name}=")]
        assert "HttpOnly" in kept
        assert "SameSite=Lax" in kept
        assert "Path=/" in kept
        assert "Domain" not in kept
        assert ("Secure" in kept) == secure
        with app.app_context():
            db.engine.dispose()


def test_each_sign_in_and_each_refused_one_is_in_the_trail(app, cast, client):
    db.session.get(Person, cast.lena).password_hash = hashed(PASSWORD)
    db.session.commit()
    for email, password in (
        ("lena@example.org", "not this one at all"), ("nobody@example.org", PASSWORD),
        ("lena@example.org", PASSWORD),
    ):  # fmt: skip
        client.post("/sign-in", data={"email": email, "password": password})
    rows = db.session.query(AuditEntry).order_by(AuditEntry.id).all()
    told = [(row.action, row.thing, row.actor_id, row.detail) for row in rows]
    assert told == [
        ("sign-in.refused", f"person:{cast.lena}", None, {}),
        ("sign-in.refused", "stranger:unknown", None, {}),
        ("sign-in.begun", f"person:{cast.lena}", cast.lena, {"factors": 1}),
    ]


def test_who_was_refused_what_is_logged_by_number(app, cast, as_, client, caplog):
    as_(cast.lena).get("/people?q=Ada+Whitfield")
    assert f"refused (403): {cast.lena} at GET people.people" in caplog.text
    caplog.clear()
    app.config["WTF_CSRF_ENABLED"] = True
    client.post("/sign-in", data={"email": "lena@example.org", "password": PASSWORD})
    assert "refused (token): a stranger at POST people.open_session" in caplog.text
    assert "lena" not in caplog.text.lower()
    assert "Whitfield" not in caplog.text
