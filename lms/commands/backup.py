"""`lms backup` and `lms restore`."""

import os
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from lms import clock
from lms.certificates.queries import keys
from lms.commands import archive, database
from lms.config import Settings
from lms.errors import Refused
from lms.typeset.signing import KeyProblem


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
    click.echo(_of_the_keys())


def _of_the_keys() -> str:
    """Say what a backup of this instance holds of its keys, and what must be kept beside it."""
    settings = _settings()
    file = settings.instance / "secret_key"
    is_inside = file.exists() and file.read_text(encoding="ascii").strip() == settings.secret_key
    if not is_inside:
        return (
            "The key that signs certificates is in it, sealed; LMS_SECRET_KEY, which opens it, is "
            "not. Keep that secret in another place: with both, this backup can go on issuing."
        )
    if keys.in_use() is None:
        return "The secret of the sessions is in it: store it encrypted."
    return (
        "The key that signs certificates is in it, and the secret that opens it: store it "
        "encrypted."
    )


def _restored_keys() -> str | None:
    """Say so when the restored signing key can't be opened with the secret at hand."""
    settings = _settings()
    file = settings.instance / "secret_key"
    # The restore may have brought the secret it was sealed with.
    is_given = "LMS_SECRET_KEY" in os.environ or not file.exists()
    secret = settings.secret_key if is_given else file.read_text(encoding="ascii").strip()
    try:
        keys.signing_key(secret=secret)
    except (Refused, KeyProblem) as problem:
        return f"Before you start it: {problem}"
    return None


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
    if said := _restored_keys():
        click.echo(said)
