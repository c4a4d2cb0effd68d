"""The doctor's look at the database: schema, guards, ledger, people, mail that waits, time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, ForeignKeyConstraint, func, inspect, select, text

from lms.access import Role
from lms.audit import AuditEntry
from lms.certificates import queries as certificates
from lms.certificates.models import LedgerEntry
from lms.commands import database
from lms.commands.finding import Finding, look, well
from lms.config import Settings
from lms.db import Base, db
from lms.migrations import guards
from lms.outbox import Message
from lms.people.models import Organisation, Person, RoleGrant

LATE_MAIL: Final = timedelta(hours=1)
NEWS: Final = timedelta(days=7)  # an older failure was seen, or can't be mended any more
SLACK: Final = timedelta(minutes=5)  # between the clocks of several machines
OUTER_NAMES: Final = 3


def engine() -> Finding:
    """Say which database answers; raises SQLAlchemyError when none does."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        if connection.dialect.name == "postgresql" and not _knows_letters(connection):
            return look(
                "database",
                "PostgreSQL answers, but this database knows only unaccented letters. Make one "
                "with ENCODING 'UTF8' and a locale such as C.UTF-8 or en_US.UTF-8, and restore a "
                "backup into it.",
            )
    kind = "SQLite" if db.engine.dialect.name == "sqlite" else "PostgreSQL"
    return well("database", f"{kind} {version} answers.")


def _knows_letters(connection: Connection) -> bool:
    """Say whether names in any script can be kept, and found whatever their case."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    return encoding == "UTF8" and connection.execute(text("SELECT lower('Ñ') = 'ñ'")).scalar_one()


def migrations() -> Finding:
    """Compare the schema with the newest one."""
    present, newest = database.revisions()
    if present == newest:
        return well("migrations", f"The schema is the newest, {newest}.")
    try:
        database.refuse_newer()
    except database.Newer as problem:
        return look("migrations", str(problem))
    return look(
        "migrations", f"The schema is {present or 'empty'}, not {newest}. Run: lms db upgrade"
    )


def present_guards(connection: Connection) -> set[str]:
    """Return the names of the triggers that are there and switched on."""
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        found = connection.execute(
            text(
                "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
                " AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace ="
                " current_schema()::regnamespace)"
            )
        )
    return set(found.scalars())


def triggers() -> Finding:
    """Check that each record is protected against being changed or deleted."""
    with db.engine.connect() as connection:
        wanted = {name for name, _table in guards.names(Base.metadata, connection.dialect.name)}
        missing = sorted(wanted - present_guards(connection))
    if missing:
        return look(
            "guards",
            f"{len(missing)} of {len(wanted)} triggers that keep records are missing: "
            f"{_some(missing)}. Somebody took them away; restore the last good backup.",
        )
    return well("guards", f"All {len(wanted)} triggers that keep records are in force.")


def references() -> Finding:
    """Check that the foreign keys are in force, and that no row points at nothing."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return _sqlite_references(connection)
        return _postgresql_references(connection)


def _sqlite_references(connection: Connection) -> Finding:
    if not connection.execute(text("PRAGMA foreign_keys")).scalar():
        return look("foreign keys", "SQLite does not enforce them on this connection.")
    damage = connection.execute(text("PRAGMA quick_check(1)")).scalar()
    if damage != "ok":
        return look("foreign keys", f"The database file is damaged: {damage}. Restore a backup.")
    if broken := connection.execute(text("PRAGMA foreign_key_check")).all():
        tables = sorted({row[0] for row in broken})
        return look(
            "foreign keys",
            f"{len(broken)} rows of {_some(tables)} point at nothing. Restore the last "
            "good backup.",
        )
    return well("foreign keys", "They are in force, and the database file is sound.")


def _postgresql_references(connection: Connection) -> Finding:
    there = {
        key["name"]
        for name in Base.metadata.tables
        for key in inspect(connection).get_foreign_keys(name)
    }
    wanted = {
        str(one.name)
        for table in Base.metadata.tables.values()
        for one in table.constraints
        if isinstance(one, ForeignKeyConstraint)
    }
    if missing := sorted(wanted - there):
        return look("foreign keys", f"Missing: {_some(missing)}. Restore the last good backup.")
    return well("foreign keys", f"All {len(wanted)} are in force.")


