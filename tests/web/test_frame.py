"""What stands around pages is drawn once for many: nothing of one reader may show to another."""

import re

import flask
import pytest

from lms.db import db
from lms.people.models import Person

PLACES = ["/", "/courses", "/transcript", "/profile", "/protocol-card", "/privacy", "/library"]


def top(page: str) -> str:
    return page[: page.index("<main")]


@pytest.mark.parametrize("address", PLACES)
def test_each_reader_finds_their_own_name_and_token(cast, as_, address):
    seen = {}
    for who, first in ((cast.lena, "Lena"), (cast.noor, "Noor"), (cast.lena, "Lena")):
        flask.g.pop("csrf_token", None)  # which requests of a test share
        page = as_(who).get(address).text
        assert f'<bdi>{first}<span class="rest">' in page
        assert "\x00" not in page
        tokens = set(re.findall(r'csrf[-_]token" (?:content|value)="([^"]+)"', page))
        assert len(tokens) == 1
        seen.setdefault(first, set()).update(tokens)
    assert seen["Lena"].isdisjoint(seen["Noor"])


def test_the_header_leads_where_one_may_go(cast, as_, client):
    def links(browser) -> list[str]:
        page = top(browser.get("/privacy").text)
        return re.findall(r'<li><a href="([^"]+)"', page)

    # Twice, the second time from what was kept; a stranger's between.
    for _ in range(2):
        learner = ["/", "/courses", "/transcript", "#help", "/profile"]
        assert links(as_(cast.lena)) == learner
        assert links(client) == ["/verify", "#help", "/sign-in"]
        assert links(as_(cast.cora))[3:5] == ["/departments", "/people/import"]
        assert links(as_(cast.ada))[3:5] == ["/departments", "/people"]


@pytest.mark.parametrize(
    ("address", "marked"),
    [("/", "/"), ("/courses", "/courses"), ("/transcript", "/transcript"),
     ("/profile", "/profile"), ("/verify", None)],
)  # fmt: skip
def test_the_present_part_is_marked(cast, as_, address, marked):
    page = top(as_(cast.lena).get(address).text)
    found = re.findall(r'<a href="([^"]+)" aria-current="page"', page)
    assert found == ([marked] if marked else [])


def test_a_name_with_signs_of_html_stays_a_name(app, cast, as_):
    db.session.get(Person, cast.lena).name = 'Lena <b>"Bold"</b> & Co'
    db.session.commit()
    page = as_(cast.lena).get("/privacy").text
    assert (
        '<bdi>Lena<span class="rest"> &lt;b&gt;&#34;Bold&#34;&lt;/b&gt; &amp; Co</span></bdi>'
        in page
    )


def test_what_is_said_once_is_said_once(app, cast, as_):
    browser = as_(cast.lena)
    with browser.session_transaction() as session:
        session["_flashes"] = [("good", "Saved <now>.")]
    first, second = browser.get("/privacy").text, browser.get("/privacy").text
    assert '<p class="note good" role="status">Saved &lt;now&gt;.</p>' in first
    assert "Saved" not in top(second)
