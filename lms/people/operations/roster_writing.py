"""Write what a roster says: many people in a few statements."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import insert, select, update

from lms import access
from lms.access import Actor, Permission
from lms.audit import AuditEntry
from lms.db import db
from lms.outbox import Message
from lms.people import rules
from lms.people.models import PasswordReset, Person, Profession, SignIn
from lms.people.operations.invitation import invitation
from lms.people.operations.places import add_department
from lms.people.operations.signing import Link
from lms.people.rules.roster_plan import Plan, Status, Verdict
from lms.people.rules.roster_tree import Planned

T = TypeVar("T")
CHUNK: Final = 500
"""How many ids stand in one statement; databases limit them."""


def _chunks(many: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(many), CHUNK):
        yield many[start : start + CHUNK]


def _kept(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as the table takes them."""
    kept = dict(fields)
    if "profession" in kept:
        kept["profession"] = Profession(kept["profession"])
    return kept


@dataclass(kw_only=True)
class Writer:
    """Writes the good rows of one roster."""

    actor: Actor
    at: datetime
    file_name: str
    departments: int = 0
    _made: dict[tuple[int | None, str], int] = field(default_factory=dict)

    def write(self, plan: Plan) -> dict[str, int]:
        """Add and change people; return the ids of new ones by the key of their address."""
        places = {one.key: self._department(one) for one in plan.planned}
        good = [one for one in plan.verdicts if one.status in {Status.NEW, Status.CHANGED}]
        for place in {self._place(one, places) for one in good} - {None}:
            access.require(self.actor, Permission.IMPORT_PEOPLE, department_id=place)
        made = self._insert([one for one in good if one.status is Status.NEW], places)
        self._update([one for one in good if one.status is Status.CHANGED], places)
        return made

    def _department(self, planned: Planned) -> int:
        """Add a department with those above it that are missing; return its id."""
        here = planned.parent_id
        for name in planned.names:
            key = (here, name.casefold())
            if key not in self._made:
                made = add_department(actor=self.actor, name=name, parent_id=here, at=self.at)
                self._made[key] = made.id
                self.departments += 1
            here = self._made[key]
        assert here is not None  # noqa: S101 - a path has a name
        return here

    @staticmethod
    def _place(one: Verdict, places: Mapping[Any, int]) -> int | None:
        place = one.wanted.place if one.wanted else None
        return places[place.key] if isinstance(place, Planned) else place

    def _insert(self, new: Sequence[Verdict], places: Mapping[Any, int]) -> dict[str, int]:
        rows = []
        empty = dict.fromkeys(("licence_state", "zone", "staff_number", "npi", "started_on"))
        for one in new:
            wanted = one.wanted
            if wanted is None:
                continue
            fields = {"profession": Profession.OTHER, "certificate_name": wanted.printed}
            rows.append(
                empty | fields | _kept(wanted.fields)
                | {
                    "email": wanted.email, "email_key": wanted.key, "created_at": self.at,
                    "department_id": self._place(one, places),
                }
            )  # fmt: skip
        if rows:
            db.session.execute(insert(Person), rows)
        made: dict[str, int] = {}
        for keys in _chunks([row["email_key"] for row in rows]):
            found = db.session.execute(
                select(Person.email_key, Person.id).where(Person.email_key.in_(keys))
            )
            made.update((row.email_key, row.id) for row in found)
        return made

    def _update(self, changed: Sequence[Verdict], places: Mapping[Any, int]) -> None:
        rows: dict[frozenset[str], list[dict[str, Any]]] = {}
        for one in changed:
            row = {
                name: new
                for name, _old, new in one.changes
                if name not in {"email", "further_address", "department"}
            }
            if any(name == "department" for name, _old, _new in one.changes):
                row["department_id"] = self._place(one, places)
            if row:
                rows.setdefault(frozenset(row), []).append({"id": one.person_id} | _kept(row))
        for many in rows.values():
            db.session.execute(update(Person), many)

    def end(self, ids: Sequence[int]) -> None:
        """End the access of people who are not in the roster; their records stay."""
        for some in _chunks(ids):
            db.session.execute(
                update(Person).where(Person.id.in_(some)).values(deactivated_at=self.at)
            )
            db.session.execute(
                update(SignIn)
                .where(SignIn.person_id.in_(some), SignIn.ended_at.is_(None))
                .values(ended_at=self.at)
            )
            db.session.execute(
                update(PasswordReset)
                .where(PasswordReset.person_id.in_(some), PasswordReset.used_at.is_(None))
                .values(used_at=self.at)
            )
        self._note(ids, "person.deactivated", {"reason": f"Not in the roster {self.file_name}"})

    def _note(self, ids: Sequence[int], action: str, detail: Mapping[str, Any]) -> None:
        if not ids:
            return
        db.session.execute(
            insert(AuditEntry),
            [
                {
                    "at": self.at, "actor_id": self.actor.person_id or None, "action": action,
                    "thing": f"person:{one}", "detail": dict(detail),
                }
                for one in ids
            ],
        )  # fmt: skip

    def invite(self, ids: Sequence[int], *, link: Link) -> int:
        """Mail each new person a link to set a password, good once and for a week."""
        tokens = {one: secrets.token_urlsafe(32) for one in ids}
        if not tokens:
            return 0
        until = self.at + rules.INVITATION_LASTS
        db.session.execute(
            insert(PasswordReset),
            [
                {
                    "person_id": one, "token_digest": rules.token_digest(token),
                    "asked_at": self.at, "expires_at": until,
                }
                for one, token in tokens.items()
            ],
        )  # fmt: skip
        mails = []
        for some in _chunks(list(ids)):
            rows = db.session.execute(
                select(PasswordReset.id, Person.id, Person.name, Person.email)
                .join(Person, Person.id == PasswordReset.person_id)
                .where(Person.id.in_(some), PasswordReset.used_at.is_(None))
            )
            for reset_id, person_id, name, email in rows:
                subject, body = invitation(name, email, link(tokens[person_id]))
                mails.append(
                    {
                        "key": f"invitation:{reset_id}", "person_id": person_id, "address": email,
                        "subject": subject, "body": body, "is_secret": True, "tries": 0,
                        "queued_at": self.at, "next_try_at": self.at,
                    }
                )  # fmt: skip
        db.session.execute(insert(Message), mails)
        self._note(ids, "person.invited", {})
        return len(mails)
