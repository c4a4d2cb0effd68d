"""Signing in that holds: a passkey, an app and paper codes, and a computer that several share."""

import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from lms.app import create_app
from lms.db import db
from lms.people.models import Person
from lms.people.operations import hashed
from tests.cast import Cast
from tests.conftest import NOON, build_schema, make_settings
from tests.journeys.conftest import DESK, LMS, PASSWORD, PHONE, Server, Visitor, free_port

pytestmark = pytest.mark.browser
SECURITY = "/profile/security"
NOTHING_KEPT = """async () => [
  localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,
  (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length]"""


class Small(Server):
    """A server with the cast and nothing else, under a name, as passkeys need one."""

    def start(self) -> "Small":
        """Make the database and its people, and start."""
        settings = make_settings(
            self.folder, database_url=f"sqlite:///{self.folder / 'rounds.db'}", base_url=self.url
        )
        app = create_app(settings)
        build_schema(app)
        with app.app_context():
            cast = Cast.make(at=NOON)
            kept = hashed(PASSWORD)
            for person in db.session.scalars(select(Person)):
                person.password_hash = kept
            db.session.commit()
            assert cast.lena
            db.session.remove()
            db.engine.dispose()
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [LMS, "serve", "--port", str(self.port)], env=self.environ, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + 180
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return self
            except OSError:
                time.sleep(0.2)
        raise RuntimeError((self.folder / "server.log").read_text()[-3000:])


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The cast at http://localhost."""
    port = free_port()
    small = Small(
        tmp_path_factory.mktemp("named"), port=port, LMS_BASE_URL=f"http://localhost:{port}",
        LMS_SECRET_KEY="a-secret-for-tests-only-0123456789abcdef",
    )  # fmt: skip
    small.url = f"http://localhost:{port}"
    small.start()
    yield small
    small.stop()


@pytest.fixture
def visit(chromium: Browser, local: Server) -> Iterator:
    """Return a function that opens a visitor there."""
    opened: list[Visitor] = []

    def open_one(*, size: dict = DESK, javascript: bool = True) -> Visitor:
        opened.append(Visitor(chromium, local.url, size=size, javascript=javascript))
        return opened[-1]

    yield open_one
    for visitor in opened:
        visitor.close()


