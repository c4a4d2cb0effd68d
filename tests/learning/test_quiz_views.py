"""The pages of a quiz: right door, right words, and nothing of the key while it is open."""

import random
import re
from datetime import UTC, date, datetime, timedelta

import pytest

from lms.db import db
from lms.learning.models import Attempt, Outcome
from lms.learning.operations import quiz
from lms.learning.rules.drawing import thaw
from tests.conftest import NOON
from tests.learning import ground

TODAY = date(2026, 11, 2)
JSON = {"Accept": "application/json"}


def now() -> datetime:
    """Pages read the clock themselves."""
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def course(cast):
    made = ground.publish(at=NOON, draw=18, pass_correct=12, expires_on="2099-01-01")
    db.session.commit()
    return made


@pytest.fixture
def attempt(cast, course) -> Attempt:
    ground.enrol(cast.lena, course, at=NOON)
    made = quiz.start(
        actor=cast.actor("lena"), key="ground", at=now(), today=TODAY, rng=random.Random(3)
    )
    db.session.commit()
    return made


def address(attempt: Attempt, number: int) -> str:
    return f"/attempts/{attempt.id}/questions/{number}"


def of_kind(attempt: Attempt, kind: str) -> int:
    return next(one.number for one in thaw(attempt.drawn) if one.item.kind == kind)


def form_of(attempt: Attempt, number: int, marks: list[str], **more: str) -> dict:
    """What the page's form sends: a case sends the way so far and one choice."""
    if thaw(attempt.drawn)[number - 1].item.kind == "case":
        return {"mark": marks[:-1], "choice": marks[-1], "step": str(len(marks)), **more}
    return {"mark": marks, **more}


def answer_all(browser, attempt, marks, **options):
    got = []
    for number, given in marks.items():
        for step in range(1, len(given) + 1):
            is_case = thaw(attempt.drawn)[number - 1].item.kind == "case"
            if not is_case and step < len(given):
                continue
            got.append(
                browser.post(
                    address(attempt, number), data=form_of(attempt, number, given[:step]), **options
                )
            )
    return got


def text_of(response) -> str:
    return re.sub(r"\s+", " ", response.get_data(as_text=True))


def test_the_way_through_a_quiz_without_script(cast, course, as_):
    ground.enrol(cast.lena, course, at=NOON)
    db.session.commit()
    browser = as_(cast.lena)
    assert "Start the quiz" in text_of(browser.get("/courses/ground/quiz"))
    started = browser.post("/courses/ground/quiz")
    assert started.status_code == 303
    attempt = db.session.query(Attempt).one()
    first = browser.get(started.location)
    assert first.location == address(attempt, 1)
    page = browser.get(first.location)
    assert "Question 1 of 18" in text_of(page)
    assert "Not answered yet" in text_of(page)
    marks = ground.right_marks(attempt)
    for got in answer_all(browser, attempt, marks):
        assert got.status_code == 303
    assert re.search(r"Saved \d+:\d\d [ap]m", text_of(browser.get(address(attempt, 1))))
    assert browser.get(f"/attempts/{attempt.id}").location.endswith("/check")
    assert "Hand in 18 answers" in text_of(browser.get(f"/attempts/{attempt.id}/check"))
    handed = browser.post(f"/attempts/{attempt.id}/submit")
    assert handed.location.endswith("/review")
    assert "Passed: 18 of 18" in text_of(browser.get(handed.location))
    again = browser.post(f"/attempts/{attempt.id}/submit")
    assert (again.status_code, again.location) == (303, handed.location)


def test_buttons_lead_where_they_say(cast, attempt, as_):
    browser, marks = as_(cast.lena), ground.right_marks(attempt)
    number = of_kind(attempt, "single")
    for go, where in (
        ("9", address(attempt, 9)), ("check", f"/attempts/{attempt.id}/check"),
        ("", address(attempt, number)), ("99", address(attempt, number)),
        ("x", address(attempt, number)),
    ):
        data = {"mark": marks[number], "go": go}
        assert browser.post(address(attempt, number), data=data).location == where


