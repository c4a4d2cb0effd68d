"""`python -m tests.scaling.measure`: one file, one PostgreSQL, several servers, in one sitting.

Two worker processes in each way of serving, so that what differs is the engine and how many
servers they belong to. PostgreSQL runs on the same machine, durable as in production. What one
request costs the processor is told apart for the servers and for PostgreSQL.
"""

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

from lms.access import SYSTEM
from lms.app import create_app
from lms.commands.database import upgrade
from lms.config import Settings
from lms.courses import cli as courses
from lms.db import db
from lms.people.operations import hashed
from lms.web.door import kept
from tests.bench import driver, servers
from tests.bench.driver import Job, Run
from tests.bench.journey import PASSWORD
from tests.bench.rows import _token
from tests.bench.servers import Served
from tests.bench.sitting import Page, Sitting
from tests.bench.town import MYTHS, Town, Visitor, sign_in
from tests.postgres import Postgres
from tests.reports.crowd import seed_crowd
from tests.scaling.farm import SECRET


@dataclass(frozen=True)
class Way:
    """How the same pages are served: how many servers, how many workers each, on what."""

    name: str
    servers: int
    workers: int
    is_postgresql: bool = True


WAYS = (
    Way("SQLite, one server with two workers", 1, 2, is_postgresql=False),
    Way("PostgreSQL, one server with two workers", 1, 2),
    Way("PostgreSQL, two servers with one worker each", 2, 1),
    Way("PostgreSQL, two servers with two workers each", 2, 2),
)


class Place(Town):
    """A town behind any number of servers."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.instance, self.port = folder, 0
        self.app = create_app(Settings.from_env({"LMS_INSTANCE": str(folder), **settings}))
        self.top, self.cora, self.units = 0, 0, []
        self._password = hashed(PASSWORD)


def _serve(folder: Path, way: Way, settings: dict[str, str]) -> list[Served]:
    made = []
    for number in range(way.servers):
        port, instance = servers.free_port(), folder / (f"m{number}" if way.is_postgresql else "one")
        instance.mkdir(exist_ok=True, mode=0o700)
        words = [str(servers.LMS), "serve", "--workers", str(way.workers), "--port", str(port)]
        made.append(Served(words, port=port, log=folder / f"{port}.log",
                           LMS_INSTANCE=str(instance), **settings))
    return made


def _run(job: Job) -> Run:
    return driver._run(job)


def _drive(pool: ProcessPoolExecutor, ports: Sequence[int], **job: Any) -> list[Run]:
    """Drive all servers at once, with eight connections in all."""
    each = driver.CONNECTIONS // len(ports)
    jobs = [Job(port=port, connections=each, **job) for port in ports]
    return list(pool.map(_run, jobs))


def _engine_cpu(postgres: Postgres | None) -> float:
    if postgres is None:
        return 0.0
    first = int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
    return sum(servers._cpu_of(pid) for pid in servers._below(first))


def _answers(town: Town, port: int, cookies: Sequence[Any]) -> list[bytes]:
    held: dict[int, tuple[str, str]] = {}
    turns: tuple[list[bytes], list[bytes]] = ([], [])
    here = _Fetching(port)
    for asked in cookies:
        whose = asked.visitor.person_id
        if whose not in held:
            held[whose] = _token(here, asked.visitor.cookie, asked.path)  # type: ignore[arg-type]
        cookie, token = held[whose]
        for turn, fields in enumerate(asked.fields):
            turns[turn].append(driver.request(
                "POST", asked.path, port=port, cookie=cookie, X_CSRFToken=token,
                Accept="application/json", body=urlencode(fields, doseq=True).encode(),
            ))
    return [*turns[0], *turns[1]]


class _Fetching:
    def __init__(self, port: int) -> None:
        self.product = type("Here", (), {"port": port})

    def fetch(self, path: str, cookie: str) -> Page:
        return Sitting.fetch(self, path, cookie)  # type: ignore[arg-type]


def _measure(way: Way, folder: Path, *, seconds: float, people: int) -> None:
    folder.mkdir()
    with ExitStack() as stack:
        postgres, settings = None, {
            "LMS_SECRET_KEY": SECRET, "LMS_BASE_URL": "http://127.0.0.1:8000", "LMS_PROXY_HOPS": "1",
        }
        if way.is_postgresql:
            postgres = Postgres(is_durable=True)
            stack.callback(postgres.stop)
            settings["LMS_DATABASE_URL"] = postgres.url(postgres.create())
        town = Place(folder / "one", settings)
        with town.app.app_context():
            upgrade(at=datetime.now(UTC))
            list(courses.publish_all(actor=SYSTEM, at=datetime.now(UTC)))
            crowd = seed_crowd(people, completions=people + people // 10)
            db.session.commit()
        town.found()
        if way.is_postgresql:
            with town.app.app_context(), kept():
                # It takes its statistics by itself some minute after so many rows have come.
                db.session.execute(text("ANALYZE"))
        (chief,) = sign_in(town.app, [crowd.coordinator])
        readers: list[Visitor] = town.readers(32)
        asked = town.answerers(24)
        with town.app.app_context():
            db.session.remove()
            db.engine.dispose()
        served = _serve(folder, way, settings)
        for one in served:
            stack.callback(one.stop)
            one.start(path="/healthz")
        pool = stack.enter_context(
            ProcessPoolExecutor(way.servers, mp_context=multiprocessing.get_context("spawn"))
        )
        ports = [one.port for one in served]
        pages = {
            "course page": [
                driver.request("GET", f"/courses/{MYTHS}", port=ports[0], cookie=one.cookie)
                for one in readers
            ],
            "save an answer": _answers(town, ports[0], asked),
            f"department page, {people} people": [
                driver.request("GET", f"/departments/{crowd.root}", port=ports[0], cookie=chief.cookie)
            ],
        }
        print(f"\n{way.name}")
        for name, requests in pages.items():
            marker = b"saved" if name.startswith("save") else b"</html>"
            job = {"requests": requests, "marker": marker}
            _drive(pool, ports, seconds=min(2.0, seconds / 2), **job)
            before = sum(one.cpu() for one in served), _engine_cpu(postgres)
            runs = _drive(pool, ports, seconds=seconds, **job)
            after = sum(one.cpu() for one in served), _engine_cpu(postgres)
            _tell(name, runs, [now - then for now, then in zip(after, before, strict=True)])
        memory = sum(one.pss() for one in served) / 2**20
        print(f"  memory of all servers: {memory:.0f} MiB", flush=True)


def _tell(name: str, runs: Sequence[Run], cpu: Sequence[float]) -> None:
    count = sum(one.requests for one in runs)
    times = sorted(late for one in runs for late in one.latencies)
    a_second = sum(one.requests / one.seconds for one in runs)
    print(
        f"  {name}: {a_second:.1f}/s, p50 {times[len(times) // 2] * 1000:.1f} ms, "
        f"p99 {times[int(len(times) * 0.99)] * 1000:.1f} ms; processor a request: servers "
        f"{cpu[0] / count * 1000:.2f} ms, PostgreSQL {cpu[1] / count * 1000:.2f} ms", flush=True,
    )


def main() -> None:
    """Measure every way."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaling.measure", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="for each thing")
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--ways", default="1234", help="which of the four")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="farm-") as folder:
        for number, way in enumerate(WAYS, start=1):
            if str(number) in given.ways:
                _measure(way, Path(folder) / str(number), seconds=given.seconds,
                         people=given.people)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