def ledger() -> Finding:
    """Go through the whole ledger and all stored certificates."""
    report = certificates.verify_chain()
    if report.problems:
        return look("ledger", f"{_some(report.problems)} Compare with the last good backup.")
    return well(
        "ledger",
        f"{report.rows} rows are chained, and {report.certificates} certificates are as issued.",
    )


def organisation() -> Finding:
    """Check that the organisation that issues certificates has a name and a signatory."""
    named = db.session.get(Organisation, 1)
    if named is None or not named.name.strip():
        return look(
            "organization",
            "It has no name yet, so no certificate can be issued. An administrator sets it on the "
            "Organization page.",
        )
    if not named.signer_name.strip():
        return look(
            "organization", f"{named.name} has no signatory yet; see the Organization page."
        )
    return well("organization", f"{named.name}, signed by {named.signer_name}.")


def administrators() -> Finding:
    """Check that somebody can give roles."""
    count = db.session.scalar(
        select(func.count(Person.id.distinct()))
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.revoked_at.is_(None),
            Person.deactivated_at.is_(None),
        )
    )
    if not count:
        return look(
            "administrator",
            "Nobody is one. Run: lms people add ADDRESS --name NAME --role administrator",
        )
    return well("administrator", f"{count} can give roles.")


def waiting_mail(settings: Settings, *, at: datetime) -> Finding:
    """Check that mail goes out: nothing failed for good, nothing waits for long."""
    failed = db.session.scalar(select(func.count(Message.id)).where(Message.failed_at > at - NEWS))
    if failed:
        return look(
            "outbox", f"{failed} mails failed for good this week; the outbox page shows why."
        )
    waits = select(func.count(Message.id)).where(
        Message.sent_at.is_(None),
        Message.failed_at.is_(None),
        Message.queued_at < at - LATE_MAIL,
    )
    late = db.session.scalar(waits) or 0
    if late and settings.mail:
        return look("outbox", f"{late} mails wait for more than an hour. Is lms worker running?")
    return well(
        "outbox", f"{late} mails are kept on the outbox page." if late else "Nothing waits."
    )


def time(*, at: datetime) -> Finding:
    """Compare the clock with the newest record: time must not have gone back."""
    newest = max(
        (
            one
            for one in (
                db.session.scalar(select(func.max(AuditEntry.at))),
                db.session.scalar(select(func.max(LedgerEntry.at))),
            )
            if one
        ),
        default=None,
    )
    if newest and newest > at + SLACK:
        return look(
            "clock",
            f"It says {at:%Y-%m-%d %H:%M} UTC, but there is a record of {newest:%Y-%m-%d %H:%M} "
            "UTC. Set the clock (timedatectl) before anybody earns a certificate.",
        )
    return well("clock", f"It says {at:%Y-%m-%d %H:%M:%S} UTC, after the newest record.")


def unprintable_names(can_print: Callable[[str, str | None], bool]) -> Finding:
    """Check each name in a script beyond Latin against the faces at hand; name people by id."""
    rows = db.session.execute(
        select(Person.id, Person.certificate_name, Person.name_locale)
        .where(Person.deactivated_at.is_(None))
        .order_by(Person.id)
    )
    outside = [
        str(person_id)
        for person_id, name, locale in rows
        if any(ord(letter) > 0x17F for letter in name) and not can_print(name, locale)
    ]
    if outside:
        return look(
            "names",
            f"The certificate names of {len(outside)} people can't be printed (/people/"
            f"{_some(outside)}). Put a font for their script into fonts/ of the instance.",
        )
    return well("names", "The certificate name of everybody can be printed.")


def _some(things: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(things[:OUTER_NAMES])
    more = len(things) - OUTER_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def records(settings: Settings, *, at: datetime) -> Iterator[Callable[[], Finding]]:
    """Yield each look at the records; they ask for a database that answers, with all tables."""
    yield triggers
    yield references
    yield ledger
    yield organisation
    yield administrators
    yield lambda: waiting_mail(settings, at=at)
    yield lambda: time(at=at)
