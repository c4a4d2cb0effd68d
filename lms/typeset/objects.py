"""Small PDF objects on top of ReportLab's writer, with the faults mended that PDF/A minds."""

from typing import Any, Final

from reportlab.pdfbase import pdfdoc

Dictionary: Final = pdfdoc.PDFDictionary
Array: Final = pdfdoc.PDFArray
Name: Final = pdfdoc.PDFName
String: Final = pdfdoc.PDFString
Reference: Final = pdfdoc.PDFObjectReference
Document = Any  # reportlab.pdfbase.pdfdoc.PDFDocument; ReportLab has no types


class Stream(pdfdoc.PDFStream):  # type: ignore[misc]  # ReportLab has no types
    """A stream with the end of line before ``endstream`` that PDF/A asks for (6.1.7.1)."""

    def format(self, document: Document) -> bytes:
        """Write the stream."""
        written: bytes = super().format(document)
        return written.removesuffix(b"endstream\n") + b"\nendstream\n"


class Literal(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """An object that is already written out."""

    __RefOnly__ = 1

    def __init__(self, written: bytes) -> None:
        self.written = written

    def format(self, document: Document) -> bytes:  # noqa: ARG002 - ReportLab's interface
        """Answer the written object."""
        return self.written


class Info(pdfdoc.PDFObject):  # type: ignore[misc]  # ReportLab has no types
    """The document information; ReportLab's own fixes the year 2000 in reproducible files."""

    __RefOnly__ = 1
    invariant = 1

    def __init__(self, entries: dict[str, str]) -> None:
        self.entries = entries

    def digest(self, material: bytes) -> None:
        """Take no part in ReportLab's computing of the file identifier; it is set from facts."""

    def format(self, document: Document) -> bytes:
        """Write the dictionary."""
        entries = {key: String(value) for key, value in self.entries.items()}
        written: bytes = Dictionary(entries).format(document)
        return written


def stream(
    data: bytes | str, *, compress: bool = True, entries: dict[str, Any] | None = None
) -> Stream:
    """Make a stream object, compressed unless told otherwise."""
    made = Stream()
    made.content = data
    made.filters = [pdfdoc.PDFZCompress] if compress else []
    for key, value in (entries or {}).items():
        made.dictionary[key] = value
    return made


def text_string(text: str, document: Document) -> bytes:
    """Write a text string the way ReportLab writes it, as bytes."""
    written = String(text).format(document)
    return written if isinstance(written, bytes) else bytes(written, "latin-1")
