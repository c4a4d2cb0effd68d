"""The key that signs: in the database, sealed, taken over from a folder, renewed, sealed anew."""

import logging
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from lms.audit import AuditEntry
from lms.certificates import operations as certificates
from lms.certificates.models import CertificateFile, SigningCertificate
from lms.certificates.operations import keys as operations
from lms.certificates.queries import keys
from lms.certificates.rules import sealing
from lms.commands.signing_key import ready_or_refuse, signing_key
from lms.db import db, writing
from lms.typeset.signing import SigningKey, check, fingerprint_of
from tests.certificates.press import award, version
from tests.conftest import NOON

SECRET = "one-secret-that-all-servers-share-0123456789"
OTHER = "another-secret-of-the-same-length-9876543210"
RANDOM = bytes(range(sealing.RANDOM))


def ready(**changes: object) -> str | None:
    given = {"brought": None, "secret": SECRET, "organisation": "Rounds", "at": NOON}
    return operations.ready(**(given | changes))


def actions() -> list[str]:
    chosen = select(AuditEntry.action).where(AuditEntry.action.startswith("signing_key"))
    return list(db.session.scalars(chosen.order_by(AuditEntry.id)))


def test_what_is_sealed_opens_with_the_same_secret_and_fingerprint_only():
    sealed = sealing.seal(b"private", secret=SECRET, fingerprint="ab", random=RANDOM)
    assert b"private" not in sealed
    assert sealing.unseal(sealed, secret=SECRET, fingerprint="ab") == b"private"
    for changes in ({"secret": OTHER}, {"fingerprint": "cd"}):
        with pytest.raises(sealing.OtherSecret):
            sealing.unseal(sealed, **({"secret": SECRET, "fingerprint": "ab"} | changes))


def test_no_byte_of_what_is_sealed_can_be_changed_or_left_out():
    sealed = sealing.seal(b"private", secret=SECRET, fingerprint="ab", random=RANDOM)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        for wrong in (bytes(changed), sealed[:place]):
            with pytest.raises(sealing.OtherSecret):
                sealing.unseal(wrong, secret=SECRET, fingerprint="ab")


def test_sealing_takes_all_its_random_bytes():
    with pytest.raises(ValueError, match="28 random bytes"):
        sealing.seal(b"private", secret=SECRET, fingerprint="ab", random=b"few")


def test_a_key_is_made_once_and_found_by_every_server(app):
    assert ready() == "A signing key was made."
    assert ready() is None
    first, second = keys.signing_key(secret=SECRET), keys.signing_key(secret=SECRET)
    assert first.describe() == second.describe()
    assert first.describe()["valid_from"].startswith("2026-11-02")
    assert actions() == ["signing_key.made"]


def test_the_database_never_holds_the_private_key_in_the_clear(app):
    ready()
    private = keys.signing_key(secret=SECRET).private_pem()
    row = db.session.scalars(select(SigningCertificate)).one()
    assert "PRIVATE" not in row.chain
    assert b"PRIVATE" not in row.sealed
    assert private[40:80] not in row.sealed


def test_another_secret_is_refused_with_a_sentence_and_changes_nothing(app):
    ready()
    with pytest.raises(keys.OtherSecret, match="the same LMS_SECRET_KEY"):
        ready(secret=OTHER)
    with pytest.raises(keys.OtherSecret):
        ready(secret=OTHER, brought=SigningKey.make("Hospital", NOON))
    with pytest.raises(keys.OtherSecret):
        keys.signing_key(secret=OTHER)
    assert len(keys.known()) == 1


def test_a_key_in_the_folder_is_taken_over_once_with_its_anchors(app, tmp_path):
    folder = tmp_path / "signing"
    former = SigningKey.make("Hospital", NOON - timedelta(days=700))
    made = SigningKey.create(folder, "Hospital", NOON)
    brought = SigningKey(made._signer.key, made.chain, [former.certificate])
    assert "taken into the database" in ready(brought=brought)
    assert ready(brought=brought) is None
    assert keys.signing_key(secret=SECRET).describe() == brought.describe()
    assert set(keys.signing_key(secret=SECRET).anchors) == {made.certificate, former.certificate}
    assert [(one.has_key, one.is_in_use) for one in keys.known()] == [(True, True), (False, False)]
    assert actions() == ["signing_key.adopted"]


