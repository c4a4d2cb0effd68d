"""`lms people add`: a person, from the command line; the first administrator too."""

import click
from flask import current_app, url_for
from flask.cli import with_appcontext

from lms import clock
from lms.access import SYSTEM, Role
from lms.errors import Missing, NotAllowed, Refused
from lms.people import operations
from lms.people.models import Profession
from lms.people.operations import NewPerson
from lms.people.queries import departments
from lms.people.views.profile import printable
from lms.web.door import kept
from lms.web.pages import settings

ROLES = [one.value for one in Role if one is not Role.LEARNER]


@click.group("people")
def people() -> None:
    """People and their roles."""


def _department(name: str | None) -> int | None:
    """Return the department of this name, or of this path where several have it."""
    if name is None:
        return None
    places = [one for one in departments() if one.retired_at is None]
    found = [one for one in places if name.casefold() in (one.name.casefold(), one.path.casefold())]
    if len(found) == 1:
        return found[0].id
    if not found:
        raise Refused(f"There is no department {name!r}. Add it under People, Departments.")
    ways = "; ".join(one.path for one in found)
    raise Refused(f"Several departments are called {name!r}. Give the whole path, one of: {ways}")


def _link(token: str) -> str:
    with current_app.test_request_context():
        return settings().base_url + url_for("people.reset_password", token=token)


@people.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As on the license, with degrees after a comma.")
@click.option("--profession", type=click.Choice([one.value for one in Profession]), default="other")
@click.option("--department", help="Name of the department they work in, or its whole path.")
@click.option("--role", type=click.Choice(ROLES), help="A coordinator's is for the department.")
@with_appcontext
def add(email: str, name: str, profession: str, department: str | None, role: str | None) -> None:
    """Add a person and print a link with which they set a password, once, within a week.

    Works on an empty database: the first administrator is added with --role administrator.
    """
    at = clock.now()
    try:
        with kept():
            place = _department(department)
            new = NewPerson(
                email=email, name=name, profession=Profession(profession), department_id=place
            )
            made = operations.add_person(actor=SYSTEM, new=new, printable=printable, at=at)
            if role is not None:
                where = place if role == Role.COORDINATOR.value else None
                operations.grant_role(
                    actor=SYSTEM, person_id=made.id, role=Role(role), department_id=where, at=at
                )
            # Printed for whoever sits here to hand over, so that no mail needs to be set up.
            link = operations.invite(
                actor=SYSTEM, person_id=made.id, link=_link, at=at, by_mail=False
            )
            said = f"Added {made.name}. They set their password here, within a week:\n{link}"
    except (Refused, Missing, NotAllowed) as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(said)
