"""The door to the disk: what can't be read safely is told, left out, and never followed."""

import os
from pathlib import Path

import pytest

from lms.courses import files
from tests.courses.tiny import tiny_course


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "courses" / "tiny"
    for path, data in tiny_course().files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(data)
    return home


def test_a_folder_is_read_whole(folder: Path):
    read = files.read(folder)
    assert read.problems == ()
    assert read.name == "courses/tiny"
    assert read.files == tiny_course().files


def test_what_systems_leave_behind_is_passed_by(folder: Path):
    (folder / ".DS_Store").write_bytes(b"\x00")
    assert files.read(folder).problems == ()


def only_problem(folder: Path) -> str:
    (problem,) = files.read(folder).problems
    assert problem.rule == "C01"
    return str(problem)


def test_a_symbolic_link_is_refused_and_not_followed(folder: Path, tmp_path: Path):
    (tmp_path / "secret.md").write_text("secret")
    (folder / "lessons" / "04-link.md").symlink_to(tmp_path / "secret.md")
    assert "symbolic link" in only_problem(folder)
    assert "lessons/04-link.md" not in files.read(folder).files


def test_a_linked_folder_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    assert "symbolic link" in only_problem(folder)


def test_a_pipe_is_refused_and_not_waited_for(folder: Path):
    os.mkfifo(folder / "lessons" / "04-pipe.md")
    assert "not a plain file" in only_problem(folder)


@pytest.mark.parametrize("name", ["Über.md", "A.md", "a b.md", "-x.md", "a\x1b[31m.md", "…md"])
def test_a_hostile_name_is_refused_and_printed_safely(folder: Path, name: str):
    (folder / "lessons" / name).write_text("x")
    said = only_problem(folder)
    assert "Rename it" in said
    assert said.isprintable()


def test_a_folder_or_kind_of_file_without_a_place_is_refused(folder: Path):
    (folder / "scripts").mkdir()
    (folder / "media" / "run.js").write_text("x")
    (folder / "lessons" / "deep").mkdir()
    said = [str(one) for one in files.read(folder).problems]
    assert len(said) == 3


def test_a_huge_file_is_refused(folder: Path):
    with (folder / "lessons" / "04-huge.md").open("wb") as huge:
        huge.truncate(files.TEXT_MOST + 1)
    assert "larger than 256 KB" in only_problem(folder)


def test_too_many_files_are_refused(folder: Path):
    for number in range(files.FILES_MOST):
        (folder / "media" / f"{number}.svg").write_text("x")
    assert "more than 200 files" in only_problem(folder)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("ok\ncaf\xe9".encode("latin-1"), "line 2: error C01: This is not UTF-8"),
        ("\ufeffx".encode(), "byte order mark"),
        ("x".encode("utf-16"), "not UTF-8"),
        (b"a\nb\nc\x00d", "line 3: error C01: A control character"),
        (b"\x1b[2J", "control character"),
    ],
)
def test_other_encodings_and_control_characters_are_refused(folder: Path, data: bytes, said: str):
    (folder / "lessons" / "04-odd.md").write_bytes(data)
    assert said in only_problem(folder)


def test_a_missing_folder_is_a_problem_and_no_crash(tmp_path: Path):
    assert "can't be read" in only_problem(tmp_path / "none")


def test_course_folders_leave_the_series_out(tmp_path: Path):
    for name in ("b", "a", "series", ".hidden"):
        (tmp_path / name).mkdir()
    assert [one.name for one in files.course_folders(tmp_path)] == ["a", "b"]
    assert files.series_folder(tmp_path) == tmp_path / "series"
    assert files.course_folders(tmp_path / "none") == []


def test_a_new_folder_is_written_whole_or_not_at_all(tmp_path: Path):
    files.write_new(tmp_path / "fresh", {"course.toml": "a", "lessons/01-a.md": "b"})
    assert (tmp_path / "fresh" / "lessons" / "01-a.md").read_text() == "b"
    with pytest.raises(FileExistsError):
        files.write_new(tmp_path / "fresh", {"course.toml": "c"})
    assert (tmp_path / "fresh" / "course.toml").read_text() == "a"
    assert [one.name for one in tmp_path.iterdir()] == ["fresh"]
