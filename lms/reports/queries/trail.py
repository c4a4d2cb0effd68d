"""The audit trail: newest first, a page by its position, as fast at the end as at the start."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select, tuple_

from lms.access import Actor, Permission, require
from lms.audit import AuditEntry
from lms.courses import queries as courses
from lms.db import db
from lms.errors import Refused
from lms.people import rules as people_rules
from lms.people.models import Department, Person
from lms.reports.rules.trail import Names, Part, sentence, things_in

A_PAGE: Final = 50
MOST_NAMESAKES: Final = 100
# Words are looked for in what an entry holds, which no index knows: so many entries at a time.
STRETCH: Final = 50_000


class TooMany(Refused):
    """The name fits too many people to look through what all of them did."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the trail is narrowed to."""

    who: str = ""
    action: str = ""
    thing: str = ""
    since: date | None = None
    until: date | None = None
    words: str = ""

    def kept(self) -> dict[str, Any]:
        """Return what is narrowed, as it stands in an address."""
        said = asdict(self) | {
            name: day.isoformat() if day else ""
            for name, day in (("since", self.since), ("until", self.until))
        }
        return {name: value for name, value in said.items() if value}


Position = tuple[datetime, int]
"""Where an entry stands in the order of the trail: its instant and its number."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the trail, in plain words."""

    id: int
    at: datetime
    who: Part
    action: str
    thing: str
    says: tuple[Part, ...]
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A page of the trail; the next one begins after the entry `older`. `looked_to` says how far
    back words were looked for, when there is more behind."""

    entries: tuple[Entry, ...]
    older: int | None
    looked_to: datetime | None = None


def actions() -> list[str]:
    """Return the actions that were ever recorded, by name, each found by a step in the index."""
    found: list[str] = []
    after = ""
    while True:
        then = db.session.scalar(
            select(func.min(AuditEntry.action)).where(AuditEntry.action > after)
        )
        if then is None:
            return found
        found.append(then)
        after = then


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _who(words: str) -> ColumnElement[bool]:
    """Return the condition that an entry is of somebody of this name, address or number."""
    if words.casefold() == "rounds":
        return AuditEntry.actor_id.is_(None)
    if words.isascii() and words.isdigit() and len(words) < 10:
        return AuditEntry.actor_id == int(words)
    fits = [
        or_(
            Person.name.ilike(_like(word), escape="\\"),
            Person.email_key.like(_like(people_rules.email_key(word)), escape="\\"),
        )
        for word in words.split()[:5]
    ]
    found = db.session.scalars(select(Person.id).where(*fits).limit(MOST_NAMESAKES + 1)).all()
    if len(found) > MOST_NAMESAKES:
        raise TooMany(
            f"More than {MOST_NAMESAKES} people fit “{words}”. Type more of the name, or the "
            "e-mail address."
        )
    return AuditEntry.actor_id.in_(found)


def _thing(wanted: str) -> ColumnElement[bool]:
    """Return the condition for one thing, `person:7`, or for all of a kind, `person`."""
    if ":" in wanted:
        return AuditEntry.thing == wanted
    # Everything from "person:" up to what follows a colon; an index can walk that.
    return and_(AuditEntry.thing >= f"{wanted}:", AuditEntry.thing < f"{wanted};")


def _narrowed(wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.who:
        conditions.append(_who(wanted.who))
    if wanted.action:
        conditions.append(AuditEntry.action == wanted.action)
    if wanted.thing:
        conditions.append(_thing(wanted.thing))
    if wanted.since:
        conditions.append(AuditEntry.at >= datetime.combine(wanted.since, time.min, zone))
    if wanted.until and wanted.until < date.max:
        after = wanted.until + timedelta(days=1)
        conditions.append(AuditEntry.at < datetime.combine(after, time.min, zone))
    return conditions


def _says(words: str) -> ColumnElement[bool]:
    """Return the condition that detail or thing holds each of these words."""
    fits = []
    for word in words.split()[:5]:
        # In the column the detail is JSON, whose text escapes what is not ASCII.
        escaped = json.dumps(word)[1:-1]
        fits.append(
            or_(
                cast(AuditEntry.detail, Text).ilike(_like(escaped), escape="\\"),
                AuditEntry.thing.ilike(_like(word), escape="\\"),
            )
        )
    return and_(*fits)


def _before(position: Position | None) -> list[ColumnElement[bool]]:
    if position is None:
        return []
    return [tuple_(AuditEntry.at, AuditEntry.id) < position]


def _position(entry_id: int | None) -> Position | None:
    entry = None if entry_id is None else db.session.get(AuditEntry, entry_id)
    return None if entry is None else (entry.at, entry.id)


_NEWEST: Final = (AuditEntry.at.desc(), AuditEntry.id.desc())


def trail(
    actor: Actor, wanted: Wanted, *, zone: ZoneInfo, after: int | None = None
) -> Trail:
    """Return a page of the trail, newest first, in a constant number of statements.

    It begins behind the entry `after`, else with the newest; days are those of `zone`.

    Raises NotAllowed, and TooMany when the name fits too many people.
    """
    require(actor, Permission.SEE_AUDIT)
    conditions = [*_narrowed(wanted, zone), *_before(_position(after))]
    if wanted.words:
        return _searched(wanted.words, conditions)
    return _page(_rows(conditions, A_PAGE + 1))


def _page(found: list[AuditEntry]) -> Trail:
    """Return a page of what was found, where one more than a page tells that there is more."""
    older = found[A_PAGE - 1].id if len(found) > A_PAGE else None
    return Trail(entries=_told(found[:A_PAGE]), older=older)


def _rows(conditions: Iterable[ColumnElement[bool]], most: int) -> list[AuditEntry]:
    asked = select(AuditEntry).where(*conditions).order_by(*_NEWEST).limit(most)
    return list(db.session.scalars(asked))


def _searched(words: str, conditions: list[ColumnElement[bool]]) -> Trail:
    """Look for words in the next stretch of entries only, and say how far one looked."""
    last = db.session.execute(
        select(AuditEntry.at, AuditEntry.id)
        .where(*conditions)
        .order_by(*_NEWEST)
        .offset(STRETCH - 1)
        .limit(1)
    ).first()
    within = list(conditions)
    if last is not None:
        within.append(tuple_(AuditEntry.at, AuditEntry.id) >= (last.at, last.id))
    found = _rows([*within, _says(words)], A_PAGE + 1)
    if last is None or len(found) > A_PAGE:
        return _page(found)
    return Trail(entries=_told(found), older=last.id, looked_to=last.at)


def every(
    wanted: Wanted, *, zone: ZoneInfo, up_to: int, batch: int = 1000
) -> Iterator[tuple[Entry, ...]]:
    """Yield all entries that are wanted, newest first, in batches, up to the one with this number.

    The caller ends the transaction between two batches, so that a slow reader of a long file
    holds nothing; the trail only grows, so nothing moves meanwhile.
    """
    conditions = [*_narrowed(wanted, zone), AuditEntry.id <= up_to]
    if wanted.words:
        conditions.append(_says(wanted.words))
    after: Position | None = None
    while True:
        found = _rows([*conditions, *_before(after)], batch)
        if not found:
            return
        after = (found[-1].at, found[-1].id)
        yield _told(found)


def how_many(wanted: Wanted, *, zone: ZoneInfo, most: int) -> int:
    """Count the entries that are wanted, but no further than `most`."""
    conditions = _narrowed(wanted, zone)
    if wanted.words:
        conditions.append(_says(wanted.words))
    some = select(AuditEntry.id).where(*conditions).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _told(rows: list[AuditEntry]) -> tuple[Entry, ...]:
    """Put rows into words, looking up what they name once for all of them."""
    names = _names(rows)
    return tuple(_entry(row, names) for row in rows)


def _entry(row: AuditEntry, names: Names) -> Entry:
    who = Part("Rounds")
    if row.actor_id is not None:
        called = names.called.get(f"person:{row.actor_id}", f"person {row.actor_id}")
        who = Part(called, f"/people/{row.actor_id}")
    reason = row.detail.get("reason")
    return Entry(
        id=row.id,
        at=row.at,
        who=who,
        action=row.action,
        thing=row.thing,
        says=sentence(row.action, row.thing, row.detail, names),
        reason=reason if isinstance(reason, str) else "",
        detail=json.dumps(row.detail, ensure_ascii=False, sort_keys=True),
    )


def _names(rows: list[AuditEntry]) -> Names:
    things = {one for row in rows for one in things_in(row.thing, row.detail)}
    things |= {f"person:{row.actor_id}" for row in rows if row.actor_id is not None}
    called: dict[str, str] = {}
    for kind, model in (("person", Person), ("department", Department)):
        for number, name in _called(model, kind, things):
            called[f"{kind}:{number}"] = name
    return Names(called=called | _titles(things))


def _titles(things: set[str]) -> dict[str, str]:
    keys = {key for one in things for kind, _, key in [one.partition(":")] if kind == "course"}
    versions = courses.newest_versions(keys) if keys else {}
    titles = {f"course:{k}": courses.content_of(one).title for k, one in versions.items()}
    # An assignment names a course or a series by its key alone.
    if keys - set(versions) or any(one.startswith("series:") for one in things):
        titles |= {f"series:{one.key}": one.title for one in courses.all_series()}
    return titles


def _called(model: Any, kind: str, things: Iterable[str]) -> list[tuple[int, str]]:
    numbers = sorted(
        int(identifier)
        for one in things
        if (identifier := one.removeprefix(f"{kind}:")) != one
        and identifier.isascii() and identifier.isdigit() and len(identifier) < 10
    )
    if not numbers:
        return []
    asked = select(model.id, model.name).where(model.id.in_(numbers))
    return [(row.id, row.name) for row in db.session.execute(asked)]
