"""Every fact a certificate prints, as frozen at issue."""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from lms.typeset.paragraph import Parts, plain

FORMAT: Final = 1  # of certificate.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Every fact a certificate prints, as printed; frozen at issue and attached as JSON.

    ``credit_line`` is a run of (text, is italic); ``statements`` holds one such run a paragraph.
    """

    serial: str
    code: str
    verify_url: str
    verify_label: str
    person_name: str
    person_locale: str | None = None
    title: str
    learning_format_words: str
    opening: str = "This certifies that"
    lead: str
    heading: str
    credit_line: Parts
    completed_on: str
    claimed_on: str
    issued_on: str
    expires_on: str | None = None
    issued_at: datetime
    issuer_name: str
    issuer_line: str
    signer_name: str
    signer_title: str
    statements: tuple[Parts, ...]
    language: str
    course_key: str
    course_version: int
    course_digest: str
    specimen: bool
    template_version: str

    @property
    def sentence(self) -> str:
        """Answer the line between name and title; it names the learning format."""
        if not self.learning_format_words:
            return self.lead
        return f"{self.lead} {self.learning_format_words},"

    @property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """Answer each date under its own label."""
        found = (
            ("Completed", self.completed_on),
            ("Claimed", self.claimed_on),
            ("Issued", self.issued_on),
        )
        return (*found, ("Expires", self.expires_on)) if self.expires_on else found

    def as_json(self) -> bytes:
        """Answer what the paper shows, for machines; the same facts give the same bytes."""
        told = {
            "format": FORMAT,
            "specimen": self.specimen,
            "serial": self.serial,
            "code": self.code,
            "verify": self.verify_url,
            "heading": self.heading,
            "name": self.person_name,
            "opening": self.opening,
            "sentence": self.sentence,
            "learning_format": self.learning_format_words,
            "title": self.title,
            "credit": plain(self.credit_line),
            "dates": {label.lower(): day for label, day in self.dates},
            "issuer": {"name": self.issuer_name, "line": self.issuer_line},
            "signer": {"name": self.signer_name, "title": self.signer_title},
            "statements": [plain(parts) for parts in self.statements],
            "course": {
                "key": self.course_key,
                "version": self.course_version,
                "digest": self.course_digest,
            },
            "template": self.template_version,
            "language": self.language,
        }
        return json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"

    def as_data(self) -> dict[str, Any]:
        """Answer all fields as plain data, for the ledger; ``from_data`` reads it back."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return told | {"issued_at": self.issued_at.isoformat()}

    @classmethod
    def from_data(cls, told: dict[str, Any]) -> "Facts":
        """Read what ``as_data`` answered, also after it was written as JSON."""
        told = dict(told)
        told["issued_at"] = datetime.fromisoformat(told["issued_at"])
        told["credit_line"] = _parts(told["credit_line"])
        told["statements"] = tuple(_parts(parts) for parts in told["statements"])
        return cls(**told)


def _parts(told: list[tuple[str, bool]]) -> Parts:
    return tuple((text, italic) for text, italic in told)
