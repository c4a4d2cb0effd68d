"""A backup: every row of one instant and the keys of the instance, in one checked file.

Rows are written as JSON, table by table, so a backup of SQLite can be restored into PostgreSQL
and the other way round.
"""

import base64
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    LargeBinary,
    Table,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, StatementError

from lms.db import Base, UTCDateTime, db, writing
from lms.errors import Refused
from lms.migrations import guards

FORMAT = 1
BATCH = 500
# What belongs to an instance beside its database: its keys, the fonts it brought along, and what
# the institution adds to directory, library and paths.
KEPT = ("secret_key", "signing", "fonts", "directory", "library", "paths.toml")


class Damaged(Refused):
    """The file is not a backup, or not the one that was written."""


class NotEmpty(Refused):
    """The database to restore into holds something already."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    rows = connection.execution_options(yield_per=BATCH).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in rows.mappings():
        plain = {name: _plain(value) for name, value in row.items()}
        yield json.dumps(plain, ensure_ascii=False, sort_keys=True).encode() + b"\n"


class _Digesting:
    """Counts and hashes what is written through it."""

    def __init__(self, target: Any) -> None:
        self.target, self.sha, self.rows = target, hashlib.sha256(), 0

    def line(self, data: bytes) -> None:
        self.target.write(data)
        self.sha.update(data)
        self.rows += 1


def _snapshot() -> Connection:
    engine = db.engine
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ")
    return engine.connect()


def write(file: Path, *, instance: Path, revision: str, at: datetime) -> dict[str, int]:
    """Write a backup of one instant while the server runs; return the rows per table.

    The file is written beside its name, checked, and put in place last; mode 0600, since it
    holds keys and personal data.
    """
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with (
            os.fdopen(handle, "wb") as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
        ):
            rows = _write_into(archive, instance=instance, revision=revision, at=at)
        check(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return rows


def _write_into(
    archive: zipfile.ZipFile, *, instance: Path, revision: str, at: datetime
) -> dict[str, int]:
    tables: dict[str, dict[str, Any]] = {}
    kept: dict[str, str] = {}
    with _snapshot() as connection:
        for table in Base.metadata.sorted_tables:
            with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as target:
                through = _Digesting(target)
                for line in _lines(connection, table):
                    through.line(line)
            tables[table.name] = {"rows": through.rows, "sha256": through.sha.hexdigest()}
    for path in _instance_files(instance):
        data = path.read_bytes()
        name = path.relative_to(instance).as_posix()
        archive.writestr(f"instance/{name}", data)
        kept[name] = hashlib.sha256(data).hexdigest()
    manifest = {
        "format": FORMAT,
        "written_at": at.isoformat(),
        "revision": revision,
        "tables": tables,
        "instance": kept,
    }
    archive.writestr("manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    return {name: one["rows"] for name, one in tables.items()}


def _instance_files(instance: Path) -> list[Path]:
    found: list[Path] = []
    for name in KEPT:
        path = instance / name
        if path.is_file():
            found.append(path)
        elif path.is_dir():
            found += sorted(one for one in path.rglob("*") if one.is_file())
    return found


UNREADABLE = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    TypeError,
    AttributeError,
    ValueError,
    EOFError,
    NotImplementedError,  # packed or encrypted in a way we never do
    RuntimeError,
)


def check(file: Path) -> dict[str, Any]:
    """Read a backup from end to end against its manifest; return the manifest, or raise Damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise Damaged(f"{file}: written by another version (format {manifest['format']})")
            if not isinstance(manifest["revision"], str):
                raise Damaged(f"{file}: it does not say of which schema it is")
            for name, said in manifest["tables"].items():
                if _digest(archive, f"tables/{name}.jsonl") != (said["sha256"], said["rows"]):
                    raise Damaged(f"{file}: table {name} is not as it was written")
            for name, sha256 in manifest["instance"].items():
                if _digest(archive, f"instance/{name}")[0] != sha256:
                    raise Damaged(f"{file}: {name} is not as it was written")
    except UNREADABLE as error:
        raise Damaged(f"{file} can't be read as a backup: {error}") from None
    return manifest


def _digest(archive: zipfile.ZipFile, name: str) -> tuple[str, int]:
    """Return SHA-256 and number of lines of a member, reading piece by piece."""
    sha, lines = hashlib.sha256(), 0
    with archive.open(name) as source:
        while piece := source.read(1 << 20):
            sha.update(piece)
            lines += piece.count(b"\n")
    return sha.hexdigest(), lines


