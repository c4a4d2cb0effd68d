"""A stranger finds help without scripts and leaves in a click; a nurse prints whom to call."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import DESK, Server, Visitor

pytestmark = pytest.mark.browser
WEATHER = "https://www.weather.gov/"


def test_without_scripts_a_stranger_narrows_the_list_and_can_send_its_address_on(
    chromium: Browser, server: Server
):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server.url}/directory")
    page.get_by_label("County or state").select_option("CA:Alameda")
    page.get_by_label("Age of the person").fill("15")
    page.get_by_label("Need").select_option("youth shelter")
    page.get_by_role("button", name="Show services").click()
    assert "where=CA%3AAlameda" in page.url
    expect(page.locator("#dreamcatcher")).to_contain_text("Call first")
    expect(page.locator("#misssey")).to_have_count(0)
    first = page.locator("main h3").first
    expect(first).to_have_text("National Human Trafficking Hotline")
    expect(page.get_by_role("button", name="Leave this page")).to_have_attribute("href", WEATHER)
    context.close()


def test_leave_this_page_takes_its_place_in_the_history(chromium: Browser, server: Server):
    context = chromium.new_context()
    page = context.new_page()
    page.route(f"{WEATHER}**", lambda route: route.fulfill(body="<title>Weather</title>"))
    page.goto(f"{server.url}/verify")
    page.goto(f"{server.url}/directory")
    page.get_by_role("button", name="Leave this page").click()
    page.wait_for_url(WEATHER)
    page.go_back()
    assert page.url == f"{server.url}/verify"
    context.close()


def pages_of(visitor: Visitor) -> int:
    """How many sheets of US Letter a page is printed on."""
    printed = visitor.page.pdf(format="Letter", prefer_css_page_size=True)
    return len(re.findall(rb"/Type /Page\b", printed))


def test_the_card_is_printed_on_one_page_and_the_directory_on_few(
    chromium: Browser, server: Server
):
    noor = Visitor(chromium, server.url, size=DESK).sign_in("noor")
    noor.page.goto("/protocol-card")
    assert pages_of(noor) == 1
    noor.page.goto("/directory?where=CA:Alameda")
    assert pages_of(noor) <= 2
    noor.page.goto("/directory")
    assert pages_of(noor) <= 3
    noor.close()
