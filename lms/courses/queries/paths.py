"""Suggested paths, read from their file once, and again when it has changed."""

import os
from pathlib import Path
from typing import Final

from lms.courses import files
from lms.courses.queries.stamps import Mark, mark
from lms.courses.rules.folder import Folder
from lms.courses.rules.paths import PATHS_FILE, LearningPath, check_paths, parse_paths
from lms.courses.rules.problem import Problem, errors

HOME: Final = Path(__file__).resolve().parents[3] / "courses"

_kept: dict[Path, tuple[Mark, tuple[LearningPath, ...]]] = {}


def folder(home: Path = HOME) -> Folder:
    """Return the file of paths below `home` as a folder of one file, whatever else lies there."""
    return files.single(home, PATHS_FILE, name="courses" if home == HOME else home.name)


def has_own(instance: Path) -> bool:
    """Say whether the institution keeps paths of its own, readable or not."""
    return os.path.lexists(instance / PATHS_FILE)


def problems_of_own(instance: Path, course_keys: frozenset[str] | None) -> list[Problem]:
    """Return what is wrong with the institution's own paths, where it keeps some."""
    return check_paths(folder(instance), course_keys) if has_own(instance) else []


def paths(instance: Path | None = None) -> tuple[LearningPath, ...]:
    """Return the paths of the institution where it has its own, else ours; none from a bad file.

    What is wrong with a file is told by `lms courses check` and `lms doctor`; the page of courses
    goes on without.
    """
    home = instance if instance is not None and has_own(instance) else HOME
    stamp = mark(home / PATHS_FILE)
    if stamp is None:
        return ()
    known = _kept.get(home)
    if known is None or known[0] != stamp:
        read = folder(home)
        sound = not errors(check_paths(read, None))
        known = _kept[home] = (stamp, parse_paths(read.table(PATHS_FILE)) if sound else ())
    return known[1]
