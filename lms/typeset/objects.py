"""Small PDF objects on top of ReportLab's writer, with the faults mended that PDF/A minds.

They write what ReportLab's own classes write, byte for byte, in a tenth of the calls: a certificate
has some seventy objects with five hundred entries, and each goes through here.
"""

import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from reportlab.lib.rl_accel import fp_str
from reportlab.pdfbase import pdfdoc

Reference: Final = pdfdoc.PDFObjectReference
Document = Any  # reportlab.pdfbase.pdfdoc.PDFDocument; ReportLab has no types
# What stands for itself in a text string: ASCII without brackets and the backslash.
_PLAIN: Final = re.compile(r"[ -'*-\[\]-~]*")


@lru_cache(512)
def Name(text: str) -> bytes:  # noqa: N802 - named as the kind of object
    """Write a name, such as that of a key."""
    written: str = pdfdoc.PDFName(text)
    return written.encode("ascii")


def String(text: str) -> bytes:  # noqa: N802 - named as the kind of object
    """Write a text string."""
    if _PLAIN.fullmatch(text):
        return b"(%b)" % text.encode("ascii")
    written: bytes = pdfdoc.PDFString(text).format(pdfdoc.DummyDoc())
    return written


@lru_cache(4096)
def number(value: float) -> bytes:
    """Write a number as short as it can be."""
    written: str = fp_str(value)
    return written.encode("ascii")


class _Any:
    """Stands for any document while an object is settled: takes the names of what is referred to.

    But for streams no object holds a zero byte, so that one can mark each number left open.
    """

    def __init__(self) -> None:
        self.names: list[str] = []


def _referred(name: str, document: Document) -> bytes:
    if type(document) is _Any:
        document.names.append(name)
        return b"\0 0 R"
    return b"%d 0 R" % document.idToObjectNumberAndVersion[name][0]


def _written(value: Any, document: Document) -> bytes:
    """Write a value: bytes are written already, numbers and texts as they are."""
    told: bytes
    kind = type(value)
    if kind is Reference:
        told = _referred(value.name, document)
    elif kind is bytes:
        told = value
    elif kind is int:
        told = b"%d" % value
    elif kind is str:
        told = value.encode("ascii")
    elif kind is float:
        told = number(value)
    else:
        told = value.format(document)
    return told


def _apart(parts: list[bytes], most: int) -> bytes:
    """Put parts beside each other, so many on a line."""
    if len(parts) <= most:
        return b" ".join(parts)
    lines = [b" ".join(parts[at : at + most]) for at in range(0, len(parts), most)]
    return b" \n  ".join(lines)


class Dictionary(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """A dictionary; its keys are written in the order of the alphabet."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.entries = entries

    def format(self, document: Document) -> bytes:
        """Write the dictionary."""
        entries = self.entries
        parts = [Name(key) + b" " + _written(entries[key], document) for key in sorted(entries)]
        return b"<<\n%b\n>>" % _apart(parts, 6)


class Array(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """An array."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = list(values)

    def format(self, document: Document) -> bytes:
        """Write the array."""
        return b"[ %b ]" % _apart([_written(one, document) for one in self.values], 10)


def put(document: Document, made: Any, name: str | None = None) -> Any:
    """Put an object into a document; refer to it."""
    return document.Reference(made, name)


class Settled(NamedTuple):
    """An object written out for any document; only the numbers of those it refers to are open."""

    written: bytes
    names: tuple[str, ...] = ()


def settled(made: Any) -> Settled:
    """Write an object once for all documents that will hold it."""
    document = _Any()
    written: bytes = made.format(document)
    if document.names:
        if written.count(b"\0") != len(document.names):
            raise ValueError("streams are not settled with references")
        written = written.replace(b"%", b"%%").replace(b"\0", b"%d")
    return Settled(written, tuple(document.names))


class Literal(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """An object that is already written out."""

    def __init__(self, made: Settled) -> None:
        self.made = made

    def format(self, document: Document) -> bytes:
        """Answer the written object, with the numbers that things have in this document."""
        written, names = self.made
        if not names:
            return written
        known = document.idToObjectNumberAndVersion
        return written % tuple([known[name][0] for name in names])


class Stream(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """A stream with the end of line before ``endstream`` that PDF/A asks for (6.1.7.1)."""

    __RefOnly__ = 1

    def __init__(self, entries: Mapping[str, Any], packed: bytes) -> None:
        self.entries, self.packed = entries, packed

    def format(self, document: Document) -> bytes:
        """Write the stream."""
        entries = {**self.entries, "Length": len(self.packed)}
        head = Dictionary(entries).format(document)
        return b"%b\nstream\n%b\nendstream\n" % (head, self.packed)


_PACKED: Final = {"Filter": b"[ /FlateDecode ]"}
_PLAINLY: Final = {"Filter": b"[  ]"}


def stream(
    data: bytes | str, *, compress: bool = True, entries: Mapping[str, Any] | None = None
) -> Stream:
    """Make a stream object, compressed unless told otherwise."""
    content = data.encode() if isinstance(data, str) else data
    kind = _PACKED if compress else _PLAINLY
    return Stream({**kind, **(entries or {})}, zlib.compress(content) if compress else content)


def packed(data: bytes, entries: Mapping[str, Any]) -> Stream:
    """Make a stream object from what ``zlib`` has compressed already."""
    return Stream({**_PACKED, **entries}, data)


class Info(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """The document information; ReportLab's own fixes the year 2000 in reproducible files."""

    __RefOnly__ = 1
    invariant = 1

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.entries = entries

    def digest(self, material: bytes) -> None:
        """Take no part in ReportLab's computing of the file identifier; it is set from facts."""

    def format(self, document: Document) -> bytes:
        """Write the dictionary."""
        return Dictionary({key: String(value) for key, value in self.entries.items()}).format(
            document
        )
