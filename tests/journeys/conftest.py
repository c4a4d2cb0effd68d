"""A real server on a demonstration instance, and a real browser before it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.tools import browser as find_browser

PASSWORD = "correct-horse-battery"
LMS = Path(sys.executable).parent / "lms"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The product as `lms serve` starts it, on an instance folder of its own."""

    def __init__(self, folder: Path, *, port: int | None = None, **settings: str) -> None:
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LMS_")},
            "LMS_INSTANCE": str(folder),
            "LMS_BASE_URL": self.url,
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demonstration hospital, served."""
    running = Server(tmp_path_factory.mktemp("instance")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=find_browser(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )
        yield launched
        launched.close()


class Visitor:
    """Somebody at a browser: pages, with what went wrong on them collected."""

    def __init__(self, browser: Browser, url: str, *, size: dict, scheme: str = "light",
                 javascript: bool = True) -> None:
        self.context = browser.new_context(
            base_url=url, viewport=size, color_scheme=scheme, java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message) -> None:
        # A server that was killed on purpose is not a fault of the page.
        if message.type == "error" and "ERR_CONNECTION" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, who: str) -> "Visitor":
        """Sign in by the form, as one of the demonstration's people."""
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail").fill(f"{who}@example.org")
        self.page.get_by_label(re.compile("^Password")).fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(re.compile(r"/(?!sign-in)"))
        return self

    def axe(self) -> None:
        """Assert that axe finds nothing on this page, and that it does not overflow."""
        found = Axe().run(self.page, options={
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        })
        assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"
        wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide}px wider than the screen"

    def close(self) -> None:
        """Leave; nothing may have gone wrong on the way."""
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def visit(chromium: Browser, server: Server) -> Iterator:
    """Return a function that opens a visitor: `visit(size=PHONE, scheme="dark")`."""
    opened: list[Visitor] = []

    def open_one(*, size: dict = DESK, scheme: str = "light", javascript: bool = True) -> Visitor:
        visitor = Visitor(chromium, server.url, size=size, scheme=scheme, javascript=javascript)
        opened.append(visitor)
        return visitor

    yield open_one
    for visitor in opened:
        visitor.close()