def with_device(visitor: Visitor) -> Visitor:
    """Give the browser a device that makes passkeys and verifies its owner."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                     "hasUserVerification": True, "isUserVerified": True,
                     "automaticPresenceSimulation": True}},
    )  # fmt: skip
    return visitor


def sign_out(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Sign out", exact=True).click()
    visitor.heading("Sign in")


def password(visitor: Visitor, who: str, *, shared: bool = False) -> None:
    page = visitor.page
    page.goto("/sign-in")
    page.get_by_label("Work e-mail").fill(f"{who}@example.org")
    page.get_by_label(re.compile("^Password")).fill(PASSWORD)
    page.get_by_label("This is a shared computer").set_checked(shared)
    page.get_by_role("button", name="Sign in", exact=True).click()


@pytest.mark.parametrize(("who", "size"), [("lena", DESK), ("cora", PHONE)], ids=["desk", "phone"])
def test_a_passkey_is_added_and_signs_in_after_the_password_and_alone(visit, who, size):
    visitor = with_device(visit(size=size))
    page = visitor.page
    page.goto("/sign-in")
    visitor.axe()
    password(visitor, who)
    page.goto("/profile")
    visitor.follow("Second factor, passkeys")
    visitor.heading("Signing in")
    visitor.axe()
    page.get_by_label("Name of this passkey").fill("Phone")
    visitor.press("Add a passkey")
    visitor.heading("Your recovery codes")
    expect(page.locator(".codes li")).to_have_count(10)
    visitor.axe()
    with page.expect_download() as saved:
        visitor.press("Save as a file")
    assert Path(saved.value.path()).read_text().count("\n") == 12
    visitor.press("Go on")
    expect(page.get_by_role("rowheader", name="Phone")).to_be_visible()
    visitor.axe()
    sign_out(visitor)
    visitor.press("Sign in with a passkey")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    sign_out(visitor)
    password(visitor, who)
    visitor.heading("Second step")
    visitor.axe()
    visitor.press("Use a passkey")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


@pytest.mark.parametrize("javascript", [False, True], ids=["without script", "with script"])
def test_an_app_and_paper_codes_work_also_without_script(visit, javascript):
    who = "noor" if javascript else "otto"
    visitor = visit(size=PHONE, javascript=javascript)
    page = visitor.page
    password(visitor, who)
    page.goto(SECURITY)
    if not javascript:
        # The driver stops scripts, but the parser goes on as if there were some: look at the source.
        assert "needs JavaScript" in page.content()
    visitor.press("Set up an app")
    visitor.heading("Set up an authenticator app")
    expect(page.locator(".qr svg")).to_be_visible()
    if javascript:
        visitor.axe()
    app = pyotp.TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    page.get_by_role("textbox", name="Code").fill("000000")
    visitor.press("Check the code")
    expect(page.get_by_role("alert")).to_contain_text("not the code of now")
    page.get_by_role("textbox", name="Code").fill(app.now())
    visitor.press("Check the code")
    visitor.heading("Your recovery codes")
    paper = page.locator(".codes li").first.inner_text()
    visitor.press("Go on")
    sign_out(visitor)
    password(visitor, who)
    visitor.heading("Second step")
    page.get_by_role("textbox", name="Code").fill(paper)
    visitor.press("Sign in with this code")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_shared_computer_locks_over_the_page_and_keeps_what_was_typed(visit, size):
    visitor = visit(size=size)
    page = visitor.page
    page.clock.install()
    password(visitor, "petra", shared=True)
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    page.goto("/profile")
    page.get_by_label(re.compile("^Name As")).fill("Petra, half way through")
    page.clock.fast_forward("04:30")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.clock.fast_forward("00:40")
    lock = page.get_by_role("dialog", name="Locked")
    expect(lock).to_be_visible()
    expect(page.locator("h1")).to_be_hidden()
    visitor.axe()
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(lock).to_be_visible()
    # The server knows as well: a copy of the cookie opens nothing.
    assert visitor.context.request.get("/profile").url.endswith("/unlock?next=/profile")
    page.get_by_label(re.compile("^Password of")).fill("not-the-one")
    visitor.press("Open again")
    expect(lock.get_by_role("alert")).to_contain_text("not the password")
    page.get_by_label(re.compile("^Password of")).fill(PASSWORD)
    visitor.press("Open again")
    expect(lock).to_be_hidden()
    expect(page.get_by_label(re.compile("^Name As"))).to_have_value("Petra, half way through")
    visitor.press("Save profile")
    expect(page.get_by_role("status")).to_contain_text("saved")
    assert page.evaluate(NOTHING_KEPT) == [0, 0, 0, 0, 0]
    visitor.press("Lock")
    expect(lock).to_be_visible()
    visitor.press("I am somebody else")
    visitor.heading("Sign in")
    assert "Petra" not in page.content()
    page.go_back()
    expect(page.get_by_text("half way through")).to_have_count(0)
    visitor.complaints.clear()


def test_nothing_of_a_quiz_stays_in_the_browser(visit):
    visitor = visit(size=DESK)
    page = visitor.page
    password(visitor, "ada", shared=True)
    for address in ("/", "/courses", "/transcript", SECURITY, "/people"):
        page.goto(address)
        assert page.evaluate(NOTHING_KEPT) == [0, 0, 0, 0, 0]
    kept = [one for one in visitor.context.cookies() if one["expires"] != -1]
    assert [one["name"] for one in kept] == ["rounds-shared"]
    # No script of ours as much as names the places where browsers keep things.
    for name in ("quiz.js", "lesson.js", "workstation.js", "passkey.js"):
        text = page.request.get(f"/static/{name}").text()
        assert not re.search(r"localStorage|sessionStorage|indexedDB|caches\.|document\.cookie", text), name


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_without_script_a_shared_computer_asks_at_the_next_click(visit, size):
    visitor = visit(size=size, javascript=False)
    page = visitor.page
    password(visitor, "petra", shared=True)
    page.goto("/courses")
    visitor.press("Lock")
    visitor.heading("Locked")
    page.goto("/transcript")
    visitor.heading("Locked")
    page.get_by_label("Password").fill(PASSWORD)
    visitor.press("Open again")
    expect(page).to_have_url(re.compile("/transcript$"))


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_administrators_rules_lead_people_to_a_second_factor(visit, size):
    ada, planner = visit(size=size), visit(size=size)
    password(ada, "ada")
    ada.page.goto("/people")
    ada.press("Rules of signing in")
    ada.heading("Rules of signing in")
    ada.axe()
    ada.page.get_by_label(re.compile("Required for CE planners")).check()
    ada.press("Save these rules")
    password(planner, "petra")
    planner.page.goto("/transcript")
    planner.heading("Add a second factor")
    planner.axe()
    ada.page.get_by_label(re.compile("Required for CE planners")).uncheck()
    ada.press("Save these rules")
    planner.page.goto("/transcript")
    expect(planner.page.locator("h1")).not_to_have_text("Add a second factor")
