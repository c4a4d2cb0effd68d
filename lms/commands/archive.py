"""A backup: every row of one instant and the keys of the instance, in one checked file.

Rows are written as JSON, table by table, so a backup of SQLite can be restored into PostgreSQL
and the other way round.
"""

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, insert, select, text, update

from lms.db import Base, UTCDateTime, db
from lms.errors import Refused
from lms.migrations import guards

FORMAT = 1
BATCH = 500
# What belongs to an instance beside its database: keys that records depend on.
KEPT = ("secret_key", "signing")


class Damaged(Refused):
    """The file is not a backup, or not the one that was written."""


class NotEmpty(Refused):
    """The database to restore into holds something already."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b64": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _typed(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    if isinstance(column.type, UTCDateTime):
        return datetime.fromisoformat(value)
    if column.type.python_type is date:
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
    tables: dict[str, dict[str, Any]] = {}
    kept: dict[str, str] = {}
    with (
        _snapshot() as connection,
        partial.open("wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
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
    check(partial)
    partial.replace(file)
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


def check(file: Path) -> dict[str, Any]:
    """Read a backup from end to end against its manifest; return the manifest, or raise Damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
            if manifest["format"] != FORMAT:
                raise Damaged(f"{file}: written by another version (format {manifest['format']})")
            for name, said in manifest["tables"].items():
                sha, rows = hashlib.sha256(), 0
                with archive.open(f"tables/{name}.jsonl") as source:
                    for line in source:
                        sha.update(line)
                        rows += 1
                if (sha.hexdigest(), rows) != (said["sha256"], said["rows"]):
                    raise Damaged(f"{file}: table {name} is not as it was written")
            for name, digest in manifest["instance"].items():
                if hashlib.sha256(archive.read(f"instance/{name}")).hexdigest() != digest:
                    raise Damaged(f"{file}: {name} is not as it was written")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise Damaged(f"{file} can't be read as a backup: {error}") from None
    return manifest


def restore(file: Path, *, instance: Path, revision: str) -> dict[str, int]:
    """Fill an empty, migrated database and its instance folder from a backup; rows per table.

    Raises Damaged, and NotEmpty when people are in the database already or the schema differs.
    """
    manifest = check(file)
    if manifest["revision"] != revision:
        raise NotEmpty(
            f"The backup is of schema {manifest['revision']}, this version makes {revision}: "
            "restore it with the version that wrote it, then upgrade."
        )
    with db.engine.begin() as connection:
        people = Base.metadata.tables["people"]
        if connection.execute(select(people.c.id).limit(1)).first() is not None:
            raise NotEmpty("The database holds people already. Restore into a new instance.")
        dialect = connection.dialect.name
        _drop_guards(connection, dialect)
        with zipfile.ZipFile(file) as archive:
            for table in Base.metadata.sorted_tables:
                with archive.open(f"tables/{table.name}.jsonl") as source:
                    _fill(connection, table, source)
        for line in guards.statements(Base.metadata, dialect):
            connection.execute(text(line.replace(":", "\\:")))
        if dialect == "postgresql":
            _advance_counters(connection)
    _put_instance(file, instance, list(manifest["instance"]))
    return {name: one["rows"] for name, one in manifest["tables"].items()}


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


def _put_instance(file: Path, instance: Path, names: list[str]) -> None:
    with zipfile.ZipFile(file) as archive:
        for name in names:
            target = (instance / name).resolve()
            if not target.is_relative_to(instance.resolve()):
                raise Damaged(f"{file}: {name} lies outside the instance")
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            target.write_bytes(archive.read(f"instance/{name}"))
            target.chmod(0o600)
