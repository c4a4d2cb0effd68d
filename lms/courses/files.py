"""The one door to the disk: course folders into plain data and bytes, and a new folder out."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from lms.courses.rules.folder import COURSE_FILE, MEDIA_TYPES, Folder, ending
from lms.courses.rules.problem import Problem, error

MEGABYTE: Final = 1024 * 1024
TEXT_MOST: Final = MEGABYTE // 4
MEDIUM_MOST: Final = 5 * MEGABYTE
FILES_MOST: Final = 200
SERIES: Final = "series"
# Folders beside the courses that hold something else.
NO_COURSES: Final = frozenset({SERIES, "directory", "library"})

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}", re.ASCII)
_LINK: Final = "This is a symbolic link. Put the file itself here."
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]")
# What editors and systems leave behind, and nobody means.
# What file managers leave, and the record of who reviewed the course: no part of a version.
_IGNORED: Final = frozenset({".DS_Store", "Thumbs.db", ".gitkeep", "desktop.ini", "REVIEW.md"})
_PLACES: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"toml", "md"}),
    "lessons": frozenset({"md"}),
    "media": frozenset(MEDIA_TYPES),
}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _shown(name: str) -> str:
    """Return a file name that is safe to print in a terminal and on a page."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in name)[:80]


def _read(entry: os.DirEntry[str], where: str) -> tuple[bytes, Problem | None]:
    """Read one file, whose kind and size were looked at on the file opened and not on its name."""
    most = TEXT_MOST if ending(entry.name) in {"toml", "md", "svg"} else MEDIUM_MOST
    try:
        # Not through a link, and not waiting on a pipe that calls itself a lesson.
        handle = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as refusal:
        return b"", error("C01", where, f"It can't be read: {refusal.strerror}. Mend its rights.")
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            return b"", error("C01", where, "This is not a plain file. Put a plain file here.")
        if found.st_size > most:
            text = f"It is larger than {most // 1024} KB. Make it smaller or divide it."
            return b"", error("C01", where, text)
        data = file.read(most + 1)
    return data, _unreadable_text(data, where) if most == TEXT_MOST else None


def _unreadable_text(data: bytes, where: str) -> Problem | None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as slip:
        line = data[: slip.start].count(b"\n") + 1
        return error(
            "C01",
            f"{where} › line {line}",
            "This is not UTF-8 text. Save the file with the encoding UTF-8.",
        )
    if text.startswith("\ufeff"):
        return error("C01", where, "It begins with a byte order mark. Save as UTF-8 without one.")
    if found := _CONTROL.search(text):
        number = text.count("\n", 0, found.start()) + 1
        return error(
            "C01", f"{where} › line {number}", "A control character stands here. Take it out."
        )
    return None


def _unfit(entry: os.DirEntry[str], inside: str, where: str) -> Problem | None:
    if entry.is_symlink():
        return error("C01", where, _LINK)
    if not _NAME.fullmatch(entry.name):
        return error(
            "C01",
            where,
            "A name has only small letters a to z, digits, dots, hyphens and underscores, and at "
            "most 80 of them. Rename it.",
        )
    if entry.is_dir(follow_symlinks=False):
        if inside or entry.name not in _PLACES:
            return error(
                "C01", where, "A course has only the folders lessons and media. Move what is in it."
            )
        return None
    if ending(entry.name) not in _PLACES[inside]:
        kinds = ", ".join(sorted(_PLACES[inside]))
        return error("C01", where, f"A file of this kind has no place here; only {kinds}. Move it.")
    return None


def _walk(folder: Path, name: str, inside: str = "") -> Iterator[tuple[str, bytes, Problem | None]]:
    for entry in _entries(folder):
        if entry.name in _IGNORED:
            continue
        path = f"{inside}/{entry.name}" if inside else entry.name
        where = f"{name}/{_shown(path)}"
        if problem := _unfit(entry, inside, where):
            yield path, b"", problem
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), name, path)
        else:
            data, problem = _read(entry, where)
            yield path, data, problem


def read(folder: Path, *, name: str = "") -> Folder:
    """Read a course folder, or one of series files, into plain data; interpret nothing.

    Whatever can't be read safely (links, pipes, hostile names, huge files, other encodings) is
    left out and becomes a problem of the folder. `name` is how problems call the folder.
    """
    name = name or f"{_shown(folder.parent.name)}/{_shown(folder.name)}"
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    try:
        for path, data, problem in _walk(folder, name):
            if len(files) >= FILES_MOST:
                text = f"There are more than {FILES_MOST} files in it. Divide the course."
                problems.append(error("C01", name, text))
                break
            if problem is not None:
                problems.append(problem)
            else:
                files[path] = data
    except OSError as refusal:
        text = f"The folder can't be read: {refusal.strerror}. Look at its name and its rights."
        problems.append(error("C01", name, text))
    return Folder(name=name, files=files, problems=tuple(problems))


def single(home: Path, file: str, *, name: str) -> Folder:
    """Read one file of a folder, and nothing beside it; without the file there is a problem."""
    where = f"{name}/{file}"
    try:
        with os.scandir(home) as found:
            entry = next((one for one in found if one.name == file), None)
    except OSError:
        entry = None
    if entry is None:
        missing = error("C01", where, "This file is missing. Write it.")
        return Folder(name=name, files={}, problems=(missing,))
    link = error("C01", where, _LINK) if entry.is_symlink() else None
    data, problem = (b"", link) if link else _read(entry, where)
    return Folder(
        name=name,
        files={} if problem else {file: data},
        problems=(problem,) if problem else (),
    )


def course_folders(home: Path) -> list[Path]:
    """Return the folders of all courses below `home`, by name."""
    if not home.is_dir():
        return []
    return [
        Path(entry.path)
        for entry in _entries(home)
        if entry.is_dir() and entry.name not in NO_COURSES and not entry.name.startswith(".")
    ]


def series_folder(home: Path) -> Path | None:
    """Return the folder of series files below `home`, or None where there is none."""
    folder = home / SERIES
    return folder if folder.is_dir() else None


def is_course(folder: Path) -> bool:
    """Say whether a folder looks like a course: it has a course.toml."""
    return (folder / COURSE_FILE).is_file()


def write_new(folder: Path, files: Mapping[str, str]) -> None:
    """Write a new course folder, whole or not at all; raise FileExistsError where there is one."""
    draft = folder.with_name(f".{folder.name}.new")
    draft.mkdir(parents=True)
    try:
        for path, text in files.items():
            file = draft / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        # mkdir takes the name for us; renaming onto an empty folder of ours is atomic.
        folder.mkdir()
        draft.rename(folder)
    except OSError:
        for path in files:
            (draft / path).unlink(missing_ok=True)
        for inside in ("lessons", "media", ""):
            if (draft / inside).is_dir():
                (draft / inside).rmdir()
        raise
