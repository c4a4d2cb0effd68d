"""A device that makes and uses passkeys as WebAuthn says, without a browser."""

import hashlib
import json
import os
import struct
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

UP, UV, AT = 0x01, 0x04, 0x40


@dataclass
class Device:
    """One key pair on one device; what it answers can be bent by changing its fields."""

    origin: str = "http://localhost"
    host: str = "localhost"
    verifies: bool = True
    count: int = 0
    grows: int = 1
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: os.urandom(32))

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _auth_data(self, flags: int, extra: bytes = b"") -> bytes:
        self.count += self.grows
        flags |= UP | (UV if self.verifies else 0)
        rp = hashlib.sha256(self.host.encode()).digest()
        return rp + struct.pack(">BI", flags, self.count) + extra

    def create(self, options: dict, **changes: object) -> str:
        """Answer what the server asks when a passkey is added."""
        self.handle = options["user"]["id"]
        credential = AttestedCredentialData.create(
            b"\0" * 16, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData(self._auth_data(AT, bytes(credential)))
        response = {
            "clientDataJSON": websafe_encode(
                self._client_data("webauthn.create", options["challenge"])
            ),
            "attestationObject": websafe_encode(bytes(AttestationObject.create("none", data, {}))),
        }
        return self._written(response | changes)

    def get(self, options: dict, **changes: object) -> str:
        """Answer what the server asks when a passkey is used."""
        client = self._client_data("webauthn.get", options["challenge"])
        data = self._auth_data(0)
        signed = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signed),
            "userHandle": self.handle,
        }
        return self._written({k: v for k, v in (response | changes).items() if v is not None})

    def _written(self, response: dict) -> str:
        name = websafe_encode(self.id)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": response,
             "clientExtensionResults": {}}
        )


def flipped(text: str) -> str:
    """Return the same bytes with one bit changed."""
    raw = bytearray(websafe_decode(text))
    raw[len(raw) // 2] ^= 1
    return websafe_encode(bytes(raw))
