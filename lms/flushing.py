"""Brings SQLite's log to the disk, once for all who committed meanwhile (decision 17)."""

import errno
import logging
import os
import sqlite3
from pathlib import Path
from threading import Condition
from typing import Any, Final

from sqlalchemy.exc import OperationalError

_log = logging.getLogger(__name__)

# Where there is none (macOS) SQLite's own FULL would do no more than fsync, either.
_sync: Final[str] = "fdatasync" if hasattr(os, "fdatasync") else "fsync"

MENDING_MILLISECONDS: Final = 1_000
"""How long, after a flush that failed, a writer waits for readers to let go of the log."""


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "without a number")


def _unavailable(error: BaseException | None, *, is_unsure: bool) -> OperationalError:
    """Return what a request answers with 503; unsure: what was committed may be there or not."""
    told = OperationalError(
        "COMMIT" if is_unsure else "BEGIN IMMEDIATE",
        None,
        sqlite3.OperationalError("disk I/O error"),
        hide_parameters=True,
        connection_invalidated=is_unsure,
    )
    told.__cause__ = error
    return told


class Flushing:
    """The log of one database, flushed by one thread of this process at a time for all that wait.

    Nobody may acknowledge what was committed before `flush` came back. A flush counts for a commit
    only if it began after it. The file stays open between flushes: what the system could not write
    in the background is told once to each who has it open.
    """

    def __init__(self) -> None:
        self._path: Path | None = None  # in memory there is no log
        self._file: int | None = None
        self._known: tuple[int, int, int] | None = None
        self._change = Condition()
        self._begun = self._done = 0
        self._is_flushing = False
        self._failed: OSError | None = None

    def ready(self, path: Path) -> None:
        """Get to know the log, before the first commit; flush what a killed process left in it.

        A log that can't be opened or flushed keeps nobody from reading: it's told who commits.
        """
        with self._change:
            self._path = path
            if self._is_flushing:
                return  # so it's open, and all that is in it is on its way
            known = self._known
            try:
                file = self._current(path)
                if self._known != known and os.fstat(file).st_size:
                    self._sync(file)
            except FileNotFoundError:
                return  # nobody has written yet
            except OSError as error:
                self._note(error)

    def close(self) -> None:
        """Let go of the log, as when all connections are closed; the next one finds it again."""
        with self._change:
            while self._is_flushing:
                self._change.wait()
            self._let_go()

    @property
    def has_failed(self) -> bool:
        """Say whether a flush failed and nobody has mended it since."""
        return self._failed is not None

    def refuse_if_failed(self) -> None:
        """Raise OperationalError when nothing may be committed after what may not be on disk."""
        if self._failed is not None:
            raise _unavailable(self._failed, is_unsure=False)

    def flush(self) -> None:
        """Come back when all that was committed before this call is on disk.

        Raises OperationalError when nobody can say whether it is.
        """
        if self._path is None:
            return
        with self._change:
            mine = self._begun + 1
            while self._done < mine:
                if self._failed is not None:
                    raise _unavailable(self._failed, is_unsure=True)
                if self._is_flushing:
                    self._change.wait()
                else:
                    self._lead(self._path)

    def mend(self, driver: Any, *, patience: float) -> None:
        """After a flush that failed, get everything into the database file, flushed in its turn.

        A second flush would say that all is well, though the system may have dropped what it could
        not write. The database file is written anew. Raises OperationalError when it can't be.
        """
        wait = min(int(patience * 1000), MENDING_MILLISECONDS)
        driver.execute(f"PRAGMA busy_timeout = {wait}")
        try:
            told = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _unavailable(error, is_unsure=False) from error
        if told != (0, 0, 0):
            raise _unavailable(self._failed, is_unsure=False)
        with self._change:
            self._failed = None
        _log.warning("the database's log was brought into the database; saving goes on")

    def _lead(self, path: Path) -> None:
        """Flush for all who wait; held on entry and on return, but not while the disk works."""
        self._begun += 1
        mine = self._begun
        self._is_flushing = True
        self._change.release()
        error: OSError | None = None
        is_over = False
        try:
            self._sync(self._current(path))
            is_over = True
        except OSError as problem:
            error = problem
        finally:
            self._change.acquire()
            self._is_flushing = False
            if is_over:
                self._done = mine
            if error is not None:
                self._note(error)
            self._change.notify_all()

    def _note(self, error: OSError) -> None:
        self._failed = error
        _log.error("the database's log could not be flushed: %s", _name(error))

    def _sync(self, file: int) -> None:
        getattr(os, _sync)(file)

    def _let_go(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = self._known = None

    def _current(self, path: Path) -> int:
        """Return the log's file, opened anew where it's another than it was.

        The last connection of all deletes the log, the next makes another. Its number can't be
        given to another file as long as we have it open. What a forked process inherits tells of
        a failure only one of them.
        """
        there, who = path.stat(), os.getpid()
        if self._file is None or self._known != (there.st_dev, there.st_ino, who):
            self._let_go()
            self._file = os.open(path, os.O_RDONLY)
            opened = os.fstat(self._file)
            self._known = (opened.st_dev, opened.st_ino, who)
        return self._file
