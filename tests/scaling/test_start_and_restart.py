"""Starting beside others: another secret, a pending migration, a newer version; and the workers."""

import signal
import time
from collections import Counter

import pytest
from sqlalchemy import func, select, text

from lms import clock, outbox
from lms.commands import database as migrations
from lms.commands import steps
from lms.db import db
from tests.commands.test_worker import mail_server
from tests.postgres import Postgres
from tests.scaling.conftest import PASSWORD, Farm
from tests.scaling.farm import SECRET, Machine, Visitor, inside

pytestmark = pytest.mark.farm
HEAD = "SELECT version_num FROM alembic_version"


def refused(machine: Machine) -> str:
    """Start a server that must not start; return what it says instead."""
    started = machine.run("serve", "--port", str(machine.port))
    _said, sentence = started.communicate(timeout=120)
    assert started.returncode == 1
    assert "Traceback" not in sentence
    return sentence


@pytest.mark.parametrize("secret", ["another-secret-than-all-others-have-0123456789", ""])
def test_a_server_with_another_secret_is_refused_with_a_sentence(farm, tmp_path, secret):
    other = Machine(tmp_path / "other", farm.database, secret=secret)
    assert "sealed with another LMS_SECRET_KEY" in refused(other)
    said = other.say("doctor").output
    assert "look  signing key   The key that signs certificates lies in this database" in said
    assert "ok    signing key" in farm.first.say("doctor").output


def test_a_server_of_another_version_is_refused_while_those_running_go_on(farm, tmp_path, database):
    newest = db.session.execute(text(HEAD)).scalar_one()
    db.session.rollback()
    other = Machine(tmp_path / "other", farm.database)
    said = {
        steps.known()[1]: "Run: lms db upgrade",
        "20991231_later": "by a newer version of Rounds. Install that version on this machine, too.",
    }
    try:
        for revision, sentence in said.items():
            db.session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
            db.session.commit()
            assert sentence in refused(other)
            assert sentence in other.say("worker", "--once").output
            assert sentence in other.say("doctor").output
            assert Visitor().get(farm.first, "/sign-in").status == 200
        assert "newer version" in other.say("db", "upgrade").output
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": newest})
        db.session.commit()


def test_a_key_renewed_on_one_machine_signs_on_all(farm, database):
    before = farm.first.say("signing-key", "list").output.splitlines()
    assert farm.second.say("signing-key", "renew").exit_code == 0
    after = [one.say("signing-key", "list").output.splitlines() for one in farm.machines]
    assert after[0] == after[1]
    assert len(after[0]) == len(before) + 1
    assert "signs" in after[0][0]
    assert "former key" in after[0][1]


def test_two_workers_on_two_machines_send_each_mail_once(farm, database):
    mails = 40
    for number in range(mails):
        outbox.queue(
            key=f"farm-{number}", person_id=None, address=f"a{number}@example.org",
            subject="Hello", body="Text", at=clock.now(),
        )
    db.session.commit()
    with mail_server() as (inbox, server):
        mail = {"LMS_MAIL_URL": f"smtp://127.0.0.1:{server.port}"}
        for one in farm.machines:
            one.environ |= mail
        workers = [one.run("worker", "--once") for one in farm.machines]
        said = [one.communicate(timeout=120) for one in workers]
    assert [one.returncode for one in workers] == [0, 0]
    assert Counter(inbox.got) == Counter(f"a{number}@example.org" for number in range(mails)), said
    waiting = select(func.count()).where(outbox.Message.sent_at.is_(None))
    assert db.session.scalar(waiting) == 0


def test_servers_survive_a_restart_of_the_database(tmp_path):
    server = Postgres()
    try:
        database = server.url(server.create())
        machine = Machine(tmp_path / "one", database)
        machine.open("--prepare").wait()
        visitor = Visitor()
        assert visitor.get(machine, "/sign-in").status == 200
        server.restart()
        until = time.monotonic() + 30
        seen = []
        while time.monotonic() < until:
            seen.append(visitor.get(machine, "/healthz").status)
            if seen[-1] == 200:
                break
            time.sleep(0.2)
        assert seen[-1] == 200, seen
        assert set(seen) <= {200, 503}
        assert visitor.get(machine, "/sign-in").status == 200
        server.halt()
        got = visitor.get(machine, "/healthz")
        assert got.status == 503
        assert "Traceback" not in machine.log()
    finally:
        machine.end(signal.SIGKILL)
        server.stop()


def test_the_secret_is_changed_on_every_machine_with_the_keys_kept(tmp_path, postgres, monkeypatch):
    database = postgres.url(postgres.create())
    new = "a-new-secret-for-every-machine-9876543210-fedcba"
    old, fresh = (
        Machine(tmp_path / name, database, secret=secret)
        for name, secret in (("old", SECRET), ("new", new))
    )
    assert old.say("db", "upgrade").exit_code == 0
    assert old.say("signing-key", "renew").exit_code == 0
    monkeypatch.setenv("LMS_SECRET_KEY_BEFORE", SECRET)
    assert "Sealed 1 keys anew." in fresh.say("signing-key", "reseal").output
    assert "sealed with another" in refused(old)
    assert "RSA-2048" in fresh.say("doctor").output


def test_three_that_migrate_at_once_do_it_once(tmp_path, postgres):
    database = postgres.url(postgres.create())
    machines = [Machine(tmp_path / f"m{number}", database) for number in range(3)]
    running = [one.run("db", "upgrade") for one in machines]
    said = [one.communicate(timeout=120) for one in running]
    assert [one.returncode for one in running] == [0, 0, 0], said
    assert sorted("from nothing" in out for out, _err in said) == [False, False, True]
    with inside(tmp_path, database):
        assert migrations.revisions()[0] == migrations.revisions()[1]


def test_two_on_one_folder_with_sqlite_start_at_once_too(tmp_path):
    folder = tmp_path / "one"
    machines = [
        Machine(folder, f"sqlite:///{folder / 'rounds.db'}", secret="") for _ in range(2)
    ]
    try:
        for one in machines:
            one.open("--prepare")
        for one in machines:
            one.wait()
        assert machines[0].log().count("was brought from nothing") == 1
        assert machines[0].log().count("A signing key was made.") == 1
    finally:
        for one in machines:
            one.end(signal.SIGKILL)


def test_passwords_and_secrets_are_in_no_log(farm: Farm):
    Visitor().sign_in(farm.first, "lena@example.org", PASSWORD)
    for machine in farm.machines:
        assert SECRET not in machine.log()
        assert PASSWORD not in machine.log()
        assert "PRIVATE KEY" not in machine.log()
