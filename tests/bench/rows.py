"""What is measured, one function for each thing; each puts its figures on the sheet."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Final
from urllib.parse import urlencode

from tests.bench import heavy, journey
from tests.bench.calls import calls
from tests.bench.sitting import Sitting
from tests.bench.town import MYTHS

READERS: Final = 64
ANSWERERS: Final = 64
WALKERS_A_SECOND: Final = 60  # more than can be walked, so that nobody waits for walkers
_TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')

Row = Callable[[Sitting], None]


def home(sitting: Sitting) -> None:
    """Home, for people who have begun a course of two that are due."""
    readers = sitting.town.readers(READERS)
    sitting.measure(
        "home", "Home", marker=b"</html>",
        requests=[sitting.request("/", one.cookie) for one in readers],
    )


def course(sitting: Sitting) -> None:
    """The page of a course that the reader is in."""
    readers = sitting.town.readers(READERS)
    sitting.measure(
        "course", "Course page", marker=b"</html>",
        requests=[sitting.request(f"/courses/{MYTHS}", one.cookie) for one in readers],
    )


def lesson(sitting: Sitting) -> None:
    """The lessons of that course, all in turn."""
    readers, lessons = sitting.town.readers(READERS), sitting.town.lessons()
    sitting.measure(
        "lesson", "Lesson page", marker=b"</html>",
        requests=[
            sitting.request(
                f"/courses/{MYTHS}/lessons/{lessons[place % len(lessons)]}", one.cookie
            )
            for place, one in enumerate(readers)
        ],
    )


def _token(sitting: Sitting, cookie: str, path: str) -> tuple[str, str]:
    """Open a page as a browser would; return the cookie it left and the form token."""
    page = sitting.fetch(path, cookie)
    found = _TOKEN.search(page.text)
    if found is None:
        raise LookupError(f"There is no form token on {path}.")
    return page.cookie or cookie, found[1]


def answer(sitting: Sitting) -> None:
    """Answers as the page's script sends them: each changes a row, and is on disk when told."""
    requests = ([], [])
    held: dict[int, tuple[str, str]] = {}
    for asked in sitting.town.answerers(ANSWERERS):
        whose = asked.visitor.person_id
        if whose not in held:
            held[whose] = _token(sitting, asked.visitor.cookie, asked.path)
        cookie, token = held[whose]
        for turn, fields in enumerate(asked.fields):
            requests[turn].append(
                sitting.request(
                    asked.path, cookie, method="POST", Accept="application/json", X_CSRFToken=token,
                    body=urlencode(fields, doseq=True).encode(),
                )
            )
    sitting.measure(
        "answer", "Save an answer", marker=b"saved", requests=[*requests[0], *requests[1]]
    )


def _walkers(sitting: Sitting, *, signed_in: bool) -> list[tuple[object, ...]]:
    plan = sitting.town.plan()
    made = sitting.town.newcomers(
        int(sitting.seconds * WALKERS_A_SECOND) + 24, signed_in=signed_in
    )
    return [
        (plan, one.name, one.email, one.cookie, f"10.{place >> 8 & 255}.{place & 255}.7")
        for place, one in enumerate(made)
    ]


def walk(sitting: Sitting) -> None:
    """Whole ways to the certificate, of people who are signed in."""
    walkers = _walkers(sitting, signed_in=True)
    warm = 3 * sitting.connections
    sitting.drive(20, walk=journey.walk, walkers=walkers[:warm])
    sitting.measure(
        "journey", "Learner journey", walk=journey.walk, walkers=walkers[warm:],
        note="signed in before; home to the certificate's file",
    )


def walk_and_sign_in(sitting: Sitting) -> None:
    """The same with the sign-in, whose hash is slow on purpose; and sign-ins alone."""
    before = sitting.most_memory
    walkers = _walkers(sitting, signed_in=False)
    half = len(walkers) // 2
    sitting.measure(
        "journey-signing-in", "Learner journey with sign-in", walk=journey.walk,
        walkers=walkers[:half],
    )
    sitting.measure(
        "sign-in", "Sign-in", walk=journey.sign_in, note="form, hash, home",
        walkers=[(one[0], one[2], one[4]) for one in walkers[half:]],
    )
    # Each hash at work takes 19 MiB for its tenth of a second; counted apart, as its time is.
    sitting.most_memory = before


def _issued(sitting: Sitting, least: int) -> list[tuple[str, str, int]]:
    """Return serial, code and holder of so many certificates; walk for those that are missing."""
    def there() -> list[tuple[str, str, int]]:
        with closing(sqlite3.connect(sitting.town.database, timeout=20)) as opened:
            return opened.execute(
                "SELECT serial, code, person_id FROM ledger_entries WHERE kind = 'issued'"
                " ORDER BY seq DESC LIMIT ?", (least,),
            ).fetchall()

    found = there()
    if len(found) < least:
        walkers = _walkers(sitting, signed_in=True)[: least - len(found)]
        sitting.drive(60, walk=journey.walk, walkers=walkers)
        found = there()
    return found


def certificate(sitting: Sitting) -> None:
    """The stored file of a certificate, and the page that shows it."""
    issued = _issued(sitting, 24)
    cookies = {
        one.person_id: one.cookie for one in sitting.town.sign_in([who for _s, _c, who in issued])
    }
    sitting.measure(
        "certificate", "Certificate again, the file", marker=b"%PDF-",
        requests=[
            sitting.request(f"/certificates/{serial}.pdf", cookies[who])
            for serial, _code, who in issued
        ],
    )
    sitting.measure(
        "certificate-page", "Certificate on screen", marker=b"</html>",
        requests=[
            sitting.request(f"/certificates/{serial}", cookies[who])
            for serial, _code, who in issued
        ],
    )


def verify(sitting: Sitting) -> None:
    """The public check of a code, by strangers from many addresses."""
    issued = _issued(sitting, 24)
    count = int(sitting.seconds * 2500) + 4000
    sitting.measure(
        "verify", "Verify page", marker=b"</html>",
        requests=[
            sitting.request(
                f"/verify/{issued[one % len(issued)][1]}",
                X_Forwarded_For=f"10.{one >> 14 & 255}.{one >> 6 & 255}.{one & 63}",
            )
            for one in range(count)
        ],
    )


ROWS: Final[dict[str, Row]] = {
    "calls": calls,
    "home": home,
    "course": course,
    "lesson": lesson,
    "answer": answer,
    "journey": walk,
    "sign-in": walk_and_sign_in,
    "certificate": certificate,
    "verify": verify,
    "memory": heavy.memory,
    "first-certificate": heavy.first_certificate,
    "department": heavy.department,
    "import": heavy.imported,
    "new-instance": heavy.new_instance,
    "first-visit": heavy.first_visit,
}
