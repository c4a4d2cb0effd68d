"""The heavier rows: departments of any size, files in and out, the press, the first visit."""

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from lms.certificates.pdf import Facts, draw
from lms.certificates.rules import codes
from tests.bench import driver, servers
from tests.bench.figures import median
from tests.bench.hospital import Hospital
from tests.bench.sitting import Sitting
from tests.certificates.press import press
from tests.typeset.samples import PLAIN

FEW: Final = 20
ASKED_PEOPLE: Final = 20_000  # with 22,000 completions
IMPORTED: Final = 10_000
DRAWN: Final = 40
ALONE: Final = 12


def _alone(hospital: Hospital, path: str) -> float:
    """Return the middle of the milliseconds that one reader waits who is there alone."""
    request = driver.request(
        "GET", path, port=hospital.product.port, cookie=hospital.coordinator.cookie
    )
    run = driver.drive(
        driver.Job(
            port=hospital.product.port, seconds=3, requests=[request], connections=1,
            marker=b"</html>",
        )
    )
    return median(run.latencies[2:] or run.latencies) * 1000


def department(sitting: Sitting) -> None:
    """The page of a whole hospital, of each size: for one alone, and eight at a time."""
    few = Hospital(sitting.folder, FEW)
    at_least = few.statements(few.page)
    more = 0
    for size in sitting.sizes:
        with Hospital(sitting.folder, size) as hospital:
            name = f"Department page, {size:,} people"
            wait = _alone(hospital, hospital.page)
            sitting.single(f"department-{size}-alone", name, wait, "ms", "one reader alone, p50")
            sitting.measure(
                f"department-{size}", name, server=hospital.product, marker=b"</html>",
                requests=[
                    driver.request(
                        "GET", hospital.page, port=hospital.product.port,
                        cookie=hospital.coordinator.cookie,
                    )
                ],
            )
            more = max(more, hospital.statements(hospital.page) - at_least)
            _exports(sitting, hospital)
    sitting.single(
        "department-more-statements", "Statements of the department page beyond those for 20",
        more, "", f"{at_least} for 20 people, sign-in included",
    )


EXPORTS: Final = (
    ("list", "CSV of the list, everybody and what is asked of them", "/export.csv?state=all"),
    ("completions", "CSV of the completions", "/completions.csv"),
)


def _exports(sitting: Sitting, hospital: Hospital) -> None:
    for key, name, path in EXPORTS:
        times = [_download(hospital, path) for _turn in range(3)]
        first, total, lines = min(times, key=lambda one: one[1])
        told = (
            f"{lines:,} lines, first byte after {first:.2f} s, "
            f"memory grew by {_grown(hospital, path):.1f} MiB"
        )
        sitting.single(f"{key}-{hospital.people}", f"{name}, {hospital.people:,} people", total,
                       "s", told)
        if key == "completions" and hospital.people == ASKED_PEOPLE:
            sitting.single("csv-total", f"CSV of {lines - 1:,} completions", total, "s", told)


def _download(hospital: Hospital, path: str) -> tuple[float, float, int]:
    """Return seconds to the first byte, seconds in all, and how many lines came."""
    wire = HTTPConnection("127.0.0.1", hospital.product.port, timeout=120)
    began = time.perf_counter()
    wire.request("GET", f"{hospital.page}{path}", headers={"Cookie": hospital.coordinator.cookie})
    answer = wire.getresponse()
    start = answer.read(1)
    first = time.perf_counter() - began
    content = start + answer.read()
    total = time.perf_counter() - began
    wire.close()
    if answer.status != 200 or "csv" not in (answer.getheader("content-type") or ""):
        raise driver.Broken(f"{path}: {answer.status} {content[:600]!r}")
    return first, total, content.count(b"\n")


def _grown(hospital: Hospital, path: str) -> float:
    """Return how many MiB the server grows by over some more downloads."""
    before = hospital.product.pss()
    for _turn in range(4):
        _download(hospital, path)
    return max(0.0, (hospital.product.pss() - before) / 2**20)


GIVEN: Final = ("Amara", "Jiří", "Lena", "Noor", "Oluwaseun", "Samira", "Bích", "Mei-Ling", "Zoë")


