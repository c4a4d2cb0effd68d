"""Which key signs, and which certificates files are checked with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from sqlalchemy import select

from lms.certificates.models import SigningCertificate
from lms.certificates.rules import sealing
from lms.db import db
from lms.errors import Missing, Refused
from lms.typeset.signing import SigningKey

_TOLD: Final = (
    "The key that signs certificates lies in this database, sealed with another LMS_SECRET_KEY. "
    "Give every server of this database the same LMS_SECRET_KEY (without that setting: the same "
    "file secret_key in the instance folder). After a change of the secret run: "
    "lms signing-key reseal. If the old one is lost: lms signing-key renew"
)


class OtherSecret(Refused):
    """This server has another secret than the one which sealed the signing key."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """A certificate that files are signed or checked with; opens says whether its key can be."""

    fingerprint: str
    subject: str
    valid_from: datetime
    valid_until: datetime
    added_at: datetime
    has_key: bool
    is_in_use: bool


_NEWEST = select(SigningCertificate.fingerprint).order_by(SigningCertificate.id.desc()).limit(1)


def stamp() -> str:
    """Return the newest fingerprint: another one whenever a key is added; empty without any."""
    return db.session.scalar(_NEWEST) or ""


def is_known(fingerprint: str) -> bool:
    """Say whether this certificate was added before."""
    chosen = select(SigningCertificate.id).where(SigningCertificate.fingerprint == fingerprint)
    return db.session.scalar(chosen) is not None


def in_use() -> SigningCertificate | None:
    """Return the certificate whose key signs now, if there is one."""
    return db.session.scalar(
        select(SigningCertificate)
        .where(SigningCertificate.sealed.is_not(None))
        .order_by(SigningCertificate.id.desc())
        .limit(1)
    )


def unsealed(one: SigningCertificate, *, secret: str) -> bytes:
    """Return the private key of a certificate in PEM; raises OtherSecret, and Missing."""
    if one.sealed is None:
        raise Missing("private key")
    try:
        return sealing.unseal(one.sealed, secret=secret, fingerprint=one.fingerprint)
    except sealing.OtherSecret:
        raise OtherSecret(_TOLD) from None


def signing_key(*, secret: str) -> SigningKey | None:
    """Return the key that signs now, with every other certificate as an anchor, if there is one.

    Raises OtherSecret, and KeyProblem.
    """
    newest = in_use()
    if newest is None:
        return None
    others = db.session.scalars(
        select(SigningCertificate.chain)
        .where(SigningCertificate.id != newest.id)
        .order_by(SigningCertificate.id)
    )
    return SigningKey.parse(
        unsealed(newest, secret=secret), newest.chain.encode(), [_root(one) for one in others]
    )


def known() -> tuple[Known, ...]:
    """Return every certificate, newest first."""
    newest = in_use()
    rows = db.session.scalars(select(SigningCertificate).order_by(SigningCertificate.id.desc()))
    return tuple(_known(one, is_in_use=one is newest) for one in rows)


def _parsed(chain: str) -> Sequence[x509.Certificate]:
    return x509.load_pem_x509_certificates(chain.encode())


def _root(chain: str) -> bytes:
    """Return the last certificate of a chain: the one that is trusted."""
    mark = "-----BEGIN CERTIFICATE-----"
    return (mark + chain.rpartition(mark)[2]).encode()


def _known(one: SigningCertificate, *, is_in_use: bool) -> Known:
    leaf = _parsed(one.chain)[0]
    return Known(
        fingerprint=one.fingerprint,
        subject=leaf.subject.rfc4514_string(),
        valid_from=leaf.not_valid_before_utc,
        valid_until=leaf.not_valid_after_utc,
        added_at=one.added_at,
        has_key=one.sealed is not None,
        is_in_use=is_in_use,
    )
