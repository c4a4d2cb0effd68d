"""Plain lines take a short way to the same runs; what is kept of a run depends on nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.typeset.embed import Fonts
from lms.typeset.faces import Role
from lms.typeset.shape import Glyph, NoGlyph, Run, _runs, shape
from tests.typeset.samples import NAMES, faces

STACK = faces().stack(Role.NAME)


def cut(text: str) -> list[tuple[object, int, str]] | str:
    try:
        return [(run.face, run.level, run.text) for run in _runs(text, STACK, None)]
    except NoGlyph as problem:
        return problem.part


@given(st.text(st.characters(min_codepoint=0, max_codepoint=126), max_size=40))
def test_plain_lines_are_cut_as_all_others(text: str) -> None:
    short = cut(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(STACK[0].__dict__, "plain", frozenset())
        assert cut(text) == short


def test_a_plain_line_inside_a_text_from_right_to_left_goes_the_long_way() -> None:
    assert [run.level for run in _runs("CE 2027", STACK, 1)] == [2]


@pytest.mark.parametrize("name", NAMES)
def test_a_line_is_written_the_same_in_a_document_that_used_its_glyphs_before(name: str) -> None:
    locale = NAMES[name]
    try:
        runs = shape(name, faces().stack(Role.NAME, name, locale))
    except NoGlyph:
        pytest.skip("no face for this script is installed here")
    fonts = Fonts()
    first = fonts.show((10, 20), runs, 12, 0.5)
    assert fonts.show((10, 20), runs, 12, 0.5) == first
    assert Fonts().show((10, 20), runs, 12, 0.5) == first


def made(*texts: str) -> tuple[Run, ...]:
    """A run in which one glyph stands for each of these texts."""
    glyphs = tuple(Glyph(40, 500, 0, 0, text) for text in texts)
    return (Run(STACK[0], 0, "".join(texts), glyphs, 500.0 * len(texts)),)


def test_a_glyph_that_stands_for_two_texts_says_which_each_time() -> None:
    one, other, both, helper = made("a"), made("b"), made("a", "b"), made("")
    fonts = Fonts()
    assert "ActualText" not in fonts.show((0, 0), one, 10)
    assert f"/ActualText <feff{'b'.encode('utf-16-be').hex()}>" in fonts.show((0, 0), other, 10)
    assert "ActualText" not in fonts.show((0, 0), one, 10)
    assert "ActualText" in fonts.show((0, 0), both, 10)
    assert "ActualText" in Fonts().show((0, 0), both, 10)
    fonts = Fonts()
    assert "ActualText" not in fonts.show((0, 0), helper, 10)
    assert "ActualText" in fonts.show((0, 0), one, 10)
    assert "ActualText" in fonts.show((0, 0), helper, 10)
    assert "ActualText" not in fonts.show((0, 0), one, 10)
