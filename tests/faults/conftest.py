"""How many rounds, by which seed; installations; and what the rounds came to, said at the end."""

import os
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.ground import Installation
from tests.faults.nursery import Nursery

ROUNDS = "ROUNDS_FAULT_ROUNDS"
SEED = "ROUNDS_FAULT_SEED"


def pytest_configure(config: pytest.Config) -> None:
    """Draw the seed once, for all processes that test: they inherit it."""
    os.environ.setdefault(SEED, str(secrets.randbelow(10**9)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the rounds came to, and how to have the same instants again."""
    figures = [
        (name, value)
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for name, value in report.user_properties
        if name.startswith("rounds of ")
    ]
    if not figures:
        return
    terminalreporter.write_line(f"Killed with {SEED}={os.environ[SEED]}:")
    for name, value in sorted(figures):
        terminalreporter.write_line(f"  {name}: {value}")


def share(parts: int, of: int) -> int:
    """Return how many rounds one of several tests makes: `parts` of every `of`."""
    return max(1, int(os.environ.get(ROUNDS, "40")) * parts // of)


def chance(*words: object) -> random.Random:
    """Return the source of chance for one test, from the seed of this run."""
    return random.Random(f"{os.environ[SEED]}:{words}")


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """One process to fork servers from."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def install(tmp_path: Path, nursery: Nursery) -> Iterator[Callable[..., Installation]]:
    """Return a function that makes an installation; whatever still runs at the end is ended."""
    made: list[Installation] = []

    def new(name: str = "instance", **given: str) -> Installation:
        made.append(Installation(tmp_path / name, nursery=nursery, **given))
        made[-1].prepare()
        return made[-1]

    yield new
    for one in made:
        if one.running is not None:
            one.kill()
