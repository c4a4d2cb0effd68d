"""Questions about published courses, and how many statements they take."""

from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event, text

from lms.courses import queries
from lms.db import db, writing
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
    assert [one.key for one in queries.offered(date(2026, 11, 2))] == ["tiny"]
    assert queries.offered(date(2025, 8, 31)) == []
    assert queries.offered(date(2029, 9, 1)) == []


def test_the_list_shows_the_newest_version_of_each_by_title(app: Flask):
    publish_tiny(at=NOON, key="b", title="Older")
    publish_tiny(at=NOON, key="a", title="Zebra")
    publish_tiny(at=NOON, key="b", title="aardvark")
    offered = queries.offered(NOON.date())
    assert [(one.key, one.title) for one in offered] == [("b", "aardvark"), ("a", "Zebra")]


def test_the_list_takes_as_many_statements_for_ten_courses_as_for_two(app: Flask):
    def statements() -> int:
        with Statements() as seen:
            assert all(one.title for one in queries.offered(NOON.date()))
        return seen.count

    for number in range(2):
        publish_tiny(at=NOON, key=f"c{number}", title=f"Course {number}")
    few = statements()
    for number in range(2, 10):
        publish_tiny(at=NOON, key=f"c{number}", title=f"Course {number}")
    assert statements() == few <= 5
    assert statements() <= 2  # what is kept in memory is only asked whether it still holds


def test_what_is_kept_in_memory_follows_what_another_process_publishes_or_retires(app: Flask):
    publish_tiny(at=NOON, key="a", title="First")
    db.session.commit()
    assert [one.title for one in queries.offered(NOON.date())] == ["First"]
    db.session.commit()
    with db.engine.begin() as other:
        other.execute(
            text("UPDATE courses SET retired_at = :at"), {"at": NOON.replace(tzinfo=None)}
        )
    assert queries.offered(NOON.date()) == []


def test_what_was_published_and_rolled_back_is_not_kept_in_memory(app: Flask):
    publish_tiny(at=NOON, key="a", title="First")
    db.session.commit()
    with writing():
        publish_tiny(at=NOON, key="a", title="Withdrawn")
        assert [one.title for one in queries.offered(NOON.date())] == ["Withdrawn"]
        db.session.rollback()
    publish_tiny(at=NOON, key="a", title="Second")
    assert [one.title for one in queries.offered(NOON.date())] == ["Second"]


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
