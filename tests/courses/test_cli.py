"""The command line: what is said, and with which exit status."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from lms.access import SYSTEM
from lms.courses import cli, queries
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import Draft, tiny


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "courses"
    home.mkdir()
    monkeypatch.setattr(cli, "HOME", home)
    return home


def write(home: Path, draft: Draft, *, name: str = "") -> Path:
    folder = home / (name or draft.course["key"])
    for path, data in draft.folder().files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.courses, [*words])


def test_a_good_course_is_checked_without_a_database(home: Path):
    write(home, tiny())
    result = run("check", "--on", "2026-11-02", "--strict")
    assert result.exit_code == 0, result.output
    assert "courses/tiny: 15 minutes stated; plain reading 12.8, Mergener" in result.output
    assert "1 course(s) checked: 0 problem(s), 0 warning(s)." in result.output


def test_problems_are_told_one_on_a_line_and_end_with_status_one(home: Path):
    write(home, tiny(title="", minutes=99))
    result = run("check", "--on", "2026-11-02")
    assert result.exit_code == 1
    assert "courses/tiny/course.toml › title: error C04: This is empty." in result.output


def test_warnings_count_only_when_strict(home: Path):
    folder = write(home, tiny())
    assert run("check", str(folder), "--on", "2028-06-01").exit_code == 0
    assert run("check", str(folder), "--on", "2028-06-01", "--strict").exit_code == 1
    assert "warning C18" in run("check", "--on", "2028-06-01").output


def test_json_holds_problems_and_minutes(home: Path):
    write(home, tiny(title=""))
    answer = json.loads(run("check", "--json", "--on", "2026-11-02").output)
    assert answer["problems"][0]["rule"] == "C04"
    assert answer["courses"][0]["plain_minutes"] == 12.8


@pytest.mark.parametrize("words", [("check", "/no/such"), ("check", "--on", "soon"), ("sing",)])
def test_wrong_usage_ends_with_status_two(home: Path, words: tuple[str, ...]):
    assert run(*words).exit_code == 2


def test_a_name_that_no_font_can_print_is_told(home: Path):
    draft = tiny()
    draft.course["people"][0]["name"] = "Ines \U00013000"
    write(home, draft)
    result = run("check", "--on", "2026-11-02")
    assert result.exit_code == 1
    assert "C26" in result.output


def test_a_new_course_is_written_once_and_has_only_placeholders_left(home: Path):
    assert run("new", "fresh-course").exit_code == 0
    result = run("check", str(home / "fresh-course"))
    assert result.exit_code == 1
    lines = [line for line in result.output.splitlines() if "error" in line]
    assert lines
    assert all("error C28" in line for line in lines), result.output
    assert run("new", "fresh-course").exit_code == 1
    assert run("new", "Fresh Course").exit_code == 2
    assert run("new", "series").exit_code == 2
    assert run("new", "due").exit_code == 2


def test_publishing_says_what_it_did_and_one_bad_course_keeps_no_other_back(app: Flask, home: Path):
    write(home, tiny())
    write(home, tiny(key="bad", title=""))
    (home / "series").mkdir()
    said, problems = cli.published(actor=SYSTEM, at=NOON)
    assert said == ["tiny: version 1 published"]
    assert {one.place.split("/")[1] for one in problems} == {"bad"}
    db.session.commit()
    assert queries.latest("tiny").number == 1
    again = cli.publish_all(actor=SYSTEM, at=NOON)
    assert again[0] == "tiny: version 1 unchanged"
    assert any(line.startswith("Not published: courses/bad") for line in again)


def test_a_key_that_is_no_text_or_a_page_keeps_no_other_course_back(app: Flask, home: Path):
    write(home, tiny())
    for name, key in (("listed", '["tiny"]'), ("due", '"due"')):
        (home / name).mkdir()
        (home / name / "course.toml").write_text(f"format = 1\nkey = {key}\n")
    said, problems = cli.published(actor=SYSTEM, at=NOON)
    assert said == ["tiny: version 1 published"]
    places = {one.place for one in problems if one.rule in {"C04", "C06"}}
    assert {"courses/listed/course.toml › key", "courses/due/course.toml › key"} <= places


@pytest.mark.parametrize("keys", [(), ("tiny",)])
def test_two_folders_of_one_key_publish_nothing_over_each_other(app: Flask, home: Path, keys):
    write(home, tiny())
    write(home, tiny(key="other"))
    cli.published(actor=SYSTEM, at=NOON)
    write(home, tiny(title="Washing hands, again"), name="twin")
    for _ in range(2):
        said, problems = cli.published(actor=SYSTEM, keys=keys, at=NOON)
        assert queries.latest("tiny").number == 1
        assert {one.rule for one in problems} == {"C06"}
        assert ("other: version 1 unchanged" in said) == (not keys)


def test_the_command_publishes_by_key_and_knows_no_others(app: Flask, home: Path):
    write(home, tiny())
    runner = app.test_cli_runner()
    done = runner.invoke(cli.courses, ["publish", "tiny"])
    assert done.exit_code == 0, done.output
    assert queries.latest("tiny").number == 1
    assert runner.invoke(cli.courses, ["publish", "none"]).exit_code == 2


def test_the_courses_of_this_repository_are_sound():
    result = run("check", "--on", "2026-11-21")
    assert result.exit_code == 0, result.output


def test_what_a_start_publishes_is_kept(home: Path, app: Flask):
    write(home, tiny())
    cli.publish_all(actor=SYSTEM, at=NOON)
    db.session.rollback()
    assert queries.latest("tiny").number == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("minutes = nan", "too large, or none"),
        ("minutes = -inf", "too large, or none"),
        ("minutes = 0x" + "f" * 9000, "too large, or none"),
        (".".join(["a"] * 3000) + " = 1", "nested too deeply"),
        ("a = " + "[" * 9000, "nested too deeply"),
    ],
    ids=["nan", "inf", "huge", "names", "brackets"],
)
def test_what_toml_can_say_and_nobody_can_mean_keeps_no_other_course_back(
    app: Flask, home: Path, line: str, said: str
):
    write(home, tiny())
    (home / "odd").mkdir()
    (home / "odd" / "course.toml").write_text(f'format = 1\nkey = "odd"\n{line}\n')
    done, problems = cli.published(actor=SYSTEM, at=NOON)
    assert done == ["tiny: version 1 published"]
    odd = "courses/odd/course.toml"
    assert any(one.place == odd and said in one.text for one in problems)


LOOKING = """
import os, signal, sys, time
from lms.courses.operations import looking
from lms.courses.operations.looking import Looked, Looking, Ready
from lms.courses.rules.folder import Folder

