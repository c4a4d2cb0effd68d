"""Suggested paths: the file, its problems, and the page of courses that shows them."""

import os
import re
import time
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner

from lms.commands import doctor_surroundings
from lms.courses import cli
from lms.courses.queries import paths
from lms.courses.queries.stamps import stamp
from lms.courses.rules.folder import Folder
from lms.courses.rules.paths import check_paths
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

WARDS = """
format = 1
[[paths]]
key = "wards"
title = "The wards"
summary = "For everyone on a ward."
professions = ["nurse"]
[[paths.stages]]
title = "Then this"
courses = ["second"]
[[paths.stages]]
title = "At last"
courses = ["tiny", "second"]
"""


def folder(text: str) -> Folder:
    return Folder(name="courses", files={"paths.toml": text.encode()})


def test_our_own_paths_are_sound_and_lead_to_every_role():
    assert check_paths(paths.folder(), None) == []
    ours = paths.paths()
    assert {one.key for one in ours} >= {"all-staff", "emergency-department", "first-responders"}
    named = {name for one in ours for name in one.professions}
    assert named >= {"physician", "nurse", "social_work", "ems", "support", "student", "other"}


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        ('"tiny"', '"nowhere"', "C29", "no course 'nowhere'"),
        ('["nurse"]', '["wizard"]', "C04", "'wizard' is not known here"),
        ('key = "wards"', 'key = "The Wards"', "C06", "can't be an id"),
        ("format = 1", "format = 9", "C05", "This is format 9"),
        ('summary = "For everyone on a ward."', "", "C04", "summary is missing"),
        ('title = "At last"', 'title = "At last', "C02", "This is not TOML"),
    ],
)
def test_a_broken_file_of_paths_is_told_so(old, new, rule, said):
    assert old in WARDS
    known = frozenset({"tiny", "second"})
    assert check_paths(folder(WARDS), known) == []
    found = check_paths(folder(WARDS.replace(old, new)), known)
    assert any(one.rule == rule and said in one.text for one in found), found


def test_an_institution_has_its_own_paths_and_a_bad_file_breaks_no_page(tmp_path: Path):
    own = tmp_path / "paths.toml"
    assert paths.paths(tmp_path) == paths.paths()
    own.write_text(WARDS)
    assert [one.key for one in paths.paths(tmp_path)] == ["wards"]
    own.write_text("not toml [")
    os.utime(own, (1, 1))
    assert paths.paths(tmp_path) == ()


def test_the_check_and_the_doctor_look_at_the_institutions_own_paths(app, tmp_path, monkeypatch):
    settings, own = app.extensions["settings"], app.extensions["settings"].instance / "paths.toml"
    monkeypatch.setenv("LMS_INSTANCE", str(settings.instance))
    home = tmp_path / "courses"
    (home / "series").mkdir(parents=True)
    (home / "paths.toml").write_text("format = 1\npaths = []\n")
    monkeypatch.setattr(cli, "HOME", home)

    def said() -> str:
        return CliRunner().invoke(cli.courses, ["check"]).output

    try:
        assert doctor_surroundings.paths(settings).is_ok
        assert "paths.toml" not in said()
        own.write_text(WARDS)
        assert doctor_surroundings.paths(settings).is_ok
        assert "There is no course 'second'" in said()
        for bad in ("not toml [", 'format = 1\npaths = "none"'):
            own.write_text(bad)
            assert "paths.toml" in said()
            assert "paths.toml" in doctor_surroundings.paths(settings).sentence
            assert paths.paths(settings.instance) == ()
        own.unlink()
        own.symlink_to("nowhere.toml")  # a slip, and no reason to show what the house replaced
        told = doctor_surroundings.paths(settings).sentence
        assert told.endswith("This is a symbolic link. Put the file itself here. No path is shown.")
        assert paths.paths(settings.instance) == ()
    finally:
        own.unlink(missing_ok=True)


def test_a_change_of_rights_or_a_link_in_between_is_noticed(tmp_path: Path):
    file, link = tmp_path / "own.toml", tmp_path / "a.toml"
    file.write_text("format = 1")
    link.symlink_to("nowhere.toml")
    seen = stamp([tmp_path])
    assert {Path(path).name for path, _mark in seen} == {"a.toml", "own.toml"}
    assert stamp([tmp_path]) == seen
    time.sleep(0.02)
    file.chmod(0o600)
    assert stamp([tmp_path]) != seen


@pytest.fixture
def shown(app, cast, as_):
    publish_tiny(at=NOON, learning_format="live", facilitator={"title": "G", "file": "takeaway.md"})
    publish_tiny(at=NOON, key="second", title="Câre at the door", topics=["policy"], minutes=15)
    db.session.commit()
    (app.config["INSTANCE"] / "paths.toml").write_text(WARDS)
    client = as_(cast.lena)

    def page(query: str) -> str:
        got = client.get(f"/courses{query}")
        assert got.status_code == 200
        return unescape(re.sub(r"\s+", " ", got.get_data(as_text=True)))

    yield page
    (app.config["INSTANCE"] / "paths.toml").unlink()


def titles(text: str) -> list[str]:
    return re.findall(r"<h3><a [^>]*>([^<]+)</a>", text)


def test_a_path_shows_its_courses_by_stage_each_once(shown):
    assert 'href="/courses?path=wards"' in shown("")
    text = shown("?path=wards")
    assert titles(text) == ["Câre at the door", "Washing hands, briefly"]
    assert text.index("Then this") < text.index("At last")
    assert "nothing here is required of you" in text
    assert titles(shown("?path=wards&topic=policy")) == ["Câre at the door"]
    unknown = shown("?path=unknown&minutes=-1")
    assert len(titles(unknown)) == 2
    assert "Suggested paths" in unknown


def test_a_path_counts_and_leads_only_to_what_is_on_offer(app, shown):
    file = app.config["INSTANCE"] / "paths.toml"
    nowhere = WARDS.replace("wards", "gone").replace("The wards", "Gone")
    nowhere = nowhere.replace('"tiny"', '"lost"').replace('"second"', '"lost-2"')
    more = nowhere.replace("\nformat = 1", "")
    file.write_text(WARDS.replace('["tiny",', '["lost", "tiny",') + more)
    assert "A suggestion, 2 courses" in shown("?path=wards")
    assert 'href="/courses?path=gone"' not in shown("")
    file.write_text(WARDS.replace('"second"', '"lost"'))
    assert "A suggestion, 1 course;" in shown("?path=wards")


def test_paths_follow_the_role_asked_for(shown):
    assert "The wards" in shown("?profession=nurse")
    assert "The wards" not in shown("?profession=physician")
    assert "The wards" not in shown("?topic=policy")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=CARE+door", 1),  # without its accent
        ("?q=five+moments", 2),  # words of an objective
        ("?hours=1", 2),
        ("?hours=2", 0),
        ("?hours=many", 2),
        ("?form=groups", 1),
        ("?form=cases", 0),
        ("?form=reading", 2),
        ("?q=door&hours=1&form=reading&topic=policy", 1),
    ],
)
def test_a_search_or_two_filters_find_the_course(shown, query, found):
    assert len(titles(shown(query))) == found
