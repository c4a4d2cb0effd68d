"""Seal a private key with the secret that all servers share, so that it may lie in the database."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORM: Final = b"\x01"
_PURPOSE: Final = b"rounds: private key of certificates, form 1"
SALT: Final = 16  # bytes
NONCE: Final = 12  # bytes, as GCM wants it
RANDOM: Final = SALT + NONCE
"""How many bytes drawn at random one sealing takes."""


class OtherSecret(ValueError):
    """What is sealed was sealed with another secret, for another certificate, or was changed."""


def seal(private: bytes, *, secret: str, fingerprint: str, random: bytes) -> bytes:
    """Return the key encrypted (AES-256-GCM) and bound to the fingerprint of its certificate.

    The key of the cipher is derived from the secret (HKDF-SHA256) with a salt of its own. The
    secret has 32 characters or more, drawn at random, so that guessing it is out of reach.
    """
    if len(random) != RANDOM:
        raise ValueError(f"sealing takes {RANDOM} random bytes")
    salt, nonce = random[:SALT], random[SALT:]
    closed = AESGCM(_derived(secret, salt)).encrypt(nonce, private, _bound(fingerprint))
    return _FORM + random + closed


def unseal(sealed: bytes, *, secret: str, fingerprint: str) -> bytes:
    """Return the private key, or raise OtherSecret."""
    form, salt = sealed[:1], sealed[1 : 1 + SALT]
    nonce, closed = sealed[1 + SALT : 1 + RANDOM], sealed[1 + RANDOM :]
    if form != _FORM or not closed:
        raise OtherSecret("sealed in an unknown form")
    try:
        return AESGCM(_derived(secret, salt)).decrypt(nonce, closed, _bound(fingerprint))
    except InvalidTag:
        raise OtherSecret("sealed with another secret") from None


def _derived(secret: str, salt: bytes) -> bytes:
    made = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=_PURPOSE)
    return made.derive(secret.encode())


def _bound(fingerprint: str) -> bytes:
    return _FORM + fingerprint.encode("ascii")
