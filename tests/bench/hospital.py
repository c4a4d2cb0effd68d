"""Hospitals of several sizes, each on a server of its own: department page, exports, statements."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from flask import Flask
from sqlalchemy import event

from lms.commands.database import upgrade
from lms.db import db
from tests.bench import servers
from tests.bench.town import Town, Visitor, sign_in
from tests.reports.crowd import Crowd, seed_crowd

PER_PERSON = 1.1225  # completions: 22,000 of 20,000 people, when one in fifty has left


class Hospital:
    """A crowd of this size in a database of its own, with a coordinator who is signed in."""

    def __init__(self, folder: Path, people: int) -> None:
        self.people = people
        instance = folder / f"hospital-{people}"
        self.product = servers.product(instance)
        self.town = Town(instance, port=self.product.port)
        with self.town.app.app_context():
            upgrade(at=datetime.now(UTC))
            self.crowd: Crowd = seed_crowd(people, completions=int(people * PER_PERSON))
            db.session.remove()
        (self.coordinator,) = sign_in(self.town.app, [self.crowd.coordinator])

    @property
    def page(self) -> str:
        """The page of the whole hospital."""
        return f"/departments/{self.crowd.root}"

    def __enter__(self) -> "Hospital":
        self.product.start(path="/healthz")
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None,
                 _trace: TracebackType | None) -> None:
        self.product.stop()
        with self.town.app.app_context():
            db.engine.dispose()

    def statements(self, path: str) -> int:
        """Count the statements that one page sends to the database, once everything is warm."""
        return counted(self.town.app, self.coordinator, path)


@dataclass
class _Count:
    statements: int = 0

    def __call__(self, *_rest: object) -> None:
        self.statements += 1


def counted(app: Flask, visitor: Visitor, path: str) -> int:
    """Open a page twice in this process; return how many statements the second time sends."""
    client = app.test_client(use_cookies=False)
    count = _Count()
    for turn in range(2):
        if turn:
            with app.app_context():
                engine = db.engine
            event.listen(engine, "before_cursor_execute", count)
        answer = client.get(path, headers={"Cookie": visitor.cookie}, base_url=_base(app))
        if answer.status_code != 200:
            raise LookupError(f"{path}: {answer.status_code}")
    event.remove(engine, "before_cursor_execute", count)
    return count.statements


def _base(app: Flask) -> str:
    return str(app.extensions["settings"].base_url)
