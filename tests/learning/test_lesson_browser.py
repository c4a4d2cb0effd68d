"""What static/lesson.js promises, in a real browser before a real server; and reading without it."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from lms.db import db
from lms.learning.models import Position
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny
from tests.learning import steps

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]
SOAP = "/courses/tiny/lessons/soap"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def url(app, cast) -> Iterator[str]:
    """The app on a port of its own, with CSRF protection on; Lena has begun the tiny course."""
    app.config["WTF_CSRF_ENABLED"] = True
    publish_tiny(at=NOON)
    steps.begin(cast.actor("lena"), at=NOON, today=datetime.now(UTC).date())
    db.session.commit()
    server = make_server("localhost", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def device(chromium, url, as_, cast):
    """Return a function that opens one more of Lena's devices."""
    opened: list[BrowserContext] = []

    def another(**options) -> BrowserContext:
        context = chromium.new_context(base_url=url, **options)
        cookie = as_(cast.lena).get_cookie("rounds")
        context.add_cookies([{"name": "rounds", "value": cookie.value, "url": url}])
        opened.append(context)
        return context

    yield another
    for one in opened:
        one.close()


def kept() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Position.anchor)))


def test_case_43_reading_goes_on_at_the_same_heading_on_another_device(device):
    phone = device(viewport=PHONE).new_page()
    phone.goto(SOAP)
    with phone.expect_response(re.compile("/position$")) as sent:
        phone.locator("#soap").evaluate("one => one.scrollIntoView({block: 'start'})")
    assert sent.value.status == 204
    assert kept() == ["soap"]
    desk = device().new_page()
    desk.goto("/courses/tiny")
    desk.get_by_role("button", name="Continue lesson 2").click()
    expect(desk).to_have_url(re.compile("/lessons/soap#soap$"))
    expect(desk.locator("#soap")).to_be_in_viewport()


def test_the_place_is_sent_when_the_page_is_left_at_once(device):
    page = device(viewport=PHONE).new_page()
    page.goto(SOAP)
    page.locator("#soap").evaluate("one => one.scrollIntoView({block: 'start'})")
    page.goto("/courses")
    page.wait_for_timeout(500)
    assert kept() == ["soap"]


def test_without_script_one_reads_checks_and_goes_on(device):
    page = device(java_script_enabled=False).new_page()
    page.goto("/courses/tiny/lessons/moments")
    page.get_by_label("After the round").check()
    page.get_by_role("button", name="Check my answer").click()
    expect(page.get_by_role("status")).to_contain_text("Too late for this patient.")
    assert page.url.endswith("#check-door")
    page.get_by_role("button", name="Mark as read and go on").click()
    expect(page).to_have_url(re.compile(SOAP))
    assert kept() == []


def test_a_lesson_can_be_read_and_handed_in_by_keyboard_alone(device):
    page = device().new_page()
    page.goto("/courses/tiny/lessons/moments")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "radio":
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if "Mark as read" in page.evaluate("document.activeElement.textContent"):
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(SOAP))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1440])
def test_the_pages_of_learning_hold_no_barrier_and_nothing_overflows(device, scheme, width):
    page = device(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()
    for address in (
        "/courses", "/courses?q=nothing", "/courses/tiny", SOAP,
        "/courses/tiny/lessons/habits", "/courses/tiny/takeaway",
        "/courses/tiny/lessons/moments?check=door&choice=a#check-door",
    ):
        page.goto(address)
        found = Axe().run(page).response["violations"]
        assert not found, (address, [one["id"] for one in found])
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, address


def test_the_page_to_keep_prints_on_one_sheet(device):
    page = device().new_page()
    page.goto("/courses/tiny/takeaway")
    printed = page.pdf(format="Letter")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
