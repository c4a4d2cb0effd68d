"""A picture of every page, at 390, 820 and 1440 px, light and dark: `make shots` writes shots/."""

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.journeys.conftest import Server, Visitor
from tests.journeys.walks import CHILD as CHILD_KEY
from tests.journeys.walks import MYTHS as MYTHS_KEY
from tests.journeys.walks import Errand, drawn_of, lessons
from tests.tools import browser as find_browser

OUT = Path(__file__).resolve().parents[1] / "shots"
WIDTHS = (390, 820, 1440)
SCHEMES = ("light", "dark")
PEOPLE = ("lena", "noor", "sam", "cora", "otto", "petra", "ada")
MYTHS, CHILD = f"/courses/{MYTHS_KEY}", f"/courses/{CHILD_KEY}"


@dataclass(frozen=True)
class Shot:
    """A page there is something to see on: who looks, where, and what they do there."""

    name: str
    who: str
    at: str  # names in braces are found when the demonstration is staged
    then: Callable[[Visitor], None] | None = None

    def show(self, people: dict[str, Visitor], places: dict[str, str]) -> Visitor:
        """Bring a browser there; return whose."""
        visitor = people[self.who]
        visitor.page.goto(self.at.format(**places))
        if self.then:
            self.then(visitor)
            visitor.page.wait_for_load_state()
        return visitor


def send(button: str, **typed: str) -> Callable[[Visitor], None]:
    """Return what fills in fields and presses a button, past what the browser would check."""

    def do(visitor: Visitor) -> None:
        for name, value in typed.items():
            visitor.page.locator(f"[name={name}]").first.fill(value)
        visitor.page.locator("form").evaluate_all("all => all.forEach(f => f.noValidate = true)")
        with visitor.page.expect_navigation():
            visitor.press(button)

    return do


_HEADING = "E-mail,Name,Staff number,Profession,Department,Cost center\n"
_GOOD = (
    'amara@example.org,"Amara Diallo, RN",S100,RN,Emergency Medicine,7\n'
    'sam@example.org,Sam Okafor,S101,Registration,Emergency Medicine,7\n'
)
_BAD = (
    'bo.example.org,"Bo Lindgren, MD",S102,MD,Emergancy Medicine,8\n'
    'lena@example.org,"Lena Nguyễn, MD",S103,Wizard,,8\n'
)
GOOD_ROSTER = (_HEADING + _GOOD).encode()
ROSTER = (_HEADING + _GOOD + _BAD).encode()


def hand_in(roster: bytes, then: str = "") -> Callable[[Visitor], None]:
    """Return what chooses a roster and has it checked, and presses a button then."""

    def do(visitor: Visitor) -> None:
        file = {"name": "roster-march.csv", "mimeType": "text/csv", "buffer": roster}
        visitor.page.locator("[name=file]").set_input_files(file)
        for button in filter(None, ("Check this file", then and re.compile(then))):
            with visitor.page.expect_navigation():
                visitor.press(button)

    return do


def check_oneself(visitor: Visitor) -> None:
    """Answer the first knowledge check of a lesson."""
    visitor.page.locator(".check .choice").first.click()
    with visitor.page.expect_navigation():
        visitor.page.locator(".check button").first.click()


def choose(action: str, *, everyone: bool = False, **typed: str) -> Callable[[Visitor], None]:
    """Return what ticks people of a department's list and says what to do with them.

    What is typed goes into the form that comes; then it's counted.
    """

    def do(visitor: Visitor) -> None:
        page = visitor.page
        boxes = page.locator("[name=everyone]" if everyone else "[name=person]")
        for box in boxes.all()[:6]:
            box.check()
        with page.expect_navigation():
            page.locator(f"button[name=action][value={action}]").click()
        if typed:
            page.locator("[name=what]").select_option(index=1)
            send("Count first", **typed)(visitor)

    return do


