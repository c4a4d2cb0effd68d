"""No module outgrows what one reads in a sitting; only the door commits; no leavings."""

import re
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
LMS = HOME / "lms"
MODULES = sorted(p for p in LMS.rglob("*.py") if "versions" not in p.parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(LMS)))
def test_no_module_is_longer_than_400_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, "split it along its duties"


def test_only_the_door_commits():
    guilty = [p for p in MODULES if "session.commit(" in p.read_text(encoding="utf-8")]
    assert guilty == [LMS / "web" / "door.py"], "let the door (or door.kept() in a command) commit"


def test_nothing_is_left_to_do_in_silence():
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        # The template of a new course asks its author to fill in; that is its duty.
        if path.parent.name == "courses":
            continue
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", text), path


def test_sqlalchemy_backrefs_and_events_tie_no_knots():
    for path in MODULES:
        assert "backref" not in path.read_text(encoding="utf-8").replace("sqlalchemy.orm.backref", "")
