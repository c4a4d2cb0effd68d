"""Signatures are reproducible, whole, and broken by any change of a single byte."""

import asyncio
import hashlib
import random
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lms.certificates.pdf import draw
from lms.typeset.container import PrivateKey, Signer
from lms.typeset.signing import KeyProblem, SigningKey, _self_signed, check
from tests.typeset.samples import MARCH, PLAIN, faces, key, signed

PEM = serialization.Encoding.PEM
DER = serialization.Encoding.DER
START = datetime(2026, 1, 1, tzinfo=UTC)


def certificate(
    subject: str, own: ec.EllipticCurvePrivateKey, issuer: str, by: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate as an organisation's own authority would make it."""

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    is_authority = subject == issuer
    return (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(own.public_key())
        .serial_number(7 if is_authority else 8)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=3650))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(
                not is_authority, not is_authority, False, False, False, is_authority,
                is_authority, False, False,
            ),
            critical=True,
        )
        .sign(by, hashes.SHA256())
    )  # fmt: skip


def brought_key(folder: Path) -> SigningKey:
    """An ECDSA key with a certificate from an authority, as an organisation may bring it."""
    authority, own = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    chain = [
        certificate("CE office", own, "Hospital authority", authority),
        certificate("Hospital authority", authority, "Hospital authority", authority),
    ]
    folder.mkdir()
    (folder / "key.pem").write_bytes(
        own.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "cert.pem").write_bytes(b"".join(one.public_bytes(PEM) for one in chain))
    return SigningKey.load(folder)


def test_a_signed_certificate_holds_and_tells_its_facts() -> None:
    verdict = check(signed("plain"), key().anchors)
    assert verdict.holds
    assert verdict.reasons == ()
    assert verdict.signed_at == MARCH
    assert verdict.attached_facts == PLAIN.as_json()
    assert "Lakeside Teaching Hospital" in (verdict.signer or "")


def test_the_same_file_signed_twice_is_the_same_bytes() -> None:
    drawn = draw(PLAIN, faces(), room=key().room)
    assert key().sign(drawn, MARCH) == key().sign(drawn, MARCH)


class PyHanko(signers.Signer):
    """A key in the hands of pyHanko, which makes containers after its own lights."""

    def __init__(self, key: PrivateKey, chain: Sequence[x509.Certificate]) -> None:
        store = SimpleCertificateStore()
        own, *others = (asn1_x509.Certificate.load(one.public_bytes(DER)) for one in chain)
        store.register_multiple(others)
        super().__init__(signing_cert=own, cert_registry=store, embed_roots=False)
        self.key = key

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run=False) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))

    def container(self, digest: bytes) -> bytes:
        work = self.async_sign(digest, digest_algorithm="sha256", use_pades=True)
        return asyncio.run(work).dump()