own = os.getpid()

class Look:
    def at(self, folder):
        if os.getpid() == own:
            wait(folder)
        time.sleep(0.1)  # so that each comes to have a share
        more = {"x": "x" * 1_000_000}  # more than a pipe holds
        ready = Ready(
            mark=folder.mark, on=None, digest="", content=more, problems=(), rendered=None
        )
        return Looked(ready=ready, stale=())

def wait(folder):
    time.sleep(0.5)
    if sys.argv[1] == "killed":
        os.kill(own, signal.SIGKILL)
    if sys.argv[1] == "raises":
        raise RuntimeError(folder.name)

looking.os.cpu_count = lambda: 4
folders = [Folder(name=f"courses/{n}", files={}, problems=()) for n in range(8)]
with Looking(folders, Look()) as begun:
    print(len([begun.of(one) for one in folders]), flush=True)
"""


@pytest.mark.parametrize(("how", "said"), [("ends", "8\n"), ("raises", ""), ("killed", "")])
def test_nobody_is_left_behind_when_publishing_is_broken_off(how: str, said: str):
    # What it prints to ends when the last of its processes is gone.
    with subprocess.Popen(
        [sys.executable, "-c", LOOKING, how],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as running:  # fmt: skip
        try:
            assert running.communicate(timeout=30)[0] == said
        finally:
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
