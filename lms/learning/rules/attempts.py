"""How often and how long a quiz may be tried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Room:
    """What is left of the present round of attempts; a pause stands between rounds."""

    used: int
    allowed: int
    pause_until: datetime | None = None

    @property
    def left(self) -> int:
        """Return how many attempts can still be started in this round."""
        return self.allowed - self.used


def room(ends: Sequence[datetime], *, retries: int, pause_hours: int, at: datetime) -> Room:
    """Return the room for attempts at this instant, from the ends of those made in this cycle.

    A round is one attempt and its retries. When it is used up the pause runs from the end of
    the last attempt; then another round opens.
    """
    size = 1 + retries
    used = len(ends) % size
    if not ends or used:
        return Room(used=used, allowed=size)
    pause_until = max(ends) + timedelta(hours=pause_hours)
    if at < pause_until:
        return Room(used=size, allowed=size, pause_until=pause_until)
    return Room(used=0, allowed=size)


def minutes_allowed(limit: int | None, *, percent: int) -> int | None:
    """Return the time limit in minutes with this person's extension on top, rounded up."""
    return None if limit is None else -(-limit * (100 + percent) // 100)


def is_over(deadline_at: datetime | None, *, at: datetime) -> bool:
    """Say whether time has run out; the last second still counts."""
    return deadline_at is not None and at > deadline_at
