"""The logs of a whole journey through the real server hold no secret and nothing about anybody.

Everything that may not be in a log is collected on the way and then looked for in what server and
worker wrote, as it is and as it stands in an address; what must be there is looked for too, so
that an empty log proves nothing.
"""

import http.client
import re
import socket
import sqlite3
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, urlencode

import pytest

from lms.db import db
from lms.learning.models import Attempt
from lms.learning.rules import drawing, scoring
from lms.outbox import Message
from lms.people.models import Person, Profession
from lms.people.operations import hashed
from tests.cast import person
from tests.faults.ground import KEY, Installation, free_port
from tests.faults.nursery import Nursery

PASSWORD = "Quokka-lantern-57 ferry"
WRONG = "Marzipan-trolley-88 wharf"
NEXT = "Ostrich-velvet-31 canyon"
NAME = "Zephyrine Quillfeather, MD"
EMAIL = "zephyrine.q@clinic.example"
STRANGER = "nobody.here@elsewhere.example"
WORDS = "The second vignette made me think of Marigold ward"
STAFF, NPI = "SN-7741-0093", "1245319599"
ODD = "Wisteria-Lane-12"


class Window:
    """A browser: keeps cookies, sends forms with the token of the page before."""

    def __init__(self, url: str) -> None:
        self.url, self.jar, self.token = url, CookieJar(), ""
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> tuple[int, str]:
        return self._send(urllib.request.Request(self.url + path))

    def post(self, path: str, **fields: object) -> tuple[int, str]:
        body = urlencode({"csrf_token": self.token, **fields}, doseq=True).encode()
        return self._send(urllib.request.Request(self.url + path, data=body))

    def upload(self, path: str, name: str, data: bytes) -> tuple[int, str]:
        mark = uuid.uuid4().hex
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.token}\r\n',
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n",
        ]
        body = "".join(parts).encode() + data + f"\r\n--{mark}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self._send(urllib.request.Request(self.url + path, data=body, headers=kind))

    def _send(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=20) as answer:
                status, text = answer.status, answer.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode("utf-8", "replace")
        if found := re.search(r'name="csrf-token" content="([^"]+)"', text):
            self.token = found[1]
        return status, text

    def cookies(self) -> list[str]:
        return [one.value or "" for one in self.jar]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """The real server on a new instance; its mail server is away."""
    nursery = Nursery()
    made = Installation(tmp_path / "instance", nursery=nursery)
    made.environ["LMS_MAIL_URL"] = f"smtp://127.0.0.1:{free_port()}"
    made.prepare()
    with made.looking():
        one = person(NAME, EMAIL, department=None, profession=Profession.PHYSICIAN,
                     at=datetime.now(UTC))  # fmt: skip
        one.password_hash = hashed(PASSWORD)
        ada = db.session.query(Person).filter_by(email="ada@example.org").one()
        ada.password_hash = hashed(PASSWORD)
        db.session.commit()
    made.start()
    yield made
    made.stop()
    nursery.close()


def _refusing(port: int, stop: threading.Event) -> None:
    """A mail server that refuses everybody, and says whom."""
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.2)
        while not stop.is_set():
            with suppress(TimeoutError, OSError):
                link, _where = server.accept()
                with link, link.makefile("rwb") as talk:
                    talk.write(b"220 here\r\n")
                    talk.flush()
                    for line in talk:
                        word = line.strip().decode()
                        refused = word.upper().startswith("RCPT")
                        said = f"550 {word} unknown" if refused else "250 fine"
                        talk.write(f"{said}\r\n".encode())
                        talk.flush()


def _learn(window: Window, place: Installation, secrets: set[str]) -> None:
    """Take the course to its certificate."""
    window.get(f"/courses/{KEY}")
    window.post(f"/courses/{KEY}/start", acknowledged="y")
    for lesson in re.findall(rf"/courses/{KEY}/lessons/([a-z0-9-]+)", window.get(f"/courses/{KEY}")[1]):
        window.get(f"/courses/{KEY}/lessons/{lesson}")
        window.post(f"/courses/{KEY}/lessons/{lesson}/read")
    window.post(f"/courses/{KEY}/quiz")
    with place.looking():
        attempt = db.session.query(Attempt).one()
        number, drawn = attempt.id, drawing.thaw(attempt.drawn)
    for one in drawn:
        marks = drawing.marks_of(one, scoring.best(one.item))
        window.post(f"/attempts/{number}/questions/{one.number}", mark=marks)
    assert "passed" in window.post(f"/attempts/{number}/submit")[1].lower()
    status, page = window.post(
        f"/courses/{KEY}/claim", objective_o1=4, objective_o2=5, bias="no", change="yes",
        change_text=WORDS, comment=WORDS, legal_name=NAME, claim="0.75",
    )
    assert status == 200, page[:500]
    codes = set(re.findall(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}", page))
    assert len(codes) == 1, "no certificate"
    secrets |= codes
    window.get(f"/verify/{next(iter(codes))}")


def _forget(window: Window, place: Installation, secrets: set[str]) -> None:
    """Ask for a link, use it, use it again."""
    window.get("/forgot-password")
    window.post("/forgot-password", email=EMAIL)
    window.post("/forgot-password", email=STRANGER)
    with place.looking():
        body = db.session.query(Message).filter_by(address=EMAIL).order_by(Message.id.desc()).first().body
    token = re.search(r"/reset-password/(\S+)", body)[1]
    secrets.add(token)
    for _twice in range(2):
        window.get(f"/reset-password/{token}")
        window.post(f"/reset-password/{token}", password=NEXT)
    window.get(f"/reset-password/{token}x")


def _sign_in(window: Window, email: str, password: str) -> str:
    window.get("/sign-in")
    return window.post("/sign-in", email=email, password=password)[1]


def _harm(place: Installation, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place.folder / "rounds.db", timeout=10)) as opened:
        opened.execute("PRAGMA ignore_check_constraints = ON")
        opened.execute(statement, values)
        opened.commit()


