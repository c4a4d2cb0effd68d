"""Tokens against forged requests: given for a while, known again, and nobody else's."""

import re

import pytest

from lms.web import door, forgery
from tests.web.conftest import LEARN

TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


@pytest.fixture
def guarded(app, cast, as_, room):
    """Lena's and Noor's browsers, and a room that takes forms with a token only."""
    app.config["WTF_CSRF_ENABLED"] = True
    forgery._given.clear()
    forgery._checked.clear()
    return as_(cast.lena), as_(cast.noor), room(lambda: "done", may=LEARN)


def token(browser, **how) -> str:
    # The context that tests share would keep the token of the request before.
    forgery.g.pop(forgery.FIELD, None)
    return TOKEN.search(browser.get("/privacy", **how).text)[1]


def send(browser, address, value, **how) -> int:
    forgery.g.pop("csrf_valid", None)
    return browser.post(address, data={"csrf_token": value}, **how).status_code


def test_a_page_has_the_token_of_a_moment_ago_and_later_another_that_is_as_good(guarded, monkeypatch):
    lena, _noor, address = guarded
    first = token(lena)
    assert token(lena) == first
    now = forgery.time.monotonic()
    monkeypatch.setattr(forgery.time, "monotonic", lambda: now + forgery._FRESH_SECONDS + 1)
    monkeypatch.setattr("time.time", lambda _real=forgery.time.time: _real() + 60)
    later = token(lena)
    assert later != first
    assert [send(lena, address, one) for one in (first, later)] == [200, 200]


def test_a_token_is_good_in_its_own_session_only(guarded):
    lena, noor, address = guarded
    hers, his = token(lena), token(noor)
    assert hers != his
    assert [send(lena, address, his), send(noor, address, hers)] == [400, 400]
    assert [send(lena, address, hers), send(noor, address, his)] == [200, 200]


@pytest.mark.parametrize("value", ["", "made-up", "é", "\x00token\x00"])
def test_what_is_no_token_is_refused(guarded, value):
    lena, _noor, address = guarded
    token(lena)
    assert send(lena, address, value) == 400


def test_a_token_given_by_another_process_is_checked_once_and_known_then(guarded, monkeypatch):
    lena, noor, address = guarded
    hers = token(lena)
    forgery._given.clear()
    assert send(lena, address, hers) == 200
    monkeypatch.setattr(door.csrf, "_get_csrf_token", lambda: pytest.fail("checked again"))
    assert send(lena, address, hers) == 200
    with pytest.raises(pytest.fail.Exception):
        send(noor, address, hers)


def test_over_tls_a_known_token_still_needs_a_page_of_ours_before_it(guarded):
    lena, _noor, address = guarded
    over_tls = {"base_url": "https://localhost"}
    lena.get("/privacy")
    cookie = lena.get_cookie("rounds")
    lena.set_cookie("rounds", cookie.value, domain="localhost", secure=True)
    hers = token(lena, **over_tls)
    assert send(lena, address, hers, **over_tls) == 400
    elsewhere = {"Referer": "https://evil.example/page"}
    assert send(lena, address, hers, headers=elsewhere, **over_tls) == 400
    here = {"Referer": "https://localhost/privacy"}
    assert send(lena, address, hers, headers=here, **over_tls) == 200
