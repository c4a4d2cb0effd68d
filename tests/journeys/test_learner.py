"""A physician with eleven minutes: on a phone, without JavaScript, by the keyboard alone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, Server, Visitor
from tests.journeys.walks import (
    CHILD,
    Errand,
    answered,
    attempt_on,
    best_marks,
    choose,
    drawn_of,
    saved,
)

pytestmark = pytest.mark.browser


def test_a_learner_on_a_phone_goes_from_what_is_due_to_a_certificate_that_holds(
    visit, server: Server, tmp_path: Path
) -> None:
    lena: Visitor = visit(size=PHONE)
    page = lena.page
    page.goto("/")
    lena.heading("Sign in")
    lena.axe()
    lena.sign_in("lena")

    # What is due, by when, why, and the one button that goes on at the place.
    lena.heading(re.compile(r"Lena\. One\sthing is due\."))
    due = page.locator(".due").first
    expect(due.locator("h2")).to_contain_text("Past the Myths")
    expect(due.locator(".when")).to_contain_text(re.compile(r"Due .*20\d\d"))
    due.get_by_text("Why am I asked to do this?").tap()
    expect(due).to_contain_text("Part of our department’s response plan.")
    expect(due).to_contain_text("You stopped at “")
    lena.axe()
    due.locator("a.next").tap()
    expect(page).to_have_url(re.compile(r"/lessons/[a-z0-9-]+#[a-z0-9-]+$"))
    anchor = page.url.split("#")[1]
    expect(page.locator(f"[id='{anchor}']")).to_be_in_viewport()

    read_on(lena)

    # The quiz: all right but one, so that passing is not the same as perfect.
    lena.heading("The quiz")
    lena.axe()
    page.get_by_role("button", name="Start the quiz").tap()
    attempt = attempt_on(page)
    drawn = drawn_of(server, attempt)
    for one in drawn:
        lena.heading(f"Question {one.number} of {len(drawn)}")
        assert "rationale" not in page.content()
        choose(page, one, tap=True)
        saved(page)
        if one.number in (1, 2):
            lena.axe()
        page.locator(".turn .next:not(.plain), .turn .next").last.tap()
    lena.heading("Look over and hand in")
    assert answered(server, attempt) == len(drawn)
    lena.axe()
    page.get_by_role("button", name=re.compile("^Hand in")).tap()
    lena.heading(f"Passed: {len(drawn)} of {len(drawn)}")
    lena.axe()

    # Evaluate and claim less than the maximum, in one page.
    page.locator("header a.next").tap()
    lena.heading("Evaluate and claim")
    for question in page.locator("fieldset").all():
        question.locator(".choice").nth(1).tap()
    page.get_by_label(re.compile("^Your name|name as", re.I)).first.fill("Lena Nguyễn, MD")
    lena.axe()
    page.get_by_role("button", name="Claim 0.50 hours").tap()

    # The certificate, in the same request.
    lena.heading("Your certificate")
    expect(page.locator(".certificate .name")).to_have_text("Lena Nguyễn, MD")
    expect(page.locator(".certificate")).to_contain_text("0.50")
    lena.axe()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Download certificate").tap()
    file = tmp_path / "certificate.pdf"
    downloading.value.save_as(file)
    verdict = server.run("certificates", "verify", str(file))
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "Lena Nguyễn, MD, 0.50" in verdict.stdout
    altered = tmp_path / "altered.pdf"
    altered.write_bytes(file.read_bytes() + b"\n")
    assert server.run("certificates", "verify", str(altered)).returncode == 1

    page.goto("/transcript")
    expect(page.locator("tbody tr").first).to_contain_text("Past the Myths")
    expect(page.locator("tbody tr").first).to_contain_text("0.50")
    lena.axe()
    page.goto("/")
    lena.heading(re.compile("Nothing is due, Lena"))


def read_on(visitor: Visitor) -> None:
    """Read lesson after lesson, looking at each, until the quiz; answer every knowledge check."""
    page = visitor.page
    while "/lessons/" in page.url:
        for number in range(page.locator("form.check").count()):
            check = page.locator("form.check").nth(number)
            check.locator(".choice").first.tap()
            check.get_by_role("button").tap()
            told = page.locator("form.check").nth(number).locator(".note")
            expect(told.locator("h3")).to_have_text(re.compile(r"^(Yes|Not quite)\.$"))
            expect(told).to_be_in_viewport()
        visitor.axe()
        before = page.url
        page.get_by_role("button", name="Mark as read and go on").tap()
        page.wait_for_url(lambda url, left=before: url.split("?")[0] != left.split("?")[0])


def test_case_44_a_learner_without_javascript_reads_answers_and_hands_in(
    visit, server: Server
) -> None:
    cora: Visitor = visit(javascript=False)
    page = cora.page
    cora.sign_in("cora")
    page.goto(f"/courses/{CHILD}")
    page.get_by_role("checkbox").check()
    cora.press("Start course")
    while "/lessons/" in page.url:
        cora.press("Mark as read and go on")
    cora.press("Start the quiz")
    attempt = attempt_on(page)
    drawn = drawn_of(server, attempt)
    for one in drawn:
        cora.heading(f"Question {one.number} of {len(drawn)}")
        choose(page, one)
        # Without a script there is nothing to wait for but the next page itself.
        before = page.url
        page.locator(".turn button").last.click()
        page.wait_for_url(lambda url, before=before: url != before, timeout=30_000)
    cora.press(re.compile("^Hand in"))
    cora.heading(f"Passed: {len(drawn)} of {len(drawn)}")


def test_case_78_the_keyboard_alone_signs_in_reads_and_answers(visit, server: Server) -> None:
    noor: Visitor = visit()
    page = noor.page
    keys = page.keyboard
    page.goto("/sign-in")
    tab_to(page, "input[name=email]")
    keys.type("noor@example.org")
    tab_to(page, "input[name=password]")
    keys.type("correct-horse-battery")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    # The first Tab leads past the navigation, and what has the focus is always seen to have it.
    keys.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the page")
    keys.press("Enter")
    page.goto("/courses?q=introduction+to+child")
    tab_to(page, f"a[href='/courses/{CHILD}']")
    keys.press("Enter")
    expect(page.locator("#start")).to_be_attached()
    tab_to(page, "#acknowledged")
    keys.press("Space")
    tab_to(page, "#start button")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("/lessons/"))
    tab_to(page, "form.check input[type=radio]")
    keys.press("Space")
    tab_to(page, "form.check button")
    keys.press("Enter")
    expect(page.locator("form.check .note").first).to_be_visible()
    tab_to(page, "form[action$='/read'] button")
    keys.press("Enter")
    expect(page.locator(".where, .prose header").first).to_contain_text("Lesson 2")

    # The rest is read already; the quiz.
    Errand(noor, server).read(CHILD)
    page.goto(f"/courses/{CHILD}/quiz")
    tab_to(page, "main form button")
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text(re.compile("Question 1 of"))
    attempt = attempt_on(page)
    one = drawn_of(server, attempt)[0]
    by_keys(page, one.item.kind.value, best_marks(one))
    expect(page.locator("[data-answered]")).to_have_text(re.compile("^1 of"))
    assert answered(server, attempt) == 1
    keys.press("Enter")
    expect(page.locator("h1")).to_have_text(re.compile("Question 2 of"))


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until this has the focus, and assert that the focus is visible all the way."""
    for _ in range(120):
        page.keyboard.press("Tab")
        has_it, is_shown = page.evaluate(
            """(selector) => {
              const one = document.activeElement;
              const box = one.closest(".choice") || one;
              const drawn = [one, box].some((at) => getComputedStyle(at).outlineStyle !== "none");
              return [one.matches(selector), drawn || one === document.body];
            }""",
            selector,
        )
        assert is_shown, page.evaluate("document.activeElement.outerHTML")
        if has_it:
            return
    raise AssertionError(f"Tab does not lead to {selector} on {page.url}")


def by_keys(page: Page, kind: str, marks: list[str]) -> None:
    """Answer the question shown with Tab, arrows and Space."""
    if kind in ("ordering", "matching"):
        for row, mark in enumerate(marks):
            page.locator(".answers select").nth(row).focus()
            page.keyboard.type(mark if kind == "ordering" else "ABCDEFGH"[int(mark) - 1])
            page.keyboard.press("Tab")
    elif kind == "multiple":
        tab_to(page, ".answers input")
        for place in range(1, int(marks[-1]) + 1):
            if str(place) in marks:
                page.keyboard.press("Space")
            page.keyboard.press("Tab")
    else:
        tab_to(page, ".answers input")
        page.keyboard.press("Space")
        for _ in range(int(marks[0]) - 1):
            page.keyboard.press("ArrowDown")
    expect(page.locator("[data-status]")).to_contain_text("Saved")
