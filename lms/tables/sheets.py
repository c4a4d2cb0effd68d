"""Read the first sheet of an Excel workbook, after looking whether it is safe to open.

The parser takes the space that a sheet claims, so claims are checked before: what the archive
really inflates to, and which cells the sheets name.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from python_calamine import CalamineError, SheetTypeEnum, SheetVisibleEnum, load_workbook

from lms.tables.reading import Gathered, Limits, Table, Unreadable, check_size, kind_of, read_csv

MOST_INFLATED: Final = 100 * 1024 * 1024
MOST_PARTS: Final = 1_000
MOST_CELLS: Final = 4_000_000
"""Places a sheet may span; the parser holds one for each, empty or not."""
_PIECE: Final = 1024 * 1024
_DAMAGED: Final = "The workbook is damaged. Open it in Excel, save it anew and choose it again."
_BOMB: Final = (
    "The workbook unpacks to more than any table of people needs. Copy the rows into a new "
    "workbook and save that."
)
_HOSTILE: Final = (
    "The workbook holds something that spreadsheet programs never write. Copy the rows into a new "
    "workbook and save that."
)
_OTHERS: Final = (
    ("word/", "This is a text document (Word). Copy its rows into a sheet and save that."),
    ("ppt/", "This is a presentation. Copy its rows into a sheet and save that."),
    ("xl/workbook.bin", "This is a binary workbook (.xlsb). Save it as Excel workbook (.xlsx)."),
    ("content.xml", "This is an OpenDocument file (.ods). Save it as CSV or as .xlsx."),
    ("Index/", "This is a Numbers file. Export it as CSV or as Excel workbook (.xlsx)."),
)
_REFERENCE: Final = re.compile(rb"\br\s*=\s*[\"']\s*([A-Za-z]*)(\d+)\s*[\"']")
_CELL: Final = re.compile(rb"<(?:[\w.-]+:)?c[\s/>]")
_ROW: Final = re.compile(rb"<(?:[\w.-]+:)?row[\s/>]")


def read(data: bytes, limits: Limits | None = None) -> Table:
    """Read the rows of a CSV or XLSX file; raise Unreadable with a sentence."""
    limits = limits or Limits()
    check_size(len(data), limits)
    if kind_of(data) == "csv":
        return read_csv(data, limits)
    return _read_xlsx(data, limits)


def _parts(data: bytes) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as problem:
        raise Unreadable(_DAMAGED) from problem
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        for start, sentence in _OTHERS:
            if any(name.startswith(start) for name in names):
                raise Unreadable(sentence)
        raise Unreadable("This is a packed folder (ZIP). Unpack it and choose the file with rows.")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_INFLATED:
        raise Unreadable(_BOMB)
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("The workbook is locked with a password. Save it without one.")
    if len(names) < len(parts):
        raise Unreadable(_HOSTILE)
    return parts


def _stored(data: bytes, part: zipfile.ZipInfo) -> bytes:
    """Return a part as it stands in the archive, found by its local header."""
    at = part.header_offset
    if data[at : at + 4] != b"PK\x03\x04" or len(data) < at + 30:
        raise Unreadable(_DAMAGED)
    name, extra = struct.unpack("<HH", data[at + 26 : at + 30])
    begin = at + 30 + name + extra
    return data[begin : begin + part.compress_size]


def _inflated(data: bytes, part: zipfile.ZipInfo, room: int) -> bytes:
    """Return a part's content; raise Unreadable when it's more than `room`, or not as declared.

    Inflated here, and not by zipfile, which stops where the declared size ends: the parser that
    reads the workbook afterwards may not.
    """
    packed, most = _stored(data, part), min(room, part.file_size)
    if part.compress_type == zipfile.ZIP_STORED:
        content = packed
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        try:
            content = zlib.decompressobj(-15).decompress(packed, most + 1)
        except zlib.error as problem:
            raise Unreadable(_DAMAGED) from problem
    else:
        raise Unreadable(_HOSTILE)
    if len(content) > most:
        raise Unreadable(_BOMB)
    if len(content) != part.file_size:
        raise Unreadable(_DAMAGED)
    return content


def _column(letters: bytes) -> int:
    number = 0
    for one in letters.upper():
        number = number * 26 + one - 64
    return number


def _check_part(content: bytes, limits: Limits) -> None:
    """Raise Unreadable for what no spreadsheet program writes, or a sheet that claims too much."""
    start = content[:4]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start:
        if b"<\x00" in content[:64] or b"\x00<" in content[:64]:
            raise Unreadable(_HOSTILE)
        return
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Unreadable(_HOSTILE)
    cells = len(_CELL.findall(content))
    if not cells:
        return
    named = _REFERENCE.findall(content)
    columns = {letters for letters, _number in named if letters}
    lines = {number for _letters, number in named}
    if any(len(one) > 3 for one in columns) or any(len(one) > 7 for one in lines):
        raise Unreadable(_HOSTILE)
    right = max(map(_column, columns), default=1)
    bottom = max([len(_ROW.findall(content)), *map(int, lines)])
    if sum(1 for letters, _number in named if letters) < cells:
        right = max(right, cells)  # cells without a place of their own stand in a row
    _check_span(right, bottom, limits)


def _check_span(right: int, bottom: int, limits: Limits) -> None:
    # Some programs write a row, or a cell, of formats alone far below or beside the table.
    if right > 10 * limits.columns:
        raise Unreadable(
            f"The sheet has {right:,} columns; at most {limits.columns} are taken. Delete those "
            "that are not needed, also empty ones with formats."
        )
    if bottom > 2 * limits.rows:
        raise Unreadable(
            f"The sheet reaches down to row {bottom:,}; at most {limits.rows:,} rows are taken. "
            "Delete empty rows at its end, or divide it into several files."
        )
    if right * bottom > MOST_CELLS:
        raise Unreadable(
            f"The sheet spans {right:,} columns and {bottom:,} rows, most of them empty. Copy the "
            "rows with people into a new workbook and save that."
        )


def _check(data: bytes, limits: Limits) -> None:
    room = MOST_INFLATED
    for part in _parts(data):
        if part.is_dir():
            continue
        content = _inflated(data, part, room)
        room -= len(content)
        _check_part(content, limits)


def _text(value: Any) -> str:
    """Return a cell as a person would have typed it: whole numbers whole, days as days."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).replace("\x00", "")


