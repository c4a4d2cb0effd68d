"""`lms signing-key`: the key that signs certificates, which all servers of a database share."""

import os
from datetime import datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from lms import clock
from lms.certificates.operations import keys
from lms.certificates.queries import keys as queries
from lms.config import Settings
from lms.db import db
from lms.errors import Refused
from lms.typeset.signing import KEY_FILE, KeyProblem, SigningKey
from lms.web.door import kept

FOLDER = "signing"
ORGANISATION = "Rounds"


def brought(settings: Settings) -> SigningKey | None:
    """Return the key that lies in the instance folder, if one does; raises KeyProblem."""
    folder = settings.instance / FOLDER
    return SigningKey.load(folder) if (folder / KEY_FILE).exists() else None


def ready(settings: Settings, *, at: datetime) -> str | None:
    """See in this transaction that there is a key, taking over one that was brought along.

    Returns a sentence when one was added. Raises KeyProblem, and OtherSecret.
    """
    return keys.ready(
        brought=brought(settings),
        secret=settings.secret_key,
        organisation=ORGANISATION,
        at=at,
    )


def ready_or_refuse() -> str | None:
    """Do the same for a command, in a transaction of its own; one sentence when it can't be."""
    settings: Settings = current_app.extensions["settings"]
    try:
        with kept():
            return ready(settings, at=clock.now())
    except (KeyProblem, Refused) as problem:
        raise click.ClickException(str(problem)) from None
    finally:
        db.session.remove()


def refuse_other_secret() -> None:
    """End a command with a sentence when this server can't open the signing key there is."""
    settings: Settings = current_app.extensions["settings"]
    try:
        queries.signing_key(secret=settings.secret_key)
    except (KeyProblem, Refused) as problem:
        raise click.ClickException(str(problem)) from None
    finally:
        db.session.remove()


@click.group("signing-key")
def signing_key() -> None:
    """The key that signs certificates."""


@signing_key.command("list")
@with_appcontext
def list_command() -> None:
    """List every key and certificate that files are signed or checked with, newest first."""
    for one in queries.known():
        what = "signs" if one.is_in_use else "former key" if one.has_key else "trusted"
        click.echo(
            f"{one.fingerprint[:16]}  {what:10}  {one.valid_from:%Y-%m-%d} to "
            f"{one.valid_until:%Y-%m-%d}  {one.subject}"
        )


@signing_key.command("renew")
@with_appcontext
def renew() -> None:
    """Make a new key, which signs from now on; what was signed before stays valid."""
    settings: Settings = current_app.extensions["settings"]
    with kept():
        made = keys.renew(secret=settings.secret_key, organisation=ORGANISATION, at=clock.now())
        told = made.describe()
    click.echo(f"{told['algorithm']} {told['sha256'][:16]} signs from now on, on every server.")


@signing_key.command("reseal")
@with_appcontext
def reseal() -> None:
    """Seal the keys anew after LMS_SECRET_KEY changed; LMS_SECRET_KEY_BEFORE holds the former."""
    before = os.environ.get("LMS_SECRET_KEY_BEFORE", "")
    if not before:
        raise click.ClickException("Set LMS_SECRET_KEY_BEFORE to the secret used until now.")
    settings: Settings = current_app.extensions["settings"]
    try:
        with kept():
            done = keys.reseal(before=before, secret=settings.secret_key, at=clock.now())
    except Refused:
        raise click.ClickException(
            "The key in use was sealed with neither of the two secrets; nothing was changed."
        ) from None
    click.echo(f"Sealed {done} keys anew. Start every server with the new LMS_SECRET_KEY.")
