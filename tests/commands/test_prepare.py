"""Preparing an instance: courses are looked at while the database of a new one is made."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from lms import clock
from lms.app import create_app
from lms.commands import database, serve
from lms.config import Settings
from lms.courses import cli, queries
from lms.courses.operations.looking import Looking
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import tiny


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An instance of which there is nothing yet, and a catalogue of one course."""
    home = tmp_path / "courses"
    for path, data in tiny().folder().files.items():
        (home / "tiny" / path).parent.mkdir(parents=True, exist_ok=True)
        (home / "tiny" / path).write_bytes(data)
    monkeypatch.setattr(cli, "HOME", home)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    app = create_app(Settings.from_env({"LMS_INSTANCE": str(tmp_path / "instance")}))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Looking | None]:
    """Return the looks at courses that publishing was given."""
    given: list[Looking | None] = []
    publish_all = cli.publish_all

    def published(**more):
        given.append(more.get("begun"))
        return publish_all(**more)

    monkeypatch.setattr(cli, "publish_all", published)
    return given


def test_of_a_new_instance_the_look_begins_before_the_database_is_made(new: Flask, begun: list):
    said = serve.prepare(with_demonstration=False)
    assert database.is_unmade()
    assert "brought from nothing" in next(said)
    assert "tiny: version 1 published" in [*said]
    assert [folder.name for folder in begun[0].folders] == ["courses/tiny"]
    assert queries.latest("tiny").number == 1


def test_of_an_instance_that_is_there_only_what_changed_is_looked_at(new: Flask, begun: list):
    list(serve.prepare(with_demonstration=False))
    assert not database.is_unmade()
    assert "tiny: version 1 unchanged" in [*serve.prepare(with_demonstration=False)]
    assert begun[1] is None
