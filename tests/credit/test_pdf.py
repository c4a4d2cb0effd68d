"""The transcript as a file: every page tagged, the same bytes, judged like the certificate."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from lms.credit.pdf import Listing, Row, draw
from lms.typeset.shape import NoGlyph
from tests.typeset.samples import LONG_NAME, LONG_TITLE, faces
from tests.typeset.test_judged import judge

ROW = Row(
    title="Seeing Past the Myths: Trafficking Essentials for Everyone in Health Care",
    about="Enduring material, version 1",
    completed="November 2, 2026",
    serial="2026-000001",
    code="K7Q2M-9XF4T-6DHBW-3QWER",
    hours="0.75",
)
LISTING = Listing(
    name="Lena Nguyễn, MD",
    name_locale=None,
    issuer="Demonstration Hospital",
    issuer_line="Office of Continuing Education",
    period="All years",
    stated="As recorded on November 21, 2026",
    rows=(ROW,),
    totals=(("2026", "0.75"),),
    notes=("Each certificate can be verified by the code under its serial number.",),
    made_at=datetime(2026, 11, 21, tzinfo=UTC),
)
MANY = replace(
    LISTING,
    rows=tuple(replace(ROW, serial=f"2026-{number:06d}") for number in range(60)),
    totals=(("2026", "30.00"), ("2025", "15.00"), ("Together", "45.00")),
)
SAMPLES = {
    "one": LISTING,
    "none": replace(LISTING, rows=(), totals=(("Together", "0.00"),)),
    "many": MANY,
    "long": replace(
        LISTING,
        name=LONG_NAME,
        rows=(replace(ROW, title=LONG_TITLE, about="Revoked: " + "a reason of some length " * 12),),
    ),
    "devanagari": replace(LISTING, name="अनुष्का श्रीवास्तव", name_locale="hi"),
    "arabic": replace(LISTING, name="علي حسن الأحمد", name_locale="ar"),
}


def reader(listing: Listing) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(draw(listing, faces())))


def roles(element) -> list:
    """The structure below an element, as nested lists of roles."""
    kids = element.get("/K", [])
    kids = kids if isinstance(kids, list) else [kids]
    inner = [roles(kid.get_object()) for kid in kids if isinstance(kid.get_object(), dict)]
    return [element["/S"], *inner] if inner else [element["/S"]]


def test_the_same_listing_gives_the_same_bytes():
    assert draw(MANY, faces()) == draw(MANY, faces())


def test_every_activity_is_on_a_page_and_every_page_says_whose_it_is():
    pages = [page.extract_text() for page in reader(MANY).pages]
    assert len(pages) > 3
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
        assert "Transcript of Lena Nguyễn, MD" in text
    together = "".join(pages)
    assert all(row.serial in together for row in MANY.rows)
    assert "45.00" in pages[-1]


def test_the_table_is_one_table_with_heads_and_rows_across_all_pages():
    root = reader(MANY).trailer["/Root"]["/StructTreeRoot"]["/K"][0].get_object()
    told = roles(root)
    assert told[:5] == ["/Document", ["/P"], ["/P"], ["/H1"], ["/P"]]
    tables = [one for one in told if one[0] == "/Table"]
    assert len(tables) == 1
    assert tables[0][1] == ["/TR", ["/TH"], ["/TH"], ["/TH"], ["/TH"]]
    assert tables[0][2:] == [["/TR", ["/TH"], ["/TD"], ["/TD"], ["/TD"]]] * 60


def test_nothing_stands_outside_the_page():
    for listing in SAMPLES.values():
        for page in reader(listing).pages:
            seen: list[tuple[float, float]] = []

            def note(text, _cm, tm, _font, _size, seen=seen) -> None:
                if text.strip():
                    seen.append((tm[4], tm[5]))

            page.extract_text(visitor_text=note)
            assert all(50 <= x <= 562 and 40 <= y <= 745 for x, y in seen)


def test_what_no_font_can_print_is_refused():
    with pytest.raises(NoGlyph):
        draw(replace(LISTING, name="Lena 🙂"), faces())


def test_every_kind_of_transcript_passes_pdf_a_and_pdf_ua(tmp_path: Path):
    for name, listing in SAMPLES.items():
        (tmp_path / f"{name}.pdf").write_bytes(draw(listing, faces()))
    lines = judge(tmp_path)
    assert [line for line in lines if line[0] in ("BROKEN", "FAIL")] == []
    assert len([line for line in lines if line[0] == "PASS"]) == 2 * len(SAMPLES)
