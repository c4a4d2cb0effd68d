"""Error pages for people and machines, headers, names the server answers to, static files."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import flask
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import MethodNotAllowed, TooManyRequests

from lms.app import create_app
from lms.db import db
from lms.errors import Missing, NotAllowed, Refused
from lms.people.models import Department
from lms.web import assets, pages
from tests.conftest import make_settings
from tests.web.conftest import LEARN, aborting, raising

JSON = {"Accept": "application/json"}
STATUSES = [400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503]


class Outline(HTMLParser):
    """What a page must have, whatever else is on it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.lang = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "html":
            self.lang = dict(attrs).get("lang")
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")], tag


def assert_designed(got, status: int) -> None:
    outline = Outline(got.text)
    assert got.status_code == status
    assert got.mimetype == "text/html"
    assert outline.lang == "en-US"
    assert [outline.tags.count(one) for one in ("h1", "main", "title")] == [1, 1, 1]
    assert f"<p>{status}</p>" in got.text


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_a_designed_page_that_says_what_to_do(client, room, status):
    got = client.get(room(aborting(status)))
    assert_designed(got, status)
    assert pages.TITLES[status].replace("'", "&#39;") in got.text
    assert pages.SENTENCES[status].replace("'", "&#39;") in got.text


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_json_for_who_asked_for_it(client, room, status):
    got = client.get(room(aborting(status)), headers=JSON)
    assert (got.status_code, got.mimetype) == (status, "application/json")
    assert got.json == {
        "status": status, "title": pages.TITLES[status], "detail": pages.SENTENCES[status],
    }


@pytest.mark.parametrize(("status", "like"), [(406, 400), (416, 400), (418, 400), (501, 500)])
def test_a_status_without_words_of_its_own_is_not_called_our_fault_when_it_is_not(
    client, room, status, like
):
    got = client.get(room(aborting(status)), headers=JSON)
    assert (got.status_code, got.json["title"]) == (status, pages.TITLES[like])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("application/json", "application/json"),
        ("application/json, text/html;q=0.5", "application/json"),
        ("text/html, application/json;q=0.5", "text/html"),
    ],
)
def test_the_kind_of_answer_follows_what_was_asked_for(client, accept, kind):
    assert client.get("/no-such-page", headers={"Accept": accept}).mimetype == kind


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (Refused("The quiz opens when every lesson is read."), 409, "every lesson is read"),
        (Refused(), 409, "faster"),
        (NotAllowed("x"), 403, "does not have the part"),
        (Missing("person 7 of 12"), 404, "may have moved"),
        (ValueError("a secret detail"), 500, "problem is recorded"),
        (KeyError("a secret detail"), 500, "problem is recorded"),
    ],
)
def test_each_kind_of_error_has_its_page_and_tells_nothing_inner(
    client, room, caplog, error, status, says
):
    address = room(raising(error))
    page = client.get(address)
    assert_designed(page, status)
    assert says in page.text
    assert says in client.get(address, headers=JSON).json["detail"]
    assert "secret detail" not in page.text
    assert "person 7" not in page.text
    # The log says where, and never quotes what somebody may have typed.
    assert "secret detail" not in caplog.text
    assert (f"unexpected: {type(error).__name__} at " in caplog.text) == (status == 500)


def test_a_constraint_that_fails_when_the_view_returns_is_a_409(client, room):
    def twice():
        db.session.add_all([Department(id=1, name="A"), Department(id=1, name="B")])

    assert_designed(client.post(room(twice)), 409)
    assert db.session.query(Department).count() == 0


def test_a_signed_in_reader_keeps_their_navigation_on_an_error_page(as_, cast):
    page = as_(cast.lena).get("/no-such-page").text
    assert "<bdi>Lena<" in page
    assert "Go to your home page" in page


def test_a_failure_inside_a_view_is_a_page_with_the_readers_name(as_, cast, room):
    page = as_(cast.lena).get(room(raising(ValueError("x")), may=LEARN))
    assert_designed(page, 500)
    assert "<bdi>Lena<" in page.text


