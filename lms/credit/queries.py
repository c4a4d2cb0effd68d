"""Questions about credit: what stands before a claim, and what a person has earned so far."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import contains_eager, defer

from lms.certificates import queries as ledger
from lms.certificates.queries import Certificate
from lms.certificates.rules.ledger import State
from lms.certificates.rules.wording import day, day_text, hours, zone_text
from lms.courses import queries as courses
from lms.courses.models import CourseVersion
from lms.courses.rules.course import Course
from lms.credit import rules
from lms.credit.models import Claim
from lms.credit.pdf import Listing, Row
from lms.db import db
from lms.learning.models import Completion, Enrolment
from lms.learning.queries import progress
from lms.learning.queries.progress import Standing
from lms.learning.rules.progress import Step, StepKind, claim_until, may_claim
from lms.people import queries as people
from lms.people.rules import PROFESSIONS

_LAST_STEPS = frozenset({StepKind.EVALUATION, StepKind.CLAIM})


@dataclass(frozen=True, kw_only=True)
class ClaimPage:
    """All that the page shows on which a learner evaluates and claims."""

    course: Course
    standing: Standing
    amounts: tuple[int, ...]  # quarters of an hour, the largest first
    needs_evaluation: bool
    left: tuple[Step, ...]  # what comes before the evaluation
    is_closed: bool
    claim_until: date
    name: str
    name_locale: str | None
    profession_words: str
    licence_state: str | None

    @property
    def is_open(self) -> bool:
        """Say whether this page is the next and last thing to do."""
        begun = self.standing.is_begun and not self.left and not self.is_closed
        return begun and self.standing.serial is None


def claim_page(
    person_id: int, key: str, *, at: datetime, today: date, zone: ZoneInfo
) -> ClaimPage:
    """Return what a person must know to claim for a course; raise Missing for an unknown course.

    `today` and `zone` are the institution's.
    """
    standing = progress.standing(person_id, key, at=at, today=today)
    course = standing.course
    person = people.person(person_id)
    undone = tuple(one for one in standing.steps if not one.is_done)
    done_at = standing.completed_at
    if done_at is None:
        is_closed = standing.is_closed
    else:
        completed_on = done_at.astimezone(zone).date()
        is_closed = not may_claim(course, completed_on=completed_on, today=today)
    return ClaimPage(
        course=course,
        standing=standing,
        amounts=rules.offered(course.quarters),
        needs_evaluation=course.requirements.evaluation and not standing.evaluation_done,
        left=()
        if standing.is_complete
        else tuple(one for one in undone if one.kind not in _LAST_STEPS),
        is_closed=is_closed,
        claim_until=claim_until(course),
        name=person.certificate_name,
        name_locale=person.name_locale,
        profession_words=PROFESSIONS[person.profession.value],
        licence_state=person.licence_state,
    )


@dataclass(frozen=True, kw_only=True)
class Line:
    """One activity of the transcript: a certificate, or a completion without credit."""

    title: str
    course_key: str
    course_version: int
    completed_on: date
    format_words: str
    quarters: int
    state: State | None  # None for a completion without a claim
    serial: str = ""
    code: str = ""
    replaced_by: str = ""
    ended_on: date | None = None
    reason: str = ""
    can_claim: bool = False

    @property
    def format_text(self) -> str:
        """Return the learning format as the beginning of a line."""
        return self.format_words[:1].upper() + self.format_words[1:]

    @property
    def counts(self) -> bool:
        """Say whether its hours count: claimed, and neither superseded nor revoked."""
        return self.state in {State.VALID, State.EXPIRED}


@dataclass(frozen=True, kw_only=True)
class Transcript:
    """What a person has completed and claimed, newest first, of one year or of all."""

    name: str
    name_locale: str | None
    profession_words: str
    licence_state: str | None
    lines: tuple[Line, ...]
    years: tuple[int, ...]  # all there are, also when one was chosen
    year: int | None
    totals: tuple[tuple[int, int], ...]  # (year, quarters) of what is listed

    @property
    def total(self) -> int:
        """Return the quarters that count of what is listed."""
        return sum(quarters for _, quarters in self.totals)


def transcript(
    person_id: int, *, at: datetime, today: date, zone: ZoneInfo, year: int | None = None
) -> Transcript:
    """Return a person's transcript, every cycle in it, with a constant number of statements.

    A certificate's days are those it printed; `zone` counts the days of completions without one.
    """
    person = people.person(person_id)
    found = [_claimed(one) for one in ledger.of_person(person_id, at=at)]
    found += _unclaimed(person_id, today=today, zone=zone)
    found.sort(key=lambda one: (one.completed_on, one.serial), reverse=True)
    lines = [one for one in found if year is None or one.completed_on.year == year]
    return Transcript(
        name=person.certificate_name,
        name_locale=person.name_locale,
        profession_words=PROFESSIONS[person.profession.value],
        licence_state=person.licence_state,
        lines=tuple(lines),
        years=tuple(sorted({one.completed_on.year for one in found}, reverse=True)),
        year=year,
        totals=rules.by_year((one.completed_on.year, one.quarters) for one in lines if one.counts),
    )


def _claimed(one: Certificate) -> Line:
    ending = one.ending
    return Line(
        title=one.facts.title,
        course_key=one.facts.course_key,
        course_version=one.facts.course_version,
        completed_on=one.completed_at.astimezone(one.zone).date(),
        format_words=one.format_words,
        quarters=one.quarters,
        state=one.state,
        serial=one.serial,
        code=one.facts.code,
        replaced_by=(ending.replaced_by or "") if ending else "",
        ended_on=ending.at.astimezone(one.zone).date() if ending else None,
        reason=ending.reason if ending else "",
    )


def _unclaimed(person_id: int, *, today: date, zone: ZoneInfo) -> list[Line]:
    rows = db.session.execute(
        select(Completion, CourseVersion)
        .join(Enrolment, Enrolment.id == Completion.enrolment_id)
        .join(CourseVersion, CourseVersion.id == Enrolment.course_version_id)
        .join(CourseVersion.course)
        .outerjoin(Claim, Claim.completion_id == Completion.id)
        .where(Enrolment.person_id == person_id, Claim.id.is_(None))
        .options(contains_eager(CourseVersion.course), defer(CourseVersion.rendered))
    )
    lines = []
    for done, version in rows:
        course = courses.content_of(version)
        completed_on = done.completed_at.astimezone(zone).date()
        lines.append(
            Line(
                title=course.title,
                course_key=course.key,
                course_version=version.number,
                completed_on=completed_on,
                format_words=course.format_words,
                quarters=0,
                state=None,
                can_claim=may_claim(course, completed_on=completed_on, today=today),
            )
        )
    return lines


def listing(page: Transcript, *, at: datetime, zone: ZoneInfo, verify_label: str) -> Listing:
    """Return a transcript as its file prints it."""
    organisation = people.organisation()
    issuer = organisation.name if organisation else ""
    notes = [
        f"Each certificate can be verified at {verify_label} by the code under its serial number. "
        "Hours of certificates that were replaced or revoked are not counted.",
        f"Days are those of the certificates, else counted in {zone_text(zone)}. This list "
        "carries no accreditation claim; licensing boards decide which education they accept. "
        "Records are kept for at least six years.",
    ]
    if organisation is not None and organisation.is_demonstration:
        notes.insert(0, "A specimen from a demonstration hospital; it awards no credit.")
    totals = [(str(year), hours(quarters)) for year, quarters in page.totals]
    if len(totals) != 1:
        totals.append(("Together", hours(page.total)))
    return Listing(
        name=page.name,
        name_locale=page.name_locale,
        issuer=issuer,
        issuer_line=organisation.line if organisation else "",
        period=f"Year {page.year}" if page.year else "All years",
        stated=f"As recorded on {day(at, zone)}",
        rows=tuple(_printed(one) for one in page.lines),
        totals=tuple(totals),
        notes=tuple(notes),
        made_at=at,
    )


def _printed(one: Line) -> Row:
    about = f"{one.format_text}, version {one.course_version}"
    if one.ended_on is not None:
        by = f" by {one.replaced_by}" if one.replaced_by else ""
        word = "Replaced" if one.replaced_by else "Revoked"
        about += f". {word} on {day_text(one.ended_on)}{by}: {one.reason}"
    elif one.state == State.EXPIRED:
        about += ". Expired"
    return Row(
        title=one.title,
        about=about,
        completed=day_text(one.completed_on),
        serial=one.serial or "Not claimed",
        code=one.code,
        hours=hours(one.quarters) if one.counts else "0.00",
    )
