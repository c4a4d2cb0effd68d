"""An administrator lets somebody in; a planner corrects and withdraws certificates."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Server, Visitor

pytestmark = pytest.mark.browser
NEW = "a-quiet-long-password"


def test_a_new_person_comes_in_by_the_link_that_was_mailed(visit) -> None:
    ada: Visitor = visit()
    page = ada.page
    ada.sign_in("ada")
    ada.follow("People")
    page.get_by_role("button", name="Add a person").click()
    page.locator("[name=email]").fill("ines@example.org")
    page.locator("[name=name]").fill("Inês Araújo, RN")
    page.locator("[name=profession]").select_option("nurse")
    page.locator("[name=department_id]").select_option(index=2)
    ada.axe()
    page.locator("main form button[type=submit]").first.click()
    ada.heading("Inês Araújo, RN")
    page.goto("/outbox")
    row = page.locator("tr", has_text="ines@example.org")
    row.get_by_text("Read it").click()
    ada.axe()
    link = re.search(r"http\S+/reset-password/\S+", row.first.inner_text())[0]

    ines: Visitor = visit()
    page = ines.page
    page.goto(link)
    ines.axe()
    page.locator("[name=password]").fill("short")
    page.locator("main form button[type=submit]").click()
    page.locator("[name=password]").fill(NEW)
    page.locator("main form button[type=submit]").click()
    page.wait_for_load_state()
    if page.get_by_role("button", name="Sign out").count() == 0:
        ines.sign_in("ines", NEW)
    page.goto("/")
    expect(page.locator("h1")).to_contain_text("Inês")
    ines.axe()

    # The link works once.
    other: Visitor = visit()
    other.page.goto(link)
    other.heading("This link no longer works")


def test_a_planner_corrects_a_name_then_revokes_and_the_public_page_says_so(
    visit, server: Server
) -> None:
    ((serial, code),) = server.rows(
        "SELECT serial, code FROM ledger_entries WHERE kind = 'issued' AND serial NOT IN"
        " (SELECT serial FROM ledger_entries WHERE kind <> 'issued') ORDER BY seq LIMIT 1"
    )
    petra: Visitor = visit()
    page = petra.page
    petra.sign_in("petra")
    page.goto(f"/certificates/{serial}")
    page.get_by_role("button", name="Correct the name").click()
    page.locator("[name=name]").fill("Šárka Nováková-Reyes, MD")
    page.locator("[name=reason]").fill("Spelling, as on the license")
    page.locator("[name=confirmed]").check()
    petra.axe()
    petra.press("Issue the corrected certificate")
    expect(page.locator(".certificate .name")).to_have_text("Šárka Nováková-Reyes, MD")
    petra.axe()
    new = re.search(r"/certificates/([A-Z0-9-]+)", page.url)[1]
    assert new != serial

    stranger: Visitor = visit()
    stranger.page.goto(f"/verify/{code}")
    stranger.heading("Replaced")
    expect(stranger.page.locator("main")).to_contain_text("Spelling, as on the license")
    stranger.page.locator("dl.facts a").first.click()
    stranger.heading("Valid")
    expect(stranger.page.locator("main")).to_contain_text("Šárka Nováková-Reyes, MD")
    corrected = stranger.page.url

    page.get_by_role("button", name="Revoke").click()
    page.locator("[name=reason]").fill("Issued to the wrong account")
    petra.press("Revoke certificate")
    expect(page.locator("[name=reason]")).to_have_value("Issued to the wrong account")
    page.locator("[name=confirmed]").check()
    petra.press("Revoke certificate")
    expect(page.locator(".note.wrong")).to_contain_text("Issued to the wrong account")
    stranger.page.goto(corrected)
    stranger.heading("Revoked")
    expect(stranger.page.locator("main")).to_contain_text("Issued to the wrong account")
    stranger.axe()
    told = server.run("doctor").stdout
    assert re.search(r"^ok +ledger +\d+ rows are chained", told, re.MULTILINE), told
