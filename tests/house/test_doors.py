"""Every route says who may enter, answers as the matrix says, and stands in the committed list."""

import re
from pathlib import Path

import flask
import pytest
from flask import Flask

from lms import access
from lms.access import GRANTS, Permission, Role
from lms.web import door

SURFACE = Path(__file__).parent / "surface.txt"


HEAD = """\
# Everything the world can reach: the page to read in a security review, written by
# python -m tests.house.test_doors and compared at every run. A line is one route.
#
# may    the permission that its door asks for (lms/access.py); "anyone" is open to strangers
# who    which roles hold it: L learner (everyone signed in), C coordinator, P planner,
#        A administrator; S stranger
# reach  what of it one may touch, asked again by the operation or query behind the door
#        (tests/house/test_matrix.py asks for somebody else's of each):
#        own         what is one's own; of others only what another permission shows
#        department  the departments granted and all below; planner and administrator: all
#        site        everything of its kind
#        public      the same for everybody
#
# method address                                                              may                          who   reach       endpoint"""
OWN = {Permission.LEARN, Permission.CLAIM, Permission.KEEP_PROFILE}
LETTERS = {Role.LEARNER: "L", Role.COORDINATOR: "C", Role.PLANNER: "P", Role.ADMINISTRATOR: "A"}


def _reach(may: door.Permitted) -> str:
    if isinstance(may, door.Anyone):
        return "public"
    if may in OWN:
        return "own"
    return "department" if may in access.SCOPED_TO_DEPARTMENT else "site"


def _who(may: door.Permitted) -> str:
    if isinstance(may, door.Anyone):
        return "SLCPA"
    return "." + "".join(letter if may in GRANTS[role] else "." for role, letter in LETTERS.items())


def surface(app: Flask) -> list[str]:
    """One line per route: method, address, permission, roles, how far it reaches, endpoint."""
    doors = app.extensions["doors"]
    lines = []
    for rule in app.url_map.iter_rules():
        methods = ",".join(sorted(rule.methods - {"HEAD", "OPTIONS"}))
        may = doors[rule.endpoint]
        lines.append(
            f"{methods:8} {rule.rule:68} {may.value:28} {_who(may)} {_reach(may):11} {rule.endpoint}"
        )
    return [*HEAD.splitlines(), *sorted(lines, key=lambda line: line.split()[1::-1])]


def test_the_surface_is_the_committed_list(app: Flask):
    """The page to read in a security review: a diff in it is a diff in what the world can reach.

    After a deliberate change write it anew: python -m tests.house.test_doors
    """
    assert surface(app) == SURFACE.read_text(encoding="utf-8").splitlines()


def test_a_route_without_may_cannot_be_written():
    with pytest.raises(TypeError, match="may"):
        door.Blueprint("x", __name__).get("/x")


def test_a_route_by_the_back_door_stops_the_app(app: Flask):
    other = Flask("other")
    other.add_url_rule("/x", "x", lambda: "")
    with pytest.raises(RuntimeError, match="x"):
        door.init_app(other)


def test_one_endpoint_cannot_ask_for_two_permissions():
    bp = door.Blueprint("x", __name__)

    def view():
        return ""

    bp.get("/x", may=door.ANYONE)(view)
    with pytest.raises(ValueError, match="two different"):
        bp.post("/x", may=Permission.LEARN)(view)


def _address(rule: str) -> str:
    """Fill a rule's parameters with things that do not exist."""
    return re.sub(r"<int:[^>]+>", "999999", re.sub(r"<string:[^>]+>", "nothing-here", rule))


@pytest.mark.parametrize("name", ["nobody", "lena", "cora", "otto", "petra", "ada"])
def test_every_route_answers_every_role_as_the_matrix_says(app, cast, as_, client, name):
    doors = app.extensions["doors"]
    browser = client if name == "nobody" else as_(getattr(cast, name))
    for rule in app.url_map.iter_rules():
        may = doors[rule.endpoint]
        if rule.endpoint in {"static", "people.sign_out"}:
            continue
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            answer = browser.open(_address(rule.rule), method=method)
            got = answer.status_code
            # Where a part that many share is filled in for one reader, nothing may be forgotten.
            assert b"\x00" not in answer.data or answer.mimetype != "text/html", rule.rule
            where = f"{name}: {method} {rule.rule} -> {got}"
            if isinstance(may, door.Anyone):
                assert got not in {401, 403, 500}, where
            elif name == "nobody":
                assert got in {302, 303, 401}, where
            elif access.holds(cast.actor(name), may):
                assert got not in {401, 403, 500, 405}, where
            else:
                assert got == 403, where


def test_every_role_and_every_permission_is_in_the_matrix():
    assert set(GRANTS) == set(Role)
    assert set().union(*GRANTS.values()) == set(Permission)


def test_urls_are_kebab_case_and_every_parameter_is_typed(app: Flask):
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        fixed = re.sub(r"<[^>]*>", "", rule.rule)
        assert not re.search(r"[A-Z_]", fixed), rule
        assert all(":" in p for p in re.findall(r"<([^>]*)>", rule.rule)), rule


def test_a_view_that_returns_commits_and_one_that_raises_rolls_back(app: Flask, cast):
    from lms.people.models import Department

    bp = door.Blueprint("shop", __name__)

    @bp.post("/shop/ok", may=door.ANYONE)
    def ok():
        flask.current_app.extensions["sqlalchemy"].session.add(Department(name="A"))
        return "ok"

    @bp.post("/shop/boom", may=door.ANYONE)
    def boom():
        flask.current_app.extensions["sqlalchemy"].session.add(Department(name="B"))
        flask.abort(409)

    app._got_first_request = False
    app.register_blueprint(bp)
    app.extensions["doors"].update(bp.doors)
    client = app.test_client()
    assert client.post("/shop/ok").status_code == 200
    assert client.post("/shop/boom").status_code == 409
    session = app.extensions["sqlalchemy"].session
    names = {row.name for row in session.query(Department)}
    assert "A" in names
    assert "B" not in names


if __name__ == "__main__":
    import tempfile

    from lms.app import create_app
    from tests.conftest import make_settings

    with tempfile.TemporaryDirectory() as folder:
        made = create_app(make_settings(Path(folder)))
        SURFACE.write_text("\n".join(surface(made)) + "\n", encoding="utf-8")
