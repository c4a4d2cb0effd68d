"""The container of a signature (CMS, RFC 5652) as PAdES-B-B asks for it, written out in DER.

It holds what pyHanko's holds, byte for byte, and a test compares the two. pyHanko itself would take
24 MiB of memory and a third of a second to load in every server; here it only judges files.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DER: Final = serialization.Encoding.DER
_OCTETS, _SEQUENCE, _SET = 0x04, 0x30, 0x31
_FIRST, _FOURTH = 0xA0, 0xA4  # context-specific tags 0 and 4, constructed
_ONE: Final = b"\x02\x01\x01"


def _named(digits: str) -> bytes:
    return bytes.fromhex(digits)


# Object identifiers, tag and length included.
_SIGNED_DATA: Final = _named("06092a864886f70d010702")
_DATA: Final = _named("06092a864886f70d010701")
_CONTENT_TYPE: Final = _named("06092a864886f70d010903")
_MESSAGE_DIGEST: Final = _named("06092a864886f70d010904")
_SIGNING_CERTIFICATE: Final = _named("060b2a864886f70d010910022f")
# Algorithm identifiers, parameters included.
_SHA256: Final = _named("300d06096086480165030402010500")
_RSA: Final = _named("300d06092a864886f70d01010b0500")
_ECDSA: Final = _named("300a06082a8648ce3d040302")


def _der(tag: int, *parts: bytes) -> bytes:
    """Write one value of some parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _values(content: bytes) -> Iterator[bytes]:
    """Cut the content of a sequence into its values, tag and length included."""
    place = 0
    while place < len(content):
        start, size = place, content[place + 1]
        place += 2
        if size & 0x80:
            digits = size & 0x7F
            size = int.from_bytes(content[place : place + digits], "big")
            place += digits
        place += size
        yield content[start:place]


def _content(value: bytes) -> bytes:
    """Answer what stands behind tag and length."""
    return value[2 + (value[1] & 0x7F if value[1] & 0x80 else 0) :]


def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    """Answer issuer and serial number of a certificate exactly as they are written there."""
    values = list(_values(_content(certificate.tbs_certificate_bytes)))
    if values[0][0] == _FIRST:  # the version stands before them, except in the first
        del values[0]
    return values[2], values[0]


def _is_root(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


class Signer:
    """A private key that stays parsed, and all of a container but what each file changes.

    RFC 6979 makes ECDSA reproducible. Roots are not put in: who checks a file brings them along.
    """

    def __init__(self, key: PrivateKey, chain: Sequence[x509.Certificate]) -> None:
        """Hold a key, and its certificate followed by those that issued it."""
        self.key = key
        leaf = chain[0].public_bytes(_DER)
        issuer, serial = _issuer_and_serial(chain[0])
        name = _der(_SEQUENCE, _der(_FOURTH, issuer))
        told = _der(
            _SEQUENCE,
            _der(_OCTETS, hashlib.sha256(leaf).digest()),
            _der(_SEQUENCE, name, serial),
        )
        self._attributes = (
            _der(_SEQUENCE, _CONTENT_TYPE, _der(_SET, _DATA)),
            _der(
                _SEQUENCE,
                _SIGNING_CERTIFICATE,
                _der(_SET, _der(_SEQUENCE, _der(_SEQUENCE, told))),
            ),
        )
        others = (one.public_bytes(_DER) for one in chain if not _is_root(one))
        self._head = (
            _ONE
            + _der(_SET, _SHA256)
            + _der(_SEQUENCE, _DATA)
            + _der(_FIRST, *sorted({leaf, *others}))
        )
        self._signed_by = _ONE + _der(_SEQUENCE, issuer, serial) + _SHA256

    def container(self, digest: bytes) -> bytes:
        """Answer the container over a digest of the file."""
        about = _der(_SEQUENCE, _MESSAGE_DIGEST, _der(_SET, _der(_OCTETS, digest)))
        attributes = b"".join(sorted((*self._attributes, about)))
        # They are signed as the set that they are, and stand under a tag of their own.
        signature = self._sign(_der(_SET, attributes))
        info = _der(
            _SEQUENCE,
            self._signed_by,
            _der(_FIRST, attributes),
            _RSA if isinstance(self.key, rsa.RSAPrivateKey) else _ECDSA,
            _der(_OCTETS, signature),
        )
        data = _der(_SEQUENCE, self._head, _der(_SET, info))
        return _der(_SEQUENCE, _SIGNED_DATA, _der(_FIRST, data))

    def _sign(self, data: bytes) -> bytes:
        digest = hashes.SHA256()
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), digest)
        return self.key.sign(data, ec.ECDSA(digest, deterministic_signing=True))
