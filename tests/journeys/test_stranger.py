"""Somebody was handed a certificate and wants to know what it is worth."""

import re

import cv2
import numpy
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE, Server, Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def codes(server: Server) -> dict[str, str]:
    """A code of the demonstration in each state."""
    found = {}
    for kind in ("superseded", "revoked"):
        ((found[kind],), *_) = server.rows(
            "SELECT code FROM ledger_entries WHERE kind = 'issued' AND serial IN"
            " (SELECT serial FROM ledger_entries WHERE kind = ?)", kind,
        )
    ((found["valid"], found["serial"]),) = server.rows(
        "SELECT code, serial FROM ledger_entries WHERE kind = 'issued' AND person_id ="
        " (SELECT id FROM people WHERE email = 'noor@example.org')"
        " ORDER BY seq LIMIT 1",
    )
    return found


def test_case_14_the_code_on_a_certificate_leads_a_phone_straight_to_the_verdict(
    visit, codes: dict[str, str]
) -> None:
    noor: Visitor = visit()
    noor.sign_in("noor")
    noor.page.goto(f"/certificates/{codes['serial']}")
    picture = noor.page.locator(".certificate .verify svg").screenshot(scale="device")
    seen = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_COLOR)
    seen = cv2.resize(seen, None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    seen = cv2.copyMakeBorder(seen, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    address, _, _ = cv2.QRCodeDetector().detectAndDecode(seen)

    stranger: Visitor = visit(size=PHONE)
    stranger.page.goto(address)
    stranger.heading("Valid")
    facts = stranger.page.locator("dl.facts").first
    expect(facts).to_contain_text("Noor Haddad, RN")
    expect(facts).to_contain_text("version 1")
    expect(facts).to_contain_text("0.75")
    expect(facts).to_contain_text("Demonstration Hospital")
    # What the paper shows, and nothing more.
    text = stranger.page.locator("main").inner_text()
    assert not re.search(r"@(?!.*education)|Emergency Medicine|score|attempt|license", text)
    expect(stranger.page.locator("meta[name=robots]")).to_have_attribute(
        "content", "noindex, nofollow"
    )
    stranger.axe()


@pytest.mark.parametrize("slip", ["lower", "no dashes", "O for 0", "spaces and an address"])
def test_a_code_typed_with_slips_is_read_as_it_was_meant(
    visit, codes: dict[str, str], slip: str
) -> None:
    code = codes["valid"]
    typed = {
        "lower": code.lower(),
        "no dashes": code.replace("-", ""),
        "O for 0": code.replace("0", "O").replace("1", "l"),
        "spaces and an address": "  " + code.replace("-", " ") + " ",
    }[slip]
    stranger: Visitor = visit(size=PHONE, javascript=False)
    stranger.page.goto("/")
    stranger.page.get_by_role("link", name="Verify a certificate").first.click()
    stranger.page.get_by_label(re.compile("^Code")).fill(typed)
    stranger.press("Verify certificate")
    stranger.heading("Valid")
    assert stranger.page.url.endswith(f"/verify/{code}")


def test_case_13_every_state_is_told_plainly_with_day_and_reason(
    visit, codes: dict[str, str]
) -> None:
    stranger: Visitor = visit()
    page = stranger.page
    page.goto(f"/verify/{codes['superseded']}")
    stranger.heading("Replaced")
    expect(page.locator("main")).to_contain_text(re.compile(r"took its place on \w+ \d+, 20\d\d"))
    expect(page.locator("main")).to_contain_text("Name changed after marriage")
    expect(page.locator("main")).not_to_contain_text("Diallo")
    stranger.axe()
    page.locator("dl.facts a").first.click()
    stranger.heading("Valid")
    expect(page.locator("main")).to_contain_text("Amara Diallo-Laurent, MD")

    page.goto(f"/verify/{codes['revoked']}")
    stranger.heading("Revoked")
    expect(page.locator("main")).to_contain_text(re.compile(r"withdrawn on \w+ \d+, 20\d\d"))
    expect(page.locator("main")).to_contain_text("Claimed from another person")
    stranger.axe()

    for wrong in ("AAAAA-AAAAA-AAAAA-AAAAA", codes["valid"][:-1] + "?", "x" * 300, "%F0%9F%A6%89"):
        assert page.goto(f"/verify/{wrong}").status in (404, 422)
        stranger.heading("Not found")
    page.goto("/verify")
    page.get_by_label(re.compile("^Code")).fill("1234")
    stranger.press("Verify certificate")
    expect(page.get_by_label(re.compile("^Code"))).to_have_value("1234")
    expect(page.locator("#code-error")).to_be_visible()
    stranger.axe()