def _break(window: Window, place: Installation) -> None:
    """Provoke what goes wrong: unknown addresses, forms gone astray, errors of both kinds."""
    for path in (
        f"/people/{quote(NAME)}", f"/certificates/{quote(NAME)}", f"/verify/{quote(EMAIL)}",
        f"/courses?q={quote_plus(WORDS)}", f"/nothing?email={quote_plus(EMAIL)}&token={quote_plus(NEXT)}",
    ):
        window.get(path)
    window.token = "wrong"
    window.post("/profile", name=NAME, certificate_name=NAME, email=EMAIL)
    window.get("/profile")
    # The words of this error quote what stands in the row.
    _harm(place, "UPDATE people SET profession = ? WHERE email = ?", ODD, EMAIL)
    assert window.get("/profile")[0] == 500
    _harm(place, "UPDATE people SET profession = 'nurse' WHERE email = ?", EMAIL)
    window.get("/profile")
    _harm(place, "ALTER TABLE rate_hits RENAME TO elsewhere")
    assert window.post("/profile/password", present=NEXT, password=PASSWORD)[0] == 503
    assert window.get("/verify/AAAAA-AAAAA-AAAAA-AAAAA")[0] == 503
    _harm(place, "ALTER TABLE elsewhere RENAME TO rate_hits")
    link = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    link.request("GET", "/", headers={"Host": EMAIL.rpartition("@")[2], "Cookie": f"rounds={WRONG}"})
    link.getresponse().read()
    link.close()
    with socket.create_connection(("127.0.0.1", place.port), timeout=10) as raw:
        raw.sendall(f"GET /{EMAIL} {PASSWORD}\r\nCookie: {EMAIL}\r\n\r\n".encode())
        raw.recv(1000)


def _import(window: Window) -> None:
    """Upload a roster, a good one and one that is none."""
    window.get("/people/import")
    rows = f"email,name,staff number,npi\r\n{EMAIL},{NAME},{STAFF},{NPI}\r\n{STRANGER},,x,y\r\n"
    window.upload("/people/import", f"{NAME}.csv", rows.encode())
    window.upload("/people/import", f"{EMAIL}.xlsx", b"PK\x03\x04" + NAME.encode())


def _spellings(secret: str) -> set[str]:
    """Return how something may stand in a log: as typed, and as in an address."""
    return {secret, quote(secret), quote_plus(secret), repr(secret)[1:-1], unquote(secret)}


def test_the_logs_of_a_whole_journey_hold_no_secret_and_nothing_about_anybody(place):
    secrets = {PASSWORD, WRONG, NEXT, NAME, "Quillfeather", EMAIL, STRANGER, WORDS, "Marigold",
               STAFF, NPI, ODD, "Wisteria", "Ada Whitfield", "ada@example.org"}  # fmt: skip
    window = Window(place.url)
    _sign_in(window, EMAIL, WRONG)
    _sign_in(window, STRANGER, WRONG)
    assert "Quillfeather" in _sign_in(window, EMAIL, PASSWORD)
    secrets |= {*window.cookies(), window.token}
    _learn(window, place, secrets)
    _forget(Window(place.url), place, secrets)
    window = Window(place.url)
    assert "Quillfeather" in _sign_in(window, EMAIL, NEXT)
    secrets |= {*window.cookies(), window.token}
    _break(window, place)
    ada = Window(place.url)
    _sign_in(ada, "ada@example.org", PASSWORD)
    _import(ada)
    ada.post("/audit/export?who=Quillfeather", format="csv")
    said = place.run("worker", "--once")
    port, stop = free_port(), threading.Event()
    post = threading.Thread(target=_refusing, args=(port, stop))
    post.start()
    again = place.run("worker", "--once", LMS_MAIL_URL=f"smtp://127.0.0.1:{port}")
    stop.set()
    post.join()
    place.stop()
    logs = [one for one in place.folder.rglob("*") if one.suffix in {".log", ".txt"}]
    log = "\n".join(
        [place.log.read_text(errors="replace"), said.stdout, said.stderr, again.stdout, again.stderr,
         *(one.read_text(errors="replace") for one in logs)]
    )  # fmt: skip
    # What did go wrong is told, by where and what …
    assert "unexpected: LookupError at" in log, log
    assert "database: OperationalError" in log
    # … and by nothing else.
    found = {one for one in secrets if len(one) > 5 and any(word in log for word in _spellings(one))}
    assert found == set(), log
    for pattern in (r"[\w.+-]+@[\w-]+\.\w+", r"\$argon2", r"/reset-password/", r"/verify/",
                    r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}", r"\[parameters:", r"Traceback"):  # fmt: skip
        assert not re.search(pattern, log), log
