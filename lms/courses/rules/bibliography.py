"""The library as lists of references that other programs read: BibTeX and CSL-JSON. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

from lms.courses.rules.library import Document

# What has a meaning in BibTeX or TeX, written so that it's only a character. Braces are named,
# since BibTeX counts them even behind a backslash.
_TEX: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
}
_BIBTEX_TYPES: Final = {"guidebook": "book", "video": "misc"}
_CSL_TYPES: Final = {
    "law": "legislation",
    "court": "legal_case",
    "research": "report",
    "statistics": "report",
    "guidance": "report",
    "policy": "report",
    "guidebook": "book",
    "web": "webpage",
    "video": "motion_picture",
}
_MORE: Final = "et al"
# Initials behind a family name: "Kiss L", "Macias Konstantopoulos W".
_PERSON: Final = re.compile(r"(?P<family>.+) (?P<given>[A-Z]{1,3})")
_NOBODY: Final = frozenset({"law", "court"})


def _tex(text: str) -> str:
    return "".join(_TEX.get(one, one) for one in " ".join(text.split()))


def _authors(one: Document) -> tuple[str, ...]:
    """Return who is named as author: who is stated, else the owner of what isn't a law."""
    if one.authors or one.editors or one.kind in _NOBODY:
        return one.authors
    return (one.owner,)


def _tex_names(names: Iterable[str]) -> str:
    said = []
    for name in names:
        person = _PERSON.fullmatch(name)
        if name == _MORE:
            said.append("others")
        elif person:
            said.append(f"{_tex(person['family'])}, {' '.join(f'{n}.' for n in person['given'])}")
        else:
            said.append(f"{{{_tex(name)}}}")
    return " and ".join(said)


def _title(one: Document) -> str:
    return f"[{one.title}]" if one.title_is_ours else one.title


def _note(one: Document) -> str:
    if one.is_current:
        return ""
    instead = f" {', '.join(one.instead)}." if one.instead else ""
    return f"{one.status_words}. {one.status_note}{instead}"


def _entry(one: Document) -> str:
    kind = "article" if one.container else _BIBTEX_TYPES.get(one.kind, "misc")
    if kind == "book" and not one.publisher:
        kind = "misc"
    fields = [
        ("author", _tex_names(_authors(one))),
        ("editor", _tex_names(one.editors)),
        # In braces of its own, so that no style changes its capitals.
        ("title", f"{{{_tex(_title(one))}}}"),
        ("journal", _tex(one.container)),
        ("year", str(one.year)),
        ("volume", _tex(one.volume)),
        ("number", _tex(one.issue)),
        ("pages", _tex(one.pages).replace("-", "--")),
        ("publisher", _tex(one.publisher)),
        ("address", _tex(one.place)),
        ("isbn", one.isbn),
        # Addresses and DOIs are read as they stand; their characters are looked at in the check.
        ("doi", one.doi),
        ("url", one.url),
        ("howpublished", "" if one.container or one.publisher else
         _tex(one.citation.replace("*", ""))),
        ("note", _tex(_note(one))),
        ("annote", _tex(one.summary)),
    ]  # fmt: skip
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields if value)
    return f"@{kind}{{{one.id},\n{lines}\n}}\n"


def bibtex(documents: Iterable[Document]) -> str:
    """Return documents as a BibTeX file in UTF-8, one entry after the other."""
    return "\n".join(_entry(one) for one in documents)


def _csl_name(name: str) -> dict[str, str]:
    if person := _PERSON.fullmatch(name):
        return {
            "family": person["family"],
            "given": " ".join(f"{one}." for one in person["given"]),
        }
    return {"literal": "et al." if name == _MORE else name}


def csl_item(one: Document) -> dict[str, Any]:
    """Return one document as an item of CSL-JSON."""
    item: dict[str, Any] = {
        "id": one.id,
        "type": "article-journal" if one.container else _CSL_TYPES.get(one.kind, "document"),
        "title": _title(one),
        "author": [_csl_name(name) for name in _authors(one)],
        "editor": [_csl_name(name) for name in one.editors],
        "container-title": one.container,
        "volume": one.volume,
        "issue": one.issue,
        "page": one.pages,
        "publisher": one.publisher,
        "publisher-place": one.place,
        "ISBN": one.isbn,
        "DOI": one.doi,
        "URL": one.url,
        # Of what carries no year, the one of our knowledge is all that can be said.
        "issued": {"date-parts": [[one.year]]} | ({"circa": True} if one.is_undated else {}),
        "genre": one.kind_words,
        "note": _note(one),
        "annote": one.summary,
    }
    return {name: value for name, value in item.items() if value}
