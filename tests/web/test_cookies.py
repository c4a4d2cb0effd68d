"""The cookie: read once while it is good, never longer, and nobody's changes reach another request."""

import flask
import pytest

from tests.web.conftest import LEARN


@pytest.fixture
def read(app, monkeypatch):
    """How often the signature of a cookie was checked."""
    signer, seen = app.session_interface._signer, []
    loads = signer.loads

    def counted(text, **how):
        seen.append(text)
        return loads(text, **how)

    monkeypatch.setattr(signer, "loads", counted)
    return seen


def test_a_cookie_is_checked_once(app, cast, as_, room, read):
    address, browser = room(lambda: "in", may=LEARN), as_(cast.lena)
    read.clear()
    assert [browser.get(address).text for _ in range(3)] == ["in"] * 3
    assert len(read) == 1


def test_a_cookie_that_is_kept_ends_when_it_would_have_ended(app, cast, as_, room, monkeypatch):
    address, browser = room(lambda: "in", may=LEARN), as_(cast.lena)
    assert browser.get(address).text == "in"
    import time

    real, late = time.time, app.permanent_session_lifetime.total_seconds() + 2
    held = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: held() + late)
    monkeypatch.setattr(time, "time", lambda: real() + late)
    assert browser.get(address).status_code == 303


def test_a_cookie_half_used_up_is_not_kept_for_its_whole_life(app, cast, as_, room, monkeypatch):
    import time

    life = app.permanent_session_lifetime.total_seconds()
    address, browser = room(lambda: "in", may=LEARN), as_(cast.lena)
    real, held = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: real() + life * 0.6)
    assert browser.get(address).text == "in"  # read for the first time now
    monkeypatch.setattr(time, "time", lambda: real() + life * 1.2)
    monkeypatch.setattr(time, "monotonic", lambda: held() + life * 0.6)
    assert browser.get(address).status_code == 303


def test_what_one_request_puts_into_its_session_is_not_in_anothers(app, cast, as_, client, room):
    browser = as_(cast.lena)

    def changes():
        flask.session["mine"] = "yes"
        return "changed"

    held = browser.get_cookie("rounds").value
    assert browser.get(room(changes, may=LEARN)).text == "changed"
    client.set_cookie("rounds", held)  # the same browser, before the change
    assert client.get(room(lambda: str("mine" in flask.session), may=LEARN)).text == "False"


def test_a_form_that_was_kept_in_the_cookie_is_not_held_in_memory(app, cast, as_, room):
    browser = as_(cast.lena)
    with browser.session_transaction() as session:
        session["unsent"] = {"fields": ["typed"]}
    app.session_interface._read.clear()

    def changes():
        flask.session["unsent"]["fields"].append("more")
        return ",".join(flask.session["unsent"]["fields"])

    address = room(changes, may=LEARN)
    assert [browser.get(address).text for _ in range(2)] == ["typed,more"] * 2
    assert app.session_interface._read == {}


def test_a_changed_cookie_is_nobodys_though_the_right_one_is_known(cast, as_, client, room):
    browser, address = as_(cast.lena), room(lambda: "in", may=LEARN)
    assert browser.get(address).text == "in"
    good = browser.get_cookie("rounds").value
    for bad in (good[:-2] + "xx", good[1:], good + "a", good.replace(".", "..", 1)):
        client.set_cookie("rounds", bad)
        assert client.get(address).status_code == 303, bad
