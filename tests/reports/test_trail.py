"""The audit trail: every action has its sentence, nothing secret is in it, it stays fast."""

import ast
import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event, func, insert, select

from lms import audit
from lms.access import SYSTEM
from lms.audit import AuditEntry
from lms.db import db
from lms.errors import NotAllowed
from lms.people.models import Profession
from lms.reports.operations import trail as operations
from lms.reports.queries import trail as queries
from lms.reports.queries.trail import Wanted
from lms.reports.rules import trail as rules
from lms.reports.rules.trail import Names, in_words, sentence
from tests.cast import person
from tests.conftest import NOON

LMS = Path(__file__).resolve().parents[2] / "lms"
LA = ZoneInfo("America/Los_Angeles")


# ---------- The sentences ----------


def _recording(tree: ast.Module) -> list[ast.Call]:
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr == "record" and getattr(node.func.value, "id", "") == "audit"
    ]  # fmt: skip


def _given(tree: ast.AST, where: str) -> list[str]:
    """Return the actions that are written out in a module, also as what a function is given."""
    found: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.keyword) or node.arg != "action":
            continue
        value = node.value
        options = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        # A name is a parameter of the function around it, whose callers write the action out.
        assert all(isinstance(one, ast.Constant | ast.Name) for one in options), f"{where}: write it out"
        found += [one.value for one in options if isinstance(one, ast.Constant)]
    return found


TREES = {
    str(path.relative_to(LMS)): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(LMS.rglob("*.py"))
}
CALLS = [(f"{at}:{call.lineno}", call) for at, tree in TREES.items() for call in _recording(tree)]
ACTIONS = sorted(
    {(at, one) for at, tree in TREES.items() if _recording(tree) for one in _given(tree, at)}
)


@pytest.mark.parametrize(("where", "action"), ACTIONS)
def test_every_action_that_is_recorded_has_its_sentence(where: str, action: str):
    """Give a new action its sentence in lms/reports/rules/trail.py."""
    assert re.fullmatch(r"[a-z_-]+\.[a-z-]+", action), f"{where}: {action}"
    assert len(action) <= 64
    assert action in rules.SENTENCES, f"{where}: {action} has no sentence"


@pytest.mark.parametrize(("where", "call"), CALLS, ids=[where for where, _call in CALLS])
def test_what_a_sentence_names_is_what_the_entry_holds(where: str, call: ast.Call):
    given = {one.arg for one in call.keywords}
    assert {"actor", "at", "action", "thing"} <= given, where
    for action in _given(call, where):
        assert set(re.findall(r"\{(\w+)\}", rules.SENTENCES[action])) <= given, where


FORBIDDEN = re.compile(
    r"password|token|secret|licen[cs]e_number|npi|answer|mark|code|email|address|hash|cookie", re.I
)


@pytest.mark.parametrize(("where", "call"), CALLS, ids=[where for where, _call in CALLS])
def test_no_detail_is_named_like_a_secret_or_an_answer(where: str, call: ast.Call):
    for one in call.keywords:
        assert one.arg, f"{where}: name each detail, so that one sees what is kept"
        assert not FORBIDDEN.search(one.arg), f"{where}: {one.arg}"
        if one.arg not in {"action", "thing"}:
            named = {n.attr for n in ast.walk(one.value) if isinstance(n, ast.Attribute)}
            assert not [name for name in named if FORBIDDEN.search(name)], f"{where}: {one.arg}"


# These write no line of the trail: the row they write says who, what and when by itself, is kept
# as long, and only the person concerned can do it.
OWN_RECORDS = {
    "credit.finish",  # evaluates and claims; the claim has its line
    "learning.complete_if_done",
    "learning.evaluate",  # an evaluation leads to nobody (docs/decisions/0008)
    "learning.keep_position", "learning.mark_read",
    "learning.answer", "learning.start_over", "learning.submit",
    "learning.close", "learning._close_one",  # attempts and answers
    "people.sign_out", "people.lock", "people.prove_by_password", "people.prove_by_passkey",  # sign_ins
    "people.ask", "people.read_passkey",  # challenges, gone in minutes
    "people.start_authenticator",  # counts for nothing until it's confirmed
    "people.keep_roster", "people.choose", "people.drop_roster",  # roster_uploads; importing tells
    "assignments.withdraw",  # mails, which say so themselves
}  # fmt: skip


