"""The same schema on PostgreSQL: migrations up and down, head equal to the models, guards at work."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lms.app import create_app
from lms.commands.database import upgrade
from lms.db import db
from tests.conftest import NOON, make_settings
from tests.house.test_migrations import check_each_step_goes_up_and_down, check_head_equals_models


@pytest.fixture
def empty(tmp_path: Path, postgres):
    app = create_app(make_settings(tmp_path, database_url=postgres.url(postgres.create())))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_migrations_go_up_and_down_and_head_equals_the_models(empty):
    upgrade(at=NOON)
    check_head_equals_models("postgresql")
    check_each_step_goes_up_and_down()
    check_head_equals_models("postgresql")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE media SET content_type = 'x'", "DELETE FROM media", "TRUNCATE media"],
)
def test_an_immutable_table_refuses_to_change(empty, statement):
    upgrade(at=NOON)
    with db.engine.begin() as connection:
        connection.execute(text("INSERT INTO media VALUES ('d', 'image/svg+xml', 'x')"))
    with pytest.raises(DBAPIError, match="records are kept"), db.engine.begin() as connection:
        connection.execute(text(statement))