def _letters(number: int) -> str:
    """Return a name of letters only, another one for each number."""
    made = "".join("abdeghiklmnoprstuvwy"[number // 20**place % 20] for place in range(4))
    return made.capitalize()


def _rows(count: int) -> Iterator[str]:
    yield "E-mail,Given name,Family name,Staff number,Profession,Department\r\n"
    for one in range(count):
        given, family = GIVEN[one % len(GIVEN)], _letters(one)
        unit = f"Division {one % 6 + 1} › Unit {one % 6 + 1}.{one % 5 + 1}"
        yield (
            f"roster{one}@example.org,{given},{family},{200_000 + one},"
            f"Registered nurse,{unit}\r\n"
        )


def imported(sitting: Sitting) -> None:
    """A roster of 10,000 new people: by the command, and by the pages."""
    file = sitting.folder / "roster.csv"
    file.write_text("".join(_rows(IMPORTED)), encoding="utf-8")
    instance = _fresh(sitting.folder, "imported")
    began = time.perf_counter()
    done = subprocess.run(
        [servers.LMS, "people", "import", str(file), "--create-departments"],
        env=instance.environ, capture_output=True, text=True, check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise driver.Broken(f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    sitting.single("import-command", "Import of 10,000 people, by the command", seconds, "s",
                   "start of the program included")


def _fresh(folder: Path, name: str) -> servers.Served:
    """Return a server, not started, on a new instance with tables and nothing in them."""
    served = servers.product(folder / name)
    subprocess.run([servers.LMS, "db", "upgrade"], env=served.environ, check=True,
                   capture_output=True)
    return served


def new_instance(sitting: Sitting) -> None:
    """From an empty folder to a server that answers, courses published."""
    taken = []
    for turn in range(3):
        served = servers.product(sitting.folder / f"new-{turn}", prepared=True)
        taken.append(served.start(path="/healthz"))
        served.stop()
    sitting.single("new-instance", "New instance, made and answering", min(taken), "s",
                   "lms serve --prepare, until /healthz answers; the best of three")


def _each(count: int) -> Iterator[Facts]:
    for one in range(count):
        code = codes.generate(secrets.randbelow)
        yield replace(
            PLAIN, serial=f"2026-{one + 1:06d}", code=code, verify_url=press().verify_url(code),
            person_name=f"Given{one} Familyname{one * 7919 % 5003}, RN",
        )


def first_certificate(sitting: Sitting) -> None:
    """Draw and sign, in this process: the processor's time for each, in the middle."""
    machine, now = press(), datetime.now(UTC)
    times = []
    for one in _each(DRAWN):
        began = time.process_time()
        machine.key.sign(draw(one, machine.faces, room=machine.key.room), now)
        times.append((time.process_time() - began) * 1000)
    sitting.single("first-certificate", "Certificate, drawn and signed", median(times[5:]), "ms",
                   "processor time in the middle; tagged, PDF/A-3a, signed")


def memory(sitting: Sitting) -> None:
    """The most that both workers and their keeper held over all that was driven before."""
    most = sitting.most_memory or sitting.product.pss()
    sitting.single("memory", "Memory, two workers under load", most / 2**20, "MiB",
                   "the most of PSS over the loads above, all processes; hashing apart")


def first_visit(sitting: Sitting) -> None:
    """What a browser loads, by its own count: with nothing kept, then page by page."""
    (visitor,) = sitting.town.readers(1)
    plan = sitting.town.plan()
    target = {"port": plan.port, "cookie": visitor.cookie, "key": plan.key,
              "lessons": sitting.town.lessons()}
    done = subprocess.run(
        [servers.PYTHON, "-m", "tests.bench.visit", json.dumps(target)],
        capture_output=True, text=True, check=False,
    )
    if done.returncode:
        raise driver.Broken(done.stderr[-2000:])
    pages = json.loads(done.stdout)
    start, *rest = pages
    sitting.single("first-visit", "First visit, all a browser loads", start["bytes"] / 1000, "KB",
                   f"{start['name']}, {start['requests']} requests")
    for one in rest:
        sitting.single(f"page-{one['name']}", f"… then {one['name']}", one["bytes"] / 1000, "KB",
                       f"{one['requests']} requests")
    most = max(rest, key=lambda one: one["bytes"])
    sitting.single("further-page", "Each page after it, the largest", most["bytes"] / 1000, "KB",
                   most["name"])
