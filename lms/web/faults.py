"""What the log may say of a fault, and which faults of the disk pass by themselves."""

import errno
import logging
from pathlib import Path
from traceback import extract_tb
from types import TracebackType
from typing import Final

_log = logging.getLogger(__name__)

FULL: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EIO}
)
"""What a disk says that has no room, or nothing to give at this moment."""


def way_of(error: BaseException) -> str:
    """Return which error this is and the way through the code to it, for the log.

    Without its words: they may quote what was typed, a name, a link.
    """
    frames = extract_tb(error.__traceback__)
    steps = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames]
    told = f"{type(error).__name__} at {' > '.join(steps) or 'no place in the code'}"
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return told if cause is None else f"{told}; after {way_of(cause)}"


def log_way(
    exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None] | BaseException,
) -> None:
    """Log an error that no page was there for: which it is and where it arose."""
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    _log.error("unexpected: %s", way_of(error) if error else "an error without a name")


def of_the_disk(error: OSError) -> str | None:
    """Return the name of a fault that is the disk's and not ours, such as ENOSPC; else None."""
    return errno.errorcode[error.errno] if error.errno in FULL else None
