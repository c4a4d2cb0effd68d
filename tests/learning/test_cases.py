"""Branching cases in lessons, their map, and the guide for groups."""

import re
from html import unescape

import pytest

from lms.access import SYSTEM
from lms.courses.operations import publish
from lms.courses.queries import latest
from lms.courses.rules.page import CaseBlock, CaseChoice, CaseNode, lesson_page
from lms.db import db
from lms.learning.rules.walking import case_map, walk
from tests.conftest import NOON
from tests.courses.test_check import case_text
from tests.courses.tiny import tiny

HERE = "/courses/tiny/lessons/moments/cases/door"
NODES = [("a", ["b", "c"]), ("b", ["c", "d"]), ("c", []), ("d", [])]


def block(*nodes, start="a"):
    """Return a case of nodes as (id, ids its choices lead to)."""
    return CaseBlock(
        id="door",
        title="At the door",
        start=start,
        nodes=tuple(
            CaseNode(
                id=own,
                text_html=f"<p>At {own}</p>",
                outcome_html="" if ahead else "Over.",
                debrief_html="" if ahead else "<p>So it went.</p>",
                choices=tuple(
                    CaseChoice(id=f"to-{to}", text_html=to, to=to, rationale_html="")
                    for to in ahead
                ),
            )
            for own, ahead in nodes
        ),
    )


@pytest.mark.parametrize(
    ("path", "at"),
    [
        ("", "a"),
        ("to-b", "b"),
        ("to-b.to-d", "d"),
        (".to-b..to-c.", "c"),
        ("to-d", None),  # no choice of the first moment
        ("to-c.to-a", None),  # beyond an end
        ("nonsense", None),
        ("to-b." * 500, None),
    ],
)
def test_a_path_leads_where_its_choices_do_or_nowhere(path, at):
    got = walk(block(*NODES), path)
    assert (got.node.id if got else None) == at


def test_a_walk_tells_the_way_back():
    got = walk(block(*NODES), "to-b.to-d")
    assert [one.path for one in got.strides] == ["", "to-b"]
    assert got.is_over
    assert got.path == "to-b.to-d"


def test_the_map_names_what_is_out_of_reach_and_counts_the_ways():
    whole = case_map(block(*NODES))
    assert (whole.problems, whole.ways) == ((), 3)
    assert [[one.node.id for one in level] for level in whole.levels] == [["a"], ["b"], ["c", "d"]]
    lost = case_map(block(*NODES, ("z", [])))
    assert lost.problems == ("Nothing leads to z.",)


def test_every_walk_of_the_map_comes_to_an_end():
    case = block(*NODES)
    ahead, ends = [""], 0
    while ahead:
        here = walk(case, ahead.pop())
        assert here is not None
        ends += here.is_over
        ahead += [here.onward(one) for one in here.node.choices]
    assert ends == case_map(case).ways


@pytest.fixture
def published(cast):
    draft = tiny(facilitator={"title": "For groups", "file": "guide.md"})
    draft.texts["lessons/01-moments.md"] += f"\n{case_text(nodes=NODES)}\n"
    draft.texts["guide.md"] = "## Before the session\n\nBook a quiet room.\n"
    version = publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON).version
    db.session.commit()
    return version


def text(client, address, status=200):
    got = client.get(address)
    assert got.status_code == status, (address, got.status_code)
    return unescape(re.sub(r"\s+", " ", got.get_data(as_text=True)))


def test_a_learner_walks_through_a_case_and_can_leave_on_every_page(published, as_, cast):
    lena = as_(cast.lena)
    assert lena.get(HERE).location.endswith("/courses/tiny")  # not begun (case 50)
    lena.post("/courses/tiny/start", data={"acknowledged": "y"})
    assert f'href="{HERE}"' in text(lena, "/courses/tiny/lessons/moments")
    before = db.session.execute(db.text("select count(*) from lesson_reads")).scalar()
    start = text(lena, HERE)
    assert "You are at a." in start
    assert "You chose" not in start
    middle = text(lena, f"{HERE}?path=to-b")
    assert "It does this." in middle
    end = text(lena, f"{HERE}?path=to-b.to-d")
    for said in ("Over.", "So it went.", "Your way here", f'href="{HERE}?path=to-b"'):
        assert said in end
    assert all("Leave this page" in page for page in (start, middle, end))
    for page in (start, middle):
        assert page.count("Leave the case") == 2
    lesson = "/courses/tiny/lessons/moments"
    for page in (start, middle, end):
        ways_out = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>Leave the case</a>', page)
        assert set(ways_out) == {f"{lesson}#case-door"}
    assert f'href="{lesson}#after-door">Back to the lesson' in end
    stands = text(lena, lesson)
    assert 'id="case-door"' in stands
    assert 'id="after-door"' in stands
    # A case leads nobody on: nothing of it is written.
    assert db.session.execute(db.text("select count(*) from lesson_reads")).scalar() == before


@pytest.mark.parametrize("path", ["nowhere", "to-b.to-b", "to-c.to-d", "%00", "a" * 5000])
def test_a_path_that_leads_nowhere_is_no_page(published, as_, cast, path):
    lena = as_(cast.lena)
    lena.post("/courses/tiny/start", data={"acknowledged": "y"})
    assert lena.get(f"{HERE}?path={path}").status_code == 404
    assert lena.get(f"{HERE}s").status_code == 404


def test_the_map_is_for_those_who_publish(published, as_, cast):
    assert as_(cast.lena).get(f"{HERE}/map").status_code == 403
    shown = text(as_(cast.petra), f"{HERE}/map")
    assert "4 moments, 3 ways through, 2 ends" in shown
    assert "every way comes to an end" in shown
    assert shown.count('<circle class="') == 4


def test_the_guide_for_groups_is_shown_where_there_is_one(published, as_, cast):
    lena = as_(cast.lena)
    assert 'href="/courses/tiny/facilitator"' in text(lena, "/courses/tiny")
    assert "Book a quiet room." in text(lena, "/courses/tiny/facilitator")
    assert lena.get("/courses/none/facilitator").status_code == 404


def test_a_course_without_a_guide_has_no_page_for_it(tiny_without_guide, as_, cast):
    lena = as_(cast.lena)
    assert lena.get("/courses/tiny/facilitator").status_code == 404
    assert "facilitator" not in text(lena, "/courses/tiny")


@pytest.fixture
def tiny_without_guide(cast):
    publish(actor=SYSTEM, folder_content=tiny().folder(), at=NOON)
    db.session.commit()


def test_another_guide_is_another_version(published):
    draft = tiny(facilitator={"title": "For groups", "file": "guide.md"})
    draft.texts["lessons/01-moments.md"] += f"\n{case_text(nodes=NODES)}\n"
    draft.texts["guide.md"] = "## Before the session\n\nBook two rooms.\n"
    again = publish(actor=SYSTEM, folder_content=draft.folder(), at=NOON)
    assert again.number == 2


def test_what_is_kept_of_a_case_is_what_was_written(published):
    version = latest("tiny")
    lesson = type("L", (), {"id": "moments", "title": "t", "minutes": 1})
    case = lesson_page(lesson, version.rendered["lessons"]["moments"]).case("door")
    assert [one.id for one in case.nodes] == ["a", "b", "c", "d"]
    assert case.node("c").outcome_html == "Over."
