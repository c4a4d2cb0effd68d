"""What a device is asked to sign and whether what it answered holds (WebAuthn level 2). Pure.

Loaded where somebody uses a passkey: its library takes two megabytes, which a server of people
with passwords need not hold.
"""

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from fido2.cose import UnsupportedKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from lms.people.rules.passkeys import Added, Kept, NotProved, Site

MOST_CHARACTERS: Final = 20_000

# What the library raises when it's handed nonsense; there is nothing it could change.
_NONSENSE: Final = (
    ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, EOFError,
    AssertionError, RecursionError, NotImplementedError, struct.error, UnsupportedAlgorithm,
)  # fmt: skip


def _server(site: Site) -> Fido2Server:
    return Fido2Server(
        PublicKeyCredentialRpEntity(name=site.name, id=site.host),
        verify_origin=lambda origin: origin == site.origin,
    )


def _descriptors(credential_ids: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            type=PublicKeyCredentialType.PUBLIC_KEY, id=websafe_decode(one)
        )
        for one in credential_ids
    ]


def _wanted(*, must_verify: bool) -> UserVerificationRequirement:
    return (
        UserVerificationRequirement.REQUIRED
        if must_verify
        else UserVerificationRequirement.PREFERRED
    )


def _state(challenge: str, *, must_verify: bool) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": _wanted(must_verify=must_verify)}


def to_create(
    site: Site, *, challenge: str, handle: str, email: str, name: str, present: Sequence[str]
) -> dict[str, Any]:
    """Return what the browser is asked when a passkey is added; keys that are here are left out."""
    options, _state_kept = _server(site).register_begin(
        PublicKeyCredentialUserEntity(
            name=email, id=websafe_decode(handle), display_name=name or email
        ),
        _descriptors(present),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=websafe_decode(challenge),
    )
    return dict(dict(options)["publicKey"])


def to_get(
    site: Site, *, challenge: str, present: Sequence[str], must_verify: bool
) -> dict[str, Any]:
    """Return what the browser is asked when a passkey is used; with none named, any of its own."""
    options, _state_kept = _server(site).authenticate_begin(
        _descriptors(present) or None,
        user_verification=_wanted(must_verify=must_verify),
        challenge=websafe_decode(challenge),
    )
    return dict(dict(options)["publicKey"])


def _read(text: str) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise NotProved("too long")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise NotProved("not an object")
    return found


def added(site: Site, answer: str, *, challenge: str) -> Added:
    """Check what a new device answered; return what is kept of it. Raises NotProved."""
    try:
        data = _server(site).register_complete(_state(challenge, must_verify=False), _read(answer))
        credential = data.credential_data
        if credential is None or isinstance(credential.public_key, UnsupportedKey):
            raise NotProved("no key that can be checked")
        if len(credential.credential_id) > 1023:
            raise NotProved("longer than WebAuthn allows")
    except _NONSENSE as problem:
        raise NotProved(str(problem)) from None
    return Added(
        credential_id=websafe_encode(credential.credential_id),
        public_key=websafe_encode(bytes(credential)),
        sign_count=data.counter,
    )


def credential_of(answer: str) -> tuple[str, str | None]:
    """Return which passkey says it answered, and for which handle; nothing is checked yet.

    Raises NotProved when it can't be read.
    """
    try:
        found = AuthenticationResponse.from_dict(_read(answer))
        handle = found.response.user_handle
        return websafe_encode(found.raw_id), websafe_encode(handle) if handle else None
    except _NONSENSE as problem:
        raise NotProved(str(problem)) from None


def new_count(site: Site, answer: str, *, challenge: str, passkey: Kept, must_verify: bool) -> int:
    """Check what a device signed; return its counter now. Raises NotProved.

    A counter that does not grow means that there are two devices with the same key.
    """
    try:
        credential = AttestedCredentialData(websafe_decode(passkey.public_key))
        response = _read(answer)
        _server(site).authenticate_complete(
            _state(challenge, must_verify=must_verify), [credential], response
        )
        count = AuthenticationResponse.from_dict(response).response.authenticator_data.counter
    except _NONSENSE as problem:
        raise NotProved(str(problem)) from None
    if (count or passkey.sign_count) and count <= passkey.sign_count:
        raise NotProved("the counter did not grow")
    return count
