"""Learners who take a quiz or claim, note each answer they get, and know what must be there."""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.certificates.models import CertificateFile, Entry, LedgerEntry
from lms.credit.models import Claim
from lms.db import db
from lms.learning.models import (
    Answer,
    Attempt,
    Completion,
    Enrolment,
    EvaluationReceipt,
    EvaluationResponse,
    Outcome,
)
from lms.learning.rules import drawing, scoring
from tests.faults.ground import KEY, Installation
from tests.faults.wire import Cut, Reply, Wire
from tests.learning.steps import _wrong


class Astray(AssertionError):
    """The server answered something else than it should."""


@dataclass
class Learner:
    """Somebody with two windows open, who sends each thing again until it's acknowledged."""

    place: Installation
    person_id: int
    cookie: str
    rng: random.Random
    wires: list[Wire] = field(default_factory=list)
    acknowledged: int = 0
    is_done: bool = False
    tell: Callable[[], None] = lambda: None  # called with each answer

    def connect(self) -> None:
        """Open both windows anew, as after the server was away."""
        self.wires = [Wire(self.place, self.cookie), Wire(self.place, self.cookie)]

    def hang_up(self) -> None:
        """Close both windows."""
        for wire in self.wires:
            wire.close()

    def click(self, path: str, fields: dict[str, Any]) -> list[Reply]:
        """Send a form, every other time from both windows at once; return what answers came.

        Raises Cut when none came.
        """
        sent = []
        for wire in self.wires[: self.rng.randint(1, 2)]:
            try:
                wire.send_form(path, fields)
            except Cut:
                continue
            sent.append(wire)
        replies = []
        for wire in sent:
            try:
                replies.append(wire.reply())
            except Cut:
                continue
        replies = [one for one in replies if not self.is_away(one)]
        if not replies:
            raise Cut(path)
        return replies

    def is_away(self, reply: Reply) -> bool:
        """Say whether this acknowledges nothing: the database is away, or too many wait for it."""
        self.place.refusals += reply.status == 503
        return self.place.is_shaky and reply.status == 503

    def led_to(self, path: str, fields: dict[str, Any], wanted: str) -> str:
        """Send a form once or twice; return the one place that the answers lead to."""
        replies = self.click(path, fields)
        for one in replies:
            if one.status != 303 or not re.search(wanted, one.location):
                raise Astray(f"{path}: {one.title} {one.location}")
        if len({one.location for one in replies}) > 1:
            raise Astray(f"{path}: two clicks, two places: {replies}")
        self.heard(len(replies))
        return replies[0].location

    def heard(self, number: int) -> None:
        """Note that so many requests were acknowledged."""
        self.acknowledged += number
        self.tell()

    def step(self) -> None:
        """Do the next thing, or again what was not acknowledged. Raises Cut."""
        raise NotImplementedError

    def check(self) -> bool:
        """Compare the database with what was acknowledged; asks for an application context.

        Return whether something is there that was sent and not acknowledged.
        """
        raise NotImplementedError


def _ways(one: drawing.Drawn) -> tuple[list[str], list[str]]:
    """Return the marks of two different answers to a question, the right one last."""
    return (
        drawing.marks_of(one, _wrong(one.item)),
        drawing.marks_of(one, scoring.best(one.item)),
    )


