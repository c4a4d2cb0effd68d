"""The demonstration hospital: invented people, and a year of history made by real operations."""

import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from lms import clock
from lms.access import SYSTEM
from lms.certificates.models import LedgerEntry
from lms.certificates.operations import keys
from lms.commands import demo_cards
from lms.commands import demo_story as story
from lms.commands.demo_people import CAST, PASSWORD
from lms.courses import cli as courses
from lms.courses import queries as published
from lms.db import db
from lms.errors import Refused
from lms.people import operations as people
from lms.people.models import Organisation, Person
from lms.people.operations.places import About
from lms.web.door import kept


class RealPeople(Refused):
    """The database holds people who are not the demonstration's."""


class AlreadyLoaded(Refused):
    """The demonstration is in this database already."""


def _refuse_real_people() -> None:
    if is_here():
        raise AlreadyLoaded("The demonstration hospital is here already; nothing was done.")
    if db.session.scalar(select(Person.id).limit(1)) is not None:
        raise RealPeople(
            "This database holds people. The demonstration is loaded into a new one only: "
            "set LMS_INSTANCE to another folder."
        )


def _made(now: datetime) -> story.Hospital:
    settings = current_app.extensions["settings"]
    return story.Hospital(
        now=now,
        press=current_app.extensions["press"](),
        zone=settings.zone,
        chance=random.Random(story.SEED),  # noqa: S311 - invented history, nothing secret
        places={},
        people={},
        staff=[],
    )


def _early_key(at: datetime) -> None:
    """Let the signing key be valid from a year ago, when this hospital's history begins.

    Only while nothing was signed: later certificates would not fit the key's days.
    """
    secret = current_app.extensions["settings"].secret_key
    with kept():
        if db.session.scalar(select(LedgerEntry.seq).limit(1)) is None:
            keys.renew(
                secret=secret, organisation="Demonstration Hospital", at=at - timedelta(days=1)
            )


def _last_day() -> datetime:
    """Return the last day on which all courses can still be taken: history ends there at most."""
    newest = published.newest_versions([story.MYTHS, story.CHILD])
    last = min(published.content_of(one).expires_on for one in newest.values())
    return datetime.combine(last, time(12), tzinfo=UTC)


def load(*, at: datetime) -> str:
    """Make the demonstration hospital, as if it had been installed a year ago; return a sentence.

    All or nothing. Raises RealPeople or AlreadyLoaded, and does nothing, when people are here.
    """
    with kept():
        _refuse_real_people()
    begun_on = at - timedelta(days=366)
    _early_key(begun_on)
    courses.publish_all(actor=SYSTEM, at=begun_on)
    with kept():
        _refuse_real_people()
        hospital = _made(at)
        begun = hospital.ago(365)
        people.keep_organisation(
            actor=SYSTEM,
            about=About(
                name="Demonstration Hospital",
                line="Office of Continuing Education · 400 Example Avenue, Alder Valley",
                signer_name="Elena Marchetti-Rao, MD",
                signer_title="Director of Continuing Education",
                contact_email="education@example.org",
            ),
            at=begun,
            is_demonstration=True,
        )
        hospital.now = min(at, _last_day())
        hospital.places = story.departments(begun)
        hospital.people = story.cast(hospital.places, people.hashed(PASSWORD), begun)
        chapters: tuple[Callable[[], None], ...] = (
            lambda: story.staff(hospital, begun),
            lambda: story.last_winter(hospital),
            lambda: story.this_year(hospital),
            lambda: demo_cards.cards(hospital),
        )
        with click.progressbar(
            chapters,
            label="Loading the demonstration hospital, a quarter of a minute",
            file=sys.stderr,
        ) as bar:
            for chapter in bar:
                chapter()
    total = len(hospital.staff) + len(hospital.people)
    where = len(hospital.places)
    return f"The demonstration hospital is loaded: {total} people in {where} departments."


def is_here() -> bool:
    """Say whether this database holds the demonstration hospital."""
    organisation = db.session.get(Organisation, 1)
    return organisation is not None and organisation.is_demonstration


def accounts() -> list[str]:
    """Return the demonstration accounts in lines for the terminal."""
    lines = [
        f"  {one.email}@example.org".ljust(24) + f"{one.name}, {one.role or 'learner'}"
        for one in CAST
    ]
    return ["Demonstration accounts, password " + PASSWORD + ":", *lines]


@click.group("demo")
def demo() -> None:
    """The demonstration hospital."""


@demo.command("load")
@with_appcontext
def load_command() -> None:
    """Load the demonstration hospital into a new database."""
    try:
        click.echo(load(at=clock.now()))
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    for line in accounts():
        click.echo(line)
