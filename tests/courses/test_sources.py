"""Each row of the sources is answered by something a reader can open; the page of it is fresh."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from lms.courses import cli, files
from lms.courses.queries import directory, library, listing
from lms.courses.rules.check import checked
from lms.courses.rules.folder import Folder
from lms.courses.rules.sources import SOURCES_FILE, WORDS, check_sources, rows

HOME = Path(__file__).resolve().parents[2] / "courses"
PAGE = HOME.parent / "docs" / "catalogue.md"
ROWS = rows(files.single(HOME, SOURCES_FILE, name="courses"))
# How many rows each of the five sources has.
SOURCES = {"S0": 26, "S1": 19, "S2": 37, "S3": 3, "S4": 26}


def test_all_111_rows_are_there_in_order():
    wanted = [f"{one}-{n:02d}" for one, most in SOURCES.items() for n in range(1, most + 1)]
    assert [row.id for row in ROWS] == wanted
    assert len(wanted) == 111


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_what_answers_a_row_is_there(row):
    known = {
        "course": {one.name for one in files.course_folders(HOME) if files.is_course(one)},
        "directory": set(directory.directory().by_id),
        "library": set(library.library().by_id),
    }
    assert row.answered_by
    assert [str(one) for one in row.answered_by if one.id not in known[one.where]] == []


def test_what_the_directory_and_the_library_answer_is_in_the_list():
    said = {(answer.where, answer.id, row.id) for row in ROWS for answer in row.answered_by}
    entries = directory.directory().by_id.values()
    documents = library.library().documents
    there = {("directory", one.id, row) for one in entries for row in one.rows}
    there |= {("library", one.id, row) for one in documents for row in one.rows}
    assert there == {one for one in said if one[0] != "course"}


def test_every_course_answers_a_row():
    cited = Counter(one.id for row in ROWS for one in row.answered_by if one.where == "course")
    assert len(cited) == 28


def test_no_row_carries_a_number_or_the_name_of_somebody_s_story():
    text = (HOME / SOURCES_FILE).read_text(encoding="utf-8")
    assert not any(one in text for one in ("800-4247", "373-7888", "Bukola", "Cesa"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('answered_by = ["course:nobody"]', "course:nobody answers this row and isn't there"),
        ('answered_by = ["x"]', "x: answers this row and isn't there"),
        ("answered_by = []", "The list has 0 entries"),
        ('answered_by = ["course:a"]\nmore = 1', "There is no such key"),
    ],
)
def test_a_row_that_nothing_answers_is_named(text: str, said: str):
    row = f'[[rows]]\nid = "S0-01"\nname = "n"\nowner = "o"\nkind = "k"\n{text}\n'
    found = list(check_sources(sheet(row), {"course": frozenset({"a"})}))
    assert [said in one.text for one in found] == [True]
    assert found[0].place.startswith("courses/sources.toml › row S0-01")


def test_a_row_that_stands_twice_is_named():
    row = (
        '[[rows]]\nid = "S0-01"\nname = "n"\nowner = "o"\nkind = "k"\nanswered_by = ["course:a"]\n'
    )
    found = list(check_sources(sheet(row * 2), {"course": frozenset({"a"})}))
    assert ["stands here twice" in one.text for one in found] == [True]


def sheet(text: str) -> Folder:
    return Folder(name="courses", files={SOURCES_FILE: text.encode()})


# The page of the catalogue


def test_the_page_is_as_the_folders_are():
    made = CliRunner().invoke(cli.courses, ["list", "--markdown"])
    assert made.exit_code == 0, made.output
    fresh = PAGE.read_text(encoding="utf-8") == made.stdout
    assert fresh, "docs/catalogue.md is not as the folders of courses/ are: run make catalogue"


def test_the_page_counts_what_is_there_and_names_each_row():
    found = [files.read(one) for one in files.course_folders(HOME)]
    one = next(folder for folder in found if folder.name.endswith("trafficking-101-past-the-myths"))
    computed = {folder.name: checked(folder, today=date(2026, 11, 21)).plain for folder in [one]}
    page = listing.page([one], computed, home=HOME)
    (line,) = [line for line in page.splitlines() if "`trafficking-101-past-the-myths`" in line]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    raw = one.table("course.toml")
    assert cells[2] == str(raw["minutes"])
    assert cells[3] == f"{float(computed[one.name]):.1f}"
    assert cells[5] == str(len(one.table("quiz.toml")["items"]))
    assert cells[7] == str(len(raw["references"]))
    assert cells[8] == str(len(one.media))
    for row in ROWS:
        assert f"| {row.id} |" in page
    assert {word for word in WORDS.values() if f"{word}: " in page} == set(WORDS.values())


def test_the_courses_are_listed_in_plain_words_too():
    said = CliRunner().invoke(cli.courses, ["list"]).output
    assert "trafficking-101-past-the-myths: Seeing Past the Myths" in said
