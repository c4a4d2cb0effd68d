"""`make bench`: measure the product beside the floor, print the table, say what falls short."""

import argparse
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import driver, tables
from tests.bench.figures import Sheet, short
from tests.bench.rows import ROWS
from tests.bench.sitting import Sitting


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", default="", metavar="A,B", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each thing")
    parser.add_argument("--people", default="200,2000,20000", metavar="N,M")
    parser.add_argument("--connections", type=int, default=driver.CONNECTIONS)
    parser.add_argument("--sittings", type=int, default=1, help="the best of so many")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="refresh the table in FILE")
    parser.add_argument("--check", action="store_true", help="fail when something falls short")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _sit(given: argparse.Namespace) -> Sheet:
    sheet = Sheet(when=f"{datetime.now(UTC):%Y-%m-%d}")
    wanted = [one for one in given.only.split(",") if one] or list(ROWS)
    if unknown := set(wanted) - set(ROWS):
        raise SystemExit(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}.")
    sizes = sorted(int(one) for one in given.people.split(","))
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Sitting(
            Path(folder), sheet, seconds=given.seconds, sizes=sizes, say=_say,
            connections=given.connections,
        ) as sitting,
    ):
        for name in [one for one in ROWS if one in wanted]:
            began = time.perf_counter()
            ROWS[name](sitting)
            _say(f"    ({name} took {time.perf_counter() - began:.0f} s)")
    return sheet


def main() -> int:
    """Measure, print, and return the exit status."""
    given = _given()
    # Told to end, it still ends the servers that it started.
    signal.signal(signal.SIGTERM, lambda *_rest: sys.exit(143))
    best = _sit(given)
    for _again in range(given.sittings - 1):
        best.better_of(_sit(given))
    driver.end()
    print(tables.text(best))
    if given.json:
        given.json.write_text(best.as_json() + "\n")
    if given.markdown:
        tables.refresh(given.markdown, best)
    return 1 if given.check and short(best) else 0


if __name__ == "__main__":
    sys.exit(main())
