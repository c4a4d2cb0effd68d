"""A picture of every page, at 390, 820 and 1440 px, light and dark: `make shots` writes shots/."""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.journeys.conftest import Server, Visitor
from tests.tools import browser as find_browser

OUT = Path(__file__).resolve().parents[1] / "shots"
WIDTHS = (390, 820, 1440)
MYTHS = "/courses/trafficking-101-past-the-myths"
CHILD = "/courses/child-series-1-introduction"


def _first(visitor: Visitor, page: str, pattern: str) -> str | None:
    """Return the first link on a page that matches, so that no identifier is written here."""
    visitor.page.goto(page)
    for link in visitor.page.locator("a[href]").all():
        target = link.get_attribute("href") or ""
        if re.fullmatch(pattern, target):
            return target
    return None


def pages(visitors: dict[str, Visitor]) -> list[tuple[str, str, str | None]]:
    """Return (name, who looks, address) of every page there is something to see on."""
    lena, noor, cora, ada, petra = (visitors[n] for n in ("lena", "noor", "cora", "ada", "petra"))
    certificate = _first(noor, "/transcript", r"/certificates/[0-9-]+")
    department = _first(cora, "/departments", r"/departments/\d+")
    return [
        ("sign-in", "stranger", "/sign-in"),
        ("forgot-password", "stranger", "/forgot-password"),
        ("verify", "stranger", "/verify"),
        ("verify-unknown", "stranger", "/verify/AAAAA-AAAAA-AAAAA-AAAAA"),
        ("privacy", "stranger", "/privacy"),
        ("missing", "stranger", "/nothing-here"),
        ("home-lena", "lena", "/"),
        ("home-noor", "noor", "/"),
        ("home-cora", "cora", "/"),
        ("courses", "lena", "/courses"),
        ("course-begun", "lena", MYTHS),
        ("course-new", "lena", CHILD),
        ("course-finished", "noor", MYTHS),
        ("series", "lena", "/series/caring-for-exploited-young-people"),
        ("lesson", "lena", _first(lena, MYTHS, MYTHS + r"/lessons/[a-z0-9-]+(#.*)?")),
        ("quiz-not-open", "lena", MYTHS + "/quiz"),
        ("takeaway", "lena", MYTHS + "/takeaway"),
        ("claim", "noor", MYTHS + "/claim"),
        ("transcript", "noor", "/transcript"),
        ("certificate", "noor", certificate),
        ("profile", "lena", "/profile"),
        ("departments", "cora", "/departments"),
        ("department", "cora", department),
        ("department-all", "cora", f"{department}?state=all"),
        ("department-empty", "cora", f"{department}?q=nobody+of+this+name"),
        ("person", "cora", _first(cora, f"{department}?state=all", r"/departments/people/\d+")),
        ("assignments", "cora", "/assignments"),
        ("assignment", "cora", _first(cora, "/assignments", r"/assignments/\d+")),
        ("assign", "cora", "/assignments/new"),
        ("forbidden", "lena", "/departments"),
        ("people", "ada", "/people"),
        ("people-add", "ada", "/people/add"),
        ("people-one", "ada", _first(ada, "/people", r"/people/\d+")),
        ("people-departments", "ada", "/people/departments"),
        ("organisation", "ada", "/organisation"),
        ("outbox", "ada", "/outbox"),
        ("versions", "petra", MYTHS + "/versions"),
    ]


def take(server: Server) -> int:
    """Write the pictures of all pages of a running server; return how many."""
    OUT.mkdir(exist_ok=True)
    made = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            for width in WIDTHS:
                size = {"width": width, "height": 900}
                people = {
                    who: Visitor(browser, server.url, size=size, scheme=scheme).sign_in(who)
                    for who in ("lena", "noor", "cora", "petra", "ada")
                }
                people["stranger"] = Visitor(browser, server.url, size=size, scheme=scheme)
                for name, who, address in pages(people):
                    if address is None:
                        print(f"{name}: nothing to show", file=sys.stderr)
                        continue
                    page = people[who].page
                    page.goto(address)
                    page.screenshot(path=OUT / f"{name}-{width}-{scheme}.png", full_page=True)
                    made += 1
                for visitor in people.values():
                    visitor.context.close()
        browser.close()
    return made


def main() -> int:
    """Start a fresh demonstration, take the pictures, stop it."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            print(f"{take(server)} pictures in {OUT}")
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
