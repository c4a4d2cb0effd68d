"""Courses on the command line: check the folders, publish what changed, begin a new one."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from pathlib import Path

import click
from flask.cli import with_appcontext

from lms import clock
from lms.access import SYSTEM, Actor
from lms.config import instance_path
from lms.courses import files, operations
from lms.courses.operations.looking import Look, Looking
from lms.courses.queries import currency, directory, listing, paths
from lms.courses.rules.check import Checked, check_together, checked
from lms.courses.rules.check_course import NO_KEYS, good_id
from lms.courses.rules.check_series import check_series
from lms.courses.rules.folder import COURSE_FILE, Folder
from lms.courses.rules.paths import check_paths
from lms.courses.rules.problem import Problem, Severity, errors
from lms.courses.rules.shape import text
from lms.courses.rules.template import new_course
from lms.typeset.faces import Faces
from lms.typeset.names import NAME_BOX, TITLE_BOX, Unprintable
from lms.typeset.names import printable as fitted
from lms.web.door import kept

HOME = Path(__file__).resolve().parents[2] / "courses"


@click.group()
def courses() -> None:
    """Check, publish and begin courses."""


@cache
def _faces() -> Faces:
    return Faces.find(None)


def printable(what: str, text: str) -> str | None:
    """Say why a title or a name can't be printed, if so; answered by who prints it."""
    try:
        fitted(text, TITLE_BOX if what == "title" else NAME_BOX, _faces())
    except Unprintable as refusal:
        return str(refusal)
    return None


def _given(folders: Sequence[Path]) -> tuple[list[Folder], Folder | None]:
    """Read the folders given, or all; the series are looked at only with all."""
    if folders:
        return [files.read(folder.resolve()) for folder in folders], None
    series = files.series_folder(HOME)
    found = [files.read(folder) for folder in files.course_folders(HOME)]
    return found, files.read(series) if series else None


def _problems(
    looked_at: Sequence[Checked], found: Sequence[Folder], series: Folder | None
) -> list[Problem]:
    problems = [problem for one in looked_at for problem in one.problems]
    if series is not None:
        problems += check_series(series, frozenset(one.key for one in looked_at))
        # Only with all courses at hand can it be said that one is missing.
        problems += check_together(found)
        keys = frozenset(one.key for one in looked_at)
        problems += check_paths(paths.folder(HOME), keys)
        problems += paths.problems_of_own(instance_path(os.environ), keys)
    return problems


def _of_directory(today: date) -> tuple[Problem, ...]:
    """Look at the directory of services, and at what the institution adds to it."""
    home = HOME / directory.OWN
    if not home.is_dir():
        return ()
    own = instance_path(os.environ) / directory.OWN
    return directory.checked(own, today=today, home=home).problems


def _of_library(found: Sequence[Folder]) -> list[Problem]:
    """Look at the library, at what courses cite of it, and at what answers each source."""
    found_out = currency.of_library(found, home=HOME, instance=instance_path(os.environ))
    return found_out + listing.of_sources(found, home=HOME)


def _stale(found: Sequence[Folder]) -> list[Problem]:
    """Look for statements that no longer hold, and for numbers that nobody keeps up to date."""
    return currency.stale(found, home=HOME, instance=instance_path(os.environ))


def _say_due(found: Sequence[Folder], *, by: date, as_json: bool) -> bool:
    """Print what is due by a day and what no longer holds; say whether there is anything."""
    due = currency.due_in(found, by=by, home=HOME, instance=instance_path(os.environ))
    problems = _stale(found)
    if as_json:
        said = {"due": [asdict(one) for one in due], "problems": [asdict(one) for one in problems]}
        click.echo(json.dumps(said, ensure_ascii=False, indent=2, default=str))
    else:
        for line in [*due, *problems]:
            click.echo(str(line))
        click.echo(f"By {by}: {len(due)} due, {len(problems)} statement(s) or number(s) to mend.")
    return bool(due or problems)


