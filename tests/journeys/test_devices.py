"""A quiz begun on a phone goes on at a desk, although the server was killed between."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE, Server, Visitor
from tests.journeys.walks import MYTHS, Errand, answered, attempt_on, choose, drawn_of, saved

pytestmark = pytest.mark.browser


def test_case_28_seven_answers_from_the_phone_are_there_after_a_kill_on_another_device(
    visit, another_server: Server
) -> None:
    server = another_server
    phone: Visitor = visit(size=PHONE, scheme="dark", at=server)
    phone.sign_in("sam")
    Errand(phone, server).read(MYTHS)
    page = phone.page
    page.goto(f"/courses/{MYTHS}/quiz")
    page.get_by_role("button", name="Start the quiz").tap()
    attempt = attempt_on(page)
    drawn = drawn_of(server, attempt)
    for one in drawn[:7]:
        choose(page, one, tap=True)
        saved(page)
        expect(page.locator("[data-answered]")).to_have_text(re.compile(f"^{one.number} of"))
        page.locator(".turn .next").last.tap()
        phone.heading(f"Question {one.number + 1} of {len(drawn)}")

    server.kill()
    # The eighth is given while nobody answers: the page keeps it and says so.
    eighth = drawn[7]
    choose(page, eighth, tap=True)
    expect(page.locator("[data-note]")).to_contain_text("Your answers are not")
    server.start()
    expect(page.locator("[data-note]")).to_have_count(0, timeout=30_000)
    expect(page.locator("[data-answered]")).to_have_text(re.compile("^8 of"))
    assert answered(server, attempt) == 8

    desk: Visitor = visit(at=server)
    desk.sign_in("sam")
    page = desk.page
    page.goto("/")
    page.get_by_role("button", name=re.compile("quiz", re.I)).first.click()
    expect(page.locator("main")).to_contain_text(re.compile(r"8 of 10 answered"))
    if "/attempts/" not in page.url:
        desk.press("Go on with the quiz")
    assert attempt_on(page) == attempt
    for one in drawn[:8]:
        page.goto(f"/attempts/{attempt}/questions/{one.number}")
        expect(page.locator("[data-status]")).to_have_text(re.compile(r"^Saved \d"))
    for one in drawn[8:]:
        page.goto(f"/attempts/{attempt}/questions/{one.number}")
        choose(page, one)
        saved(page)
    page.goto(f"/attempts/{attempt}")
    desk.press(re.compile("^Hand in"))
    desk.heading(f"Passed: {len(drawn)} of {len(drawn)}")
