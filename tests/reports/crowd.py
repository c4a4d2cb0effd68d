"""A hospital of any size, put into the database at once: people, assignments, completions.

`seed_crowd(20_000, completions=22_000)` takes a few seconds on SQLite. Everything is derived from
the numbers, so the same call makes the same hospital. Benchmarks use it too.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import gcd

from sqlalchemy import Table, func, insert, select

from lms.assignments.models import Assignment, AssignmentCycle, Exemption
from lms.commands.archive import _advance_counters
from lms.courses.models import CourseVersion, SeriesVersion
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import Completion, Enrolment, LessonRead
from lms.people.models import Department, Person, Profession, RoleGrant, SignIn
from tests.courses.tiny import publish_tiny

NOON = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)
COURSES = tuple(f"crowd-{number}" for number in range(1, 7))
SERIES = "crowd-series"
LESSONS = ("moments", "soap", "habits")
UNITS, WARDS = 10, 10
# Due in days, seen from TODAY: overdue, soon, later.
DUE = (-20, 9, 40, 12, 70, 30)
GIVEN, MIDDLE = ("Amara", "Jiří", "Lena", "Noor", "Oluwaseun", "Þóra", "Łukasz", "Samira", "Bích",
                 "Mei-Ling", "Zoë", "Ángel", "Đorđe"), ("A.", "van", "de la", "B.", "al-", "O’", "C.")  # fmt: skip


@dataclass(frozen=True)
class Crowd:
    """What was made, by its ids."""

    root: int
    departments: tuple[int, ...]
    people: tuple[int, ...]
    courses: tuple[int, ...]
    assignments: tuple[int, ...]
    coordinator: int


def _next(table: Table) -> int:
    return (db.session.scalar(select(func.max(table.c.id))) or 0) + 1


def _fill(model: type, rows: list[dict]) -> list[int]:
    """Insert rows with ids of our own, so that nothing need be read back."""
    table, first = model.__table__, _next(model.__table__)
    for place, row in enumerate(rows):
        row["id"] = first + place
    if rows:
        db.session.connection().execute(insert(table), rows)
    return [row["id"] for row in rows]


def _departments() -> tuple[int, list[int]]:
    root = _fill(Department, [{"name": "Crowd Hospital"}])[0]
    units = _fill(
        Department, [{"name": f"Unit {one:02d}", "parent_id": root} for one in range(UNITS)]
    )
    wards = _fill(
        Department,
        [
            {"name": f"Ward {unit:02d}-{one:02d}", "parent_id": above}
            for unit, above in enumerate(units)
            for one in range(WARDS)
        ],
    )
    return root, [*units, *wards]


def _people(number: int, places: list[int], at: datetime) -> list[int]:
    professions = list(Profession)
    rows = []
    for one in range(number):
        name = f"{GIVEN[one * 5 % 13]} {MIDDLE[one * 3 % 7]} {_surname(one)}"
        mail = f"crowd{one}@example.org"
        rows.append(
            {
                "email": mail, "email_key": mail, "name": name, "certificate_name": name,
                "profession": professions[one % len(professions)],
                "department_id": places[one * 7 % len(places)],
                "created_at": at - timedelta(days=400 - one % 300),
                # One in fifty has left.
                "deactivated_at": at - timedelta(days=3) if one % 50 == 49 else None,
            }
        )  # fmt: skip
    return _fill(Person, rows)


def _surname(number: int) -> str:
    letters = "Abdeghiklmnoprstuvwy"
    made = "".join(letters[number // 20**place % 20] for place in range(4))
    return made.capitalize()


def _courses(at: datetime) -> tuple[list[int], list[int]]:
    versions = []
    for place, key in enumerate(COURSES):
        found = publish_tiny(key=key, title=f"Course {place + 1} of the crowd", at=at)
        versions.append((found.course_id, found.id))
    db.session.add(
        SeriesVersion(
            key=SERIES, number=1, digest="0" * 64, published_at=at,
            content={
                "key": SERIES, "title": "Series of the crowd", "summary": "Two of three.",
                "order": "any", "recommended_first": "", "required": 2,
                "courses": list(COURSES[3:]), "planned": [],
            },
        )
    )  # fmt: skip
    db.session.flush()
    return [one for one, _ in versions], [one for _, one in versions]


def _assignments(root: int, places: list[int], courses: list[int], at: datetime) -> list[int]:
    asked = [
        (root, courses[0], None), (root, courses[1], None), (root, None, SERIES),
        (places[0], courses[2], None), (places[1], courses[3], None), (places[2], courses[0], None),
    ]  # fmt: skip
    made = at - timedelta(days=60)
    ids = _fill(
        Assignment,
        [
            {
                "department_id": where, "course_id": course, "series_key": series,
                "is_selective": False, "accept_days": 365, "reason": "Our plan.",
                "asked_by": "The office", "basis": "", "created_at": made,
            }
            for where, course, series in asked
        ],
    )  # fmt: skip
    _fill(
        AssignmentCycle,
        [
            {
                "assignment_id": one, "number": 1, "due_on": TODAY + timedelta(days=due),
                "counts_from": made - timedelta(days=365), "opened_at": made,
            }
            for one, due in zip(ids, DUE, strict=True)
        ],
    )  # fmt: skip
    return ids


def _learning(
    people: list[int], courses: list[int], versions: list[int], completions: int, at: datetime
) -> None:
    """Spread completions over (person, course), each pair once; as many again are under way."""
    pairs = len(people) * len(courses)
    assert completions <= pairs, "more completions than people times courses"
    step = next(one for one in range(pairs * 618 // 1000 | 1, 2 * pairs + 3) if gcd(one, pairs) == 1)
    wanted = min(pairs, completions + completions // 4)
    chosen = [divmod(number * step % pairs, len(courses)) for number in range(wanted)]
    ids = _fill(
        Enrolment,
        [
            {
                "person_id": people[who], "course_id": courses[what],
                "course_version_id": versions[what], "cycle": 1,
                "acknowledged_at": at - timedelta(days=200),
            }
            for who, what in chosen
        ],
    )  # fmt: skip
    done = _fill(
        Completion,
        [
            {
                "enrolment_id": one, "basis": {},
                "completed_at": at - timedelta(days=1 + place % 180, minutes=place % 600),
            }
            for place, one in enumerate(ids[:completions])
        ],
    )  # fmt: skip
    _fill(
        Claim,
        [
            {
                "completion_id": one, "quarters": 2 + place % 3, "claimed_at": at,
                "serial": f"RND-2026-{place:06d}",
            }
            for place, one in enumerate(done)
            if place % 10 < 7
        ],
    )  # fmt: skip
    _fill(
        LessonRead,
        [
            {"enrolment_id": one, "lesson_id": LESSONS[0], "read_at": at - timedelta(days=9)}
            for one in ids[completions:]
        ],
    )


def _coordinator(root: int, at: datetime) -> int:
    rows = [
        {
            "email": "crowd.coordinator@example.org", "email_key": "crowd.coordinator@example.org",
            "name": "Cleo Vance", "certificate_name": "Cleo Vance", "profession": Profession.OTHER,
            "department_id": None, "created_at": at, "deactivated_at": None,
        }
    ]  # fmt: skip
    who = _fill(Person, rows)[0]
    _fill(
        RoleGrant,
        [{"person_id": who, "role": "coordinator", "department_id": root, "granted_at": at}],
    )
    return who


def seed_crowd(people: int, *, completions: int, at: datetime = NOON) -> Crowd:
    """Add a department tree with this many people, six assignments, and what they completed.

    Needs an app context and an empty transaction; commits. Days count from `TODAY`.
    """
    root, places = _departments()
    who = _people(people, places, at)
    course_ids, version_ids = _courses(at - timedelta(days=300))
    assignments = _assignments(root, places, course_ids, at)
    _learning(who, course_ids, version_ids, completions, at)
    _fill(
        SignIn,
        [
            {
                "person_id": one, "token_digest": f"crowd-{one}", "started_at": at,
                "expires_at": at, "ended_at": at,
            }
            for place, one in enumerate(who)
            if place % 5
        ],
    )  # fmt: skip
    _fill(
        Exemption,
        [
            {
                "assignment_id": assignments[0], "person_id": one, "reason": "On leave.",
                "granted_at": at,
            }
            for place, one in enumerate(who)
            if place % 200 == 7
        ],
    )  # fmt: skip
    coordinator = _coordinator(root, at)
    assert db.session.scalar(select(func.count()).select_from(CourseVersion)) >= len(COURSES)
    if db.engine.dialect.name == "postgresql":
        _advance_counters(db.session.connection())
    db.session.commit()
    return Crowd(
        root=root,
        departments=tuple(places),
        people=tuple(who),
        courses=tuple(course_ids),
        assignments=tuple(assignments),
        coordinator=coordinator,
    )
