"""Look at course folders and render them, which takes most of the time of publishing.

It needs no database, so that several processors can do it, each at its own folders.
"""

import gc
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from multiprocessing import Pipe, Process, get_start_method
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Self

from lms.courses.queries import currency
from lms.courses.rules.check import Printable, check
from lms.courses.rules.folder import Folder, content, digest, ending
from lms.courses.rules.problem import Problem, errors
from lms.courses.rules.render_course import rendered

# Fewer folders are looked at sooner than processes are started.
_MANY: Final = 4
# Bytes of the number of a folder in the line of those that wait.
_NUMBER: Final = 2


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A folder that was looked at and rendered.

    It holds for what has this mark, on this day, and nothing else.
    """

    mark: str
    on: date
    digest: str
    content: dict[str, Any]
    problems: tuple[Problem, ...]
    rendered: dict[str, Any] | None  # None where problems forbid it


def pictures(folder: Folder) -> dict[str, str]:
    """Return the digest of each picture by its path; drawings are set into the page itself."""
    return {
        path: hashlib.sha256(data).hexdigest()
        for path, data in folder.media.items()
        if ending(path) != "svg"
    }


def ready(folder: Folder, *, on: date, printable: Printable | None = None) -> Ready:
    """Look at a folder and render it, without a database."""
    problems = check(folder, today=on, printable=printable)
    return Ready(
        mark=folder.mark,
        on=on,
        digest=digest(folder),
        content=content(folder),
        problems=tuple(problems),
        rendered=None if errors(problems) else rendered(folder, pictures(folder)),
    )


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What a look at a folder came to: the folder made ready, and what it says though it no
    longer holds."""

    ready: Ready
    stale: tuple[Problem, ...]


@dataclass(frozen=True)
class Look:
    """How folders are looked at: on which day, and what is held against them."""

    on: date
    printable: Printable
    home: Path
    instance: Path

    @cached_property
    def standing(self) -> currency.Standing:
        """Return what no longer holds; it's read when it's first asked for."""
        return currency.standing(home=self.home, instance=self.instance)

    def at(self, folder: Folder) -> Looked:
        """Look at one folder."""
        return Looked(
            ready=ready(folder, on=self.on, printable=self.printable),
            stale=tuple(self.standing.stale_in(folder)),
        )


class Looking:
    """A look at many folders that other processes have a share in, where processes are cheap.

    They begin at once and take one folder after the other, the largest first; whoever asks for
    what was found takes its share, too. The folders go to the others as copies of this process's
    memory, only what they came to comes back.
    """

    def __init__(self, folders: Sequence[Folder], look: Look) -> None:
        self.folders = folders
        self._look = look
        self._line = sorted(folders, key=_size, reverse=True)
        self._others: list[tuple[Process, Connection]] = []
        self._found: dict[str, Looked] = {}
        self._waiting = -1

    def __enter__(self) -> Self:
        """Let the others begin."""
        processors = os.cpu_count() or 1
        if len(self._line) < _MANY or processors == 1 or get_start_method() != "fork":
            return self
        self._waiting, end = os.pipe()
        os.write(end, b"".join(n.to_bytes(_NUMBER) for n in range(len(self._line))))
        os.close(end)
        try:
            for _one in range(1, processors):
                here, there = Pipe(duplex=False)
                process = Process(target=self._help, args=(there, os.getpid()), daemon=True)
                self._others.append((process, here))
                process.start()
                there.close()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        """End those who have said all they had to say, or that nobody listens to any more."""
        self._end()

    def _end(self) -> None:
        for process, here in self._others:
            here.close()
            if process.pid is not None:
                process.terminate()
                process.join()
        self._others = []
        if self._waiting >= 0:
            os.close(self._waiting)
            self._waiting = -1

    def _mine(self) -> Iterator[Folder]:
        """Take folders from the line until none waits."""
        while self._waiting >= 0 and (number := os.read(self._waiting, _NUMBER)):
            yield self._line[int.from_bytes(number)]

    def _help(self, to: Connection, publisher: int) -> None:
        # Without them a pipe whose reader was killed would still have one: this process, waiting
        # for ever, and holding what it has of the instance's lock and the database's line.
        for _process, end in self._others:
            end.close()
        # It ends before there would be much to collect.
        gc.disable()
        found: dict[str, Looked] = {}
        for one in self._mine():
            # Nor does anybody want what is found for a publisher that is no more.
            if os.getppid() != publisher:
                os._exit(1)
            found[one.name] = self._look.at(one)
        with suppress(OSError):
            to.send(found)
        os._exit(0)

    def stale(self, folders: Iterable[Folder]) -> list[Problem]:
        """Return what these folders, the library and the directory tell though it's no longer so.

        With it, what is wrong with the lists of what no longer holds.
        """
        standing = self._look.standing
        # This first: the others are at the courses meanwhile.
        beside = [*standing.stale_beside()]
        in_courses = [problem for one in folders for problem in self.of(one).stale]
        return [*standing.problems, *in_courses, *beside]

    def of(self, folder: Folder) -> Looked:
        """Return what was found in a folder, looked at now where nobody has."""
        if self._waiting >= 0:
            self._found |= {one.name: self._look.at(one) for one in self._mine()}
            for _process, here in self._others:
                # Whoever came to grief sends nothing; its folders are looked at by us.
                with suppress(EOFError, OSError):
                    self._found |= here.recv()
            self._end()
        known = self._found.get(folder.name)
        if known is None or known.ready.mark != folder.mark:
            known = self._found[folder.name] = self._look.at(folder)
        return known


def _size(folder: Folder) -> int:
    return sum(map(len, folder.files.values()))