def _sheets(data: bytes) -> Iterator[tuple[str, list[list[Any]]]]:
    """Yield the name and the cells of each visible sheet that has any."""
    try:
        book = load_workbook(io.BytesIO(data))
        for number, about in enumerate(book.sheets_metadata):
            if (about.typ, about.visible) == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible):
                sheet = book.get_sheet_by_index(number)
                if sheet.height:
                    yield about.name, sheet.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OverflowError, OSError) as problem:
        raise Unreadable(_DAMAGED) from problem
    except BaseException as problem:
        # What goes wrong inside the parser's own language comes as no Exception at all.
        if type(problem).__name__ != "PanicException":
            raise
        raise Unreadable(_DAMAGED) from problem


def _read_xlsx(data: bytes, limits: Limits) -> Table:
    _check(data, limits)
    table, others = None, []
    for name, lines in _sheets(data):
        if table is not None:
            others.append(name)
            continue
        gathered = Gathered(limits=limits)
        for number, values in enumerate(lines, start=1):
            gathered.add(number, [_text(value) for value in values])
        table, first = gathered, name
    if table is None:
        raise Unreadable("The workbook has no sheet with anything in it.")
    if not others:
        return table.table(())
    more = " and others" if len(others) > 1 else ""
    return table.table(
        (f"Only the sheet “{first}” was read; “{others[0]}”{more} in the same file was not.",)
    )
