"""What counts as a second factor: codes of an app, codes on paper, and when one is asked. Pure."""

import base64
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import pyotp
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# RFC 6238 with what every app takes without asking: 30 seconds, six digits, SHA-1.
STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
CODE_DIGITS: Final = 6
ISSUER: Final = "Rounds"
# Whoever starts to set an app up and walks away leaves nothing that somebody else could finish.
SETTING_UP_LASTS: Final = timedelta(minutes=15)

RECOVERY_CODES: Final = 10
RECOVERY_DIGITS: Final = 16

HALF_LASTS: Final = timedelta(minutes=10)
"""How long somebody has for the second step after the password."""
PROOF_LASTS: Final = timedelta(minutes=15)
"""How long a password or passkey, once given, is enough to change what one signs in with."""

_NONCE_BYTES: Final = 12


def step_of(at: datetime) -> int:
    """Return the half minute that codes of an app count in."""
    return int(at.timestamp()) // STEP_SECONDS


def matching_step(secret: str, code: str, *, at: datetime, last_step: int | None) -> int | None:
    """Return the half minute whose code this is, if it's now or one beside and not used before."""
    totp, now, found = pyotp.TOTP(secret), step_of(at), None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        is_it = hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
        if is_it and (last_step is None or step > last_step):
            found = step
    return found


def setup_address(secret: str, *, email: str) -> str:
    """Return the address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def in_groups(text: str) -> str:
    """Write a secret or code in groups of four, so that it can be copied by hand."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def digits_of(typed: str) -> str:
    """Return the digits of what was typed as a code, with nothing else between or around them."""
    text = unicodedata.normalize("NFKC", typed)
    return "".join(one for one in text if one in "0123456789")


def is_a_code(typed: str) -> bool:
    """Say whether something is digits, blanks and hyphens only, as a code may be written."""
    text = unicodedata.normalize("NFKC", typed)
    return bool(text.strip()) and all(one in "0123456789 -\u2010\u2011\u2013\t" for one in text)


def code_digest(digits: str, *, salt: str) -> str:
    """Return what is kept of a recovery code: Argon2id with the figures of passwords, in hex."""
    return hash_secret_raw(
        digits.encode(), bytes.fromhex(salt), time_cost=2, memory_cost=19_456, parallelism=1,
        hash_len=32, type=Type.ID,
    ).hex()  # fmt: skip


@cache
def sealing_key(secret_key: str) -> bytes:
    """Return the key that seals the secrets of apps, derived from the installation's secret."""
    derive = HKDF(SHA256(), length=32, salt=None, info=b"rounds: secrets of authenticator apps, 1")
    return derive.derive(secret_key.encode())


def sealed(secret: str, *, key: bytes, nonce: bytes, person_id: int) -> str:
    """Encrypt the secret of a person's app; it opens for this person only."""
    closed = AESGCM(key).encrypt(nonce, secret.encode(), str(person_id).encode())
    return base64.b64encode(nonce + closed).decode()


def unsealed(kept: str, *, key: bytes, person_id: int) -> str | None:
    """Return the secret of a person's app; None when it was sealed with another key."""
    raw = base64.b64decode(kept)
    try:
        opened = AESGCM(key).decrypt(
            raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], str(person_id).encode()
        )
    except InvalidTag:
        return None
    return opened.decode()


def asks_for_a_factor(required: Iterable[str], held: Iterable[str]) -> bool:
    """Say whether one of the roles held is among those that must have a second factor."""
    return not set(required).isdisjoint(held)
