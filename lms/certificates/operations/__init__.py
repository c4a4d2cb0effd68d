"""Issue a certificate, replace one whose name is wrong, revoke one: only rows are added."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from cryptography import x509
from sqlalchemy import func, select

from lms import audit, outbox
from lms.access import Actor, Permission, require
from lms.certificates import queries
from lms.certificates.models import CertificateFile, Entry, LedgerEntry
from lms.certificates.pdf import Facts, draw, drawn_by
from lms.certificates.queries import End
from lms.certificates.rules import codes, wording
from lms.certificates.rules.ledger import canonical, serial_after, sha256
from lms.certificates.rules.wording import Award
from lms.db import db, whole
from lms.errors import Missing, Refused
from lms.people.models import Organisation, Person
from lms.people.rules import seen
from lms.typeset.faces import Faces
from lms.typeset.names import NAME_BOX, TITLE_BOX, Box, Unprintable, printable
from lms.typeset.signing import KeyProblem, SigningKey

LONGEST_REASON: Final = 300
# Any number will do, as long as nobody else in this database takes the same for another purpose.
_LEDGER_LOCK: Final = 0x4C45_4447


class NoOrganisation(Refused):
    """The organisation that issues certificates was not named yet."""


class CannotPrint(Refused):
    """A name or title has no place on a certificate; the message names what is wrong."""


class NoReason(Refused):
    """A certificate is neither replaced nor revoked without a reason."""


class NothingToCorrect(Refused):
    """The name is the same as on the certificate."""


class AlreadyEnded(Refused):
    """The certificate was superseded or revoked before."""


@dataclass(frozen=True, kw_only=True)
class Press:
    """What certificates are made with, put together once at start."""

    faces: Faces
    key: SigningKey
    anchors: Sequence[x509.Certificate]
    base_url: str
    zone: ZoneInfo

    def verify_url(self, code: str) -> str:
        """Return the public address that answers for a code; the QR code holds it."""
        return f"{self.base_url}/verify/{code}"

    @property
    def verify_label(self) -> str:
        """Return the verification address as people type it."""
        return f"{self.base_url.partition('://')[2]}/verify"


@whole
def issue(*, award: Award, press: Press, actor: Actor, at: datetime) -> LedgerEntry:
    """Issue the certificate of an award, drawn, signed and stored; or return the one there is.

    One award has one certificate, whoever asks how often and at the same time (case 5). Raises
    NoOrganisation, and CannotPrint for a name or title without a place on paper, before anything
    is recorded.
    """
    return issue_within(award=award, press=press, actor=actor, at=at)


def issue_within(*, award: Award, press: Press, actor: Actor, at: datetime) -> LedgerEntry:
    """Issue as `issue` does, within an operation that happens whole or not at all itself."""
    require(actor, Permission.CLAIM)
    _take_turns()
    end = _end(press, at, award.award_key)
    if end.award_seq is not None and (entry := queries.by_award(award.award_key)) is not None:
        return entry
    organisation = db.session.get(Organisation, 1)
    if organisation is None or not organisation.name.strip():
        raise NoOrganisation(
            "No certificate can be issued yet, because this installation was not told the name "
            "of its organization. An administrator can set it on the Organization page. What you "
            "finished is kept; claim again then."
        )
    code, serial = codes.generate(secrets.randbelow), _serial_after(end, press, at)
    facts = _facts(award, organisation, press, serial=serial, code=code, at=at)
    record = {
        "format": 1,
        "minutes": award.minutes,
        "quarters": award.quarters,
        "most_quarters": award.most_quarters,
        "learning_format": award.learning_format,
        "completed_at": award.completed_at.isoformat(),
        "claimed_at": award.claimed_at.isoformat(),
        "expires_on": award.expires_on.isoformat() if award.expires_on else None,
        "zone": award.zone.key,
        "replaces": None,
    }
    entry = _print(
        facts,
        record,
        press,
        after=end,
        actor=actor,
        at=at,
        award_key=award.award_key,
        person_id=award.person_id,
        course_version_id=award.course_version_id,
    )
    audit.record(
        actor=actor,
        at=at,
        action="certificate.issued",
        thing=f"certificate:{serial}",
        course=award.course_key,
        version=award.course_version,
        quarters=award.quarters,
    )
    return entry


@whole
def supersede(
    *, actor: Actor, serial: str, name: str, reason: str, press: Press, at: datetime
) -> LedgerEntry:
    """Issue a certificate with the corrected name in place of another, and return it.

    The old one stays as it is and verifies as superseded by the new one (case 6). Raises
    NotAllowed, Missing, NoReason, CannotPrint, NothingToCorrect, and AlreadyEnded.
    """
    require(actor, Permission.SUPERSEDE)
    reason = _reason(reason)
    _take_turns()
    old = _standing(serial)
    facts, record = queries.facts_of(old), queries.record_of(old)
    cleaned = _printed(name, NAME_BOX, press, facts.person_locale)
    if cleaned == facts.person_name:
        raise NothingToCorrect("This is the name that the certificate carries already.")
    end = _end(press, at)
    code, new_serial = codes.generate(secrets.randbelow), _serial_after(end, press, at)
    new_facts = replace(
        facts,
        serial=new_serial,
        code=code,
        verify_url=press.verify_url(code),
        verify_label=press.verify_label,
        person_name=cleaned,
        issued_on=wording.day(at, ZoneInfo(record["zone"])),
        issued_at=at,
        statements=wording.replacing(facts.statements, serial),
    )
    entry = _print(
        new_facts,
        record | {"replaces": serial},
        press,
        after=end,
        actor=actor,
        at=at,
        award_key=wording.next_award_key(old.award_key or ""),
        person_id=old.person_id,
        course_version_id=old.course_version_id,
    )
    _add(
        after=End(entry.seq, entry.hash),
        kind=Entry.SUPERSEDED,
        serial=serial,
        actor=actor,
        at=at,
        reason=reason,
        replaced_by=new_serial,
    )
    audit.record(
        actor=actor,
        at=at,
        action="certificate.superseded",
        thing=f"certificate:{serial}",
        by=new_serial,
        reason=reason,
    )
    _tell(
        old,
        at=at,
        subject=f"Your certificate {serial} was replaced",
        text=f"Your certificate {serial} for “{facts.title}” was replaced by {new_serial}.\n"
        f"Reason: {reason}\n\n"
        "Use the new one from now on; you find both under Transcript.",
    )
    return entry


@whole
def revoke(*, actor: Actor, serial: str, reason: str, at: datetime) -> LedgerEntry:
    """Revoke a certificate: a further row says when, why and by whom; nothing is taken away.

    Raises NotAllowed, Missing, NoReason, and AlreadyEnded.
    """
    require(actor, Permission.REVOKE)
    reason = _reason(reason)
    _take_turns()
    old = _standing(serial)
    end = queries.end(year=at.year)
    entry = _add(after=end, kind=Entry.REVOKED, serial=serial, actor=actor, at=at, reason=reason)
    audit.record(
        actor=actor,
        at=at,
        action="certificate.revoked",
        thing=f"certificate:{serial}",
        reason=reason,
    )
    _tell(
        old,
        at=at,
        subject=f"Your certificate {serial} was revoked",
        text=f"Your certificate {serial} for “{queries.facts_of(old).title}” was revoked and "
        f"is no longer valid.\nReason: {reason}\n\n"
        "If you think that this is wrong, write to the office that issued it.",
    )
    return entry


def _take_turns() -> None:
    """Let one transaction at a time append to the ledger, until it ends.

    On SQLite those who will write have taken their turn when the transaction began.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_LEDGER_LOCK)))


