"""The bench runs: tiny numbers, no verdicts, so that it is not found broken when it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import driver, tables
from tests.bench.figures import TARGETS, Load, Sheet, Single, short
from tests.bench.rows import ROWS

HOME = Path(__file__).resolve().parent.parent


def test_the_bench_measures_pages_answers_and_whole_ways_beside_the_floor(tmp_path: Path):
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only", "course,answer,journey", "--people", "20",
         "--seconds", "0.2", "--connections", "1", "--json", str(file)],
        cwd=HOME, capture_output=True, text=True, timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    loads = json.loads(file.read_text())["loads"]
    assert set(loads) == {"course", "answer", "journey"}
    for one in loads.values():
        assert one["a_second"] > 0
        assert one["floor_a_second"] > 0
        assert one["cpu"] > 0
        assert one["pss"] > 10
    assert "Course page" in done.stdout


def _load(name: str, rate: float) -> Load:
    return Load(
        name=name, a_second=rate, p50=1, p95=2, p99=3, cpu=1, floor_a_second=1000, floor_cpu=0.5,
        pss=100, driver_cpu=0.02,
    )


def test_what_falls_short_is_told_and_what_is_enough_is_not():
    sheet = Sheet(when="2026-11-02")
    sheet.add("course", _load("Course page", 499))
    sheet.add("lesson", _load("Lesson page", 501))
    sheet.add("new-instance", Single(name="New instance", value=3.2, unit="s"))
    told = short(sheet)
    assert [one.partition(":")[0] for one in told] == [
        "Course page", "New instance, made and answering",
    ]


def test_every_target_names_a_figure_and_a_table_goes_into_a_page_between_its_marks(tmp_path: Path):
    assert len({one.key for one in TARGETS}) == len(TARGETS)
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    sheet = Sheet(when="2026-11-02")
    sheet.add("course", _load("Course page", 499))
    tables.refresh(page, sheet)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| Course page | 50% of the floor | 50% | **short** |" in text
    assert "old" not in text


@pytest.mark.parametrize("name", ROWS)
def test_every_row_says_what_it_is(name: str):
    assert ROWS[name].__doc__


def test_an_answer_in_chunks_and_packed_is_read():
    chunks = b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"
    answer = driver.Answer(200, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", chunks)
    assert answer.text == b"abcdefg"
    assert answer.header("transfer-encoding") == "chunked"
