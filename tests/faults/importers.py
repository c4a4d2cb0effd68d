"""Somebody who brings a roster in, notes each answer, and knows who must be there."""

import html
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast, func, literal, select

from lms.audit import AuditEntry
from lms.db import db
from lms.outbox import Message
from lms.people.models import PasswordReset, Person, RosterUpload, UploadState
from tests.faults.ground import TOKEN
from tests.faults.learners import Astray, Learner
from tests.faults.wire import Cut, Reply

PEOPLE = 60  # in each roster
EDGE = "rounds-roster-edge"


@dataclass
class Importer(Learner):
    """Chooses a file, looks at what it would do, imports it with invitations, clicking twice."""

    number: int = 0
    upload_id: int | None = None
    seen: str = ""
    is_importing: bool = False

    @property
    def domain(self) -> str:
        """The part of the addresses that is this roster's alone."""
        return f"roster{self.number}.example.org"

    def file(self) -> bytes:
        """Return the roster."""
        lines = ["E-mail;Full name;Profession"]
        lines += [f"nurse{one}@{self.domain};Nora {one} Øster;nurse" for one in range(PEOPLE)]
        return "\r\n".join(lines).encode("utf-8-sig")

    def step(self) -> None:
        """Send the file, look, or import."""
        if self.upload_id is None:
            self._send()
        elif not self.seen:
            self._look()
        else:
            self._import()

    def _send(self) -> None:
        parts = (
            f'--{EDGE}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{TOKEN}\r\n'
            f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="r.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        ).encode()
        self.wires[0].send(
            "POST", "/people/import", parts + self.file() + f"\r\n--{EDGE}--\r\n".encode(),
            Content_Type=f"multipart/form-data; boundary={EDGE}",
        )
        reply = self._expected(self.wires[0].reply(), 303)
        self.upload_id = int(reply.location.rpartition("/")[2])
        self.heard(1)

    def _look(self) -> None:
        reply = self._expected(self.wires[0].get(f"/people/import/{self.upload_id}"), 200)
        found = re.search(r'<input[^>]*name="seen"[^>]*value="([^"]+)"', reply.text)
        if found is None:
            raise Cut("only the head of the page arrived")
        self.seen = html.unescape(found[1])

    def _import(self) -> None:
        self.is_importing = True
        path = f"/people/import/{self.upload_id}"
        replies = self.click(path, {"seen": self.seen, "invites": "y"})
        done = [one for one in replies if one.status == 303]
        if not done and all("changed since this preview" in one.text for one in replies):
            # Another roster was faster. Nothing was imported; look again.
            self.seen, self.is_importing = "", False
            return
        if not done or any(one.location != f"{path}/result" for one in done):
            raise Astray(f"{path}: {[one.title for one in replies]}")
        self.is_done, self.is_importing = True, False
        self.heard(len(done))

    def _expected(self, reply: Reply, status: int) -> Reply:
        if self.is_away(reply):
            raise Cut(reply.title)
        if reply.status != status:
            raise Astray(reply.title)
        return reply

    def parts(self) -> dict[str, int]:
        """Count everything that one import consists of."""
        mine = select(Person.id).where(Person.email.endswith(f"@{self.domain}"))
        counted: dict[str, Any] = {
            "people": select(func.count()).select_from(mine.subquery()),
            "addresses": select(func.count(Person.email_key.distinct())).where(
                Person.id.in_(mine)
            ),
            "links": select(func.count()).where(PasswordReset.person_id.in_(mine)),
            "mails": select(func.count()).where(Message.person_id.in_(mine)),
            "noted": select(func.count()).where(
                AuditEntry.action == "person.invited",
                AuditEntry.thing.in_(
                    select(literal("person:") + cast(Person.id, String)).where(Person.id.in_(mine))
                ),
            ),
        }
        return {name: db.session.scalar(one) or 0 for name, one in counted.items()}

    def check(self) -> bool:
        """Everybody of the roster once, each with one link and one mail; or nobody."""
        parts = self.parts()
        is_there = set(parts.values()) == {PEOPLE}
        assert is_there or set(parts.values()) == {0}, f"half a roster: {parts}"
        if self.is_done:
            assert is_there, f"roster {self.number} was acknowledged, and is lost"
        elif not self.is_importing:
            assert not is_there, f"roster {self.number} was never imported"
        if self.upload_id is not None:
            upload = db.session.get_one(RosterUpload, self.upload_id)
            assert (upload.state is UploadState.APPLIED) == is_there
            noted = db.session.scalar(
                select(func.count()).where(
                    AuditEntry.action == "roster.imported",
                    AuditEntry.thing == f"roster:{self.upload_id}",
                )
            )
            assert noted == is_there
        return is_there and not self.is_done
