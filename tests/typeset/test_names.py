"""Names and titles print right, or are refused with a sentence when they are saved."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.typeset import bidi
from lms.typeset.faces import Role
from lms.typeset.fit import Box
from lms.typeset.names import NAME_BOX, TITLE_BOX, Unprintable, printable, printable_line
from lms.typeset.shape import ink, shape, width
from tests.typeset.samples import CJK, LONG_NAME, LONG_TITLE, NAMES, faces, with_cjk

LETTERS = {
    "Latin": "abcdefghijklmnopqrstuvwxyzABCWMÅÉÑØßłżćőğşĐảộ -'.",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωΆΈ ",
    "Cyrillic": "абвгдежзийклмнопрстуфхцчшщъыьэюяЁЇ ",
    "Arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهويىءآأؤئة ",
    "Hebrew": "אבגדהוזחטיכלמנסעפצקרשתךםןףץ ",
    "Devanagari": "अनुष्काश्रीवास्तवकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह ",
    "Mixed": "aB -אבجدжλ1२.",
}


def check_fits(text: str, box: Box) -> None:
    """Assert that a text stays inside its box and loses no character."""
    found = printable(text, box, faces())
    fitted = found.fitted
    stack = faces().stack(box.role, found.text)
    assert box.smallest <= found.size <= box.largest
    assert 1 <= len(found.lines) <= box.lines
    assert "".join(found.lines).replace(" ", "") == found.text.replace(" ", "")
    base = bidi.base_level(found.text)
    top = 100.0
    first = fitted.first_baseline(top, box.height)
    for line, drop in zip(found.lines, fitted.drops, strict=True):
        runs = shape(line, stack, (), base)
        above, below = ink(runs)
        baseline = first - drop * found.size
        assert width(runs) * found.size <= box.width + 1e-6
        assert baseline + above * found.size <= top + 1e-6
        assert baseline - below * found.size >= top - box.height - 1e-6


@pytest.mark.parametrize("name", [name for name, tongue in NAMES.items() if tongue[:2] not in CJK])
def test_case_08_a_name_in_each_vendored_script_has_every_glyph(name: str) -> None:
    found = printable(name, NAME_BOX, faces())
    assert found.text == unicodedata.normalize("NFC", name)
    runs = shape(found.text, faces().stack(Role.NAME, name))
    assert all(glyph.number != 0 for run in runs for glyph in run.glyphs)
    assert "".join(sorted("".join(g.text for run in runs for g in run.glyphs))) == "".join(
        sorted(found.text)
    )


@with_cjk
@pytest.mark.parametrize("name", [name for name, tongue in NAMES.items() if tongue[:2] in CJK])
def test_case_08_a_chinese_japanese_or_korean_name_has_every_glyph(name: str) -> None:
    runs = shape(name, faces().stack(Role.NAME, name, NAMES[name]))
    assert all(glyph.number != 0 for run in runs for glyph in run.glyphs)
    assert printable(name, NAME_BOX, faces(), locale=NAMES[name]).text == name


@with_cjk
def test_case_08_national_shapes_follow_the_text_and_the_locale() -> None:
    def first(text: str, locale: str | None) -> str:
        return shape(text, faces().stack(Role.NAME, text, locale))[0].face.name

    assert first("김민준", None).endswith("kr-Regular")
    assert first("さくら", "zh-CN").endswith("jp-Regular")
    assert first("直子", "ja").endswith("jp-Regular")
    assert first("直子", None).endswith("sc-Regular")
    assert first("直子", "zh-Hant-TW").endswith("tc-Regular")
    assert first("直子", "zh-HK").endswith("hk-Regular")


def test_case_08_arabic_letters_are_joined_and_read_from_the_right() -> None:
    stack = faces().stack(Role.NAME)
    joined = shape("محمد", stack)[0]
    alone = [shape(letter, stack)[0].glyphs[0].number for letter in "محمد"]
    assert joined.is_rtl
    assert [glyph.number for glyph in joined.glyphs][::-1] != alone
    assert [glyph.text for glyph in joined.glyphs] == list("محمد"[::-1])


def test_case_08_devanagari_conjuncts_are_formed() -> None:
    runs = shape("क्ष", faces().stack(Role.NAME))
    assert len(runs[0].glyphs) == 1
    assert runs[0].glyphs[0].text == "क्ष"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("Ann 🙂", "U+1F642 SLIGHTLY SMILING FACE"),
        ("A\u202eB", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("A\ue000", "U+E000"),
        ("A\ud800", "U+D800"),
        ("Ali\u200cX", "U+200C ZERO WIDTH NON-JOINER"),
        ("葛\U000e0100城", "U+E0100 VARIATION SELECTOR-17"),
        ("Za\u0300\u0301\u0302\u0303lgo", "accents"),
        ("123", "no letter"),
        ("   ", "empty"),
        ("\u0301Ana", "U+0301 COMBINING ACUTE ACCENT"),
        ("ि अ", "U+093F DEVANAGARI VOWEL SIGN I"),
        ("x" * 121, "121 characters"),
        ("Ann\x00", "U+0000"),
        ("ⲁⲛⲛ \U00010330", "no font here has it"),
    ],
)
def test_case_08_what_cannot_be_printed_is_refused_with_its_name(name: str, named: str) -> None:
    with pytest.raises(Unprintable) as refusal:
        printable(name, NAME_BOX, faces())
    assert named in str(refusal.value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("  Ana\u00a0 María\u200b ", "Ana María"),
        ("Nguye\u0302\u0303n", "Nguyễn"),
        ("\u200fעל\u200e", "על"),
        ("محمد\u200cعلي", "محمد\u200cعلي"),
        ("क्\u200dष", "क्\u200dष"),
        ("D'Angelo, MD, PhD", "D'Angelo, MD, PhD"),
        ("X Æ A-12", "X Æ A-12"),
    ],
)
def test_invisible_marks_are_dropped_and_the_rest_is_kept(typed: str, printed: str) -> None:
    assert printable(typed, NAME_BOX, faces()).text == printed


def test_a_trade_mark_may_stand_in_a_title_but_not_in_a_name() -> None:
    assert printable("Basics™", TITLE_BOX, faces()).text == "Basics™"
    with pytest.raises(Unprintable):
        printable("Basics™", NAME_BOX, faces())


def test_other_printed_texts_answer_to_the_same_rule() -> None:
    assert printable_line("  Office of  Education ", "issuer", faces()) == "Office of Education"
    with pytest.raises(Unprintable, match="in the issuer"):
        printable_line("Office 🙂", "issuer", faces())


@pytest.mark.parametrize("letter", ["W", "i", "Ж", "ش", "ש", "क्ष"])
@pytest.mark.parametrize(("box", "longest"), [(NAME_BOX, 120), (TITLE_BOX, 200)])
def test_case_09_the_longest_word_without_a_break_fits(letter: str, box: Box, longest: int) -> None:
    check_fits(letter * (longest // len(letter)), box)


@with_cjk
def test_case_09_the_longest_chinese_texts_fit() -> None:
    check_fits("王" * 120, NAME_BOX)
    check_fits("人口贩运：在急诊科识别与应对（第一部分）" * 10, TITLE_BOX)


def test_case_09_a_long_name_and_title_stay_readable() -> None:
    assert printable(LONG_NAME, NAME_BOX, faces()).size >= 20
    assert printable(LONG_TITLE, TITLE_BOX, faces()).size >= 12
    check_fits(LONG_NAME, NAME_BOX)
    check_fits(LONG_TITLE, TITLE_BOX)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), script=st.sampled_from(sorted(LETTERS)))
def test_case_09_every_name_of_1_to_120_characters_fits_or_is_refused(
    data: st.DataObject, script: str
) -> None:
    text = data.draw(st.text(LETTERS[script], min_size=1, max_size=120))
    try:
        printable(text, NAME_BOX, faces())
    except Unprintable as refusal:
        told = str(refusal)
    else:
        check_fits(text, NAME_BOX)
        return
    assert told.endswith(".")  # a mark without a base, or no letter
    assert "too long" not in told


@settings(max_examples=100, deadline=None)
@given(data=st.data(), script=st.sampled_from(sorted(LETTERS)))
def test_case_09_every_title_of_1_to_200_characters_fits_or_is_refused(
    data: st.DataObject, script: str
) -> None:
    text = data.draw(st.text(LETTERS[script], min_size=1, max_size=200))
    try:
        printable(text, TITLE_BOX, faces())
    except Unprintable as refusal:
        told = str(refusal)
    else:
        check_fits(text, TITLE_BOX)
        return
    assert "too long" not in told


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=130))
def test_any_text_at_all_fits_or_is_refused_with_a_sentence(text: str) -> None:
    try:
        found = printable(text, NAME_BOX, faces())
    except Unprintable as refusal:
        told = str(refusal)
    else:
        assert printable(found.text, NAME_BOX, faces()) == found
        return
    assert told.endswith(".")
