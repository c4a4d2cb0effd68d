"""What is quick because most texts are plain: it comes to the same as the long way."""

import copy
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from lms.courses import cli, files
from lms.courses.rules import check_words, markdown, sanitise
from lms.courses.rules.check_words import check_text
from lms.courses.rules.render import Page, html, line, paragraphs
from lms.courses.rules.render_course import rendered
from lms.courses.rules.shape import tables, text
from tests.courses.tiny import tiny_course

LIBRARY = markdown.maker()
# Beginnings of blocks, ends of lines and marks: what would make a text anything but plain.
PIECES = some.sampled_from(
    [
        "A word", "said", "“Yes”", '"No"', "it's", "(so)", " ", "  ", "    ", "\t", "\n", "\n\n",
        "\n\n\n", "\r\n", "\x00", "\xa0", "\u2028", "\x0b", "\x0c", "- ", "* ", "+ ", "1. ", "2) ",
        "# ", "## ", "{#here}", "---", "===", "***", "```", "~~~", "::: callout", ":::", "> ",
        "| a | b |", "| --- | --- |", "--- | ---", "*", "**", "_", "__", "`", "\\", "&amp;", "&",
        "<b>", "<", ">", "[", "]", "[@one]", "[a](b)", "![a](b)", "!", "(", ")", "[a]: b", "[a]",
        "https://a.b", "a: b", "~~", "=", "%", "$", "{", "}", "^", "@", "\ue000", "é", "日本",
    ]
)  # fmt: skip


def _told(parsed):
    return [one.as_dict() for one in parsed]


@settings(max_examples=400, deadline=None)
@given(some.lists(PIECES, max_size=12).map("".join))
@example("One.\n\nTwo,\nand more.\n\n\nThree.\n\n")
@example("One.\n| --- |")
@example("One.\n---")
@example("One.  \nTwo.")
@example("One. \n\nTwo.")
@example("One.\n    Two.")
def test_texts_are_parsed_as_the_library_parses_them(said):
    bare = said.replace(markdown.KEEP, "�")
    assert _told(markdown.read(said)) == _told(LIBRARY.parse(bare))
    ours = markdown.read_line(bare)[0].children
    assert _told(ours or ()) == _told(LIBRARY.parseInline(bare)[0].children or ())


def test_every_page_and_item_of_the_catalogue_is_parsed_as_the_library_parses_it():
    for place in files.course_folders(cli.HOME)[::9]:
        folder = files.read(place)
        said = [page for path, page in folder.texts.items() if path.endswith(".md")]
        for item in tables(folder.table("quiz.toml"), "items"):
            said += [text(item, "stem")]
            said += [text(one, "rationale") for one in tables(item, "options")]
        for one in said:
            assert _told(markdown.read(one)) == _told(LIBRARY.parse(one))


@settings(max_examples=300, deadline=None)
@given(some.lists(PIECES, max_size=6).map("".join))
@example("Plain, and nothing else.\n")
@example("More > less.")
@example("A\ufeff\xa0b ")
@example("One.\n\nTwo.")
def test_bare_texts_are_rendered_as_any_other(said):
    bare = said.replace(markdown.KEEP, "")
    assert paragraphs(bare, Page("")) == html(LIBRARY.parse(bare), Page("")).strip()
    if "\n" not in bare:
        assert line(bare, Page("")) == html(LIBRARY.parseInline(bare.strip()), Page(""))


def test_rendering_leaves_what_was_parsed_as_it_was():
    folder = tiny_course()
    pages = [page for path, page in folder.texts.items() if path.endswith(".md")]
    before = copy.deepcopy([_told(markdown.read(page)) for page in pages])
    first = rendered(folder, {})
    assert [_told(markdown.read(page)) for page in pages] == before
    assert rendered(folder, {}) == first


def test_what_is_not_cleaned_would_come_out_of_cleaning_as_it_is():
    signs = [*range(0x3100), *range(0xD7F0, 0xE010), *range(0xFE00, 0x10100), 0x1F600]
    for sign in map(chr, signs):
        for said in (sign, f"a{sign}b", f"<p>{sign}</p>\n", f"<p>a</p>\n<p>{sign}b</p>\n"):
            if sanitise._SOUND.fullmatch(said):
                assert sanitise._CLEANER.clean(said) == said
    for said in ("<p>a</p><p>b</p>\n<script>", "<p>a<b>c</b></p>\n", "a &amp; b", "<p><p>a</p>\n"):
        assert not sanitise._SOUND.fullmatch(said)


@pytest.mark.parametrize(
    "words",
    [
        "Prostitutes", "a PIMP", "the johns", "was rescued", "modern-day slaves", "Modern Day Slave",
        "innocent victims", "the voiceless", "a broken person", "is broken", "non-compliant",
        "noncompliance", "Allegedly", "pımp", "P\u0130MP", "re\u017fcue", "bro\u212aen girl",
    ],
)  # fmt: skip
def test_words_to_avoid_are_found_however_they_are_written(words):
    assert list(check_text(f"They said {words} here.", "here"))


def test_nothing_is_looked_for_that_the_stems_would_miss():
    letters = set("".join(check_words._STEMS))
    for letter in letters:
        alike = [
            chr(one) for one in range(0x250) if re.fullmatch(letter, chr(one), re.IGNORECASE)
        ] + ["\u212a"] * (letter == "k")
        for one in alike:
            assert check_words._folded(one) == letter
