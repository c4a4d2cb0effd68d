"""Write rows as CSV or XLSX so that a spreadsheet shows what was meant and runs nothing."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zoneinfo import ZoneInfo

Cell = str | int | float | date | datetime | None

CSV: Final = "text/csv; charset=utf-8"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What makes a spreadsheet read a cell as a formula (OWASP, "CSV injection").
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_CHUNK: Final = 64 * 1024
MOST_ROWS: Final = 1_048_575
"""Rows that an XLSX sheet holds below its header."""


def tame(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading apostrophe where it would."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _csv_cell(value: Cell, zone: ZoneInfo) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, str):
        return tame(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else value


def csv_chunks(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, zone: ZoneInfo
) -> Iterator[bytes]:
    """Yield a CSV file in pieces of about 64 KiB: UTF-8 with a mark so that Excel knows, CRLF.

    Days are written as 2026-03-17, instants with their offset in `zone` (RFC 4180, ISO 8601).
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_csv_cell(value, zone) for value in row])
        if buffer.tell() > _CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def xlsx(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str, zone: ZoneInfo
) -> bytes:
    """Return an XLSX file with one sheet: header row kept in view, days as days, no formulas.

    `sheet` is the name on the tab, at most 31 characters. Instants are shown in `zone`, since a
    sheet knows none. Raises ValueError for more than 1,048,575 rows.
    """
    import xlsxwriter  # noqa: PLC0415 - two megabytes that no page needs, only this file

    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page = book.add_worksheet(sheet[:31])
        page.freeze_panes(1, 0)
        page.set_column(0, len(header) - 1, 22)
        page.write_row(0, 0, header, bold)
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                book.close()
                raise ValueError("more rows than a sheet holds")
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    local = value.astimezone(zone).replace(tzinfo=None)
                    page.write_datetime(number, column, local, instant)
                elif isinstance(value, date):
                    page.write_datetime(number, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001,E501 - a sheet knows no zone
                elif isinstance(value, str):
                    page.write_string(number, column, value)
                elif value is not None:
                    page.write_number(number, column, value)
        book.close()
        return path.read_bytes()
