"""Questions to the ledger: what a code is worth, whose certificate this is, what it says."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import aliased

from lms.access import Actor, Permission, everywhere, reaches
from lms.certificates.models import CertificateFile, Entry, LedgerEntry
from lms.certificates.pdf import Facts
from lms.certificates.rules import codes
from lms.certificates.rules.ledger import GENESIS, Row, State, state_of
from lms.db import db
from lms.errors import Missing
from lms.people.models import Organisation, Person
from lms.typeset.paragraph import plain

_Ending = aliased(LedgerEntry, name="ending")


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a certificate ended: superseded or revoked, when, why, and by what."""

    state: State
    at: datetime
    reason: str
    replaced_by: str | None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate as issued, with what became of it."""

    serial: str
    person_id: int
    course_version_id: int | None
    award_key: str
    facts: Facts
    quarters: int
    minutes: int
    zone: ZoneInfo
    completed_at: datetime
    claimed_at: datetime
    expires_on: date | None
    issued_at: datetime
    pdf_digest: str
    state: State
    ending: Ending | None

    @property
    def stands(self) -> bool:
        """Say whether it was neither superseded nor revoked."""
        return self.ending is None

    @property
    def format_words(self) -> str:
        """Return the words of the learning format without their article."""
        return self.facts.learning_format_words.partition(" ")[2]

    @property
    def credit(self) -> str:
        """Return the credit as one text, without its italics."""
        return plain(self.facts.credit_line)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a stranger may know of a code: what the paper shows, and whether it stands."""

    state: State
    code: str
    certificate: Certificate | None = None
    replacement_code: str | None = None
    replacement_state: State | None = None
    slip: str = ""  # what is wrong with a code that can't be one of ours


def as_row(entry: LedgerEntry) -> Row:
    """Return a ledger entry as the rules hash it."""
    return Row(
        seq=entry.seq,
        kind=entry.kind.value,
        serial=entry.serial,
        at=entry.at,
        actor_id=entry.actor_id,
        reason=entry.reason,
        replaced_by=entry.replaced_by,
        award_key=entry.award_key,
        code=entry.code,
        person_id=entry.person_id,
        course_version_id=entry.course_version_id,
        facts=entry.facts,
        pdf_digest=entry.pdf_digest,
        previous_hash=entry.previous_hash,
    )


def record_of(entry: LedgerEntry) -> dict[str, Any]:
    """Return the frozen record of an award as plain data."""
    record: dict[str, Any] = json.loads(entry.facts or "{}")
    return record


def facts_of(entry: LedgerEntry) -> Facts:
    """Return the facts that an award printed."""
    return Facts.from_data(record_of(entry)["printed"])


def _issued() -> Select[LedgerEntry, LedgerEntry | None]:
    return (
        select(LedgerEntry, _Ending)
        .outerjoin(
            _Ending,
            (_Ending.serial == LedgerEntry.serial) & (_Ending.kind != Entry.ISSUED),
        )
        .where(LedgerEntry.kind == Entry.ISSUED)
    )


def _certificate(entry: LedgerEntry, ending: LedgerEntry | None, *, at: datetime) -> Certificate:
    record = record_of(entry)
    zone = ZoneInfo(record["zone"])
    last = record["expires_on"]
    expires_on = date.fromisoformat(last) if last else None
    ended = ending.kind.value if ending else None
    return Certificate(
        serial=entry.serial,
        person_id=entry.person_id or 0,
        course_version_id=entry.course_version_id,
        award_key=entry.award_key or "",
        facts=Facts.from_data(record["printed"]),
        quarters=record["quarters"],
        minutes=record["minutes"],
        zone=zone,
        completed_at=datetime.fromisoformat(record["completed_at"]),
        claimed_at=datetime.fromisoformat(record["claimed_at"]),
        expires_on=expires_on,
        issued_at=entry.at,
        pdf_digest=entry.pdf_digest or "",
        state=state_of(ended=ended, expires_on=expires_on, today=at.astimezone(zone).date()),
        ending=Ending(
            state=State(ending.kind.value),
            at=ending.at,
            reason=ending.reason or "",
            replaced_by=ending.replaced_by,
        )
        if ending
        else None,
    )


_BY_SERIAL = _issued().where(LedgerEntry.serial == bindparam("wanted"))
_BY_CODE = _issued().where(LedgerEntry.code == bindparam("wanted"))


def certificate(serial: str, *, at: datetime) -> Certificate:
    """Return the certificate with this serial, whoever asks; raise Missing where there is none."""
    found = db.session.execute(_BY_SERIAL, {"wanted": serial}).first()
    if found is None:
        raise Missing(serial)
    return _certificate(found[0], found[1], at=at)