def gone(*_arguments, **_named):
    raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_a_database_that_is_away_is_a_503_for_strangers(client, room, monkeypatch):
    address = room(lambda: db.session.execute(text("SELECT 1")))
    monkeypatch.setattr("lms.web.door.db.session.execute", gone)
    assert_designed(client.get(address), 503)
    assert client.get(address, headers=JSON).status_code == 503


def test_a_database_that_is_away_is_a_503_for_those_signed_in_too(as_, cast, room, monkeypatch):
    """Even who is reading can't be asked then, and the page must not fail over it."""
    browser = as_(cast.lena)
    address = room(lambda: "fine", may=LEARN)
    monkeypatch.setattr("lms.people.queries.signed_in", gone)
    got = browser.get(address)
    assert_designed(got, 503)
    assert "Sign in" in got.text
    assert_designed(browser.get("/no-such-page"), 404)


def test_the_health_check_says_that_the_database_is_away(client, monkeypatch):
    assert client.get("/healthz").json == {"status": "ok", "database": "ok"}
    monkeypatch.setattr("lms.web.site.db.session.execute", gone)
    assert client.get("/healthz", headers=JSON).status_code == 503


def test_a_wrong_method_is_told_which_are_right(client, room):
    got = client.get(room(raising(MethodNotAllowed(["POST", "PUT"]))))
    assert_designed(got, 405)
    assert set(re.split(", ?", got.headers["Allow"])) == {"POST", "PUT"}
    assert "POST" not in client.post("/healthz").headers["Allow"]


def test_who_must_wait_is_told_how_long(client, room):
    got = client.get(room(raising(TooManyRequests(retry_after=120))))
    assert_designed(got, 429)
    assert got.headers["Retry-After"] == "120"


@pytest.mark.parametrize("number", [2**31, 2**63, 2**64, 10**30])
def test_numbers_that_no_database_holds_lead_nowhere(as_, cast, number):
    ada = as_(cast.ada)
    for address in (f"/people/{number}", f"/attempts/{number}", f"/departments/{number}"):
        assert_designed(ada.get(address), 404)


@pytest.mark.parametrize("part", ["%00", "a%00b", "%ff%fe", "%F0%9F%92%A9", "..%2f..%2fetc", "%0a"])
def test_addresses_with_strange_bytes_are_answered_and_never_crash(as_, cast, client, part):
    for browser in (client, as_(cast.lena)):
        for address in (f"/courses/{part}", f"/verify/{part}", f"/static/{part}", f"/{part}",
                        f"/certificates/{part}", f"/media/{part}", f"/series/{part}"):
            status = browser.get(address).status_code
            assert status in {200, 303, 308, 400, 401, 404}, (address, status)


def test_a_body_that_is_too_large_is_a_413(app, client, room):
    address = room(lambda: str(flask.request.form))
    big = b"a=" + b"x" * (app.config["MAX_CONTENT_LENGTH"] + 1)
    got = client.post(address, data=big, content_type="application/x-www-form-urlencoded")
    assert_designed(got, 413)


def test_a_form_with_thousands_of_fields_is_refused(app, client, room):
    address = room(lambda: str(len(flask.request.form)))
    many = {f"f{n}": "x" for n in range(app.config["MAX_FORM_PARTS"] + 1)}
    assert client.post(address, data=many, content_type="multipart/form-data").status_code == 413


def test_a_lost_token_asks_to_send_the_form_again(app, client, room):
    app.config["WTF_CSRF_ENABLED"] = True
    got = client.post(room(lambda: "kept"))
    assert_designed(got, 400)
    assert "send it again" in got.text
    assert client.get(room(lambda: "seen")).text == "seen"


def test_who_is_not_signed_in_is_asked_to_before_the_token_is_looked_at(app, client, room):
    app.config["WTF_CSRF_ENABLED"] = True
    got = client.post(room(lambda: "kept", may=LEARN))
    assert got.status_code == 303
    assert got.location.startswith("/sign-in")
    assert client.post(room(lambda: "", may=LEARN), headers=JSON).status_code == 401


