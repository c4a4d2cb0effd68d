"""An instance full of people: seeded by rows, so that the hashing of passwords stays apart."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import func, insert, select

from lms.access import SYSTEM, Actor, Role
from lms.app import create_app
from lms.assignments import operations as assignments
from lms.assignments.rules import Request
from lms.config import Settings
from lms.courses import queries as courses
from lms.db import db
from lms.learning.models import Attempt
from lms.learning.operations import enrolment, quiz
from lms.learning.rules import drawing, scoring
from lms.people.models import (
    Department,
    Organisation,
    Person,
    Profession,
    RoleGrant,
    SignIn,
)
from lms.people.operations import hashed
from lms.web.door import kept
from tests.bench.journey import PASSWORD, Plan
from tests.reports.crowd import seed_crowd

MYTHS = "trafficking-101-past-the-myths"
CHILD = "child-series-1-introduction"
DIVISIONS, UNITS = 6, 5
BATCH = 5000


@dataclass(frozen=True)
class Visitor:
    """A person, and the cookie of their sign-in."""

    person_id: int
    name: str
    email: str
    cookie: str


@dataclass(frozen=True)
class Asked:
    """One question of an open attempt, and the fields of two answers to go between."""

    visitor: Visitor
    path: str
    fields: tuple[dict[str, object], ...]


class Town:
    """What stands behind the server that is measured: its database, filled from here."""

    def __init__(self, instance: Path, *, port: int) -> None:
        self.instance = instance
        self.app: Flask = create_app(
            Settings.from_env(
                {
                    "LMS_INSTANCE": str(instance), "LMS_PROXY_HOPS": "1",
                    "LMS_BASE_URL": f"http://127.0.0.1:{port}",
                }
            )
        )
        self.port = port
        self.top = 0
        self.units: list[int] = []
        self.cora = 0
        self._password = hashed(PASSWORD)

    @property
    def database(self) -> Path:
        """The file that the server writes."""
        return self.instance / "rounds.db"

    def found(self) -> None:
        """Lay out the hospital: departments, a coordinator of them all, both courses assigned."""
        now = datetime.now(UTC)
        with self.app.app_context(), kept():
            db.session.add(
                Organisation(
                    id=1, name="Bench Hospital", line="Office of Continuing Education",
                    signer_name="Elena Marchetti-Rao, MD", signer_title="Director",
                    contact_email="education@example.org",
                )
            )
            top = Department(name="Bench Hospital")
            db.session.add(top)
            db.session.flush()
            self.top = top.id
            for one in range(DIVISIONS):
                division = Department(name=f"Division {one + 1}", parent_id=top.id)
                db.session.add(division)
                db.session.flush()
                units = [
                    Department(name=f"Unit {one + 1}.{two + 1}", parent_id=division.id)
                    for two in range(UNITS)
                ]
                db.session.add_all(units)
                db.session.flush()
                self.units += [unit.id for unit in units]
            (self.cora,) = self._people(1, "cora", now)
            db.session.add(
                RoleGrant(
                    person_id=self.cora, role=Role.COORDINATOR, department_id=top.id, granted_at=now
                )
            )
            db.session.flush()
            for key in (MYTHS, CHILD):
                assignments.assign(
                    actor=SYSTEM, department_id=top.id, at=now, today=now.date(),
                    request=Request(
                        course_key=key, due_on=now.date() + timedelta(days=60), accept_days=400,
                        reason="The hospital's yearly plan.", asked_by="Office of the director",
                    ),
                )

    def _people(self, count: int, word: str, at: datetime) -> list[int]:
        """Add people in bulk; return their ids."""
        first = (db.session.scalar(select(func.max(Person.id))) or 0) + 1
        kinds = list(Profession)
        rows = [
            {
                "id": first + one,
                "email": f"{word}-{first + one}@example.org",
                "email_key": f"{word}-{first + one}@example.org",
                "name": f"Given{first + one} Family{(first + one) * 7919 % 5003}",
                "certificate_name": f"Given{first + one} Family{(first + one) * 7919 % 5003}",
                "profession": kinds[one % len(kinds)],
                "department_id": self.units[(first + one) % len(self.units)],
                "password_hash": self._password,
                "created_at": at,
            }
            for one in range(count)
        ]
        for start in range(0, count, BATCH):
            db.session.execute(insert(Person), rows[start : start + BATCH])
        return [row["id"] for row in rows]

    def crowd(self, people: int) -> None:
        """Let so many others be there, who have finished more courses than there are people."""
        with self.app.app_context():
            seed_crowd(people, completions=people + people // 10)
            db.session.remove()

    def newcomers(self, count: int, *, signed_in: bool = True) -> list[Visitor]:
        """Add people who have begun nothing, each with a sign-in unless they do that themselves."""
        with self.app.app_context(), kept():
            ids = self._people(count, "newcomer", datetime.now(UTC))
        return self.sign_in(ids) if signed_in else _visitors(self.app, ids, {})

    def sign_in(self, ids: Sequence[int]) -> list[Visitor]:
        """Open sign-ins by rows, and make the cookies that the sign-in page would give."""
        return sign_in(self.app, ids)

    def plan(self, key: str = MYTHS) -> Plan:
        """Return what a walker must know to take a course."""
        with self.app.app_context():
            course = courses.content_of(courses.latest(key))
        quarters = course.quarters
        return Plan(
            port=self.port, database=str(self.database), key=key,
            objectives=tuple(one.id for one in course.objectives),
            claim=f"{quarters // 4}.{quarters % 4 * 25:02d}",
        )

    def lessons(self, key: str = MYTHS) -> list[str]:
        """Return the lessons of a course."""
        with self.app.app_context():
            return [one.id for one in courses.content_of(courses.latest(key)).lessons]

    def readers(self, count: int, *, lessons: int = 2) -> list[Visitor]:
        """Add people who have begun the course and read some of it."""
        made, read = self.newcomers(count), self.lessons()[:lessons]
        now = datetime.now(UTC)
        with self.app.app_context(), kept():
            for one in made:
                _begin(one, read, now)
        return made

    def answerers(self, count: int) -> list[Asked]:
        """Add people in the middle of a quiz; return a question of each with two answers to it."""
        made, read = self.newcomers(count), self.lessons()
        now = datetime.now(UTC)
        asked: list[Asked] = []
        with self.app.app_context(), kept():
            for one in made:
                actor = _begin(one, read, now)
                attempt = quiz.start(actor=actor, key=MYTHS, at=now, today=now.date())
                asked += _questions(one, attempt)
        return asked


def sign_in(app: Flask, ids: Sequence[int]) -> list[Visitor]:
    """Open sign-ins by rows, and make the cookies that the sign-in page would give."""
    now = datetime.now(UTC)
    cookies: dict[int, str] = {}
    keeper = SecureCookieSessionInterface().get_signing_serializer(app)
    assert keeper is not None
    with app.app_context(), kept():
        for one in ids:
            token = secrets.token_urlsafe(32)
            db.session.add(
                SignIn(
                    person_id=one, token_digest=hashlib.sha256(token.encode()).hexdigest(),
                    started_at=now, expires_at=now + timedelta(hours=12),
                )
            )
            held = {"_permanent": True, "_user_id": token, "_fresh": True}
            cookies[one] = f"{app.config['SESSION_COOKIE_NAME']}={keeper.dumps(held)}"
    return _visitors(app, ids, cookies)


def _visitors(app: Flask, ids: Sequence[int], cookies: dict[int, str]) -> list[Visitor]:
    with app.app_context():
        rows = db.session.execute(
            select(Person.id, Person.certificate_name, Person.email).where(Person.id.in_(ids))
        )
        return [Visitor(*row, cookies.get(row.id, "")) for row in rows]


def _begin(visitor: Visitor, lessons: Sequence[str], now: datetime) -> Actor:
    actor = Actor(person_id=visitor.person_id)
    enrolment.start(actor=actor, key=MYTHS, acknowledged=True, at=now, today=now.date())
    for lesson in lessons:
        enrolment.mark_read(actor=actor, key=MYTHS, lesson_id=lesson, at=now)
    return actor


def _questions(visitor: Visitor, attempt: Attempt) -> list[Asked]:
    """Return the questions with one right choice: the best answer, and one beside it."""
    found = []
    for number, drawn in enumerate(drawing.thaw(attempt.drawn), start=1):
        best = drawing.marks_of(drawn, scoring.best(drawn.item))
        if drawn.item.kind.value not in ("single", "true_false"):
            continue
        other = "1" if best != ["1"] else "2"
        fields: tuple[dict[str, object], ...] = ({"mark": best}, {"mark": [other]})
        found.append(Asked(visitor, f"/attempts/{attempt.id}/questions/{number}", fields))
    return found
