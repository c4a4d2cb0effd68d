"""A course folder as plain data: what lms/courses/files.py read, and nothing interpreted yet."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from typing import Any, Final

from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import table, tables, text

COURSE_FILE = "course.toml"
QUIZ_FILE = "quiz.toml"
_CASE = re.compile(r"^`{3,}case[ ]*$", re.MULTILINE)
# Deeper than anything written by hand, and less than takes long or ends in a fault.
_DEEP: Final = 40
_TOO_DEEP: Final = "Brackets or names are nested too deeply here. Write it flat."
_NUMBER_MOST: Final = 10**15
# More blocks than one course has.
_BLOCKS_KEPT: Final = 256
# What a version may show besides text. Anything else in media/ is refused.
MEDIA_TYPES: Mapping[str, str] = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
}


def ending(path: str) -> str:
    """Return the ending of a file name in small letters, without the dot."""
    return path.rpartition(".")[2].lower()


def toml(text: str, where: str) -> tuple[dict[str, Any], list[Problem]]:
    """Parse TOML; a slip of syntax is a problem that names its line."""
    try:
        read = tomllib.loads(text)
        if said := _beyond(read):
            return {}, [error("C02", where, said)]
        return read, []
    except ValueError as slip:  # TOMLDecodeError, or a number with thousands of digits
        return {}, [
            error(
                "C02",
                where,
                f"This is not TOML: {slip}. Mend that line; often a quote or a bracket is "
                "missing on it or on the one above.",
            )
        ]
    except RecursionError:
        return {}, [error("C02", where, _TOO_DEEP)]


@lru_cache(maxsize=_BLOCKS_KEPT)
def _block(text: str) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    read, slips = toml(text, "")
    return read, tuple(slips)


def set_apart(text: str, where: str) -> tuple[dict[str, Any], list[Problem]]:
    """Parse the TOML of a block in a page, which nobody may change: it's parsed once for all."""
    read, slips = _block(text)
    return read, [replace(one, place=where) for one in slips]


def _beyond(value: object) -> str | None:
    """Say what is TOML, and yet nothing that can be compared, printed and kept as JSON."""
    ahead = [(value, 0)]
    while ahead:
        one, deep = ahead.pop()
        if deep > _DEEP:
            return _TOO_DEEP
        if isinstance(one, dict | list):
            inside = one.values() if isinstance(one, dict) else one
            ahead += [(inner, deep + 1) for inner in inside]
        elif isinstance(one, int | float) and not -_NUMBER_MOST < one < _NUMBER_MOST:
            return "A number here is far too large, or none (inf, nan). Write a smaller one."
    return None


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The files of one folder by their path inside it, and what could not be read.

    `name` is how problems call the folder, such as "courses/my-course".
    """

    name: str
    files: Mapping[str, bytes]
    problems: tuple[Problem, ...] = field(default=())

    @cached_property
    def texts(self) -> dict[str, str]:
        """Return the text files by path, with plain line ends."""
        return {
            path: content.decode("utf-8", "replace").replace("\r\n", "\n")
            for path, content in self.files.items()
            if ending(path) in {"toml", "md", "svg"}
        }

    @cached_property
    def _parsed(self) -> dict[str, tuple[dict[str, Any], list[Problem]]]:
        return {}  # Each file is parsed when it's asked for; some are not asked for everywhere.

    def _toml(self, path: str) -> tuple[dict[str, Any], list[Problem]]:
        if path not in self._parsed:
            is_there = ending(path) == "toml" and path in self.texts
            where = place(f"{self.name}/{path}")
            self._parsed[path] = toml(self.texts[path], where) if is_there else ({}, [])
        return self._parsed[path]

    def table(self, path: str) -> dict[str, Any]:
        """Return a TOML file as a table, empty where there is none or it can't be parsed."""
        return self._toml(path)[0]

    def slips(self) -> list[Problem]:
        """Return the slips of syntax of all TOML files."""
        return [slip for path in self.texts for slip in self.slips_of(path)]

    def slips_of(self, path: str) -> list[Problem]:
        """Return the slips of syntax of one TOML file."""
        return self._toml(path)[1]

    @cached_property
    def content(self) -> dict[str, Any]:
        """Return what `content` says of this folder; nobody may change it."""
        return _content(self)

    @cached_property
    def mark(self) -> str:
        """Return a mark of all that was read of the folder; unlike a digest it takes no parsing."""
        told = hashlib.sha256(repr((self.name, self.problems)).encode())
        for path, data in sorted(self.files.items()):
            told.update(f"{path!r} {len(data)} ".encode())
            told.update(data)
        return told.hexdigest()

    @property
    def media(self) -> dict[str, bytes]:
        """Return pictures by path."""
        return {
            path: content
            for path, content in self.files.items()
            if path.startswith("media/") and ending(path) in MEDIA_TYPES
        }


def plain(value: Any) -> Any:
    """Turn what TOML holds into what JSON holds: days and times become ISO text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value


def content(folder: Folder) -> dict[str, Any]:
    """Return course.toml as plain JSON, with the items of quiz.toml under `quiz.items`.

    Of a lesson with branching cases it also says how many, so that they can be found. It's the
    same for all who ask, so nobody may change it.
    """
    return folder.content


def _content(folder: Folder) -> dict[str, Any]:
    course: dict[str, Any] = plain(folder.table(COURSE_FILE))
    quiz = course.get("quiz")
    if isinstance(quiz, dict):
        quiz["items"] = plain(folder.table(QUIZ_FILE)).get("items", [])
    lessons = course.get("lessons")
    for lesson in lessons if isinstance(lessons, list) else ():
        page = folder.texts.get(str(lesson.get("file"))) if isinstance(lesson, dict) else None
        if cases := len(_CASE.findall(page or "")):
            lesson["cases"] = cases
    return course


def canonical(value: Any) -> bytes:
    """Write JSON in the one way that a digest is taken of: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(folder: Folder) -> str:
    """Return the SHA-256 of everything a version says: data, texts of its pages, its media.

    The order of keys, comments and layout of TOML files make no difference; every letter of a
    lesson does. Files that no page uses make none.
    """
    course = content(folder)
    used = [text(one, "file") for one in tables(course, "lessons")]
    used += [text(table(course, key), "file") for key in ("takeaway", "facilitator")]
    return hashlib.sha256(
        canonical(
            {
                "course": course,
                "pages": {path: folder.texts.get(path, "") for path in used if path},
                "media": {
                    path: hashlib.sha256(data).hexdigest() for path, data in folder.media.items()
                },
            }
        )
    ).hexdigest()