def _called(one: ast.FunctionDef) -> set[str]:
    made = [node.func for node in ast.walk(one) if isinstance(node, ast.Call)]
    return {getattr(each, "id", None) or getattr(each, "attr", "") for each in made}


def _silent() -> set[str]:
    """Return the operations that write no line, themselves or by what they call in their feature."""
    silent = set()
    for feature in {at.partition("/")[0] for at in TREES if "/" in at}:
        functions = [
            one for at, tree in TREES.items() if at.startswith(f"{feature}/operations")
            for one in tree.body if isinstance(one, ast.FunctionDef)
        ]
        tells = {"record"}
        while more := {one.name for one in functions if _called(one) & tells} - tells:
            tells |= more
        silent |= {
            f"{feature}.{one.name}" for one in functions
            if one.name not in tells
            and any(getattr(mark, "id", "") == "whole" for mark in one.decorator_list)
        }
    return silent


def test_every_operation_writes_a_line_or_is_its_own_record():
    assert _silent() == OWN_RECORDS


def test_a_part_in_brackets_is_left_out_when_it_says_nothing():
    names = Names(called={"person:7": "Lena", "department:3": "Emergency"})
    said = [
        in_words(sentence("role.granted", "person:7", {"role": "planner", "department_id": to}, names))
        for to in (None, 3)
    ]
    assert said == ["gave Lena the role of planner", "gave Lena the role of planner for Emergency"]


@pytest.mark.parametrize(
    ("action", "detail", "says"),
    [
        ("party.thrown", {"guests": 3}, 'party.thrown person 7: {"guests": 3}'),
        ("party.thrown", {}, "party.thrown person 7"),
        ("certificate.superseded", {"reason": "R"}, "certificate.superseded person 7"),
    ],
)
def test_an_unknown_action_and_an_entry_that_lacks_something_are_told_raw(action, detail, says):
    assert in_words(sentence(action, "person:7", detail, Names())) == says


def test_things_lead_to_their_pages():
    detail = {"course": "tiny", "version": 1, "quarters": 3}
    parts = sentence("certificate.issued", "certificate:RD-2026-000001", detail,
                     Names(called={"course:tiny": "Tiny"}))
    assert in_words(parts) == "was issued certificate RD-2026-000001 for Tiny, 0.75 hours"
    assert [one.url for one in parts if one.url] == [
        "/certificates/RD-2026-000001", "/courses/tiny",
    ]


# ---------- The page ----------


@pytest.fixture
def told(app, cast):
    """Four entries on three days, by Ada, Cora and the command line."""
    for actor, days, action, thing, detail in (
        (cast.actor("ada"), 0, "person.deactivated", f"person:{cast.lena}", {"reason": "Nguyễn left"}),
        (cast.actor("ada"), 1, "role.granted", f"person:{cast.noor}",
         {"role": "coordinator", "department_id": cast.emergency}),
        (cast.actor("cora"), 1, "assignment.closed", "assignment:1", {"reason": "A 100% slip"}),
        (SYSTEM, 2, "course.published", "course:tiny", {"number": 1, "digest": "d", "change": "minor"}),
    ):
        audit.record(actor=actor, at=NOON + timedelta(days=days), action=action, thing=thing, **detail)
    db.session.commit()
    return cast


def _said(trail) -> list[str]:
    return [f"{one.who.text} {in_words(one.says)}" for one in trail.entries]


def test_the_newest_stands_first_in_plain_words_with_names(told):
    assert _said(queries.trail(told.actor("ada"), Wanted(), zone=LA)) == [
        "Rounds published tiny as version 1 (minor change)",
        "Cora Lindqvist closed assignment 1",
        "Ada Whitfield gave Noor Haddad, RN the role of coordinator for Emergency Medicine",
        "Ada Whitfield closed the account of Lena Nguyễn, MD",
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(who="ada"), [1, 0]),
        (Wanted(who="ADA@example.org"), [1, 0]),
        (Wanted(who="Whitfield Ada"), [1, 0]),
        (Wanted(who="rounds"), [3]),
        (Wanted(who="nobody of this name"), []),
        (Wanted(who="%"), []),
        (Wanted(action="role.granted"), [1]),
        (Wanted(thing="assignment:1"), [2]),
        (Wanted(thing="person"), [1, 0]),
        (Wanted(thing="perso"), []),
        (Wanted(since=date(2026, 11, 3)), [3, 2, 1]),
        (Wanted(until=date(2026, 11, 2)), [0]),
        (Wanted(since=date(2026, 11, 3), until=date(2026, 11, 3)), [2, 1]),
        (Wanted(since=date.min, until=date.max), [3, 2, 1, 0]),
        (Wanted(words="slip 100%"), [2]),
        (Wanted(words="100_"), []),
        (Wanted(words="Nguyễn"), [0]),
        (Wanted(who="ada", words="left"), [0]),
        (Wanted(words="tiny"), [3]),
    ],
    ids=lambda one: str(one.kept()) if isinstance(one, Wanted) else "",
)
def test_the_trail_is_narrowed(told, wanted, found):
    if wanted.since == date.min:
        wanted = Wanted(until=date.max)
    ids = sorted(db.session.scalars(select(AuditEntry.id)))
    got = queries.trail(told.actor("ada"), wanted, zone=LA)
    assert [ids.index(one.id) for one in got.entries] == found


