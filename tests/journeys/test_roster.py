"""A roster comes in: chosen, looked at, decided, imported, and taken away, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from lms.tables.sheets import read
from tests.journeys.conftest import DESK, PHONE, Visitor
from tests.people.rosters import csv

pytestmark = pytest.mark.browser
HEADER = ("E-mail", "Full name", "Employee ID", "Profession", "Department", "Cost center")


def handed_in(tag: str) -> bytes:
    return csv(
        [
            [f"amara-{tag}@example.org", "Amara Diallo, RN", f"{tag}-1", "RN", "Emergency Medicine", "7"],
            [f"bo-{tag}@example.org", "Bo Lindgren, MD", f"{tag}-2", "MD", "Emergancy Medicine", "7"],
            [f"cy-{tag}.example.org", "Cy Okafor", f"{tag}-3", "Clerk", "Emergency Medicine", "7"],
        ],
        HEADER,
    )


def choose(visitor: Visitor, data: bytes, name: str = "roster-march.csv") -> None:
    file = {"name": name, "mimeType": "text/csv", "buffer": data}
    visitor.page.locator("[name=file]").set_input_files(file)
    visitor.press("Check this file")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_case_57_a_coordinator_brings_a_roster_in(visit, size) -> None:
    tag = f"w{size['width']}"
    cora: Visitor = visit(size=size)
    page = cora.page
    cora.sign_in("cora")
    page.goto("/people/import")
    cora.heading("Import people")
    cora.axe()
    choose(cora, b"%PDF-1.7", "roster.pdf")
    expect(page.locator("#problems")).to_contain_text("This is a PDF")
    expect(page.locator("[name=file]")).to_have_attribute("aria-invalid", "true")
    cora.axe()

    choose(cora, handed_in(tag))
    cora.heading("1 of 3 rows are ready")
    preview = page.url
    expect(page.locator("main")).to_contain_text("Nothing has been saved yet")
    expect(page.locator("main")).to_contain_text("Not used: Cost center")
    wrong = page.locator("section", has=page.get_by_role("heading", name="Rows with a problem"))
    expect(wrong.locator("tbody tr")).to_have_count(2)
    expect(wrong).to_contain_text("Did you mean")
    expect(wrong).to_contain_text("the @ is missing")
    expect(page.get_by_label("Add the departments that are missing")).to_have_count(0)
    expect(page.get_by_label(re.compile("Close the account"))).to_have_count(0)
    cora.axe()

    cora.press("Import 1 row")
    expect(page.locator("#problems")).to_contain_text("nothing was")
    cora.axe()
    page.get_by_label(re.compile("Leave out the 2 rows")).check()
    cora.press("Import 1 row")
    cora.heading("1 of 3 rows imported")
    cora.axe()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Result as CSV").click()
    table = read(taken.value.path().read_bytes())
    assert [row.cells[7] for row in table.rows] == ["new", "problem", "problem"]
    # Whoever goes back there sees that it's done.
    page.goto(preview)
    cora.heading("1 of 3 rows imported")


def test_an_administrator_decides_whose_address_it_is_without_script(visit) -> None:
    ada: Visitor = visit(javascript=False)
    page = ada.page
    ada.sign_in("ada")
    for address, shown in (("di-a@example.org", "The row is ready"), ("di-b@example.org", "0 of 1 row")):
        page.goto("/people/import")
        row = [address, "Di Example", "D-77", "Nurse", "Emergency Medicine", ""]
        choose(ada, csv([row], HEADER))
        ada.heading(re.compile(shown))
        if shown.startswith("The"):
            ada.press("Import 1 row")
            ada.heading("1 of 1 row imported")
    expect(page.locator("main")).to_contain_text("Same staff number as Di Example")
    page.get_by_label("What to do with line 2").select_option("add")
    ada.press("Keep these choices and check again")
    ada.heading("The row is ready")
    expect(page.locator("main")).to_contain_text("Further address: di-b@example.org")
    ada.press("Import 1 row")
    ada.heading("1 of 1 row imported")
    page.goto("/people?q=di-a")
    ada.follow("Di Example")
    expect(page.locator("main")).to_contain_text("Also found by di-b@example.org")
