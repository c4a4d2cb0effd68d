"""Behind a proxy: whom LMS_PROXY_HOPS lets tell where a request comes from."""

import flask
import pytest

from lms.app import create_app
from lms.web import door
from tests.commands.conftest import instance_of  # noqa: F401
from tests.conftest import make_settings

FORGED = {
    "X-Forwarded-For": "203.0.113.9, 192.0.2.1", "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "rounds.example.org",
}


@pytest.fixture
def seen(tmp_path):
    """Return a function: what the server of this many hops believes about a forged request."""

    def ask(hops: int, **headers: str) -> dict[str, str]:
        public = "https://rounds.example.org"
        app = create_app(make_settings(tmp_path, proxy_hops=hops, base_url=public))
        bp = door.Blueprint("told", __name__)

        @bp.get("/told", may=door.ANYONE)
        def told() -> flask.Response:
            request = flask.request
            return flask.jsonify(
                address=request.remote_addr, scheme=request.scheme, host=request.host
            )

        app.register_blueprint(bp)
        app.extensions["doors"].update(bp.doors)
        got = app.test_client().get("/told", headers={**FORGED, **headers, "Accept": "text/json"})
        return {"status": got.status_code, **(got.json if got.is_json else {})}

    return ask


def test_without_a_proxy_nobody_may_tell_where_they_come_from(seen):
    got = seen(0)
    assert (got["address"], got["scheme"], got["host"]) == ("127.0.0.1", "http", "localhost")


def test_one_proxy_is_believed_for_what_it_added_itself(seen):
    got = seen(1)
    assert (got["address"], got["scheme"]) == ("192.0.2.1", "https")
    assert got["host"] == "rounds.example.org"


def test_two_proxies_are_believed_for_one_more(seen):
    assert seen(2)["address"] == "203.0.113.9"


def test_a_forged_name_is_refused_behind_a_proxy_too(seen):
    assert seen(1, **{"X-Forwarded-Host": "evil.example"})["status"] == 400


def test_a_nul_byte_never_reaches_postgresql_as_a_crash(instance_of):  # noqa: F811
    with instance_of("postgresql", "nul") as app:
        app.config["WTF_CSRF_ENABLED"] = False
        client = app.test_client()
        form = {"email": "a\0b@example.org", "password": "x\0y"}
        for got in (client.post("/sign-in", data=form), client.get("/verify/a%00b"),
                    client.post("/forgot-password", data={"email": "a\0@example.org"})):
            assert got.status_code in {200, 303, 400, 404, 422}, got.status_code
