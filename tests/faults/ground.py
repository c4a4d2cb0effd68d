"""An installation to harm: an instance with a course and many learners, and its real server."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from lms.access import Role
from lms.app import create_app
from lms.commands.database import upgrade
from lms.db import db
from lms.people.models import Organisation, Profession, RoleGrant
from tests.cast import person, sign_in_as
from tests.conftest import make_settings
from tests.credit import learner
from tests.faults.nursery import Born, Nursery

SECRET = "a-secret-for-tests-only-0123456789abcdef"
RAW = "a" * 40  # of the token that forms carry; the same for everybody here
TOKEN = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token").dumps(RAW)
KEY = "tiny"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """An instance folder, its database, and the server that may be killed at any moment."""

    def __init__(self, folder: Path, *, nursery: Nursery, database_url: str = "") -> None:
        self.folder, self.nursery, self.port = folder, nursery, free_port()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url or f"sqlite:///{folder / 'rounds.db'}"
        self.log = folder.with_name(f"{folder.name}.log")
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LMS_")},
            "LMS_INSTANCE": str(folder), "LMS_BASE_URL": self.url, "LMS_SECRET_KEY": SECRET,
            "LMS_DATABASE_URL": self.database_url,
        }
        self.app: Flask = create_app(
            make_settings(
                folder, database_url=self.database_url, secret_key=SECRET, base_url=self.url,
                testing=False,
            )
        )
        self.running: Born | None = None
        # Its database may be out of reach at times; who is told 503 then sends it again later.
        self.is_shaky, self.refusals = False, 0
        self.ada = 0

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look into the database beside the server; nothing stays open afterwards."""
        with self.app.app_context():
            try:
                yield
            finally:
                db.session.remove()
                db.engine.dispose()

    def prepare(self) -> None:
        """Make the tables, the signing key, the organisation and a course worth 0.75 hours."""
        now = datetime.now(UTC)
        with self.looking():
            upgrade(at=now)
            self.app.extensions["press"]()
            db.session.add(
                Organisation(
                    id=1, name="Demonstration Hospital", line="Office of Continuing Education",
                    signer_name="Elena Marchetti-Rao, MD", signer_title="Director",
                    contact_email="education@example.org",
                )
            )
            learner.publish(
                at=now - timedelta(days=2), released_on=(now - timedelta(days=400)).date(),
                reviewed_on=(now - timedelta(days=30)).date(),
                expires_on=(now + timedelta(days=700)).date(),
            )
            ada = person(
                "Ada Whitfield", "ada@example.org", department=None, profession=Profession.OTHER,
                at=now,
            )
            db.session.add(
                RoleGrant(person_id=ada.id, role=Role.ADMINISTRATOR, granted_at=now)
            )
            db.session.commit()
            self.ada = ada.id

    def admit(self, names: str, number: int, *, ready: bool) -> list[tuple[int, str]]:
        """Add so many learners; return the id and the cookie of each.

        All have read the lessons; who is `ready` has only evaluation and claim left.
        """
        before = datetime.now(UTC) - timedelta(hours=1)
        with self.looking():
            made = []
            for count in range(number):
                one = person(
                    f"{names.title()} {count}, RN", f"{names}{count}@example.org",
                    department=None, profession=Profession.NURSE, at=before,
                )
                if ready:
                    learner.ready(one.id, KEY, at=before)
                else:
                    learner.read(learner.begin(one.id, KEY, at=before), at=before)
                made.append(one.id)
            return [(one, self.cookie(one)) for one in made]

    def admit_administrators(self, number: int) -> list[tuple[int, str]]:
        """Sign Ada in at so many browsers; return her id and the cookie of each."""
        with self.looking():
            return [(self.ada, self.cookie(self.ada)) for _ in range(number)]

    def cookie(self, person_id: int) -> str:
        """Sign this person in; return what the browser sends along."""
        client = self.app.test_client()
        sign_in_as(client, person_id, at=datetime.now(UTC))
        with client.session_transaction() as session:
            session["csrf_token"] = RAW
        kept = client.get_cookie("rounds", domain="localhost") or client.get_cookie(
            "rounds", domain="127.0.0.1"
        )
        assert kept is not None
        return f"rounds={kept.value}"

    def start(self, *, within: float = 60, is_plain: bool = False) -> None:
        """Start the server and wait until it answers; `is_plain` as in nursery.py."""
        self.running = self.nursery.bear(
            "serve", "--port", str(self.port), environ=self.environ, log=self.log,
            is_plain=is_plain,
        )
        until = time.monotonic() + within
        while not self.is_well():
            if time.monotonic() > until or not self.running.is_alive():
                raise RuntimeError(f"no answer: {self.said()}")
            time.sleep(0.01)

    def is_well(self) -> bool:
        """Say whether the server answers that it's well."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """kill -9, all processes at once: none gets to say or write another word."""
        assert self.running is not None
        self.running.end(signal.SIGKILL)
        self.running = None

    def stop(self) -> None:
        """Ask it to end, if it runs."""
        if self.running is not None:
            self.running.end(signal.SIGTERM)
            self.running = None

    def said(self) -> str:
        """Return the end of what the server wrote."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one `lms` command on this installation, with further settings if given."""
        return self.nursery.run(*words, environ={**self.environ, **settings}, log=self.log)

    def examine(self) -> None:
        """Ask the doctor about records, guards and the whole ledger; each must be well."""
        said = self.run("doctor").stdout
        for line in ("migrations", "guards", "foreign keys", "ledger"):
            assert re.search(rf"^ok +{line}", said, re.MULTILINE), said
