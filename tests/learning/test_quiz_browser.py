"""What static/quiz.js promises, in a real browser before a real server."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from werkzeug.serving import make_server

from lms.db import db
from lms.learning.models import Answer, Attempt
from lms.learning.operations import quiz
from lms.learning.rules.drawing import thaw
from tests.conftest import NOON
from tests.learning import ground

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
TODAY = NOON.date()


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def url(app, cast) -> Iterator[str]:
    """The app, answering on a port of its own, with its CSRF protection on."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def attempt(cast) -> Attempt:
    """Lena's attempt at six single questions."""
    singles = [ground.every_kind(6 * n, "o1") for n in range(8)]
    course = ground.publish(at=NOON, items=singles, expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    made = quiz.start(actor=cast.actor("lena"), key="ground", at=now(), today=TODAY)
    db.session.commit()
    return made


@pytest.fixture
def page(chromium, url, as_, cast, attempt) -> Iterator[Page]:
    """Lena's browser on the first question, the next ones already fetched ahead."""
    context = chromium.new_context(base_url=url)
    sign_in(context, as_(cast.lena))
    opened = context.new_page()
    with opened.expect_response(re.compile(r"/questions/5$")):
        opened.goto(f"/attempts/{attempt.id}/questions/1")
    yield opened
    context.close()


def sign_in(context, client) -> None:
    cookie = client.get_cookie("rounds")
    context.add_cookies(
        [{"name": "rounds", "value": cookie.value, "domain": "localhost", "path": "/"}]
    )


def saved(attempt_id: int) -> dict[str, list]:
    """What the database holds, by item id."""
    db.session.rollback()
    rows = db.session.execute(
        select(Answer.item_id, Answer.response).where(Answer.attempt_id == attempt_id)
    )
    return dict(rows.all())


def test_an_answer_is_saved_as_it_is_chosen_and_says_so(page, attempt):
    page.get_by_text("Answer one").click()
    expect(page.locator("[data-status]")).to_have_text(re.compile(r"Saved \d+:\d\d [ap]m"))
    assert list(saved(attempt.id).values()) == [[f"{ground.SECRET}-one"]]
    expect(page.locator("[data-answered]")).to_have_text("1 of 6 answered.")


def test_case_28_a_line_that_drops_loses_no_answer_and_lets_one_go_on(page, attempt):
    page.context.set_offline(True)
    page.get_by_text("Answer one").click()
    note = page.locator("[data-note]")
    expect(note).to_contain_text("The connection is gone. Your answers are not.")
    expect(page.locator("[data-status]")).to_have_text(re.compile("Kept on this page .*, not sent"))
    page.get_by_role("button", name="Question 2").click()
    expect(page.locator("h1")).to_have_text("Question 2 of 6")
    page.get_by_text("Answer two").click()
    expect(note).to_contain_text("Two answers are kept on this page.")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Question 1 of 6")
    expect(page.get_by_label("Answer one")).to_be_checked()
    assert saved(attempt.id) == {}
    page.context.set_offline(False)
    expect(note).to_have_count(0, timeout=10_000)
    expect(page.locator("[data-answered]")).to_have_text("2 of 6 answered.")
    assert len(saved(attempt.id)) == 2
    page.reload()
    expect(page.get_by_label("Answer one")).to_be_checked()


def test_case_28_leaving_with_an_answer_not_sent_asks_first(page, attempt):
    page.context.set_offline(True)
    page.get_by_text("Answer one").click()
    expect(page.locator("[data-note]")).to_be_visible()
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Home").click()
    expect(page.locator("h1")).to_have_text("Question 1 of 6")
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    expect(page.locator("[data-note]")).to_have_count(0, timeout=10_000)


def test_case_28_a_session_that_ran_out_keeps_the_answer_until_one_is_back(
    page, attempt, as_, cast
):
    page.context.clear_cookies()
    page.get_by_text("Answer three").click()
    note = page.locator("[data-note]")
    expect(note).to_contain_text("You were signed out. Your answers are not lost.")
    link = note.get_by_role("link", name="Sign in in a new tab")
    assert (link.get_attribute("href"), link.get_attribute("target")) == ("/sign-in", "_blank")
    assert saved(attempt.id) == {}
    # Another session has another CSRF token; the page fetches it by itself.
    sign_in(page.context, as_(cast.lena))
    expect(note).to_have_count(0, timeout=10_000)
    assert list(saved(attempt.id).values()) == [[f"{ground.SECRET}-three"]]


def test_an_attempt_that_ended_elsewhere_is_told_with_the_way_to_its_result(page, attempt, cast):
    lena = cast.actor("lena")
    for number, marks in ground.wrong_marks(attempt).items():
        quiz.answer(actor=lena, attempt_id=attempt.id, number=number, marks=marks, at=now())
    quiz.submit(actor=lena, attempt_id=attempt.id, at=now())
    db.session.commit()
    page.get_by_text("Answer one").click()
    note = page.locator("[data-note]")
    expect(note).to_contain_text("This attempt has ended, so the answer was not changed.")
    note.get_by_role("link", name="To the result").click()
    expect(page.locator("h1")).to_have_text("Not yet: 0 of 6")


def test_the_keyboard_alone_answers_and_goes_on(page, attempt):
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-status]")).to_have_text(re.compile("^Saved"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Question 2 of 6")
    assert len(saved(attempt.id)) == 1


def test_case_40_the_clock_speaks_at_a_threshold_and_leads_to_the_result_at_the_end(page, attempt):
    def end_in(seconds: int) -> None:
        db.session.rollback()
        at = now() + timedelta(seconds=seconds)
        db.session.execute(update(Attempt).values(deadline_at=at, minutes_allowed=30))
        db.session.commit()
        page.reload()

    end_in(62)
    said = page.locator("[data-say]")
    expect(said).to_have_text("")
    expect(said).to_have_text("1 minute left.", timeout=10_000)
    end_in(2)
    expect(page.locator("h1")).to_have_text(re.compile("^Time ran out: "), timeout=15_000)


def test_places_of_an_ordering_are_swapped_and_no_key_is_in_the_page(
    chromium, url, as_, cast
):
    items = [ground.every_kind(3 + 6 * n, "o1") for n in range(2)]
    course = ground.publish(at=NOON, items=items, draw=1, pass_correct=1, expires_on="2099-01-01")
    ground.enrol(cast.lena, course, at=NOON)
    made = quiz.start(actor=cast.actor("lena"), key="ground", at=now(), today=TODAY)
    db.session.commit()
    context = chromium.new_context(base_url=url)
    sign_in(context, as_(cast.lena))
    page = context.new_page()
    page.goto(f"/attempts/{made.id}/questions/1")
    selects = page.locator("select")
    for row in range(3):
        selects.nth(row).select_option(str(row + 1))
    selects.nth(0).select_option("3")
    expect(selects.nth(2)).to_have_value("1")
    expect(page.locator("[data-status]")).to_have_text(re.compile("^Saved [^.]*$"))
    assert ground.SECRET not in page.content()
    order = thaw(made.drawn)[0].order["options"]
    page.wait_for_function("document.querySelector('[data-answered]').textContent[0] === '1'")
    assert sorted(saved(made.id)[made.drawn[0]["item"]["id"]], key=lambda given: given[1]) == [
        [order[2], 1], [order[1], 2], [order[0], 3]
    ]
    context.close()
