"""Signing in and out, and setting passwords: the operations, without a page."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.db import db
from lms.errors import NotAllowed, Refused
from lms.outbox import Message
from lms.people import operations, queries
from lms.people.models import PasswordReset, Person, SignIn
from lms.people.operations import signing
from lms.people.rules import token_digest
from tests.conftest import NOON

PASSWORD = "tremor quilt lantern"
OTHER = "harbor violin almanac"
ZONE = ZoneInfo("America/Los_Angeles")


def link(token: str) -> str:
    return f"https://rounds.example.org/reset-password/{token}"


def token_in(message: Message) -> str:
    return message.body.partition("/reset-password/")[2].split()[0]


@pytest.fixture
def lena(cast) -> Person:
    person = db.session.get_one(Person, cast.lena)
    person.password_hash = operations.hashed(PASSWORD)
    db.session.commit()
    return person


def sign_in(email="lena@example.org", password=PASSWORD, at=NOON, **more):
    compared = operations.compare(email=email, password=password)
    return operations.sign_in(compared=compared, at=at, **more)


def is_open(token: str, at=NOON) -> bool:
    return queries.signed_in(token_digest(token), at=at, zone=ZONE) is not None


@pytest.mark.parametrize("email", ["lena@example.org", "LENA@Example.Org", " lena@example.org "])
def test_case_58_one_signs_in_however_the_address_is_written(lena, email):
    opened = sign_in(email)
    assert opened is not None
    assert opened.person_id == lena.id
    assert is_open(opened.token)


def test_the_table_keeps_a_digest_and_never_the_token(lena):
    opened = sign_in()
    row = db.session.scalars(select(SignIn)).one()
    assert opened.token not in {row.token_digest, str(row.id)}
    assert row.token_digest == token_digest(opened.token)


def test_a_password_is_kept_as_argon2id(lena):
    assert lena.password_hash.startswith("$argon2id$")
    assert PASSWORD not in lena.password_hash


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("lena@example.org", OTHER),
        ("lena@example.org", ""),
        ("lena@example.org", PASSWORD + " "),
        ("nobody@example.org", PASSWORD),
        ("noor@example.org", PASSWORD),  # has no password yet
        ("not an address", PASSWORD),
        ("lena\x00@example.org", PASSWORD),
        ("lena@example.org", "x\x00" * 1000),
        ("' OR 1=1 --@example.org", PASSWORD),
    ],
)
def test_anything_else_gives_nothing(lena, email, password):
    assert sign_in(email, password) is None
    assert db.session.scalar(select(func.count()).select_from(SignIn)) == 0


def test_a_hash_is_compared_whether_or_not_there_is_an_account(lena, monkeypatch):
    compared = []
    real = PasswordHasher.verify

    def noting(self, kept, given):
        compared.append(kept)
        return real(self, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", noting)
    for email in ("lena@example.org", "nobody@example.org", "noor@example.org", "nonsense"):
        assert sign_in(email, OTHER) is None
    assert len(compared) == 4
    assert len({kept.rpartition("$")[0].rpartition("$")[0] for kept in compared}) == 1


def test_one_accent_is_one_accent_on_every_keyboard(lena):
    lena.password_hash = operations.hashed("caf\u00e9 lantern quilt")
    assert sign_in(password="cafe\u0301 lantern quilt") is not None


def test_a_hash_with_older_figures_is_renewed(lena):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    lena.password_hash = weak.hash(PASSWORD)
    assert sign_in() is not None
    assert not signing.HASHER.check_needs_rehash(lena.password_hash)
    assert sign_in() is not None


def test_a_damaged_hash_opens_nothing(lena):
    lena.password_hash = "$argon2id$nonsense"
    assert sign_in() is None


def test_a_deactivated_person_does_not_get_in(lena):
    lena.deactivated_at = NOON
    assert sign_in() is None


def test_a_sign_in_ends_after_twelve_hours(lena):
    token = sign_in().token
    assert is_open(token, NOON + timedelta(hours=12) - timedelta(seconds=1))
    assert not is_open(token, NOON + timedelta(hours=12))


def test_signing_out_ends_the_token_on_the_server(lena):
    token, other = sign_in().token, sign_in().token
    operations.sign_out(token=token, at=NOON)
    operations.sign_out(token=token, at=NOON)
    operations.sign_out(token="never given", at=NOON)
    assert not is_open(token)
    assert is_open(other)


def test_signing_in_anew_ends_what_was_open_in_this_browser(lena):
    before = sign_in().token
    after = sign_in(ending=before).token
    assert after != before
    assert not is_open(before)
    assert is_open(after)


def test_a_failed_try_does_not_end_what_was_open(lena):
    before = sign_in().token
    assert sign_in(password=OTHER, ending=before) is None
    assert is_open(before)


def ask(email="lena@example.org", at=NOON) -> str | None:
    operations.ask_reset(email=email, link=link, at=at)
    found = db.session.scalars(select(Message).order_by(Message.id.desc())).first()
    return token_in(found) if found else None


def test_a_reset_mails_a_link_and_keeps_only_its_digest(lena):
    token = ask("Lena@EXAMPLE.org")
    reset = db.session.scalars(select(PasswordReset)).one()
    assert reset.token_digest == token_digest(token)
    assert reset.expires_at - reset.asked_at == timedelta(hours=1)
    mail = db.session.scalars(select(Message)).one()
    assert (mail.address, mail.is_secret) == ("lena@example.org", True)


def test_nobody_else_is_mailed(lena):
    lena.deactivated_at = NOON
    for email in ("lena@example.org", "nobody@example.org", "nonsense", ""):
        ask(email)
    assert db.session.scalar(select(func.count()).select_from(Message)) == 0
    assert db.session.scalar(select(func.count()).select_from(PasswordReset)) == 0


def test_a_reset_sets_the_password_and_ends_every_sign_in(lena):
    open_before = [sign_in().token, sign_in().token]
    operations.reset_password(token=ask(), password=OTHER, at=NOON)
    assert sign_in(password=PASSWORD) is None
    assert sign_in(password=OTHER) is not None
    assert not any(is_open(token) for token in open_before)


def test_a_link_works_once(lena):
    token = ask()
    operations.reset_password(token=token, password=OTHER, at=NOON)
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=token, password="another long phrase", at=NOON)
    assert sign_in(password=OTHER) is not None


def test_a_link_works_for_an_hour(lena):
    token = ask()
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=token, password=OTHER, at=NOON + timedelta(hours=1))
    operations.reset_password(token=token, password=OTHER, at=NOON + timedelta(minutes=59))


def test_a_newer_link_ends_the_older_ones(lena):
    first, second = ask(), ask(at=NOON + timedelta(minutes=1))
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=first, password=OTHER, at=NOON + timedelta(minutes=2))
    operations.reset_password(token=second, password=OTHER, at=NOON + timedelta(minutes=2))


def test_a_link_of_somebody_deactivated_meanwhile_sets_nothing(lena):
    token = ask()
    lena.deactivated_at = NOON
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=token, password=OTHER, at=NOON)


@pytest.mark.parametrize("token", ["", "x", "é" * 50, "\x00", "' OR '1'='1"])
def test_an_invented_link_sets_nothing(lena, token):
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=token, password=OTHER, at=NOON)


def test_a_password_that_is_refused_leaves_the_link_good(lena):
    token = ask()
    with pytest.raises(signing.BadPassword):
        operations.reset_password(token=token, password="short", at=NOON)
    operations.reset_password(token=token, password=OTHER, at=NOON)
    assert sign_in(password=OTHER) is not None


def test_changing_the_password_asks_for_the_present_one(cast, lena):
    actor = cast.actor("lena")
    with pytest.raises(operations.WrongPassword):
        operations.change_password(actor=actor, present=OTHER, password=OTHER + "!", at=NOON)
    with pytest.raises(signing.BadPassword):
        operations.change_password(actor=actor, present=PASSWORD, password=PASSWORD, at=NOON)
    assert sign_in() is not None


def test_changing_the_password_keeps_this_browser_and_ends_the_others(cast, lena):
    here, there, reset = sign_in().token, sign_in().token, ask()
    operations.change_password(
        actor=cast.actor("lena"), present=PASSWORD, password=OTHER, at=NOON, keeping=here
    )
    assert is_open(here)
    assert not is_open(there)
    with pytest.raises(signing.UsedUp):
        operations.reset_password(token=reset, password=PASSWORD, at=NOON)
    told = db.session.scalars(select(Message).where(Message.subject.contains("changed"))).one()
    assert told.address == "lena@example.org"


def test_an_invitation_is_good_for_a_week_and_for_those_who_may_add_people(cast, lena):
    for name in ("lena", "cora", "petra"):
        with pytest.raises(NotAllowed):
            operations.invite(actor=cast.actor(name), person_id=cast.noor, link=link, at=NOON)
    address = operations.invite(actor=cast.actor("ada"), person_id=cast.noor, link=link, at=NOON)
    token = address.rpartition("/")[2]
    at = NOON + timedelta(days=7) - timedelta(seconds=1)
    operations.reset_password(token=token, password=OTHER, at=at)
    assert sign_in("noor@example.org", OTHER) is not None


def test_a_deactivated_person_is_not_invited(cast, lena):
    lena.deactivated_at = NOON
    with pytest.raises(Refused, match="Reactivate"):
        operations.invite(actor=cast.actor("ada"), person_id=cast.lena, link=link, at=NOON)


def test_the_trail_tells_what_was_done_and_no_secret(cast, lena):
    token = ask()
    operations.reset_password(token=token, password=OTHER, at=NOON)
    operations.change_password(actor=cast.actor("lena"), present=OTHER, password=PASSWORD, at=NOON)
    entries = db.session.scalars(select(AuditEntry)).all()
    assert [one.action for one in entries] == [
        "password.reset-asked", "password.reset", "password.changed",
    ]  # fmt: skip
    text = repr([(one.thing, one.detail) for one in entries])
    assert not any(secret in text for secret in (token, PASSWORD, OTHER, "argon2"))
