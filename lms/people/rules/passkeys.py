"""What passkeys are made for, and what is kept of them. Pure; webauthn.py has the protocol."""

import base64
import hmac
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

CHALLENGE_LASTS: Final = timedelta(minutes=5)
CHALLENGE_BYTES: Final = 32
HANDLE_BYTES: Final = 32
MOST_PASSKEYS: Final = 20


class Purpose(StrEnum):
    """What a challenge was made for; it's good for nothing else."""

    ADD = "add"
    SIGN_IN = "sign-in"
    SECOND_STEP = "second-step"
    UNLOCK = "unlock"


class NotProved(ValueError):
    """What a device answered does not hold."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Whom a passkey is made for: a host name, and the one origin that may use it."""

    host: str
    origin: str
    name: str = "Rounds"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A passkey as it's kept."""

    id: int
    credential_id: str
    public_key: str
    sign_count: int


@dataclass(frozen=True, kw_only=True)
class Added:
    """A new passkey, as its device answered."""

    credential_id: str
    public_key: str
    sign_count: int


def site_of(base_url: str) -> Site | None:
    """Return whom passkeys are made for; None where browsers allow none.

    They need a host name, not a number, and HTTPS except on one's own machine.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        is_local = host == "localhost" or host.endswith(".localhost")
        if parts.scheme == "https" or is_local:
            return Site(host=host, origin=f"{parts.scheme}://{parts.netloc}".lower())
    return None


def encoded(raw: bytes) -> str:
    """Write bytes as WebAuthn does: base64 for addresses, without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def same(one: str | None, other: str) -> bool:
    """Compare two texts in a time that tells nothing about them."""
    return one is not None and hmac.compare_digest(one.encode(), other.encode())