def _end(press: Press, at: datetime, award_key: str = "") -> End:
    return queries.end(year=at.astimezone(press.zone).year, award_key=award_key)


def _serial_after(end: End, press: Press, at: datetime) -> str:
    return serial_after(end.last_serial, year=at.astimezone(press.zone).year)


def _printed(text: str, box: Box, press: Press, locale: str | None) -> str:
    try:
        return printable(text, box, press.faces, locale=locale).text
    except Unprintable as problem:
        raise CannotPrint(str(problem)) from problem


def _facts(
    award: Award, organisation: Organisation, press: Press, *, serial: str, code: str, at: datetime
) -> Facts:
    """Freeze every fact that this certificate prints."""
    issuer = organisation.name.strip()
    return Facts(
        serial=serial,
        code=code,
        verify_url=press.verify_url(code),
        verify_label=press.verify_label,
        person_name=_printed(award.person_name, NAME_BOX, press, award.person_locale),
        person_locale=award.person_locale,
        title=_printed(award.title, TITLE_BOX, press, award.language),
        learning_format_words=wording.with_article(award.format_words),
        opening=wording.OPENING,
        lead=wording.lead(award.minutes),
        heading=wording.HEADING,
        credit_line=((wording.credit_text(award.quarters), False),),
        completed_on=wording.day(award.completed_at, award.zone),
        claimed_on=wording.day(award.claimed_at, award.zone),
        issued_on=wording.day(at, award.zone),
        expires_on=wording.day_text(award.expires_on) if award.expires_on else None,
        issued_at=at,
        issuer_name=issuer,
        issuer_line=organisation.line.strip(),
        signer_name=organisation.signer_name.strip(),
        signer_title=organisation.signer_title.strip(),
        statements=wording.statements(award, issuer=issuer),
        language=award.language,
        course_key=award.course_key,
        course_version=award.course_version,
        course_digest=award.course_digest,
        specimen=organisation.is_demonstration,
        template_version=wording.TEMPLATE,
    )


