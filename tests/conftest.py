"""What all tests stand on: a fresh database for each, the app, a client for each of the cast."""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import flask
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import event

from lms.app import create_app
from lms.commands.database import upgrade
from lms.config import Settings
from lms.db import db, is_writing
from tests.cast import Cast, sign_in_as
from tests.postgres import Blanks, Postgres
from tests.tools import browser as find_browser

NOON = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)  # noon in California

WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)", re.IGNORECASE)


def make_settings(folder: Path, **changes: object) -> Settings:
    """Return settings for a test that lives in this folder."""
    given: dict[str, object] = {
        "instance": folder,
        "database_url": f"sqlite:///{folder / 'rounds.db'}",
        "secret_key": "a-secret-for-tests-only-0123456789abcdef",
        "base_url": "http://localhost",
        "testing": True,
    }
    return Settings(**(given | changes))  # type: ignore[arg-type]


# Whatever touches the database runs on PostgreSQL too: ROUNDS_TEST_ENGINE=postgresql pytest -m database
ENGINE = os.environ.get("ROUNDS_TEST_ENGINE", "sqlite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands on a database of the engine chosen; skip what only SQLite can show."""
    for item in items:
        if "fresh_database" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.database)
        only = item.get_closest_marker("sqlite_only")
        if only is not None and ENGINE != "sqlite":
            item.add_marker(pytest.mark.skip(reason=only.args[0]))


def build_schema(app: Flask) -> None:
    """Make all tables by the migrations, as an installation would."""
    with app.app_context():
        upgrade(at=NOON)
        if db.engine.dialect.name == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for this test process."""
    server = Postgres()
    yield server
    server.stop()


class Copies:
    """SQLite files with all tables and nothing in them."""

    def __init__(self, blank: Path) -> None:
        self._blank = blank

    def __call__(self, folder: Path) -> str:
        """Put one into this folder and return its address."""
        shutil.copy(self._blank, folder / "rounds.db")
        return f"sqlite:///{folder / 'rounds.db'}"

    def back(self, url: str) -> None:
        """Nothing to do: it goes with its folder."""


@pytest.fixture(scope="session")
def fresh_database(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Copies | Blanks:
    """What makes a database with all tables and nothing in it: call it with a folder."""
    folder = tmp_path_factory.mktemp("blank")
    if ENGINE == "postgresql":
        server = request.getfixturevalue("postgres")
        blank = server.create()
        build_schema(create_app(make_settings(folder, database_url=server.url(blank))))
        return Blanks(server, blank)
    build_schema(create_app(make_settings(folder)))
    return Copies(folder / "rounds.db")


@pytest.fixture
def app(tmp_path: Path, fresh_database: Copies | Blanks) -> Iterator[Flask]:
    """The application on a fresh database; a context is pushed."""
    url = fresh_database(tmp_path)
    app = create_app(make_settings(tmp_path, database_url=url))
    app.config["WTF_CSRF_ENABLED"] = False
    # Requests of a test share the context pushed here; who asked must not stick to it.
    app.teardown_request(lambda _error: flask.g.pop("_login_user", None))
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", _nothing_is_lost)
        yield app
        db.session.remove()
        db.engine.dispose()
    fresh_database.back(url)


def _nothing_is_lost(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
    """What a request writes while it only reads would be gone when it ends: nobody keeps it."""
    if flask.has_request_context() and not is_writing() and WRITES.match(statement):
        raise AssertionError(f"written by what only reads: {statement[:80]}")


@pytest.fixture
def cast(app: Flask) -> Cast:
    """Lena, Noor, Cora, Otto, Petra and Ada, in their departments."""
    made = Cast.make(at=NOON)
    db.session.commit()
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def as_(app: Flask):
    """Return a client signed in as this person: `as_(cast.lena).get("/")`."""

    def signed_in(person_id: int) -> FlaskClient:
        client = app.test_client()
        sign_in_as(client, person_id, at=NOON)
        return client

    return signed_in


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a process; contexts keep its visitors apart.

    Playwright holds an event loop in the main thread while it runs, which signing in the same
    thread would trip over: browser tests have a run of their own (`-m browser`).
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )
        yield launched
        launched.close()