def test_a_question_may_be_left_open_but_saving_nothing_is_refused(cast, attempt, as_):
    browser, number = as_(cast.lena), of_kind(attempt, "multiple")
    moved = browser.post(address(attempt, number), data={"go": "2"})
    assert (moved.status_code, moved.location) == (303, address(attempt, 2))
    for data in ({}, {"go": "stay"}):
        refused = browser.post(address(attempt, number), data=data)
        assert refused.status_code == 422
        assert "Choose an answer first" in text_of(refused)


def test_case_28_signed_out_and_back_on_a_phone_the_answers_are_there(cast, attempt, as_, client):
    laptop, marks = as_(cast.lena), ground.right_marks(attempt)
    answer_all(laptop, attempt, dict(list(marks.items())[:7]))
    assert client.get(address(attempt, 8)).status_code in {302, 303, 401}
    phone = as_(cast.lena)
    page = text_of(phone.get("/courses/ground/quiz"))
    assert "7 of 18 answered, all saved." in page
    assert "Go on with the quiz" in page
    resumed = phone.get(phone.post("/courses/ground/quiz").location)
    assert resumed.location == address(attempt, 8)
    assert "7 of 18 answered." in text_of(phone.get(address(attempt, 8)))
    seven = phone.get(address(attempt, 7)).get_data(as_text=True)
    assert " checked" in seven or " selected" in seven or "The case ends here" in seven


def test_case_29_an_empty_answer_sent_by_the_script_is_refused_in_words(cast, attempt, as_):
    browser = as_(cast.lena)
    for one in thaw(attempt.drawn):
        got = browser.post(address(attempt, one.number), data={}, headers=JSON)
        assert got.status_code == 422
        assert got.json["detail"]
    left = browser.post(f"/attempts/{attempt.id}/submit")
    assert left.status_code == 422
    assert "Nothing was handed in" in text_of(left)
    assert "18 questions are still open" in text_of(left)


def test_case_30_a_refresh_or_a_second_tab_does_not_make_a_second_attempt(cast, attempt, as_):
    one, other = as_(cast.lena), as_(cast.lena)
    for browser in (one, other, one):
        assert browser.post("/courses/ground/quiz").location == f"/attempts/{attempt.id}"


def every_response_of_an_open_attempt(cast, attempt, as_):
    """Ask for everything there is to be had, before and after every answer."""
    browser = as_(cast.lena)
    pages = ["/courses/ground/quiz", f"/attempts/{attempt.id}", f"/attempts/{attempt.id}/check",
             f"/attempts/{attempt.id}/review"]
    pages += [address(attempt, number) for number in range(1, 19)]

    def look():
        for page in pages:
            for headers in ({}, JSON):
                for follow in (False, True):
                    yield browser.get(page, headers=headers, follow_redirects=follow)

    yield from look()
    yield browser.post(f"/attempts/{attempt.id}/submit")
    yield browser.post(f"/attempts/{attempt.id}/submit", headers=JSON)
    for marks in (ground.wrong_marks(attempt), ground.right_marks(attempt)):
        for headers in ({}, JSON):
            yield from answer_all(browser, attempt, marks, headers=headers)
            yield from answer_all(browser, attempt, marks, headers=headers, follow_redirects=True)
        for number in range(1, 19):
            for data in ({}, {"mark": "99"}, {"mark": ["1", "2", "3", "4"]}, {"go": "stay"}):
                yield browser.post(address(attempt, number), data=data)
                yield browser.post(address(attempt, number), data=data, headers=JSON)
        yield from look()
    case = of_kind(attempt, "case")
    yield browser.post(address(attempt, case), data={"restart": "1"}, follow_redirects=True)


