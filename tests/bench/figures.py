"""What was measured, what is asked for at least, and both as a table."""

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

from tests.bench.driver import Run


@dataclass(frozen=True, kw_only=True)
class Load:
    """One thing under the load of eight connections, and the floor before and after it."""

    name: str
    a_second: float  # requests, or whole walks
    p50: float  # milliseconds
    p95: float
    p99: float
    cpu: float  # milliseconds of the server's processor time for one
    floor_a_second: float
    floor_cpu: float
    pss: float  # MiB, all processes of the server
    driver_cpu: float  # milliseconds of the driver's own for one request
    unit: str = "requests"
    note: str = ""

    @property
    def of_floor(self) -> float:
        """Return the rate as a share of the floor's."""
        return self.a_second / self.floor_a_second if self.floor_a_second else 0.0

    @property
    def of_floor_cpu(self) -> float:
        """Return the same by processor time, which other work on the machine disturbs less."""
        return self.floor_cpu / self.cpu if self.cpu else 0.0


@dataclass(frozen=True, kw_only=True)
class Single:
    """One figure that is not a rate."""

    name: str
    value: float
    unit: str
    note: str = ""


@dataclass(kw_only=True)
class Sheet:
    """All figures of a sitting, or the best of several."""

    when: str
    loads: dict[str, Load] = field(default_factory=dict)
    singles: dict[str, Single] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, key: str, figure: Load | Single) -> None:
        """Keep a figure under its key."""
        kept: dict[str, Load] | dict[str, Single]
        kept = self.loads if isinstance(figure, Load) else self.singles
        kept[key] = figure  # type: ignore[assignment]

    def better_of(self, other: "Sheet") -> None:
        """Take what another sitting measured better: by processor time, for that is steadier."""
        for key, load in other.loads.items():
            if key not in self.loads or load.of_floor > self.loads[key].of_floor:
                self.loads[key] = load
        for key, one in other.singles.items():
            if key not in self.singles or one.value < self.singles[key].value:
                self.singles[key] = one
        self.missing |= {key: why for key, why in other.missing.items() if key not in self.loads}

    def as_json(self) -> str:
        """Return all of it for a machine."""
        return json.dumps(asdict(self), indent=2)


def summed(name: str, run: Run, *, cpu: float, floors: Sequence[tuple[Run, float]], pss: int,
           unit: str = "requests", note: str = "") -> Load:
    """Sum up a run and the floor's runs around it; `cpu` is the server's, in seconds."""
    times = run.walks if unit == "walks" else run.latencies
    fast = sorted(times)
    floor_requests = sum(one.requests for one, _cpu in floors)
    return Load(
        name=name,
        a_second=len(times) / run.seconds,
        p50=_share(fast, 0.50) * 1000,
        p95=_share(fast, 0.95) * 1000,
        p99=_share(fast, 0.99) * 1000,
        cpu=cpu / max(1, len(times)) * 1000,
        floor_a_second=floor_requests / sum(one.seconds for one, _cpu in floors) if floors else 0,
        floor_cpu=sum(cpu for _one, cpu in floors) / floor_requests * 1000 if floors else 0,
        pss=pss / 2**20,
        driver_cpu=run.own_cpu / max(1, run.requests) * 1000,
        unit=unit,
        note=note,
    )


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


# ----- what is asked for at least -----


@dataclass(frozen=True)
class Target:
    """One line of what is asked: where the figure stands, and when it's good enough."""

    what: str
    at_least: str
    key: str
    measured: Callable[[Sheet], float]
    shown: str
    limit: float
    more_is_better: bool

    def verdict(self, sheet: Sheet) -> tuple[str, bool | None]:
        """Return what was measured in words, and whether that is enough; None when it was not."""
        if self.key not in sheet.loads and self.key not in sheet.singles:
            return "not measured", None
        value = self.measured(sheet)
        good = value >= self.limit if self.more_is_better else value <= self.limit
        return self.shown.format(value), good


def _of_floor(key: str, what: str, limit: float) -> Target:
    return Target(what, f"{limit:.0%} of the floor", key, lambda s: s.loads[key].of_floor,
                  "{:.0%}", limit, more_is_better=True)


def _most(key: str, what: str, at_least: str, shown: str, limit: float) -> Target:
    return Target(what, at_least, key, lambda s: s.singles[key].value, shown, limit,
                  more_is_better=False)


TARGETS: Final = (
    _of_floor("course", "Course page", 0.5),
    _of_floor("lesson", "Lesson page", 0.5),
    _of_floor("home", "Home", 0.5),
    _of_floor("answer", "Save an answer, committed to disk", 0.35),
    Target("Whole learner journey, to the certificate's file", "25 a second", "journey",
           lambda s: s.loads["journey"].a_second, "{:.1f} a second", 25, more_is_better=True),
    _most("first-certificate", "Certificate, drawn and signed",
          "20 ms of processor time", "{:.1f} ms", 20),
    Target("Certificate again", "3 ms of processor time", "certificate",
           lambda s: s.loads["certificate"].cpu, "{:.1f} ms", 3, more_is_better=False),
    _most("department-20000-alone", "Department page, 20,000 people", "100 ms", "{:.0f} ms", 100),
    _most("department-more-statements", "… its statements, beyond those for 20 people", "none",
          "{:.0f}", 0),
    _most("csv-total", "CSV of 22,000 completions", "0.5 s, streamed", "{:.2f} s", 0.5),
    _most("import-command", "Import of 10,000 people", "6 s", "{:.1f} s", 6),
    _most("memory", "Memory, two workers under load", "150 MiB", "{:.0f} MiB", 150),
    _most("new-instance", "New instance, made and answering", "3 s", "{:.1f} s", 3),
    _most("first-visit", "First visit, all a browser loads", "150 KB", "{:.0f} KB", 150),
    _most("further-page", "Each page after it, the largest", "15 KB", "{:.0f} KB", 15),
)

# As given for the class of machine this is asked for; measured elsewhere, not by this program.
GIVEN: Final = (
    ("Course page", "38 a second, 50 ms of processor time each", "course"),
    ("Learner journey", "1.5 a second (31 requests), 3.2 with all questions on one page (13)",
     "journey"),
    ("Certificate", "6.7 a second, unsigned", "first-certificate"),
    ("Import of 10,000 people", "43 s; 184 s with enrolment", "import-command"),
    ("CSV of 22,000 completions", "4.7 s", "csv-total"),
    ("Memory", "370 MiB", "memory"),
    ("First visit", "177 KB of HTML and 5 MB of assets", "first-visit"),
)


def short(sheet: Sheet) -> list[str]:
    """Return what falls short of what is asked, in words."""
    told = [(one, *one.verdict(sheet)) for one in TARGETS]
    return [f"{one.what}: {words}, asked {one.at_least}" for one, words, good in told
            if good is False]
