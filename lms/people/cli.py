"""`lms people add` and `lms people import`: people from the command line, one or a roster."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from flask import current_app, url_for
from flask.cli import with_appcontext

from lms import clock
from lms.access import SYSTEM, Role
from lms.errors import Missing, NotAllowed, Refused
from lms.people import operations
from lms.people.files import roster as files
from lms.people.files.roster import Outcome
from lms.people.models import Profession
from lms.people.operations import NewPerson, second_factor
from lms.people.operations import roster as rosters
from lms.people.operations.roster import Order, Roster
from lms.people.queries import by_email, departments
from lms.people.queries import roster as roster_queries
from lms.people.rules.roster_plan import Choices, Link, Plan
from lms.people.views.profile import printable
from lms.tables import writing
from lms.tables.reading import Limits, check_size
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


MANY_ROWS = 5_000
"""From here on an import may take more than two seconds, and says what it's at."""


_WORDS = {
    "new": "new",
    "changed": "changed",
    "unchanged": "unchanged",
    "duplicate": "twice in the file",
    "link": "to decide",
    "problem": "with a problem",
}


def _write_report(target: Path, roster: Roster, outcomes: Sequence[Outcome]) -> None:
    header = files.result_header(roster.table)
    rows = files.result_rows(roster.table, outcomes, only_problems=False)
    zone = settings().zone
    if target.suffix.lower() == ".xlsx":
        target.write_bytes(writing.xlsx(header, rows, sheet="Result", zone=zone))
    else:
        target.write_bytes(b"".join(writing.csv_chunks(header, rows, zone=zone)))


def _say_problems(file: Path, plan: Plan) -> None:
    for one in plan.verdicts:
        for issue in one.issues if one.status.value in {"problem", "link"} else ():
            shown = f" {issue.value!r}:" if issue.value else ""
            click.echo(f"{file.name}:{one.line}: {issue.column or 'row'}:{shown} {issue.reason}")


def _say_counts(counts: dict[str, int], *, done: bool) -> None:
    parts = [f"{counts[name]:,} {word}" for name, word in _WORDS.items() if counts[name]]
    click.echo(f"{'Imported' if done else 'Would import'}: {', '.join(parts)}.")


def _import(roster: Roster, file: Path, choices: Choices, order: Order, at: datetime) -> bytes:
    is_long = len(roster.table.rows) > MANY_ROWS

    def said(step: str) -> None:
        if is_long:
            click.echo(f"{step} …", err=True)

    with kept():
        upload = rosters.keep_roster(actor=SYSTEM, roster=roster, file_name=file.name, at=at)
        rosters.choose(actor=SYSTEM, upload_id=upload.id, choices=choices)
        done = rosters.import_roster(
            actor=SYSTEM, upload_id=upload.id, order=order, printable=printable, link=_link, at=at,
            said=said,
        )  # fmt: skip
        _say_counts(done.counts, done=True)
        return done.outcome or b""


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path),
              help="Write the rows with status, reason and id here: CSV, or .xlsx.")  # fmt: skip
@click.option("--only-good", is_flag=True, help="Leave out rows with a problem, import the others.")
@click.option("--links", type=click.Choice([one.value for one in Link]),
              help="For rows that name somebody by a number, with another address.")  # fmt: skip
@click.option("--create-departments", is_flag=True, help="Add departments that are missing.")
@click.option("--invite", is_flag=True, help="Mail new people a link to set their password.")
@with_appcontext
def import_(
    file: Path, dry_run: bool, report: Path | None, only_good: bool, links: str | None,
    create_departments: bool, invite: bool,
) -> None:  # fmt: skip
    """Import a roster (CSV or XLSX): everything or, with --only-good, the rows without a problem.

    Exit status 0 when it was done, or would be; 1 when rows have problems and nothing was done.
    """
    choices = Choices(
        other_links=Link(links) if links else None, creates_departments=create_departments
    )
    try:
        check_size(file.stat().st_size, Limits())
        roster = rosters.open_roster(file.read_bytes())
        plan = roster_queries.plan_for(
            SYSTEM, roster.table, choices=choices, printable=rosters.remembered(printable)
        )
        _say_problems(file, plan)
        outcomes = [files.outcome_of(one, made={}) for one in plan.verdicts]
        is_stopped = (bool(plan.bad) and not only_good) or not plan.good
        if dry_run or is_stopped:
            _say_counts(plan.counts, done=False)
        else:
            order = Order(only_good=only_good, invites=invite)
            outcomes = files.unpack_outcomes(_import(roster, file, choices, order, clock.now()))
    except (Refused, Missing, NotAllowed) as refusal:
        raise click.ClickException(f"{file.name}: {refusal}") from None
    if report is not None:
        _write_report(report, roster, outcomes)
    if is_stopped:
        hint = "Mend the rows above, or import the others with --only-good."
        raise click.ClickException(f"Nothing was imported. {hint if plan.good else ''}".strip())


@people.command("reset-second-factor")
@click.argument("email")
@with_appcontext
def reset_second_factor(email: str) -> None:
    """Take all second factors off a person who lost them; their password is then enough.

    All their browsers are signed out, and a mail tells them. The way out when the only
    administrator lost the phone, or when the secret key was changed.
    """
    try:
        with kept():
            person = by_email(email)
            if person is None:
                raise Refused(f"There is nobody with the address {email}.")
            second_factor.reset_second_factor(actor=SYSTEM, person_id=person.id, at=clock.now())
            said = f"{person.name} signs in with the password alone, and can add new ones."
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from None
    click.echo(said)