def test_case_31_no_key_no_rationale_no_score_in_any_response_of_an_open_attempt(
    cast, attempt, as_
):
    seen = 0
    for response in every_response_of_an_open_attempt(cast, attempt, as_):
        body = response.get_data(as_text=True)
        assert response.status_code < 500
        assert ground.SECRET not in body
        assert not re.search(r'"(right|score|points|rationale|outcome|credit)"', body)
        assert "item-" not in body
        assert ground.SECRET not in str(response.headers)
        seen += 1
    assert seen > 300
    db.session.expire_all()
    assert db.session.get(Attempt, attempt.id).ended_at is None


def test_case_31_a_right_answer_and_a_wrong_one_are_answered_alike(cast, attempt, as_):
    browser = as_(cast.lena)
    right, wrong = ground.right_marks(attempt), ground.wrong_marks(attempt)
    for one in thaw(attempt.drawn):
        if one.item.kind == "case":
            continue
        told = []
        for marks in (right, wrong):
            data = form_of(attempt, one.number, marks[one.number])
            got = browser.post(address(attempt, one.number), data=data, headers=JSON).json
            got.pop("saved")
            told.append(got)
        assert told[0] == told[1]


def test_case_31_positions_do_not_give_the_key_away(cast, attempt):
    """Over many draws the right mark of a matching's first line is any of them."""
    firsts = set()
    for seed in range(30):
        drawn = quiz.drawing.freeze(
            quiz.queries.course_of(attempt.enrolment),
            content=attempt.enrolment.course_version.content, rendered={}, seen={},
            rng=random.Random(seed),
        )
        again = Attempt(drawn=drawn)
        number = of_kind(again, "matching")
        firsts.add(ground.right_marks(again)[number][0])
    assert firsts == {"1", "2", "3"}


def test_case_32_the_review_shows_what_was_chosen_against_its_own_question(cast, attempt, as_):
    browser = as_(cast.lena)
    answer_all(browser, attempt, ground.wrong_marks(attempt))
    browser.post(f"/attempts/{attempt.id}/submit")
    page = text_of(browser.get(f"/attempts/{attempt.id}/review"))
    for one in thaw(attempt.drawn):
        part = page.split(f"Question {one.number}. {one.item.stem}")[1].split("<h3>")[0]
        if one.item.kind == "single":
            assert "You chose:</span> Answer two" in part
            assert f"Because {ground.SECRET} two" in part


def test_failing_is_told_kindly_with_what_to_reread_and_without_the_better_answer(
    cast, attempt, as_
):
    browser = as_(cast.lena)
    answer_all(browser, attempt, ground.wrong_marks(attempt))
    browser.post(f"/attempts/{attempt.id}/submit")
    page = text_of(browser.get(f"/attempts/{attempt.id}/review"))
    assert "Not yet: 0 of 18" in page
    assert "about five minutes of reading" in page
    assert "You have two more attempts." in page
    assert "/courses/ground/lessons/law#elements" in page
    assert "Better:" not in page
    assert "Define o1" in page
    assert "Take the quiz again" in text_of(browser.get("/courses/ground/quiz"))


def test_passing_tells_every_reason(cast, attempt, as_):
    browser = as_(cast.lena)
    marks = dict(ground.right_marks(attempt))
    number = of_kind(attempt, "single")
    marks[number] = ground.wrong_marks(attempt)[number]
    answer_all(browser, attempt, marks)
    browser.post(f"/attempts/{attempt.id}/submit")
    page = text_of(browser.get(f"/attempts/{attempt.id}/review"))
    assert "Passed: 17 of 18" in page
    assert "Better:</span> Answer one" in page
    assert f"Debrief {ground.SECRET}" in page
    assert "You have passed this quiz" in text_of(browser.get("/courses/ground/quiz"))


