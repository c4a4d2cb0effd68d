"""Bring the database up to date, with a copy first where it is a file."""

import sqlite3
from datetime import datetime
from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext

from lms import clock
from lms.config import Settings
from lms.db import db

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> Config:
    """Return Alembic's configuration; the engine is taken from the running application."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def revisions() -> tuple[str | None, str | None]:
    """Return the database's present revision and the newest one there is."""
    with db.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    return present, ScriptDirectory.from_config(alembic_config()).get_current_head()


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
    """Apply pending migrations and say what was done; nothing is done twice."""
    present, newest = revisions()
    if present == newest:
        return "The database is up to date."
    copy = copy_first(current_app.extensions["settings"], at=at) if present else None
    command.upgrade(alembic_config(), "head")
    saved = f" A copy from before is {copy}." if copy else ""
    return f"The database was brought from {present or 'nothing'} to {newest}.{saved}"


@click.group("db")
def database() -> None:
    """Look after the database."""


@database.command("upgrade")
@with_appcontext
def upgrade_command() -> None:
    """Bring the database up to date, with a copy first where it is a file."""
    click.echo(upgrade(at=clock.now()))


def close() -> None:
    """Let go of all connections, before worker processes are made."""
    db.session.remove()
    db.engine.dispose()
