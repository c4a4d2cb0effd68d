"""The contracts of pyproject.toml hold, and the linters and types are clean."""

import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [["lint-imports", "--no-cache"], ["ruff", "check", "--quiet", "."], ["mypy", "--no-error-summary"]],
    ids=["contracts", "ruff", "mypy"],
)
def test_the_tool_finds_nothing(command: list[str]):
    found = subprocess.run([BIN / command[0], *command[1:]], cwd=HOME, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
