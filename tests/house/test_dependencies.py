"""No dependency has a published advisory, as far as the source of advisories can be reached."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
LOCK = HOME / "requirements.lock"

# An advisory that does not concern us, by its identifier, and why. Look at each again at every
# release; one that no longer stands in an answer is to be taken out.
IGNORED: Mapping[str, str] = {}


def _asked(lock: Path) -> tuple[int, str]:
    """Ask about what a lock file pins, without installing or resolving anything."""
    try:
        got = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes",
             "--requirement", lock, "--format", "json", "--progress-spinner", "off",
             "--timeout", "5"],
            capture_output=True, text=True, timeout=45, cwd=HOME,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, ""
    return got.returncode, got.stdout


def judged(answer: str, ignored: Mapping[str, str]) -> list[str] | None:
    """Return what is vulnerable, a line each; None when the answer tells of no package at all."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    looked_at = [one for one in packages if "vulns" in one]
    if not looked_at:
        return None
    return [
        f"{one['name']} {one['version']}: {found['id']}"
        f" (mended in {', '.join(found['fix_versions']) or 'no version yet'})"
        for one in looked_at for found in one["vulns"]
        if not {found["id"], *found.get("aliases", [])} & set(ignored)
    ]  # fmt: skip


def test_no_dependency_has_a_known_vulnerability():
    status, answer = _asked(LOCK)
    found = judged(answer, IGNORED)
    if found is None:
        pytest.skip(f"The advisories could not be asked for from here: nothing is known (exit {status}).")
    assert found == []


def test_an_advisory_is_told_by_name_and_one_that_is_ignored_is_not():
    answer = json.dumps({"dependencies": [
        {"name": "good", "version": "1", "vulns": []},
        {"name": "unknown", "skip_reason": "Dependency not found"},
        {"name": "bad", "version": "2",
         "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}]},
    ]})  # fmt: skip
    assert judged(answer, {}) == ["bad 2: PYSEC-1 (mended in 3)"]
    assert judged(answer, {"CVE-1": "It concerns a part that we do not use."}) == []


@pytest.mark.parametrize(
    "answer", ["", "no route", "{}", "null", '{"dependencies": [{"name": "a", "skip_reason": "b"}]}']
)
def test_an_answer_that_tells_of_nothing_is_no_clean_bill(answer):
    assert judged(answer, {}) is None


def test_every_ignored_advisory_says_why():
    assert all(len(reason.split()) > 3 for reason in IGNORED.values())
