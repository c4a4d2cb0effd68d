"""The slices of type: there, called as the pages call them, small, and enough for what we say."""

import re
from itertools import combinations
from pathlib import Path

import pytest

from lms.web.assets import asset
from tests.web.fonts import CUTS, STATIC, Cut, characters

ROOT = STATIC.parent
FONTS = STATIC / "fonts"
SHEET = (STATIC / "rounds.css").read_text()
CORE = {"rounds-serif-latin", "rounds-serif-latin-italic", "rounds-sans-latin"}
FROM_THE_SYSTEM = set("→")  # neither family has it; never in running text


def core() -> list[Cut]:
    return [one for one in CUTS if one.name in CORE]


def texts() -> list[Path]:
    """What readers of ours see, as it's written."""
    notes = {"README.md", "REVIEW.md"}
    found = [
        *(ROOT / "templates").rglob("*.html"),
        *(ROOT / "courses").rglob("*.md"),
        *(ROOT / "courses").rglob("*.toml"),
        *(ROOT / "courses").rglob("*.svg"),
    ]
    return [one for one in found if one.name not in notes]


def test_the_style_sheet_calls_each_slice_as_it_was_cut():
    assert re.findall("^@font-face.*$", SHEET, re.M) == [one.rule for one in CUTS]


def test_there_is_no_slice_that_nothing_calls():
    assert {one.stem for one in FONTS.glob("*.woff2")} == {one.name for one in CUTS}


def test_slices_are_called_by_their_content_and_kept_for_a_year(app, client):
    addresses = re.findall(r'url\("(fonts/[^"]+)"\)', SHEET)
    assert len(addresses) == len(CUTS)
    for address in addresses:
        with app.test_request_context():
            assert asset(address.partition("?")[0]) == f"/static/{address}"
        answer = client.get(f"/static/{address}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]


def test_no_character_is_in_two_slices_of_one_face():
    for one, other in combinations(CUTS, 2):
        if one.face is other.face:
            assert not characters(one.characters) & characters(other.characters)


def test_all_that_we_say_is_in_the_slices_of_a_first_visit():
    enough = set.intersection(*(characters(one.characters) for one in core()))
    missing = {
        f"{sign} (U+{ord(sign):04X}) in {file.relative_to(ROOT)}"
        for file in texts()
        for sign in set(file.read_text(encoding="utf-8")) - FROM_THE_SYSTEM
        if ord(sign) not in enough
    }
    assert sorted(missing) == []


@pytest.mark.parametrize("name", ["Ágnes", "Nguyễn", "Łukasz", "Yıldız", "Þórður", "Øyvind"])
def test_a_name_is_in_some_slices_of_both_upright_faces(name):
    for family in ("rounds-serif", "rounds-sans"):
        held = set().union(
            *(
                characters(one.characters)
                for one in CUTS
                if one.name.startswith(family) and not one.name.endswith("italic")
            )
        )
        assert {ord(sign) for sign in name} <= held


def test_the_type_of_a_first_visit_is_small():
    sizes = {one.name: (FONTS / f"{one.name}.woff2").stat().st_size for one in core()}
    assert set(sizes) == CORE
    assert sum(sizes.values()) < 92_000, sizes


def test_every_page_fetches_the_italic_ahead_under_the_name_of_the_style_sheet(client):
    (italic,) = (one for one in CUTS if one.name == "rounds-serif-latin-italic")
    address = re.search(r'url\("([^"]+)"\)', italic.rule)[1]
    head = client.get("/sign-in").text.partition("</head>")[0]
    (link,) = re.findall('<link rel="prefetch"[^>]*>', head)
    assert f'href="/static/{address}"' in link
    # A face of type is fetched without cookies; fetched ahead otherwise, it would come twice.
    assert 'as="font"' in link
    assert "crossorigin" in link
