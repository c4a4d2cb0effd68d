"""The catalogue as a whole: which courses there are, and what each of them must have."""

import re

import pytest

from lms.courses import files
from lms.courses.cli import HOME
from lms.courses.rules import markdown
from lms.courses.rules.folder import COURSE_FILE, QUIZ_FILE
from lms.courses.rules.shape import tables, text

FOLDERS = {one.name: files.read(one) for one in files.course_folders(HOME)}
# What a lesson may show besides prose.
AIDS = {"container_figure_open", "container_dialogue_open", "table_open"}
SERIES = [key for key in FOLDERS if key.startswith("child-series-")]


def test_there_are_28_courses_of_32_hours():
    courses = [one.table(COURSE_FILE) for one in FOLDERS.values()]
    assert len(courses) == 28
    assert sum(one["minutes"] for one in courses) == 1915
    assert sum(float(one["ce_hours"]) for one in courses) == 32


def test_the_six_modules_ask_for_none_before_another():
    assert len(SERIES) == 6
    series = files.read(HOME / "series").table("caring-for-exploited-young-people.toml")
    assert series["order"] == "any"
    assert series["required"] == 0
    assert series["recommended_first"] == "child-series-1-introduction"
    assert sorted(series["courses"]) == sorted(SERIES)
    for key in SERIES:
        assert "any order" in FOLDERS[key].table(COURSE_FILE)["prerequisites"]


@pytest.mark.parametrize("key", FOLDERS)
def test_every_lesson_shows_something_besides_prose(key: str):
    folder = FOLDERS[key]
    for lesson in tables(folder.table(COURSE_FILE), "lessons"):
        parsed = markdown.read(folder.texts[text(lesson, "file")])
        shown = {one.type for one in parsed} & AIDS
        assert shown or any(markdown.is_case(one) for one in parsed), lesson["id"]


@pytest.mark.parametrize("key", FOLDERS)
def test_every_course_rests_on_six_sources_half_of_them_of_ten_years(key: str):
    years = [one["year"] for one in FOLDERS[key].table(COURSE_FILE)["references"]]
    assert len(years) >= 6
    assert sum(year >= 2016 for year in years) * 2 >= len(years)


@pytest.mark.parametrize("key", FOLDERS)
def test_every_course_says_what_it_touches_on_and_whom_to_call(key: str):
    course = FOLDERS[key].table(COURSE_FILE)
    for number in ("988", "1-800-656-4673", "1-888-373-7888"):
        assert number in course["content_note"]
    assert "AMA PRA" not in " ".join(FOLDERS[key].texts.values())


@pytest.mark.parametrize("key", FOLDERS)
def test_every_course_was_reviewed_and_says_what_is_still_to_be_confirmed(key: str):
    record = (HOME / key / "REVIEW.md").read_text(encoding="utf-8")
    for heading in ("## Checked", "## Changed", "## Still to be confirmed"):
        assert heading in record
    for reader in ("egal", "ived"):
        assert reader in record.partition("## Still to be confirmed")[2]


def test_plain_language_is_asked_for_where_the_audience_needs_it():
    for key in ("front-door-support-staff", "ems-first-on-scene"):
        assert FOLDERS[key].table(COURSE_FILE)["reading_grade"] <= 8


def test_the_four_cases_of_the_emergency_department_stand_in_their_lessons():
    folder = FOLDERS["ed-teaching-cases"]
    lessons = tables(folder.table(COURSE_FILE), "lessons")
    cases = [
        len(re.findall(r"^```case$", folder.texts[one["file"]], re.MULTILINE)) for one in lessons
    ]
    assert cases == [0, 1, 1, 1, 1]


def test_the_screening_course_asks_calculations():
    items = FOLDERS["screening-tools-evidence"].table(QUIZ_FILE)["items"]
    assert sum(one["id"].startswith("calc") or "calculat" in one["stem"] for one in items) >= 2