def chain_of(*names: str) -> tuple[ec.EllipticCurvePrivateKey, list[x509.Certificate]]:
    """A key with its certificate, and those of the authorities above it, the last a root."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]
    above = zip(names, keys, [*names[1:], names[-1]], [*keys[1:], keys[-1]], strict=True)
    return keys[0], [certificate(*one) for one in above]


@pytest.mark.parametrize(
    "names",
    [
        ("Root",),
        ("CE office", "Root"),
        ("CE office", "Hospital authority", "State authority of a rather long name", "Root"),
        ("Ünïversity “Ωmega”", "王小明", "Root"),
    ],
)
def test_containers_are_those_that_pyhanko_makes(names: tuple[str, ...]) -> None:
    key_, chain = chain_of(*names)
    for text in (b"one", b"two", b"three"):
        digest = hashlib.sha256(text).digest()
        assert Signer(key_, chain).container(digest) == PyHanko(key_, chain).container(digest)


def test_containers_of_the_own_key_are_those_that_pyhanko_makes() -> None:
    signer = key()._signer
    for text in (b"one", b"two", b"three"):
        digest = hashlib.sha256(text).digest()
        assert signer.container(digest) == PyHanko(signer.key, key().chain).container(digest)


@pytest.mark.parametrize("organisation", ["A", "An organisation " * 9, "Ünïversity “Ωmega” 王小明"])
@pytest.mark.parametrize("bits", [2048, 4096])
def test_containers_of_any_length_are_those_that_pyhanko_makes(
    organisation: str, bits: int
) -> None:
    own = rsa.generate_private_key(65537, bits)
    chain = [_self_signed(own, organisation, START)]
    digest = hashlib.sha256(organisation.encode()).digest()
    assert Signer(own, chain).container(digest) == PyHanko(own, chain).container(digest)


def test_what_a_server_loads_to_sign_leaves_pyhanko_out() -> None:
    code = (
        "import sys; from lms.typeset.signing import SigningKey; from datetime import datetime, UTC;"
        "from lms.app import create_app;"
        "SigningKey.make('Lakeside', datetime.now(UTC));"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'pyhanko', 'pyhanko_certvalidator', 'asn1crypto', 'aiohttp'}))"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


def test_a_changed_byte_anywhere_is_noticed() -> None:
    whole = signed("plain")
    start = whole.index(b"/Contents <")
    end = whole.index(b">", start) + 1
    source = random.Random(1)
    # Inside the signature's own digits nothing is covered by the digest: look there most.
    places = [
        *(source.randrange(len(whole)) for _ in range(60)),
        *(source.randrange(start, start + 3300) for _ in range(60)),
        *(source.randrange(start, end) for _ in range(20)),
        0, start + 10, end - 1, len(whole) - 1,
    ]  # fmt: skip
    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << source.randrange(8)
        verdict = check(bytes(changed), key().anchors)
        assert not verdict.holds, place
        assert verdict.reasons, place


def test_a_removed_byte_anywhere_is_noticed() -> None:
    whole = signed("plain")
    source = random.Random(2)
    for place in [0, len(whole) - 1, *(source.randrange(len(whole)) for _ in range(60))]:
        assert not check(whole[:place] + whole[place + 1 :], key().anchors).holds, place


def test_an_added_byte_anywhere_is_noticed() -> None:
    whole = signed("plain")
    source = random.Random(3)
    for place in [0, len(whole), *(source.randrange(len(whole)) for _ in range(60))]:
        added = whole[:place] + bytes([source.randrange(256)]) + whole[place:]
        assert not check(added, key().anchors).holds, place
    verdict = check(whole + b"\n", key().anchors)
    assert verdict.intact
    assert not verdict.whole_file
    assert verdict.modified
    assert "added" in verdict.reasons[0]


def test_a_digit_written_in_another_way_is_noticed() -> None:
    whole = signed("plain")
    start = whole.index(b"/Contents <")
    place = next(i for i in range(start + 12, len(whole)) if whole[i : i + 1] in b"abcdef")
    shouted = whole[:place] + whole[place : place + 1].upper() + whole[place + 1 :]
    assert not check(shouted, key().anchors).holds


def test_a_container_that_claims_the_zeros_behind_it_is_noticed() -> None:
    whole = signed("plain")
    start = whole.index(b"/Contents <") + len(b"/Contents <")
    assert whole[start : start + 4] == b"3082"
    for length in (0x073E, 0x0E3E, 0x0672, 0x06B2):
        longer = whole[: start + 4] + b"%04x" % length + whole[start + 8 :]
        assert longer != whole
        assert not check(longer, key().anchors).holds


def test_hostile_bytes_get_a_verdict_and_raise_nothing() -> None:
    whole = signed("plain")
    source = random.Random(4)
    hostile = [
        b"", b"%PDF-1.7", b"\x00" * 100, whole[: len(whole) // 2], whole + whole,
        b"/ByteRange [0 0000000001 0000000002 0000000003]",
        b"/ByteRange [0 9999999999 0000000002 0000000003]",
        whole.replace(b"/Contents <30", b"/Contents <31", 1),
        b"(" * 200_000, b"<<" * 200_000,
    ]  # fmt: skip
    hostile += [source.randbytes(source.randrange(2000)) for _ in range(30)]
    for one in hostile:
        verdict = check(one, key().anchors)
        assert not verdict.holds
        assert verdict.reasons


def test_a_file_signed_by_a_stranger_is_intact_and_not_trusted(tmp_path: Path) -> None:
    stranger = SigningKey.create(tmp_path, "Lakeside Teaching Hospital", START)
    verdict = check(stranger.sign(draw(PLAIN, faces()), MARCH), key().anchors)
    assert verdict.intact
    assert not verdict.trusted
    assert not verdict.holds
    assert verdict.attached_facts is None
    assert check(signed("plain"), []).trusted is False


def test_a_new_key_is_written_for_its_owner_only_and_never_replaced(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "keys", "Lakeside Teaching Hospital", START)
    mode = stat.S_IMODE((tmp_path / "keys" / "key.pem").stat().st_mode)
    assert mode == 0o600
    with pytest.raises(KeyProblem, match="exists already"):
        SigningKey.create(tmp_path / "keys", "Lakeside Teaching Hospital", START)
    again = SigningKey.load(tmp_path / "keys")
    assert again.describe() == made.describe()
    assert made.describe()["algorithm"] == "RSA-2048"
    assert made.describe()["valid_until"].startswith("2036-01-01")


def test_certificates_of_earlier_keys_verify_through_the_anchors(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    old = SigningKey.create(folder, "Lakeside Teaching Hospital", START)
    file = old.sign(draw(PLAIN, faces()), MARCH)
    (folder / "anchors").mkdir()
    (folder / "cert.pem").rename(folder / "anchors" / "2026.pem")
    (folder / "key.pem").unlink()
    new = SigningKey.create(folder, "Lakeside Teaching Hospital", START + timedelta(days=3000))
    assert not check(file, new.anchors).trusted
    assert check(file, SigningKey.load(folder).anchors).holds


def test_an_organisation_may_bring_its_own_key_and_authority(tmp_path: Path) -> None:
    brought = brought_key(tmp_path / "keys")
    drawn = draw(PLAIN, faces(), room=brought.room)
    file = brought.sign(drawn, MARCH)
    verdict = check(file, brought.anchors)
    assert verdict.holds, verdict
    assert file == brought.sign(drawn, MARCH)
    assert brought.describe()["algorithm"] == "ECDSA-256"
    assert len(brought.anchors) == 1


def test_a_key_is_not_used_outside_the_validity_of_its_certificate() -> None:
    drawn = draw(PLAIN, faces())
    for at in (START - timedelta(seconds=1), START + timedelta(days=4000)):
        with pytest.raises(KeyProblem, match="valid from 2026-01-01"):
            key().sign(drawn, at)


def test_a_signed_file_is_not_signed_again_and_too_little_room_is_refused() -> None:
    with pytest.raises(KeyProblem, match="signed already"):
        key().sign(signed("plain"), MARCH)
    with pytest.raises(KeyProblem, match="room"):
        key().sign(draw(PLAIN, faces(), room=1024), MARCH)


@pytest.mark.parametrize(
    ("key_file", "certificate_file", "told"),
    [
        (None, None, "cannot be read"),
        (b"nonsense", None, "no private key"),
        ("small", None, "RSA of 2048 bits"),
        ("locked", None, "encrypted"),
        ("good", b"nonsense", "no certificate"),
        ("good", "other", "do not belong together"),
    ],
)
def test_a_key_that_cannot_serve_is_refused_with_a_sentence(
    tmp_path: Path, key_file: bytes | str | None, certificate_file: bytes | str | None, told: str
) -> None:
    def private(bits: int, lock: serialization.KeySerializationEncryption) -> bytes:
        made = rsa.generate_private_key(65537, bits)
        return made.private_bytes(PEM, serialization.PrivateFormat.PKCS8, lock)

    plain = serialization.NoEncryption()
    if key_file == "small":
        key_file = private(1024, plain)
    elif key_file == "locked":
        key_file = private(2048, serialization.BestAvailableEncryption(b"secret"))
    elif key_file == "good":
        key_file = private(2048, plain)
    if certificate_file == "other":
        certificate_file = key().certificate.public_bytes(PEM)
    for name, content in (("key.pem", key_file), ("cert.pem", certificate_file)):
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
    with pytest.raises(KeyProblem, match=told):
        SigningKey.load(tmp_path)
