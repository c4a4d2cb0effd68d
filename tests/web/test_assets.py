"""Static files are kept by their content, and what a browser takes packed is sent packed."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.web.assets import PART, Around, asset
from lms.web.fragments import Packed
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny

PACKED = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_style_sheet_is_packed_for_those_who_take_it_and_kept_for_a_year(app, client):
    with app.test_request_context():
        address = asset("rounds.css")
    plain, packed = client.get(address), client.get(address, headers=PACKED)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "immutable" in packed.headers["Cache-Control"]
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert packed.headers["ETag"] != plain.headers["ETag"]


def test_a_style_sheet_asked_for_under_an_old_name_is_not_kept(client):
    assert "immutable" not in client.get("/static/rounds.css?v=0123456789").headers["Cache-Control"]


def test_a_page_is_packed_and_says_the_same(client):
    plain, packed = client.get("/sign-in"), client.get("/sign-in", headers=PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert b"<h1" in gzip.decompress(packed.data)
    assert packed.headers["Cache-Control"] == "no-store"


def test_what_is_small_or_packed_already_goes_as_it_is(client):
    assert "Content-Encoding" not in client.get("/healthz", headers=PACKED).headers
    font = client.get("/static/fonts/rounds-sans-latin.woff2", headers=PACKED)
    assert "Content-Encoding" not in font.headers


def test_a_part_kept_for_one_reader_does_not_show_another_what_is_not_theirs(app, cast, as_):
    publish_tiny(at=NOON)
    from lms.db import db

    db.session.commit()
    planner = as_(cast.petra).get("/courses/tiny").text
    learner = as_(cast.lena).get("/courses/tiny").text
    assert "/courses/tiny/versions" in planner
    assert "/courses/tiny/versions" not in learner


@given(st.text(max_size=400), st.text(max_size=4000), st.text(max_size=400))
def test_a_page_around_a_packed_part_unpacks_to_the_page(before, part, after):
    before, after = before.replace("\x00", ""), after.replace("\x00", "")
    page = Around(before + str(PART) + after, Packed.of(part))
    whole = (before + part + after).encode()
    assert gzip.decompress(page.packed()) == whole
    assert page.get_data() == whole


def test_text_before_a_part_that_is_the_same_as_in_it_is_not_mixed_up():
    said = "the same sentence again and again, " * 40
    page = Around(said + str(PART) + said, Packed.of(said))
    assert gzip.decompress(page.packed()).decode() == said * 3


def test_a_page_without_a_place_for_its_part_is_a_mistake():
    with pytest.raises(ValueError, match="no place"):
        Around("a page", Packed.of("a part"))


@pytest.mark.parametrize("accepted", ["gzip, br", "identity", ""])
def test_a_browser_gets_the_page_around_a_part_as_it_takes_it(app, client, cast, as_, room, accepted):
    address = room(lambda: Around("before é " + str(PART) + " after", Packed.of("part ü " * 300)))
    got = client.get(address, headers={"Accept-Encoding": accepted})
    is_packed = "gzip" in accepted
    assert got.headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    data = gzip.decompress(got.data) if is_packed else got.data
    assert data.decode() == "before é " + "part ü " * 300 + " after"
    assert int(got.headers["Content-Length"]) == len(got.data)
    assert "Accept-Encoding" in got.headers["Vary"]
    head = client.head(address, headers={"Accept-Encoding": accepted})
    assert head.status_code in {200, 405}
    assert head.data == b""
