"""`lms doctor`: whether an installation has all it needs, and what to do where it hasn't."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from lms import clock
from lms.certificates.models import LedgerEntry
from lms.commands import doctor_records as records
from lms.commands import doctor_surroundings as surroundings
from lms.commands.finding import Finding, look
from lms.config import Settings
from lms.db import db
from lms.typeset.faces import Faces


def _of_database(settings: Settings, faces: Faces, *, at: datetime) -> Iterator[Finding]:
    try:
        yield records.engine()
        schema = records.migrations()
        yield schema
        if not schema.is_ok:
            return
        for question in records.records(settings, at=at):
            yield question()
        yield records.unprintable_names(partial(_can_print, faces))
        has_issued = db.session.scalar(select(LedgerEntry.seq).limit(1)) is not None
        yield surroundings.signing_key(settings, at=at, has_issued=has_issued)
    except SQLAlchemyError as problem:
        # What the driver said, without the statement and its values.
        said = str(getattr(problem, "orig", None) or type(problem).__name__).partition("\n")[0]
        yield look("database", f"It does not answer as it should: {said}. See LMS_DATABASE_URL.")


def _can_print(faces: Faces, name: str, locale: str | None) -> bool:
    return surroundings.can_print(name, locale, faces=faces)


def examine(settings: Settings, *, at: datetime) -> Iterator[Finding]:
    """Yield what is found, one after the other; nothing is changed."""
    faces = Faces.find(settings.instance / "fonts")
    yield from _of_database(settings, faces, at=at)
    yield surroundings.address(settings)
    yield surroundings.mail_server(settings)
    yield surroundings.fonts(faces)
    yield surroundings.directory(settings)
    yield surroundings.library(settings)
    yield surroundings.paths(settings)
    yield surroundings.disk(settings)
    yield surroundings.folder(settings)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
@click.pass_context
@with_appcontext
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at database, mail, clock, fonts, signing key, disk: each a line, ok or what to do.

    Exit status 1 when something must be done.
    """
    settings: Settings = current_app.extensions["settings"]
    found = []
    for one in examine(settings, at=clock.now()):
        found.append(one)
        if not as_json:
            click.echo(f"{'ok' if one.is_ok else 'look':5} {one.subject:13} {one.sentence}")
    is_ok = all(one.is_ok for one in found)
    if as_json:
        report = {"is_ok": is_ok, "findings": [asdict(one) for one in found]}
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    context.exit(0 if is_ok else 1)
