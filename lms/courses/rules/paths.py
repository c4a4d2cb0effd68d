"""Suggested paths as values: which courses to take, by what one does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from lms.courses.rules.check_course import check_format, ids
from lms.courses.rules.check_words import check_words
from lms.courses.rules.folder import Folder
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import (
    ListOf,
    OneOf,
    Table,
    Tables,
    Text,
    Whole,
    compare,
    name_of,
    tables,
    text,
    texts,
)
from lms.courses.rules.shapes import PROFESSIONS

PATHS_FILE: Final = "paths.toml"

_STAGE: Final = Table({"title": Text(most=120), "courses": ListOf(Text(most=80), least=1)})
_PATH: Final = Table(
    {
        "key": Text(most=60),
        "title": Text(most=120),
        "summary": Text(most=400),
        "professions": ListOf(OneOf(PROFESSIONS), least=1),
        "stages": Tables(_STAGE, "stage", least=1, most=12),
    }
)
PATHS: Final = Table({"format": Whole(-(10**9), 10**9), "paths": Tables(_PATH, "path", most=60)})


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Courses of a path that belong to one step of it."""

    title: str
    courses: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LearningPath:
    """A path: advice by what one does, required of nobody."""

    key: str
    title: str
    summary: str
    professions: tuple[str, ...]
    stages: tuple[Stage, ...]

    @property
    def courses(self) -> tuple[str, ...]:
        """Return the keys of all its courses, each once, in order."""
        return tuple(dict.fromkeys(key for stage in self.stages for key in stage.courses))

    def only(self, keys: frozenset[str]) -> "LearningPath":
        """Return the path without the courses that are not among these."""
        stages = (
            replace(one, courses=tuple(key for key in one.courses if key in keys))
            for one in self.stages
        )
        return replace(self, stages=tuple(one for one in stages if one.courses))


def check_paths(folder: Folder, course_keys: frozenset[str] | None) -> list[Problem]:
    """Return every problem of the file of paths; with None it isn't asked which courses exist."""
    return sorted({*folder.problems, *folder.slips(), *_problems(folder, course_keys)})


def _problems(folder: Folder, course_keys: frozenset[str] | None) -> Iterator[Problem]:
    where = f"{folder.name}/{PATHS_FILE}"
    if folder.slips() or folder.problems:
        return  # what can't be read lacks nothing that could be named
    raw = folder.table(PATHS_FILE)
    yield from compare(raw, PATHS, where)
    yield from check_format(raw, where)
    yield from check_words(raw, where)
    found = [{**one, "id": text(one, "key")} for one in tables(raw, "paths")]
    yield from ids(found, "path", where)
    for number, path in enumerate(found, start=1):
        here = place(where, name_of(path, number, "path"))
        for stage in tables(path, "stages"):
            for key in texts(stage, "courses"):
                if course_keys is not None and key not in course_keys:
                    yield error("C29", here, f"There is no course {key!r}. Name one that exists.")


def parse_paths(raw: Mapping[str, Any]) -> tuple[LearningPath, ...]:
    """Build the paths from the file as data that was checked."""
    return tuple(
        LearningPath(
            key=one["key"],
            title=one["title"],
            summary=one["summary"],
            professions=tuple(one["professions"]),
            stages=tuple(
                Stage(title=stage["title"], courses=tuple(stage["courses"]))
                for stage in one["stages"]
            ),
        )
        for one in raw["paths"]
    )
