"""What people paste, full disks and broken files: a sentence in its place, nothing half done."""

import errno
import sqlite3

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from lms.audit import AuditEntry
from lms.certificates import operations as certificates
from lms.certificates.models import Entry, LedgerEntry
from lms.courses.rules.check_pages import Course, Seen, check_page
from lms.db import db
from lms.people.models import Department
from lms.people.rules import seen
from lms.web import door, limits, pages
from lms.web.forms import cannot_be_kept
from tests.conftest import NOON

# ---------- What strangers read ----------


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Issued\x00 twice\x1b[31m", "Issued twice [31m"),
        ("valid\u202edilav", "validdilav"),
        ("\u2066A\u2069 \u200bB\ufeff", "A B"),
        ("two\nlines\r\n and\u2028more", "two lines and more"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
        ("cafe\u0301", "café"),
    ],
)
def test_a_reason_shown_to_everyone_hides_nothing(typed, kept):
    assert seen(typed) == kept


def test_nothing_unseen_reaches_the_ledger(world):
    actor = world.cast.actor("petra")
    certificates.revoke(actor=actor, serial=world.serial, reason="Not\u202e \x07valid", at=NOON)
    row = db.session.scalars(select(LedgerEntry).where(LedgerEntry.kind == Entry.REVOKED)).one()
    assert row.reason == "Not valid"
    with pytest.raises(certificates.NoReason):
        certificates.revoke(actor=actor, serial=world.serial, reason="\u200b\u202e", at=NOON)


@pytest.mark.parametrize("code", [0, 1, 7, 8, 0x1B, 0x7F, 0x9F])
def test_a_control_character_has_its_place_named(code):
    assert cannot_be_kept(f"Because of{chr(code)} that") == (
        "There is a character behind “Because of” that can’t be kept. Type that place again."
    )


def test_what_people_paste_from_elsewhere_can_be_kept():
    assert cannot_be_kept("Tab\there, line\r\nend, \v\f, emoji 👩‍⚕️, ‮rtl‬, \u200b") is None
    assert cannot_be_kept("\x00") == (
        "There is a character at the start that can’t be kept. Type that place again."
    )


# ---------- Full disks and broken files ----------


def _room(app, what) -> str:
    bp = door.Blueprint("shop", __name__)

    @bp.post("/shop", may=door.ANYONE)
    def shop():
        what()
        return "done"

    app._got_first_request = False
    app.register_blueprint(bp)
    app.extensions["doors"].update(bp.doors)
    return "/shop"


def _raising(error):
    def do():
        db.session.add(Department(name="Half"))
        db.session.flush()
        raise error

    return do


def _of_the_database(kind, original) -> Exception:
    return kind("SELECT 1", {}, original)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/secret/path"), 503),
        (OSError(errno.EDQUOT, "Quota"), 503),
        (OSError(errno.EROFS, "Read-only"), 503),
        (OSError(errno.EMFILE, "Too many open files"), 503),
        (PermissionError(errno.EACCES, "No"), 500),
        (FileNotFoundError(errno.ENOENT, "No"), 500),
        (_of_the_database(OperationalError, sqlite3.OperationalError("database is locked")), 503),
        (_of_the_database(DatabaseError, sqlite3.DatabaseError("disk image is malformed")), 503),
        (_of_the_database(ProgrammingError, sqlite3.ProgrammingError("no such column")), 500),
    ],
    ids=lambda one: f"{type(one).__name__} {one}"[:40] if isinstance(one, Exception) else str(one),
)
def test_what_the_disk_says_is_a_503_and_what_we_did_wrong_a_500(app, client, caplog, error, status):
    got = client.post(_room(app, _raising(error)))
    assert got.status_code == status
    assert pages.SENTENCES[status].replace("'", "&#39;") in got.text
    assert (got.headers.get("Retry-After") == "60") == (status == 503)
    assert "secret" not in got.text + caplog.text
    assert db.session.scalar(select(func.count()).select_from(Department)) == 0


@pytest.mark.sqlite_only("SQLite's page")
def test_a_database_that_is_full_answers_with_a_sentence_and_keeps_nothing_by_halves(app, cast, as_):
    ada = as_(cast.ada)
    before = db.session.scalar(select(func.count()).select_from(AuditEntry))
    db.session.rollback()
    with db.engine.connect() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()
    db.engine.dispose()
    limit = f"PRAGMA max_page_count = {used}"

    def narrow(connection, _record):
        connection.execute(limit)

    from sqlalchemy import event

    event.listen(db.engine, "connect", narrow)
    try:
        answers = [
            ada.post("/people/departments", data={"name": f"D{n} " + "x" * 100, "parent_id": "0"})
            for n in range(60)
        ]
    finally:
        event.remove(db.engine, "connect", narrow)
        db.session.rollback()
        db.engine.dispose()
    statuses = {one.status_code for one in answers}
    assert 503 in statuses, "the disk was never full"
    assert statuses <= {303, 503}
    full = next(one for one in answers if one.status_code == 503)
    assert "Nothing was changed" in full.text
    assert full.headers["Retry-After"] == "60"
    made = sum(one.status_code == 303 for one in answers)
    names = db.session.scalars(select(Department.name).where(Department.name.like("D%x"))).all()
    # Each acknowledged department is there with its line in the trail, and nothing else is.
    assert len(names) == made
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == before + made


# ---------- One at a time ----------


def test_whoever_verifies_takes_a_turn_before_being_counted(client, cast, monkeypatch):
    turns: list[str] = []
    monkeypatch.setattr(limits, "take_turn", turns.append)
    client.get("/verify/AAAAA-AAAAA-AAAAA-AAAAA")
    assert turns == ["verify:127.0.0.1"]


def test_more_time_is_given_with_the_person_in_hand(app, cast):
    """Two at once on PostgreSQL would leave two extensions in force."""
    from sqlalchemy import event

    from lms.learning.operations import quiz

    asked: list[bool] = []

    def note(state) -> None:
        asked.append(state.statement._for_update_arg is not None)

    event.listen(db.session, "do_orm_execute", note)
    try:
        quiz.extend_time(
            actor=cast.actor("petra"), person_id=cast.lena, key=None, percent=50, at=NOON
        )
    finally:
        event.remove(db.session, "do_orm_execute", note)
    assert asked[0]


# ---------- Tables in courses ----------


@pytest.mark.parametrize(
    ("table", "found"),
    [("| A | B |\n|---|---|\n| 1 | 2 |", 0), ("|  | B |\n|---|---|\n| 1 | 2 |", 1),
     ("| A | ** ** |  |\n|---|---|---|\n| 1 | 2 | 3 |", 1)],
)  # fmt: skip
def test_a_column_without_a_heading_is_refused(table, found):
    nothing = Course(anchors={}, references=frozenset(), media=frozenset())
    problems = check_page(f"## H {{#h}}\n\n{table}\n", "page.md", nothing, Seen(), with_checks=False)
    said = [one for one in problems if "without a heading" in str(one)]
    assert len(said) == found
