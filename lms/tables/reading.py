"""Read a table out of a CSV or XLSX file that a stranger made, or say why it can't be read.

Knows no feature. What a file is, its bytes decide, not its name. A row is either read as it was
meant or carries a doubt; none is dropped.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lms.errors import Refused


class Unreadable(Refused):
    """A file that is no table, or none that can be taken; the sentence says what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a file is taken."""

    bytes: int = 10 * 1024 * 1024
    rows: int = 50_000
    columns: int = 100
    cell: int = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header: where it stands in the file, and its cells as text."""

    line: int
    cells: tuple[str, ...]
    doubt: str = ""
    """Why the row can't be taken as it stands, or nothing."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The header and the rows of a file, with what a reader should know of how it was read."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


# The first bytes of what people send by mistake, and what to do about it.
_SAVE_AS: Final = (
    "Open it in your spreadsheet program and save it as CSV or as Excel workbook (.xlsx)."
)
_KINDS: Final = (
    (b"%PDF", f"This is a PDF, which holds no rows. {_SAVE_AS}"),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file (.xls), or one locked with a password. "
     "Open it in Excel and save it as Excel workbook (.xlsx) without a password."),
    (b"\x89PNG", "This is a picture. Choose the file with the rows."),
    (b"\xff\xd8\xff", "This is a picture. Choose the file with the rows."),
    (b"GIF8", "This is a picture. Choose the file with the rows."),
    (b"\x1f\x8b", "This file is packed (gzip). Unpack it first."),
    (b"Rar!", "This file is packed (RAR). Unpack it first."),
    (b"7z\xbc\xaf", "This file is packed (7-Zip). Unpack it first."),
    (b"{\\rtf", f"This is a text document (RTF). {_SAVE_AS}"),
)  # fmt: skip
_WEB_PAGE: Final = re.compile(rb"\s*(<!doctype|<html|<\?xml|<table|<meta)", re.IGNORECASE)
_SEPARATORS: Final = (",", ";", "\t")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_MIXED: Final = (
    "This line is not in the encoding of the rest of the file (UTF-8). Open the file, check the "
    "accents in this line and save it as CSV UTF-8."
)
_WESTERN: Final = (
    "The file is not in UTF-8; it was read as Windows-1252 (Western European). Check that accents "
    "are right, or save it as CSV UTF-8 and choose it again."
)


def kind_of(data: bytes) -> str:
    """Return "csv" or "zip" by what the bytes are; raise Unreadable for anything else."""
    if not data.strip(b"\x00\t\r\n \xef\xbb\xbf\xff\xfe"):
        raise Unreadable("The file is empty. Choose the file that holds the rows.")
    if data.startswith(b"PK"):
        return "zip"
    for start, sentence in _KINDS:
        if data.startswith(start):
            raise Unreadable(sentence)
    if _WEB_PAGE.match(data):
        raise Unreadable(f"This is a web page or XML, whatever its name says. {_SAVE_AS}")
    if b"\x00" in data and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(f"This is neither CSV nor an Excel workbook. {_SAVE_AS}")
    return "csv"


def shrunk(number: int) -> str:
    """Write a number of bytes as megabytes."""
    return f"{max(1, round(number / 1024 / 1024))} MB"


def check_size(size: int, limits: Limits) -> None:
    """Raise Unreadable for a file that is too large."""
    if size > limits.bytes:
        raise Unreadable(
            f"The file has {shrunk(size)}; at most {shrunk(limits.bytes)} are taken. Leave out "
            "what is not needed, or divide it into several files."
        )


def _decoded(data: bytes) -> tuple[str, frozenset[int], tuple[str, ...]]:
    """Return the text, the numbers of the lines whose encoding is in doubt, and notes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16"), frozenset(), ()
        except UnicodeDecodeError as problem:
            raise Unreadable(
                "The file says it is UTF-16 and is not. Save it as CSV UTF-8."
            ) from problem
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), frozenset(), ()
    except UnicodeDecodeError:
        return _western(data)


def _western(data: bytes) -> tuple[str, frozenset[int], tuple[str, ...]]:
    """Read what is not UTF-8: all of it as Windows-1252, unless other lines are UTF-8.

    In a file of both kinds nobody knows what the odd lines say: they are shown, and in doubt.
    """
    texts: list[str] = []
    odd: set[int] = set()
    is_utf8 = False
    for number, line in enumerate(data.splitlines(keepends=True), start=1):
        try:
            text = line.decode("utf-8")
            is_utf8 = is_utf8 or not line.isascii()
        except UnicodeDecodeError:
            text = line.decode("windows-1252", "replace")
            odd.add(number)
        texts.append(text)
    if is_utf8:
        return "".join(texts), frozenset(odd), ()
    broken = {number for number in odd if "\ufffd" in texts[number - 1]}
    return "".join(texts), frozenset(broken), (_WESTERN,)


