"""Addresses, passwords, trees, ways back: each rule on values alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.people import rules
from lms.people.models import Profession


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Lena@Example.ORG", "lena@example.org"),
        ("  lena@example.org ", "lena@example.org"),
        ("ｌｅｎａ@example.org", "lena@example.org"),
        ("STRASSE@example.org", "straße@example.org"),
        ("café@example.org", "cafe\u0301@example.org"),
        ("ΣΊΣΥΦΟΣ@example.org", "σίσυφος@example.org"),
    ],
)
def test_case_58_an_address_is_one_however_it_is_written(typed: str, same: str):
    assert rules.email_key(typed) == rules.email_key(same)


@given(st.text(max_size=60))
def test_folding_an_address_twice_changes_nothing(text: str):
    assert rules.email_key(rules.email_key(text)) == rules.email_key(text)


@pytest.mark.parametrize(
    "email", ["lena@example.org", "o'brien+cme@mail.example.co.uk", "李@例子.中国", "a@b.cd"]
)
def test_addresses_that_can_be(email: str):
    assert rules.email_problem(email) is None


@pytest.mark.parametrize(
    "email",
    ["", "lena", "lena@", "@example.org", "lena@example", "a b@example.org", "a@b@example.org",
     "lena@example.org\nBcc: x@example.org", "<lena@example.org>", "lena@example..org",
     "lena\x00@example.org", "a" * 250 + "@example.org", "a,b@example.org"],
)  # fmt: skip
def test_addresses_that_can_not_be_are_refused_with_a_sentence(email: str):
    assert (rules.email_problem(email) or "").endswith(".")


def test_a_missing_at_is_named():
    assert "@ is missing" in (rules.email_problem("dvorak.example.org") or "")


def refused(password: str, email: str = "lena@example.org", name: str = "Lena Nguyễn, MD") -> bool:
    return rules.password_problem(password, email=email, name=name) is not None


@pytest.mark.parametrize(
    "password",
    ["correct-horse-battery", "four plain words here", "ночной поезд в Омск",
     "夜行列車は北へ向かって走ります",
     "aB3$" * 3 + "xyz", "lena likes long walks", "0571 4820 9938", "tremor quilt 88"],
)  # fmt: skip
def test_long_passwords_of_any_kind_are_taken(password: str):
    assert not refused(password)


@pytest.mark.parametrize(
    "password",
    ["", "short", "elevenchars", "a" * 201, "aaaaaaaaaaaaaa", "abababababab", "password1234",
     "Password-2026!", "P@ssw0rd!!!!!", "passwordpassword", "qwertyuiop123", "123456789012",
     "abcdefghijklm", "zyxwvutsrqpon", "qwertyuiopas", "administrator1", "lena@example.org",
     "LENA@EXAMPLE.ORG", "Lena Nguyễn, MD", "correcthorsebatterystaple", "welcomehospital"],
)  # fmt: skip
def test_passwords_that_others_try_first_are_refused(password: str):
    assert refused(password)


def test_the_bounds_of_a_password_are_12_and_200_characters():
    assert refused("tremor quil")
    assert not refused("tremor quilt")
    assert not refused("tremor quilt" + "é" * 188)
    assert refused("tremor quilt" + "é" * 189)


@given(st.text(max_size=220), st.text(max_size=40), st.text(max_size=40))
def test_any_text_as_a_password_gets_an_answer(password: str, email: str, name: str):
    problem = rules.password_problem(password, email=email, name=name)
    assert problem is None or problem.endswith(".")


TREE = {1: None, 2: 1, 3: 2, 4: 1, 5: None}


def test_below_are_the_departments_themselves_and_all_under_them():
    assert rules.below(TREE, [2]) == {2, 3}
    assert rules.below(TREE, [1, 5]) == {1, 2, 3, 4, 5}
    assert rules.below(TREE, []) == set()
    assert rules.below(TREE, [99]) == set()


def test_a_department_can_not_stand_below_itself():
    assert rules.would_cycle(TREE, department_id=1, parent_id=1)
    assert rules.would_cycle(TREE, department_id=1, parent_id=3)
    assert not rules.would_cycle(TREE, department_id=3, parent_id=5)
    assert not rules.would_cycle(TREE, department_id=1, parent_id=None)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=30))
def test_no_series_of_allowed_moves_makes_a_cycle(moves: list[tuple[int, int]]):
    parents: dict[int, int | None] = dict.fromkeys(range(1, 13))
    for one, parent in moves:
        if not rules.would_cycle(parents, department_id=one, parent_id=parent):
            parents[one] = parent
    names = {one: str(one) for one in parents}
    for one in parents:
        path = rules.path_of(names, parents, one)
        assert path[-1] == str(one)
        assert parents[int(path[0])] is None


def test_a_path_runs_from_the_top_down():
    names = {1: "Acute Care", 2: "Emergency Medicine", 3: "Pediatric Emergency", 4: "x", 5: "y"}
    assert rules.path_of(names, TREE, 3) == (
        "Acute Care", "Emergency Medicine", "Pediatric Emergency",
    )  # fmt: skip


@pytest.mark.parametrize(
    "target", ["/", "/courses/abc?x=1&y=2", "/attempts/7/questions/2", "/people?q=a%20b", "/a#b"]
)
def test_a_path_of_this_site_is_gone_to(target: str):
    assert rules.safe_path(target) == target


@pytest.mark.parametrize(
    "target",
    [None, "", "courses", "//evil.example", "///evil.example", "/\\evil.example",
     "\\\\evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)",
     "/\t/evil.example", "\t//evil.example", " //evil.example", "/\n/evil.example",
     "/.//evil.example", "/..//evil.example", "/x/../..//evil.example", "/\x00/evil", "/\x7f/evil",
     "/sign-in", "/sign-in?next=/sign-in", "/sign-out", "//[", "/" + "a" * 3000],
)  # fmt: skip
def test_anything_a_browser_could_take_for_another_site_leads_home(target: str | None):
    assert rules.safe_path(target) == "/"


def test_a_line_is_tidied():
    assert rules.tidy("  Lena\t Nguye\u0302\u0303n\x00\n ") == "Lena Nguyễn"


def test_every_profession_has_a_name():
    assert set(rules.PROFESSIONS) == {one.value for one in Profession}


def test_states_are_fifty_and_the_district_and_the_territories_that_license():
    assert len(set(rules.STATES)) == len(rules.STATES) == 54
    assert {"CA", "DC", "PR", "GU", "VI"} <= set(rules.STATES)


def test_zones_are_places():
    assert "America/Los_Angeles" in rules.zones()
    assert "Pacific/Honolulu" in rules.zones()
    assert not {"EST", "Etc/GMT+1", "localtime"} & set(rules.zones())
