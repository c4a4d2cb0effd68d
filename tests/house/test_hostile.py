"""Odd, huge and forged input at every address as everybody: a page, never a crash, never a record.

`python -m pytest tests/house/test_hostile.py` prints the request that failed, ready to repeat.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import quote_plus, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from lms.access import holds
from lms.certificates.models import LedgerEntry
from lms.certificates.operations import revoke
from lms.courses.models import Course, CourseVersion
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Attempt, Completion, Enrolment, EvaluationReceipt, TimeExtension
from lms.outbox import Message
from lms.people.models import Department, Organisation, Person, RoleGrant
from lms.web import door
from tests.conftest import NOON
from tests.courses.tiny import KEY

CAST = ("nobody", "lena", "noor", "cora", "otto", "petra", "ada")
RECORDS = (
    Attempt, Claim, Completion, Course, CourseVersion, Department, Enrolment, EvaluationReceipt,
    LedgerEntry, Organisation, Person, RoleGrant, TimeExtension,
)  # fmt: skip

# As they stand in a body or an address, so that bytes that are no text can be among them.
HOSTILE = (
    *map(
        quote_plus,
        (
            "", " ", "\x00", "a\x00b", "\x1b[31m\r\nSet-Cookie: a=b", "\u202egnp.exe\u2066",
            "\ufeff\u200b", "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>",
            "' OR 1=1; DROP TABLE people; --", "{{7*7}}${x}%s%n", "../../etc/passwd", "-1", "0",
            "9" * 5000, "1e309", "9e999999", "1e-9999999", "NaN", "sNaN", "-Infinity", "1_0",
            "0001-01-01", "9999-12-31", "2026-13-45", "course:nothing", "series:", ":", "@",
            "a@b", "http://[", "//evil.example", "\ufdfa" * 200, "e\u0301" * 300, "王" * 3000,
            "[]", '{"a": 1}', "true", "null", "administrator",
        ),
    ),
    "%ED%A0%80", "%FF%FE", "%", "%zz", "x" * 200_000,
)  # fmt: skip

FORMS: Mapping[str, Mapping[str, str]] = {
    "assignments.create": {
        "what": f"course:{KEY}", "department_id": "1", "due_on": "2027-01-31",
        "accept_days": "365", "reason": "Because.", "asked_by": "The department", "basis": "",
    },
    "assignments.close": {"reason": "Because."},
    "assignments.grant_exemption": {"reason": "Because."},
    "quiz.answer": {"mark": "0", "choice": "0", "step": "1", "go": "2", "restart": ""},
    "quiz.extend": {"percent": "50", "course": KEY},
    "certificates.revoke_now": {"reason": "Because.", "confirmed": "y"},
    "certificates.supersede_now": {"name": "Lena", "reason": "Because.", "confirmed": "y"},
    "credit.claim_now": {
        "objective_o1": "4", "objective_o2": "5", "bias": "no", "bias_text": "", "change": "no",
        "change_text": "", "comment": "", "legal_name": "Lena", "claim": "0.75",
    },
    "learning.position": {"anchor": "", "lesson": "soap"},
    "learning.start": {"acknowledged": "y", "again": ""},
    "courses.retire": {"reason": "Because.", "confirmed": "y"},
    "people.mail_link": {"email": "lena@example.org"},
    "people.keep_organisation": {
        "name": "Hospital", "line": "Office", "signer_name": "E. M.", "signer_title": "Director",
        "contact_email": "a@example.org",
    },
    "people.choose_for_roster": {
        "creates_departments": "y", "other_links": "add", "link-2": "add",
    },
    "people.import_now": {"seen": "new=1", "only_good": "y", "invites": "y", "ends_leavers": ""},
    "people.add_address": {"further": "lena@example.org", "why": "Because."},
    "people.end_address": {"ended": "1", "why_ended": "Because."},
    "people.deactivate": {"reason": "Because."},
    "people.reactivate": {"reason": "Because."},
    "people.change_email": {"email": "other@example.org"},
    "people.move": {"department_id": "1"},
    "people.grant": {"role": "planner", "place_id": "1"},
    "people.create": {
        "email": "new@example.org", "name": "New", "profession": "nurse", "licence_state": "",
        "department_id": "1",
    },
    "people.add_department": {"name": "New", "parent_id": "0"},
    "people.keep_department": {"name": "New", "parent_id": "0"},
    "people.keep_profile": {
        "name": "N", "certificate_name": "N", "name_locale": "", "profession": "nurse",
        "licence_state": "", "zone": "",
    },
    "people.change_password": {"present": "x", "password": "y"},
    "people.set_password": {"password": "y"},
    "people.open_session": {"email": "lena@example.org", "password": "x", "next": "/"},
    "people.open_again": {"password": "x", "next": "/"},
    "people.take_second_step": {"code": "123456", "next": "/"},
    "people.sign_in_by_passkey": {"credential": "{}", "next": "/", "shared": ""},
    "people.second_step_by_passkey": {"credential": "{}", "next": "/"},
    "people.unlock_by_passkey": {"credential": "{}", "next": "/"},
    "people.confirm_authenticator": {"code": "123456"},
    "people.add_passkey": {"name": "Phone", "credential": "{}"},
    "people.name_passkey": {"name": "Phone"},
    "people.recovery_codes_file": {"code": "1234567812345678"},
    "people.sign_out_everywhere": {"here": ""},
    "people.keep_security_rules": {"idle_minutes": "5"},
    "people.keep_place_card": {
        "seen": "0", "social_work": "ext. 4410", "security": "510-555-0142", "clinical_lead": "Lead",
        "clinical_lead_number": "", "interpreter": "", "hotline": "", "report_state": "CA",
        "report_to": "County", "report_number": "510-555-0143", "report_form": "", "note": "",
        "local_services": "", "source": "Called", "checked_on": "2026-11-01",
        "review_by": "2027-05-01",
    },
    "people.withdraw_place_card": {"seen": "0"},
}  # fmt: skip
BODIES = (
    ("application/json", b'{"a": '),
    ("application/json", b"[1]"),
    ("application/vnd.x+json", b'{"reason": 5, "email": [1], "name": {"a": 1}, "confirmed": null}'),
    ("application/json", b"[" * 10_000),
    ("multipart/form-data", b"--x"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n\xff"),
    ("text/plain; charset=nothing", b"\xff\xfe\x00"),
    ("application/x-www-form-urlencoded", b"=&&=&%00=%00&;" * 20),
    ("application/x-www-form-urlencoded; charset=utf-16", b"reason=\xff\xfe"),
    ("\xe9/\xe9", b"reason=x"),
)


def _counts() -> dict[str, int]:
    return {
        one.__name__: db.session.scalar(select(func.count()).select_from(one)) for one in RECORDS
    }


def _posts(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if "POST" in rule.methods and rule.endpoint != "people.sign_out":
            yield rule.endpoint, rule.rule


def _sound(got, where: str) -> None:
    """A page of ours: no crash, nothing typed runs, nobody is led elsewhere."""
    assert got.status_code < 500, where
    assert "default-src 'self'" in got.headers["Content-Security-Policy"], where
    if got.mimetype == "text/html":  # in a table of text it is text, and nothing reads it else
        assert b"<script>alert(1)" not in got.data, where
    assert b"<img src=x" not in got.data, where
    assert b"Traceback" not in got.data, where
    assert "Set-Cookie: a=b" not in str(got.headers).replace("\r", ""), where
    if to := got.headers.get("Location"):
        parts = urlsplit(to)
        assert parts.netloc in {"", "localhost"}, f"{where} leads to {to}"
        assert not to.startswith(("//", "/\\")), f"{where} leads to {to}"


def _may(app: Flask, cast, name: str, endpoint: str) -> bool:
    may = app.extensions["doors"][endpoint]
    if isinstance(may, door.Anyone):
        return True
    return name != "nobody" and holds(cast.actor(name), may)


def _is_new(app: Flask, cast, name: str, endpoint: str) -> bool:
    """Say whether this is the first of the cast who may do it: once is enough for all values."""
    order = ("nobody", "lena", "cora", "petra", "ada")
    if endpoint == "credit.claim_now":
        return name == "cora"  # who is ready to claim
    return name in order and endpoint not in {
        one
        for one in app.extensions["doors"]
        for before in order[: order.index(name)]
        if _may(app, cast, before, one)
    }


@pytest.mark.parametrize("name", CAST)
def test_no_form_full_of_odd_values_crashes_or_records(app, world, as_, client, name):
    browser = client if name == "nobody" else as_(getattr(world.cast, name))
    before = _counts()
    for endpoint, rule in _posts(app):
        if endpoint in {"quiz.start", "learning.read", "people.revoke"}:
            continue  # without fields, so that any body is the right one
        address, fields = world.address(rule), FORMS.get(endpoint, {"x": ""})
        is_let_in = _may(app, world.cast, name, endpoint)
        is_new = is_let_in and _is_new(app, world.cast, name, endpoint)
        values = HOSTILE if is_new else HOSTILE[7:10]
        for value in values:
            body = "&".join(f"{field}={value}" for field in fields)
            got = browser.post(
                address, data=body, content_type="application/x-www-form-urlencoded"
            )
            _sound(got, f"{name}: POST {address} {body[:200]} -> {got.status_code}")
        for kind, data in BODIES if is_let_in else ():
            got = browser.post(address, data=data, content_type=kind)
            _sound(got, f"{name}: POST {address} as {kind} -> {got.status_code}")
    after = _counts()
    # A reason may be any line, and so may the name of a department.
    loose = {"ada": {"Department", "LedgerEntry"}, "petra": {"LedgerEntry"}}.get(name, set())
    assert {one: after[one] - before[one] for one in before if one not in loose} == dict.fromkeys(
        set(before) - loose, 0
    )


@pytest.mark.parametrize("name", ["nobody", "lena", "cora", "petra", "ada"])
def test_one_odd_value_among_good_ones_never_crashes(app, world, as_, client, name):
    browser = client if name == "nobody" else as_(getattr(world.cast, name))
    hostile = HOSTILE[:-1]
    for endpoint, rule in _posts(app):
        is_let_in = _may(app, world.cast, name, endpoint) and endpoint in FORMS
        if not is_let_in or not _is_new(app, world.cast, name, endpoint):
            continue
        address, fields = world.address(rule), FORMS[endpoint]
        slow = endpoint in {"people.open_session", "people.change_password", "people.open_again"}
        for field in fields:
            for value in hostile[2:8] if slow else hostile:
                good = "&".join(
                    f"{one}={quote_plus(kept)}" for one, kept in fields.items() if one != field
                )
                # Once in place of the good value, so that the rest of the form lets it through.
                body = f"{good}&{field}={value}"
                got = browser.post(
                    address, data=body, content_type="application/x-www-form-urlencoded"
                )
                _sound(got, f"{name}: POST {address} {body[:300]} -> {got.status_code}")


QUERIES = (
    "page=-1", "page=99999999999999999999", "page=%D9%A3", "page=" + "9" * 5000, "year=0",
    "year=99999999999999999999", "year=-1", "in=99999999999999999999", "in=-1", "in=x",
    "q=%00", "q=%FF%FE", "q=%25_%5C", "q=" + "x" * 10_000, "role=learner", "role=nothing",
    "closed=yes&closed=no", "state=nothing", "next=//evil.example", "next=https://evil.example",
    "next=/%5Cevil.example", "next=/%09/evil.example", "next=http://%5B", "next=javascript:1",
    "code=%00", "code=https://evil.example/x", "code=" + "0" * 10_000, "code=%F0%9F%98%80",
    "department=99999999999999999999", "department=x", "asked_by=<script>alert(1)</script>",
    "minutes=1e9", "topic=%00", "profession=%FF", "q=<script>alert(1)</script>", "&&=&=%00&%=%",
    "where=CA:nothing", "where=%00:%FF", "age=" + "9" * 5000, "age=%D9%A3", "age=-1", "need=x",
    "language=<script>alert(1)</script>", "version=x", "number=99999999999999999999", "state=" + "9" * 300, "sort=1;drop",
)  # fmt: skip


@pytest.mark.parametrize("name", CAST)
def test_no_page_crashes_on_an_odd_question_in_its_address(app, world, as_, client, name):
    browser = client if name == "nobody" else as_(getattr(world.cast, name))
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if "GET" not in rule.methods or not _may(app, world.cast, name, rule.endpoint):
            continue
        address = world.address(rule.rule)
        # A page that reads nothing from its address need not be asked forty times.
        asks = QUERIES if "<" not in rule.rule and "pdf" not in rule.rule else QUERIES[::13]
        for query in asks:
            got = browser.get(f"{address}?{query}")
            _sound(got, f"{name}: GET {address}?{query[:200]} -> {got.status_code}")


ODD = ("%00", "%FF", "%2e%2e%2f", "%E2%80%AE", "%0d%0aX:y", "'--", "<script>alert(1)</script>",
       "x" * 8000, "-1", "0", "2147483648", "1.5", "%EF%BC%91", "__proto__", "%ED%A0%80")  # fmt: skip


@pytest.mark.parametrize("name", ["nobody", "lena", "ada"])
def test_no_odd_part_of_an_address_crashes(app, world, as_, client, name):
    browser = client if name == "nobody" else as_(getattr(world.cast, name))
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        for parameter in re.findall(r"<[^>]+>", rule.rule):
            for part in ODD:
                address = world.address(rule.rule.replace(parameter, part))
                for method in sorted(rule.methods & {"GET", "POST"}):
                    got = browser.open(address, method=method)
                    _sound(got, f"{name}: {method} {address[:200]} -> {got.status_code}")


HEADERS = (
    {"Referer": "http://["}, {"Referer": "//"}, {"Referer": "http://localhost/\x7f?\xff"},
    {"Referer": "http://localhost//evil.example"}, {"Origin": "http://["}, {"Origin": "null"},
    {"Accept": "application/json;q=nothing, */*;q=\xff"}, {"Cookie": "rounds=nothing.at.all"},
    {"Cookie": "rounds=\xff; =;;"}, {"If-None-Match": "W/\"x"}, {"Range": "bytes=9-1"},
    {"X-Forwarded-For": "'; --, ["}, {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "javascript"}, {"X-HTTP-Method-Override": "POST"},
    {"Accept-Language": "x" * 5000}, {"Content-Length": "9"}, {"If-Modified-Since": "never"},
)  # fmt: skip


@pytest.mark.parametrize("name", ["nobody", "lena"])
def test_no_odd_header_crashes_or_leads_elsewhere(world, as_, client, name):
    browser = client if name == "nobody" else as_(world.cast.lena)
    for headers in HEADERS:
        for method, address in (
            ("GET", "/"), ("GET", "/profile"), ("POST", "/profile"), ("POST", "/sign-in"),
            ("GET", f"/certificates/{world.serial}.pdf"), ("GET", f"/verify/{world.code}"),
            ("POST", f"/attempts/{world.attempt}/questions/1"),
        ):  # fmt: skip
            got = browser.open(address, method=method, headers=headers)
            _sound(got, f"{name}: {method} {address} {headers} -> {got.status_code}")
            assert b"evil.example" not in got.data, f"{method} {address} {headers}"


@pytest.mark.parametrize("token", ["none", "nonsense", "of somebody else"])
def test_no_action_happens_without_a_token_of_this_session(app, world, as_, client, token):
    app.config["WTF_CSRF_ENABLED"] = True
    sent = {}
    if token == "nonsense":
        sent = {"csrf_token": "IjAi.x.y"}
    elif token == "of somebody else":
        page = as_(world.cast.noor).get("/profile").text
        sent = {"csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]}
    before = _counts()
    for name in ("nobody", "lena", "cora", "petra", "ada"):
        browser = client if name == "nobody" else as_(getattr(world.cast, name))
        for endpoint, rule in _posts(app):
            if not _may(app, world.cast, name, endpoint):
                continue
            got = browser.post(world.address(rule), data=FORMS.get(endpoint, {}) | sent)
            assert got.status_code == 400, f"{name}: POST {rule} -> {got.status_code}"
    assert _counts() == before


@pytest.mark.parametrize("name", ["noor", "otto"])
def test_what_is_lenas_is_missing_for_others(app, world, as_, name):
    browser = as_(getattr(world.cast, name))
    for rule in app.url_map.iter_rules():
        mine = re.search(r"attempt_id|serial", rule.rule)
        if mine and _may(app, world.cast, name, rule.endpoint):
            for method in sorted(rule.methods & {"GET", "POST"}):
                address = world.address(rule.rule)
                got = browser.open(address, method=method, data=FORMS.get(rule.endpoint, {}))
                assert got.status_code == 404, f"{name}: {method} {address}"


def test_a_revoked_certificate_is_never_revoked_or_replaced_again(world, as_):
    revoke(actor=world.cast.actor("petra"), serial=world.serial, reason="R", at=NOON + timedelta(1))
    db.session.commit()
    before = _counts()
    petra = as_(world.cast.petra)
    for endpoint, what in (("revoke_now", "revoke"), ("supersede_now", "supersede")):
        got = petra.post(
            f"/certificates/{world.serial}/{what}", data=FORMS[f"certificates.{endpoint}"]
        )
        assert got.status_code == 422
    assert _counts() == before
    assert db.session.scalar(select(func.count()).select_from(Message)) > 0
