"""What the check of a signed file answers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What a file's signature is worth.

    ``intact``: the signature covers what it claims to and matches it. ``trusted``: its key leads
    to an anchor. ``whole_file``: nothing stands outside it. ``modified``: something was changed,
    added or taken away. ``attached_facts`` are read from a trusted file only.
    """

    intact: bool = False
    trusted: bool = False
    whole_file: bool = False
    modified: bool = True
    signed_at: datetime | None = None
    signer: str | None = None
    attached_facts: bytes | None = None
    reasons: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Say whether the file is what was issued, down to the last byte."""
        return self.intact and self.trusted and self.whole_file and not self.modified
