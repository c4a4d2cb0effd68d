"""Machines that share a database, as processes on ports of their own; and somebody who visits."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from click.testing import Result
from flask import Flask

from lms.app import create_app, lms
from lms.config import Settings
from lms.db import db
from tests.conftest import make_settings
from tests.journeys.conftest import free_port

SECRET = "the-same-secret-on-every-machine-0123456789abcdef"
PATIENCE = 120  # seconds for a server to answer, while other tests run


class Machine:
    """A server on a port of its own, with an instance folder that no other machine sees."""

    COMMAND = Path(sys.executable).parent / "lms"

    def __init__(self, folder: Path, database: str, *, secret: str = SECRET, **given: str) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LMS_")},
            "LMS_INSTANCE": str(folder),
            "LMS_DATABASE_URL": database,
            "LMS_BASE_URL": "http://127.0.0.1:8000",
            **({"LMS_SECRET_KEY": secret} if secret else {}),
            **given,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> subprocess.Popen[str]:
        """Begin one `lms` command in a process of its own, beside others."""
        return subprocess.Popen(
            [self.COMMAND, *words], env=self.environ, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )

    def say(self, *words: str) -> Result:
        """Run one `lms` command with this machine's settings, here; return what it said."""
        app = create_app(Settings.from_env(self.environ))
        try:
            return app.test_cli_runner().invoke(lms, words)
        finally:
            with app.app_context():
                db.engine.dispose()

    def open(self, *words: str) -> "Machine":
        """Start the server and do not wait."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.COMMAND, "serve", "--port", str(self.port), "--workers", "1", *words],
                env=self.environ, stdout=log, stderr=log, start_new_session=True,
            )
        return self

    def wait(self) -> "Machine":
        """Wait until the server answers."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(self.log()[-3000:])

    def log(self) -> str:
        """Return what the server said."""
        return (self.folder / "server.log").read_text()

    def end(self, how: signal.Signals) -> None:
        """End the server and its workers with this signal."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(timeout=30)


class Stay(HTTPRedirectHandler):
    """Follow no redirects: where an answer leads is for the test to say."""

    def redirect_request(self, *_args: object) -> None:
        return None


class Answer:
    """What a server said: status, page and where it leads."""

    def __init__(self, status: int, headers: object, body: bytes) -> None:
        self.status, self.body = status, body
        self.location = headers.get("Location", "")  # type: ignore[attr-defined]

    @property
    def text(self) -> str:
        """Return the page as text."""
        return self.body.decode()


class Visitor:
    """A browser whose requests a balancer hands now to one machine, now to another."""

    def __init__(self) -> None:
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar), Stay())

    def copied(self) -> "Visitor":
        """Return somebody who has the same cookies, as they are now."""
        other = Visitor()
        for cookie in self.jar:
            other.jar.set_cookie(cookie)
        return other

    def get(self, machine: Machine, path: str) -> Answer:
        """Ask one machine for a page."""
        return self._ask(Request(machine.url + path))

    def post(self, machine: Machine, path: str, *, form_of: tuple[Machine, str] | None = None,
             **fields: str | list[str]) -> Answer:
        """Send a form to one machine, which may have been read from another."""
        where, page = form_of or (machine, path)
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.get(where, page).text)
        assert token, f"{page} has no form"
        sent = urlencode({"csrf_token": token[1], **fields}, doseq=True).encode()
        return self._ask(Request(machine.url + path, data=sent))

    def sign_in(self, machine: Machine, email: str, password: str) -> Answer:
        """Sign in at one machine by the form."""
        return self.post(machine, "/sign-in", email=email, password=password)

    def _ask(self, request: Request) -> Answer:
        try:
            with self.opener.open(request, timeout=60) as got:
                return Answer(got.status, got.headers, got.read())
        except HTTPError as told:
            return Answer(told.code, told.headers, told.read())


def at_once(asks: list[Callable[[], Answer]]) -> list[Answer]:
    """Ask all at the same instant; return the answers in order."""
    gate = threading.Barrier(len(asks))

    def run(ask: Callable[[], Answer]) -> Answer:
        gate.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(run, asks))


@contextmanager
def inside(folder: Path, database: str) -> Iterator[Flask]:
    """An application on the same database, for what a test prepares or looks up."""
    app = create_app(make_settings(folder, database_url=database, secret_key=SECRET))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
