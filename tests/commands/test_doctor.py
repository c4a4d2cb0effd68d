"""The doctor: says ok only of what is well, and what to do about the rest."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text, update

from lms import audit, clock, outbox
from lms.access import SYSTEM
from lms.app import create_app
from lms.certificates.queries import LedgerReport
from lms.commands import doctor_surroundings, signing_key
from lms.commands.doctor import doctor, examine
from lms.commands.finding import Finding
from lms.config import MailServer
from lms.db import db
from lms.people.models import Organisation, Person
from lms.typeset.signing import SigningKey
from tests.commands.conftest import set_setting
from tests.commands.test_worker import free_port, mail_server
from tests.conftest import make_settings

SUBJECTS = [
    "database", "migrations", "guards", "foreign keys", "ledger", "organization", "administrator",
    "outbox", "clock", "names", "signing key", "address", "mail", "fonts", "directory", "library",
    "paths", "disk", "instance",
]


def found(app, *, at: datetime | None = None) -> dict[str, Finding]:
    db.session.commit()
    return {one.subject: one for one in examine(app.extensions["settings"], at=at or clock.now())}


@pytest.fixture
def well(app, cast):
    """An installation that lacks nothing."""
    app.extensions["settings"].instance.chmod(0o700)
    return app


def ailing(app, **named) -> dict[str, str]:
    return {one.subject: one.sentence for one in found(app, **named).values() if not one.is_ok}


def test_of_a_whole_installation_every_line_is_ok(well):
    db.session.commit()
    got = well.test_cli_runner().invoke(doctor)
    lines = got.output.splitlines()
    assert [line[6:19].strip() for line in lines] == SUBJECTS
    assert all(line.startswith("ok    ") for line in lines), got.output
    assert got.exit_code == 0


def test_a_machine_reads_the_same_as_json(well):
    db.session.commit()
    got = well.test_cli_runner().invoke(doctor, ["--json"])
    report = json.loads(got.output)
    assert report["is_ok"] is True
    assert [one["subject"] for one in report["findings"]] == SUBJECTS
    assert got.exit_code == 0


def test_what_must_be_done_gives_exit_status_1(well):
    db.session.get(Organisation, 1).name = ""
    db.session.commit()
    for arguments in ([], ["--json"]):
        assert well.test_cli_runner().invoke(doctor, arguments).exit_code == 1
    assert list(ailing(well)) == ["organization"]


def test_a_new_installation_is_told_each_step(instance_of):
    with instance_of("sqlite", "new", tables=False) as app:
        assert ailing(app)["migrations"].endswith("Run: lms db upgrade")
    with instance_of("sqlite", "new") as app:
        assert set(ailing(app)) == {"organization", "administrator"}


def test_a_database_that_does_not_answer_is_one_line_without_its_password(instance_of, tmp_path):
    with instance_of("sqlite", "gone"):
        url = f"postgresql+psycopg://rounds:geheim@127.0.0.1:{free_port()}/rounds"
        other = create_app(make_settings(tmp_path / "gone", database_url=url))
    with other.app_context():
        got = other.test_cli_runner().invoke(doctor)
    assert "look  database      It does not answer as it should:" in got.output
    assert "geheim" not in got.output
    assert "Traceback" not in got.output
    assert "ok    disk" in got.output
    assert got.exit_code == 1


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_guard_that_was_taken_away_is_missed(instance_of, engine):
    with instance_of(engine, "one") as app:
        assert "guards" not in ailing(app)
        drop = "DROP TRIGGER keep_completions_delete"
        with db.engine.begin() as connection:
            connection.execute(text(drop + (" ON completions" if engine != "sqlite" else "")))
        assert "1 of" in ailing(app)["guards"]
        assert "keep_completions_delete" in ailing(app)["guards"]


def test_a_guard_that_was_switched_off_is_missed(instance_of):
    with instance_of("postgresql", "one") as app:
        with db.engine.begin() as connection:
            connection.execute(
                text("ALTER TABLE completions DISABLE TRIGGER keep_completions_delete")
            )
        assert "keep_completions_delete" in ailing(app)["guards"]


def test_rows_that_point_at_nothing_are_missed(instance_of):
    with instance_of("sqlite", "one") as app:
        raw = db.engine.raw_connection()
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("INSERT INTO departments (name, parent_id) VALUES ('Lost', 4711)")
        raw.execute("PRAGMA foreign_keys = ON")
        raw.close()
        assert "1 rows of departments point at nothing" in ailing(app)["foreign keys"]


def test_a_foreign_key_that_was_dropped_is_missed(instance_of):
    with instance_of("postgresql", "one") as app:
        assert "foreign keys" not in ailing(app)
        with db.engine.begin() as connection:
            connection.execute(
                text("ALTER TABLE claims DROP CONSTRAINT fk_claims_completion_id")
            )
        assert "fk_claims_completion_id" in ailing(app)["foreign keys"]


def test_a_broken_ledger_is_told(well, monkeypatch):
    report = LedgerReport(rows=9, certificates=8, problems=("Row 4 does not fit.",))
    monkeypatch.setattr("lms.certificates.queries.verify_chain", lambda: report)
    assert ailing(well)["ledger"].startswith("Row 4 does not fit.")


def test_a_clock_behind_the_newest_record_is_told(well):
    audit.record(actor=SYSTEM, at=datetime(2026, 5, 1, tzinfo=UTC), action="x.y", thing="z:1")
    assert "clock" in ailing(well, at=datetime(2026, 4, 30, tzinfo=UTC))
    assert "clock" not in ailing(well, at=datetime(2026, 5, 2, tzinfo=UTC))


def test_nobody_who_can_give_roles_is_told(well, cast):
    db.session.execute(update(Person).values(deactivated_at=clock.now()))
    assert "lms people add" in ailing(well)["administrator"]


def test_names_that_no_face_can_print_are_told_by_id_and_not_by_name(well, cast):
    db.session.get(Person, cast.noor).certificate_name = "𓀀𓀁𓀂"
    db.session.get(Person, cast.lena).certificate_name = "Nguyễn Thị Ánh"
    said = ailing(well)["names"]
    assert f"/people/{cast.noor})" in said
    assert "𓀀" not in said


def test_mail_that_failed_or_waits_is_told(well):
    with mail_server() as (_inbox, server):
        set_setting(well, mail=server)
        now = clock.now()
        outbox.queue(
            key="k", person_id=None, address="a@example.org", subject="s", body="b", at=now
        )
        assert not ailing(well)
        late = ailing(well, at=now + timedelta(hours=2))
        assert late == {"outbox": "1 mails wait for more than an hour. Is lms worker running?"}
        db.session.execute(update(outbox.Message).values(failed_at=now, next_try_at=None))
        assert "1 mails failed for good" in ailing(well)["outbox"]


def test_a_mail_server_that_answers_is_ok_and_gets_no_mail(well):
    with mail_server() as (inbox, server):
        set_setting(well, mail=server)
        assert found(well)["mail"].sentence == f"127.0.0.1:{server.port} answers."
    assert inbox.got == []


def test_a_mail_server_that_does_not_answer_is_told_without_its_password(well):
    gone = MailServer(
        host="127.0.0.1", port=free_port(), user="u", password="geheim", encrypted=False
    )
    set_setting(well, mail=gone)
    assert "does not take mail" in ailing(well)["mail"]
    assert "geheim" not in ailing(well)["mail"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": "http://rounds.example.org"}, "not encrypted"),
        ({"base_url": "https://rounds.example.org"}, "LMS_PROXY_HOPS is 0"),
        ({"base_url": "https://rounds.example.org", "proxy_hops": 1}, None),
        ({"base_url": "http://127.0.0.1:8000"}, None),
    ],
)
def test_a_public_address_wants_tls_and_its_proxies_counted(well, changes, says):
    set_setting(well, **changes)
    got = ailing(well).get("address")
    assert (got is None) if says is None else says in got


def test_a_public_installation_wants_a_mail_server(well):
    set_setting(well, base_url="https://rounds.example.org", proxy_hops=1)
    assert "LMS_MAIL_URL is not set" in ailing(well)["mail"]


def test_the_signing_key_is_watched(well):
    now = clock.now()
    assert found(well)["signing key"].sentence.startswith("There is none yet")
    signing_key.ready_or_refuse()
    assert found(well)["signing key"].sentence.startswith("RSA-2048, sealed in the database, 36")
    years = timedelta(days=365 * 10 - 30)
    assert "signing-key renew" in ailing(well, at=now + years)["signing key"]
    set_setting(well, secret_key="another-secret-than-the-one-it-was-sealed-with")
    assert "the same LMS_SECRET_KEY" in ailing(well)["signing key"]


def test_a_signing_key_in_the_instance_folder_is_watched(well):
    folder = well.extensions["settings"].instance / "signing"
    SigningKey.create(folder, "Demonstration Hospital", clock.now())
    assert "is not in use yet" in ailing(well)["signing key"]
    signing_key.ready_or_refuse()
    assert found(well)["signing key"].sentence.endswith("key.pem is no longer needed.")
    (folder / "key.pem").chmod(0o644)
    assert f"chmod 600 {folder / 'key.pem'}" in ailing(well)["signing key"]
    (folder / "key.pem").write_text("nonsense")
    assert "no private key" in ailing(well)["signing key"]


def test_little_room_on_the_disk_is_told(well, monkeypatch):
    usage = type("Usage", (), {"free": 10 * 1024 * 1024})
    monkeypatch.setattr(doctor_surroundings.shutil, "disk_usage", lambda _path: usage)
    assert ailing(well)["disk"].startswith("Only 10 MB are free")


def test_an_instance_that_others_can_read_is_told(well):
    folder = well.extensions["settings"].instance
    folder.chmod(0o755)
    assert f"chmod go= {folder}" in ailing(well)["instance"]
    folder.chmod(0o700)
    (folder / "secret_key").write_text("s" * 64)
    (folder / "secret_key").chmod(0o640)
    assert "secret_key" in ailing(well)["instance"]


def test_the_doctor_changes_nothing(well):
    before = {one.name for one in well.extensions["settings"].instance.iterdir()}
    found(well)
    assert {one.name for one in well.extensions["settings"].instance.iterdir()} <= before | {
        "rounds.db-wal", "rounds.db-shm",
    }
