"""What a learner began stays as begun: no statement moves an enrolment to another version."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny
from tests.learning import steps


@pytest.mark.parametrize(
    "statement",
    ["UPDATE enrolments SET course_version_id = course_version_id", "DELETE FROM enrolments"],
)
def test_case_46_an_enrolment_is_never_changed_or_deleted(app, cast, statement):
    publish_tiny(at=NOON)
    steps.begin(cast.actor("lena"), at=NOON)
    db.session.commit()
    with pytest.raises(DBAPIError, match="records are kept"), db.engine.begin() as connection:
        connection.execute(text(statement))