def test_after_the_hand_in_an_answer_is_not_taken_and_the_way_is_shown(cast, attempt, as_):
    browser = as_(cast.lena)
    answer_all(browser, attempt, ground.right_marks(attempt))
    browser.post(f"/attempts/{attempt.id}/submit")
    late = browser.post(address(attempt, 1), data={"mark": "1"}, headers=JSON)
    assert late.status_code == 409
    assert late.json["url"].endswith("/review")
    plain = browser.post(address(attempt, 1), data={"mark": "1"}, follow_redirects=True)
    assert "has ended, so the answer was not changed" in text_of(plain)
    for page in (address(attempt, 1), f"/attempts/{attempt.id}/check", f"/attempts/{attempt.id}"):
        assert browser.get(page).location.endswith("/review")


@pytest.fixture
def overdue(cast, course) -> Attempt:
    ground.publish(at=NOON, course=course, number=2, time_limit_minutes=30,
                   expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    made = quiz.start(actor=cast.actor("lena"), key="ground",
                      at=now() - timedelta(hours=1), today=TODAY)
    db.session.commit()
    return made


@pytest.mark.parametrize("page", ["", "/questions/1", "/check", "/review"])
def test_case_38_the_next_look_ends_an_attempt_whose_time_is_up(cast, overdue, as_, page):
    browser = as_(cast.lena)
    shown = browser.get(f"/attempts/{overdue.id}{page}", follow_redirects=True)
    assert "Time ran out: 0 of 6" in text_of(shown)
    db.session.expire_all()
    row = db.session.get(Attempt, overdue.id)
    assert (row.outcome, row.ended_at) == (Outcome.EXPIRED, row.deadline_at)


def test_case_38_an_answer_that_comes_late_is_refused_and_the_end_is_kept(cast, overdue, as_):
    browser = as_(cast.lena)
    late = browser.post(address(overdue, 1), data={"mark": "1"}, headers=JSON)
    assert late.status_code == 409
    assert "Time ran out before this answer arrived" in late.json["detail"]
    db.session.expire_all()
    assert db.session.get(Attempt, overdue.id).outcome is Outcome.EXPIRED


def test_case_40_the_clock_is_silent_but_for_a_place_that_speaks_at_thresholds(
    cast, course, as_
):
    ground.publish(at=NOON, course=course, number=2, time_limit_minutes=30,
                   expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    db.session.commit()
    browser = as_(cast.lena)
    page = browser.get(browser.post("/courses/ground/quiz").location, follow_redirects=True)
    body = page.get_data(as_text=True)
    clock = re.search(r'<p class="clock"[^>]*>.*?</p>', body, re.S).group()
    assert "min left" in clock
    assert "role=" not in clock
    assert "aria-live" not in clock
    assert '<p class="out" role="status" data-say></p>' in body


def test_case_41_the_start_page_says_that_time_was_extended(cast, course, as_):
    ground.publish(at=NOON, course=course, number=2, time_limit_minutes=30,
                   expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    db.session.commit()
    planner = as_(cast.petra)
    given = planner.post(f"/people/{cast.lena}/time-extension", data={"percent": "100"})
    assert given.status_code == 303
    assert "100 %" in text_of(planner.get(given.location))
    assert "60 minutes (30 extended to 60)" in text_of(as_(cast.lena).get("/courses/ground/quiz"))


def test_a_wrong_percentage_is_refused_and_what_was_typed_stays(cast, course, as_):
    typed = {"percent": "a lot", "course": "ground"}
    refused = as_(cast.petra).post(f"/people/{cast.lena}/time-extension", data=typed)
    assert refused.status_code == 422
    assert 'value="a lot"' in text_of(refused)
    assert '<option value="ground" selected>' in text_of(refused)


def test_more_time_is_given_by_planners_and_administrators_only(cast, course, as_):
    where = f"/people/{cast.noor}/time-extension"
    for name, status in (("lena", 403), ("cora", 403), ("petra", 200), ("ada", 200)):
        assert as_(getattr(cast, name)).get(where).status_code == status
    assert as_(cast.petra).get("/people/999/time-extension").status_code == 404


def test_case_35_the_pages_show_the_number_drawn(cast, course, as_):
    few = ground.content()["quiz"]["items"][:4]
    ground.publish(at=NOON, course=course, number=2, items=few, draw=6,
                   expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    db.session.commit()
    browser = as_(cast.lena)
    assert "4, one to a page" in text_of(browser.get("/courses/ground/quiz"))
    first = browser.get(browser.post("/courses/ground/quiz").location, follow_redirects=True)
    assert "Question 1 of 4" in text_of(first)


def test_case_50_the_start_page_lists_the_lessons_left(cast, course, as_):
    ground.publish(at=NOON, course=course, number=2, expires_on="2099-01-01",
                   completion={"lessons": "all", "quiz": True, "evaluation": True})
    enrolled = ground.enrol(cast.lena, course, at=NOON)
    ground.read(enrolled, "law", at=NOON)
    db.session.commit()
    browser = as_(cast.lena)
    page = text_of(browser.get("/courses/ground/quiz"))
    assert "/courses/ground/lessons/signs" in page
    assert "/courses/ground/lessons/law" not in page
    assert "Start the quiz" not in page
    refused = browser.post("/courses/ground/quiz")
    assert refused.status_code == 422
    assert "Still to read: Lesson on signs." in text_of(refused)


def test_somebody_elses_attempt_is_not_found_by_anyone(cast, attempt, as_):
    for name in ("noor", "cora", "petra", "ada"):
        browser = as_(getattr(cast, name))
        for page in ("", "/check", "/review", "/questions/1"):
            assert browser.get(f"/attempts/{attempt.id}{page}").status_code == 404
        assert browser.post(address(attempt, 1), data={"mark": "1"}).status_code == 404
        assert browser.post(f"/attempts/{attempt.id}/submit").status_code == 404


def test_a_course_or_question_that_is_not_there_is_not_found(cast, attempt, as_):
    browser = as_(cast.lena)
    for page in ("/courses/nothing/quiz", address(attempt, 0), address(attempt, 19),
                 "/attempts/999"):
        assert browser.get(page).status_code == 404


def test_a_case_is_a_page_for_each_moment_with_a_way_out_of_each(cast, attempt, as_):
    browser, number = as_(cast.lena), of_kind(attempt, "case")
    path = ground.right_marks(attempt)[number]
    for step in range(len(path) + 1):
        page = text_of(browser.get(address(attempt, number)))
        # When the case is over, the way to the next question is the way out.
        way_out = "Leave this case for now" if step < len(path) else 'class="next" data-to='
        assert way_out in page
        moment = ("She comes in.", "You are alone.", "The case ends here.")[step]
        assert moment in page
        if step < len(path):
            data = form_of(attempt, number, path[: step + 1], go="step")
            moved = browser.post(address(attempt, number), data=data)
            assert moved.location == address(attempt, number)
    assert "Start this case again" in page
    nothing = browser.post(address(attempt, number), data={"mark": path, "step": "3", "go": "step"})
    assert nothing.status_code == 422
    # Without script the buttons lead on from a case that is begun or over, and keep it.
    on = browser.post(address(attempt, number), data={"mark": path, "step": "3", "go": "check"})
    assert on.location == f"/attempts/{attempt.id}/check"
    assert "The case ends here." in text_of(browser.get(address(attempt, number)))


def statements_of(act) -> int:
    """Count the statements that `act` sends to the database."""
    made: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        made.append(statement)

    db.event.listen(db.engine, "before_cursor_execute", note)
    act()
    db.event.remove(db.engine, "before_cursor_execute", note)
    return len(made)


def test_a_page_of_a_quiz_asks_as_many_statements_for_three_answers_as_for_all(
    cast, attempt, as_
):
    browser, counts = as_(cast.lena), []
    marks = list(ground.right_marks(attempt).items())
    for some in (marks[:3], marks):
        answer_all(browser, attempt, dict(some))
        counts.append(statements_of(lambda: browser.get(address(attempt, 1))))
    assert counts[0] == counts[1] <= 12
