"""Backup and restore: everything, of one instant, on either engine, whole or not at all."""

import hashlib
import json
import random
import stat
import threading
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from lms.commands import archive
from lms.commands.database import revisions
from lms.commands.doctor_records import present_guards
from lms.db import Base, db
from lms.migrations import guards
from tests.commands.rows import INSTANT, everything, fill_every_table
from tests.conftest import NOON

WAYS = [("sqlite", "sqlite"), ("sqlite", "postgresql"), ("postgresql", "sqlite"),
        ("postgresql", "postgresql")]  # fmt: skip
PEOPLE = Base.metadata.tables["people"]


def keys_into(folder: Path) -> None:
    (folder / "secret_key").write_text("s" * 64)
    (folder / "signing" / "anchors").mkdir(parents=True)
    (folder / "signing" / "key.pem").write_bytes(b"the key")
    (folder / "signing" / "anchors" / "old.pem").write_bytes(b"an old certificate")


def write(app, file: Path) -> dict[str, int]:
    folder = app.extensions["settings"].instance
    return archive.write(file, instance=folder, revision=revisions()[0] or "", at=NOON)


def restore(app, file: Path) -> dict[str, int]:
    folder = app.extensions["settings"].instance
    return archive.restore(file, instance=folder, revision=revisions()[1] or "")


def rows() -> dict:
    with db.engine.connect() as connection:
        return everything(connection)


