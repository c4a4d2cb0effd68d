"""Where one is signed in: seen, ended one by one, all, and by an administrator; kept cheap."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from lms.audit import AuditEntry
from lms.db import db, writing
from lms.errors import Missing, NotAllowed
from lms.people import operations
from lms.people.models import Person, SignIn
from lms.people.rules.sessions import browser_words
from tests.conftest import ENGINE, NOON
from tests.people.test_second_factor import PASSWORD, SECURITY, sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def lena(cast) -> int:
    for one in (cast.lena, cast.noor):
        db.session.get_one(Person, one).password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return cast.lena


def rows() -> list[SignIn]:
    db.session.expire_all()
    return list(db.session.scalars(select(SignIn).order_by(SignIn.id)))


def is_in(client) -> bool:
    return client.get("/profile").status_code == 200


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.1 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
         "Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
         "Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
         "Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.0", "A browser"), ("", "A browser"), ("Something on Linux", "A browser on Linux"),
        ("<script>Firefox/\x00\u202e Windows", "Firefox on Windows"), ("x" * 100_000, "A browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named_as_its_owner_would(agent, words):
    assert browser_words(agent) == words


def test_the_page_lists_where_one_is_signed_in_and_marks_this_browser(app, lena):
    here, there = app.test_client(), app.test_client()
    there.environ_base["HTTP_USER_AGENT"] = FIREFOX
    sign_in(there)
    sign_in(here)
    page = here.get(SECURITY).text
    assert page.count("This browser") == 1
    assert "Firefox on Windows" in page
    assert page.count('action="/profile/security/sign-ins/') == 1 + 1  # one other, and all


def test_one_other_browser_is_signed_out(app, lena):
    here, there = app.test_client(), app.test_client()
    sign_in(there), sign_in(here)
    there_id = rows()[0].id
    assert here.post(f"{SECURITY}/sign-ins/{there_id}/end").status_code == 303
    assert is_in(here)
    assert not is_in(there)
    assert here.post(f"{SECURITY}/sign-ins/{there_id}/end").status_code == 404


def test_nobody_ends_the_sign_in_of_somebody_else(app, cast, lena):
    here, noor = app.test_client(), app.test_client()
    sign_in(here), sign_in(noor, "noor")
    assert noor.post(f"{SECURITY}/sign-ins/{rows()[0].id}/end").status_code == 404
    assert is_in(here)
    with pytest.raises(Missing):
        operations.end_sign_in(actor=cast.actor("noor"), sign_in_id=rows()[0].id, at=NOON)


def test_all_others_or_really_everywhere(app, lena):
    here, *others = (app.test_client() for _ in range(4))
    for one in (here, *others):
        sign_in(one)
    here.post(f"{SECURITY}/sign-ins/end")
    assert is_in(here)
    assert not any(is_in(one) for one in others)
    sign_in(others[0])
    assert here.post(f"{SECURITY}/sign-ins/end", data={"here": "yes"}).location == "/sign-in"
    assert not is_in(here)
    assert not is_in(others[0])


def test_an_administrator_signs_somebody_out_everywhere(app, cast, lena, as_):
    here = app.test_client()
    sign_in(here)
    assert as_(cast.cora).post(f"/people/{lena}/sign-ins/end").status_code == 403
    assert is_in(here)
    assert as_(cast.ada).post(f"/people/{lena}/sign-ins/end").status_code == 303
    assert not is_in(here)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.thing, entry.actor_id) == ("sign-in.ended", f"person:{lena}", cast.ada)
    with pytest.raises(NotAllowed):
        operations.sign_out_person(actor=cast.actor("cora"), person_id=lena, at=NOON)


def test_changing_the_password_and_closing_the_account_end_sign_ins(app, cast, lena):
    here, there = app.test_client(), app.test_client()
    sign_in(here), sign_in(there)
    new = "harbor violin almanac"
    here.post("/profile/password", data={"present": PASSWORD, "password": new})
    assert is_in(here)
    assert not is_in(there)
    operations.deactivate(actor=cast.actor("ada"), person_id=lena, reason="Left.", at=NOON)
    db.session.commit()
    assert not is_in(here)
    assert all(one.ended_at for one in rows())


# Last used


def ago(**time) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(**time)


def test_last_used_is_noted_every_five_minutes_and_not_at_every_click(app, lena):
    here = app.test_client()
    sign_in(here)
    row = rows()[0]
    row.started_at, row.seen_at = ago(hours=1), ago(minutes=4)
    db.session.commit()
    assert is_in(here)
    assert rows()[0].seen_at < ago(minutes=3)
    rows()[0].seen_at = ago(minutes=6)
    db.session.commit()
    assert is_in(here)
    assert rows()[0].seen_at >= ago(seconds=30)


def test_who_is_signed_in_is_one_statement(app, lena):
    here = app.test_client()
    sign_in(here)
    said = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    here.get("/profile/security/authenticator")
    about = [one for one in said if "sign_ins" in one]
    assert len(about) == 1, about


@pytest.mark.skipif(ENGINE != "sqlite", reason="PostgreSQL has more than one writer")
def test_no_page_waits_for_the_writer_to_note_that_it_was_seen(app, lena):
    here = app.test_client()
    sign_in(here)
    row = rows()[0]
    row.seen_at = row.started_at = ago(minutes=20)
    db.session.commit()
    with db.engine.connect() as other:
        with writing():
            other.execute(text("UPDATE people SET name = name"))
        begun = datetime.now(UTC)
        assert is_in(here)
        assert datetime.now(UTC) - begun < timedelta(seconds=5)
        other.rollback()
    assert rows()[0].seen_at < ago(minutes=10)
    assert is_in(here)
    assert rows()[0].seen_at > ago(minutes=1)


@pytest.mark.skipif(ENGINE != "sqlite", reason="PostgreSQL has more than one writer")
def test_nobody_waits_while_a_password_is_hashed(app, client, lena, monkeypatch):
    """What is slow on purpose happens before the one writer of SQLite is taken."""
    real, free = operations.signing._is_right, []

    def watched(kept, password):
        with db.engine.connect() as other, writing():
            other.exec_driver_sql("PRAGMA busy_timeout = 0")
            try:
                other.execute(text("UPDATE people SET name = name"))
                free.append(True)
            except OperationalError:
                free.append(False)
            other.rollback()
        return real(kept, password)

    monkeypatch.setattr(operations.signing, "_is_right", watched)
    assert sign_in(client).status_code == 303
    assert sign_in(client, password="wrong-wrong-wrong").status_code == 422
    assert client.post("/unlock", data={"password": PASSWORD}).status_code == 303
    assert free == [True, True, True]


def test_a_password_changed_while_it_was_compared_opens_nothing(cast, lena):
    compared = operations.compare(email="lena@example.org", password=PASSWORD)
    operations.change_password(
        actor=cast.actor("lena"), present=PASSWORD, password="harbor violin almanac", at=NOON
    )
    assert operations.sign_in(compared=compared, at=NOON) is None
    assert operations.prove_by_password(
        actor=cast.actor("lena"), sign_in_id=1, compared=compared, at=NOON
    ) is None  # fmt: skip
