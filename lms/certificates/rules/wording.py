"""What a certificate says where no accreditation profile applies: CE hours and plain sentences.

No accreditor's words stand here: only an organisation that holds an accreditation may print
them (ce-rules 0.3). The learning format is named (ce-rules 0.5), and completed, claimed and
issued are three dates (acceptance case 11).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

Words = tuple[tuple[str, bool], ...]  # text, whether it's italic

TEMPLATE: Final = "ce-hours-1"
HEADING: Final = "Certificate of completion"
OPENING: Final = "This certifies that"
KEPT: Final = "six years"  # ce-rules 0.8: attendance records are kept so long

_TIMES: Final = {
    "America/New_York": "Eastern Time",
    "America/Detroit": "Eastern Time",
    "America/Chicago": "Central Time",
    "America/Denver": "Mountain Time",
    "America/Phoenix": "Mountain Standard Time",
    "America/Los_Angeles": "Pacific Time",
    "America/Anchorage": "Alaska Time",
    "Pacific/Honolulu": "Hawaii Time",
    "America/Puerto_Rico": "Atlantic Time",
    "Etc/UTC": "Coordinated Universal Time",
    "UTC": "Coordinated Universal Time",
}


@dataclass(frozen=True, kw_only=True)
class Award:
    """What is certified: to whom, for what, how much, when, in whose calendar.

    `award_key` names the award: one certificate is issued for it, whoever asks how often.
    `expires_on` is the last day of the certificate itself; None means that it does not expire.
    """

    award_key: str
    person_id: int
    person_name: str
    person_locale: str | None
    title: str
    learning_format: str
    format_words: str
    minutes: int
    quarters: int
    most_quarters: int
    completed_at: datetime
    claimed_at: datetime
    zone: ZoneInfo
    expires_on: date | None = None
    course_key: str
    course_version: int
    course_version_id: int
    course_digest: str
    language: str = "en-US"


def day(instant: datetime, zone: ZoneInfo) -> str:
    """Write the calendar day of an instant in a zone as it's printed: March 17, 2026 (case 10)."""
    return day_text(instant.astimezone(zone).date())


def day_text(value: date) -> str:
    """Write a day as it's printed: March 17, 2026."""
    return f"{value:%B} {value.day}, {value.year}"


def zone_text(zone: ZoneInfo) -> str:
    """Name the zone that printed days are counted in: "Pacific Time"."""
    known = _TIMES.get(zone.key)
    if known is not None:
        return known
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return f"the local time of {place}"


def hours(quarters: int) -> str:
    """Write quarters of an hour with two decimals: 3 becomes 0.75, exactly."""
    return f"{quarters // 4}.{quarters % 4 * 25:02d}"


def credit_text(quarters: int) -> str:
    """Write claimed quarters of an hour as on paper: 0.75 CE hours."""
    return f"{hours(quarters)} CE hours"


def with_article(words: str) -> str:
    """Put "a" or "an" before the words of a learning format."""
    return f"{'an' if words[:1].lower() in 'aeio' else 'a'} {words}"


def lead(minutes: int) -> str:
    """Begin the line between name and title; the learning format ends it."""
    return f"has completed the {minutes}-minute course,"


def statements(award: Award, *, issuer: str) -> tuple[Words, ...]:
    """Return the paragraphs beside the code, without an accreditor's words."""
    texts = (
        f"{issuer} awards these continuing education hours. One hour is 60 minutes of learning; "
        f"up to {hours(award.most_quarters)} hours could be claimed, and the holder claimed what "
        "matched their part. This certificate carries no accreditation claim.",
        "Licensing boards and employers decide which education they accept. Ask yours before "
        "you count on these hours.",
        f"Dates are given in {zone_text(award.zone)}. Keep this certificate for at least "
        f"{KEPT}. It was earned on version {award.course_version} of the course; "
        "anyone can check it by its code, for as long as the record is kept.",
    )
    return tuple(((text, False),) for text in texts)


_REPLACES: Final = "This certificate replaces "


def replacing(statements: tuple[Words, ...], serial: str) -> tuple[Words, ...]:
    """Return the statements of a corrected certificate, which names the one it replaces."""
    kept = tuple(one for one in statements if not one[0][0].startswith(_REPLACES))
    return (*kept, ((f"{_REPLACES}{serial}.", False),))


def next_award_key(award_key: str) -> str:
    """Return the key of the certificate that replaces another of the same award."""
    root, _, number = award_key.partition("#")
    return f"{root}#{int(number or 1) + 1}"