def count(engine, table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.fixture
def backup(instance_of, tmp_path) -> Path:
    """A backup of an instance in which every table holds something."""
    file = tmp_path / "everything.rounds"
    with instance_of("sqlite", "source") as app:
        keys_into(app.extensions["settings"].instance)
        with db.engine.begin() as connection:
            fill_every_table(connection)
        write(app, file)
    return file


def nothing_came_of_it(app) -> None:
    folder = app.extensions["settings"].instance
    assert all(not found for found in rows().values())
    assert not (folder / "secret_key").exists()
    assert not (folder / "signing" / "key.pem").exists()
    with db.engine.connect() as connection:
        expected = {name for name, _ in guards.names(Base.metadata, connection.dialect.name)}
        assert present_guards(connection) == expected


@pytest.mark.parametrize(("source", "target"), WAYS)
def test_every_row_of_every_table_comes_back_on_either_engine(
    instance_of, tmp_path, source, target
):
    file = tmp_path / "b.rounds"
    with instance_of(source, "one") as app:
        keys_into(app.extensions["settings"].instance)
        with db.engine.begin() as connection:
            fill_every_table(connection)
        before = rows()
        written = write(app, file)
    assert all(before.values()), [name for name, found in before.items() if not found]
    assert written == {name: len(found) for name, found in before.items()}

    with instance_of(target, "two") as app:
        assert restore(app, file) == written
        assert rows() == before
        folder = app.extensions["settings"].instance
        assert (folder / "signing" / "anchors" / "old.pem").read_bytes() == b"an old certificate"
        for kept in ("secret_key", "signing/key.pem"):
            assert stat.S_IMODE((folder / kept).stat().st_mode) == 0o600


@pytest.mark.parametrize(("source", "target"), WAYS[:2])
def test_after_a_restore_the_guards_stand_and_numbering_goes_on(
    instance_of, tmp_path, source, target
):
    file = tmp_path / "b.rounds"
    with instance_of(source, "one") as app:
        with db.engine.begin() as connection:
            fill_every_table(connection)
        write(app, file)
    with instance_of(target, "two") as app:
        restore(app, file)
        with db.engine.connect() as connection:
            expected = {name for name, _ in guards.names(Base.metadata, target)}
            assert present_guards(connection) == expected
        for table in ("ledger_entries", "certificate_files", "completions", "audit_entries"):
            with pytest.raises(DBAPIError, match="records are kept"), db.engine.begin() as again:
                again.execute(delete(Base.metadata.tables[table]))
        with pytest.raises(DBAPIError, match="records are kept"), db.engine.begin() as again:
            again.execute(text("UPDATE answers SET item_id = 'x'"))
        largest = max(one["id"] for one in rows()["departments"])
        with db.engine.begin() as connection:
            made = connection.execute(
                insert(Base.metadata.tables["departments"]).values(name="New")
            )
            assert made.inserted_primary_key[0] == largest + 1


def test_a_second_backup_of_the_restored_holds_the_same(instance_of, tmp_path, backup):
    with instance_of("sqlite", "two") as app:
        restore(app, backup)
        write(app, tmp_path / "again.rounds")
    first, second = archive.check(backup), archive.check(tmp_path / "again.rounds")
    assert first == second


def test_a_backup_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert not list(backup.parent.glob("*.partial"))


def test_a_backup_that_fails_leaves_no_file(instance_of, tmp_path, monkeypatch):
    def full(*_arguments, **_named):
        raise OSError(28, "No space left on device")

    with instance_of("sqlite", "one") as app:
        monkeypatch.setattr(archive, "_lines", full)
        with pytest.raises(OSError, match="No space left"):
            write(app, tmp_path / "b.rounds")
    assert [one.name for one in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_backup_beside_a_busy_writer_is_of_one_instant(
    instance_of, tmp_path, monkeypatch, engine
):
    """Each transaction adds one row to two tables that lie far apart in the backup."""
    first, last = Base.metadata.tables["departments"], Base.metadata.tables["audit_entries"]
    order = [table.name for table in Base.metadata.sorted_tables]
    assert abs(order.index(first.name) - order.index(last.name)) > 3
    stop, wrote = threading.Event(), threading.Semaphore(0)
    with instance_of(engine, "busy") as app:
        motor = db.engine

        def write_pairs() -> None:
            number = 0
            while not stop.is_set() and number < 5000:
                number += 1
                with motor.begin() as connection:
                    connection.execute(insert(first).values(name=f"D{number}"))
                    entry = {"at": INSTANT, "action": "x", "thing": "y", "detail": {"n": number}}
                    connection.execute(insert(last).values(entry))
                wrote.release()

        lines = archive._lines

        def slowly(connection, table):
            yield from lines(connection, table)
            while wrote.acquire(blocking=False):
                pass  # what was written before this table does not show that the writer goes on
            assert wrote.acquire(timeout=20), "the writer was held up by the backup"

        monkeypatch.setattr(archive, "_lines", slowly)
        thread = threading.Thread(target=write_pairs)
        thread.start()
        try:
            for _ in range(5):
                wrote.acquire(timeout=20)
            got = write(app, tmp_path / "b.rounds")
        finally:
            stop.set()
            thread.join()
        afterwards = count(motor, first)
    assert got["departments"] == got["audit_entries"] >= 5
    assert afterwards >= got["departments"] + len(order) - 2


def test_a_restore_into_a_database_with_anything_in_it_is_refused(instance_of, backup):
    with instance_of("sqlite", "used") as app:
        with db.engine.begin() as connection:
            connection.execute(insert(Base.metadata.tables["departments"]).values(name="Ours"))
        with pytest.raises(archive.NotEmpty, match="holds rows already, in departments"):
            restore(app, backup)
        assert [one["name"] for one in rows()["departments"]] == ["Ours"]
        assert not (app.extensions["settings"].instance / "signing").joinpath("key.pem").exists()


def test_another_signing_key_is_never_replaced(instance_of, backup):
    with instance_of("sqlite", "keyed") as app:
        folder = app.extensions["settings"].instance / "signing"
        folder.mkdir(exist_ok=True)
        (folder / "key.pem").write_bytes(b"our own")
        with pytest.raises(archive.NotEmpty, match="exists already and is another one"):
            restore(app, backup)
        assert (folder / "key.pem").read_bytes() == b"our own"
        assert all(not found for found in rows().values())


def test_a_backup_of_another_schema_is_refused(instance_of, tmp_path, backup):
    with instance_of("sqlite", "later") as app:
        with pytest.raises(archive.NotEmpty, match="restore it with the version that wrote it"):
            archive.restore(
                backup, instance=app.extensions["settings"].instance, revision="next-year"
            )
        nothing_came_of_it(app)


def changed(file: Path, target: Path, *, member: str, content: bytes | None, honest: bool) -> Path:
    """Copy a backup with one member replaced, or left out; `honest` tells the manifest of it."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w") as new:
        manifest = json.loads(old.read("manifest.json"))
        if honest and content is not None:
            name = member.partition("/")[2].removesuffix(".jsonl")
            sha = hashlib.sha256(content).hexdigest()
            if member.startswith("tables/"):
                manifest["tables"][name] = {"sha256": sha, "rows": content.count(b"\n")}
            else:
                manifest["instance"][name] = sha
        for one in old.namelist():
            if one == "manifest.json" and member != one:
                new.writestr(one, json.dumps(manifest))
            elif one != member:
                new.writestr(one, old.read(one))
        if content is not None:
            new.writestr(member, content)
    return target


@pytest.mark.parametrize(
    ("member", "content", "says"),
    [
        ("tables/people.jsonl", b"", "table people is not as it was written"),
        ("tables/people.jsonl", None, "can't be read as a backup"),
        ("instance/signing/key.pem", b"another", "signing/key.pem is not as it was written"),
        ("manifest.json", None, "can't be read as a backup"),
        ("manifest.json", b"[]", "can't be read as a backup"),
        ("manifest.json", b"{}", "can't be read as a backup"),
        ("manifest.json", b"\xff\x00", "can't be read as a backup"),
        ("manifest.json", b'{"format": 99}', "written by another version"),
        ("manifest.json", b'{"format": 1, "revision": "x", "tables": 5}', "can't be read"),
    ],
)
def test_what_was_changed_is_refused(instance_of, tmp_path, backup, member, content, says):
    bad = changed(backup, tmp_path / "bad.rounds", member=member, content=content, honest=False)
    with instance_of("sqlite", "two") as app:
        with pytest.raises(archive.Damaged, match=says):
            restore(app, bad)
        nothing_came_of_it(app)


@pytest.mark.parametrize(
    ("member", "content", "says"),
    [
        # The manifest agrees, but the rows can't be: found only in the midst of restoring.
        ("tables/completions.jsonl", b'{"id": 1}\n', "table completions can't be read"),
        ("tables/claims.jsonl", b"not json\n", "table claims can't be read"),
        ("tables/claims.jsonl", b"5\n", "table claims can't be read"),
        ("instance/../../escaped", b"x", "is not a file of an instance"),
        ("instance/rounds.db", b"x", "is not a file of an instance"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_restore_that_fails_half_way_leaves_nothing(
    instance_of, tmp_path, backup, member, content, says, engine
):
    bad = changed(backup, tmp_path / "bad.rounds", member=member, content=content, honest=True)
    with instance_of(engine, "two") as app:
        with pytest.raises(archive.Damaged, match=says):
            restore(app, bad)
        nothing_came_of_it(app)
    assert not (tmp_path / "escaped").exists()


def _with_claim(backup: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(backup) as old:
        row = json.loads(old.read("tables/claims.jsonl").splitlines()[0])
    return json.dumps(row | changes).encode() + b"\n"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize("changes", [{"quarters": -1}, {"completion_id": 4711}, {"serial": None}])
def test_rows_that_break_a_constraint_are_refused_whole(
    instance_of, tmp_path, backup, engine, changes
):
    bad = changed(
        backup, tmp_path / "bad.rounds", member="tables/claims.jsonl",
        content=_with_claim(backup, **changes), honest=True,
    )
    with instance_of(engine, "two") as app:
        with pytest.raises(archive.Damaged, match="table claims does not fit this database"):
            restore(app, bad)
        nothing_came_of_it(app)


def test_a_file_cut_off_anywhere_is_refused(instance_of, tmp_path, backup):
    whole = backup.read_bytes()
    for length in [0, 1, 100, len(whole) // 2, len(whole) - 30, len(whole) - 1]:
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(archive.Damaged, match="can't be read as a backup"):
            archive.check(tmp_path / "cut")


def test_a_flipped_bit_is_noticed_or_harmless(tmp_path, backup):
    """Nothing but a sentence may come of a damaged disk; the content never changes unnoticed."""
    whole, rng = backup.read_bytes(), random.Random(7)
    good = archive.check(backup)
    for _ in range(150):
        bad = bytearray(whole)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        (tmp_path / "bad").write_bytes(bad)
        try:
            got = archive.check(tmp_path / "bad")
        except archive.Damaged:
            continue
        assert got == good


@pytest.mark.parametrize(
    "content", [b"", b"PK\x05\x06" + bytes(18), b"%PDF-1.7\n", b"SQLite format 3\0"]
)
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "foreign").write_bytes(content)
    with pytest.raises(archive.Damaged, match="can't be read as a backup"):
        archive.check(tmp_path / "foreign")