def test_the_first_and_the_last_day_of_the_calendar_are_days_too(told, as_):
    page = as_(told.ada).get("/audit?since=0001-01-01&until=9999-12-31")
    assert page.status_code == 200
    assert "Ada Whitfield" in page.text


def test_days_are_those_of_the_reader(told):
    late = datetime(2026, 11, 10, 7, 30, tzinfo=UTC)  # half past eleven the evening before
    audit.record(actor=SYSTEM, at=late, action="course.retired", thing="course:x", reason="R")
    db.session.commit()
    on_the_ninth = Wanted(since=date(2026, 11, 9), until=date(2026, 11, 9))
    assert len(queries.trail(told.actor("ada"), on_the_ninth, zone=LA).entries) == 1
    assert len(queries.trail(told.actor("ada"), on_the_ninth, zone=ZoneInfo("UTC")).entries) == 0


@pytest.mark.parametrize("name", ["lena", "cora", "petra"])
def test_only_an_administrator_reads_the_trail(told, as_, name):
    with pytest.raises(NotAllowed):
        queries.trail(told.actor(name), Wanted(), zone=LA)
    with pytest.raises(NotAllowed):
        operations.export(actor=told.actor(name), wanted=Wanted(), kind="csv", zone=LA, at=NOON)
    browser = as_(getattr(told, name))
    assert browser.get("/audit").status_code == 403
    assert browser.post("/audit/export").status_code == 403


def test_a_name_that_fits_too_many_is_asked_to_be_longer(told, as_):
    for number in range(queries.MOST_NAMESAKES + 1):
        person(f"Kim {number}", f"kim{number}@example.org", department=None,
               profession=Profession.NURSE, at=NOON)
    db.session.commit()
    page = as_(told.ada).get("/audit?who=kim&words=kept+words")
    assert page.status_code == 422
    assert "More than 100 people fit “kim”" in page.text
    assert 'value="kept words"' in page.text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=31.12.2026", "Not a valid date value."),
        ("thing=Person+7", "Write it as kind and number"),
        ("since=2026-02-02&until=2026-01-01", "This day lies before the day it starts from."),
        ("words=" + "x" * 300, "Use 200 characters or fewer."),
    ],
)
def test_a_filter_that_cannot_be_meant_is_shown_again_with_a_sentence(told, as_, query, sentence):
    page = as_(told.ada).get(f"/audit?{query}")
    assert page.status_code == 422
    assert sentence in page.text


def test_the_page_shows_entries_filters_and_links(told, as_):
    page = as_(told.ada).get("/audit?who=ada").text
    assert f'href="/people/{told.noor}"' in page
    assert "Reason: <bdi>Nguyễn left</bdi>" in page
    assert 'value="ada"' in page
    assert 'action="/audit/export?who=ada"' in page
    assert "Nothing matches" in as_(told.ada).get("/audit?who=nobody").text


def test_the_export_holds_what_is_filtered_and_is_written_down(told, as_):
    got = as_(told.ada).post("/audit/export?who=ada", data={"format": "csv"})
    assert got.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    lines = list(csv.reader(io.StringIO(got.get_data().decode("utf-8-sig"))))
    assert lines[0] == ["When", "Who", "What", "Reason", "Action", "Thing", "Detail"]
    assert [line[4] for line in lines[1:]] == ["role.granted", "person.deactivated"]
    assert lines[2][3] == "Nguyễn left"
    newest = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (newest.action, newest.actor_id) == ("audit.exported", told.ada)
    assert newest.detail == {"format": "csv", "filters": {"who": "ada"}}


