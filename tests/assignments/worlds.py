"""Small invented worlds of departments, people, assignments and completions, and what the pure
rules say of everybody in them."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from lms.assignments.models import Assignment, AssignmentCycle, AssignmentMember, Exemption
from lms.assignments.rules import Duty, State, fulfilment, state_of
from lms.courses.models import Course, CourseVersion, SeriesVersion
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.people.models import Department, Person, Profession
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

TODAY = date(2026, 11, 2)
KEYS = ("one", "two", "three", "four")
SERIES = {"pair": ("one", "two"), "trio": ("two", "three", "four"), "gone": ("nowhere", "one")}
REQUIRED = {"pair": 0, "trio": 2, "gone": 0}


@dataclass
class World:
    """Everything that was put into the database, as plain values."""

    parents: dict[int, int | None] = field(default_factory=dict)
    people: dict[int, tuple[str, int | None, bool]] = field(default_factory=dict)
    assignments: list[dict] = field(default_factory=list)
    done: dict[int, list[tuple[int, datetime]]] = field(default_factory=dict)
    exempt: list[tuple[int, int, int | None]] = field(default_factory=list)
    members: list[tuple[int, int]] = field(default_factory=list)

    def above(self, place: int | None) -> list[int]:
        """Return a department and all above it."""
        chain = []
        while place is not None:
            chain.append(place)
            place = self.parents[place]
        return chain

    def below(self, place: int) -> frozenset[int]:
        """Return a department and all below it."""
        return frozenset(one for one in self.parents if place in self.above(one))

    def expected(self, places: frozenset[int]) -> dict[tuple[int, int], State]:
        """Return (assignment, person) -> state by the pure rules, for the people of these places."""
        found = {}
        for person_id, (_name, place, is_active) in self.people.items():
            if not is_active or place not in places:
                continue
            for one in self.assignments:
                if one["is_closed"]:
                    continue
                if one["is_selective"]:
                    concerned = (one["id"], person_id) in self.members
                else:
                    concerned = one["place"] in self.above(place)
                if not concerned:
                    continue
                met = fulfilment(one["duty"], self.done.get(person_id, ())).is_met
                exempt = any(
                    (one["id"], person_id) == (what, who) and cycle in {None, one["cycle_id"]}
                    for what, who, cycle in self.exempt
                )
                found[one["id"], person_id] = state_of(
                    is_met=met, is_exempt=exempt, due_on=one["duty"].due_on, today=TODAY
                )
        return found


def courses() -> dict[str, int]:
    """Publish the courses and series the worlds speak of, once; return course ids by key."""
    if not db.session.scalar(select(CourseVersion.id).limit(1)):
        for key in KEYS:
            publish_tiny(key=key, title=f"Course {key}", at=NOON - timedelta(days=400))
        for key, parts in SERIES.items():
            content = {"key": key, "title": key, "summary": "", "order": "any",
                       "required": REQUIRED[key], "courses": list(parts)}
            db.session.add(
                SeriesVersion(key=key, number=1, digest=key, content=content, published_at=NOON)
            )
        db.session.flush()
    return dict(db.session.execute(select(Course.key, Course.id)).all())


def _version(course_id: int) -> int:
    return db.session.scalar(select(CourseVersion.id).where(CourseVersion.course_id == course_id))


def make(random: Random) -> World:
    """Put a world into the database and return what it holds."""
    world, ids = World(), courses()
    tag = random.random()
    for number in range(random.randint(1, 6)):
        above = random.choice([None, *world.parents]) if world.parents else None
        row = Department(name=f"D{number} {tag}", parent_id=above)
        db.session.add(row)
        db.session.flush()
        world.parents[row.id] = above
    for number in range(random.randint(1, 14)):
        place = random.choice([*world.parents, None] if random.random() < 0.2 else [*world.parents])
        is_active = random.random() > 0.15
        name = random.choice(["Ann", "ann", "Bo", "Þóra", "100%_x", "Zoë"]) + f" {number % 3}"
        row = Person(
            email=f"{number}.{tag}@example.org", email_key=f"{number}.{tag}@example.org", name=name,
            certificate_name=name, profession=Profession.NURSE, department_id=place,
            created_at=NOON, deactivated_at=None if is_active else NOON,
        )
        db.session.add(row)
        db.session.flush()
        world.people[row.id] = (name, place, is_active)
    for _ in range(random.randint(0, 6)):
        _assign(random, world, ids)
    for person_id in world.people:
        _complete(random, world, person_id, ids)
    db.session.flush()
    return world


def _assign(random: Random, world: World, ids: dict[str, int]) -> None:
    series = random.choice([None, None, *SERIES])
    key = None if series else random.choice(KEYS)
    is_closed, is_selective = random.random() < 0.15, random.random() < 0.3
    row = Assignment(
        department_id=random.choice([*world.parents]), course_id=ids[key] if key else None,
        series_key=series, is_selective=is_selective, reason="R", asked_by="A", basis="",
        created_at=NOON, closed_at=NOON if is_closed else None,
    )
    db.session.add(row)
    db.session.flush()
    cycle = None
    for number in range(1, random.randint(1, 3) + 1):
        cycle = AssignmentCycle(
            assignment_id=row.id, number=number, opened_at=NOON,
            due_on=TODAY + timedelta(days=random.choice([-30, -1, 0, 1, 14, 15, 60])),
            counts_from=NOON - timedelta(days=random.choice([0, 5, 100, 365])),
        )
        db.session.add(cycle)
        db.session.flush()
    parts = [ids[one] for one in SERIES[series] if one in ids] if series else [ids[key]]
    needed = (min(REQUIRED[series], len(parts)) or len(parts)) if series else 1
    world.assignments.append({
        "id": row.id, "place": row.department_id, "is_closed": is_closed, "cycle_id": cycle.id,
        "is_selective": is_selective,
        "duty": Duty(course_ids=frozenset(parts), needed=needed, due_on=cycle.due_on,
                     counts_from=cycle.counts_from),
    })
    cycles = [None, *db.session.scalars(
        select(AssignmentCycle.id).where(AssignmentCycle.assignment_id == row.id))]
    for person_id in world.people:
        if is_selective and random.random() < 0.5:
            ended = NOON if random.random() < 0.2 else None
            db.session.add(AssignmentMember(
                assignment_id=row.id, person_id=person_id, added_at=NOON, ended_at=ended))
            if ended is None:
                world.members.append((row.id, person_id))
        for cycle_id in cycles:
            if random.random() < 0.15:
                ended = NOON if random.random() < 0.3 else None
                db.session.add(Exemption(
                    assignment_id=row.id, person_id=person_id, cycle_id=cycle_id, reason="L",
                    granted_at=NOON, ended_at=ended))
                if ended is None:
                    world.exempt.append((row.id, person_id, cycle_id))


def _complete(random: Random, world: World, person_id: int, ids: dict[str, int]) -> None:
    for course_id in ids.values():
        for cycle in range(1, random.choice([0, 0, 1, 1, 2, 3]) + 1):
            row = Enrolment(
                person_id=person_id, course_id=course_id, course_version_id=_version(course_id),
                cycle=cycle, acknowledged_at=NOON,
            )
            db.session.add(row)
            db.session.flush()
            if random.random() < 0.7:
                at = NOON - timedelta(days=random.choice([0, 1, 5, 6, 99, 100, 101, 365, 500]))
                db.session.add(Completion(enrolment_id=row.id, completed_at=at, basis={}))
                world.done.setdefault(person_id, []).append((course_id, at))
