"""Questions about local protocol cards: the one that holds somewhere, versions, what is due."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Row, Select, bindparam, func, literal, select

from lms.db import db
from lms.people import queries
from lms.people.models import Department, Organisation, Person, ProtocolCard
from lms.people.queries import Place
from lms.people.rules import protocol_cards as rules
from lms.people.rules.protocol_cards import Card

VERSIONS_MOST = 50


def card_of(row: ProtocolCard) -> Card:
    """Return what a version says."""
    return Card(**{name: getattr(row, name) for name in rules.FIELDS})


@dataclass(frozen=True, kw_only=True)
class Held:
    """A card that holds for a department, its own or one above it."""

    card: Card
    department_id: int
    department: str
    number: int
    made_at: datetime

    def is_overdue(self, today: date) -> bool:
        """Say whether its numbers should have been checked again before this day."""
        return self.card.review_by is not None and today > self.card.review_by

    def pieces(self, name: str) -> list[tuple[str, str]]:
        """Return a line of numbers in pieces, each with the address behind it, if it has one."""
        return rules.pieces(getattr(self.card, name))


def _newest() -> Select[int, int]:
    return select(
        ProtocolCard.department_id, func.max(ProtocolCard.number).label("number")
    ).group_by(ProtocolCard.department_id)


def _held_statement() -> Select[ProtocolCard, str]:
    """Build the way from a department upwards, and the newest cards that lie on it."""
    way = (
        select(Department.id, Department.name, Department.parent_id, literal(0).label("up"))
        .where(Department.id == bindparam("department_id"))
        .cte("way", recursive=True)
    )
    upper = Department.__table__.alias()
    way = way.union_all(
        select(upper.c.id, upper.c.name, upper.c.parent_id, way.c.up + 1).where(
            upper.c.id == way.c.parent_id, way.c.up < 100
        )
    )
    newest = _newest().subquery()
    return (
        select(ProtocolCard, way.c.name)
        .join(way, way.c.id == ProtocolCard.department_id)
        .join(
            newest,
            (newest.c.department_id == ProtocolCard.department_id)
            & (newest.c.number == ProtocolCard.number),
        )
        .where(ProtocolCard.is_withdrawn.is_(False))
        .order_by(way.c.up)
        .limit(1)
    )


# Built once: to build it takes longer than to ask it.
_HELD = _held_statement()


def held_by(department_id: int | None) -> Held | None:
    """Return the card that holds for a department, the nearest on the way up, in one statement."""
    if department_id is None:
        return None
    row = db.session.execute(_HELD, {"department_id": department_id}).first()
    return None if row is None else _held(row)


def _held(row: Row[ProtocolCard, str]) -> Held:
    version, name = row
    return Held(
        card=card_of(version),
        department_id=version.department_id,
        department=name,
        number=version.number,
        made_at=version.made_at,
    )


@dataclass(frozen=True, kw_only=True)
class OwnCard:
    """What a learner sees at the end of a course: the card of their place, or whom to ask."""

    held: Held | None
    contact: str
    """An address that answers questions where there is no card."""
    is_overdue: bool


def own_card(department_id: int | None, *, today: date) -> OwnCard:
    """Return the card that holds for somebody of this department on this day."""
    held = held_by(department_id)
    contact = None if held else db.session.scalar(select(Organisation.contact_email))
    is_overdue = held is not None and held.is_overdue(today)
    return OwnCard(held=held, contact=contact or "", is_overdue=is_overdue)


def newest(department_id: int, *, lock: bool = False) -> ProtocolCard | None:
    """Return the newest version of a department's own card, withdrawn or not.

    With `lock` nobody else makes a version of it before the transaction ends.
    """
    if lock:
        db.session.execute(
            select(Department.id).where(Department.id == department_id).with_for_update()
        )
    return db.session.scalar(
        select(ProtocolCard)
        .where(ProtocolCard.department_id == department_id)
        .order_by(ProtocolCard.number.desc())
        .limit(1)
    )


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version of a card, by whom and when, and what it changed."""

    number: int
    made_at: datetime
    made_by: str
    is_withdrawn: bool
    says: tuple[tuple[str, str | date], ...]
    """What it says, by the names people read; empty fields are left out."""
    changed: tuple[str, ...]


def history(department_id: int) -> tuple[Version, ...]:
    """Return the newest versions of a department's own card, newest first."""
    rows = db.session.execute(
        select(ProtocolCard, Person.name)
        .outerjoin(Person, Person.id == ProtocolCard.made_by_id)
        .where(ProtocolCard.department_id == department_id)
        .order_by(ProtocolCard.number.desc())
        .limit(VERSIONS_MOST)
    ).all()
    before: Mapping[int, Card] = {row.number: card_of(row) for row, _name in rows}
    return tuple(
        Version(
            number=row.number,
            made_at=row.made_at,
            made_by=name or "",
            is_withdrawn=row.is_withdrawn,
            says=tuple(
                (rules.FIELDS[key], value)
                for key, value in asdict(before[row.number]).items()
                if value
            ),
            changed=tuple(
                rules.FIELDS[key]
                for key in rules.changed(before.get(row.number - 1), before[row.number])
            ),
        )
        for row, name in rows
    )


@dataclass(frozen=True, kw_only=True)
class PlaceCard:
    """A department in the planner's list, with the card that holds there."""

    place: Place
    held: Held | None

    @property
    def is_own(self) -> bool:
        """Say whether the card is the department's own."""
        return self.held is not None and self.held.department_id == self.place.id


def _all_held() -> dict[int, Held]:
    newest = _newest().subquery()
    rows = db.session.execute(
        select(ProtocolCard, Department.name)
        .join(Department, Department.id == ProtocolCard.department_id)
        .join(
            newest,
            (newest.c.department_id == ProtocolCard.department_id)
            & (newest.c.number == ProtocolCard.number),
        )
        .where(ProtocolCard.is_withdrawn.is_(False), Department.retired_at.is_(None))
    ).all()
    return {row[0].department_id: _held(row) for row in rows}


def places() -> tuple[PlaceCard, ...]:
    """Return every open department with the card that holds there, in two statements."""
    listed, held = queries.departments(), _all_held()
    above = {one.id: one.parent_id for one in listed}

    def nearest(place_id: int) -> Held | None:
        return next((held[one] for one in rules.way_up(above, place_id) if one in held), None)

    return tuple(
        PlaceCard(place=one, held=nearest(one.id)) for one in listed if one.retired_at is None
    )


@dataclass(frozen=True, kw_only=True)
class DueCard:
    """A card whose numbers must be checked again."""

    department_id: int
    department: str
    review_by: date
    checked_on: date
    is_overdue: bool


def due(on: date) -> tuple[DueCard, ...]:
    """Return the cards to check by this day, or within the month after it; oldest first."""
    found = [
        DueCard(
            department_id=one.department_id,
            department=one.department,
            review_by=one.card.review_by,
            checked_on=one.card.checked_on,
            is_overdue=one.is_overdue(on),
        )
        for one in _all_held().values()
        if one.card.review_by is not None
        and one.card.checked_on is not None
        and one.card.review_by - on <= rules.DUE_SOON
    ]
    return tuple(sorted(found, key=lambda one: (one.review_by, one.department.casefold())))
