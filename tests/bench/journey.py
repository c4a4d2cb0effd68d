"""A learner's whole way as the forms send it, from the home page to the certificate's file.

Every request is on the wire, redirects too; pictures, styles, fonts and scripts are not, for a
browser keeps them. With one question a page this is the longest way through the product.
"""

import json
import re
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlencode

from lms.learning.rules import drawing, scoring
from tests.bench.driver import Answer, Broken, Walk, request

PASSWORD = "correct-horse-battery"
_TOKEN = re.compile(rb'name="csrf-token" content="([^"]+)"')
Step = Generator[bytes, Answer, Answer]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a walker must know: where the server is, which course, what its forms ask."""

    port: int
    database: str
    key: str
    objectives: tuple[str, ...]
    claim: str
    expect: bytes = b"%PDF-"


class Browser:
    """One person's cookies and form token."""

    def __init__(self, plan: Plan, cookie: str, address: str) -> None:
        self.plan, self.address = plan, address
        self.cookies = dict([cookie.split("=", 1)]) if cookie else {}
        self.token = ""
        self.path = ""

    def _send(self, method: str, path: str, fields: dict[str, object] | None) -> Step:
        body = b""
        if method == "POST":
            body = urlencode({"csrf_token": self.token, **(fields or {})}, doseq=True).encode()
        answer = yield request(
            method, path, port=self.plan.port, body=body, X_Forwarded_For=self.address,
            cookie="; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        )
        for given in answer.headers("set-cookie"):
            name, _, value = given.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status not in (200, 303):
            raise Broken(f"{method} {path}: {answer.status} {answer.text[-1500:]!r}")
        self.path = path
        return answer

    def go(self, path: str, fields: dict[str, object] | None = None, *, post: bool = False) -> Step:
        """Open a page or send a form, and follow where it leads."""
        answer = yield from self._send("POST" if post else "GET", path, fields)
        while answer.status == 303:
            answer = yield from self._send("GET", answer.header("location"), None)
        return answer

    def learn_token(self, page: Answer) -> None:
        """Take the form token that a page brought."""
        found = _TOKEN.search(page.text)
        if found is None:
            raise Broken(f"There is no form token on {self.path}.")
        self.token = found[1].decode()


@cache
def _records(database: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True)


def _best(database: str, attempt_id: int) -> list[dict[str, object]]:
    """Return the fields of the best answers, read behind the server's back: no page tells them."""
    (drawn,) = _records(database).execute(
        "SELECT drawn FROM attempts WHERE id = ?", (attempt_id,)
    ).fetchone()
    fields: list[dict[str, object]] = []
    for one in drawing.thaw(json.loads(drawn)):
        marks = drawing.marks_of(one, scoring.best(one.item))
        if one.item.kind.value == "case":
            fields.append({"mark": marks[:-1], "choice": marks[-1], "step": len(marks)})
        else:
            fields.append({"mark": marks})
    return fields


def _signed_in(browser: Browser, email: str) -> Step:
    page = yield from browser.go("/sign-in")
    browser.learn_token(page)
    return (
        yield from browser.go("/sign-in", {"email": email, "password": PASSWORD}, post=True)
    )


def sign_in(plan: Plan, email: str, address: str) -> Walk:
    """Open the form, sign in, land at home: three requests and one slow hash."""
    yield from _signed_in(Browser(plan, "", address), email)


def _read(browser: Browser) -> Generator[bytes, Answer, None]:
    """Read one lesson after the other until something else comes after it."""
    while "/lessons/" in browser.path:
        yield from browser.go(f"{browser.path}/read", post=True)


def _quiz(browser: Browser, course: str) -> Generator[bytes, Answer, None]:
    if not browser.path.endswith("/quiz"):
        yield from browser.go(f"{course}/quiz")
    yield from browser.go(f"{course}/quiz", post=True)
    attempt = browser.path.partition("/questions/")[0]
    answers = _best(browser.plan.database, int(attempt.rpartition("/")[2]))
    for number, fields in enumerate(answers, start=1):
        onwards = number + 1 if number < len(answers) else "check"
        yield from browser.go(f"{attempt}/questions/{number}", fields | {"go": onwards}, post=True)
    yield from browser.go(f"{attempt}/submit", post=True)


def walk(plan: Plan, name: str, email: str, cookie: str, address: str) -> Walk:
    """Take the course from start to certificate; sign in by the form when there is no cookie."""
    browser = Browser(plan, cookie, address)
    if cookie:
        home = yield from browser.go("/")
    else:
        home = yield from _signed_in(browser, email)
    browser.learn_token(home)
    course = f"/courses/{plan.key}"
    yield from browser.go(course)
    yield from browser.go(f"{course}/start", {"acknowledged": "y"}, post=True)
    yield from _read(browser)
    yield from _quiz(browser, course)
    yield from browser.go(f"{course}/claim")
    fields: dict[str, object] = {f"objective_{one}": "5" for one in plan.objectives}
    fields |= {"bias": "no", "change": "planning", "legal_name": name, "claim": plan.claim}
    yield from browser.go(f"{course}/claim", fields, post=True)
    if not browser.path.startswith("/certificates/"):
        raise Broken(f"The claim led to {browser.path}.")
    file = yield from browser.go(f"{browser.path}.pdf")
    if not file.text.startswith(plan.expect):
        raise Broken("The certificate's file is no PDF.")
