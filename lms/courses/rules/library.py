"""The library: the sources behind the courses, how they are found, and what is due of them.

Pure. An entry says only what its source states; a title that we gave is marked as ours.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

FORMAT: Final = 1

KINDS: Final[Mapping[str, str]] = {
    "law": "Law and regulation",
    "court": "Court decision",
    "guidance": "Guidance and standards",
    "policy": "Policy of a professional body",
    "research": "Research",
    "statistics": "Statistics and surveys",
    "guidebook": "Guidebook",
    "tool": "Tool",
    "training": "Training",
    "program": "Program",
    "campaign": "Campaign material",
    "web": "Web page or article",
    "video": "Video",
}
"""The kinds in the order in which the page shows them."""


class Status(StrEnum):
    """Whether a source still holds."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    HISTORICAL = "historical"
    CLOSED = "closed"


STATUS_WORDS: Final[Mapping[Status, str]] = {
    Status.CURRENT: "Current",
    Status.SUPERSEDED: "Superseded",
    Status.HISTORICAL: "Historical",
    Status.CLOSED: "Closed",
}


# How a citation says that the source itself carries no year.
_NO_YEAR: Final = re.compile(r"\b[Uu]nderstood at the end of \d{4}|\b[Aa]s listed in \d{4}")


def fold(text: str) -> str:
    """Return a text as it's looked for: without accents and the difference of capitals."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(one for one in plain if not unicodedata.combining(one)).casefold()


def parts(citation: str) -> tuple[tuple[str, bool], ...]:
    """Divide a citation into its parts; those between asterisks are titles."""
    found = re.split(r"\*([^*]+)\*", citation)
    return tuple((one, bool(number % 2)) for number, one in enumerate(found) if one)


@dataclass(frozen=True, kw_only=True)
class Document:
    """One source."""

    id: str
    title: str
    title_is_ours: bool
    citation: str
    kind: str
    year: int
    owner: str
    authors: tuple[str, ...]
    editors: tuple[str, ...]
    container: str
    volume: str
    issue: str
    pages: str
    publisher: str
    place: str
    isbn: str
    doi: str
    url: str
    status: Status
    status_note: str
    to_confirm: bool
    summary: str
    rows: tuple[str, ...]
    also: tuple[str, ...]
    instead: tuple[str, ...]
    checked_on: date
    review_by: date
    file: str
    is_own: bool = False

    @property
    def kind_words(self) -> str:
        """Return the kind as readers call it."""
        return KINDS[self.kind]

    @property
    def is_undated(self) -> bool:
        """Say whether the year is that of our knowledge: the source carries none."""
        return bool(_NO_YEAR.search(self.citation))

    @property
    def year_words(self) -> str:
        """Return the year as readers understand it."""
        if not self.is_undated:
            return str(self.year)
        return f"{'text of' if self.kind == 'law' else 'as known in'} {self.year}"

    @property
    def status_words(self) -> str:
        """Return how it stands as readers call it."""
        return STATUS_WORDS[self.status]

    @property
    def is_current(self) -> bool:
        """Say whether it still holds."""
        return self.status is Status.CURRENT

    @property
    def ids(self) -> tuple[str, ...]:
        """Return every id under which courses cite it."""
        return (self.id, *self.also)

    @property
    def parts(self) -> tuple[tuple[str, bool], ...]:
        """Return the citation in parts, titles told apart."""
        return parts(self.citation)

    @property
    def link(self) -> str:
        """Return where to look it up, "" where that isn't known."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url

    @property
    def link_words(self) -> str:
        """Return the name of the place behind the link."""
        return self.link.removeprefix("https://").removeprefix("http://").removeprefix("www.")

    def is_overdue(self, today: date) -> bool:
        """Say whether it should have been looked at again before this day."""
        return today > self.review_by

    @cached_property
    def said(self) -> str:
        """Return all its words, folded, for looking for some of them."""
        return fold(
            " ".join((self.title, self.citation.replace("*", ""), self.owner, self.summary))
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a reader asks the library for; empty asks for everything."""

    words: str = ""
    kind: str = ""
    since: int | None = None
    until: int | None = None
    course: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is asked for."""
        return self == Asked()

    def finds(self, one: Document, cited: frozenset[str]) -> bool:
        """Say whether a document is among what is asked for; `cited` are the course's sources."""
        return (
            all(word in one.said for word in fold(self.words).split())
            and (not self.kind or one.kind == self.kind)
            and (self.since is None or one.year >= self.since)
            and (self.until is None or one.year <= self.until)
            and (not self.course or not cited.isdisjoint(one.ids))
        )


@dataclass(frozen=True, kw_only=True)
class Library:
    """All sources, by kind and title."""

    documents: tuple[Document, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Document]:
        """Return every document by each of the ids it's cited under."""
        return {name: one for one in self.documents for name in one.ids}

    @cached_property
    def by_row(self) -> Mapping[str, tuple[Document, ...]]:
        """Return the documents that answer a row of the list of sources."""
        found: dict[str, list[Document]] = {}
        for one in self.documents:
            for row in one.rows:
                found.setdefault(row, []).append(one)
        return {row: tuple(ones) for row, ones in found.items()}

    def instead(self, one: Document) -> tuple[Document, ...]:
        """Return the documents that took the place of one."""
        return tuple(self.by_id[name] for name in one.instead if name in self.by_id)

    def found(self, asked: Asked, cited: frozenset[str] = frozenset()) -> tuple[Document, ...]:
        """Return what fits what is asked for."""
        return tuple(one for one in self.documents if asked.finds(one, cited))


def shelved(documents: Iterable[Document]) -> Library:
    """Put documents in the order of the page: by kind, then by title."""
    kinds = list(KINDS)
    return Library(
        documents=tuple(
            sorted(documents, key=lambda one: (kinds.index(one.kind), fold(one.title), one.id))
        )
    )


def document(raw: Mapping[str, Any], *, file: str, is_own: bool) -> Document:
    """Build a document from what its file says; it was checked before."""
    return Document(
        **{name: raw[name] for name in ("id", "title", "citation", "kind", "year", "owner")},
        **{
            name: raw.get(name, "")
            for name in (
                "container", "volume", "issue", "pages", "publisher", "place", "isbn", "doi",
                "url", "status_note",
            )
        },
        authors=tuple(raw.get("authors", ())),
        editors=tuple(raw.get("editors", ())),
        rows=tuple(raw.get("rows", ())),
        also=tuple(raw.get("also", ())),
        instead=tuple(raw.get("instead", ())),
        title_is_ours=raw.get("title_is_ours", False),
        to_confirm=raw.get("to_confirm", False),
        status=Status(raw["status"]),
        summary=raw["summary"],
        checked_on=raw["checked_on"],
        review_by=raw["review_by"],
        file=file,
        is_own=is_own,
    )  # fmt: skip
