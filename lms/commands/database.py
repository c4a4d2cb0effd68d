"""Bring the database up to date, with a copy first where it is a file."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from lms import clock
from lms.config import Settings
from lms.db import db
from lms.errors import Refused

# Any number will do, as long as nobody else in this database takes the same for another purpose.
PREPARING_LOCK: Final = 0x5052_4550


class Newer(Refused):
    """The database belongs to a newer version of Rounds than this one."""


def revisions() -> tuple[str | None, str | None]:
    """Return the database's present revision and the newest one there is."""
    from lms.commands import steps  # noqa: PLC0415 - Alembic is large; serving needs none

    with db.engine.connect() as connection:
        return steps.present(connection), steps.newest()


def refuse_newer() -> None:
    """Raise Newer when the schema is one that this version does not know."""
    from lms.commands import steps  # noqa: PLC0415 - Alembic is large; serving needs none

    present = revisions()[0]
    if present is not None and present not in steps.known():
        raise Newer(
            f"The database was brought to {present} by a newer version of Rounds. Install that "
            "version on this machine, too."
        )


def refuse_unless_current() -> None:
    """For a command: end it with a sentence when the schema is not the one it works with."""
    try:
        refuse_newer()
    except Newer as problem:
        raise click.ClickException(str(problem)) from None
    present, newest = revisions()
    if present != newest:
        raise click.ClickException("The database is not up to date. Run: lms db upgrade")


def copy_first(settings: Settings, *, at: datetime) -> Path | None:
    """Copy a database file beside itself before it's changed; return the copy, or None."""
    file = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not file or not Path(file).exists():
        return None
    folder = settings.instance / "before-upgrade"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"{at:%Y-%m-%dT%H-%M-%S}.db"
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
    return copy


def upgrade(*, at: datetime) -> str:
    """Apply pending migrations and say what was done; nothing is done twice.

    Of several that are told so at once, one does it and the others wait. Raises Newer.
    """
    from lms.commands import steps  # noqa: PLC0415 - Alembic is large; serving needs none

    present, newest = revisions()
    if present == newest:
        return "The database is up to date."
    refuse_newer()
    copy = copy_first(current_app.extensions["settings"], at=at) if present else None
    steps.take_all()
    saved = f" A copy from before is {copy}." if copy else ""
    return f"The database was brought from {present or 'nothing'} to {newest}.{saved}"


def is_unmade() -> bool:
    """Say whether there is no database file yet; of other databases it's not known unasked."""
    file = db.engine.url.database
    return db.engine.dialect.name == "sqlite" and bool(file) and not Path(str(file)).exists()


@contextmanager
def alone() -> Iterator[None]:
    """Let one server at a time prepare an instance; the others wait until it's done."""
    if db.engine.dialect.name == "sqlite":
        settings: Settings = current_app.extensions["settings"]
        with (settings.instance / "prepare.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text(f"SELECT pg_advisory_lock({PREPARING_LOCK})"))
        try:
            yield
        finally:
            # Lets go of the lock, too: a connection with other limits goes back to no pool.
            connection.invalidate()


@click.group("db")
def database() -> None:
    """Look after the database."""


@database.command("upgrade")
@with_appcontext
def upgrade_command() -> None:
    """Bring the database up to date, with a copy first where it is a file."""
    try:
        with alone():
            click.echo(upgrade(at=clock.now()))
    except Newer as problem:
        raise click.ClickException(str(problem)) from None


def close() -> None:
    """Let go of all connections, before worker processes are made."""
    db.session.remove()
    db.engine.dispose()
