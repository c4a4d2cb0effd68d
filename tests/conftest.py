"""What all tests stand on: a fresh database for each, the app, a client for each of the cast."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lms.app import create_app
from lms.config import Settings
from lms.db import Base, db
from lms.migrations import guards
from tests.cast import Cast, sign_in_as

NOON = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)  # noon in California


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


@pytest.fixture(scope="session")
def blank_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and guards and nothing in it, to be copied."""
    folder = tmp_path_factory.mktemp("blank")
    app = create_app(make_settings(folder))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with db.engine.begin() as connection:
            for line in guards.statements(Base.metadata, "sqlite"):
                connection.exec_driver_sql(line)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder / "rounds.db"


@pytest.fixture
def app(tmp_path: Path, blank_database: Path) -> Iterator[Flask]:
    """The application on a fresh database; a context is pushed."""
    shutil.copy(blank_database, tmp_path / "rounds.db")
    app = create_app(make_settings(tmp_path))
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


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
