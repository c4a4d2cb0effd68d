"""How somebody walks through a course: by the pages, or by the same requests without looking."""

import json
import re
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from lms.learning.rules import drawing, scoring
from tests.journeys.conftest import Server, Visitor

MYTHS = "trafficking-101-past-the-myths"
CHILD = "child-series-1-introduction"


def lessons(server: Server, key: str) -> list[str]:
    """Return the lessons of the newest version of a course, in order."""
    (found, *_) = server.rows(
        "SELECT v.content FROM course_versions v JOIN courses c ON c.id = v.course_id"
        " WHERE c.key = ? ORDER BY v.number DESC", key,
    )
    return [one["id"] for one in json.loads(found[0])["lessons"]]


def drawn_of(server: Server, attempt_id: int) -> tuple[drawing.Drawn, ...]:
    """Return the questions of an attempt, keys included, from the database."""
    (found,) = server.rows("SELECT drawn FROM attempts WHERE id = ?", attempt_id)
    return drawing.thaw(json.loads(found[0]))


def best_marks(drawn: drawing.Drawn) -> list[str]:
    """Return the positions, as the page shows them, of the best answer."""
    return drawing.marks_of(drawn, scoring.best(drawn.item))


def answered(server: Server, attempt_id: int) -> int:
    """Return how many answers of an attempt the database holds."""
    return server.rows("SELECT count(*) FROM answers WHERE attempt_id = ?", attempt_id)[0][0]


def attempt_on(page: Page) -> int:
    """Return the attempt whose page this is, or is about to be."""
    page.wait_for_url(re.compile(r"/attempts/\d+"))
    found = re.search(r"/attempts/(\d+)", page.url)
    assert found, page.url
    return int(found[1])


def choose(page: Page, drawn: drawing.Drawn, *, tap: bool = False) -> None:
    """Give the best answer on the page of a question, as a hand would."""
    marks = best_marks(drawn)
    kind = drawn.item.kind.value
    if kind in ("ordering", "matching"):
        for row, mark in enumerate(marks):
            page.locator(".answers select").nth(row).select_option(mark)
    elif kind == "case":
        for taken, mark in enumerate(marks, start=1):
            page.locator(f".answers input[value='{mark}']").check()
            page.get_by_role("button", name="Do this").click()
            expect(page.locator(".steps > li")).to_have_count(taken)
    else:
        for mark in marks:
            choice = page.locator(f".answers .choice:has(input[value='{mark}'])")
            choice.tap() if tap else choice.click()


def saved(page: Page) -> None:
    """Wait until the page says that the answer is saved."""
    expect(page.locator("[data-status]")).to_have_text(re.compile(r"^Saved [^.]*$"))


class Errand:
    """The same requests as the forms make, sent without a page: to get somewhere quickly."""

    def __init__(self, visitor: Visitor, server: Server) -> None:
        self.visitor, self.server = visitor, server
        self.send = visitor.context.request
        page = self.send.get("/").text()
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found
        self.token = found[1]

    def post(self, address: str, fields: dict[str, str | list[str]] | None = None) -> str:
        """Send a form; return the address it led to."""
        answer = self.send.post(
            address,
            data=urlencode({"csrf_token": self.token, **(fields or {})}, doseq=True),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.ok, f"{address}: {answer.status} {answer.text()[:2000]}"
        return answer.url

    def begin(self, key: str) -> None:
        """Start a course."""
        self.post(f"/courses/{key}/start", {"acknowledged": "y"})

    def read(self, key: str) -> None:
        """Start a course and mark all its lessons as read."""
        self.begin(key)
        for lesson in lessons(self.server, key):
            self.post(f"/courses/{key}/lessons/{lesson}/read")

    def quiz(self, key: str) -> int:
        """Start the quiz; return the attempt."""
        led_to = self.post(f"/courses/{key}/quiz")
        return int(re.search(r"/attempts/(\d+)", led_to)[1])

    def answer(self, attempt_id: int, *, right: int, left_open: int = 0) -> None:
        """Answer so many questions right and, where the kind makes it easy, the others wrong."""
        drawn = drawn_of(self.server, attempt_id)
        for number, one in enumerate(drawn[: len(drawn) - left_open], start=1):
            marks = best_marks(one)
            if number > right and one.item.kind.value in ("single", "true_false"):
                marks = ["1" if marks != ["1"] else "2"]
            fields: dict[str, str | list[str]] = {"mark": marks}
            if one.item.kind.value == "case":
                fields = {"mark": marks[:-1], "choice": marks[-1], "step": str(len(marks))}
            self.post(f"/attempts/{attempt_id}/questions/{number}", fields)

    def take_quiz(self, key: str, *, right: int = 99) -> int:
        """Read a course and hand in its quiz; return the attempt."""
        self.read(key)
        attempt = self.quiz(key)
        self.answer(attempt, right=right)
        self.post(f"/attempts/{attempt}/submit")
        return attempt