def restore(file: Path, *, instance: Path, revision: str) -> dict[str, int]:
    """Fill an empty, migrated database and its instance folder from a backup; rows per table.

    All of it or nothing: the instance's files are put back as they were when the database fails.
    Raises Damaged; NotEmpty when the database holds anything, when the instance has another
    signing key, or when the schema differs.
    """
    manifest = check(file)
    if manifest["revision"] != revision:
        raise NotEmpty(
            f"The backup is of schema {manifest['revision']}, this version makes {revision}: "
            "restore it with the version that wrote it, then upgrade."
        )
    if unknown := set(manifest["tables"]) ^ set(Base.metadata.tables):
        raise Damaged(f"{file}: the tables {', '.join(sorted(unknown))} are not those we know")
    targets = _targets(file, instance, manifest["instance"])
    with writing(), _files_put(file, targets), db.engine.begin() as connection:
        _refuse_what_is_there(connection)
        dialect = connection.dialect.name
        _drop_guards(connection, dialect)
        with zipfile.ZipFile(file) as archive:
            for table in Base.metadata.sorted_tables:
                with archive.open(f"tables/{table.name}.jsonl") as source:
                    _fill_or_refuse(connection, table, source, file)
        for line in guards.statements(Base.metadata, dialect):
            connection.execute(text(line.replace(":", "\\:")))
        if dialect == "postgresql":
            _advance_counters(connection)
    return {name: one["rows"] for name, one in manifest["tables"].items()}


def _refuse_what_is_there(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        if connection.execute(select(literal(1)).select_from(table).limit(1)).first() is not None:
            raise NotEmpty(
                f"The database holds rows already, in {table.name}. Restore into a new instance: "
                "an empty folder in LMS_INSTANCE, or an empty database in LMS_DATABASE_URL."
            )


def _fill_or_refuse(
    connection: Connection, table: Table, source: Iterable[bytes], file: Path
) -> None:
    try:
        _fill(connection, table, source)
    except (DBAPIError, StatementError) as error:
        # The statement would show what people answered; the driver's first line is enough.
        said = str(error.orig).partition("\n")[0]
        raise Damaged(f"{file}: table {table.name} does not fit this database: {said}") from None
    except UNREADABLE as error:
        raise Damaged(f"{file}: table {table.name} can't be read: {error}") from None


def _drop_guards(connection: Connection, dialect: str) -> None:
    for name, table in guards.names(Base.metadata, dialect):
        if dialect == "sqlite":
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        else:
            connection.execute(text(f"DROP TRIGGER IF EXISTS {name} ON {table}"))
            connection.execute(text(f"DROP FUNCTION IF EXISTS {name}()"))


def _fill(connection: Connection, table: Table, source: Iterable[bytes]) -> None:
    # A row may point at a later one of its own table: such columns are filled in afterwards.
    own = [
        column
        for column in table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]
    late: list[dict[str, Any]] = []
    batch: list[dict[str, Any]] = []
    for line in source:
        raw = json.loads(line)
        row = {column.name: _typed(column, raw[column.name]) for column in table.columns}
        if own and any(row[column.name] is not None for column in own):
            late.append(dict(row))
            row |= {column.name: None for column in own}
        batch.append(row)
        if len(batch) == BATCH:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)
    for row in late:
        connection.execute(
            update(table)
            .where(table.c.id == row["id"])
            .values({column.name: row[column.name] for column in own})
        )


def _advance_counters(connection: Connection) -> None:
    for table in Base.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', '{column.name}'),"  # noqa: S608
                f" (SELECT max({column.name}) FROM {table.name}))"
                f" FROM {table.name} HAVING count(*) > 0"
            )
        )


def _targets(file: Path, instance: Path, names: Iterable[str]) -> dict[str, Path]:
    """Return where each file of the backup goes; refuse places outside, and another key's."""
    home, targets = instance.resolve(), {}
    with zipfile.ZipFile(file) as archive:
        for name in names:
            target = (home / name).resolve()
            if target == home or not target.is_relative_to(home) or name.split("/")[0] not in KEPT:
                raise Damaged(f"{file}: {name} is not a file of an instance")
            is_key = name.startswith("signing/")
            if (
                is_key
                and target.exists()
                and target.read_bytes() != archive.read(f"instance/{name}")
            ):
                raise NotEmpty(
                    f"{target} exists already and is another one. Move the folder "
                    f"{home / 'signing'} away, then restore again."
                )
            targets[f"instance/{name}"] = target
    return targets


@contextmanager
def _files_put(file: Path, targets: dict[str, Path]) -> Iterator[None]:
    """Put the instance's files in place; take them back when what follows fails."""
    before: dict[Path, bytes | None] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for name, target in targets.items():
                before[target] = target.read_bytes() if target.exists() else None
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _write_secret(target, archive.read(name))
        yield
    except BaseException:
        for target, content in before.items():
            if content is None:
                target.unlink(missing_ok=True)
            else:
                _write_secret(target, content)
        raise


def _write_secret(target: Path, content: bytes) -> None:
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as new:
        new.write(content)
