"""The coordinator's path: roster in, series assigned, people nudged once, evidence out.

With the real server, the real worker and a real mail server; the bulk part by keyboard alone.
"""

import csv
import io
import re
import signal
from collections.abc import Iterator
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from tests.journeys.conftest import DESK, PHONE, Server, Visitor, free_port

pytestmark = pytest.mark.browser
SERIES = "Caring for Exploited Young People"


class Inbox:
    """A mail server that keeps what it's given."""

    def __init__(self) -> None:
        self.mails: list = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def to(self, name: str, subject: str) -> list:
        return [one for one in self.mails if name in one["To"] and subject in one["Subject"]]


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    """A mail server that listens."""
    kept = Inbox()
    kept.controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    kept.controller.start()
    yield kept
    kept.controller.stop()


@pytest.fixture(scope="module")
def mailing(server: Server, inbox: Inbox, tmp_path_factory) -> Iterator[Server]:
    """The hospital on a server of its own that can send mail."""
    running = server.copy(tmp_path_factory.mktemp("mailing") / "instance")
    running.environ["LMS_MAIL_URL"] = f"smtp://127.0.0.1:{inbox.controller.port}"
    running.start()
    yield running
    running.end(signal.SIGTERM)


class Keyboard:
    """Somebody who has no mouse."""

    def __init__(self, page) -> None:
        self.page = page

    def to(self, selector: str) -> None:
        """Press Tab until this has the focus, as far around the page as it takes."""
        for _press in range(400):
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    def type(self, selector: str, text: str) -> None:
        self.to(selector)
        self.page.keyboard.type(text)

    def press(self, selector: str) -> None:
        """Go to a button and press it; wait for the page that comes."""
        self.to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, selector: str) -> None:
        self.to(selector)
        self.page.keyboard.press("Space")


def said(mail) -> str:
    return " ".join(mail.get_content().split())


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_coordinators_journey(visit, mailing: Server, inbox: Inbox, size) -> None:
    word = "Deskside" if size == DESK else "Pocketside"
    people = [f"{first} {word}" for first in ("Ana", "Ben", "Cho")]
    cora: Visitor = visit(size=size, at=mailing)
    page, keys = cora.page, Keyboard(cora.page)
    cora.sign_in("cora")

    # The roster from HR, with semicolons and a mark, as a spreadsheet writes it.
    rows = [f"{name.lower().replace(' ', '.')}@example.org;{name};nurse;Adult Emergency" for name in people]
    roster = "\ufeff" + "\r\n".join(["E-mail;Name;Profession;Department", *rows]) + "\r\n"
    page.goto("/people/import")
    cora.axe()
    page.locator("input[type=file]").set_input_files(
        {"name": "roster.csv", "mimeType": "text/csv", "buffer": roster.encode()}
    )
    cora.press("Check this file")
    cora.heading("All 3 rows are ready")
    cora.axe()
    cora.press("Import 3 rows")
    expect(page.locator("main")).to_contain_text("3")
    cora.axe()

    # They are in the department's list at once; a series for these three, by keyboard.
    page.goto("/departments")
    page.locator("tbody").get_by_role("link", name="Emergency Medicine", exact=True).click()
    cora.heading("Emergency Medicine")
    department = page.url.partition("?")[0]
    chosen = f"{department}?state=all&q={word}"

    def choose(action: str) -> None:
        page.goto(chosen)
        keys.tick("[name=everyone]")
        keys.press(f"button[name=action][value={action}]")

    page.goto(chosen)
    expect(page.locator("tbody tr", has_text=word).first).to_be_visible()
    cora.axe()
    choose("assign")
    cora.heading("Assign to 3 people")
    cora.axe()
    keys.type("#what", SERIES)
    keys.type("#due_on", "06302027")
    keys.type("#reason", "Seen at the door first.")
    keys.press("main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("3 get it")
    expect(page.locator("main")).to_contain_text(SERIES)
    cora.axe()
    keys.press("button[name=counted]")
    expect(page.locator(".flashes")).to_contain_text("Assigned to 3 people.")
    expect(page.locator("#people tbody tr", has_text=SERIES)).to_have_count(3)

    # Nudged, by keyboard: counted before it's done, one mail each, with everything in it.
    choose("remind")
    cora.heading("Remind 3 people")
    deadline = "Wednesday, June 30, 2027, until the end of the day, Pacific time"
    expect(page.locator("main")).to_contain_text(deadline)
    cora.axe()
    keys.press("form[action$='/remind'] button")
    expect(page.locator(".flashes")).to_contain_text("3 reminders are in the outbox.")
    done = mailing.run("worker", "--once")
    assert done.returncode == 0, done.stderr
    for name in people:
        (mail,) = inbox.to(name.split()[0].lower() + "." + word.lower(), "Training due at")
        assert "Trafficking" not in mail["Subject"]
        assert deadline in said(mail)
        assert SERIES in said(mail)
        assert "Cora Lindqvist had this reminder sent to you." in said(mail)

    # Once: whoever asks again is told, and nothing more goes out.
    choose("remind")
    cora.heading("Remind 0 people")
    expect(page.locator("main")).to_contain_text("3 were reminded in the last 24 hours")
    cora.axe()
    before = len(inbox.mails)
    assert mailing.run("worker", "--once").returncode == 0
    assert len(inbox.mails) == before

    # Was the mail sent?
    page.goto(chosen)
    page.get_by_role("link", name=people[0]).first.click()
    cora.heading(people[0])
    cora.axe()
    cora.follow("Mail to this person")
    expect(page.locator("main")).to_contain_text("Sent")
    cora.axe()

    # Evidence out: the same people in either file.
    choose("export")
    cora.heading("Export 3 people")
    cora.axe()
    with page.expect_download() as download:
        keys.to("button[value=csv]")
        page.keyboard.press("Enter")
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    assert {one["Name"] for one in lines} == set(people)
    assert sum(one["Course or series"] == SERIES for one in lines) == 3
    with page.expect_download() as download:
        keys.to("button[value=xlsx]")
        page.keyboard.press("Enter")
    sheet = CalamineWorkbook.from_path(str(download.value.path())).get_sheet_by_index(0).to_python()
    assert len(sheet) == len(lines) + 1

    # From the figure to a certificate in three clicks at most.
    page.goto(department)
    page.locator(".figure a").first.click()
    expect(page.locator(".applied")).to_contain_text("shown")
    page.locator("tbody a[href^='/certificates/']").first.click()
    cora.heading(re.compile("Certificate|Valid|certificate"))
    cora.axe()
