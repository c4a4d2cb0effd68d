"""`lms people add`: a person, from the command line."""

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from lms import clock
from lms.access import SYSTEM, Role
from lms.db import db
from lms.errors import Missing, Refused
from lms.people import queries
from lms.people.models import Department, Profession
from lms.people.operations import accounts, directory
from lms.people.operations.directory import Profile
from lms.typeset import names
from lms.web.door import kept


@click.group("people")
def people() -> None:
    """People and their roles."""


def _department(name: str | None) -> int | None:
    if name is None:
        return None
    found = db.session.scalars(select(Department.id).where(Department.name == name)).all()
    if len(found) != 1:
        known = "several departments" if found else "no department"
        raise click.ClickException(f"There is {known} called {name!r}; see People › Departments.")
    return found[0]


@people.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As on the license, with degrees after a comma.")
@click.option("--profession", type=click.Choice([one.value for one in Profession]), default="other")
@click.option("--department", help="Name of the department they work in.")
@click.option("--role", type=click.Choice(["coordinator", "planner", "administrator"]))
@with_appcontext
def add(email: str, name: str, profession: str, department: str | None, role: str | None) -> None:
    """Add a person and print a link with which they set a password, once."""
    at = clock.now()
    faces = current_app.extensions["press"]().faces
    try:
        with kept():
            place = _department(department)
            made = directory.add_person(
                actor=SYSTEM,
                email=email,
                profile=Profile(
                    name=name, certificate_name=name, profession=Profession(profession)
                ),
                department_id=place,
                at=at,
                printable=lambda text: names.printable(text, names.NAME_BOX, faces).text,
            )
            if role is not None:
                directory.grant_role(
                    actor=SYSTEM,
                    person_id=made.id,
                    role=Role(role),
                    department_id=place if role == "coordinator" else None,
                    at=at,
                )
            link = accounts.invite(
                person=queries.person(made.id),
                base_url=current_app.extensions["settings"].base_url,
                at=at,
            )
            said = f"Added {made.name}. Set a password within two weeks: {link}"
    except (Refused, Missing) as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(said)
