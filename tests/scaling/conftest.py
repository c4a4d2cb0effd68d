"""Two servers that were started at once on an empty database, and those who use them."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from lms import clock
from lms.db import db
from lms.people.models import Person
from lms.people.operations.signing import hashed
from tests.cast import Cast
from tests.credit import learner
from tests.postgres import Postgres
from tests.scaling.farm import Machine, inside

PASSWORD = "correct-horse-battery"


@dataclass
class Farm:
    """Two machines and their database; the cast may sign in, and a course is published."""

    folder: Path
    database: str
    first: Machine
    second: Machine
    cast: Cast
    said: str = ""

    @property
    def machines(self) -> tuple[Machine, Machine]:
        """Return both."""
        return self.first, self.second


@pytest.fixture(scope="package")
def farm(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Farm]:
    """Two servers that found an empty database at the same instant."""
    folder = tmp_path_factory.mktemp("farm")
    database = postgres.url(postgres.create())
    machines = [Machine(folder / name, database) for name in ("first", "second")]
    try:
        for one in machines:
            one.open("--prepare")
        for one in machines:
            one.wait()
        with inside(folder, database):
            cast = Cast.make(at=clock.now())
            kept = hashed(PASSWORD)
            for person in db.session.scalars(select(Person)):
                person.password_hash = kept
            learner.publish(at=clock.now())
            db.session.commit()
        yield Farm(folder=folder, database=database, first=machines[0], second=machines[1],
                   cast=cast)
    finally:
        for one in machines:
            one.end(signal.SIGKILL)


@pytest.fixture
def database(farm: Farm) -> Iterator[None]:
    """Look into the database that both servers use."""
    with inside(farm.folder, farm.database):
        yield
