"""The pages of people: right door and status, what was typed stays, nothing tells who is here."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from lms import outbox
from lms.access import Role
from lms.config import MailServer
from lms.db import db
from lms.outbox import Message
from lms.people import operations, queries
from lms.people.models import Department, Person, Profession, RoleGrant, SignIn
from lms.people.operations import signing
from lms.people.views.session import network
from lms.web import limits
from tests.cast import person as add_row
from tests.conftest import NOON

PASSWORD = "tremor quilt lantern"
OTHER = "harbor violin almanac"
JSON = {"Accept": "application/json"}


@pytest.fixture
def lena(cast) -> int:
    db.session.get_one(Person, cast.lena).password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return cast.lena


def sign_in(client, email="lena@example.org", password=PASSWORD, **more):
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def cookie_token(client) -> str | None:
    with client.session_transaction() as session:
        return session.get("_user_id")


def text_of(answer) -> str:
    """The words of a page, without what is drawn anew for each request."""
    return re.sub(r'(name="csrf[-_]token" (?:content|value)=")[^"]*', r"\1", answer.text)


# Signing in


def test_signing_in_leads_home_and_signing_out_leads_back(client, lena):
    answer = sign_in(client)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/profile").status_code == 200
    answer = client.post("/sign-out")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert client.get("/profile").status_code == 303


def test_a_cookie_copied_before_signing_out_opens_nothing_after(app, client, lena):
    sign_in(client)
    token = cookie_token(client)
    client.post("/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as session:
        session["_user_id"] = token
    assert thief.get("/profile").status_code == 303


def test_nothing_of_the_session_before_survives_signing_in(client, lena):
    with client.session_transaction() as session:
        session["_user_id"] = "planted"
        session["planted"] = "by somebody else"
    sign_in(client)
    with client.session_transaction() as session:
        assert session["_user_id"] != "planted"
        assert "planted" not in session
        assert session.permanent


def test_every_signing_in_gives_another_token_and_ends_the_one_before(client, lena):
    sign_in(client)
    first = cookie_token(client)
    sign_in(client)
    assert cookie_token(client) != first
    open_rows = db.session.scalar(
        select(func.count()).select_from(SignIn).where(SignIn.ended_at.is_(None))
    )
    assert open_rows == 1


def test_a_failed_try_leaves_no_session(client, lena):
    assert sign_in(client, password=OTHER).status_code == 422
    assert cookie_token(client) is None


def test_what_was_typed_stays_but_for_the_password(client, lena):
    page = sign_in(client, password=OTHER, next="/transcript").text
    assert 'value="lena@example.org"' in page
    assert 'value="/transcript"' in page
    assert OTHER not in page
    assert "You have 9 more tries" in page


@pytest.mark.parametrize("missing", [{"email": ""}, {"password": ""}])
def test_an_empty_field_is_named(client, lena, missing):
    answer = sign_in(client, **missing)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_known_unknown_closed_and_without_password_answer_alike(client, cast, lena):
    db.session.get_one(Person, cast.otto).deactivated_at = NOON
    db.session.get_one(Person, cast.otto).password_hash = operations.hashed(OTHER)
    db.session.commit()
    pages = set()
    for name in ("lena", "nobody", "noor", "otto"):
        answer = sign_in(client, f"{name}@example.org", OTHER)
        pages.add((answer.status_code, text_of(answer).replace(name, "")))
        limits.forget(f"sign-in:{name}@example.org")
    # Only the count of tries left of this address goes down.
    assert len({re.sub(r"\d+ more", "", text) for _, text in pages}) == 1
    assert {status for status, _ in pages} == {422}


def test_ten_tries_with_one_account_then_a_wait_whoever_it_is(client, lena):
    for email in ("lena@example.org", "nobody@example.org"):
        for _ in range(9):
            assert sign_in(client, email, OTHER).status_code == 422
        assert sign_in(client, email.upper(), OTHER).status_code == 429
        answer = sign_in(client, email, PASSWORD)
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "900"
        assert f'value="{email}"' in answer.text
    assert sign_in(client, "noor@example.org", OTHER).status_code == 422


def test_the_wait_is_over_after_fifteen_minutes(client, lena):
    at = datetime.now(UTC) - timedelta(minutes=15, seconds=1)
    for _ in range(10):
        limits.note("sign-in:lena@example.org", at=at)
    db.session.commit()
    assert sign_in(client).status_code == 303


def test_a_good_sign_in_forgets_the_tries_before(client, lena):
    for _ in range(9):
        sign_in(client, password=OTHER)
    assert sign_in(client).status_code == 303
    client.post("/sign-out")
    assert "9 more tries" in sign_in(client, password=OTHER).text


def test_one_network_has_fifty_tries(client, lena):
    for number in range(49):
        assert sign_in(client, f"guess{number}@example.org", OTHER).status_code == 422
    assert sign_in(client, "guess49@example.org", OTHER).status_code == 429
    assert sign_in(client).status_code == 429
    other = {"REMOTE_ADDR": "198.51.100.7"}
    answer = client.post(
        "/sign-in",
        data={"email": "lena@example.org", "password": PASSWORD},
        environ_overrides=other,
    )
    assert answer.status_code == 303


def test_good_sign_ins_do_not_use_up_a_networks_tries(client, lena):
    for _ in range(52):
        assert sign_in(client).status_code == 303


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_network_counts_as_one(app, one, other, same):
    found = []
    for address in (one, other):
        with app.test_request_context(environ_overrides={"REMOTE_ADDR": address}):
            found.append(network())
    assert (found[0] == found[1]) is same


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t//evil.example",
               "javascript:alert(1)", "/%09//evil", "https:/evil.example", "/a/..//evil.example"],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(client, lena, target):
    answer = sign_in(client, next=target)
    assert answer.status_code == 303
    assert answer.location in {"/", "/%09//evil"}
    page = client.get("/sign-in", query_string={"next": target})
    assert page.location in {"/", "/%09//evil"}


def test_a_stranger_comes_back_to_the_page_wanted(client, lena):
    answer = client.get("/transcript?a=1&b=x y")
    assert (answer.status_code, answer.location) == (
        303, "/sign-in?next=/transcript%3Fa%3D1%26b%3Dx%2520y",
    )  # fmt: skip
    target = re.search(r'name="next" value="([^"]*)"', client.get(answer.location).text)[1]
    assert sign_in(client, next=target.replace("&amp;", "&")).location == "/transcript?a=1&b=x%20y"


def test_after_an_action_one_comes_back_to_the_page_it_was_sent_from(client, lena):
    answer = client.post("/profile/password", headers={"Referer": "http://localhost/profile"})
    assert answer.location == "/sign-in?next=/profile"
    answer = client.post("/profile/password", headers={"Referer": "http://evil.example/profile"})
    assert answer.location == "/sign-in"


def test_json_gets_a_401(client, cast):
    answer = client.get("/transcript", headers=JSON)
    assert answer.status_code == 401
    assert answer.json["status"] == 401


def test_somebody_signed_in_is_not_asked_again(as_, lena):
    assert as_(lena).get("/sign-in?next=/transcript").location == "/transcript"


def test_a_person_deactivated_meanwhile_is_out_at_once(as_, cast):
    browser = as_(cast.lena)
    assert browser.get("/profile").status_code == 200
    as_(cast.ada).post(f"/people/{cast.lena}/deactivate", data={"reason": "Left"})
    assert browser.get("/profile").status_code == 303


def test_who_is_asking_is_read_in_one_statement(app, cast):
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    for person_id in (cast.lena, cast.cora, cast.ada):
        statements.clear()
        queries.actor_of(person_id)
        assert len([one for one in statements if one != "BEGIN"]) == 1


# Forgotten passwords


def ask(client, email="lena@example.org"):
    return client.post("/forgot-password", data={"email": email})


def link_in_outbox() -> str:
    body = db.session.scalars(select(Message.body).order_by(Message.id.desc())).first()
    return re.search(r"http://localhost(/reset-password/\S+)", body)[1]


def test_asking_for_a_link_answers_alike_for_everybody(client, lena):
    known, unknown = ask(client), ask(client, "nobody@example.org")
    assert known.status_code == unknown.status_code == 200
    assert text_of(known) == text_of(unknown)
    assert "If there is an account" in known.text


def test_a_forgotten_password_is_set_by_the_mailed_link(client, lena):
    ask(client)
    link = link_in_outbox()
    assert "Choose a new password" in client.get(link).text
    answer = client.post(link, data={"password": OTHER})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert sign_in(client, password=PASSWORD).status_code == 422
    assert sign_in(client, password=OTHER).status_code == 303


def test_a_used_link_says_so_and_sets_nothing(client, lena):
    ask(client)
    link = link_in_outbox()
    client.post(link, data={"password": OTHER})
    for answer in (client.get(link), client.post(link, data={"password": "yet another one"})):
        assert answer.status_code == 404
        assert "no longer works" in answer.text
    assert sign_in(client, password=OTHER).status_code == 303


def test_an_easy_password_is_refused_where_it_is_typed(client, lena):
    ask(client)
    answer = client.post(link_in_outbox(), data={"password": "password1234"})
    assert answer.status_code == 422
    assert "first that others try" in answer.text
    assert "password1234" not in answer.text
    assert client.get(link_in_outbox()).status_code == 200


def test_nobodys_mailbox_is_flooded_and_nobody_learns_of_it(client, lena):
    pages = {(ask(client).status_code, text_of(ask(client))) for _ in range(3)}
    assert len(pages) == 1
    mails = db.session.scalar(select(func.count()).select_from(Message))
    assert mails == 3


def test_links_from_one_network_are_limited(client, lena):
    for number in range(20):
        assert ask(client, f"guess{number}@example.org").status_code == 200
    assert ask(client).status_code == 429


# Profile


def profile(**changes):
    given = {
        "name": "Lena Nguyễn", "certificate_name": "Lena Thị Nguyễn, MD", "name_locale": "",
        "profession": "physician", "licence_state": "CA", "zone": "Pacific/Honolulu",
    }  # fmt: skip
    return given | changes


def test_case_6_the_profile_keeps_the_name_as_on_the_licence(as_, cast):
    browser = as_(cast.lena)
    assert browser.post("/profile", data=profile()).status_code == 303
    page = browser.get("/profile").text
    assert "Lena Thị Nguyễn, MD" in page
    assert re.search(r'<option selected value="Pacific/Honolulu">', page)
    assert queries.person(cast.lena).zone == "Pacific/Honolulu"


@pytest.mark.parametrize(
    "name", ["Lena \U0001f600", "\u202eanel", "\u0301", "Lena \ue000", "ꙮ" * 3 + "\U0001bc00"]
)
def test_case_8_a_name_no_certificate_can_print_is_refused_when_it_is_saved(as_, cast, name):
    answer = as_(cast.lena).post("/profile", data=profile(certificate_name=name, name="Elena"))
    assert answer.status_code == 422
    assert 'id="certificate_name-error"' in answer.text
    assert 'value="Elena"' in answer.text
    assert queries.person(cast.lena).name == "Lena Nguyễn, MD"


@pytest.mark.parametrize(
    "name", ["محمد عبد الله", "Nguyễn Thị Hồng", "Ελένη", "Наталья", "Łukasz Ó Briain-Þóra"]
)
def test_case_8_names_in_many_scripts_are_taken(as_, cast, name):
    answer = as_(cast.lena).post("/profile", data=profile(certificate_name=name))
    assert answer.status_code == 303
    assert queries.person(cast.lena).certificate_name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [("zone", "Mars/Olympus"), ("profession", "wizard"), ("licence_state", "XX"), ("name", " "),
     ("name", "x" * 121), ("name_locale", "tlh"), ("certificate_name", "\x00")],
)  # fmt: skip
def test_nonsense_in_a_profile_is_refused_beside_its_field(as_, cast, field, value):
    answer = as_(cast.lena).post("/profile", data=profile(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert queries.person(cast.lena).name == "Lena Nguyễn, MD"


def test_a_password_is_changed_and_other_browsers_are_out(app, lena):
    here, there = app.test_client(), app.test_client()
    sign_in(here)
    sign_in(there)
    wrong = here.post("/profile/password", data={"present": OTHER, "password": OTHER})
    assert wrong.status_code == 422
    assert 'id="present-error"' in wrong.text
    done = here.post("/profile/password", data={"present": PASSWORD, "password": OTHER})
    assert done.status_code == 303
    assert here.get("/profile").status_code == 200
    assert there.get("/profile").status_code == 303


# The administrator's pages


@pytest.fixture
def ada(as_, cast):
    return as_(cast.ada)


def new(**changes):
    given = {
        "email": "amara@example.org", "name": "Amara Diallo, RN", "profession": "nurse",
        "licence_state": "CA", "department_id": "0",
    }  # fmt: skip
    return given | changes


def test_a_person_is_added_invited_and_sets_a_password(client, ada, cast):
    answer = ada.post("/people/add", data=new(department_id=str(cast.emergency)))
    assert answer.status_code == 303
    made = queries.by_email("amara@example.org")
    assert answer.location == f"/people/{made.id}"
    assert made.department_id == cast.emergency
    assert "waits in the outbox" in ada.get(answer.location).text
    assert client.post(link_in_outbox(), data={"password": PASSWORD}).status_code == 303
    assert sign_in(client, "amara@example.org").status_code == 303


def test_case_58_the_page_leads_to_the_account_that_is_there(ada, cast):
    answer = ada.post("/people/add", data=new(email="LENA@example.org"))
    assert answer.status_code == 422
    assert "has this address already" in answer.text
    assert f'href="/people/{cast.lena}"' in answer.text
    assert 'value="Amara Diallo, RN"' in answer.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "amara"), ("email", ""), ("name", ""), ("name", "\u0301"), ("profession", "x"),
     ("department_id", "999"), ("department_id", "x"), ("licence_state", "Calif.")],
)  # fmt: skip
def test_nonsense_about_a_new_person_is_refused_beside_its_field(ada, field, value):
    answer = ada.post("/people/add", data=new(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert queries.by_email("amara@example.org") is None
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def crowd(count: int, department_id: int) -> None:
    for number in range(count):
        add_row(
            f"Person {number:03d}", f"person{number}@example.org",
            department=db.session.get(Department, department_id),
            profession=Profession.NURSE, at=NOON,
        )  # fmt: skip
    db.session.commit()


def test_the_list_shows_fifty_a_page_in_as_many_statements_for_many_as_for_few(ada, cast):
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    ada.get("/people")
    few = len(statements)
    crowd(120, cast.womens)
    statements.clear()
    page = ada.get("/people").text
    assert len(statements) == few
    assert page.count('<th scope="row">') == 50
    assert "126 people" in page
    assert 'href="/people?page=2"' in page
    assert ada.get("/people?page=3").text.count('<th scope="row">') == 26
    assert ada.get("/people?page=999").text.count('<th scope="row">') == 26


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=lena", {"Lena Nguyễn, MD"}),
        ("q=LENA@EXAMPLE.ORG", {"Lena Nguyễn, MD"}),
        ("q=nguyễn+lena", {"Lena Nguyễn, MD"}),
        ("q=%25", set()),
        ("q=_", set()),
        ("q=%00", {"Lena Nguyễn, MD", "Noor Haddad, RN", "Cora Lindqvist", "Otto Brandt",
                   "Petra Alvarez", "Ada Whitfield"}),
        ("role=coordinator", {"Cora Lindqvist", "Otto Brandt"}),
        ("role=nonsense&q=ada", {"Ada Whitfield"}),
        ("closed=yes", set()),
        ("in=x&page=x&q=otto", {"Otto Brandt"}),
    ],
)  # fmt: skip
def test_the_list_is_searched_by_name_address_and_role(ada, query, names):
    page = ada.get(f"/people?{query}")
    assert page.status_code == 200
    found = set(re.findall(r'<th scope="row"><a href="[^"]*"><bdi>([^<]*)</bdi>', page.text))
    assert found == names


def test_the_list_is_narrowed_to_a_department_and_all_below(ada, cast):
    page = ada.get(f"/people?in={cast.emergency}").text
    assert "Lena Nguyễn, MD" in page
    assert "Otto Brandt" not in page


def test_roles_are_given_and_taken_on_the_persons_page(ada, cast):
    answer = ada.post(
        f"/people/{cast.noor}/roles", data={"role": "coordinator", "place_id": str(cast.womens)}
    )
    assert answer.status_code == 303
    grant = queries.grants_of(cast.noor)[0]
    assert (grant.role, grant.department) == (Role.COORDINATOR, "Women’s Health")
    assert "Coordinator" in ada.get(f"/people/{cast.noor}").text
    assert ada.post(f"/people/{cast.noor}/roles/{grant.id}/revoke").status_code == 303
    again = ada.post(f"/people/{cast.noor}/roles/{grant.id}/revoke")
    assert (again.status_code, "already" in again.text) == (422, True)


@pytest.mark.parametrize(
    "data", [{"role": "coordinator", "place_id": "0"}, {"role": "king", "place_id": "0"},
             {"role": "coordinator", "place_id": "999"}, {"role": "learner", "place_id": "0"}, {}],
)  # fmt: skip
def test_a_role_that_can_not_be_is_refused_on_the_page(ada, cast, data):
    answer = ada.post(f"/people/{cast.noor}/roles", data=data)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert queries.grants_of(cast.noor) == []


def test_the_last_administrator_is_told_on_the_page(ada, cast):
    grant = queries.grants_of(cast.ada)[0]
    for answer in (
        ada.post(f"/people/{cast.ada}/roles/{grant.id}/revoke"),
        ada.post(f"/people/{cast.ada}/deactivate", data={"reason": "Leaving"}),
    ):
        assert answer.status_code == 422
        assert "last administrator" in answer.text
    assert ada.get("/people").status_code == 200


def test_a_reason_that_was_typed_stays(ada, cast):
    ada.post(f"/people/{cast.lena}/deactivate", data={"reason": "Left"})
    answer = ada.post(f"/people/{cast.lena}/deactivate", data={"reason": "Left in May"})
    assert answer.status_code == 422
    assert "Left in May" in answer.text
    assert ada.post(f"/people/{cast.lena}/deactivate", data={}).status_code == 422


def test_an_address_is_changed_on_the_page(ada, cast):
    answer = ada.post(f"/people/{cast.lena}/email", data={"email": "noor@example.org"})
    assert (answer.status_code, "Noor Haddad" in answer.text) == (422, True)
    assert ada.post(f"/people/{cast.lena}/email", data={"email": "l@example.org"}).location


def test_nobody_else_reaches_the_administrators_pages(as_, client, cast):
    for name in ("lena", "cora", "otto", "petra"):
        browser = as_(getattr(cast, name))
        for path in ("/people", "/people/add", f"/people/{cast.lena}", "/people/departments",
                     f"/people/departments/{cast.womens}", "/organisation", "/outbox"):  # fmt: skip
            assert browser.get(path).status_code == 403, (name, path)
        assert browser.post(
            f"/people/{cast.noor}/roles", data={"role": "administrator", "place_id": "0"}
        ).status_code == 403  # fmt: skip
    assert db.session.scalar(select(func.count()).select_from(RoleGrant)) == 4
    assert client.get("/people").status_code == 303


@pytest.mark.parametrize(
    "path", ["", "/move", "/roles", "/roles/1/revoke", "/deactivate", "/reactivate", "/email",
             "/invite"],
)  # fmt: skip
def test_somebody_who_is_not_there_is_missing(ada, path):
    data = {"reason": "x", "department_id": "0", "role": "planner", "place_id": "0"}
    method = ada.post if path else ada.get
    assert method(f"/people/999{path}", **({"data": data} if path else {})).status_code == 404


def test_departments_are_added_moved_renamed_retired(ada, cast):
    made = ada.post(
        "/people/departments", data={"name": "Trauma", "parent_id": str(cast.emergency)}
    )
    assert made.status_code == 303
    trauma = max(one.id for one in queries.departments())
    page = ada.get("/people/departments").text
    assert "Emergency Medicine › Trauma" in page
    data = {"name": "Trauma Bay", "parent_id": str(cast.womens)}
    assert ada.post(f"/people/departments/{trauma}", data=data).status_code == 303
    assert queries.path_of(trauma) == "Women’s Health › Trauma Bay"
    assert ada.post(f"/people/departments/{trauma}/retire").status_code == 303
    assert ada.post(f"/people/departments/{trauma}/retire").status_code == 422
    assert ada.post(f"/people/departments/{trauma}/reopen").status_code == 303


def test_a_cycle_is_refused_beside_its_field(ada, cast):
    data = {"name": "Emergency Medicine", "parent_id": str(cast.pediatric)}
    answer = ada.post(f"/people/departments/{cast.emergency}", data=data)
    assert answer.status_code == 422
    assert 'id="parent_id-error"' in answer.text
    assert queries.department(cast.emergency).parent_id is None


def test_a_department_with_people_is_not_retired(ada, cast):
    answer = ada.post(f"/people/departments/{cast.pediatric}/retire")
    assert (answer.status_code, "Move them first" in answer.text) == (422, True)
    assert ada.post("/people/departments/999/retire").status_code == 404


def test_the_organization_is_kept(ada):
    data = {"name": "Alder Valley", "line": "", "signer_name": "Elena M", "signer_title": "Head",
            "contact_email": "cme@example.org"}  # fmt: skip
    assert ada.post("/organisation", data=data).status_code == 303
    assert 'value="Alder Valley"' in ada.get("/organisation").text
    bad = ada.post("/organisation", data=data | {"contact_email": "cme", "line": "Room 4"})
    assert bad.status_code == 422
    assert 'value="Room 4"' in bad.text
    assert 'id="contact_email-error"' in bad.text


def test_secret_mail_is_shown_only_while_no_mail_server_is_set_up(app, ada, cast, client):
    signing.ask_reset(email="lena@example.org", link=lambda t: f"http://x/{t}SECRET", at=NOON)
    db.session.commit()
    assert "SECRET" in ada.get("/outbox").text
    server = MailServer(host="127.0.0.1", port=1, user="", password="", encrypted=False)
    app.extensions["settings"] = replace(app.extensions["settings"], mail=server)
    page = ada.get("/outbox").text
    assert "SECRET" not in page
    assert "lena@example.org" in page


def test_case_56_the_outbox_says_queued_sent_failed_and_sends_again(ada, cast):
    for key in ("waits", "went", "bounced"):
        outbox.queue(key=key, person_id=None, address=f"{key}@example.org", subject=key,
                     body="Hello", at=NOON)  # fmt: skip
    went, bounced = (
        db.session.scalars(select(Message).where(Message.key == key)).one()
        for key in ("went", "bounced")
    )
    went.sent_at = bounced.failed_at = NOON
    bounced.problem = "550 no such mailbox"
    db.session.commit()
    page = ada.get("/outbox").text
    assert "Sent November 2, 2026" in page
    assert "550 no such mailbox" in page
    assert "bounced@example.org" in ada.get("/outbox?state=failed").text
    assert "went@example.org" not in ada.get("/outbox?state=failed").text
    assert ada.get("/outbox?state=nonsense&page=99").status_code == 200
    assert ada.post(f"/outbox/{bounced.id}/resend").status_code == 303
    assert ada.post(f"/outbox/{bounced.id}/resend").status_code == 422
    assert ada.post("/outbox/999/resend").status_code == 404


@pytest.mark.parametrize(
    "path", ["/sign-in", "/forgot-password", "/profile", "/people", "/people/add", "/outbox",
             "/people/departments", "/organisation"],
)  # fmt: skip
def test_every_page_has_one_heading_a_title_and_a_label_for_each_field(client, ada, path):
    page = (client if path in {"/sign-in", "/forgot-password"} else ada).get(path).text
    assert page.count("<h1") == 1
    assert re.search(r"<title>[^<]+ · Rounds</title>", page)
    ids = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]* id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for one in ids:
        assert f'for="{one}"' in page, one


def test_guessing_the_present_password_ends_after_ten_tries(cast, as_):
    here = as_(cast.lena)
    guess = {"present": "not the present one", "password": "five purple trains at noon"}
    assert [here.post("/profile/password", data=guess).status_code for _ in range(10)] == [422] * 10
    assert here.post("/profile/password", data=guess).status_code == 429
