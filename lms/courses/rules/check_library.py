"""What is wrong with the files of the library: every problem with its place, and what to do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lms.courses.rules.check_course import good_id
from lms.courses.rules.folder import COURSE_FILE, Folder, ending
from lms.courses.rules.library import FORMAT, KINDS, Document, Library, Status, document, shelved
from lms.courses.rules.problem import Problem, error, errors, place, warning
from lms.courses.rules.shape import (
    Day,
    Flag,
    ListOf,
    OneOf,
    Table,
    Text,
    Whole,
    compare,
    name_of,
    tables,
    text,
    whole,
)

NO_DOCUMENTS: Final = frozenset({"superseded.toml", "numbers.toml"})
"""Files of the folder that hold something else."""

_DOCUMENT: Final = Table(
    {
        "id": Text(most=60),
        "title": Text(most=300),
        "citation": Text(most=2000),
        "kind": OneOf(tuple(KINDS)),
        "year": Whole(1500, 2200),
        "owner": Text(most=200),
        "status": OneOf(tuple(Status)),
        "summary": Text(most=500),
        "checked_on": Day(),
        "review_by": Day(),
    },
    {
        "title_is_ours": Flag(),
        "to_confirm": Flag(),
        "status_note": Text(most=300),
        "authors": ListOf(Text(most=120)),
        "editors": ListOf(Text(most=120)),
        "container": Text(most=200),
        "volume": Text(most=20),
        "issue": Text(most=20),
        "pages": Text(most=40),
        "publisher": Text(most=200),
        "place": Text(most=100),
        "isbn": Text(most=20),
        "doi": Text(most=200),
        "url": Text(most=300),
        "rows": ListOf(Text(most=10)),
        "also": ListOf(Text(most=60)),
        "instead": ListOf(Text(most=60)),
    },
)
# What stands in an address without being changed, in a page as in a list of references.
_URL: Final = re.compile(r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/?=&;:,+-]*)?", re.ASCII)
_DOI: Final = re.compile(r"10\.[0-9]{4,9}/[A-Za-z0-9._;()/:-]+", re.ASCII)
_ISBN: Final = re.compile(r"[0-9][0-9-]{8,15}[0-9X]", re.ASCII)
_SAME: Final = 30
"""So many first characters tell that two citations are of one source."""


def _of_names(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for name in (raw["id"], *raw.get("also", ())):
        if not good_id(name):
            said = f"{name!r} can't be an id: small letters, digits and single hyphens."
            yield error("L01", where, said)
    for key, form, wanted in (
        ("url", _URL, "a plain address that begins with https://"),
        ("doi", _DOI, "a DOI such as 10.1000/xyz, without an address before it"),
        ("isbn", _ISBN, "an ISBN in digits and hyphens"),
    ):
        if key in raw and not form.fullmatch(raw[key]):
            yield error("L02", place(where, key), f"Write {wanted}.")


def _of_one(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    found = list(compare(raw, _DOCUMENT, where))
    yield from found
    if found:
        return  # what follows takes the shape for granted
    yield from _of_names(raw, where)
    if raw["status"] != Status.CURRENT and not raw.get("status_note"):
        yield error("L03", where, "Say in status_note what readers use instead, or why it's kept.")
    if raw["review_by"] <= raw["checked_on"]:
        yield error("L04", where, "review_by is not after checked_on. Set a later day.")
    if raw["citation"].count("*") % 2:
        yield error("L06", where, "A title stands between two asterisks; one of them is missing.")


def _of_file(folder: Folder, path: str) -> Iterator[Problem]:
    """Look at what stands around the documents of a file; a slip of syntax is told elsewhere."""
    where, raw = f"{folder.name}/{path}", folder.table(path)
    if not raw and any(slip.place == where for slip in folder.slips()):
        return
    for key in sorted(set(raw) - {"format", "documents"}):
        yield error(
            "C03", place(where, key[:60]), "There is no such key. Known are format and documents."
        )
    if raw.get("format") != FORMAT or isinstance(raw.get("format"), bool):
        yield error("C05", where, f"Write format = {FORMAT} at the top; no other is known here.")
    documents = raw.get("documents")
    if not isinstance(documents, list) or tables(raw, "documents") != documents or not documents:
        yield error("C04", where, "Give documents, each under its own [[documents]].")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is in the folders: the library of all that is sound, and every problem."""

    library: Library
    problems: tuple[Problem, ...]


def _documents(folder: Folder, *, is_own: bool) -> Iterator[tuple[Document | None, list[Problem]]]:
    for path in sorted(folder.texts):
        if ending(path) != "toml" or "/" in path or path in NO_DOCUMENTS:
            continue
        yield None, list(_of_file(folder, path))
        for number, raw in enumerate(tables(folder.table(path), "documents"), start=1):
            file = f"{folder.name}/{path}"
            problems = list(_of_one(raw, place(file, name_of(raw, number, "document"))))
            is_sound = not errors(problems)
            yield (document(raw, file=file, is_own=is_own) if is_sound else None), problems


def check_library(folders: Iterable[Folder]) -> Found:
    """Look at all documents of these folders, ours first, an institution's own after them.

    An unsound document is left out and named; so is one whose id is taken.
    """
    problems: list[Problem] = []
    kept: dict[str, Document] = {}
    taken: dict[str, str] = {}
    for number, folder in enumerate(folders):
        problems += [*folder.problems, *folder.slips()]
        for one, found in _documents(folder, is_own=number > 0):
            problems += found
            if one is None:
                continue
            if twice := [name for name in one.ids if name in taken]:
                where = place(one.file, f"document {one.id}")
                said = f"{twice[0]!r} is a document in {taken[twice[0]]} already. Rename one."
                problems.append(error("L05", where, said))
                continue
            kept[one.id] = one
            taken |= dict.fromkeys(one.ids, one.file)
    library = shelved(kept.values())
    problems += _of_places(library)
    return Found(library=library, problems=tuple(sorted(problems)))


def _of_places(library: Library) -> Iterator[Problem]:
    """Yield what takes the place of a document and isn't there."""
    for one in library.documents:
        for name in one.instead:
            if name not in library.by_id:
                where = place(one.file, f"document {one.id}", "instead")
                yield error("L09", where, f"There is no document {name!r}. Name one that exists.")


def check_references(library: Library, courses: Iterable[Folder]) -> Iterator[Problem]:
    """Compare the references of courses with the library: it lists them all, and agrees."""
    for folder in courses:
        for number, raw in enumerate(tables(folder.table(COURSE_FILE), "references"), start=1):
            where = place(f"{folder.name}/{COURSE_FILE}", name_of(raw, number, "reference"))
            one = library.by_id.get(text(raw, "id"))
            if one is None:
                said = "The library has no document with this id. Add it to courses/library."
                yield warning("L07", where, said)
            elif one.year != whole(raw, "year"):
                yield warning("L08", where, f"The library gives the year {one.year}. Make it one.")
            elif one.citation[:_SAME] != text(raw, "text")[:_SAME]:
                said = f"The library cites another source under this id: {one.citation[:80]}"
                yield warning("L08", where, f"{said} … Make it one.")


def due_documents(library: Library, by: date) -> tuple[Document, ...]:
    """Return what must be looked at again by this day, oldest first."""
    due = (one for one in library.documents if one.review_by <= by)
    return tuple(sorted(due, key=lambda one: (one.review_by, one.title)))