def _separator(text: str) -> tuple[str, str, int]:
    """Return what stands between cells, the text without a line that only says so, and how many
    lines that took."""
    told = re.match(r"sep=([,;\t])\r?(?:\n|$)", text, re.IGNORECASE)
    if told:
        return told[1], text[told.end() :], 1
    first = next((line for line in _LINE_ENDS.split(text[:100_000]) if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_SEPARATORS, key=bare.count), text, 0


def _records(text: str, separator: str, limits: Limits) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the first and the last line of each record with its cells."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    last = 0
    while True:
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as problem:
            raise Unreadable(_quoting(str(problem), last + 1)) from problem
        if len(cells) > limits.columns:
            cells = _trimmed(cells)
        yield last + 1, lines.line_num, cells
        last = lines.line_num


def _quoting(problem: str, line: int) -> str:
    if "field larger" in problem:
        return (
            f"Line {line} holds a cell longer than any field can be. A quotation mark may be "
            "missing its partner there."
        )
    return (
        f"In line {line} a quotation mark opens and does not close right. Close it, or write a "
        "quotation mark inside a cell twice."
    )


def _trimmed(cells: list[str]) -> list[str]:
    last = max((place for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return cells[:last]


def _header(line: int, cells: list[str], limits: Limits) -> tuple[str, ...]:
    cells = _trimmed(cells)
    if len(cells) > limits.columns:
        raise Unreadable(
            f"Line {line} has {len(cells):,} columns; at most {limits.columns} are taken. Leave "
            "out those that are not needed."
        )
    return tuple(" ".join(cell.split()) for cell in cells)


def _long_cell(cells: list[str], header: tuple[str, ...], limits: Limits) -> str:
    """Return the doubt about a cell that no field could hold, or nothing."""
    for place, cell in enumerate(cells):
        if len(cell) > limits.cell:
            name = header[place] if place < len(header) and header[place] else f"{place + 1}"
            return (
                f"The cell in column {name} has {len(cell):,} characters; at most "
                f"{limits.cell:,} are read."
            )
    return ""


def _row(
    line: int, cells: list[str], header: tuple[str, ...], *, doubt: str, limits: Limits
) -> Row:
    doubt = doubt or _long_cell(cells, header, limits)
    if len(cells) > len(header):
        cells = _trimmed(cells)
    if len(cells) > len(header):
        doubt = doubt or (
            f"The row has {len(cells)} cells and the header {len(header)}. A cell that holds a "
            "separator must stand in quotation marks."
        )
    cut = [cell[: limits.cell] for cell in cells[: max(len(header), limits.columns)]]
    return Row(line, tuple(cut + [""] * (len(header) - len(cut))), doubt)


@dataclass(kw_only=True)
class Gathered:
    """Rows as they come, under a header that is the first line with anything in it."""

    limits: Limits
    header: tuple[str, ...] = ()
    rows: list[Row] | None = None

    def add(self, line: int, cells: list[str], doubt: str = "") -> None:
        """Take the next line of the file; raise Unreadable when there are too many."""
        if not any(cell.strip() for cell in cells):
            return
        if self.rows is None:
            self.header, self.rows = _header(line, cells, self.limits), []
            return
        if len(self.rows) == self.limits.rows:
            raise Unreadable(
                f"The file has more than {self.limits.rows:,} rows. Divide it into several files."
            )
        self.rows.append(_row(line, cells, self.header, doubt=doubt, limits=self.limits))

    def table(self, notes: tuple[str, ...]) -> Table:
        """Return what came together; raise Unreadable when that is nothing."""
        if self.rows is None:
            raise Unreadable("The file is empty. Choose the file that holds the rows.")
        if not self.rows:
            raise Unreadable("The file has a header and no row below it.")
        return Table(header=self.header, rows=tuple(self.rows), notes=notes)


def read_csv(data: bytes, limits: Limits) -> Table:
    """Read CSV: UTF-8, UTF-16 with a mark, or Windows-1252; comma, semicolon or tab; any line
    ends; quoted cells over several lines. Raises Unreadable."""
    text, odd, notes = _decoded(data)
    if "\x00" in text:
        raise Unreadable(f"This is neither CSV nor an Excel workbook. {_SAVE_AS}")
    separator, text, skipped = _separator(text)
    gathered = Gathered(limits=limits)
    for first, last, cells in _records(text, separator, limits):
        is_odd = bool(odd) and any(one + skipped in odd for one in range(first, last + 1))
        gathered.add(first + skipped, cells, _MIXED if is_odd else "")
    return gathered.table(notes)
