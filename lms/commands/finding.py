"""What the doctor finds: a subject, whether it's well, and a sentence."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor's report; of what isn't well, the sentence says what to do."""

    subject: str
    is_ok: bool
    sentence: str


def well(subject: str, sentence: str) -> Finding:
    """Return the finding that nothing needs to be done."""
    return Finding(subject=subject, is_ok=True, sentence=sentence)


def look(subject: str, sentence: str) -> Finding:
    """Return the finding that somebody must do what the sentence says."""
    return Finding(subject=subject, is_ok=False, sentence=sentence)
