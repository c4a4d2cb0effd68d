"""A coordinator with people to chase: from the figure to the list to the person."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import DESK, PHONE, Visitor

pytestmark = pytest.mark.browser
REASON = "Seen at the door first. Everybody needs the first step; “ask alone” & write it down."


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_coordinator_gets_from_the_figure_to_the_evidence_in_three_clicks(visit, size) -> None:
    cora: Visitor = visit(size=size)
    page = cora.page
    cora.sign_in("cora")
    cora.follow("Departments")
    cora.axe()
    figure = page.locator("tr", has=page.get_by_role("link", name="Emergency Medicine"))
    told = int(re.search(r"(\d+) overdue", figure.first.inner_text())[1])
    page.get_by_role("link", name=f"{told} overdue").first.click()
    cora.heading("Emergency Medicine")
    assert "state=overdue" in page.url
    expect(page.locator(".applied")).to_contain_text(f"of {told} shown")
    expect(page.locator("section table.cards").last.locator("tbody tr")).to_have_count(told)
    cora.axe()
    first = page.locator("section table.cards").last.locator("tbody th a").first
    name = first.inner_text()
    first.click()
    cora.heading(name)
    expect(page.locator("main")).to_contain_text(re.compile(r"\d+ days? overdue|Overdue"))
    expect(page.locator("main")).to_contain_text("Answers and scores belong to the learner")
    cora.axe()


def test_the_coordinator_of_another_department_sees_nothing_of_it(visit) -> None:
    cora: Visitor = visit()
    cora.sign_in("cora")
    cora.follow("Departments")
    page = cora.page
    department = page.get_by_role("link", name="Emergency Medicine").first.get_attribute("href")
    page.goto(f"{department}?state=all")
    person = page.locator("a[href^='/departments/people/']").first.get_attribute("href")
    page.goto("/assignments")
    assignment = page.locator("tbody a[href^='/assignments/']").first.get_attribute("href")

    otto: Visitor = visit()
    otto.sign_in("otto")
    page = otto.page
    page.goto("/departments")
    expect(page.locator("main")).to_contain_text("Women’s Health")
    expect(page.locator("main")).not_to_contain_text("Emergency")
    for address in (department, person, assignment):
        assert page.goto(address).status in (403, 404), address
        otto.heading(re.compile("not|no ", re.I))
        expect(page.locator("body")).not_to_contain_text("Emergency Medicine")
    for address in ("/people", "/outbox", "/organisation"):
        assert page.goto(address).status == 403, address
    otto.axe()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_mistake_in_an_assignment_is_told_beside_what_was_typed(visit, size) -> None:
    cora: Visitor = visit(size=size)
    page = cora.page
    cora.sign_in("cora")
    cora.follow("Departments")
    page.get_by_role("button", name="Assign a course").click()
    cora.axe()
    what = page.locator("[name=what]")
    chosen = what.locator("option").nth(1).get_attribute("value")
    what.select_option(chosen)
    page.locator("[name=due_on]").fill("2020-01-31")
    page.locator("[name=reason]").fill(REASON)
    page.locator("[name=asked_by]").fill("Dr. Østergård, Quality")
    cora.press("Assign to the department")
    expect(page.locator("#problems")).to_be_visible()
    expect(page.locator("#problems a").first).to_have_attribute("href", re.compile("#due_on"))
    expect(what).to_have_value(chosen)
    expect(page.locator("[name=due_on]")).to_have_value("2020-01-31")
    expect(page.locator("[name=due_on]")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("[name=reason]")).to_have_value(REASON)
    expect(page.locator("[name=asked_by]")).to_have_value("Dr. Østergård, Quality")
    cora.axe()


def test_what_is_assigned_stands_in_the_department_at_once(visit) -> None:
    otto: Visitor = visit()
    page = otto.page
    otto.sign_in("otto")
    page.goto("/assignments/new")
    page.locator("[name=what]").select_option(index=1)
    page.locator("[name=due_on]").fill("2027-06-30")
    page.locator("[name=reason]").fill(REASON)
    page.locator("[name=asked_by]").fill("Women’s Health")
    otto.press("Assign to the department")
    expect(page.locator("main")).to_contain_text("2027")
    page.goto("/assignments")
    expect(page.locator("tbody tr", has_text="2027")).to_have_count(1)
