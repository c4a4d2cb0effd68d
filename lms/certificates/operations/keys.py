"""The key that signs certificates: made once, brought along, renewed, sealed anew."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from sqlalchemy import func, select

from lms import audit
from lms.access import SYSTEM
from lms.certificates.models import SigningCertificate
from lms.certificates.queries import keys as queries
from lms.certificates.rules import sealing
from lms.db import db, whole
from lms.typeset.signing import SigningKey, fingerprint_of, pem_of

# Any number will do, as long as nobody else in this database takes the same for another purpose.
_KEYS_LOCK: Final = 0x4B45_5953


@whole
def ready(
    *, brought: SigningKey | None, secret: str, organisation: str, at: datetime
) -> str | None:
    """See that there is a key to sign with; return a sentence when one was added.

    A key that was brought along and is not known yet is taken over and signs from now on. Several
    servers may start at once: one makes the key, the others find it. Raises OtherSecret when the
    key there is can't be opened with this secret.
    """
    _take_turns()
    present = queries.in_use()
    if present is not None:
        queries.unsealed(present, secret=secret)
    if brought is not None:
        is_new = not queries.is_known(fingerprint_of(brought.certificate))
        _trust(brought.anchors, beside=brought, at=at)
        if is_new:
            _add(brought, secret=secret, at=at, action="signing_key.adopted")
            return (
                "The signing key in the instance folder was taken into the database, sealed; "
                "all servers of this database sign with it."
            )
    if present is None and queries.in_use() is None:
        made = SigningKey.make(organisation, at)
        _add(made, secret=secret, at=at, action="signing_key.made")
        return "A signing key was made."
    return None


@whole
def renew(*, secret: str, organisation: str, at: datetime) -> SigningKey:
    """Make a new key that signs from now on; what the former ones signed stays valid."""
    _take_turns()
    made = SigningKey.make(organisation, at)
    _add(made, secret=secret, at=at, action="signing_key.renewed")
    return made


@whole
def reseal(*, before: str, secret: str, at: datetime) -> int:
    """Seal every key that the former secret opens with the present one; return how many.

    Raises OtherSecret when the key in use can be opened with neither.
    """
    _take_turns()
    rows = db.session.scalars(
        select(SigningCertificate)
        .where(SigningCertificate.sealed.is_not(None))
        .order_by(SigningCertificate.id)
    ).all()
    done = sum(_sealed_anew(one, before=before, secret=secret) for one in rows)
    if (present := queries.in_use()) is not None:
        queries.unsealed(present, secret=secret)
    if done:
        audit.record(
            actor=SYSTEM, at=at, action="signing_key.resealed", thing="signing_key:all", keys=done
        )
    return done


def _sealed_anew(one: SigningCertificate, *, before: str, secret: str) -> bool:
    try:
        private = queries.unsealed(one, secret=before)
    except queries.OtherSecret:
        # Sealed with a secret lost earlier, or with the present one already.
        return False
    one.sealed = _closed(private, secret=secret, fingerprint=one.fingerprint)
    db.session.flush()
    return True


def _closed(private: bytes, *, secret: str, fingerprint: str) -> bytes:
    return sealing.seal(
        private, secret=secret, fingerprint=fingerprint, random=secrets.token_bytes(sealing.RANDOM)
    )


def _add(key: SigningKey, *, secret: str, at: datetime, action: str) -> None:
    fingerprint = fingerprint_of(key.certificate)
    db.session.add(
        SigningCertificate(
            fingerprint=fingerprint,
            chain=pem_of(key.chain).decode("ascii"),
            sealed=_closed(key.private_pem(), secret=secret, fingerprint=fingerprint),
            added_at=at,
        )
    )
    db.session.flush()
    audit.record(actor=SYSTEM, at=at, action=action, thing=f"signing_key:{fingerprint[:16]}")


def _trust(anchors: Sequence[x509.Certificate], *, beside: SigningKey, at: datetime) -> None:
    """Add the certificates of former keys that came along."""
    own = {fingerprint_of(one) for one in beside.chain}
    for one in anchors:
        fingerprint = fingerprint_of(one)
        if fingerprint in own or queries.is_known(fingerprint):
            continue
        chain = pem_of([one]).decode("ascii")
        db.session.add(SigningCertificate(fingerprint=fingerprint, chain=chain, added_at=at))
        db.session.flush()


def _take_turns() -> None:
    """Let one transaction at a time look for a key and add one, until it ends.

    On SQLite those who will write have taken their turn when the transaction began.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(_KEYS_LOCK)))