def test_the_same_as_xlsx(told, as_):
    got = as_(told.ada).post("/audit/export", data={"format": "xlsx"})
    rows = CalamineWorkbook.from_filelike(io.BytesIO(got.data)).get_sheet_by_index(0).to_python()
    assert [row[5] for row in rows] == [
        "Thing", "course:tiny", "assignment:1", f"person:{told.noor}", f"person:{told.lena}",
    ]


def test_an_export_too_long_for_a_sheet_is_refused_and_not_written_down(told, as_, monkeypatch):
    monkeypatch.setattr(operations, "MOST_IN_A_SHEET", 3)
    got = as_(told.ada).post("/audit/export", data={"format": "xlsx"})
    assert got.status_code == 422
    assert "An XLSX file takes 3 entries at most" in got.text
    asked = select(func.count()).where(AuditEntry.action == "audit.exported")
    assert db.session.scalar(asked) == 0
    assert as_(told.ada).post("/audit/export", data={"format": "csv"}).status_code == 200


def test_what_somebody_wrote_runs_in_no_spreadsheet_and_on_no_page(told, as_):
    audit.record(actor=told.actor("ada"), at=NOON, action="course.retired", thing="course:x",
                 reason='=HYPERLINK("http://x")<script>alert(1)</script>')
    db.session.commit()
    assert "<script>alert" not in as_(told.ada).get("/audit").text
    got = as_(told.ada).post("/audit/export", data={"format": "csv"}).get_data().decode("utf-8-sig")
    assert all(not cell.startswith("=") for row in csv.reader(io.StringIO(got)) for cell in row)


# ---------- Many entries ----------

MANY = 60_000


@pytest.fixture
def many(told):
    """So many entries, a second apart, two of which say "needle"."""
    first = datetime(2020, 1, 1, tzinfo=UTC)
    db.session.execute(
        insert(AuditEntry),
        [
            {
                "at": first + timedelta(seconds=number), "actor_id": told.noor,
                "action": "course.begun", "thing": f"enrolment:{number}",
                "detail": {"course": "tiny", "words": "needle" if number in {1, MANY - 9} else ""},
            }
            for number in range(MANY)
        ],
    )
    db.session.commit()
    return told


def _plans(run) -> list[str]:
    """Return how the database says it goes about each statement."""
    asked: list[tuple[str, tuple]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        run()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    told = [one for one in asked if "audit_entries" in one[0]]
    raw = db.session.connection().connection
    return [
        " | ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))
        for statement, parameters in told
    ]


@pytest.mark.sqlite_only("SQLite's plans")
@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(), Wanted(action="course.begun"), Wanted(thing="enrolment:7"), Wanted(who="noor"),
        Wanted(since=date(2020, 1, 1), until=date(2020, 2, 1)), Wanted(who="rounds"),
    ],
    ids=lambda one: str(one.kept()),
)
def test_no_page_of_the_trail_sorts_or_walks_what_it_does_not_show(told, wanted):
    ada = told.actor("ada")
    newest = db.session.scalar(select(func.max(AuditEntry.id)))
    for plan in _plans(lambda: queries.trail(ada, wanted, zone=LA, after=newest)):
        assert "INDEX" in plan or "PRIMARY KEY" in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_pages_follow_one_another_to_the_end_and_words_are_looked_for_in_stretches(many, as_):
    ada = many.actor("ada")
    # Every entry is on one page, none on two.
    since = date(2026, 1, 1)
    seen: list[int] = []
    for_ = Wanted(since=since)
    for number in range(120):
        audit.record(actor=SYSTEM, at=NOON, action="course.retired", thing=f"course:{number}", reason="R")
    db.session.commit()
    after = None
    while True:
        page = queries.trail(ada, for_, zone=LA, after=after)
        seen += [one.id for one in page.entries]
        if (after := page.older) is None:
            break
    assert len(seen) == len(set(seen)) == 124
    # One needle is near; the other lies behind the stretch, which the page says.
    first = queries.trail(ada, Wanted(words="needle"), zone=LA)
    assert len(first.entries) == 1
    assert first.looked_to is not None
    assert "Look further back" in as_(many.ada).get("/audit?words=needle").text
    second = queries.trail(ada, Wanted(words="needle"), zone=LA, after=first.older)
    assert len(second.entries) == 1
    assert second.older is None