def _as_json(looked_at: Sequence[Checked], problems: Sequence[Problem]) -> str:
    return json.dumps(
        {
            "problems": [asdict(problem) for problem in problems],
            "courses": [
                {
                    "folder": one.name,
                    "key": one.key,
                    "minutes": one.stated,
                    "plain_minutes": round(float(one.plain), 1),
                    "mergener_minutes": round(float(one.mergener), 1),
                }
                for one in looked_at
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _say(looked_at: Sequence[Checked], problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem))
    for one in looked_at:
        click.echo(
            f"{one.name}: {one.stated} minutes stated; plain reading {float(one.plain):.1f}, "
            f"Mergener {float(one.mergener):.1f}"
        )
    wrong = sum(one.severity is Severity.ERROR for one in problems)
    click.echo(
        f"{len(looked_at)} course(s) checked: {wrong} problem(s), "
        f"{len(problems) - wrong} warning(s)."
    )


@courses.command()
@click.argument(
    "folders",
    nargs=-1,
    metavar="[FOLDER]...",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option("--strict", is_flag=True, help="Let warnings count as problems.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The day by which reviews are due; today if left out.",
)
@click.option(
    "--currency",
    "by",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="List what must be looked at again by this day, and what no longer holds.",
)
@click.pass_context
def check(
    context: click.Context,
    folders: tuple[Path, ...],
    strict: bool,
    as_json: bool,
    on: datetime | None,
    by: datetime | None,
) -> None:
    """Name every problem of the course folders given, or of all and the directory; needs no
    database."""
    today: date = (on or clock.now()).date()
    found, series = _given(folders)
    if by is not None:
        context.exit(int(_say_due(found, by=by.date(), as_json=as_json)))
    looked_at = [checked(folder, today=today, printable=printable) for folder in found]
    problems = _problems(looked_at, found, series) + _stale(found)
    if not folders:
        problems += [*_of_directory(today), *_of_library(found)]
    if as_json:
        click.echo(_as_json(looked_at, problems))
    else:
        _say(looked_at, problems)
    if any(strict or problem.severity is Severity.ERROR for problem in problems):
        context.exit(1)


@courses.command("list")
@click.option("--markdown", is_flag=True, help="Write the page docs/catalogue.md.")
def list_courses(*, markdown: bool) -> None:
    """List the course folders; with --markdown in numbers, and what answers each source."""
    folders = [folder for folder in files.course_folders(HOME) if files.is_course(folder)]
    found = [files.read(folder) for folder in folders]
    if not markdown:
        for folder in found:
            raw = folder.table(COURSE_FILE)
            click.echo(f"{raw.get('key')}: {raw.get('title')} ({raw.get('minutes')} minutes)")
        return
    today = clock.now().date()
    computed = {one.name: checked(one, today=today).plain for one in found}
    click.echo(listing.page(found, computed, home=HOME), nl=False)


_SAID = {
    operations.Outcome.PUBLISHED: "published",
    operations.Outcome.UNCHANGED: "unchanged",
    operations.Outcome.RETIRED: "is retired and not published again",
}


@contextmanager
def looking(*, at: datetime, folders: Sequence[Folder] | None = None) -> Iterator[Looking]:
    """Begin to look at all course folders, or at these, on other processors, too.

    What was found is taken up by who publishes on the same day.
    """
    look = Look(on=at.date(), printable=printable, home=HOME, instance=instance_path(os.environ))
    with Looking(_wanted(()) if folders is None else folders, look) as begun:
        yield begun


def _publish_one(folder: Folder, looked: Looking, actor: Actor, at: datetime) -> str:
    done = operations.publish(
        actor=actor,
        folder_content=folder,
        at=at,
        printable=printable,
        made_ready=looked.of(folder).ready,
    )
    return f"{done.key}: version {done.number} {_SAID[done.outcome]}"


def _publish_series(actor: Actor, at: datetime) -> list[str]:
    series = files.series_folder(HOME)
    if series is None:
        return []
    content = files.read(series)
    done = operations.publish_series(actor=actor, folder_content=content, at=at)
    return [f"series {key}: {_SAID[outcome]}" for key, outcome in done]


def _wanted(keys: Sequence[str]) -> list[Folder]:
    found = [files.read(folder) for folder in files.course_folders(HOME)]
    if not keys:
        return found
    by_key: dict[str, list[Folder]] = {}
    for one in found:
        by_key.setdefault(text(one.table(COURSE_FILE), "key"), []).append(one)
    if unknown := [key for key in keys if key not in by_key]:
        raise click.UsageError(f"there is no course {', '.join(unknown)} in {HOME.name}/")
    return [one for key in keys for one in by_key[key]]


def _is_among(folder: Folder, problems: Iterable[Problem]) -> bool:
    """Say whether one of these problems stands in a folder."""
    return any(one.place.startswith(f"{folder.name}/") for one in problems)


def _changed(wanted: Sequence[Folder], said: list[str]) -> list[Folder]:
    """Return the folders that say something new, and name the others."""
    changed = []
    for folder in wanted:
        if number := operations.published_as(folder):
            key = folder.table(COURSE_FILE)["key"]
            said.append(f"{key}: version {number} {_SAID[operations.Outcome.UNCHANGED]}")
        else:
            changed.append(folder)
    return changed


def published(
    *, actor: Actor, keys: Sequence[str] = (), at: datetime, begun: Looking | None = None
) -> tuple[list[str], list[Problem]]:
    """Publish the courses with these keys, or all and the series, in the present transaction.

    Returns sentences that say what was done, and the problems of what could not be published:
    a folder with problems does not keep the others back. `begun` is a look at all that began
    before.
    """
    said: list[str] = []
    wanted = begun.folders if begun is not None and not keys else _wanted(keys)
    changed = _changed(wanted, said)
    with nullcontext(begun) if begun else looking(at=at, folders=changed) as looked:
        problems = _publish_fit(changed, wanted, looked, said, actor, at)
    if not keys:
        try:
            said += _publish_series(actor, at)
        except operations.NotFit as refusal:
            problems += refusal.problems
    return said, problems


def _publish_fit(
    changed: Sequence[Folder],
    wanted: Sequence[Folder],
    looked: Looking,
    said: list[str],
    actor: Actor,
    at: datetime,
) -> list[Problem]:
    """Publish those of the changed folders that are fit; say what was done, return problems."""
    # Two folders of one key would each publish over the other, a version at every start.
    problems = errors([*looked.stale(changed), *check_together(wanted)])
    fit = [one for one in changed if not _is_among(one, problems)]
    for folder in fit:
        try:
            said.append(_publish_one(folder, looked, actor, at))
        except operations.NotFit as refusal:
            problems += refusal.problems
    return problems


def publish_all(*, actor: Actor, at: datetime, begun: Looking | None = None) -> list[str]:
    """Publish all courses and series that changed; return sentences, problems among them.

    What was published is kept, in a transaction of its own.
    """
    with kept():
        said, problems = published(actor=actor, at=at, begun=begun)
    return said + [f"Not published: {problem}" for problem in problems]


@courses.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@click.pass_context
@with_appcontext
def publish(context: click.Context, keys: tuple[str, ...]) -> None:
    """Publish what changed of the courses with these keys, or of all, and of the series."""
    with kept():
        said, problems = published(actor=SYSTEM, keys=keys, at=clock.now())
    for line in said:
        click.echo(line)
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        context.exit(1)


@courses.command()
@click.argument("key")
def new(key: str) -> None:
    """Begin a course: a folder that passes the check but for its texts marked WRITE."""
    if not good_id(key) or len(key) > 80 or key in files.NO_COURSES | NO_KEYS:
        raise click.UsageError(
            f"{key!r} can't be a key: use small letters, digits and hyphens, like my-course"
        )
    folder = HOME / key
    try:
        files.write_new(folder, new_course(key, today=clock.now().date()))
    except FileExistsError:
        raise click.ClickException(f"{folder.name} exists already; nothing was written") from None
    click.echo(f"Written: {HOME.name}/{key}. Replace every WRITE, then: lms courses check")
