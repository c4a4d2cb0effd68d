"""A real server on a demonstration instance, and a real browser before it."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.conftest import ENGINE

# A machine that runs other tests beside may take its time for a page; a fault stays a fault.
expect.set_options(timeout=20_000)

PASSWORD = "correct-horse-battery"
LMS = Path(sys.executable).parent / "lms"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESIGNED = re.compile(r"status of (403|404|422)")  # answers with a page of their own


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The product as `lms serve` starts it, on an instance folder of its own."""

    def __init__(
        self, folder: Path, *, port: int | None = None, database: str = "", **settings: str
    ) -> None:
        self.folder, self.port, self.database = folder, port or free_port(), database
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LMS_")},
            "LMS_INSTANCE": str(folder),
            "LMS_BASE_URL": self.url,
            **({"LMS_DATABASE_URL": database} if database else {}),
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one `lms` command on this instance."""
        return subprocess.run(
            [LMS, *words], env=self.environ, capture_output=True, text=True, timeout=300
        )

    def start(self) -> "Server":
        """Start it and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [LMS, "serve", "--prepare", "--demonstration", "--port", str(self.port)],
            env=self.environ, stdout=log, stderr=log, start_new_session=True,
        )
        until = time.monotonic() + 180
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        raise RuntimeError((self.folder / "server.log").read_text()[-3000:])

    def copy(self, folder: Path) -> "Server":
        """Return another server, not started, on a copy of this instance, which is a file."""
        assert not self.database
        shutil.copytree(
            self.folder, folder, ignore=shutil.ignore_patterns("rounds.db*", "server.log")
        )
        with (
            closing(sqlite3.connect(self.folder / "rounds.db")) as here,
            closing(sqlite3.connect(folder / "rounds.db")) as there,
        ):
            here.backup(there)
        return Server(folder)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database behind the server's back: what no page may tell."""
        if self.database:
            with psycopg.connect(self.database.replace("+psycopg", "")) as opened:
                found = opened.execute(statement.replace("?", "%s"), values or None).fetchall()
            # As a file holds them: JSON is text.
            return [tuple(json.dumps(v) if isinstance(v, list | dict) else v for v in one) for one in found]
        with closing(sqlite3.connect(self.folder / "rounds.db", timeout=10)) as opened:
            return opened.execute(statement, values).fetchall()

    def end(self, how: signal.Signals) -> None:
        """End the whole process group with this signal."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(timeout=30)

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end."""
        self.end(signal.SIGTERM)


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Server]:
    """The demonstration hospital, served, on the engine chosen."""
    database = ""
    if ENGINE == "postgresql":
        there = request.getfixturevalue("postgres")
        database = there.url(there.create())
    running = Server(tmp_path_factory.mktemp("instance"), database=database).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def another_server(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same hospital on a server of its own, which a journey may kill."""
    running = server.copy(tmp_path_factory.mktemp("another") / "instance").start()
    yield running
    running.stop()


def _axe(page: Page, only: list[str] | None) -> list[str]:
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    which = {"type": "rule", "values": only} if only else {"type": "tag", "values": RULES}
    options = json.dumps({"runOnly": which, "resultTypes": ["violations"]})
    found = page.evaluate(f"axe.run({options}).then(found => found.violations)")
    return [
        f"{one['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for one in found for node in one["nodes"]
    ]


_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  const out = [...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > room + 0.5);
  return out.map((one) => one.tagName + "." + one.className).slice(-5)
    .concat("wide: " + document.documentElement.scrollWidth);
}"""


def too_wide(page: Page) -> list[str]:
    """Return what sticks out at the right of the screen; nothing when nothing scrolls sideways.

    A chart takes its new size a moment after the page has: what sticks out is looked at again.
    """
    for _ in range(20):
        if not (found := page.evaluate(_WIDE)):
            return []
        page.wait_for_timeout(100)
    return found


class Visitor:
    """Somebody at a browser: pages, with what went wrong on them collected."""

    def __init__(self, browser: Browser, url: str, *, size: dict, scheme: str = "light",
                 javascript: bool = True) -> None:
        self.context = browser.new_context(
            base_url=url, viewport=size, color_scheme=scheme, java_script_enabled=javascript,
            reduced_motion="reduce", has_touch=size == PHONE,
        )
        self.context.set_default_timeout(20_000)
        self.page: Page = self.context.new_page()
        self.scheme = scheme
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # A server that was killed on purpose, and a page that says "not found", are no faults.
        if message.type != "error" or "ERR_CONNECTION" in message.text:
            return
        if DESIGNED.search(message.text):
            return
        self.complaints.append(f"{self.page.url}: {message.text}")

    def sign_in(self, who: str, password: str = PASSWORD) -> "Visitor":
        """Sign in by the form, as one of the demonstration's people."""
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail").fill(f"{who}@example.org")
        self.page.get_by_label(re.compile("^Password")).fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        return self

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow the first link of this name."""
        self.page.get_by_role("link", name=name).first.click()

    def heading(self, words: str | re.Pattern[str]) -> None:
        """Assert that the page's heading says this."""
        expect(self.page.locator("h1")).to_have_text(words)

    def unwell(self, *, only: list[str] | None = None) -> list[str]:
        """Return what axe finds on this page now, a line for each element."""
        heard = list(self.complaints)
        found = _axe(self.page, only)
        self.complaints = heard  # axe itself styles things in line, which the policy refuses
        return found

    def axe(self) -> None:
        """Assert that axe finds nothing here, in light and dark, and that nothing sticks out."""
        other = "light" if self.scheme == "dark" else "dark"
        found = self.unwell()
        self.page.emulate_media(color_scheme=other, reduced_motion="reduce")
        found += [f"{other}: {one}" for one in self.unwell(only=["color-contrast"])]
        self.page.emulate_media(color_scheme=self.scheme, reduced_motion="reduce")
        assert found + too_wide(self.page) == [], self.page.url

    def close(self) -> None:
        """Leave; nothing may have gone wrong on the way."""
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def visit(chromium: Browser, server: Server) -> Iterator:
    """Return a function that opens a visitor: `visit(size=PHONE, scheme="dark")`."""
    opened: list[Visitor] = []

    def open_one(*, size: dict = DESK, scheme: str = "light", javascript: bool = True,
                 at: Server = server) -> Visitor:
        visitor = Visitor(chromium, at.url, size=size, scheme=scheme, javascript=javascript)
        opened.append(visitor)
        return visitor

    yield open_one
    for visitor in opened:
        visitor.close()
