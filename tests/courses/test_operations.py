"""Publishing and retiring: versions for ever, one for each change, nobody's work undone."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError

from lms.access import SYSTEM, Actor, Role
from lms.audit import AuditEntry
from lms.courses import queries
from lms.courses.models import Course, CourseVersion, Medium, SeriesVersion
from lms.courses.operations import (
    AlreadyRetired,
    NotFit,
    Outcome,
    publish,
    publish_series,
    retire,
)
from lms.courses.rules.folder import Folder
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.web.door import kept
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny, tiny, tiny_course, toml

LATER = NOON + timedelta(days=30)
LEARNER = Actor(person_id=1, roles=frozenset({Role.LEARNER}))
PNG = b"\x89PNG\r\n\x1a\nthe rest"


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_publishing_makes_version_one_with_pages_and_a_line_in_the_trail(app: Flask):
    done = publish(actor=SYSTEM, folder_content=tiny_course(), at=NOON)
    assert (done.outcome, done.number, done.change) == (Outcome.PUBLISHED, 1, "material")
    version = queries.latest("tiny")
    assert version.published_at == NOON
    assert len(version.digest) == 64
    assert set(version.rendered["lessons"]) == {"moments", "soap", "habits"}
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.thing) == ("course.published", "course:tiny")
    assert entry.detail["digest"] == version.digest


def test_the_same_digest_publishes_nothing(app: Flask):
    first = publish_tiny(at=NOON)
    done = publish(actor=SYSTEM, folder_content=tiny_course(), at=LATER)
    assert done.outcome is Outcome.UNCHANGED
    assert done.version is first
    assert count(CourseVersion) == count(AuditEntry) == 1


def test_case_46_a_change_is_a_new_version_marked_minor_or_material_and_the_old_one_stays(
    app: Flask,
):
    first = publish_tiny(at=NOON)
    before = (first.id, first.digest, dict(first.rendered["takeaway"]))
    done = publish(
        actor=SYSTEM,
        folder_content=tiny_course(title="Washing hands", change="minor", change_note="A title."),
        at=LATER,
    )
    assert (done.number, done.change) == (2, "minor")
    db.session.expire_all()
    old = queries.version(before[0])
    assert (old.id, old.digest, old.rendered["takeaway"]) == before
    assert queries.content_of(old).title == "Washing hands, briefly"
    assert queries.latest("tiny").number == 2
    assert [one.change for one in queries.history("tiny").versions] == ["minor", "material"]


def test_the_first_version_is_material_whatever_the_file_says(app: Flask):
    assert publish_tiny(at=NOON, change="minor").change == "material"


def test_going_back_to_an_older_text_is_a_version_of_its_own(app: Flask):
    publish_tiny(at=NOON)
    publish_tiny(at=NOON, title="Other")
    assert publish_tiny(at=LATER).number == 3


def test_a_folder_with_problems_is_refused_whole_with_all_of_them(app: Flask):
    with pytest.raises(NotFit) as refusal:
        publish(actor=SYSTEM, folder_content=tiny_course(title="", minutes=99), at=NOON)
    assert len(refusal.value.problems) > 1
    assert count(Course) == count(CourseVersion) == 0


def test_warnings_do_not_keep_a_course_back(app: Flask):
    draft = tiny()
    draft.media["media/spare.svg"] = b'<svg viewBox="0 0 9 9"/>'
    assert publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON).number == 1


def test_only_who_may_publish_does(app: Flask):
    with pytest.raises(NotAllowed):
        publish(actor=LEARNER, folder_content=tiny_course(), at=NOON)
    with pytest.raises(NotAllowed):
        publish_series(actor=LEARNER, folder_content=tiny_course(), at=NOON)
    with pytest.raises(NotAllowed):
        retire(actor=LEARNER, key="tiny", reason="Because.", at=NOON)


@pytest.mark.parametrize(
    "statement",
    [
        update(CourseVersion).values(digest="0" * 64),
        delete(CourseVersion),
        update(Medium).values(content=b""),
        delete(Medium),
        delete(Course),
    ],
    ids=["update versions", "delete versions", "update media", "delete media", "delete courses"],
)
def test_no_statement_changes_or_deletes_what_was_published(app: Flask, statement):
    draft = tiny()
    draft.media["media/sink.png"] = PNG
    draft.texts["lessons/01-moments.md"] += "\n![A sink](media/sink.png)\n"
    publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON)
    db.session.commit()
    with pytest.raises(DatabaseError, match="records are kept"):
        db.session.execute(statement.execution_options(synchronize_session=False))
    db.session.rollback()
    assert count(CourseVersion) == count(Medium) == count(Course) == 1


def test_a_picture_is_kept_once_under_its_digest(app: Flask):
    for key in ("one", "two"):
        draft = tiny(key=key)
        draft.media["media/sink.png"] = PNG
        draft.texts["lessons/01-moments.md"] += "\n![A sink](media/sink.png)\n"
        publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON)
    medium = db.session.scalars(select(Medium)).one()
    html = queries.latest("two").rendered["lessons"]["moments"]["blocks"][-1]["html"]
    assert f"/media/{medium.digest}" in html


def test_publishers_at_the_same_time_make_one_version(app: Flask):
    ready, outcomes = Barrier(4), []

    def one_of_them() -> None:
        with app.app_context():
            ready.wait()
            with kept():
                done = publish(actor=SYSTEM, folder_content=tiny_course(), at=NOON)
                outcomes.append(done.outcome)
            db.session.remove()

    threads = [Thread(target=one_of_them) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [Outcome.PUBLISHED, *[Outcome.UNCHANGED] * 3]
    assert count(CourseVersion) == count(Course) == 1


def test_a_retired_course_is_no_longer_offered_and_stays_to_be_seen(app: Flask):
    version = publish_tiny(at=NOON)
    retire(actor=SYSTEM, key="tiny", reason=" Replaced by another. ", at=LATER)
    assert queries.offered(LATER.date()) == []
    assert queries.latest("tiny").id == version.id
    history = queries.history("tiny")
    assert (history.retired_at, history.retired_reason) == (LATER, "Replaced by another.")
    assert db.session.scalars(select(AuditEntry.action)).all()[-1] == "course.retired"


def test_a_retired_course_is_not_published_again(app: Flask):
    publish_tiny(at=NOON)
    retire(actor=SYSTEM, key="tiny", reason="Replaced.", at=LATER)
    done = publish(actor=SYSTEM, folder_content=tiny_course(title="New"), at=LATER)
    assert (done.outcome, done.number) == (Outcome.RETIRED, 1)
    assert count(CourseVersion) == 1


def test_retiring_needs_a_course_a_reason_and_is_done_once(app: Flask):
    with pytest.raises(Missing):
        retire(actor=SYSTEM, key="none", reason="Because.", at=NOON)
    publish_tiny(at=NOON)
    for reason in ("", "  x ", "x" * 501):
        with pytest.raises(Refused, match="Say why"):
            retire(actor=SYSTEM, key="tiny", reason=reason, at=NOON)
    retire(actor=SYSTEM, key="tiny", reason="Because.", at=NOON)
    with pytest.raises(AlreadyRetired):
        retire(actor=SYSTEM, key="tiny", reason="Again.", at=LATER)


SERIES = {
    "format": 1,
    "key": "clean-hands",
    "title": "Clean hands",
    "summary": "All of it.",
    "order": "any",
    "recommended_first": "tiny",
    "required": 1,
    "courses": ["tiny"],
    "planned": ["Cleaner hands"],
}


def series_folder(**changes: object) -> Folder:
    return Folder(
        name="courses/series", files={"clean-hands.toml": toml(SERIES | changes).encode()}
    )


def test_a_series_is_published_when_it_says_something_new(app: Flask):
    publish_tiny(at=NOON)
    for folder, outcome in (
        (series_folder(), Outcome.PUBLISHED),
        (series_folder(), Outcome.UNCHANGED),
        (series_folder(title="Cleaner"), Outcome.PUBLISHED),
    ):
        done = publish_series(actor=SYSTEM, folder_content=folder, at=NOON)
        assert done == [("clean-hands", outcome)]
    assert queries.series("clean-hands").title == "Cleaner"
    assert [one.title for one in queries.all_series()] == ["Cleaner"]
    assert queries.catalogue().series_with("tiny")[0].key == "clean-hands"
    assert queries.catalogue().series_with("other") == ()
    assert count(SeriesVersion) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"courses": ["none"], "recommended_first": "none"}, "There is no course 'none'"),
        ({"recommended_first": "other"}, "not among its courses"),
        ({"required": 3}, "3 courses can't be required of 2"),
        ({"colour": "red"}, "no such key"),
        ({"order": "sideways"}, "is not known here"),
        ({"key": "Clean Hands"}, "can't be a key"),
        ({"format": 2}, "This is format 2"),
    ],
)
def test_a_series_with_a_problem_is_refused(app: Flask, changes: dict, said: str):
    publish_tiny(at=NOON)
    with pytest.raises(NotFit) as refusal:
        publish_series(actor=SYSTEM, folder_content=series_folder(**changes), at=NOON)
    assert any(said in problem.text for problem in refusal.value.problems)
    assert count(SeriesVersion) == 0
