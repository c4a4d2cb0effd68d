"""Read a roster, choose what it leaves open, and import it: once, whole or not at all."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import update

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import NotAllowed, Refused
from lms.people import rules
from lms.people.files import roster as files
from lms.people.models import RosterUpload, UploadState
from lms.people.operations import roster_writing as writing
from lms.people.operations.addresses import add_address
from lms.people.operations.one_account import hold_addresses
from lms.people.operations.profile import Printable
from lms.people.operations.signing import Link as Invitation
from lms.people.operations.staff import change_email
from lms.people.queries import roster as queries
from lms.people.rules.roster import headings
from lms.people.rules.roster_plan import Choices, Link, Plan, Status, Verdict
from lms.tables import sheets
from lms.tables.reading import Table

WAITS: Final = timedelta(hours=24)
"""How long a roster that was read waits to be imported; then its rows are dropped."""
NAME_MOST: Final = 200
SHORT: Final = 45
"""A name of so many letters fits a certificate, however wide they are."""
_PLAIN: Final = frozenset(" ,.'’-")


class NotARoster(Refused):
    """A table whose columns say nothing of people."""


class NotAllGood(Refused):
    """Some rows have problems, and nobody chose to leave them out."""


class Overtaken(Refused):
    """The records changed since the preview, so that the import would do something else."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a roster is to be imported. `seen` are the counts of the preview, if there was one."""

    only_good: bool = False
    ends_leavers: bool = False
    invites: bool = False
    seen: Mapping[str, int] | None = None


def remembered(printable: Printable) -> Callable[[str], str]:
    """Return a Printable that asks about each letter once, for many names.

    A letter with a case (Latin, Greek, Cyrillic) that stood in one printed name prints in every
    other; a name made of such letters alone, and short, need not be fitted again.
    """
    proven: set[str] = set()

    def ask(name: str) -> str:
        plain = rules.tidy(name)
        if len(plain) <= SHORT and proven.issuperset(plain) and any(map(str.isalpha, plain)):
            return plain
        printed = printable(name, None)
        if printed == plain:
            proven.update(one for one in plain if one in _PLAIN or one.isupper() or one.islower())
        return printed

    return ask


def _may_import(actor: Actor) -> None:
    # Where is asked for each department that a row names, when it's written.
    if not access.holds(actor, Permission.IMPORT_PEOPLE):
        raise NotAllowed(Permission.IMPORT_PEOPLE)


def drop_old(*, at: datetime) -> int:
    """Drop the rows of rosters that nobody imported within a day; say how many."""
    dropped = db.session.execute(
        update(RosterUpload)
        .where(RosterUpload.state == UploadState.PENDING, RosterUpload.uploaded_at <= at - WAITS)
        .values(state=UploadState.ABANDONED, content=None)
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, kw_only=True)
class Roster:
    """A file that is a roster: its rows, and the digest of the file."""

    table: Table
    digest: str


def open_roster(data: bytes) -> Roster:
    """Read a file, before anything is written.

    Raises Unreadable for a file that is no table, NotARoster for one without the columns needed.
    """
    table = sheets.read(data)
    if problems := headings(table.header).problems:
        raise NotARoster(" ".join(problems))
    return Roster(table=table, digest=hashlib.sha256(data).hexdigest())


@whole
def keep_roster(*, actor: Actor, roster: Roster, file_name: str, at: datetime) -> RosterUpload:
    """Keep the rows of a roster until they are imported; nobody is changed by it."""
    _may_import(actor)
    drop_old(at=at)
    made = RosterUpload(
        uploaded_by_id=actor.person_id or None,
        uploaded_at=at,
        file_name=rules.tidy(file_name)[-NAME_MOST:] or "roster",
        digest=roster.digest,
        state=UploadState.PENDING,
        content=files.pack(roster.table),
        options={},
        counts={"rows": len(roster.table.rows)},
    )
    db.session.add(made)
    db.session.flush()
    return made


def choices_of(actor: Actor, upload: RosterUpload) -> Choices:
    """Return what was chosen for a roster, as far as this actor may choose it."""
    kept: dict[str, Any] = upload.options
    may_link = access.holds(actor, Permission.ADD_PEOPLE)
    rest = kept.get("other_links")
    return Choices(
        links={int(line): Link(one) for line, one in kept.get("links", {}).items()},
        other_links=Link(rest) if rest else None,
        creates_departments=bool(kept.get("creates_departments"))
        and access.holds(actor, Permission.KEEP_ORGANISATION),
        may_link=may_link,
    )


def _pending(actor: Actor, upload_id: int) -> RosterUpload:
    upload = queries.upload(actor, upload_id, locked=True)
    if upload.state is UploadState.ABANDONED:
        raise Refused("This roster waited for more than a day and was dropped. Choose it again.")
    return upload


