"""Questions about published courses, and how many statements they take."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from lms.courses import queries
from lms.db import db
from lms.errors import Missing
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny


class Statements:
    """Counts what is sent to the database inside a with."""

    def __enter__(self) -> "Statements":
        self.count = 0
        event.listen(db.engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._seen)

    def _seen(self, *_: object) -> None:
        self.count += 1


def test_what_is_on_offer_was_released_and_has_not_expired(app: Flask):
    publish_tiny(at=NOON)
    assert [one.course.key for one in queries.offered(date(2026, 11, 2))] == ["tiny"]
    assert queries.offered(date(2025, 8, 31)) == []
    assert queries.offered(date(2029, 9, 1)) == []


def test_the_list_shows_the_newest_version_of_each_by_title(app: Flask):
    publish_tiny(at=NOON, key="b", title="Older")
    publish_tiny(at=NOON, key="a", title="Zebra")
    publish_tiny(at=NOON, key="b", title="aardvark")
    offered = queries.offered(NOON.date())
    assert [(one.course.key, one.number) for one in offered] == [("b", 2), ("a", 1)]


def test_the_list_takes_as_many_statements_for_ten_courses_as_for_two(app: Flask):
    def statements() -> int:
        db.session.expunge_all()
        queries._kept.clear()
        with Statements() as seen:
            for one in queries.offered(NOON.date()):
                assert queries.content_of(one).title
                assert one.course.key
        return seen.count

    for number in range(2):
        publish_tiny(at=NOON, key=f"c{number}", title=f"Course {number}")
    few = statements()
    for number in range(2, 10):
        publish_tiny(at=NOON, key=f"c{number}", title=f"Course {number}")
    assert statements() == few <= 2


def test_a_lesson_is_a_page_of_blocks(app: Flask):
    version = publish_tiny(at=NOON)
    page = queries.lesson_page(version, "moments")
    assert page.title == "The five moments"
    assert [block.kind for block in page.blocks] == ["html", "check", "html"]
    assert page.check("door").options[0].right
    assert page.check("none") is None
    assert page.references[0].number == 1
    assert page.words > 300
    assert "Soap when soiled" in queries.takeaway_html(version)
    assert "stem_html" in queries.item_html(version, "steps")


def test_what_is_not_there_is_missing(app: Flask):
    version = publish_tiny(at=NOON)
    for ask in (
        lambda: queries.latest("none"),
        lambda: queries.version(99),
        lambda: queries.series("none"),
        lambda: queries.history("none"),
        lambda: queries.medium("0" * 64),
        lambda: queries.lesson_page(version, "none"),
        lambda: queries.item_html(version, "none"),
    ):
        with pytest.raises(Missing):
            ask()


def test_content_is_kept_by_digest_and_never_mixed_up(app: Flask):
    first = publish_tiny(at=NOON)
    second = publish_tiny(at=NOON, title="Other")
    assert queries.content_of(first).title == "Washing hands, briefly"
    assert queries.content_of(second).title == "Other"
    assert queries.content_of(first) is queries.content_of(first)


def test_the_newest_versions_of_some_courses(app: Flask):
    publish_tiny(at=NOON)
    assert set(queries.newest_versions(["tiny", "none"])) == {"tiny"}
    assert queries.newest_versions([]) == {}
