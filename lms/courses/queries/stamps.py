"""What changes when a file of a folder does: so that what was read may be kept in memory."""

import os
from collections.abc import Iterable
from pathlib import Path

Mark = tuple[int, int, int]
Stamp = tuple[tuple[str, Mark], ...]
"""Path, moments of change (of content and of rights) and size of each file."""


def mark(path: str | Path) -> Mark | None:
    """Return what changes when a file, or a link by this name, does; None where there is none."""
    try:
        seen = os.lstat(path)
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size


def _of(folder: Path) -> list[tuple[str, Mark]]:
    try:
        with os.scandir(folder) as entries:
            paths = [one.path for one in entries if one.name.endswith(".toml")]
    except OSError:
        return []
    return sorted((path, seen) for path in paths if (seen := mark(path)) is not None)


def stamp(folders: Iterable[Path]) -> Stamp:
    """Return the stamp of the TOML files of these folders, without opening any."""
    return tuple(line for folder in folders for line in _of(folder))
