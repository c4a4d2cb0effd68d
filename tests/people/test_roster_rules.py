"""What a roster's words mean: headings, cells, departments; and that no row gets lost."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.people.rules import PROFESSIONS, STATES, roster_cells, zones
from lms.people.rules.roster import _WORDS, Column, accepted, headings, normal
from lms.people.rules.roster_cells import BadCell, day, is_day_first, npi
from lms.people.rules.roster_plan import Choices, Judge, Known, Link, Someone, Status
from lms.people.rules.roster_tree import Planned, Tree, ways
from lms.tables.reading import Row


@pytest.mark.parametrize(
    "heading", ["E-Mail", "email", " Work  Email ", "EMAIL ADDRESS", "work_email", "É-mail", "Mail"]
)
def test_headings_are_recognised_however_they_are_written(heading):
    found = headings([heading, "Full Name"])
    assert found.places == {Column.EMAIL: 0, Column.NAME: 1}
    assert not found.problems


def test_no_heading_means_two_columns():
    words = [(normal(word), column) for column, all_of in _WORDS.items() for word in all_of.split(",")]
    for word, column in words:
        assert {other for same, other in words if same == word} == {column}, word
    assert all(word for word, _column in words)
    assert len(accepted()) == len(Column)


def test_what_is_missing_or_there_twice_is_said_once():
    assert len(headings(["E-mail", "Mail", "Name"]).problems) == 1
    (one,) = headings(["E-mail", "Last name"]).problems
    assert "“Given name” and “Family name”" in one
    assert len(headings(["Cost center", ""]).problems) == 2
    assert headings(["E-mail", "Name", "Cost center", ""]).unknown == ("Cost center",)


@pytest.mark.parametrize("text", ["1234567893", " 1234567893 ", "123-456-7893", "1679576722"])
def test_an_npi_with_the_right_check_digit_is_taken(text):
    assert len(npi(text)) == 10


def test_of_ten_last_digits_one_is_right():
    """The example of CMS: 123456789 has the check digit 3."""
    good = []
    for last in range(10):
        with suppress(BadCell):
            good.append(npi(f"123456789{last}"))
    assert good == ["1234567893"]
    for text in ("", "123", "12345678930", "3234567893", "abcdefghij", "１２３４５６７８９３"):
        with pytest.raises(BadCell):
            npi(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("RN", "nurse"), ("R.N.", "nurse"), ("Registered Nurse", "nurse"), ("MD", "physician"),
     ("M.D., F.A.C.P.", None), ("RN, BSN", "nurse"), ("PA-C", "app"), ("Nurse Practitioner", "app"),
     ("LCSW", "social_work"), ("PharmD", "pharmacy"), ("Paramedic", "ems"), ("nurse", "nurse"),
     ("social_work", "social_work"), ("Wizard", None), ("MD and RN", None), ("", None)],
)  # fmt: skip
def test_professions_go_by_the_words_people_use(text, meant):
    if meant is None:
        with pytest.raises(BadCell, match="Write one of: allied"):
            roster_cells.profession(text, PROFESSIONS)
    else:
        assert roster_cells.profession(text, PROFESSIONS) == meant


def test_every_label_of_ours_is_a_word_for_itself():
    for key, label in PROFESSIONS.items():
        assert roster_cells.profession(key, PROFESSIONS) == key
        assert roster_cells.profession(label.partition(" (")[0], PROFESSIONS) == key, label


def test_states_zones_and_staff_numbers():
    assert roster_cells.state("ca", STATES) == roster_cells.state("California", STATES) == "CA"
    assert roster_cells.state("N.Y.".replace(".", ""), STATES) == "NY"
    assert set(roster_cells._STATES.values()) == set(STATES)
    for bad in ("Calif.", "XX", "Bavaria"):
        with pytest.raises(BadCell, match="two letters"):
            roster_cells.state(bad, STATES)
    assert roster_cells.zone("Pacific Time", zones()) == "America/Los_Angeles"
    assert roster_cells.zone("America/New York", zones()) == "America/New_York"
    with pytest.raises(BadCell):
        roster_cells.zone("Middle-earth", zones())
    assert roster_cells.staff_number(" e-０7  b ") == "E-07 B"
    for bad in ("1.23457E+11", "-", "x" * 41, "a\u200bb"):
        with pytest.raises(BadCell):
            roster_cells.staff_number(bad)


MARCH = date(2025, 3, 17)


@pytest.mark.parametrize(
    "text",
    ["2025-03-17", "2025/3/17", "17.03.2025", "17. 3. 2025", "03/17/2025", "17/03/2025",
     "17 Mar 2025", "17-Mar-2025", "17 March 2025", "March 17, 2025", "Mar 17th 2025", "20250317",
     "2025-03-17 00:00:00", "2025-03-17T00:00", "2025-03-17 00:00"],
)  # fmt: skip
def test_a_day_is_read_in_each_of_the_usual_ways(text):
    assert day(text, day_first=None) == MARCH


def test_slashes_are_read_as_the_rest_of_the_column_has_them():
    assert is_day_first(["03/04/2025", "17/03/2025"]) is True
    assert is_day_first(["03/04/2025", "03/17/2025"]) is False
    assert is_day_first(["03/04/2025", ""]) is False
    assert is_day_first(["13/04/2025", "04/13/2025"]) is None
    assert day("03/04/2025", day_first=True) == date(2025, 4, 3)
    assert day("03/04/2025", day_first=False) == date(2025, 3, 4)
    assert day("04/04/2025", day_first=None) == date(2025, 4, 4)
    with pytest.raises(BadCell, match="Other rows write the day first"):
        day("03/04/2025", day_first=None)


@pytest.mark.parametrize(
    "text",
    ["31/02/2025", "2025-02-30", "45733", "soon", "Foo 3, 2025", "1.1.25", "0001-01-01",
     "9999-12-31", "13/13/2025", "2025-03-17 11:30"],
)  # fmt: skip
def test_a_day_that_is_none_is_refused_with_how_to_write_it(text):
    with pytest.raises(BadCell, match=r"2025-03-17|can't be meant"):
        day(text, day_first=None)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_cell_is_meant_or_refused(text):
    for meant in (
        lambda: day(text, day_first=None), lambda: npi(text),
        lambda: roster_cells.profession(text, PROFESSIONS), lambda: roster_cells.zone(text, zones()),
        lambda: roster_cells.state(text, STATES), lambda: roster_cells.staff_number(text),
    ):  # fmt: skip
        with suppress(BadCell):
            meant()


NAMES = {1: "Medicine", 2: "Emergency", 3: "Night", 4: "Surgery", 5: "Night", 6: "Closed", 7: "OB/GYN"}
PARENTS = {1: None, 2: 1, 3: 2, 4: None, 5: 4, 6: None, 7: None}


def tree(reach: frozenset[int] | None = None) -> Tree:
    return Tree(names=NAMES, parents=PARENTS, retired=frozenset({6}), reach=reach)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("Medicine", 1), ("EMERGENCY", 2), ("medicine > emergency", 2), ("Medicine/Emergency/Night", 3),
     ("Emergency › Night", 3), ("Surgery » Night", 5), ("ob/gyn", 7), ("  OB/GYN ", 7),
     ("Nowhere", None), ("Surgery > Emergency", None)],
)  # fmt: skip
def test_a_department_is_meant_by_its_name_or_the_way_to_it(text, meant):
    assert tree().found(text) == meant


def test_a_name_that_several_have_or_that_is_retired_is_refused():
    with pytest.raises(BadCell, match="Medicine › Emergency › Night; Surgery › Night"):
        tree().found("Night")
    assert tree(frozenset({4, 5})).found("Night") == 5
    assert tree(frozenset({4, 5})).found("Emergency") is None
    with pytest.raises(BadCell, match="retired"):
        tree().found("Closed")


def test_what_is_missing_is_planned_below_what_there_is():
    assert tree().planned("Medicine > Emergency > Trauma > Bay") == Planned(2, ("Trauma", "Bay"))
    assert tree().planned("Radiology") == Planned(None, ("Radiology",))
    for bad in ("x" * 121, " > ".join("abcdefghijklmn")):
        with pytest.raises(BadCell):
            tree().planned(bad)
    assert ways("a > > b") == [("a > > b",)]


HEADER = headings(["E-mail", "Name", "Staff number", "Department"])
PEOPLE = [
    Someone(1, "a@x.org", "a@x.org", 1, False, {"name": "A", "staff_number": "S1"}),
    Someone(2, "b@x.org", "b@x.org", 4, False, {"name": "B", "staff_number": "S2"}),
    Someone(3, "c@x.org", "c@x.org", 2, True, {"name": "C", "staff_number": None}),
]  # fmt: skip
KNOWN = Known(
    people={one.id: one for one in PEOPLE},
    by_key={one.key: one.id for one in PEOPLE},
    by_staff_number={one.fields["staff_number"]: one.id for one in PEOPLE if one.fields["staff_number"]},
    by_npi={},
)
cells = st.tuples(
    st.sampled_from(["a@x.org", "A@X.org", "b@x.org", "c@x.org", "n@x.org", "m@x.org", "no", ""]),
    st.sampled_from(["A", "B", "New", ""]),
    st.sampled_from(["", "S1", "s1", "S2", "S9"]),
    st.sampled_from(["", "Medicine", "Surgery", "Night", "Nowhere"]),
)


@given(
    st.lists(cells, max_size=12),
    st.sampled_from([None, Link.ADD, Link.REPLACE, Link.LEAVE]),
    st.sampled_from([None, frozenset({1, 2, 3}), frozenset()]),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_no_row_is_lost_and_nobody_is_written_twice(rows, link, reach, creates):
    judge = Judge(
        headings=HEADER, known=KNOWN, tree=tree(reach), printable=lambda name: name,
        choices=Choices(other_links=link, creates_departments=creates, may_link=reach is None),
    )  # fmt: skip
    lines = [Row(number, row) for number, row in enumerate(rows, start=2)]
    plan = judge.plan(lines)
    assert [one.line for one in plan.verdicts] == [row.line for row in lines]
    assert sum(plan.counts.values()) == len(rows)
    good = [one for one in plan.verdicts if one.status in {Status.NEW, Status.CHANGED, Status.UNCHANGED}]
    people = [one.person_id for one in good if one.person_id]
    assert len(people) == len(set(people))
    keys = [one.wanted.key for one in good]
    assert len(keys) == len(set(keys))
    for one in plan.verdicts:
        assert one.status in {Status.NEW, Status.CHANGED, Status.UNCHANGED} or one.reason
        if one.person_id is not None and reach is not None:
            assert KNOWN.people[one.person_id].department_id in reach
        if one.status is Status.CHANGED and one.link:
            assert link in {Link.ADD, Link.REPLACE}
            assert reach is None
        if one.status in {Status.NEW, Status.CHANGED} and reach is not None:
            place = one.wanted.place
            assert place is None or place in reach
