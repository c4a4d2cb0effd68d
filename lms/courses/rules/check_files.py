"""Check the files of a course folder as files: those that must be there, pictures, strays."""

from collections.abc import Iterator, Mapping
from typing import Final

from lms.courses.rules import svg
from lms.courses.rules.folder import COURSE_FILE, QUIZ_FILE, Folder, ending
from lms.courses.rules.problem import Problem, error, warning

_BEGINNINGS: Final[Mapping[str, tuple[bytes, ...]]] = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "webp": (b"RIFF",),
}


def check_present(folder: Folder, pages: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for every file that must be there and is not.

    `pages` maps the paths that course.toml names to where it names them.
    """
    unread = {problem.place.partition(" › ")[0] for problem in folder.problems}
    for path in (COURSE_FILE, QUIZ_FILE):
        if path not in folder.files and f"{folder.name}/{path}" not in unread:
            yield error("C01", f"{folder.name}/{path}", "This file is missing. Write it.")
    for path, where in pages.items():
        if path not in folder.texts and f"{folder.name}/{path}" not in unread:
            yield error("C20", where, f"There is no file {path[:80]!r}. Write it, or name another.")


def check_media(folder: Folder) -> Iterator[Problem]:
    """Yield a problem for everything in a picture that can't be shown."""
    for path, data in folder.media.items():
        where, kind = f"{folder.name}/{path}", ending(path)
        if kind == "svg":
            for text in svg.problems(folder.texts[path]):
                yield error("C22", where, text)
        elif not data.startswith(_BEGINNINGS[kind]):
            yield error(
                "C22", where, f"This is not a {kind} picture, whatever its name. Save anew."
            )


def check_strays(folder: Folder, pages: Mapping[str, str], shown: set[str]) -> Iterator[Problem]:
    """Yield a warning for every file that no page uses."""
    used = {COURSE_FILE, QUIZ_FILE, *pages, *shown}
    for path in folder.files:
        if path not in used:
            yield warning(
                "C27", f"{folder.name}/{path}", "Nothing uses this file. Use it or take it out."
            )
