"""`lms backup` and `lms restore`."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from lms import clock
from lms.commands import archive, database
from lms.config import Settings
from lms.errors import Refused


def _settings() -> Settings:
    found: Settings = current_app.extensions["settings"]
    return found


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Write everything of this instant to FILE while the server runs, and check it."""
    if file.exists():
        raise click.ClickException(f"{file} exists already; name a new file.")
    present, _newest = database.revisions()
    if present is None:
        raise click.ClickException("The database has no tables yet: there is nothing to back up.")
    try:
        rows = archive.write(file, instance=_settings().instance, revision=present, at=clock.now())
    except (Refused, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    size = file.stat().st_size / 1024 / 1024
    click.echo(f"{file}: {sum(rows.values())} rows of {len(rows)} tables, {size:.1f} MB, checked.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Fill a new, empty instance from the backup FILE."""
    try:
        archive.check(file)
    except Refused as problem:
        raise click.ClickException(str(problem)) from None
    database.upgrade(at=clock.now())
    _present, newest = database.revisions()
    try:
        rows = archive.restore(file, instance=_settings().instance, revision=newest or "")
    except (Refused, OSError) as problem:
        raise click.ClickException(str(problem)) from None
    click.echo(f"Restored {sum(rows.values())} rows of {len(rows)} tables from {file}.")
