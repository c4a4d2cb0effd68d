"""The story of the demonstration: who works there, and what happened in a year."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from lms import clock
from lms.access import SYSTEM, Actor, Role
from lms.assignments import operations as assignments
from lms.assignments.models import Assignment
from lms.assignments.rules import Request
from lms.certificates import operations as certificates
from lms.certificates.operations import Press
from lms.commands.demo_learning import Learner
from lms.commands.demo_people import CAST, TREE, Cast, invented, unit_names
from lms.db import db
from lms.people import operations as people
from lms.people import queries as people_queries
from lms.people.models import Person, Profession
from lms.people.operations import NewPerson
from lms.typeset.names import NAME_BOX, Unprintable, printable

STAFF = 194
MYTHS = "trafficking-101-past-the-myths"
CHILD = "child-series-1-introduction"
SERIES = "caring-for-exploited-young-people"
SEED = 20_261_121  # the same hospital every time


@dataclass
class Hospital:
    """What is known while the demonstration is made."""

    now: datetime
    press: Press
    zone: ZoneInfo
    chance: random.Random
    places: dict[str, int]
    people: dict[str, int]
    staff: list[int]

    def ago(self, days: float, hour: float = 18.5) -> datetime:
        """Return an instant so many days ago, in the working hours of the hospital."""
        day = (self.now - timedelta(days=days)).date()
        minute = self.chance.randrange(0, 50)
        return datetime.combine(day, time(int(hour), minute), tzinfo=UTC)

    def day(self, at: datetime) -> date:
        """Return the institution's day of an instant."""
        return clock.day_of(at, self.zone)

    def actor(self, who: str, *departments: str) -> Actor:
        """Return one of the named accounts as an actor with the role the story needs."""
        role = {"ada": Role.ADMINISTRATOR, "petra": Role.PLANNER}.get(who, Role.COORDINATOR)
        below = people_below([self.places[name] for name in departments])
        return Actor(
            person_id=self.people[who],
            roles=frozenset({Role.LEARNER, role}),
            department_ids=below,
        )

    def learner(self, person_id: int) -> Learner:
        """Return somebody who can take a course."""
        return Learner(person_id=person_id, press=self.press, zone=self.zone, chance=self.chance)


def people_below(ids: list[int]) -> frozenset[int]:
    """Return these departments and all below them."""
    return frozenset(people_queries.departments_below(ids)) if ids else frozenset()


def departments(at: datetime) -> dict[str, int]:
    """Add the department tree; return each department's id by its name."""
    places: dict[str, int] = {}

    def add(name: str, parent: str | None) -> None:
        made = people.add_department(
            actor=SYSTEM, name=name, parent_id=places[parent] if parent else None, at=at
        )
        places[name] = made.id

    for division, parts in TREE.items():
        add(division, None)
        for part, units in parts.items():
            add(part, division)
            for unit in units:
                add(unit, part)
    return places


def cast(places: dict[str, int], password_hash: str, at: datetime) -> dict[str, int]:
    """Add the seven named accounts with their roles; return each one's id."""
    made: dict[str, int] = {}
    for one in CAST:
        made[one.email] = _add(one, places, password_hash, at)
    return made


def _add(one: Cast, places: dict[str, int], password_hash: str, at: datetime) -> int:
    person = people.add_person(
        actor=SYSTEM,
        new=NewPerson(
            email=f"{one.email}@example.org",
            name=one.name,
            profession=Profession(one.profession),
            department_id=places[one.department],
            licence_state=one.state,
            password_hash=password_hash,
        ),
        printable=people.as_typed,
        at=at,
    )
    if one.role is not None:
        people.grant_role(
            actor=SYSTEM,
            person_id=person.id,
            role=Role(one.role),
            department_id=places[one.role_department] if one.role_department else None,
            at=at,
        )
    return person.id


def staff(hospital: Hospital, at: datetime) -> None:
    """Add the others; a few join late, and most have never been given a password."""
    units = unit_names()
    for place, (name, latin, profession) in enumerate(invented(STAFF)):
        joined = at if place % 9 else at + timedelta(days=200 + place % 120)
        try:
            printable(name, NAME_BOX, hospital.press.faces)
        except Unprintable:
            name = latin  # this machine has no face for the script
        person = people.add_person(
            actor=SYSTEM,
            new=NewPerson(
                email=f"staff{place + 1:03d}@example.org",
                name=name,
                profession=Profession(profession),
                department_id=hospital.places[units[place % len(units)]],
                licence_state=None if profession == "support" else "CA",
            ),
            printable=people.as_typed,
            at=joined,
        )
        hospital.staff.append(person.id)


def _assign(
    hospital: Hospital, who: str, where: str, *, at: datetime, due_in: int, **what: str
) -> Assignment:
    return assignments.assign(
        actor=hospital.actor(who, where),
        department_id=hospital.places[where],
        request=Request(
            course_key=what.get("course"),
            series_key=what.get("series"),
            due_on=hospital.day(at) + timedelta(days=due_in),
            reason=what["reason"],
            asked_by=what["asked_by"],
            basis=what.get("basis", ""),
            accept_days=int(what.get("accept_days", "365")),
        ),
        at=at,
        today=hospital.day(at),
    )


def _in(hospital: Hospital, department: str) -> list[int]:
    places = people_below([hospital.places[department]])
    return list(
        db.session.scalars(
            select(Person.id)
            .where(Person.id.in_(hospital.staff), Person.department_id.in_(places))
            .order_by(Person.id)
        )
    )


