"""Case 28: a form sent after the session ended is kept, and sent by its owner after signing in."""

import re

import pytest

from lms.db import db
from lms.people.models import Person
from lms.people.operations import hashed
from tests.conftest import NOON

PASSWORD = "five purple trains at noon"
ORIGIN = {"Origin": "http://localhost"}


@pytest.fixture
def lena(app, cast):
    row = db.session.get(Person, cast.lena)
    row.password_hash = hashed(PASSWORD)
    noor = db.session.get(Person, cast.noor)
    noor.password_hash = hashed(PASSWORD)
    db.session.commit()
    return row


def end_all_sessions() -> None:
    from lms.people.models import SignIn

    for row in db.session.query(SignIn):
        row.ended_at = NOON
    db.session.commit()


def sign_in(browser, who: str = "lena"):
    return browser.post("/sign-in", data={"email": f"{who}@example.org", "password": PASSWORD})


PROFILE = {
    "name": "Lena Nguyễn, MD", "certificate_name": "Lena Nguyễn-Okafor, MD",
    "profession": "physician", "licence_state": "CA", "zone": "", "name_locale": "",
}


def test_case_28_what_was_typed_is_saved_after_signing_in_again(cast, lena, as_):
    browser = as_(cast.lena)
    end_all_sessions()
    lost = browser.post("/profile", data=PROFILE, headers=ORIGIN)
    assert lost.status_code == 303
    assert sign_in(browser).location == "/unsent"
    page = browser.get("/unsent").text
    assert "not saved yet" in page
    action = re.search(r'<form method="post" action="(/profile)"', page).group(1)
    fields = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    assert fields["certificate_name"] == "Lena Nguyễn-Okafor, MD"
    assert browser.post(action, data=fields).status_code == 303
    db.session.expire_all()
    assert db.session.get(Person, cast.lena).certificate_name == "Lena Nguyễn-Okafor, MD"


def test_it_waits_for_its_owner_only(cast, lena, as_):
    browser = as_(cast.lena)
    end_all_sessions()
    browser.post("/profile", data=PROFILE, headers=ORIGIN)
    sign_in(browser, "noor")
    assert "Okafor" not in browser.get("/unsent", follow_redirects=True).text


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_a_form_from_elsewhere_is_not_kept(cast, lena, as_, headers):
    browser = as_(cast.lena)
    end_all_sessions()
    browser.post("/profile", data=PROFILE, headers=headers)
    assert sign_in(browser).location == "/"


def test_a_password_is_never_kept(cast, lena, as_):
    browser = as_(cast.lena)
    end_all_sessions()
    browser.post("/profile/password", data={"present": "x", "password": "y"}, headers=ORIGIN)
    assert sign_in(browser).location == "/"


def test_a_large_form_is_not_kept_in_a_cookie(cast, lena, as_):
    browser = as_(cast.lena)
    end_all_sessions()
    browser.post("/profile", data=PROFILE | {"name": "x" * 3000}, headers=ORIGIN)
    assert sign_in(browser).location == "/"
