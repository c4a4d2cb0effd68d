"""Proof: whether the ledger is whole, and whether a file is what the ledger says was issued."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509
from sqlalchemy import select

from lms.certificates.models import CertificateFile, Entry, LedgerEntry
from lms.certificates.queries.ledger import Certificate, as_row, by_code
from lms.certificates.rules.ledger import GENESIS, State, breaks, differences, sha256
from lms.certificates.rules.wording import day_text
from lms.db import db
from lms.typeset.signing import SignatureVerdict, check


@dataclass(frozen=True, kw_only=True)
class LedgerReport:
    """What a look through the whole ledger found."""

    rows: int
    certificates: int
    problems: tuple[str, ...]


def verify_chain(*, batch: int = 500) -> LedgerReport:
    """Go through the ledger and the stored files; say what does not fit, each in a sentence.

    Reads `batch` rows at a time, so that memory does not grow with the years.
    """
    problems: list[str] = []
    seen = issued = 0
    previous = GENESIS
    while True:
        entries = db.session.scalars(
            select(LedgerEntry).where(LedgerEntry.seq > seen).order_by(LedgerEntry.seq).limit(batch)
        ).all()
        if not entries:
            break
        rows = [(as_row(entry), entry.hash) for entry in entries]
        problems += breaks(rows, after=seen, previous=previous)
        awards = {one.serial: one.pdf_digest for one in entries if one.kind == Entry.ISSUED}
        problems += _file_problems(awards)
        issued += len(awards)
        seen, previous = entries[-1].seq, entries[-1].hash
        for entry in entries:
            db.session.expunge(entry)
    problems += _strays()
    return LedgerReport(rows=seen, certificates=issued, problems=tuple(problems))


def _file_problems(awards: dict[str, str | None]) -> Iterator[str]:
    """Compare the stored files of some awards with the digests that the ledger holds."""
    rows = db.session.execute(
        select(CertificateFile.serial, CertificateFile.digest, CertificateFile.content).where(
            CertificateFile.serial.in_(awards)
        )
    )
    found = set()
    for serial, digest, content in rows:
        found.add(serial)
        if not (sha256(content) == digest == awards[serial]):
            yield f"The stored file of certificate {serial} was changed after it was issued."
    for serial in sorted(set(awards) - found):
        yield f"The stored file of certificate {serial} is missing."


def _strays() -> Iterator[str]:
    """Find stored files whose award is gone: what cutting off the end of the ledger leaves."""
    awards = select(LedgerEntry.serial).where(LedgerEntry.kind == Entry.ISSUED)
    rows = db.session.scalars(
        select(CertificateFile.serial)
        .where(CertificateFile.serial.not_in(awards))
        .order_by(CertificateFile.serial)
    )
    for serial in rows:
        yield f"Certificate {serial} has a stored file, but no row in the ledger."


@dataclass(kw_only=True)
class FileReport:
    """What is true of a file that claims to be a certificate; no problems, and it holds."""

    signature: SignatureVerdict
    certificate: Certificate | None = None
    state: State = State.UNKNOWN
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Say whether signature, coverage, facts, stored bytes and standing all agree."""
        return not self.problems


def verify_file(pdf: bytes, anchors: Sequence[x509.Certificate], *, at: datetime) -> FileReport:
    """Judge a file without a network: signature, whole-file coverage, facts and ledger."""
    report = FileReport(signature=check(pdf, anchors))
    report.problems += _signature_problems(report.signature)
    told = _attached(report.signature.attached_facts)
    if told is None:
        report.problems.append("The facts attached to the file could not be read.")
        return report
    verdict = by_code(str(told.get("code", "")), at=at)
    report.certificate, report.state = verdict.certificate, verdict.state
    if verdict.certificate is None:
        report.problems.append(
            f"This ledger holds no certificate with the code {str(told.get('code', ''))[:60]!r}."
        )
        return report
    report.problems += _ledger_problems(pdf, told, verdict.certificate)
    return report


def _signature_problems(signature: SignatureVerdict) -> list[str]:
    """Return a sentence for everything about the signature that is not as it should be."""
    if signature.holds:
        return []
    said = list(signature.reasons)
    if not said:
        said.append("The signature does not hold.")
    return said


def _attached(facts: bytes | None) -> dict[str, Any] | None:
    try:
        told = json.loads(facts or b"")
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _ledger_problems(pdf: bytes, told: dict[str, Any], known: Certificate) -> Iterator[str]:
    """Compare a file with what the ledger says was issued under its code."""
    if names := differences(told, json.loads(known.facts.as_json())):
        yield f"The attached facts differ from the ledger in: {', '.join(names)}."
    if sha256(pdf) != known.pdf_digest:
        yield "The file is not the one that was issued: its digest differs from the ledger's."
    ending = known.ending
    if ending is not None:
        day = day_text(ending.at.astimezone(known.zone).date())
        by = f" by {ending.replaced_by}" if ending.replaced_by else ""
        yield f"The certificate was {ending.state}{by} on {day}: {ending.reason}"
    elif known.state == State.EXPIRED:
        yield f"The certificate expired: its last day was {known.facts.expires_on}."
