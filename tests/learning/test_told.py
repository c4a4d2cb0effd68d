"""What is worked out once for all who are as far: the same as worked out for each of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lms.db import db
from lms.learning.operations.enrolment import keep_position
from lms.learning.rules import progress
from lms.learning.rules.progress import Met, Place, QuizState
from lms.learning.rules.told import told_of
from tests.conftest import NOON
from tests.courses.tiny import KEY, publish_tiny
from tests.learning.steps import LESSONS, begin, read
from tests.learning.test_progress_rules import COURSE, way

AT = datetime(2026, 11, 2, 20, tzinfo=UTC)
ids = [one.id for one in COURSE.lessons]
ways = st.builds(
    lambda met, quiz, place, **flags: way(met=met, quiz=quiz, place=place, **flags),
    met=st.builds(
        Met, lessons_read=st.frozensets(st.sampled_from(ids)), quiz_passed=st.booleans(),
        evaluation_done=st.booleans(),
    ),
    quiz=st.builds(
        QuizState, passed=st.booleans(), attempts_used=st.integers(0, 3),
        open_attempt_id=st.sampled_from([None, 7, 8]), pause_until=st.sampled_from([None, AT]),
    ),
    place=st.none() | st.builds(
        Place, lesson_id=st.sampled_from(ids), anchor=st.sampled_from(["", "a", "b"]),
        heading=st.text(max_size=3), at=st.just(AT),
    ),
    is_begun=st.booleans(), is_closed=st.booleans(), is_complete=st.booleans(),
    can_claim=st.booleans(), serial=st.sampled_from([None, "2026-000001", "2026-000002"]),
)


@given(st.lists(ways, min_size=1, max_size=4))
def test_nobody_is_told_what_follows_for_somebody_who_is_not_as_far(several):
    # What was kept for one example is there for the next ones, as in a server that goes on.
    for one in several:
        told, course = told_of(one, digest="d"), one.course
        assert told.steps == progress.steps(one)
        assert [each.is_read for each in told.lessons] == [
            each in one.met.lessons_read for each in ids
        ]
        if one.serial is None:
            assert told.next_step == progress.next_step(one)
        if not one.is_complete:
            words = progress.progress_words(course, one.met, is_begun=one.is_begun)
            assert told.progress_words == words
            assert told.minutes_left == progress.minutes_left(course, one.met)


def test_two_who_are_as_far_see_the_same_course_and_their_own_place(cast, as_):
    publish_tiny(at=NOON)
    for name, minutes in (("lena", 3), ("noor", 95)):
        actor = cast.actor(name)
        begin(actor, at=NOON)
        read(actor, LESSONS[0], at=NOON)
        keep_position(
            actor=actor, key=KEY, lesson_id=LESSONS[1], anchor="soap",
            at=NOON + timedelta(minutes=minutes),
        )
    db.session.commit()
    for _turn in range(2):  # the second time from what was kept
        for name, told in (("lena", "12:03 pm"), ("noor", "1:35 pm")):
            page = as_(getattr(cast, name)).get(f"/courses/{KEY}").text
            assert "\x00" not in page
            (line,) = (line for line in page.splitlines() if "You stopped at" in line)
            assert told in line
