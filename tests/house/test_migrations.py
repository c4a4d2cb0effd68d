"""The migrations lead to the models, up and down, on SQLite; see test_postgresql for the other."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from lms.app import create_app
from lms.commands.database import upgrade
from lms.commands.steps import MIGRATIONS, config
from lms.db import Base, db
from lms.migrations import guards
from tests.conftest import NOON, make_settings


@pytest.fixture
def empty(tmp_path: Path):
    app = create_app(make_settings(tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _triggers(connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        found = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    else:
        found = connection.execute(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"))
    return {row[0] for row in found}


def check_head_equals_models(dialect: str) -> None:
    """Assert that the migrated database has the models' tables, columns, constraints, guards."""
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        wanted = {
            re.search(r"CREATE TRIGGER (\w+)", line).group(1)
            for line in guards.statements(Base.metadata, dialect)
            if "CREATE TRIGGER" in line
        }
        assert _triggers(connection) == wanted


def check_each_step_goes_up_and_down() -> None:
    """Assert that every step can be undone and done again, and that nothing stays behind."""
    steps = list(ScriptDirectory.from_config(config()).walk_revisions())
    for _ in steps:
        command.downgrade(config(), "-1")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    for _ in steps:
        command.upgrade(config(), "+1")


def test_head_equals_the_models(empty):
    upgrade(at=NOON)
    check_head_equals_models("sqlite")


def test_each_step_goes_up_and_down(empty):
    upgrade(at=NOON)
    check_each_step_goes_up_and_down()
    check_head_equals_models("sqlite")


def test_upgrading_twice_does_nothing_and_says_so(empty):
    upgrade(at=NOON)
    assert upgrade(at=NOON) == "The database is up to date."


def test_there_is_one_head_and_names_are_dated():
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
    for path in (MIGRATIONS / "versions").glob("*.py"):
        assert re.match(r"\d{4}_\d{2}_\d{2}_[a-z0-9_]+\.py$", path.name), path.name