SHOTS = (
    Shot("sign-in", "stranger", "/sign-in"),
    Shot("sign-in-refused", "stranger", "/sign-in",
         send("Sign in", email="who@example.org", password="not-this-one")),
    Shot("forgot-password", "stranger", "/forgot-password"),
    Shot("reset-too-late", "stranger", "/reset-password/this-link-is-too-old"),
    Shot("verify", "stranger", "/verify"),
    Shot("verify-refused", "stranger", "/verify?code=12"),
    Shot("verify-unknown", "stranger", "/verify/AAAAA-AAAAA-AAAAA-AAAAA"),
    Shot("verify-valid", "stranger", "/verify/{valid}"),
    Shot("verify-replaced", "stranger", "/verify/{superseded}"),
    Shot("verify-revoked", "stranger", "/verify/{revoked}"),
    Shot("privacy", "stranger", "/privacy"),
    Shot("directory", "stranger", "/directory"),
    Shot("directory-asked", "stranger", "/directory?where=CA:Alameda&age=15&need=case+management"),
    Shot("directory-none", "stranger", "/directory?q=nothing+of+this+name"),
    Shot("directory-due", "petra", "/directory/due"),
    Shot("library", "stranger", "/library"),
    Shot("library-asked", "stranger", "/library?q=hotline&from=2016"),
    Shot("library-none", "stranger", "/library?q=nothing+of+this+name"),
    Shot("library-entry", "stranger", "/library/apsac-2013"),
    Shot("courses-path", "lena", "/courses?path=emergency-department"),
    Shot("courses-asked", "lena", "/courses?profession=nurse&minutes=30"),
    Shot("facilitator", "lena", "/courses/child-series-2-global-boys/facilitator"),
    Shot("case-map", "petra", "/courses/ed-teaching-cases/lessons/case-a/cases/the-note/map"),
    Shot("due", "petra", "/courses/due?by=2027-03-01"),
    Shot("due-none", "petra", "/courses/due?by=2020-01-01"),
    Shot("protocol-card", "noor", "/protocol-card"),
    Shot("protocol-card-none", "ada", "/protocol-card"),
    Shot("protocol-cards", "petra", "/protocol-cards"),
    Shot("place-card", "petra", "{place-card}"),
    Shot("place-card-refused", "petra", "{place-card}",
         send("Save protocol card", security="ring the bell", source="")),
    Shot("missing", "stranger", "/nothing-here"),
    Shot("home-lena", "lena", "/"),
    Shot("home-noor", "noor", "/"),
    Shot("home-cora", "cora", "/"),
    Shot("courses", "lena", "/courses"),
    Shot("courses-none", "lena", "/courses?q=nothing+of+this+name"),
    Shot("course-begun", "lena", MYTHS),
    Shot("course-new", "lena", CHILD),
    Shot("course-finished", "noor", MYTHS),
    Shot("series", "lena", "/series/caring-for-exploited-young-people"),
    Shot("lesson-open", "ada", MYTHS + "/lessons/{lesson-1}"),
    # By those who have read them: looking moves nobody's place.
    *(Shot(f"lesson-{n}", "noor", MYTHS + f"/lessons/{{lesson-{n}}}") for n in range(1, 6)),
    *(Shot(f"lesson-child-{n}", "sam", CHILD + f"/lessons/{{child-{n}}}") for n in range(1, 6)),
    Shot("lesson-checked", "noor", MYTHS + "/lessons/{lesson-1}", check_oneself),
    Shot("takeaway", "lena", MYTHS + "/takeaway"),
    Shot("takeaway-child", "lena", CHILD + "/takeaway"),
    Shot("quiz-not-open", "lena", MYTHS + "/quiz"),
    Shot("quiz-intro", "sam", CHILD + "/quiz"),
    *(Shot(f"quiz-{kind}", "sam", "/attempts/{open}/questions/{" + kind + "}")
      for kind in ("single", "multiple", "ordering", "matching", "case")),
    Shot("quiz-check", "sam", "/attempts/{open}/check"),
    Shot("quiz-failed", "otto", "/attempts/{failed}/review"),
    Shot("quiz-passed", "petra", "/attempts/{passed}/review"),
    Shot("claim", "petra", MYTHS + "/claim"),
    Shot("claim-refused", "petra", MYTHS + "/claim", send("Claim 0.75 hours", legal_name="")),
    Shot("claim-not-yet", "lena", MYTHS + "/claim"),
    Shot("transcript", "noor", "/transcript"),
    Shot("transcript-empty", "ada", "/transcript"),
    Shot("certificate", "noor", "/certificates/{certificate}"),
    Shot("certificate-revoked", "petra", "/certificates/{revoked-serial}"),
    Shot("supersede", "petra", "/certificates/{certificate}/supersede"),
    Shot("revoke", "petra", "/certificates/{certificate}/revoke"),
    Shot("revoke-refused", "petra", "/certificates/{certificate}/revoke",
         send("Revoke certificate")),
    Shot("profile", "lena", "/profile"),
    Shot("profile-refused", "lena", "/profile", send("Save profile", name="")),
    Shot("departments", "cora", "/departments"),
    Shot("department", "cora", "{department}"),
    Shot("department-all", "cora", "{department}?state=all"),
    Shot("department-nobody", "cora", "{department}?q=nobody+of+this+name"),
    Shot("department-months", "cora", "{department}/months"),
    Shot("selection-remind", "cora", "{department}?state=all", choose("remind")),
    Shot("selection-remind-all", "cora", "{department}?state=all", choose("remind", everyone=True)),
    Shot("selection-assign", "cora", "{department}?state=all", choose("assign")),
    Shot("selection-assign-refused", "cora", "{department}?state=all",
         choose("assign", reason="")),
    Shot("selection-assign-counted", "cora", "{department}?state=all",
         choose("assign", due_on="2027-06-30", reason="Seen at the door first.")),
    Shot("selection-export", "cora", "{department}?state=all", choose("export")),
    Shot("selection-nobody", "cora", "{department}?state=complete", send("Remind")),
    Shot("person", "cora", "{person}"),
    Shot("person-mail", "cora", "{person}/mail"),
    Shot("exempt", "cora", "{exempt}"),
    Shot("assignments", "cora", "/assignments"),
    Shot("assignment", "cora", "{assignment}"),
    Shot("assign", "cora", "/assignments/new"),
    Shot("assign-refused", "cora", "/assignments/new", send("Assign to the department")),
    Shot("forbidden", "lena", "/departments"),
    Shot("people", "ada", "/people"),
    Shot("people-nobody", "ada", "/people?q=nobody+of+this+name"),
    Shot("people-add", "ada", "/people/add"),
    Shot("people-add-refused", "ada", "/people/add", send("Add this person")),
    Shot("people-one", "ada", "/people/{otto}"),
    Shot("people-import", "ada", "/people/import"),
    Shot("people-import-refused", "ada", "/people/import", hand_in(b"%PDF-1.7")),
    Shot("people-import-preview", "ada", "/people/import", hand_in(ROSTER)),
    Shot("people-import-result", "ada", "/people/import", hand_in(GOOD_ROSTER, "Import")),
    Shot("people-time", "petra", "/people/{sam}/time-extension"),
    Shot("people-departments", "ada", "/people/departments"),
    Shot("people-department", "ada", "{people-department}"),
    Shot("organisation", "ada", "/organisation"),
    Shot("audit", "ada", "/audit"),
    Shot("audit-refused", "ada", "/audit?since=tomorrow&words=kept"),
    Shot("outbox", "ada", "/outbox"),
    Shot("outbox-nobody", "ada", "/outbox?q=nobody+of+this+name"),
    Shot("versions", "petra", MYTHS + "/versions"),
)


