"""Claim credit for a course: evaluation, completion, claim and certificate in one transaction."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from lms import audit
from lms.access import Actor, Permission, require
from lms.certificates import operations as certificates
from lms.certificates import queries as ledger
from lms.certificates.models import LedgerEntry
from lms.certificates.operations import CannotPrint, Press
from lms.certificates.rules.wording import Award
from lms.courses import queries as courses
from lms.courses.rules.course import Course, hours_text
from lms.credit import rules
from lms.credit.models import Claim
from lms.db import db, whole
from lms.errors import Refused
from lms.learning.models import Completion, Enrolment
from lms.learning.operations import completion as learning
from lms.learning.queries import progress
from lms.learning.rules.evaluation import EvaluationAnswers
from lms.learning.rules.progress import claim_until, may_claim
from lms.people import queries as people
from lms.people.models import Person
from lms.typeset.names import NAME_BOX, Unprintable, printable


class NotBegun(Refused):
    """The course was not started."""


class StillOpen(Refused):
    """Something that the course asks for is left."""


class EvaluationLeft(Refused):
    """The evaluation comes before credit."""


class WrongAmount(Refused):
    """The amount is none of those offered."""


class ClaimClosed(Refused):
    """The course expired, and the time to claim with it."""


@whole
def claim(
    *,
    actor: Actor,
    key: str,
    quarters: int,
    name: str,
    evaluation: EvaluationAnswers | None,
    press: Press,
    at: datetime,
    zone: ZoneInfo | None = None,
) -> LedgerEntry:
    """Claim quarters of an hour for a course and return the certificate, made at once (case 12).

    Takes the evaluation when it's not done yet, records the completion, keeps the name as
    confirmed, and issues. All of it or nothing. A second claim, a double click or twenty at the
    same time change nothing and return the same certificate (case 5). `zone` is the learner's,
    by which days are printed; the institution's stands for none. Raises Missing for an unknown
    course, and a Refused whose sentence says what is left to do.
    """
    require(actor, Permission.CLAIM)
    enrolled = _enrolled(actor, key)
    done, serial = _done(enrolled)
    if serial is not None:
        return ledger.issued(serial)
    course = courses.content_of(enrolled.course_version)
    if quarters not in rules.offered(course.quarters):
        raise WrongAmount(
            f"Claim between 0.25 and {hours_text(course.quarters)} hours in steps of 0.25."
        )
    today = at.astimezone(press.zone).date()
    done = done or _complete(actor, enrolled, course, evaluation, at=at, today=today)
    _let_claim(course, completed_on=done.completed_at.astimezone(press.zone).date(), today=today)
    person = people.person(actor.person_id)
    confirmed = _confirm(actor, person, name, press, at=at)
    version = enrolled.course_version
    award = Award(
        award_key=f"completion:{done.id}:ce",
        person_id=person.id,
        person_name=confirmed,
        person_locale=person.name_locale,
        title=course.title,
        learning_format=course.learning_format,
        format_words=course.format_words,
        minutes=course.minutes,
        quarters=quarters,
        most_quarters=course.quarters,
        completed_at=done.completed_at,
        claimed_at=at,
        zone=zone or press.zone,
        course_key=course.key,
        course_version=version.number,
        course_version_id=version.id,
        course_digest=version.digest,
        language=course.language,
    )
    entry = certificates.issue_within(award=award, press=press, actor=actor, at=at)
    db.session.add(
        Claim(completion_id=done.id, quarters=quarters, claimed_at=at, serial=entry.serial)
    )
    audit.record(
        actor=actor,
        at=at,
        action="credit.claimed",
        thing=f"completion:{done.id}",
        quarters=quarters,
        serial=entry.serial,
    )
    return entry


@whole
def finish(
    *,
    actor: Actor,
    key: str,
    evaluation: EvaluationAnswers | None,
    zone: ZoneInfo,
    at: datetime,
) -> Completion:
    """Finish a course without credit: evaluation and completion, no claim.

    Credit can still be claimed until the course's time to claim ends. `zone` is the
    institution's. Raises Missing and Refused as `claim` does.
    """
    require(actor, Permission.CLAIM)
    enrolled = _enrolled(actor, key)
    course = courses.content_of(enrolled.course_version)
    today = at.astimezone(zone).date()
    done, _serial = _done(enrolled)
    return done or _complete(actor, enrolled, course, evaluation, at=at, today=today)


def _enrolled(actor: Actor, key: str) -> Enrolment:
    """Return the actor's enrolment, locked; whoever claims at the same time waits here."""
    enrolled = progress.enrolment(actor.person_id, key, lock=True)
    if enrolled is None:
        courses.latest(key)
        raise NotBegun("You have not started this course yet. Start it on its page.")
    return enrolled


_DONE = (
    select(Completion, Claim.serial)
    .outerjoin(Claim, Claim.completion_id == Completion.id)
    .where(Completion.enrolment_id == bindparam("enrolment_id"))
)


def _done(enrolled: Enrolment) -> tuple[Completion | None, str | None]:
    """Return the completion of this enrolment and the serial first claimed for it, where made."""
    found = db.session.execute(_DONE, {"enrolment_id": enrolled.id}).first()
    return (found[0], found[1]) if found else (None, None)


def _complete(
    actor: Actor,
    enrolled: Enrolment,
    course: Course,
    evaluation: EvaluationAnswers | None,
    *,
    at: datetime,
    today: date,
) -> Completion:
    """Record the completion, for which the evaluation was the last thing left at most."""
    if today > course.expires_on or enrolled.course.retired_at is not None:
        raise ClaimClosed(
            "This course is no longer offered, so it can't be completed any more. What you read "
            "stays open to you."
        )
    met = progress.met_of(enrolled)
    if course.requirements.evaluation and not met.evaluation_done:
        if evaluation is None:
            left = _left(actor, course, at=at, today=today)[:1]
            raise EvaluationLeft(f"Before credit comes: {', '.join(left)}.")
        learning.take_evaluation(enrolled, met, evaluation, at=at)
        met = replace(met, evaluation_done=True)
    done = learning.complete(enrolled, met, at=at)
    if done is None:
        left = _left(actor, course, at=at, today=today)[:-1]
        raise StillOpen(f"Before credit comes: {', '.join(left)}.")
    return done


def _left(actor: Actor, course: Course, *, at: datetime, today: date) -> list[str]:
    """Return the titles of the steps that are left, in their order."""
    standing = progress.standing(actor.person_id, course.key, at=at, today=today)
    return [one.title for one in standing.steps if not one.is_done]


def _let_claim(course: Course, *, completed_on: date, today: date) -> None:
    if may_claim(course, completed_on=completed_on, today=today):
        return
    last = claim_until(course)
    raise ClaimClosed(
        f"Credit for this course could be claimed until {last:%B} {last.day}, {last.year}. Your "
        "completion is kept; write to the education office if you need proof of it."
    )


def _confirm(actor: Actor, person: Person, name: str, press: Press, *, at: datetime) -> str:
    """Return the name as it will be printed, and keep it on the profile when it's another one."""
    try:
        cleaned = printable(name, NAME_BOX, press.faces, locale=person.name_locale).text
    except Unprintable as problem:
        raise CannotPrint(str(problem)) from problem
    if cleaned != person.certificate_name:
        person.certificate_name = cleaned
        audit.record(
            actor=actor,
            at=at,
            action="profile.changed",
            thing=f"person:{person.id}",
            fields=["certificate_name"],
        )
    return cleaned