def test_a_new_key_in_the_folder_signs_and_the_former_stays_trusted(app):
    ready()
    former = keys.signing_key(secret=SECRET)
    brought = SigningKey.make("Hospital", NOON)
    ready(brought=brought)
    now = keys.signing_key(secret=SECRET)
    assert now.certificate == brought.certificate
    assert former.certificate in now.anchors


def test_a_renewed_key_is_not_replaced_by_the_one_still_in_the_folder(app):
    brought = SigningKey.make("Hospital", NOON)
    ready(brought=brought)
    made = operations.renew(secret=SECRET, organisation="Rounds", at=NOON)
    assert ready(brought=brought) is None
    assert keys.signing_key(secret=SECRET).certificate == made.certificate


def test_after_a_change_of_the_secret_the_keys_are_sealed_anew(app):
    ready()
    operations.renew(secret=SECRET, organisation="Rounds", at=NOON)
    before = keys.signing_key(secret=SECRET).describe()
    with pytest.raises(keys.OtherSecret):
        operations.reseal(before=OTHER, secret=OTHER[::-1], at=NOON)
    assert operations.reseal(before=SECRET, secret=OTHER, at=NOON) == 2
    assert keys.signing_key(secret=OTHER).describe() == before
    with pytest.raises(keys.OtherSecret):
        keys.signing_key(secret=SECRET)
    assert operations.reseal(before=SECRET, secret=OTHER, at=NOON) == 0


def test_with_the_secret_lost_a_new_key_goes_on_and_old_certificates_stay_trusted(app):
    ready()
    old = keys.signing_key(secret=SECRET)
    operations.renew(secret=OTHER, organisation="Rounds", at=NOON)
    now = keys.signing_key(secret=OTHER)
    assert now.certificate != old.certificate
    assert old.certificate in now.anchors
    assert ready(secret=OTHER) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE signing_certificates SET fingerprint = 'x'",
        "UPDATE signing_certificates SET chain = 'x'",
        "DELETE FROM signing_certificates",
    ],
)
def test_the_database_keeps_every_certificate_that_signed(app, statement):
    ready()
    db.session.commit()
    with pytest.raises(DBAPIError, match="records are kept"):
        db.session.execute(text(statement))


def test_a_running_server_signs_with_a_key_renewed_elsewhere(app, cast):
    app.extensions["settings"].__dict__["secret_key"] = SECRET
    ready()
    db.session.commit()
    press = app.extensions["press"]
    first = press()
    assert press() is first
    made = operations.renew(secret=SECRET, organisation="Rounds", at=NOON)
    assert press().key.certificate == made.certificate
    assert first.key.certificate in press().anchors
    entry = certificates.issue(
        award=award(cast.lena, version().id), press=press(), actor=cast.actor("lena"), at=NOON
    )
    stored = db.session.get(CertificateFile, entry.serial)
    assert check(stored.content, press().anchors).holds


def test_a_key_made_in_a_transaction_that_failed_is_not_kept_in_memory(app):
    press = app.extensions["press"]
    with writing():
        lost = press().key.certificate
    db.session.rollback()
    assert keys.stamp() == ""
    again = press().key.certificate
    db.session.commit()
    assert again != lost
    assert press().key.certificate == again


def test_commands_list_renew_and_reseal(app, monkeypatch):
    assert ready_or_refuse() == "A signing key was made."
    run = app.test_cli_runner().invoke
    got = run(signing_key, ["renew"])
    assert "signs from now on" in got.output
    lines = run(signing_key, ["list"]).output.splitlines()
    assert [line.split()[1] for line in lines] == ["signs", "former"]
    assert "Set LMS_SECRET_KEY_BEFORE" in run(signing_key, ["reseal"]).output
    monkeypatch.setenv("LMS_SECRET_KEY_BEFORE", secrets.token_hex(32))
    got = run(signing_key, ["reseal"])
    assert got.exit_code == 0  # sealed with the present secret already
    assert "Sealed 0 keys" in got.output


def test_nothing_of_the_private_key_reaches_the_log(app, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    try:
        ready()
        private = keys.signing_key(secret=SECRET).private_pem().decode()
    finally:
        logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    assert "INSERT INTO signing_certificates" in caplog.text
    assert "PRIVATE" not in caplog.text
    assert not any(line in caplog.text for line in private.splitlines()[1:-1])


def test_fingerprints_are_those_that_other_tools_show(app):
    ready()
    one = keys.known()[0]
    assert one.fingerprint == fingerprint_of(keys.signing_key(secret=SECRET).certificate)
    assert len(one.fingerprint) == 64
