"""What is due is listed, and what no longer holds is caught before it's taught."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from lms.courses import cli, files
from lms.courses.queries import currency, directory
from lms.courses.queries import library as sources
from lms.courses.rules.check_numbers import bare, check_numbers, numbers
from lms.courses.rules.currency import Kind
from lms.courses.rules.folder import Folder
from lms.courses.rules.paragraphs import Piece, pieces
from lms.courses.rules.superseded import check_statements, statements
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import Draft, publish_tiny, tiny

NOWHERE = Path("/nonexistent")
LISTS = files.read(sources.HOME)
LISTED = statements(LISTS, sources.library().by_id).statements
NUMBERS = numbers(directory.directory(), LISTS)[0]


def caught(text: str) -> list[str]:
    """Return the statements that this text tells as facts."""
    found = check_statements(LISTED, pieces(Folder(name="x", files={"a.md": text.encode()})))
    return [re.findall(r"\(([a-z0-9-]+), since", one.text)[0] for one in found]


def page(text: str) -> Draft:
    draft = tiny()
    draft.texts["lessons/01-moments.md"] += f"\n\n{text}\n"
    return draft


# Statements that no longer hold


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("Today 12.3 million people live in forced labor.", "12-3-million"),
        ("About 12.3 **million** adults and children are enslaved. [@who-2009]", "12-3-million"),
        ("Some 20.9 million people are in forced labor.", "20-9-million"),
        ("There are 24.9 million victims worldwide.", "24-9-million"),
        ("An estimated 40.3 million people are in modern slavery.", "40-3-million"),
        ("It earns $150 billion a year.", "150-billion"),
        ("It is the second-largest criminal industry in the world.", "second-largest-crime"),
        ("In 2020 the hotline had over 10,500 tips.", "hotline-10-500-tips"),
        ("In 2021 it learned of 10,583 situations.", "hotline-2020-pair"),
        ("In 2022 it learned of 10,359 situations.", "hotline-2021-pair"),
        ("The hotline learned of 11,999 cases.", "hotline-2024-totals"),
        ("The average age of entry is 12 to 14 years.", "average-age-12-to-14"),
        ("Each year 300,000 children are trafficked here.", "300-000-children"),
        ("They have a life expectancy of seven years.", "seven-year-life-expectancy"),
        ("The Super Bowl draws traffickers.", "super-bowl"),
        ("Polaris operates the hotline.", "polaris-runs-the-hotline"),
        ("The line is staffed by Polaris day and night.", "polaris-runs-the-hotline"),
        ("Call the NHTRC.", "nhtrc"),
        ("Refer her to Bay Area Women Against Rape.", "closed-bay-area-center"),
        ("Call (510) 800-4247 at any hour.", "closed-bay-area-numbers"),
        ("Call 510-430-1298, though it closed.", "closed-bay-area-numbers"),
        ("Read the American Women's Medical Association.", "amwa-name"),
        ("SOAR is stop, observe, ask and report.", "soar-last-word"),
        ("He had child pornography on his phone.", "csam"),
    ],
)
def test_a_fact_of_the_past_is_caught(text: str, which: str):
    assert which in caught(text)


@pytest.mark.parametrize(
    "text",
    [
        "The figure 12.3 million dates from 2005 and counted forced labor.",
        "Older totals: 20.9 million (2012), and 40.3 million (2016 data).",
        "The ILO's $150 billion was its estimate of 2014.",
        "That it is the second largest crime has no sound source.",
        "In 2020 it learned of 10,583 situations.",
        "Polaris operated the line until autumn 2025.",
        "The center once called Bay Area Women Against Rape closed on September 30, 2025.",
        "The statute still says child pornography.",
        "A survey of 1,500 people; 12.3% answered.",
    ],
)
def test_what_names_it_as_old_is_fine(text: str):
    assert caught(text) == []


def test_the_word_must_stand_in_the_same_piece_of_text():
    assert caught("It was so in 2005.\n\nThere are 12.3 million.") == ["12-3-million"]
    assert caught("| When | How many |\n| --- | --- |\n| 2005 | x |\n| now | 12.3 million |") == [
        "12-3-million"
    ]
    assert caught("- in 2005\n- 12.3 million now") == ["12-3-million"]
    assert caught("There were 12.3 million\nin 2005.") == []


def test_the_words_of_a_drawing_count_too():
    draft = tiny()
    draft.media["media/washes.svg"] = (
        b"<svg><desc>x</desc><text>12.3 <tspan>million</tspan></text></svg>"
    )
    found = list(check_statements(LISTED, pieces(draft.folder())))
    assert [one.place for one in found] == ["courses/tiny/media/washes.svg"]


def test_a_right_answer_may_not_be_excused_by_its_rationale():
    draft = tiny()
    item = next(one for one in draft.items if one["kind"] == "single")
    right = next(one for one in item["options"] if one.get("right"))
    right["text"] = "12.3 million"
    right["rationale"] = "An estimate of 2005."
    found = list(check_statements(LISTED, pieces(draft.folder())))
    assert [one.place for one in found] == [
        f"courses/tiny/quiz.toml › item {item['id']} › right answer"
    ]
    right["right"], right["text"] = False, "12.3 million"
    assert list(check_statements(LISTED, pieces(draft.folder()))) == []


def test_the_real_courses_the_library_and_the_directory_are_clean():
    home = sources.HOME.parent
    courses = [files.read(one) for one in files.course_folders(home)]
    problems = currency.stale(courses, home=home, instance=NOWHERE)
    assert [str(one) for one in problems] == []


def test_a_place_may_be_allowed_and_nothing_else():
    one = LISTED[0]
    allowed = type(one)(**{**vars(one), "allow": ("courses/a/lessons/1.md",)})
    text = "12.3 million"
    assert list(check_statements([allowed], [Piece("courses/a/lessons/1.md › line 3", text)])) == []
    assert len(list(check_statements([allowed], [Piece("courses/b/x.md › line 3", text)]))) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pattern = '(x'", ""),
        ('source = "nobody-1999"', ""),
        ("since = 5", ""),
        ("words = []", ""),
        ('more = "x"', ""),
    ],
)
def test_a_slip_in_the_list_is_named(old: str, new: str):
    good = {
        "id": 'id = "x"',
        "words": 'words = ["x"]',
        "pattern": "pattern = 'x'",
        "say": 'say = "y"',
        "source": 'source = "gems-2022"',
        "since": "since = 2022-01-01",
    }
    good[old.partition(" ")[0]] = old
    text = "[[statements]]\n" + "\n".join(good.values())
    found = statements(Folder(name="l", files={"superseded.toml": text.encode()}), {"gems-2022"})
    assert len(found.problems) == 1
    assert statements(Folder(name="l", files={}), ()).problems


# Telephone numbers


@pytest.mark.parametrize(
    ("text", "which"),
    [
        ("Call 1-888-373-7888, or text 233733.", []),
        ("Call or text 988. In danger call 911.", []),
        ("RAINN: 1-800-656-4673 (day and night)", []),
        ("Tip line 877-4-HSI-TIP", []),
        ("Call 1-800-555-0199.", ["S04"]),
        ("Text 12345 for help.", ["S04"]),
        ("(510) 555-0100", ["S04"]),
        ("Call 510.800.4247", ["S03"]),
        ("ISBN 978-92-9068-466-4; 42 U.S.C. 5106a; doi:10.3389/fmed.2024.1311584", []),
        ("We call 300 people a year, 2016-2017.", []),
    ],
)
def test_a_number_is_one_of_the_directory(text: str, which: list[str]):
    assert [one.rule for one in check_numbers(NUMBERS, [Piece("x", text)])] == which


def test_numbers_are_compared_by_what_one_presses():
    assert bare("+1 (888) 373-7888") == bare("1-888-373-7888") == "8883737888"
    assert bare("877-4-HSI-TIP") == "8774474847"


# The command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "courses"
    home.mkdir()
    for name in ("library", "directory"):
        (home / name).symlink_to(sources.HOME.parent / name)
    monkeypatch.setattr(cli, "HOME", home)
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path / "instance"))
    return home


def write(home: Path, draft: Draft) -> None:
    for path, data in draft.folder().files.items():
        file = home / draft.course["key"] / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def run(*words: str):
    return CliRunner().invoke(cli.courses, [*words])


def test_the_fixture_course_with_three_traps_is_refused_by_the_command(home: Path):
    write(
        home,
        page(
            "Today 12.3 million people are enslaved.\n\nIt is worth $150 billion.\n\n"
            "Send her to BAWAR, (510) 800-4247."
        ),
    )
    for words in (("--on", "2026-11-02"), ("--currency", "2026-11-22")):
        result = run("check", *words)
        assert result.exit_code == 1
        for one in ("12-3-million", "150-billion", "closed-bay-area-center", "S03"):
            assert one in result.output, one
        assert "courses/tiny/lessons/01-moments.md › line" in result.output


def test_the_command_lists_what_is_due_by_the_day(home: Path):
    write(home, tiny())
    early = run("check", "--currency", "2026-11-21")
    assert early.exit_code == 0, early.output
    assert "By 2026-11-21: 0 due, 0 statement(s) or number(s) to mend." in early.output
    late = run("check", "--currency", "2028-01-01")
    assert late.exit_code == 1
    assert "2027-09-01 review tiny: Washing hands, briefly (tiny)" in late.output
    assert re.search(r"^2028-01-01 reference who-2009: .* \(tiny\)$", late.output, re.MULTILINE)
    assert "2027-03-01 document gems-2022" in late.output
    assert re.search(r"service rainn: ", late.output)
    assert "end tiny" not in late.output
    assert "2029-08-31 end tiny" in run("check", "--currency", "2029-08-31").output
    told = json.loads(run("check", "--currency", "2028-01-01", "--json").output)
    assert {one["kind"] for one in told["due"]} == set(Kind) - {Kind.END}


def test_an_institution_s_bad_file_is_named_by_the_check(home: Path, tmp_path: Path):
    write(home, tiny())
    own = tmp_path / "instance" / "library"
    own.mkdir(parents=True)
    (own / "bad.toml").write_text("format = [", encoding="utf-8")
    result = run("check", "--on", "2026-11-02")
    assert result.exit_code == 1
    assert "instance/library/bad.toml" in result.output


# The planner's page


def test_planners_see_what_is_due_and_others_do_not(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    db.session.commit()
    page = as_(cast.petra).get("/courses/due?by=2027-09-01")
    assert page.status_code == 200
    assert 'href="/courses/tiny/versions">Washing hands, briefly</a>' in page.text
    assert 'href="/library/gems-2022"' in page.text
    assert 'href="/directory#rainn"' in page.text
    assert as_(cast.lena).get("/courses/due").status_code == 403
    assert as_(cast.cora).get("/courses/due.csv").status_code == 403


def test_what_is_due_is_narrowed_and_taken_as_a_file(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    db.session.commit()
    petra = as_(cast.petra)
    shown = petra.get("/courses/due?by=2027-09-01&kind=review").text
    assert "Washing hands" in shown
    assert "/library/gems-2022" not in shown
    file = petra.get("/courses/due.csv?by=2028-01-01&course=tiny")
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"))))
    assert {row["Kind"] for row in rows} == {"Review of a course", "Source of a course"}
    assert {row["Courses"] for row in rows} == {"tiny"}
    assert rows[0]["Due by"] == "2027-09-01"
    assert "Nothing is due by this day." in petra.get("/courses/due?by=2000-01-01").text
    for odd in ("by=x", "by=99999-01-01", "kind=%00", "course=%00&by=", "by=0001-01-01"):
        assert petra.get(f"/courses/due?{odd}").status_code == 200


def test_a_retired_course_is_not_due(app: Flask, cast, as_):
    publish_tiny(at=NOON)
    db.session.commit()
    petra = as_(cast.petra)
    petra.post("/courses/tiny/retire", data={"reason": "Replaced by another."})
    assert "Washing hands" not in petra.get("/courses/due?by=2027-09-01").text


def test_what_is_overdue_is_told_from_what_is_to_come():
    found = currency.due_in([], by=date(2027, 9, 1), home=sources.HOME.parent, instance=NOWHERE)
    assert found[0].is_overdue(date(2027, 9, 2))
    assert not found[0].is_overdue(found[0].due_on)
    assert list(found) == sorted(found, key=lambda one: one.due_on)


def test_what_no_longer_holds_is_not_published_and_keeps_no_other_back(app: Flask, home: Path):
    write(home, page("Today 12.3 million people are enslaved."))
    other = tiny(key="other", title="Another")
    write(home, other)
    result = app.test_cli_runner().invoke(cli.courses, ["publish"])
    assert result.exit_code == 1
    assert "other: version 1 published" in result.output
    assert "12-3-million" in result.output
    assert set(currency.titles()) == {"other"}