def _first(visitor: Visitor, page: str, pattern: str) -> str:
    """Return the first link on a page that matches, so that no identifier is written here."""
    found = re.search(rf'href="({pattern})"', visitor.context.request.get(page).text())
    assert found, f"{page} has no link like {pattern}"
    return found[1]


def _certificates(server: Server) -> dict[str, str]:
    """Find a certificate in each state."""
    issued = "SELECT serial, code FROM ledger_entries WHERE kind = 'issued' AND "
    ended = "serial IN (SELECT serial FROM ledger_entries WHERE kind = ?) ORDER BY seq"
    ((_, superseded), *_) = server.rows(issued + ended, "superseded")
    ((revoked_serial, revoked), *_) = server.rows(issued + ended, "revoked")
    ((certificate, valid), *_) = server.rows(
        issued + "person_id = (SELECT id FROM people WHERE email = ?)", "noor@example.org"
    )
    return {
        "superseded": superseded, "revoked": revoked, "revoked-serial": revoked_serial,
        "certificate": certificate, "valid": valid,
    }


def stage(server: Server, people: dict[str, Visitor]) -> dict[str, str]:
    """Bring the demonstration where every page has something to show; return where that is."""
    places = _certificates(server)
    ids = dict(server.rows("SELECT email, id FROM people"))
    places |= {who: str(ids[f"{who}@example.org"]) for who in PEOPLE}
    for name, key in (("lesson", MYTHS_KEY), ("child", CHILD_KEY)):
        for number, one in enumerate(lessons(server, key), start=1):
            places[f"{name}-{number}"] = one
    # Sam is in the middle of a quiz, Otto failed one, Petra passed and has yet to claim.
    sam, otto, petra, ada = (
        Errand(people[who], server) for who in ("sam", "otto", "petra", "ada")
    )
    ada.begin(MYTHS_KEY)
    sam.read(CHILD_KEY)
    attempt = sam.quiz(CHILD_KEY)
    sam.answer(attempt, right=99, left_open=2)
    places["open"] = str(attempt)
    drawn = drawn_of(server, attempt)
    for kind in ("single", "multiple", "ordering", "matching", "case"):
        places[kind] = str(next((d.number for d in drawn if d.item.kind.value == kind), 1))
    places["failed"] = str(otto.take_quiz(MYTHS_KEY, right=3))
    places["passed"] = str(petra.take_quiz(MYTHS_KEY))
    cora = people["cora"]
    department = _first(cora, "/departments", r"/departments/\d+")
    person = _first(cora, f"{department}?state=overdue", r"/departments/people/\d+")
    return places | {
        "department": department,
        "person": person,
        "exempt": _first(cora, person, r"/assignments/\d+/people/\d+/exempt"),
        "assignment": _first(cora, "/assignments", r"/assignments/\d+"),
        "place-card": _first(people["petra"], "/protocol-cards", r"/places/\d+/protocol-card"),
        "people-department": _first(people["ada"], "/people/departments", r"/people/departments/\d+"),
    }


def take(server: Server) -> int:
    """Write the pictures of all pages of a running server; return how many."""
    OUT.mkdir(exist_ok=True)
    made = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        people = visitors(browser, server)
        places = stage(server, people)
        for shot in SHOTS:
            page = shot.show(people, places).page
            for scheme in SCHEMES:
                for width in WIDTHS:
                    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    page.set_viewport_size({"width": width, "height": 900})
                    page.screenshot(path=OUT / f"{shot.name}-{width}-{scheme}.png", full_page=True)
                    made += 1
        browser.close()
    return made


def visitors(browser: Browser, server: Server) -> dict[str, Visitor]:
    """Return the cast, signed in, and a stranger."""
    size = {"width": WIDTHS[-1], "height": 900}
    people = {who: Visitor(browser, server.url, size=size).sign_in(who) for who in PEOPLE}
    people["stranger"] = Visitor(browser, server.url, size=size)
    return people


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
    sys.exit(main())
