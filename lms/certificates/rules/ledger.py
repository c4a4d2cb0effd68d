"""The ledger's rules: serial numbers, canonical rows, the chain of hashes, what still stands."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

GENESIS: Final = "0" * 64
_SERIAL: Final = re.compile(r"(\d{4})-(\d{6,})")


class State(StrEnum):
    """What a certificate is worth today."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def state_of(*, ended: str | None, expires_on: date | None, today: date) -> State:
    """Return what a certificate is worth: its end in the ledger counts before its last day."""
    if ended is not None:
        return State(ended)
    if expires_on is not None and today > expires_on:
        return State.EXPIRED
    return State.VALID


def serial_after(last: str | None, *, year: int) -> str:
    """Return the serial number that follows the last one of this year: 2026-000123."""
    if last is None:
        return f"{year}-000001"
    matched = _SERIAL.fullmatch(last)
    if matched is None or int(matched.group(1)) != year:
        raise ValueError(f"{last!r} is no serial number of {year}")
    return f"{year}-{int(matched.group(2)) + 1:06d}"


def is_serial(text: str) -> bool:
    """Say whether a text looks like a serial number."""
    return _SERIAL.fullmatch(text.strip()) is not None


def canonical(value: Any) -> str:
    """Write plain data as JSON in the one way it's hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def sha256(content: bytes) -> str:
    """Return the digest of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the ledger as it is hashed; `facts` is canonical JSON, hashed as it stands."""

    seq: int
    kind: str
    serial: str
    at: datetime
    actor_id: int | None
    reason: str | None = None
    replaced_by: str | None = None
    award_key: str | None = None
    code: str | None = None
    person_id: int | None = None
    course_version_id: int | None = None
    facts: str | None = None
    pdf_digest: str | None = None
    previous_hash: str

    def hash(self) -> str:
        """Return the hash of this row, which takes the hash of the row before into it."""
        told = vars(self) | {"at": self.at.astimezone(UTC).isoformat()}
        return sha256(canonical(told).encode())


def breaks(
    rows: Iterable[tuple[Row, str]], *, after: int = 0, previous: str = GENESIS
) -> Iterable[str]:
    """Yield a sentence for each row, in order of `seq`, that does not fit the one before it.

    Each row comes with the hash that is stored for it. `after` and `previous` are number and
    stored hash of the row before the first.
    """
    for row, stored in rows:
        if row.seq != after + 1:
            yield f"Row {after + 1} of the ledger is missing; row {row.seq} follows."
        if row.previous_hash != previous:
            yield f"Row {row.seq} of the ledger ({row.serial}) does not follow the row before it."
        if row.hash() != stored:
            yield f"Row {row.seq} of the ledger ({row.serial}) was changed after it was written."
        after, previous = row.seq, stored


def differences(told: Mapping[str, Any], known: Mapping[str, Any]) -> list[str]:
    """Return the names of the facts in which two attached records differ, in order."""
    names = sorted(set(told) | set(known))
    return [name for name in names if told.get(name) != known.get(name)]
