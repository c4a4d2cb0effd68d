"""A press and awards for tests; faces and key are found once for a whole run."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from lms.certificates.operations import Press
from lms.certificates.rules.wording import Award
from lms.courses.models import Course, CourseVersion
from lms.db import db
from tests.typeset.samples import faces, key

LA = ZoneInfo("America/Los_Angeles")
DONE = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)


@cache
def press(base_url: str = "https://rounds.example.org") -> Press:
    """The press of a test installation."""
    return Press(faces=faces(), key=key(), anchors=key().anchors, base_url=base_url, zone=LA)


def version(course_key: str = "tiny", number: int = 1) -> CourseVersion:
    """Put a version of a course into the database that is enough to point at."""
    course = db.session.query(Course).filter_by(key=course_key).one_or_none()
    if course is None:
        course = Course(key=course_key)
        db.session.add(course)
        db.session.flush()
    made = CourseVersion(
        course_id=course.id, number=number, digest="ab" * 32, change="material", content={},
        rendered={}, published_at=DONE,
    )
    db.session.add(made)
    db.session.flush()
    return made


def award(person_id: int, course_version_id: int, **changes: object) -> Award:
    """What Lena earned, with changes."""
    given: dict[str, object] = {
        "award_key": f"completion:{person_id}:{course_version_id}",
        "person_id": person_id,
        "person_name": "Lena Nguyễn, MD",
        "person_locale": None,
        "title": "Seeing Past the Myths: Trafficking Essentials for Everyone in Health Care",
        "learning_format": "enduring",
        "format_words": "enduring material",
        "minutes": 45,
        "quarters": 3,
        "most_quarters": 3,
        "completed_at": DONE,
        "claimed_at": DONE,
        "zone": LA,
        "course_key": "tiny",
        "course_version": 1,
        "course_version_id": course_version_id,
        "course_digest": "ab" * 32,
    }
    return Award(**(given | changes))  # type: ignore[arg-type]
