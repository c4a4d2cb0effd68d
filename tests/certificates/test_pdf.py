"""The certificate as a file: structure, fonts, text, picture, code and attachment."""

import io
import json
import re
import shutil
import subprocess
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, IndirectObject

from lms.certificates.pdf import Facts, draw, drawn_by, name_svg, statements_measure
from lms.certificates.rules.ledger import canonical
from lms.typeset.names import NAME_BOX, Unprintable, printable
from tests.typeset.samples import (
    CJK,
    LONG_NAME,
    LONG_TITLE,
    NAMES,
    PLAIN,
    SAMPLES,
    SPECIMEN,
    URL,
    WITHOUT_CJK_FACE,
    faces,
    needs_cjk,
    signed,
    with_cjk,
)

WITHOUT_CJK = [name for name, facts in SAMPLES.items() if not needs_cjk(facts)]
VENDORED_NAMES = [name for name, tongue in NAMES.items() if tongue[:2] not in CJK]
CJK_NAMES = [name for name, tongue in NAMES.items() if tongue[:2] in CJK]


def reader(pdf: bytes) -> PdfReader:
    """The file, strictly read."""
    return PdfReader(io.BytesIO(pdf), strict=True)


def pdfium_text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    return str(text)


def poppler_text(pdf: bytes) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("Text was not read with poppler; on Debian: apt install poppler-utils")
    done = subprocess.run([tool, "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def squeezed(text: str) -> str:
    """Text without white space, marks of direction, or a choice of composition."""
    bare = re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", text)
    return unicodedata.normalize("NFC", re.sub(r"\s+", "", bare))


def elements(pdf: bytes) -> list[dict[str, Any]]:
    """The structure elements in reading order."""
    root: Any = reader(pdf).trailer["/Root"]
    whole = root["/StructTreeRoot"]["/K"][0].get_object()
    assert whole["/S"] == "/Document"
    return [kid.get_object() for kid in whole["/K"]]


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", WITHOUT_CJK)
def test_every_printed_fact_can_be_read_from_the_page(sample: str) -> None:
    facts = SAMPLES[sample]
    text = squeezed(pdfium_text(signed(sample)))
    expected = [
        facts.person_name, facts.title, facts.code, facts.serial, facts.heading, facts.issuer_name,
        facts.issuer_line, facts.sentence, facts.opening, facts.signer_name, facts.signer_title,
        facts.verify_label, "".join(part for part, _ in facts.credit_line), facts.course_key,
        *("".join(part for part, _ in parts) for parts in facts.statements),
        *(f"{label}{day}" for label, day in facts.dates),
    ]  # fmt: skip
    for fact in expected:
        if fact == facts.person_name and sample.split()[0] == "name":
            continue  # judged below, script by script
        assert squeezed(fact) in text or all(squeezed(w) in text for w in fact.split()), fact


@pytest.mark.parametrize("name", VENDORED_NAMES)
def test_case_08_a_name_is_read_from_the_page_as_it_was_typed(name: str) -> None:
    facts = replace(PLAIN, person_name=name, person_locale=NAMES[name])
    pdf = draw(facts, faces())
    assert squeezed(name) in squeezed(pdfium_text(pdf))
    assert squeezed(name) in squeezed(poppler_text(pdf))


@with_cjk
@pytest.mark.parametrize("name", CJK_NAMES)
def test_case_08_a_cjk_name_is_read_from_the_page_as_it_was_typed(name: str) -> None:
    facts = replace(PLAIN, person_name=name, person_locale=NAMES[name])
    pdf = draw(facts, faces())
    assert squeezed(name) in squeezed(pdfium_text(pdf))
    assert squeezed(name) in squeezed(poppler_text(pdf))


def test_a_specimen_says_so_first_and_its_watermark_is_no_text() -> None:
    pdf = signed("specimen")
    text = pdfium_text(pdf)
    assert text.lower().count("specimen") == 1
    first = elements(pdf)[0]
    assert first["/S"] == "/P"
    assert "specimen" not in pdfium_text(signed("plain")).lower()


def test_the_plain_certificate_names_no_accreditor() -> None:
    text = pdfium_text(signed("plain"))
    for word in ("AMA", "ACCME", "ANCC", "ACPE", "Category"):
        assert word not in text


def test_case_11_each_date_stands_under_its_own_name() -> None:
    told = [element.get("/ActualText") for element in elements(signed("specimen"))]
    for line in (
        "Completed March 14, 2027", "Claimed March 15, 2027", "Issued March 15, 2027",
        "Expires March 15, 2029",
    ):  # fmt: skip
        assert line in told
    assert not any("Expires" in (line or "") for line in
                   (e.get("/ActualText") for e in elements(signed("plain"))))  # fmt: skip


# --- structure ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", WITHOUT_CJK)
def test_all_content_is_tagged_once_or_marked_as_decoration(sample: str) -> None:
    pdf = signed(sample)
    page = reader(pdf).pages[0]
    contents: Any = page["/Contents"]
    operators = contents.get_object().get_data().decode("latin-1").split("\n")
    depth, numbers = 0, []
    for line in operators:
        if line.endswith(("BDC", "BMC")):
            assert depth == 0, line
            depth += 1
            found = re.search(r"/MCID (\d+)", line)
            numbers += [int(found.group(1))] if found else []
        elif line == "EMC":
            depth -= 1
        else:
            assert depth == 1, line  # nothing is drawn outside
    tagged = [element for element in elements(pdf) if element["/S"] != "/Form"]
    assert numbers == list(range(len(tagged)))
    assert [element["/K"] for element in tagged] == numbers
    root: Any = reader(pdf).trailer["/Root"]
    parents = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    assert [one.get_object()["/K"] for one in parents[1]] == numbers


def test_the_structure_has_one_heading_a_described_figure_and_the_signature() -> None:
    found = elements(signed("plain"))
    roles = [element["/S"] for element in found]
    assert roles.count("/H1") == 1
    assert roles.count("/Figure") == 1
    assert roles[-1] == "/Form"
    figure = found[roles.index("/Figure")]
    assert URL in figure["/Alt"]
    assert len(figure["/A"]["/BBox"]) == 4
    assert found[-1]["/Alt"] == "Digital signature of the issuer"


@pytest.mark.parametrize(
    ("name", "language"), [("محمد عبد الله الأحمد", "ar"), ("निशि शर्मा", "hi")]
)
def test_a_screen_reader_gets_the_name_in_logical_order_and_its_language(
    name: str, language: str
) -> None:
    pdf = draw(replace(PLAIN, person_name=name, person_locale=language), faces())
    said = [element for element in elements(pdf) if element.get("/ActualText") == name]
    assert len(said) == 1
    assert said[0]["/Lang"] == language


def test_the_catalogue_declares_what_was_judged() -> None:
    root: Any = reader(signed("plain")).trailer["/Root"]
    xmp = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert root["/Lang"] == "en-US"
    assert len(reader(signed("plain")).pages) == 1
    assert [float(v) for v in reader(signed("plain")).pages[0].mediabox] == [0, 0, 792, 612]
    information = reader(signed("plain")).metadata
    assert information is not None
    assert information.title == "Certificate of completion: Marguerite Okonkwo-Lindqvist, MD"


def test_text_with_marks_of_xml_stays_text() -> None:
    facts = replace(PLAIN, person_name="Ann <b>& Co", issuer_name='R&D "Ward" (7) \\ Hospital')
    root: Any = reader(draw(facts, faces())).trailer["/Root"]
    assert "Ann &lt;b&gt;&amp; Co" in root["/Metadata"].get_data().decode()


# --- fonts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sample", list(SAMPLES))
def test_every_font_is_embedded_in_part_and_maps_to_text(sample: str) -> None:
    if needs_cjk(SAMPLES[sample]) and not faces().national:
        pytest.skip(WITHOUT_CJK_FACE)
    resources: Any = reader(signed(sample)).pages[0]["/Resources"]
    fonts = resources["/Font"]
    assert fonts
    for font in (one.get_object() for one in fonts.values()):
        assert font["/Subtype"] == "/Type0"
        assert re.fullmatch(r"/[A-Z]{6}\+.+", font["/BaseFont"])
        inner = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile2" in inner or "/FontFile3" in inner
        told = font["/ToUnicode"].get_object().get_data().decode()
        codes = re.findall(r"^<[0-9a-f]{4}> <([0-9a-f]+)>$", told, re.MULTILINE)
        assert codes
        for code in codes:
            text = bytes.fromhex(code).decode("utf-16-be")
            assert text
            assert not any(unicodedata.category(c) == "Co" for c in text)


# --- the facts inside -----------------------------------------------------------------------------


def test_the_attached_json_holds_the_printed_facts_and_nothing_private() -> None:
    attached = reader(signed("plain")).attachments["certificate.json"][0]
    assert attached == PLAIN.as_json()
    told = json.loads(attached)
    assert told["name"] == PLAIN.person_name
    assert told["dates"] == {
        "completed": "March 14, 2027",
        "claimed": "March 15, 2027",
        "issued": "March 15, 2027",
    }
    assert told["course"]["version"] == 2
    assert "locale" not in attached.decode()


def test_facts_come_back_from_the_ledger_as_they_were() -> None:
    for facts in SAMPLES.values():
        assert Facts.from_data(facts.as_data()) == facts
        assert Facts.from_data(json.loads(canonical(facts.as_data()))) == facts


def test_what_drew_a_certificate_is_told() -> None:
    told = drawn_by(faces())
    assert {"layout", "reportlab", "harfbuzz", "zlib", "font EBGaramond-Regular.ttf"} <= set(told)
    assert len(told["font EBGaramond-Regular.ttf"]) == 64


# --- the same bytes -------------------------------------------------------------------------------

_ONE = """
import hashlib, sys
from lms.certificates.pdf import draw
from tests.typeset.samples import SAMPLES, faces
names = sys.argv[1:]
drawn = {n: hashlib.sha256(draw(SAMPLES[n], faces())).hexdigest() for n in names}
print("\\n".join(drawn[n] for n in sorted(names)))
"""


def test_the_same_facts_give_the_same_bytes_in_any_process_and_order() -> None:
    names = [*WITHOUT_CJK[:6], "name ar 5", "name hi 8"]
    answers = set()
    for seed, order in (("0", names), ("1", names[::-1]), ("77", sorted(names))):
        done = subprocess.run(
            [sys.executable, "-c", _ONE, *order],
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": str(Path.home())},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    assert len(answers) == 1


def test_another_name_drawn_before_changes_nothing() -> None:
    before = draw(PLAIN, faces())
    draw(SAMPLES["name ar 5"], faces())
    draw(SPECIMEN, faces())
    assert draw(PLAIN, faces()) == before


def test_threads_draw_the_same_bytes() -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: draw(SPECIMEN, faces()), range(24)))
    assert set(drawn) == {draw(SPECIMEN, faces())}


# --- refusals -------------------------------------------------------------------------------------


def test_facts_that_were_not_cleaned_before_they_were_frozen_are_refused() -> None:
    with pytest.raises(Unprintable, match="not cleaned"):
        draw(replace(PLAIN, person_name="Ana  María"), faces())
    with pytest.raises(Unprintable, match="U\\+1F642"):
        draw(replace(PLAIN, title="Basics 🙂"), faces())


def test_statements_shrink_within_measure_and_are_refused_beyond() -> None:
    sentence = "Learners should claim only the credit commensurate with their participation. "
    sizes = []
    for times in (2, 14, 18):
        statements = (((sentence * times, False),),)
        sizes.append(statements_measure(statements, faces()).size)
        draw(replace(PLAIN, statements=statements), faces())
    assert sizes[0] == 8
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(Unprintable, match="do not fit"):
        statements_measure((((sentence * 40, False),),), faces())


def test_an_italic_phrase_never_breaks_across_lines() -> None:
    for filler in range(20, 70):
        parts = (("x" * filler + " ", False), ("Exempla Category 1 Credits", True), ("™.", False))
        text = pdfium_text(draw(replace(PLAIN, statements=(parts,)), faces()))
        assert "Exempla Category 1 Credits" in text.replace("\r\n", "|")


def test_a_line_too_long_for_its_place_shrinks_and_is_refused_when_unreadable() -> None:
    address = "learning.a-rather-long-name.example.org/verify"
    text = pdfium_text(draw(replace(PLAIN, verify_label=address), faces()))
    assert address in text
    assert "Verify at" not in text
    with pytest.raises(Unprintable, match="too long"):
        draw(replace(PLAIN, verify_label="x" * 200 + ".example.org"), faces())


def test_optional_lines_may_be_missing() -> None:
    facts = replace(PLAIN, signer_name="", signer_title="", issuer_line="", statements=())
    assert reader(draw(facts, faces())).pages[0]


# --- the name on the claim page -------------------------------------------------------------------


@pytest.mark.parametrize("name", [*VENDORED_NAMES, LONG_NAME])
def test_the_claim_page_shows_the_name_with_the_same_glyphs(name: str) -> None:
    svg = name_svg(name, faces())
    assert svg.startswith("<svg ")
    assert f"<title>{name}</title>" in svg
    assert "style" not in svg
    assert svg.count("<path ") >= len(name.replace(" ", "")) // 2
    assert printable(name, NAME_BOX, faces()).text == name


def test_the_name_on_the_claim_page_is_escaped_and_refused_as_in_print() -> None:
    svg = name_svg('Ann "<b>" & Co', faces())
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg
    with pytest.raises(Unprintable):
        name_svg("🙂", faces())


def test_the_longest_title_and_name_share_one_page() -> None:
    facts = replace(PLAIN, person_name=LONG_NAME, title=LONG_TITLE, expires_on="March 15, 2029")
    assert len(reader(draw(facts, faces())).pages) == 1


def test_the_parent_tree_is_an_array_of_references() -> None:
    root: Any = reader(signed("plain")).trailer["/Root"]
    numbers = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    assert isinstance(numbers[1].get_object(), ArrayObject)
    assert isinstance(numbers[3], IndirectObject)
