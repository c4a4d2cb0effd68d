"""The cast: who learns, who coordinates, who must never see whom; and how to sign them in."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from lms.access import Actor, Role
from lms.db import db
from lms.people.models import Department, Organisation, Person, Profession, RoleGrant, SignIn


def person(
    name: str, email: str, *, department: Department | None, profession: Profession, at: datetime
) -> Person:
    """Add a person without a password and return the row."""
    row = Person(
        email=email, email_key=email.casefold(), name=name, certificate_name=name,
        profession=profession, department_id=department.id if department else None, created_at=at,
    )
    db.session.add(row)
    db.session.flush()
    return row


@dataclass(frozen=True)
class Cast:
    """Ids of the people and departments that tests are told with."""

    emergency: int
    pediatric: int
    womens: int
    lena: int
    noor: int
    cora: int
    otto: int
    petra: int
    ada: int

    @classmethod
    def make(cls, *, at: datetime) -> "Cast":
        """Put the cast into the database: Lena and Noor work in Emergency Medicine's Pediatric
        Emergency and in Emergency Medicine; Cora coordinates it; Otto coordinates Women's Health."""
        db.session.add(
            Organisation(
                id=1, name="Demonstration Hospital", line="Office of Continuing Education",
                signer_name="Elena Marchetti-Rao, MD", signer_title="Director",
                contact_email="education@example.org",
            )
        )
        emergency = Department(name="Emergency Medicine")
        womens = Department(name="Women’s Health")
        db.session.add_all([emergency, womens])
        db.session.flush()
        pediatric = Department(name="Pediatric Emergency", parent_id=emergency.id)
        db.session.add(pediatric)
        db.session.flush()
        lena = person("Lena Nguyễn, MD", "lena@example.org", department=pediatric, profession=Profession.PHYSICIAN, at=at)
        noor = person("Noor Haddad, RN", "noor@example.org", department=emergency, profession=Profession.NURSE, at=at)
        cora = person("Cora Lindqvist", "cora@example.org", department=emergency, profession=Profession.OTHER, at=at)
        otto = person("Otto Brandt", "otto@example.org", department=womens, profession=Profession.OTHER, at=at)
        petra = person("Petra Alvarez", "petra@example.org", department=None, profession=Profession.OTHER, at=at)
        ada = person("Ada Whitfield", "ada@example.org", department=None, profession=Profession.OTHER, at=at)
        for who, role, where in (
            (cora, Role.COORDINATOR, emergency.id), (otto, Role.COORDINATOR, womens.id),
            (petra, Role.PLANNER, None), (ada, Role.ADMINISTRATOR, None),
        ):
            db.session.add(RoleGrant(person_id=who.id, role=role, department_id=where, granted_at=at))
        db.session.flush()
        return cls(
            emergency=emergency.id, pediatric=pediatric.id, womens=womens.id, lena=lena.id,
            noor=noor.id, cora=cora.id, otto=otto.id, petra=petra.id, ada=ada.id,
        )

    def actor(self, name: str) -> Actor:
        """Return the Actor of one of the cast by first name in lower case."""
        roles: dict[str, tuple[set[Role], set[int]]] = {
            "cora": ({Role.LEARNER, Role.COORDINATOR}, {self.emergency, self.pediatric}),
            "otto": ({Role.LEARNER, Role.COORDINATOR}, {self.womens}),
            "petra": ({Role.LEARNER, Role.PLANNER}, set()),
            "ada": ({Role.LEARNER, Role.ADMINISTRATOR}, set()),
        }
        held, where = roles.get(name, ({Role.LEARNER}, set()))
        return Actor(
            person_id=getattr(self, name), roles=frozenset(held), department_ids=frozenset(where)
        )


def sign_in_as(client: FlaskClient, person_id: int, *, at: datetime) -> None:
    """Give this client a signed-in session, as the sign-in page would."""
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    db.session.add(
        SignIn(
            person_id=person_id, token_digest=hashlib.sha256(token.encode()).hexdigest(),
            started_at=now, expires_at=now + timedelta(hours=12),
        )
    )
    db.session.commit()
    with client.session_transaction() as session:
        session.permanent = True
        session["_user_id"] = token
        session["_fresh"] = True
