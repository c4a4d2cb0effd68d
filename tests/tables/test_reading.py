"""Files of strangers: read as they were meant, or refused with what is wrong and what to do."""

import io
import struct
import time
import zipfile
import zlib
from contextlib import suppress
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.tables import sheets, writing
from lms.tables.reading import Limits, Unreadable
from lms.tables.sheets import read

LA = ZoneInfo("America/Los_Angeles")
HEADER = ["E-mail", "Name", "Department"]
ROWS = [["lena@example.org", "Léna Müller", "Emergency"], ["noor@example.org", "Noor", "Emergency"]]


def text(separator: str = ",", end: str = "\r\n") -> str:
    return end.join(separator.join(row) for row in [HEADER, *ROWS]) + end


def cells(data: bytes, **limits: int) -> list[list[str]]:
    table = read(data, Limits(**limits))
    return [list(table.header), *(list(row.cells) for row in table.rows)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_every_way_programs_write_csv_is_read_the_same(separator, end, encoding):
    table = read(text(separator, end).encode(encoding))
    assert list(table.header) == HEADER
    assert [list(row.cells) for row in table.rows] == ROWS
    assert [row.line for row in table.rows] == [2, 3]
    assert not any(row.doubt for row in table.rows)
    # Where the encoding was guessed, that is said.
    assert bool(table.notes) is (encoding in {"latin-1", "cp1252"})


def test_a_utf16_file_of_the_other_byte_order_is_read():
    assert cells(b"\xfe\xff" + text().encode("utf-16-be")) == [HEADER, *ROWS]


def test_a_line_of_another_encoding_is_shown_and_in_doubt():
    data = text().encode() + "zoe@example.org,Zoë,Emergency\r\n".encode("latin-1")
    table = read(data)
    assert [bool(row.doubt) for row in table.rows] == [False, False, True]
    assert table.rows[2].cells[1] == "Zoë"
    assert table.rows[0].cells[1] == "Léna Müller"
    assert "CSV UTF-8" in table.rows[2].doubt


def test_a_byte_that_windows_does_not_know_puts_its_row_in_doubt():
    table = read(b"E-mail,Name\na@b.org,Jos\xe9\nc@d.org,B\x81d\n")
    assert table.rows[0].cells[1] == "José"
    assert [bool(row.doubt) for row in table.rows] == [False, True]


def test_lines_are_counted_as_the_file_has_them():
    table = read(b'\n\nE-mail,Note\n\na@b.org,"two\nlines"\n,\nc@d.org,x\n')
    assert [(row.line, row.cells) for row in table.rows] == [
        (5, ("a@b.org", "two\nlines")),
        (8, ("c@d.org", "x")),
    ]


def test_a_first_line_that_names_the_separator_is_obeyed():
    assert cells(b"sep=;\r\na,b;c\r\n1,5;2\r\n") == [["a,b", "c"], ["1,5", "2"]]
    assert read(b"sep=;\r\na;c\r\n1;2\r\n").rows[0].line == 3


def test_a_row_with_more_cells_than_the_header_is_in_doubt_and_one_with_fewer_is_filled():
    table = read(b"a,b\n1,2,3\n1\n1,2,,\n")
    assert "3 cells and the header 2" in table.rows[0].doubt
    assert (table.rows[1].cells, table.rows[1].doubt) == (("1", ""), "")
    assert (table.rows[2].cells, table.rows[2].doubt) == (("1", "2"), "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b",,\n,,\n", "is empty"),
        (b"E-mail,Name\n", "no row below"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel file (.xls)"),
        (b"\x89PNG\r\n\x1a\n" + bytes(10), "a picture"),
        (b"\xff\xd8\xff\xe0" + bytes(10), "a picture"),
        (b"\x1f\x8b\x08" + bytes(10), "gzip"),
        (b"<html><table><tr><td>E-mail", "a web page"),
        (b"  <?xml version='1.0'?><Workbook>", "a web page or XML"),
        (b"{\\rtf1", "text document"),
        (b"a,b\x00c\n1,2\n", "neither CSV nor"),
        (b"\xff\xfea\x00\n\x00b", "is not"),
        (b'a,b\n1,"2\n3,4\n', "line 2 a quotation mark"),
        (b'a,b\n1,"2"x\n3,4\n', "line 2 a quotation mark"),
        (b"a,b\n1," + b"x" * 200_000 + b"\n", "longer than any field"),
        (b",".join(b"c%d" % one for one in range(10_000)) + b"\n1\n", "10,000 columns"),
        (b"a\n" + b"1\n" * 50_001, "more than 50,000 rows"),
        (b"a\n" + b"1\n" * 6_000_000, "at most 10 MB"),
        (b"PK\x03\x04 is no archive", "damaged"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_what_to_do(data, said):
    with pytest.raises(Unreadable) as refusal:
        read(data)
    assert said in str(refusal.value)
    assert str(refusal.value).count(".") >= 1


def test_a_cell_that_is_too_long_puts_its_row_in_doubt_and_keeps_the_others():
    table = read(b"a,b\n1," + b"x" * 6_000 + b"\n3,4\n")
    assert "column b has 6,000 characters" in table.rows[0].doubt
    assert len(table.rows[0].cells[1]) == 5_000
    assert not table.rows[1].doubt


def xlsx(rows: list[list[object]] | None = None) -> bytes:
    return writing.xlsx(HEADER, rows if rows is not None else ROWS, sheet="Roster", zone=LA)


def test_a_workbook_is_read_like_the_same_csv():
    table = read(xlsx())
    assert [list(table.header), *(list(row.cells) for row in table.rows)] == [HEADER, *ROWS]
    assert [row.line for row in table.rows] == [2, 3]


def test_numbers_and_days_of_a_workbook_come_as_typed():
    data = xlsx([["1", 1234567893, date(2025, 3, 4)], ["x", 1.5, None]])
    assert [row.cells for row in read(data).rows] == [
        ("1", "1234567893", "2025-03-04"),
        ("x", "1.5", ""),
    ]


def repacked(change: dict[str, bytes], data: bytes | None = None, **more: bytes) -> bytes:
    """Write a workbook anew with some of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data or xlsx())) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
        for name in set(change) - set(old.namelist()):
            new.writestr(name, change[name])
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def sheet(rows: str) -> bytes:
    return (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/'
        f'2006/main"><sheetData>{rows}</sheetData></worksheet>'
    ).encode()


def cell(place: str, value: str = "x") -> str:
    where = f' r="{place}"' if place else ""
    return f'<c{where} t="inlineStr"><is><t>{value}</t></is></c>'


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        # One cell in each far corner: seventeen thousand million places between them.
        (f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>', "columns"),
        (f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("A1048576")}</row>', "1,048,576"),
        (f'<row r="1">{cell("A1")}{cell("ALK1")}</row><row r="9">{cell("A99999")}</row>', "most"),
        (f'<row r="1">{cell("") * 1_500}</row>', "columns"),
        (f"<row r='1'>{cell('A1')}</row><row r='99999999'>{cell('A2')}</row>", "never write"),
        (f'<row r="1">{cell("AAAAA1")}</row>', "never write"),
    ],
)  # fmt: skip
def test_a_sheet_that_claims_more_than_it_holds_is_refused_before_it_is_parsed(rows, said):
    begun = time.monotonic()
    with pytest.raises(Unreadable) as refusal:
        read(repacked({SHEET: sheet(rows)}))
    assert said in str(refusal.value)
    assert time.monotonic() - begun < 2


def test_a_sheet_whose_cells_name_no_place_is_read():
    rows = f"<row>{cell('', 'a')}{cell('', 'b')}</row><row>{cell('', '1')}{cell('', '2')}</row>"
    assert cells(repacked({SHEET: sheet(rows)})) == [["a", "b"], ["1", "2"]]


def test_a_workbook_that_unpacks_to_too_much_is_refused_fast():
    begun = time.monotonic()
    with pytest.raises(Unreadable, match="unpacks to more"):
        read(repacked({"xl/media/zeros.bin": bytes(120 * 1024 * 1024)}))
    assert time.monotonic() - begun < 5


def test_a_part_that_lies_about_its_size_is_refused():
    """The directory says 100 bytes, the stream inflates to fifty million."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(bytes(50_000_000)) + packed.flush()
    data = repacked({"xl/zeros.bin": b"0123456789" * 10})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = archive.getinfo("xl/zeros.bin")
    at = part.header_offset
    name, extra = struct.unpack("<HH", data[at + 26 : at + 30])
    begin = at + 30 + name + extra
    # The stream goes where the directory says the part begins, its size where the directory has it.
    head = data[:begin] + body
    rest = data[begin + part.compress_size :]
    moved = len(body) - part.compress_size
    central = rest.rindex(b"PK\x01\x02")
    record = bytearray(rest)
    record[central + 20 : central + 24] = struct.pack("<I", len(body))
    end = bytes(record).rindex(b"PK\x05\x06")
    offset = struct.unpack("<I", record[end + 16 : end + 20])[0]
    record[end + 16 : end + 20] = struct.pack("<I", offset + moved)
    with pytest.raises(Unreadable, match="unpacks to more"):
        read(head + bytes(record))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({SHEET: b'<!DOCTYPE x [<!ENTITY a "b">]>' + sheet("")}, "never write"),
        ({SHEET: "<!DOCTYPE x>".encode("utf-16")}, "never write"),
        ({SHEET: b"<worksheet"}, "."),
        ({SHEET: sheet("")}, "no sheet with anything"),
        ({"xl/workbook.xml": b"<workbook/>"}, "."),
        ({f"x{one}": b"" for one in range(1_100)}, "unpacks to more"),
    ],
)  # fmt: skip
def test_hostile_and_broken_workbooks_are_refused(change, said):
    with pytest.raises(Unreadable) as refusal:
        read(repacked(change))
    assert said in str(refusal.value)


def test_a_link_to_another_workbook_is_not_followed():
    link = b'<externalLink xmlns="x"><externalBook id="http://127.0.0.1:9/evil.xlsx"/></externalLink>'
    data = repacked({"xl/externalLinks/externalLink1.xml": link})
    assert cells(data) == [HEADER, *ROWS]


@pytest.mark.parametrize(
    ("name", "said"),
    [("word/document.xml", "Word"), ("content.xml", "OpenDocument"), ("a.csv", "packed folder"),
     ("xl/workbook.bin", "xlsb")],
)  # fmt: skip
def test_other_packed_files_are_named(name, said):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    with pytest.raises(Unreadable, match=said):
        read(out.getvalue())


@pytest.mark.parametrize("cut", [30, 200, 1000, -100, -10])
def test_a_workbook_cut_short_is_refused(cut):
    with pytest.raises(Unreadable):
        read(xlsx()[:cut])


def test_only_the_first_sheet_is_read_and_that_is_said():
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    hidden = book.add_worksheet("Secret")
    hidden.write_row(0, 0, ["no"])
    first = book.add_worksheet("People")
    first.write_row(2, 1, ["a", "b"])
    first.write_row(4, 1, ["1", "2"])
    first.activate()
    hidden.hide()
    book.add_worksheet("More").write_row(0, 0, ["z"])
    book.close()
    table = read(out.getvalue())
    assert [one for one in table.header if one] == ["a", "b"]
    assert [row.line for row in table.rows] == [5]
    assert "“People” was read; “More”" in table.notes[0]


@given(
    st.lists(
        st.lists(
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
                lambda one: one.strip() and not one.startswith(("=", "+", "-", "@", "\ufeff"))
            ),
            min_size=3, max_size=3,
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_we_write_we_read(rows):
    data = b"".join(writing.csv_chunks(HEADER, rows, zone=LA))
    assert cells(data) == [HEADER, *rows]


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    for start in (b"", b"E-mail,Name\n", b"PK\x03\x04", b"\xff\xfe"):
        with suppress(Unreadable):
            table = read(start + data)
            assert all(len(row.cells) >= len(table.header) for row in table.rows)


@given(st.integers(0, 5_000), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_workbook_with_a_broken_byte_is_read_or_refused(place, byte):
    data = bytearray(WORKBOOK)
    data[place % len(data)] = byte
    with suppress(Unreadable):
        assert read(bytes(data)).rows


WORKBOOK = xlsx()


def test_twenty_thousand_rows_of_a_workbook_are_read_in_seconds():
    rows = [[f"p{one}@example.org", f"Person {one}", "Emergency"] for one in range(20_000)]
    data = xlsx(rows)
    begun = time.monotonic()
    assert len(read(data).rows) == 20_000
    assert time.monotonic() - begun < 6
    assert sheets.MOST_INFLATED > 50_000_000