@whole
def choose(*, actor: Actor, upload_id: int, choices: Choices) -> RosterUpload:
    """Keep what was chosen for a roster: whose address is whose, whether departments are added.

    Raises Missing, Refused, NotAllowed.
    """
    _may_import(actor)
    if choices.links or choices.other_links:
        access.require(actor, Permission.ADD_PEOPLE)
    if choices.creates_departments:
        access.require(actor, Permission.KEEP_ORGANISATION)
    upload = _pending(actor, upload_id)
    if upload.state is UploadState.PENDING:
        upload.options = {
            "links": {str(line): one.value for line, one in choices.links.items()},
            "other_links": choices.other_links.value if choices.other_links else None,
            "creates_departments": choices.creates_departments,
        }
    return upload


@whole
def drop_roster(*, actor: Actor, upload_id: int) -> None:
    """Drop a roster that was read and is not to be imported. Raises Missing, Refused."""
    _may_import(actor)
    upload = _pending(actor, upload_id)
    if upload.state is UploadState.APPLIED:
        raise Refused("This roster was imported already.")
    upload.state, upload.content = UploadState.ABANDONED, None


@whole
def import_roster(
    *,
    actor: Actor,
    upload_id: int,
    order: Order,
    printable: Printable,
    link: Invitation,
    at: datetime,
    said: Callable[[str], None] = lambda _step: None,
) -> RosterUpload:
    """Import a roster that was read: all of it in this transaction, and once.

    A second call finds it imported and changes nothing. Raises NotAllGood unless every row is good
    or only the good ones are wanted, Overtaken when the preview no longer holds, Refused, Missing,
    NotAllowed. `said` is told each step, for a progress bar.
    """
    _may_import(actor)
    hold_addresses()
    upload = _pending(actor, upload_id)
    if upload.state is UploadState.APPLIED:
        return upload
    said("Checking the rows")
    _table, plan = queries.plan_of(
        actor, upload, choices=choices_of(actor, upload), printable=remembered(printable)
    )
    _check(plan, order)
    said("Writing")
    writer = writing.Writer(actor=actor, at=at, file_name=upload.file_name)
    made = writer.write(plan)
    _link(actor, plan, file_name=upload.file_name, at=at)
    ended = _end_leavers(actor, plan, writer) if order.ends_leavers else []
    invited = writer.invite(list(made.values()), link=link) if order.invites else 0
    more = {"ended": len(ended), "invited": invited, "departments": writer.departments}
    _keep(actor, upload, plan, made=made, at=at, more=more)
    return upload


def _check(plan: Plan, order: Order) -> None:
    if order.seen is not None and dict(order.seen) != plan.counts:
        raise Overtaken(
            "The records changed since this preview. Nothing was imported; look at the new figures "
            "and import again."
        )
    if plan.bad and not order.only_good:
        raise NotAllGood(
            f"{plan.bad} of {len(plan.verdicts)} rows can’t be imported yet, so nothing was. Mend "
            "them, or choose to import only the good rows."
        )
    if not plan.good:
        raise Refused("No row of this roster can be imported.")


def _link(actor: Actor, plan: Plan, *, file_name: str, at: datetime) -> None:
    for one in plan.verdicts:
        if one.status is not Status.CHANGED or one.link is None or one.wanted is None:
            continue
        whose = one.person_id or 0
        if one.link is Link.REPLACE:
            change_email(actor=actor, person_id=whose, email=one.wanted.email, at=at)
        else:
            add_address(
                actor=actor, person_id=whose, email=one.wanted.email, at=at,
                reason=f"Roster {file_name}, line {one.line}",
            )  # fmt: skip


def _end_leavers(actor: Actor, plan: Plan, writer: writing.Writer) -> list[int]:
    access.require(actor, Permission.GRANT)
    # Who holds a role is decided about one by one; the last administrator may be among them.
    spared = queries.role_holders() | {actor.person_id}
    ended = [one.id for one in plan.leavers if one.id not in spared]
    writer.end(ended)
    return ended


def _keep(
    actor: Actor, upload: RosterUpload, plan: Plan, *, made: Mapping[str, int], at: datetime,
    more: Mapping[str, int],
) -> None:  # fmt: skip
    verdicts: tuple[Verdict, ...] = plan.verdicts
    upload.outcome = files.pack_outcomes([files.outcome_of(one, made=made) for one in verdicts])
    upload.counts = {"rows": len(verdicts)} | plan.counts | dict(more)
    upload.applied_at, upload.applied_by_id = at, actor.person_id or None
    upload.state = UploadState.APPLIED
    db.session.flush()
    audit.record(
        actor=actor, at=at, action="roster.imported", thing=f"roster:{upload.id}",
        file=upload.file_name, digest=upload.digest, counts=upload.counts,
    )  # fmt: skip