@pytest.mark.parametrize("address", ["/healthz", "/no-such-page", "/sign-in", "/static/rounds.css"])
def test_every_answer_carries_the_headers_of_safety(client, address):
    headers = client.get(address).headers
    for name, value in pages.HEADERS.items():
        assert headers[name] == value
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "data:" not in headers["Content-Security-Policy"]
    assert "Server" not in headers


def test_https_is_asked_for_again_only_over_https(client):
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    secure = client.get("/healthz", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_page_may_say_its_own_cache_rule_and_is_else_never_stored(client, room):
    assert client.get(room(lambda: "x")).headers["Cache-Control"] == "no-store"

    def own():
        return flask.Response("x", headers={"Cache-Control": "private, max-age=60"})

    assert client.get(room(own)).headers["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80"])
def test_another_name_than_ours_is_refused(client, host):
    got = client.get("/sign-in", headers={"Host": host})
    assert got.status_code == 400
    assert got.text.startswith("This server does not answer under that name.")
    assert host not in got.text
    assert client.get("/sign-in", headers={"Host": host, **JSON}).json["status"] == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8123", "127.0.0.1:8000"])
def test_our_names_are_answered_at_any_port(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("base_url", "host"),
    [
        ("https://rounds.example.org", "rounds.example.org"),
        ("https://rounds.example.org:8443", "rounds.example.org:8443"),
        ("http://192.0.2.7:8000", "192.0.2.7:8000"),
    ],
)
def test_the_public_name_is_taken_from_the_settings(tmp_path, base_url, host):
    app = create_app(make_settings(tmp_path, base_url=base_url))
    client = app.test_client()
    assert client.get("/verify", headers={"Host": host}).status_code != 400
    assert client.get("/verify", headers={"Host": "evil.example"}).status_code == 400


def stamped(app, name: str) -> str:
    with app.test_request_context(base_url="http://localhost"):
        return assets.asset(name)


def test_a_stamped_file_is_kept_for_a_year(app, client):
    got = client.get(stamped(app, "rounds.css"))
    assert got.status_code == 200
    assert got.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("address", ["/static/rounds.css", "/static/rounds.css?v=0123456789"])
def test_a_file_without_the_present_stamp_is_not_kept_for_ever(client, address):
    got = client.get(address)
    assert got.status_code == 200
    assert "immutable" not in got.headers["Cache-Control"]


def test_a_missing_file_is_not_kept_at_all(client):
    got = client.get("/static/no-such.css?v=0123456789")
    assert got.status_code == 404
    assert got.headers["Cache-Control"] == "no-store"


def test_a_file_that_the_browser_has_is_not_sent_again(app, client):
    address = stamped(app, "rounds.css")
    etag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert "immutable" in again.headers["Cache-Control"]


def test_files_outside_the_folder_are_never_served(client):
    for address in ("/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/static//etc/passwd"):
        assert client.get(address, follow_redirects=True).status_code == 404


def test_days_and_times_are_written_as_people_do(app):
    with app.test_request_context(base_url="http://localhost"):
        at = datetime(2026, 3, 28, 6, 59, tzinfo=UTC)
        assert pages.day(date(2026, 3, 7)) == "March 7, 2026"
        assert pages.day(at) == "March 27, 2026"
        assert pages.day(None) == ""
        assert pages.moment(at) == "Friday, March 27, 2026, 11:59 pm Pacific"
        assert pages.clocktime(datetime(2026, 3, 28, 7, 0, tzinfo=UTC)) == "12:00 am"
        assert pages.clocktime(datetime(2026, 3, 28, 19, 5, tzinfo=UTC)) == "12:05 pm"
        assert [pages.hours(n) for n in (0, 1, 2, 3, 4, 30)] == [
            "0.00", "0.25", "0.50", "0.75", "1.00", "7.50",
        ]
        assert pages.zone_words("Europe/Paris") == "Paris time"
