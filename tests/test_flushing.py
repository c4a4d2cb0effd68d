"""Nothing is acknowledged before the disk has it, and several share one wait for it."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from lms import db as layer
from lms.db import db, impatient, writing
from lms.people.models import Department
from lms.web import door, pages

pytestmark = pytest.mark.sqlite_only("PostgreSQL flushes its log itself")
DEPARTMENTS = Department.__table__


class Disk:
    """Stands for the disk: has what was in the file when a flush that came back began."""

    def __init__(self) -> None:
        self.flushes = 0
        self.has = b""
        self.files: list[int] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.fails: BaseException | None = None
        self.takes = 0.0

    def flush(self, file: int) -> None:
        content = os.pread(file, os.fstat(file).st_size, 0)
        self.begun.set()
        self.go_on.wait(timeout=10)
        time.sleep(self.takes)
        if self.fails:
            raise self.fails
        self.flushes += 1
        self.files.append(os.fstat(file).st_ino)
        self.has = content


@pytest.fixture(autouse=True)
def _ready(app):
    db.session.execute(select(1))
    db.session.rollback()


@pytest.fixture
def disk(_ready, monkeypatch):
    made = Disk()
    monkeypatch.setattr(os, "fdatasync" if hasattr(os, "fdatasync") else "fsync", made.flush)
    return made


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "rounds.db-wal"


def add(name: str) -> None:
    db.session.execute(insert(DEPARTMENTS).values(name=name))


def keep(name: str) -> None:
    with writing():
        add(name)
        db.session.commit()


def names() -> set[str]:
    try:
        return set(db.session.scalars(select(Department.name)))
    finally:
        db.session.rollback()


def after_a_power_cut(disk: Disk, folder: Path, into: Path) -> set[str]:
    """Open what the disk has, as the next start would find it."""
    into.mkdir()
    shutil.copy(folder / "rounds.db", into / "rounds.db")  # no checkpoint yet: as it was
    (into / "rounds.db-wal").write_bytes(disk.has)
    with closing(sqlite3.connect(into / "rounds.db")) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return {name for (name,) in opened.execute("SELECT name FROM departments")}


def beside(app, work) -> threading.Thread:
    """Do something in another thread, with a session of its own."""

    def run() -> None:
        with app.app_context():
            try:
                work()
            finally:
                db.session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_what_was_told_is_there_after_a_power_cut(disk, tmp_path):
    told: set[str] = set()
    for number in range(5):
        keep(f"answer {number}")
        told.add(f"answer {number}")
        assert disk.flushes == number + 1
        assert after_a_power_cut(disk, tmp_path, tmp_path / f"cut {number}") == told


def test_many_who_commit_at_once_share_flushes_and_each_finds_its_own_on_disk(app, disk, tmp_path):
    disk.takes = 0.003
    wrong: list[str] = []

    def work(who: int) -> None:
        for number in range(12):
            mark = f"answer <{who}.{number}>"
            keep(mark)
            if mark.encode() not in disk.has:
                wrong.append(mark)

    threads = [beside(app, lambda who=who: work(who)) for who in range(8)]
    for one in threads:
        one.join()
    assert wrong == []
    assert len(names()) == 96
    assert after_a_power_cut(disk, tmp_path, tmp_path / "cut") == names()
    assert disk.flushes < 60


def test_a_flush_that_began_before_a_commit_does_not_count_for_it(app, disk):
    disk.go_on.clear()
    first = beside(app, lambda: keep("first"))
    assert disk.begun.wait(timeout=10)
    second = beside(app, lambda: keep("second"))
    until = time.monotonic() + 10
    while "second" not in names() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(0.05)
    assert first.is_alive()
    assert second.is_alive()
    disk.go_on.set()
    first.join(timeout=10)
    second.join(timeout=10)
    assert disk.flushes == 2
    assert b"second" in disk.has


def test_the_next_one_writes_while_the_disk_works(app, disk):
    disk.go_on.clear()
    slow = beside(app, lambda: keep("slow"))
    assert disk.begun.wait(timeout=10)
    with impatient():  # which would fail at once
        add("quick")
        db.session.flush()
        assert slow.is_alive()
        disk.go_on.set()
        db.session.commit()
    slow.join(timeout=10)
    assert names() == {"slow", "quick"}


def test_who_only_reads_or_takes_back_waits_for_no_disk(disk):
    names()
    db.session.scalars(select(Department)).all()
    db.session.commit()
    with writing():
        add("gone")
        db.session.rollback()
        with db.session.begin_nested():
            add("gone too")
        assert disk.flushes == 0
        db.session.rollback()
    assert disk.flushes == 0
    assert names() == set()


def test_who_writes_unannounced_waits_as_well(disk):
    add("unannounced")
    db.session.commit()
    assert disk.flushes == 1
    assert b"unannounced" in disk.has


def test_a_form_sent_twice_waits_for_what_the_first_one_wrote(disk):
    """Another process may have committed what this one finds done, and tells of."""
    with writing():
        names()
        db.session.execute(select(Department.name)).all()
        db.session.commit()
    assert disk.flushes == 1


@pytest.fixture
def address(app) -> str:
    bp = door.Blueprint("saving", __name__)

    @bp.post("/saving", may=door.ANYONE)
    def saving():
        add("by a form")
        return "done"

    app._got_first_request = False
    app.register_blueprint(bp)
    app.extensions["doors"].update(bp.doors)
    return "/saving"


def test_a_flush_that_fails_acknowledges_nothing(disk):
    disk.fails = OSError(errno.EIO, "Input/output error")
    with pytest.raises(OperationalError) as told:
        keep("unknown")
    assert told.value.connection_invalidated
    assert disk.flushes == 0


def test_all_who_wait_for_a_flush_that_fails_are_told(app, disk):
    disk.fails = OSError(errno.EIO, "Input/output error")
    disk.go_on.clear()
    told: list[str] = []

    def work(name: str) -> None:
        try:
            keep(name)
        except OperationalError as error:
            told.append(f"{name} {error.connection_invalidated}")
            db.session.rollback()

    first = beside(app, lambda: work("first"))
    assert disk.begun.wait(timeout=10)
    second = beside(app, lambda: work("second"))
    until = time.monotonic() + 10
    while "second" not in names() and time.monotonic() < until:
        time.sleep(0.005)
    disk.go_on.set()
    first.join(timeout=10)
    second.join(timeout=10)
    assert sorted(told) == ["first True", "second True"]


def test_after_a_flush_that_failed_nothing_is_written_until_the_database_has_it_all(
    disk, log, tmp_path
):
    disk.fails = OSError(errno.EIO, "Input/output error")
    with pytest.raises(OperationalError):
        keep("unknown")
    db.session.rollback()
    disk.fails = None  # as the next flush says after one that failed
    with closing(sqlite3.connect(tmp_path / "rounds.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM departments").fetchone()
        # Somebody reads from the log, so that it can't be emptied: no flush is believed.
        for _ in range(2):
            with pytest.raises(OperationalError) as told:
                keep("refused")
            assert not told.value.connection_invalidated
            db.session.rollback()
        add("refused, unannounced")
        with pytest.raises(OperationalError):
            db.session.commit()
        db.session.rollback()
        assert disk.flushes == 0
        assert names() == {"unknown"}
    with writing():
        assert log.stat().st_size > 0
        add("again")
        # All of before is in the database file: the log began anew.
        with closing(
            sqlite3.connect(f"file:{tmp_path / 'rounds.db'}?immutable=1", uri=True)
        ) as one:
            assert one.execute("SELECT name FROM departments").fetchall() == [("unknown",)]
        db.session.commit()
    assert disk.flushes == 1
    assert names() == {"unknown", "again"}


def test_a_form_whose_flush_fails_is_told_to_look(client, disk, address, caplog):
    assert client.post(address).text == "done"
    assert disk.flushes == 1
    disk.fails = OSError(errno.EIO, "Input/output error", "/secret/path")
    got = client.post(address)
    assert got.status_code == 503
    assert pages.UNSURE.replace("'", "&#39;") in got.text
    assert "EIO" in caplog.text
    assert "secret" not in caplog.text + got.text
    disk.fails = None
    assert client.post(address).text == "done"


def test_a_new_log_is_flushed_and_not_the_one_that_was_deleted(disk, log):
    keep("first")
    db.session.remove()
    db.engine.dispose()
    assert not log.exists()
    keep("second")
    assert disk.files[-1] == log.stat().st_ino
    assert b"second" in disk.has


def test_a_forked_process_opens_the_log_for_itself(disk, monkeypatch):
    opened, usual = [], os.open
    keep("before")
    monkeypatch.setattr(os, "open", lambda *given: opened.append(given[0]) or usual(*given))
    keep("still the same")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    keep("after")
    assert [Path(one).name for one in opened] == ["rounds.db-wal"]


def test_a_log_that_is_gone_is_a_failure(disk, log):
    names()
    log.rename(log.with_suffix(".away"))
    with pytest.raises(OperationalError):
        keep("into nothing")
    log.with_suffix(".away").rename(log)


def test_what_a_killed_process_left_is_flushed_before_anybody_reads_it(disk, tmp_path):
    db.session.remove()
    db.engine.dispose()
    left = (
        "import os, sqlite3, sys\n"
        "link = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "link.execute('PRAGMA synchronous = NORMAL')\n"
        "link.execute(\"INSERT INTO departments (name) VALUES ('left')\")\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", left, str(tmp_path / "rounds.db")], check=True)
    assert disk.flushes == 0
    assert names() == {"left"}
    assert disk.flushes == 1
    assert b"left" in disk.has


def test_a_flush_that_is_interrupted_leaves_the_next_to_the_others(disk):
    disk.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        keep("stopped")
    db.session.rollback()
    disk.fails = None
    keep("next")
    assert b"next" in disk.has


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at this process's files")
def test_no_file_stays_open_when_all_connections_are_closed(log):
    def opened() -> int:
        found = [one.readlink() for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
        return sum(str(one).startswith(str(log)) for one in found)

    keep("something")
    assert opened() > 0
    db.session.remove()
    db.engine.dispose()
    assert opened() == 0


def lonely(url: str) -> Flask:
    app = Flask("lonely")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    layer.init_app(app)
    return app


def test_the_log_is_found_beside_the_file_that_a_link_leads_to(disk, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "elsewhere" / "real.db")
    with lonely(f"sqlite:///{link}").app_context(), writing():
        db.session.execute(text("CREATE TABLE t (x TEXT)"))
        db.session.execute(text("INSERT INTO t VALUES ('through a link')"))
        db.session.commit()
        assert b"through a link" in disk.has
        assert disk.files[-1] == (tmp_path / "elsewhere" / "real.db-wal").stat().st_ino
        db.session.remove()
        db.engine.dispose()


def test_a_database_in_memory_has_no_log_to_flush(disk):
    with lonely("sqlite://").app_context(), writing():
        db.session.execute(text("CREATE TABLE t (x TEXT)"))
        db.session.execute(text("INSERT INTO t VALUES ('here')"))
        db.session.commit()
        assert db.session.scalar(text("PRAGMA synchronous")) == 2
        assert db.session.scalar(text("SELECT x FROM t")) == "here"
        assert disk.flushes == 0
        db.session.remove()
        db.engine.dispose()
