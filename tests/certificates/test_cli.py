"""`lms certificates verify` tells one sentence for each thing that does not agree."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from lms.certificates import operations, queries
from lms.certificates.cli import certificates
from lms.certificates.models import CertificateFile
from lms.certificates.pdf import draw
from lms.db import db
from tests.certificates.press import award, press, version
from tests.conftest import NOON


@pytest.fixture
def file(app, cast, tmp_path):
    app.extensions["press"] = press
    entry = operations.issue(
        award=award(cast.lena, version().id), press=press(), actor=cast.actor("lena"), at=NOON
    )
    db.session.commit()
    path = tmp_path / "certificate.pdf"
    path.write_bytes(db.session.get(CertificateFile, entry.serial).content)
    return path


def verify(app, *arguments: str):
    return CliRunner().invoke(certificates, ["verify", *arguments], obj=None)


def test_a_file_as_issued_is_valid(app, file):
    done = verify(app, str(file))
    assert done.exit_code == 0, done.output
    assert "Valid: everything agrees with the ledger." in done.output
    assert "Lena Nguyễn, MD" in done.output


def test_the_answer_can_be_had_as_json(app, file):
    told = json.loads(verify(app, str(file), "--json").output)
    assert told["valid"] is True
    assert told["signature"]["whole_file"] is True
    assert told["certificate"]["serial"] == "2026-000001"


@pytest.mark.parametrize("place", [100, 9_000, 30_000, -200])
def test_one_changed_byte_is_noticed(app, file, place: int):
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(bytes(content))
    done = verify(app, str(file))
    assert done.exit_code == 1
    assert "Valid" not in done.output


@pytest.mark.parametrize("change", [lambda b: b + b"\n", lambda b: b[:-1], lambda b: b""])
def test_one_appended_or_removed_byte_is_noticed(app, file, change):
    file.write_bytes(change(file.read_bytes()))
    assert verify(app, str(file)).exit_code == 1


def test_an_appended_byte_is_told_as_such(app, file):
    file.write_bytes(file.read_bytes() + b" ")
    assert "1 bytes were added" in verify(app, str(file)).output


def test_a_well_signed_file_of_another_ledger_is_unknown_here(app, file, cast):
    other = queries.facts_of(queries.by_award(award(cast.lena, 1).award_key))


    code = "00000-00000-00000-00000"
    drawn = draw(replace(other, code=code), press().faces, room=press().key.room)
    file.write_bytes(press().key.sign(drawn, NOON))
    done = verify(app, str(file))
    assert done.exit_code == 1
    assert f"This ledger holds no certificate with the code '{code}'." in done.output


def test_a_well_signed_file_with_other_facts_differs_from_the_ledger(app, file, cast):


    facts = queries.facts_of(queries.by_award(award(cast.lena, 1).award_key))
    forged = replace(facts, person_name="Somebody Else")
    file.write_bytes(press().key.sign(draw(forged, press().faces, room=press().key.room), NOON))
    done = verify(app, str(file))
    assert done.exit_code == 1
    assert "The attached facts differ from the ledger in: name." in done.output
    assert "its digest differs" in done.output


def test_a_revoked_certificate_is_not_valid_though_its_file_is_whole(app, file, cast):
    operations.revoke(actor=cast.actor("petra"), serial="2026-000001", reason="error", at=NOON)
    db.session.commit()
    done = verify(app, str(file))
    assert done.exit_code == 1
    assert "The certificate was revoked on November 2, 2026: error" in done.output


def test_a_code_can_be_asked_for_however_it_is_typed(app, file, cast):
    code = queries.by_award(award(cast.lena, 1).award_key).code
    assert verify(app, code.lower().replace("-", " ")).exit_code == 0
    assert verify(app, f"https://rounds.example.org/verify/{code}").exit_code == 0
    unknown = verify(app, "00000-00000-00000-00000")
    assert unknown.exit_code == 1
    assert "No certificate here carries the code" in unknown.output


def test_a_file_that_is_not_there_is_wrong_usage(app, file):
    assert verify(app, "/nowhere/certificate.pdf").exit_code == 2
    assert verify(app).exit_code == 2