@lru_cache(maxsize=1)
def _parts() -> dict[str, str]:
    return drawn_by()


def _print(
    facts: Facts,
    record: dict[str, Any],
    press: Press,
    *,
    after: End,
    actor: Actor,
    at: datetime,
    **columns: Any,
) -> LedgerEntry:
    """Draw, sign and store a certificate, and write its award into the ledger."""
    try:
        content = press.key.sign(draw(facts, press.faces, room=press.key.room), at)
    except (Unprintable, KeyProblem) as problem:
        raise CannotPrint(str(problem)) from problem
    digest = sha256(content)
    told = record | {"printed": facts.as_data(), "drawn_by": _parts()}
    entry = _add(
        after=after,
        kind=Entry.ISSUED,
        serial=facts.serial,
        actor=actor,
        at=at,
        code=facts.code,
        facts=canonical(told),
        pdf_digest=digest,
        **columns,
    )
    db.session.add(CertificateFile(serial=facts.serial, digest=digest, content=content))
    return entry


def _add(
    *, after: End, kind: Entry, serial: str, actor: Actor, at: datetime, **columns: Any
) -> LedgerEntry:
    """Append one row, chained to the one before."""
    entry = LedgerEntry(
        seq=after.seq + 1,
        kind=kind,
        serial=serial,
        at=at,
        actor_id=actor.person_id or None,
        previous_hash=after.hash,
        **columns,
    )
    entry.hash = queries.as_row(entry).hash()
    db.session.add(entry)
    return entry


def _reason(text: str) -> str:
    """Return the reason in one line; raise NoReason when there is none, or too much of it."""
    reason = seen(text)
    if not reason:
        raise NoReason("Give a reason. It is shown to everyone who verifies the certificate.")
    if len(reason) > LONGEST_REASON:
        raise NoReason(
            f"The reason has {len(reason)} characters; keep it under {LONGEST_REASON + 1}. It is "
            "shown to everyone who verifies the certificate."
        )
    return reason


def _standing(serial: str) -> LedgerEntry:
    """Return the award with this serial; raise Missing or, where it ended, AlreadyEnded."""
    rows = db.session.scalars(select(LedgerEntry).where(LedgerEntry.serial == serial)).all()
    awards = [one for one in rows if one.kind == Entry.ISSUED]
    if not awards:
        raise Missing(serial)
    for one in rows:
        if one.kind == Entry.REVOKED:
            raise AlreadyEnded(f"Certificate {serial} was revoked before; nothing was changed.")
        if one.kind == Entry.SUPERSEDED:
            raise AlreadyEnded(
                f"Certificate {serial} was replaced by {one.replaced_by} before; nothing was "
                "changed. Work on that one."
            )
    return awards[0]


def _tell(award: LedgerEntry, *, at: datetime, subject: str, text: str) -> None:
    """Write to the holder, once, in the same transaction; not to people who have left."""
    holder = db.session.get(Person, award.person_id)
    if holder is None or holder.deactivated_at is not None:
        return
    outbox.queue(
        key=f"certificate-ended:{award.serial}",
        person_id=holder.id,
        address=holder.email,
        subject=subject,
        body=f"{text}\n",
        at=at,
    )
