"""One connection of one browser, without the browser: what it sent, and what it was answered."""

import http.client
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.faults.ground import TOKEN, Installation


class Cut(Exception):
    """The connection ended before an answer came."""


@dataclass(frozen=True)
class Reply:
    """An answer whose head has arrived; the text is what came of its body."""

    status: int
    location: str
    retry_after: str
    text: str

    @property
    def title(self) -> str:
        """The heading of a page, for messages."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.text, re.DOTALL)
        return f"{self.status} {found[1].strip() if found else self.text[:200]}"

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)


class Wire:
    """A connection that is kept open from one request to the next."""

    def __init__(self, place: Installation, cookie: str = "", *, timeout: float = 40) -> None:
        self.place, self.cookie, self.timeout = place, cookie, timeout
        self.link: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> None:
        """Send a request; raise Cut when that can't be done."""
        if self.link is None:
            self.link = http.client.HTTPConnection(
                "127.0.0.1", self.place.port, timeout=self.timeout
            )
        given = {"Cookie": self.cookie} if self.cookie else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.link.request(method, path, body=body or None, headers=given)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Cut(str(error)) from error

    def reply(self) -> Reply:
        """Return the answer; raise Cut when none comes. Its head alone is an answer."""
        assert self.link is not None
        try:
            answer = self.link.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Cut(str(error)) from error
        try:
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException):
            text = ""
            self.close()
        return Reply(
            answer.status, answer.getheader("Location", ""), answer.getheader("Retry-After", ""),
            text,
        )

    def send_form(
        self, path: str, fields: Mapping[str, str | Sequence[str]], *, wants: str = "text/html"
    ) -> None:
        """Send a form, with the token that every form carries."""
        body = urlencode({"csrf_token": TOKEN, **fields}, doseq=True).encode()
        self.send(
            "POST", path, body, Content_Type="application/x-www-form-urlencoded", Accept=wants
        )

    def post(
        self, path: str, fields: Mapping[str, str | Sequence[str]], *, wants: str = "text/html"
    ) -> Reply:
        """Send a form and return the answer."""
        self.send_form(path, fields, wants=wants)
        return self.reply()

    def get(self, path: str) -> Reply:
        """Ask for a page."""
        self.send("GET", path)
        return self.reply()

    def close(self) -> None:
        """Hang up."""
        if self.link is not None:
            self.link.close()
            self.link = None
