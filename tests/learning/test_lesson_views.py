"""The pages of courses and lessons: what they show, whom they let in, where they lead."""

import re
from datetime import date, timedelta
from html import unescape

import pytest
from sqlalchemy import func, select

from lms import clock
from lms.courses import operations as courses
from lms.courses.rules.course import parse
from lms.courses.rules.folder import Folder, content
from lms.db import db
from lms.learning.forms import EvaluationForm
from lms.learning.models import Enrolment, LessonRead, Position
from lms.learning.queries import progress
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny, tiny_course, toml
from tests.learning import steps

SERIES = {
    "format": 1, "key": "hands", "title": "Hands", "summary": "All about hands.",
    "order": "any", "recommended_first": "tiny", "required": 0, "courses": ["tiny"],
    "planned": ["Hands, part two"],
}


@pytest.fixture(autouse=True)
def _noon(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def tiny_version(cast):
    made = publish_tiny(at=NOON)
    db.session.commit()
    return made


@pytest.fixture
def lena(cast):
    return cast.actor("lena")


@pytest.fixture
def browser(as_, cast, tiny_version):
    return as_(cast.lena)


def page(browser, address, *, status=200) -> str:
    got = browser.get(address)
    assert got.status_code == status, (address, got.status_code)
    text = unescape(got.get_data(as_text=True))
    assert text.count("<h1") == 1
    return text


def begin(browser):
    return browser.post("/courses/tiny/start", data={"acknowledged": "y"})


def words(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


# ----- before the start ------------------------------------------------------------------


def test_the_course_page_shows_all_that_must_be_seen_before_starting(browser):
    text = words(page(browser, "/courses/tiny"))
    for expected in (
        "Washing hands, briefly", "15 minutes", "0.25 CE hours", "Enduring material",
        "Read 3 lessons, answer 4 of 5 quiz questions correctly, and fill in a short evaluation",
        "3 attempts, then a pause of 24 hours", "Cost None", "September 1, 2025",
        "August 31, 2029", "November 29, 2029", "September 1, 2026, version 1",
        "Nothing upsetting.", "Name the five moments.", "Everyone who touches patients.",
        "Ines Fuentes , MD Author No relevant financial relationships.",
        "No commercial support was received", "A browser.", "education@example.org",
        "never your answers or your score", "Guidelines on Hand Hygiene", "Start course",
        "Hands are washed less often than they should be.", "First lesson: 4 minutes",
    ):
        assert expected in text, expected


def test_case_76_before_the_start_the_page_says_that_no_minimum_time_is_measured(browser):
    text = words(page(browser, "/courses/tiny"))
    assert "15 minutes, at your own pace" in text
    assert "credit does not depend on how long a page stays open" in text


def test_no_accreditor_is_named_without_an_accreditation_on_file(browser):
    text = page(browser, "/courses/tiny")
    assert not re.search(r"AMA|ACCME|ANCC|Category 1", text)


def test_starting_stamps_the_acknowledgement_and_leads_to_the_first_lesson(browser):
    got = begin(browser)
    assert (got.status_code, got.location) == (303, "/courses/tiny/lessons/moments")
    enrolled = db.session.scalars(select(Enrolment)).one()
    assert enrolled.acknowledged_at == NOON
    assert begin(browser).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 1


def test_without_the_tick_the_page_comes_back_and_says_so(browser):
    got = browser.post("/courses/tiny/start", data={})
    assert got.status_code == 422
    text = got.get_data(as_text=True)
    assert "Tick the box" in text
    assert 'aria-invalid="true"' in text
    assert "<title>Not started yet:" in text
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 0


@pytest.mark.parametrize(
    "address",
    ["/courses/tiny/lessons/moments", "/courses/tiny/takeaway"],
)
def test_case_50_an_unready_learner_gets_no_lesson_by_address(browser, address):
    got = browser.get(address)
    assert (got.status_code, got.location) == (303, "/courses/tiny")
    text = page(browser, "/courses/tiny")
    assert "Lessons open when you start the course." in text
    assert "Clean hands keep patients well" not in text


def test_case_50_an_unready_learner_marks_keeps_and_takes_nothing(browser):
    read = browser.post("/courses/tiny/lessons/moments/read")
    assert (read.status_code, read.location) == (303, "/courses/tiny")
    assert browser.post("/courses/tiny/lessons/moments/position").status_code == 409
    taken = browser.post("/courses/tiny/quiz")
    assert taken.status_code in {303, 409, 422}
    assert browser.get("/attempts/1").status_code == 404
    for table in (LessonRead, Position, Enrolment):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_case_50_a_stranger_is_shown_the_way_in_by_every_page_of_learning(app, client):
    rules = [r for r in app.url_map.iter_rules() if r.endpoint.startswith("learning.")]
    assert len(rules) >= 8
    for rule in rules:
        address = re.sub("<[^>]+>", "x", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert client.open(address, method=method).status_code in {302, 303, 401}, address


# ----- reading ---------------------------------------------------------------------------


def test_the_lesson_shows_its_blocks_references_and_where_one_is(browser):
    begin(browser)
    text = page(browser, "/courses/tiny/lessons/moments")
    assert "Lesson 1 of 3" in text
    assert '<h2 id="before">' in text
    assert 'id="ref-1"' in text
    assert 'class="callout"' in text
    assert 'aria-current="step"' in text
    assert "Mark as read and go on" in text
    assert "lesson.js" in text


def test_an_unknown_lesson_or_course_is_not_there(browser):
    assert browser.get("/courses/unknown").status_code == 404
    assert browser.get("/courses/unknown/lessons/moments").status_code == 404
    begin(browser)
    assert browser.get("/courses/tiny/lessons/unknown").status_code == 404
    assert browser.post("/courses/tiny/lessons/unknown/read").status_code == 404


def test_a_check_is_answered_by_the_server_and_keeps_nothing(browser):
    begin(browser)
    address = "/courses/tiny/lessons/moments"
    text = page(browser, address)
    assert "That is the first moment." not in text
    assert 'action="/courses/tiny/lessons/moments#check-door"' in text
    options = re.findall(r'name="choice" value="([^"]+)"', text)
    answers = [page(browser, f"{address}?check=door&choice={one}") for one in options]
    assert "Yes." in answers[0]
    assert "That is the first moment." in answers[0]
    assert "Not quite." in answers[1]
    assert "Too late for this patient." in answers[1]
    assert "Not quite." not in page(browser, f"{address}?check=door&choice=unknown")
    assert "Not quite." not in page(browser, f"{address}?check=unknown&choice={options[0]}")
    assert db.session.scalar(select(func.count()).select_from(LessonRead)) == 0


def test_case_44_without_script_reading_on_leads_through_all_lessons_to_the_quiz(browser):
    begin(browser)
    went = []
    for lesson_id in steps.LESSONS:
        got = browser.post(f"/courses/tiny/lessons/{lesson_id}/read")
        assert got.status_code == 303
        went.append(got.location)
    assert went == [
        "/courses/tiny/lessons/soap", "/courses/tiny/lessons/habits", "/courses/tiny/quiz",
    ]
    assert "lesson read" not in page(browser, "/courses/tiny/lessons/moments")
    assert "Mark as read" not in page(browser, "/courses/tiny/lessons/moments")


def test_reading_out_of_order_goes_on_behind_and_then_back_to_what_was_left(browser):
    begin(browser)
    assert browser.post("/courses/tiny/lessons/soap/read").location.endswith("/habits")
    assert browser.post("/courses/tiny/lessons/habits/read").location.endswith("/moments")


def test_case_43_the_place_is_kept_for_the_next_device(browser, as_, cast):
    begin(browser)
    sent = browser.post("/courses/tiny/lessons/soap/position", data={"anchor": "soap"})
    assert (sent.status_code, sent.data) == (204, b"")
    phone = as_(cast.lena)
    text = page(phone, "/courses/tiny")
    assert 'href="/courses/tiny/lessons/soap#soap"' in text
    assert "Continue lesson 2" in text
    assert "You stopped at “When soap is needed”" in text
    wrong = browser.post("/courses/tiny/lessons/soap/position", data={"anchor": "nowhere"})
    assert wrong.status_code == 404


def test_case_43_the_course_page_says_what_is_left_and_what_completes_it(browser):
    begin(browser)
    browser.post("/courses/tiny/lessons/moments/read")
    text = words(page(browser, "/courses/tiny"))
    assert "1 of 3 lessons read about 12 minutes left" in text
    assert "Done when you mark it as read." in text
    assert "Done when 4 of 5 are right." in text
    assert "Done when you send it, on the page where you claim." in text
    assert "The certificate is made at once." in text


def test_case_69_the_one_checklist_shows_the_evaluation_as_the_one_thing_left(browser, lena):
    begin(browser)
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    db.session.commit()
    text = page(browser, "/courses/tiny")
    assert "Quiz passed, evaluation left" in text
    assert '<a role="button" class="next" href="/courses/tiny/claim">' in text
    assert len(re.findall(r'<a role="button"(?! class="plain)', text)) == 1


def test_case_45_the_learner_reads_the_same_words_as_the_coordinator(browser, cast, lena):
    begin(browser)
    steps.read(lena, "soap", at=NOON)
    db.session.commit()
    seen = progress.standings([cast.lena], None, at=NOON)
    (standing,) = seen.values()
    assert standing.progress_words in page(browser, "/courses/tiny")
    assert standing.progress_words in page(browser, "/courses")


def test_the_page_to_keep_is_one_page(browser):
    begin(browser)
    text = page(browser, "/courses/tiny/takeaway")
    assert "Rub before touching." in text
    assert "version 1 of the course" in text


# ----- complete, newer, over -------------------------------------------------------------


def test_a_complete_course_leads_to_the_claim_and_may_be_taken_again(browser, lena):
    steps.finish(lena, at=NOON)
    db.session.commit()
    text = page(browser, "/courses/tiny")
    assert "Completed on November 2, 2026" in text
    assert "Claim 0.25 CE hours" in text
    assert "Take it again" in text
    got = browser.post("/courses/tiny/start", data={"acknowledged": "y", "again": "1"})
    assert got.location == "/courses/tiny/lessons/moments"
    assert progress.standing(lena.person_id, "tiny", at=NOON).cycle == 2


def test_case_46_a_material_version_is_offered_and_a_minor_one_is_only_told(browser, lena):
    begin(browser)
    publish_tiny(at=NOON, title="Second", change="minor", change_note="Commas.")
    db.session.commit()
    text = words(page(browser, "/courses/tiny"))
    assert "You began on version 1 and finish on it" in text
    assert "changed only small things" in text
    steps.read(lena, at=NOON)
    steps.take_quiz(lena, at=NOON)
    steps.evaluate(lena, at=NOON)
    publish_tiny(at=NOON, title="Third", change="material", change_note="A new guideline.")
    db.session.commit()
    text = words(page(browser, "/courses/tiny"))
    assert "Completed on November 2, 2026" in text
    assert "A new guideline. Your completion of version 1 stays as it is." in text
    assert "Start version 3" in text


def test_an_expired_course_says_until_when_finished_work_can_be_claimed(
    as_, cast, lena, monkeypatch
):
    publish_tiny(at=NOON, expires_on=date(2026, 11, 5))
    steps.begin(lena, at=NOON)
    steps.read(lena, "moments", at=NOON)
    db.session.commit()
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=4))
    text = words(page(as_(cast.lena), "/courses/tiny"))
    assert "This course no longer gives credit" in text
    assert "You had 1 of 3 lessons read; they stay open for reading." in text
    assert "November 5, 2026, at the end of the day" in text
    assert "February 3, 2027" in text
    assert "Go on reading" in text
    lesson = page(as_(cast.lena), "/courses/tiny/lessons/soap")
    assert "Mark as read" not in lesson
    assert "Credit for a course you finished" in words(page(as_(cast.noor), "/courses/tiny"))


def test_the_last_day_of_a_course_is_the_institutions(as_, cast, monkeypatch):
    publish_tiny(at=NOON, expires_on=date(2026, 11, 5))
    db.session.commit()
    # Nine in the evening in California, already tomorrow in UTC; then three hours later.
    for hours, open_ in ((81, True), (84, False)):
        monkeypatch.setattr(clock, "now", lambda hours=hours: NOON + timedelta(hours=hours))
        assert ("Start course" in page(as_(cast.noor), "/courses/tiny")) is open_


def test_a_retired_course_is_told_and_takes_no_start(browser, cast):
    courses.retire(actor=cast.actor("petra"), key="tiny", reason="Replaced.", at=NOON)
    db.session.commit()
    assert "was retired" in words(page(browser, "/courses/tiny"))
    assert begin(browser).status_code == 422
    assert "No courses yet" in page(browser, "/courses")


# ----- the list and the series -----------------------------------------------------------


def test_the_list_is_narrowed_by_what_the_address_asks(browser):
    publish_tiny(at=NOON, key="other", title="Quiet rooms", topics=["rest"],
                 professions=["physician"])
    db.session.commit()
    assert page(browser, "/courses").count("<h3>") == 2
    for query, found in (
        ("q=QUIET", 1), ("q=quiet+hands", 1), ("q=nothing-like-it", 0), ("topic=rest", 1),
        ("minutes=15", 2), ("minutes=14", 0), ("profession=nurse", 1),
        ("profession=nurse&topic=rest", 0), ("minutes=many", 2), ("topic=unknown", 0),
    ):
        text = page(browser, f"/courses?{query}")
        assert text.count("<h3>") == found, query
        assert found or "No course matches" in text
    assert 'value="QUIET"' in page(browser, "/courses?q=QUIET")
    assert '<option value="rest" selected>' in page(browser, "/courses?topic=rest")


def test_what_was_typed_is_shown_as_text_and_never_as_markup(browser):
    got = browser.get("/courses?q=%3Cscript%3Ealert(1)%3C/script%3E").get_data(as_text=True)
    assert "<script>alert" not in got


def test_the_list_asks_as_much_for_many_courses_as_for_few(browser, lena, statements):
    begin(browser)
    browser.get("/courses")
    with statements() as few:
        browser.get("/courses")
    for n in range(8):
        publish_tiny(at=NOON, key=f"tiny-{n}", title=f"Tiny {n}")
        steps.begin(lena, at=NOON, key=f"tiny-{n}")
    db.session.commit()
    browser.get("/courses")
    with statements() as many:
        assert browser.get("/courses").get_data(as_text=True).count("<h3>") == 9
    assert len(many) == len(few)


def test_a_series_shows_its_courses_as_equals_each_with_its_state(browser):
    courses.publish_series(
        actor=courses.access.SYSTEM, at=NOON,
        folder_content=Folder(name="courses/series", files={"hands.toml": toml(SERIES).encode()}),
    )
    db.session.commit()
    begin(browser)
    text = page(browser, "/series/hands")
    assert "0 of 3 lessons read" in text
    assert "Take this one first." in text
    assert "Hands, part two" in text
    assert "In preparation" in text
    assert 'href="/series/hands"' in page(browser, "/courses")
    assert 'href="/series/hands"' in page(browser, "/courses/tiny")
    assert browser.get("/series/unknown").status_code == 404


# ----- the evaluation's form -------------------------------------------------------------


def _posted(app, **changes):
    data = {"objective_o1": "4", "objective_o2": "5", "bias": "no", "change": "yes",
            "change_text": " Rub at the door. ", "comment": ""} | changes
    with app.test_request_context(method="POST", data=data):
        form = EvaluationForm.for_course(parse(content(tiny_course())))()
        return form.validate(), form


def test_the_evaluation_has_a_scale_for_each_objective_and_gives_plain_answers(app):
    valid, form = _posted(app)
    assert valid, form.errors
    answers = form.answers()
    assert answers.objectives == {"o1": 4, "o2": 5}
    assert (answers.bias, answers.change, answers.change_text) == (False, "yes", "Rub at the door.")


@pytest.mark.parametrize(
    ("field", "value"),
    [("objective_o1", ""), ("objective_o1", "6"), ("bias", "perhaps"), ("change", ""),
     ("comment", "x" * 2001)],
)
def test_an_evaluation_with_a_gap_names_the_field(app, field, value):
    valid, form = _posted(app, **{field: value})
    assert not valid
    assert field in form.errors