_BY_AWARD = select(LedgerEntry).where(LedgerEntry.award_key == bindparam("wanted"))
_Earlier = aliased(LedgerEntry, name="earlier")
# Of a year, the one given out last, which has the largest number. Looked for from the end of the
# ledger: to put a year's in order would take the longer, the more there are.
_LAST_SERIAL = (
    select(_Earlier.serial)
    .where(_Earlier.kind == Entry.ISSUED, _Earlier.serial.startswith(bindparam("start")))
    .order_by(_Earlier.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_SAME_AWARD = select(_Earlier.seq).where(_Earlier.award_key == bindparam("award_key"))
_END = (
    select(
        LedgerEntry.seq,
        LedgerEntry.hash,
        _LAST_SERIAL,
        _SAME_AWARD.scalar_subquery(),
    )
    .order_by(LedgerEntry.seq.desc())
    .limit(1)
)
_ISSUED = select(LedgerEntry).where(
    LedgerEntry.kind == Entry.ISSUED, LedgerEntry.serial == bindparam("wanted")
)


def by_award(award_key: str) -> LedgerEntry | None:
    """Return the entry that was issued for this award, or None."""
    return db.session.scalar(_BY_AWARD, {"wanted": award_key})


def issued(serial: str) -> LedgerEntry:
    """Return the award with this serial; raise Missing where there is none."""
    entry = db.session.scalar(_ISSUED, {"wanted": serial})
    if entry is None:
        raise Missing(serial)
    return entry


def by_serial(actor: Actor, serial: str, *, at: datetime) -> Certificate:
    """Return a certificate this actor may see; raise Missing otherwise.

    Holders see their own, coordinators those of people in their departments, planners and
    administrators all.
    """
    found = certificate(serial, at=at)
    if not _may_see(actor, found.person_id):
        raise Missing(serial)
    return found


def _may_see(actor: Actor, person_id: int) -> bool:
    if actor.person_id == person_id or everywhere(actor, Permission.SEE_RECORDS):
        return True
    place = db.session.scalar(select(Person.department_id).where(Person.id == person_id))
    return place is not None and reaches(actor, Permission.SEE_RECORDS, department_id=place)


@dataclass(frozen=True, kw_only=True)
class Issued:
    """The signed bytes of a certificate as issued, and what a download is called."""

    person_name: str
    digest: str
    content: bytes


# Put together once: every download asks it, and nothing else.
_FILE = (
    select(
        LedgerEntry.person_id, LedgerEntry.facts, CertificateFile.digest, CertificateFile.content
    )
    .join(CertificateFile, CertificateFile.serial == LedgerEntry.serial)
    .where(LedgerEntry.kind == Entry.ISSUED, LedgerEntry.serial == bindparam("wanted"))
)


def file_of(actor: Actor, serial: str) -> Issued:
    """Return the signed bytes of a certificate this actor may see; raise Missing otherwise."""
    found = db.session.execute(_FILE, {"wanted": serial}).first()
    if found is None or not _may_see(actor, found.person_id or 0):
        raise Missing(serial)
    printed = json.loads(found.facts or "{}")["printed"]
    return Issued(
        person_name=printed["person_name"], digest=found.digest, content=found.content
    )


def stored_file(serial: str) -> CertificateFile:
    """Return the signed bytes stored at issue; raise Missing where there are none."""
    file = db.session.get(CertificateFile, serial)
    if file is None:
        raise Missing(serial)
    return file


def by_code(typed: str, *, at: datetime) -> Verdict:
    """Return what a code is worth, however it was typed; an unknown code is a verdict too."""
    characters = codes.normalise(typed)
    code = codes.grouped(characters)
    found, slip = None, codes.slip(characters)
    if not slip:
        found = db.session.execute(_BY_CODE, {"wanted": code}).first()
    if found is None:
        return Verdict(state=State.UNKNOWN, code=code[:60], slip=slip)
    one = _certificate(found[0], found[1], at=at)
    if one.ending is None or one.ending.replaced_by is None:
        return Verdict(state=one.state, code=code, certificate=one)
    other = certificate(one.ending.replaced_by, at=at)
    return Verdict(
        state=one.state,
        code=code,
        certificate=one,
        replacement_code=other.facts.code,
        replacement_state=other.state,
    )


def of_person(person_id: int, *, at: datetime) -> list[Certificate]:
    """Return every certificate a person was ever issued, newest first, with one statement."""
    rows = db.session.execute(
        _issued().where(LedgerEntry.person_id == person_id).order_by(LedgerEntry.seq.desc())
    )
    return [_certificate(entry, ending, at=at) for entry, ending in rows]


class End(NamedTuple):
    """Where the ledger ends, and what the next certificate must know of those before it."""

    seq: int = 0
    hash: str = GENESIS
    last_serial: str | None = None  # given out in the year that was asked for
    award_seq: int | None = None  # the row of the award that was asked for, if it was issued


def end(*, year: int, award_key: str = "") -> End:
    """Return where the ledger ends; what it says of a year and an award, too."""
    found = db.session.execute(_END, {"start": f"{year}-", "award_key": award_key}).first()
    return End(*found) if found else End()


def contact() -> str:
    """Return the address of the office that issues certificates here, or ""."""
    return db.session.scalar(select(Organisation.contact_email)) or ""