def last_winter(hospital: Hospital) -> None:
    """The first cycle: Emergency Medicine, finished, closed; one certificate corrected later."""
    first = _assign(
        hospital,
        "cora",
        "Emergency Medicine",
        at=hospital.ago(350),
        due_in=60,
        course=MYTHS,
        reason="The first part of our response plan. Everybody at the door needs the same basics.",
        asked_by="Department of Emergency Medicine",
    )
    serials = []
    for place, person_id in enumerate(_in(hospital, "Emergency Medicine")):
        if place % 4 == 3:
            continue
        done = hospital.ago(335 - place % 40)
        serials.append(hospital.learner(person_id).finish(MYTHS, at=done, retakes=place % 5 == 4))
    petra = hospital.actor("petra")
    certificates.supersede(
        actor=petra,
        serial=serials[0],
        name="Amara Diallo-Laurent, MD",
        reason="Name changed after marriage; license shown to the education office.",
        press=hospital.press,
        at=hospital.ago(200),
    )
    certificates.revoke(
        actor=petra,
        serial=serials[1],
        at=hospital.ago(180),
        reason="Claimed from another person's session; the learner reported it.",
    )
    assignments.close(
        actor=hospital.actor("cora", "Emergency Medicine"),
        assignment_id=first.id,
        reason="The round of last winter is complete; a new one follows.",
        at=hospital.ago(280),
    )


def this_year(hospital: Hospital) -> None:
    """What is open now: overdue in one place, due soon in another, done by many."""
    womens = _assign(
        hospital,
        "otto",
        "Women’s Health",
        at=hospital.ago(120),
        due_in=90,
        course=MYTHS,
        reason="Our clinic sees patients alone; everyone should know the first step.",
        asked_by="Department of Women’s Health",
    )
    for place, person_id in enumerate(_in(hospital, "Women’s Health")):
        if place % 5 < 3:
            hospital.learner(person_id).finish(MYTHS, at=hospital.ago(100 - place * 2))
        elif place % 5 == 4:
            assignments.exempt(
                actor=hospital.actor("otto", "Women’s Health"),
                assignment_id=womens.id,
                person_id=person_id,
                reason="On leave until spring.",
                at=hospital.ago(60),
            )
            break
    access = _assign(
        hospital,
        "ada",
        "Patient Access",
        at=hospital.ago(75),
        due_in=60,
        course=MYTHS,
        reason="Registration and security are the first to meet a patient.",
        asked_by="Patient Access",
        basis="Hospital policy 4.12, visitors and privacy",
    )
    for place, person_id in enumerate(_in(hospital, "Patient Access")):
        if place % 2:
            hospital.learner(person_id).finish(MYTHS, at=hospital.ago(50 - place))
        elif place == 0:
            assignments.exempt(
                actor=hospital.actor("ada"),
                assignment_id=access.id,
                person_id=person_id,
                reason="Seconded to another site until January.",
                at=hospital.ago(40),
            )
    _emergency_now(hospital)
    _pediatrics(hospital)


def _emergency_now(hospital: Hospital) -> None:
    _assign(
        hospital,
        "cora",
        "Emergency Medicine",
        at=hospital.ago(35),
        due_in=45,
        course=MYTHS,
        reason="Part of our department’s response plan. It replaces the evening lecture.",
        asked_by="Department of Emergency Medicine, Dr. Raghunathan",
        basis="Hospital policy 7.3, response to violence and exploitation",
        accept_days="90",
    )
    _assign(
        hospital,
        "cora",
        "Adult Emergency",
        at=hospital.ago(70),
        due_in=60,
        course=CHILD,
        reason="Adolescents are seen in the adult rooms at night.",
        asked_by="Department of Emergency Medicine",
    )
    for place, person_id in enumerate(_in(hospital, "Adult Emergency")):
        if place % 3:
            hospital.learner(person_id).finish(CHILD, at=hospital.ago(58 - place * 2))
    _assign(
        hospital,
        "cora",
        "Pediatric Emergency",
        at=hospital.ago(30),
        due_in=90,
        series=SERIES,
        reason="Children and young people come to us first.",
        asked_by="Department of Emergency Medicine",
    )
    for place, person_id in enumerate(_in(hospital, "Emergency Medicine")):
        learner = hospital.learner(person_id)
        if place % 4 in (1, 3) and place % 8 != 7:
            learner.finish(MYTHS, at=hospital.ago(28 - place))
        elif place % 8 == 7:
            learner.begin(MYTHS, at=hospital.ago(6), lessons=2)
    noor = hospital.learner(hospital.people["noor"])
    noor.finish(MYTHS, at=hospital.ago(12), spoken=3)
    lena = hospital.learner(hospital.people["lena"])
    lena.begin(MYTHS, at=hospital.ago(1, hour=2), lessons=1, stop_at=(1, 2))


def _pediatrics(hospital: Hospital) -> None:
    _assign(
        hospital,
        "ada",
        "Pediatrics",
        at=hospital.ago(60),
        due_in=120,
        series=SERIES,
        reason="Young people tell those who ask gently and explain what stays private.",
        asked_by="Pediatrics and Adolescent Medicine",
    )
    for place, person_id in enumerate(_in(hospital, "Pediatrics")):
        if place % 3 == 0:
            hospital.learner(person_id).finish(CHILD, at=hospital.ago(45 - place))
        elif place % 3 == 1:
            hospital.learner(person_id).begin(CHILD, at=hospital.ago(9), lessons=3)