@dataclass
class Taker(Learner):
    """Takes a quiz: starts it with a double click, changes answers, hands in with another."""

    attempt_id: int | None = None
    drawn: tuple[drawing.Drawn, ...] = ()
    plan: list[tuple[int, list[str]]] = field(default_factory=list)
    saved: dict[int, list[str]] = field(default_factory=dict)
    unsure: tuple[int, list[str]] | None = None  # sent, and never answered
    is_starting: bool = False
    is_submitting: bool = False

    def step(self) -> None:
        """Start, answer or hand in."""
        if self.attempt_id is None:
            self.is_starting = True
            place = self.led_to(f"/courses/{KEY}/quiz", {}, r"/attempts/\d+$")
            self.attempt_id, self.is_starting = int(place.rpartition("/")[2]), False
        elif not self.drawn:
            self._read()
        elif self.plan:
            self._answer(*self.plan[0])
        else:
            self.is_submitting = True
            self.led_to(f"/attempts/{self.attempt_id}/submit", {}, r"/review$")
            self.is_done, self.is_submitting = True, False

    def _read(self) -> None:
        """Learn which questions were drawn, and make up one's mind: some answers change twice."""
        with self.place.app.app_context():
            row = db.session.execute(
                select(Attempt.drawn).where(Attempt.id == self.attempt_id)
            ).scalar_one()
            db.session.remove()
        self.drawn = drawing.thaw(row)
        for one in self.drawn:
            wrong, right = _ways(one)
            ways = self.rng.choice([[right], [wrong, right], [right, wrong, right]])
            self.plan += [(one.number, way) for way in ways]
        self.rng.shuffle(self.plan)
        # The last word on each question is the right one.
        self.plan += [(one.number, _ways(one)[1]) for one in self.drawn]

    def _answer(self, number: int, marks: list[str]) -> None:
        self.unsure = (number, marks)
        reply = self.wires[0].post(
            f"/attempts/{self.attempt_id}/questions/{number}", {"mark": marks},
            wants="application/json",
        )
        if self.is_away(reply):
            raise Cut(reply.title)
        if reply.status != 200 or (reply.text and "saved" not in reply.json()):
            raise Astray(f"answer: {reply.title}")
        self.saved[number], self.unsure = marks, None
        self.plan.pop(0)
        self.heard(1)

    def check(self) -> bool:
        """One attempt; each answer acknowledged there once, as it was sent last."""
        attempts = db.session.execute(
            select(Attempt.id, Attempt.ended_at, Attempt.outcome)
            .join(Enrolment)
            .where(Enrolment.person_id == self.person_id)
        ).all()
        if self.attempt_id is None:
            assert len(attempts) <= self.is_starting, f"{self.person_id}: {attempts}"
            return bool(attempts)
        assert [one.id for one in attempts] == [self.attempt_id]
        rows = db.session.execute(
            select(Answer.item_id, Answer.response).where(Answer.attempt_id == self.attempt_id)
        ).all()
        is_more = self._compare(rows)
        ended, outcome = attempts[0].ended_at, attempts[0].outcome
        if self.is_done:
            assert outcome is Outcome.PASSED, f"handed in, and is {outcome}"
        elif not self.is_submitting:
            assert ended is None, f"{self.attempt_id} ended, and nobody handed it in"
        assert (ended is None) == (outcome is None)
        return is_more or (self.is_submitting and ended is not None)

    def _compare(self, rows: list[Any]) -> bool:
        by_item = {one.item.id: one for one in self.drawn}
        numbers = Counter(by_item[row.item_id].number for row in rows) if self.drawn else {}
        assert all(times == 1 for times in numbers.values()), f"twice: {numbers}"
        there = {
            by_item[row.item_id].number: drawing.marks_of(by_item[row.item_id], row.response)
            for row in rows
        }
        wanted = dict(self.saved)
        is_more = self.unsure is not None and there.get(self.unsure[0]) == self.unsure[1]
        if self.unsure and is_more:
            wanted[self.unsure[0]] = self.unsure[1]
        assert there == wanted, f"attempt {self.attempt_id}: {there} instead of {wanted}"
        return is_more


GOOD = {
    "objective_o1": "4", "objective_o2": "5", "bias": "no", "change": "yes", "comment": "",
    "claim": "0.75",
}


@dataclass
class Claimer(Learner):
    """Hands in the evaluation and claims credit, with a double click."""

    serial: str = ""
    is_claiming: bool = False

    def step(self) -> None:
        """Evaluate and claim."""
        self.is_claiming = True
        fields = GOOD | {"legal_name": f"Learner {self.person_id}, RN"}
        place = self.led_to(f"/courses/{KEY}/claim", fields, r"/certificates/[\w-]+$")
        self.serial, self.is_claiming, self.is_done = place.rpartition("/")[2], False, True

    def parts(self) -> dict[str, int]:
        """Count everything that one claim consists of."""
        mine = select(Enrolment.id).where(Enrolment.person_id == self.person_id)
        done = select(Completion.id).where(Completion.enrolment_id.in_(mine))
        serials = select(LedgerEntry.serial).where(
            LedgerEntry.person_id == self.person_id, LedgerEntry.kind == Entry.ISSUED
        )
        counted = {
            "receipts": (EvaluationReceipt, EvaluationReceipt.enrolment_id.in_(mine)),
            "completions": (Completion, Completion.enrolment_id.in_(mine)),
            "claims": (Claim, Claim.completion_id.in_(done)),
            "ledger": (LedgerEntry, LedgerEntry.person_id == self.person_id),
            "files": (CertificateFile, CertificateFile.serial.in_(serials)),
            "audited": (
                AuditEntry,
                (AuditEntry.actor_id == self.person_id) & (AuditEntry.action == "credit.claimed"),
            ),
        }
        return {
            name: db.session.scalar(select(func.count()).select_from(table).where(which)) or 0
            for name, (table, which) in counted.items()
        }

    def parts_now(self) -> dict[str, int]:
        """Count the same, asking for no application context."""
        with self.place.looking():
            return self.parts()

    def check(self) -> bool:
        """All parts of the claim once, or none; the file is the one that the ledger names."""
        parts = self.parts()
        is_there = set(parts.values()) == {1}
        assert is_there or set(parts.values()) == {0}, f"{self.person_id}: half a claim: {parts}"
        if self.is_done:
            assert is_there, f"{self.person_id}: {self.serial} was acknowledged, and is lost"
        elif not self.is_claiming:
            assert not is_there, f"{self.person_id} never claimed: {parts}"
        if not is_there:
            return False
        entry = db.session.execute(
            select(LedgerEntry.serial, LedgerEntry.pdf_digest)
            .where(LedgerEntry.person_id == self.person_id)
        ).one()
        assert self.serial in {"", entry.serial}
        file = db.session.get_one(CertificateFile, entry.serial)
        assert hashlib.sha256(file.content).hexdigest() == entry.pdf_digest == file.digest
        return self.is_claiming


def no_evaluation_too_many() -> None:
    """As many evaluations as receipts: they can't be told apart by person, but counted."""
    count = {
        table: db.session.scalar(select(func.count()).select_from(table))
        for table in (EvaluationReceipt, EvaluationResponse)
    }
    assert len(set(count.values())) == 1, count
