"""Sign a drawn PDF in the same revision (PAdES-B-B) with the installation's own key."""

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from lms.typeset.container import PrivateKey, Signer
from lms.typeset.document import HOLE, ROOM
from lms.typeset.verdict import SignatureVerdict

__all__ = ["KeyProblem", "SignatureVerdict", "SigningKey", "check", "fingerprint_of", "pem_of"]

KEY_FILE: Final = "key.pem"
CERTIFICATE_FILE: Final = "cert.pem"
ANCHORS_FOLDER: Final = "anchors"
_YEARS: Final = 10
_BITS: Final = 2048
_CONTENTS: Final = b"/Contents <"
_PEM: Final = serialization.Encoding.PEM
_DER: Final = serialization.Encoding.DER



class KeyProblem(ValueError):
    """The signing key or its certificate cannot be used; the message says what to do."""


class SigningKey:
    """The key of the installation, parsed once and held; ``sign`` may be called by any thread."""

    def __init__(
        self,
        key: PrivateKey,
        chain: Sequence[x509.Certificate],
        anchors: Sequence[x509.Certificate] = (),
    ) -> None:
        """Hold a key, its certificate followed by those that issued it, and older anchors."""
        self.certificate = chain[0]
        self.chain = tuple(chain)
        _demand_pair(key, self.certificate)
        self.anchors = tuple(dict.fromkeys((chain[-1], *anchors)))
        self._signer = Signer(key, chain)
        needed = 2 * len(self._signer.container(hashlib.sha256(b"how much room").digest()))
        # An ECDSA signature may be some bytes longer the next time.
        self.room = max(ROOM, (needed + 1087) // 1024 * 1024)

    @classmethod
    def create(cls, folder: Path, organisation: str, at: datetime) -> "SigningKey":
        """Make a key (RSA, 2048 bits) and its certificate, valid for ten years from ``at``.

        Writes ``key.pem`` (readable by its owner only) and ``cert.pem``. Raises ``KeyProblem``
        when the folder already holds either: a key is never replaced silently.
        """
        for name in (KEY_FILE, CERTIFICATE_FILE):
            if (folder / name).exists():
                raise KeyProblem(
                    f"{folder / name} exists already. Move it away first; keep its certificate "
                    f"in {ANCHORS_FOLDER}/ so that older certificates can still be verified."
                )
        made = cls.make(organisation, at)
        folder.mkdir(parents=True, exist_ok=True)
        _write_secret(folder / KEY_FILE, made.private_pem())
        (folder / CERTIFICATE_FILE).write_bytes(pem_of(made.chain))
        return made

    @classmethod
    def make(cls, organisation: str, at: datetime) -> "SigningKey":
        """Make a key (RSA, 2048 bits) and its certificate, valid for ten years from ``at``."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        return cls(key, [_self_signed(key, organisation, at)])

    @classmethod
    def parse(cls, key: bytes, chain: bytes, anchors: Sequence[bytes] = ()) -> "SigningKey":
        """Read a key, its certificates and older anchors as they are kept, in PEM.

        Raises ``KeyProblem``.
        """
        older = [one for text in anchors for one in _certificates(text, "An older certificate")]
        return cls(_private(key, "The key"), _certificates(chain, "The certificate"), older)

    @classmethod
    def load(cls, folder: Path) -> "SigningKey":
        """Read ``key.pem``, ``cert.pem`` (leaf first, then its issuers) and ``anchors/*.pem``.

        An organisation may put its own key and certificate there: RSA, or ECDSA on a NIST curve.
        Raises ``KeyProblem``.
        """
        key = _read_key(folder / KEY_FILE)
        chain = _read_certificates(folder / CERTIFICATE_FILE)
        return cls(key, chain, _read_anchors(folder))

    def sign(self, pdf: bytes, at: datetime) -> bytes:
        """Fill the two holes of a drawn file; with RSA the same file gives the same bytes.

        ``at`` is the instant of issue. Raises ``KeyProblem`` when the certificate is not valid
        then, and when the file has no room for the signature.
        """
        start = self.certificate.not_valid_before_utc
        end = self.certificate.not_valid_after_utc
        if not start <= at <= end:
            raise KeyProblem(
                f"The signing certificate is valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}, not on "
                f"{at.astimezone(UTC):%Y-%m-%d}. Give the installation a new key; keep the old "
                f"certificate in {ANCHORS_FOLDER}/."
            )
        opening, closing = _hole(pdf)
        filled = bytearray(pdf)
        ranges = b"%010d %010d %010d" % (opening, closing, len(pdf) - closing)
        place = pdf.rindex(HOLE, 0, opening) + HOLE.index(b"0000000000")
        filled[place : place + len(ranges)] = ranges
        digest = hashlib.sha256(filled[:opening])
        digest.update(filled[closing:])
        written = self._signer.container(digest.digest()).hex().encode()
        if len(written) > closing - opening - 2:
            raise KeyProblem(
                f"The signature needs {len(written)} digits, the file keeps "
                f"{closing - opening - 2} free. Draw it with the room that the key asks for."
            )
        filled[opening + 1 : opening + 1 + len(written)] = written
        return bytes(filled)

    def private_pem(self) -> bytes:
        """Return the private key in PEM, for storing it sealed; it belongs into no log."""
        return self._signer.key.private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def describe(self) -> dict[str, str]:
        """Name the key for the record of what made a certificate, and for the doctor."""
        public = self.certificate.public_key()
        size = getattr(public, "key_size", 0)
        return {
            "subject": self.certificate.subject.rfc4514_string(),
            "serial": f"{self.certificate.serial_number:x}",
            "sha256": fingerprint_of(self.certificate),
            "algorithm": f"{'RSA' if isinstance(public, rsa.RSAPublicKey) else 'ECDSA'}-{size}",
            "valid_from": self.certificate.not_valid_before_utc.isoformat(),
            "valid_until": self.certificate.not_valid_after_utc.isoformat(),
        }


def check(pdf: bytes, anchors: Sequence[x509.Certificate]) -> SignatureVerdict:
    """Judge a file against some trust anchors at its signing time; never raises.

    Needs no network. Demands that the signature covers the entire file.
    """
    # pyHanko takes a third of a second and 24 MiB, and only commands check files.
    from lms.typeset import checking  # noqa: PLC0415 - no server needs it

    return checking.check(pdf, anchors)


def _hole(pdf: bytes) -> tuple[int, int]:
    """Answer where the empty signature value starts and ends, its angle brackets included."""
    opening = pdf.rfind(_CONTENTS + b"0" * 64)
    if opening < 0 or pdf.rfind(HOLE, 0, opening) < 0:
        raise KeyProblem("This file has no place for a signature, or is signed already.")
    opening += len(_CONTENTS) - 1
    return opening, pdf.index(b">", opening) + 1


def _demand_pair(key: PrivateKey, certificate: x509.Certificate) -> None:
    """Refuse a key that does not belong to the certificate."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    own = key.public_key().public_bytes(_DER, form)
    if own != certificate.public_key().public_bytes(_DER, form):
        raise KeyProblem(
            f"{KEY_FILE} and {CERTIFICATE_FILE} do not belong together. Put the certificate of "
            "this key first in the file, its issuers after it."
        )


def _self_signed(key: rsa.RSAPrivateKey, organisation: str, at: datetime) -> x509.Certificate:
    """Make the installation's own certificate."""
    start = at.astimezone(UTC).replace(microsecond=0)
    attributes = [
        # X.509 allows 64 characters for either (RFC 5280, appendix A).
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
        x509.NameAttribute(NameOID.COMMON_NAME, "Continuing education certificates"),
    ]
    name = x509.Name(attributes)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=round(365.25 * _YEARS)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise KeyProblem(f"{path} cannot be read: {problem.strerror}.") from problem


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate in hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def pem_of(chain: Sequence[x509.Certificate]) -> bytes:
    """Return certificates in PEM, in this order."""
    return b"".join(one.public_bytes(_PEM) for one in chain)


def _read_key(path: Path) -> PrivateKey:
    """Read a private key in PEM."""
    return _private(_read(path), str(path))


def _private(content: bytes, where: str) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError as problem:
        raise KeyProblem(
            f"{where} is encrypted. Store it unencrypted, readable by the server's account only."
        ) from problem
    except ValueError as problem:
        raise KeyProblem(f"{where} holds no private key in PEM form.") from problem
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= _BITS:
        return key
    curves = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, curves):
        return key
    raise KeyProblem(f"{where} must be RSA of {_BITS} bits or more, or ECDSA on a NIST curve.")


def _read_certificates(path: Path) -> list[x509.Certificate]:
    """Read certificates in PEM."""
    return _certificates(_read(path), str(path))


def _certificates(content: bytes, where: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as problem:
        raise KeyProblem(f"{where} holds no certificate in PEM form.") from problem


def _read_anchors(folder: Path) -> list[x509.Certificate]:
    """Read the certificates of earlier years that verification still trusts."""
    paths = sorted((folder / ANCHORS_FOLDER).glob("*.pem"))
    return [certificate for path in paths for certificate in _read_certificates(path)]
