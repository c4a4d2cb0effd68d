"""A look at many folders, begun before they are published, and shared by several processes."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from lms.access import SYSTEM
from lms.courses import cli, files, operations, queries
from lms.courses.operations import looking
from lms.courses.operations.looking import Look, Looked
from lms.courses.rules.folder import Folder
from tests.conftest import NOON
from tests.courses.test_cli import home as home
from tests.courses.test_cli import write
from tests.courses.tiny import tiny

KEYS = ["ants", "bees", "cats", "dogs", "eels", "frogs"]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the folders that this process looks at from now on."""
    names: list[str] = []

    def at(self: Look, folder: Folder) -> Looked:
        names.append(folder.name)
        return whole(self, folder)

    whole = Look.at
    monkeypatch.setattr(Look, "at", at)
    return names


def test_what_was_looked_at_before_is_published(app: Flask, home: Path, looked: list[str]):
    folder = files.read(write(home, tiny()))
    with cli.looking(at=NOON) as begun:
        begun.of(folder)
        assert looked == ["courses/tiny"]
        said, problems = cli.published(actor=SYSTEM, at=NOON, begun=begun)
    assert (said, problems) == (["tiny: version 1 published"], [])
    assert looked == ["courses/tiny"]
    assert queries.latest("tiny").content == folder.content


def test_a_look_of_another_day_is_not_taken_for_one_of_today(
    app: Flask, home: Path, monkeypatch: pytest.MonkeyPatch
):
    days = []

    def ready(*args, **more):
        days.append(more["on"])
        return looking.ready(*args, **more)

    monkeypatch.setattr(operations, "ready", ready)
    write(home, tiny())
    with cli.looking(at=NOON - timedelta(days=1)) as begun:
        cli.published(actor=SYSTEM, at=NOON, begun=begun)
    assert days == [NOON.date()]


def test_a_folder_that_changed_since_is_looked_at_again(home: Path, looked: list[str]):
    folder = write(home, tiny())
    with cli.looking(at=NOON) as begun:
        before = begun.of(files.read(folder))
        write(home, tiny(title="Washed hands"))
        after = begun.of(files.read(folder))
    assert before.ready.content["title"] != after.ready.content["title"] == "Washed hands"
    assert looked == ["courses/tiny"] * 2


@pytest.mark.parametrize("processors", [1, 3])
def test_however_many_look_the_same_is_found_once(
    home: Path, looked: list[str], monkeypatch: pytest.MonkeyPatch, processors: int
):
    monkeypatch.setattr(looking.os, "cpu_count", lambda: processors)
    for key in KEYS:
        write(home, tiny(key=key))
    with cli.looking(at=NOON) as begun:
        found = {folder.name: begun.of(folder) for folder in begun.folders}
    alone = begun._look
    assert found == {folder.name: alone.at(folder) for folder in begun.folders}
    # Only this process's own share, and what was looked at to compare, is counted here.
    assert len(looked) == 2 * len(KEYS) if processors == 1 else len(looked) <= 2 * len(KEYS)
    assert list(found) == [f"courses/{key}" for key in KEYS]


def test_nothing_is_rendered_of_what_is_published_already(
    app: Flask, home: Path, looked: list[str]
):
    write(home, tiny())
    cli.published(actor=SYSTEM, at=NOON)
    looked.clear()
    assert cli.published(actor=SYSTEM, at=NOON)[0] == ["tiny: version 1 unchanged"]
    assert looked == []
