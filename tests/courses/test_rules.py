"""Minutes, hours, digests and series: what is true of all numbers, not only of ours."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lms.courses.rules import minutes
from lms.courses.rules.course import parse
from lms.courses.rules.folder import Folder, canonical, content, digest
from lms.courses.rules.markdown import citation_ids, is_safe, slug, words
from lms.courses.rules.series import Series, is_complete
from tests.courses.tiny import tiny, tiny_course

counts = some.integers(0, 500)
loads = some.builds(
    minutes.Load,
    words=some.integers(0, 60_000),
    checks=counts,
    figures=counts,
    drawn=counts,
    mean_difficulty=some.fractions(1, 3, max_denominator=50),
)


@given(loads, some.integers(1, 1000))
def test_more_to_read_never_takes_less_time(load: minutes.Load, more: int):
    longer = minutes.Load(
        words=load.words + more,
        checks=load.checks,
        figures=load.figures,
        drawn=load.drawn,
        mean_difficulty=load.mean_difficulty,
    )
    assert minutes.plain_minutes(longer) > minutes.plain_minutes(load)
    assert minutes.mergener_minutes(longer) >= minutes.mergener_minutes(load) >= 0


def test_the_methods_give_what_their_formulas_give():
    load = minutes.Load(words=6000, checks=5, figures=4, drawn=10, mean_difficulty=Fraction(2))
    assert minutes.plain_minutes(load) == 30 + 5 + 2 + 9
    by_hand = Fraction("0.9") * (
        Fraction("-22.3") + Fraction("12.54") + Fraction("27.8") + Fraction("38.75")
    )
    assert minutes.mergener_minutes(load) == by_hand


@pytest.mark.parametrize(("stated", "fits"), [(44, False), (45, True), (75, True), (76, False)])
def test_stated_minutes_may_differ_by_a_quarter_of_the_computed(stated: int, fits: bool):
    assert minutes.within(stated, Fraction(60)) is fits


@pytest.mark.parametrize(
    ("given_minutes", "quarters"),
    [(60, 4), (45, 3), (25, 2), (90, 6), (360, 24), (7, 0), (8, 1), (22, 1), (23, 2)],
)
def test_hours_follow_from_minutes_to_the_nearest_quarter(given_minutes: int, quarters: int):
    assert minutes.credit_quarters(given_minutes) == quarters


json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    lambda inside: some.lists(inside) | some.dictionaries(some.text(), inside),
    max_leaves=20,
)


@given(some.dictionaries(some.text(), json))
def test_canonical_json_does_not_know_the_order_of_keys(table: dict):
    turned = dict(reversed(list(table.items())))
    assert canonical(table) == canonical(turned)


def test_the_digest_knows_every_word_and_picture_but_no_layout():
    first = digest(tiny_course())
    assert first == digest(tiny_course())
    same = tiny_course()
    files = dict(same.files)
    files["course.toml"] = b"# a remark\n\n" + files["course.toml"]
    files["lessons/01-moments.md"] = files["lessons/01-moments.md"].replace(b"\n", b"\r\n")
    assert digest(Folder(name="elsewhere", files=files)) == first
    seen = {first}
    for change in (
        lambda d: d.course.update(title="Other"),
        lambda d: d.item("steps").update(stem="Other?"),
        lambda d: d.texts.update({"takeaway.md": "Other"}),
        lambda d: d.replace("lessons/02-soap.md", "Most", "Much"),
        lambda d: d.media.update({"media/washes.svg": b"<svg/>"}),
    ):
        draft = tiny()
        change(draft)
        seen.add(digest(draft.folder()))
    assert len(seen) == 6


def test_a_course_comes_back_from_its_content_as_values():
    course = parse(content(tiny_course()))
    assert course.quarters == 1
    assert [item.kind.value for item in course.quiz.items[:3]] == ["single", "single", "multiple"]
    assert course.item("a-visit").nodes[3].score == Fraction(1, 2)
    assert course.expires_on.isoformat() == "2029-08-31"


@given(some.text())
def test_a_slug_can_always_stand_in_an_address(text: str):
    made = slug(text)
    assert made
    assert made == slug(made)
    assert all(one.isascii() and (one.isalnum() or one == "-") for one in made)


def test_words_count_what_is_read():
    text = "## Two words {#x}\n\nThree *more* words. [@who]\n\n| a | b |\n| - | - |\n| c | d |\n"
    assert words(text) == 9
    assert words('```check\nid = "x"\nstem = "not counted"\n```\n') == 0


def test_citations_may_be_several():
    assert citation_ids("a; @b ;@c") == ["a", "b", "c"]


@pytest.mark.parametrize(
    "address", ["java\tscript:x", "\x01javascript:x", "//evil.example", "page.html", "data:,x", ""]
)
def test_unsafe_addresses(address: str):
    assert not is_safe(address)


def test_a_series_that_requires_none_is_never_complete():
    def series(required: int) -> Series:
        return Series(
            key="s", title="S", summary="", order="any", recommended_first="",
            required=required, courses=("a", "b", "c"), planned=(),
        )  # fmt: skip

    assert not is_complete(series(0), frozenset("abc"))
    assert not is_complete(series(2), frozenset("ax"))
    assert is_complete(series(2), frozenset("ac"))
