"""The only reader of the clock, and the calendar day of an instant in a zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant, aware, in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an aware instant as it is counted in `zone`."""
    return instant.astimezone(zone).date()
