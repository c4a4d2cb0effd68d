"""Check from outside whether a signed file is whole, unchanged and signed by a known key.

The bytes are judged in an order that keeps a hostile file harmless: first the byte ranges, then the
signature container, then trust; only a file signed by a trusted key is parsed as a PDF.
"""

import asyncio
import hashlib
import io
import logging
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_detached_cms, async_validate_pdf_signature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from lms.typeset.verdict import SignatureVerdict

# pyHanko logs each refused signature with a traceback; the verdict says the same in a sentence.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)

LARGEST: Final = 8_000_000  # bytes of a file
_LARGEST_FACTS: Final = 1_000_000
_RANGES: Final = re.compile(rb"/ByteRange \[0 (\d{10}) (\d{10}) (\d{10})\]")
_SIGNED_AT: Final = re.compile(rb"/SubFilter /ETSI\.CAdES\.detached /M \(D:(\d{14})\+00'00'\)")
_HEX: Final = re.compile(rb"<((?:[0-9a-f]{2})+)>")
_USAGE: Final = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)


def check(pdf: bytes, anchors: Sequence[x509.Certificate]) -> SignatureVerdict:
    """Judge a file against some trust anchors at its signing time; never raises.

    Needs no network. Demands that the signature covers the entire file.
    """
    findings = _Findings()
    try:
        _judge(pdf, anchors, findings)
    except Exception as problem:  # noqa: BLE001 - hostile bytes may raise anything
        findings.intact = False
        findings.say(f"The file could not be read to its end ({type(problem).__name__}).")
    return findings.verdict()


@dataclass
class _Findings:
    """What is known so far."""

    intact: bool = False
    trusted: bool = False
    whole_file: bool = False
    unmodified: bool = False
    signed_at: datetime | None = None
    signer: str | None = None
    facts: bytes | None = None
    reasons: list[str] = field(default_factory=list)

    def say(self, reason: str) -> None:
        self.reasons.append(reason)

    def verdict(self) -> SignatureVerdict:
        modified = not (self.unmodified and self.intact and self.whole_file)
        return SignatureVerdict(
            self.intact,
            self.trusted,
            self.whole_file,
            modified,
            self.signed_at,
            self.signer,
            self.facts,
            tuple(self.reasons),
        )


def _judge(pdf: bytes, anchors: Sequence[x509.Certificate], findings: _Findings) -> None:
    """Go through the steps; stop at the first that makes the next one pointless."""
    if len(pdf) > LARGEST:
        findings.say(f"The file is larger than {LARGEST // 1_000_000} MB; no certificate is.")
        return
    signed = _signed_part(pdf, findings)
    if signed is None:
        return
    whole, opening, closing = signed
    container = _container(whole[opening:closing], findings)
    if container is None:
        return
    found = _SIGNED_AT.search(whole[max(0, opening - 2000) : opening])
    if found:
        moment = datetime.strptime(found.group(1).decode(), "%Y%m%d%H%M%S")  # noqa: DTZ007
        findings.signed_at = moment.replace(tzinfo=UTC)
    with asyncio.Runner() as runner:
        covered = whole[:opening] + whole[closing:]
        runner.run(_judge_container(container, covered, anchors, findings))
        if findings.intact and findings.trusted:
            runner.run(_judge_file(whole, anchors, findings))


def _signed_part(pdf: bytes, findings: _Findings) -> tuple[bytes, int, int] | None:
    """Answer the part of the file that the signature speaks of, and where its value stands."""
    ranges = _RANGES.findall(pdf)
    if len(ranges) != 1:
        text = "no signature of ours" if not ranges else "more than one signature"
        findings.say(f"The file carries {text}.")
        return None
    opening, closing, rest = (int(number) for number in ranges[0])
    length = closing + rest
    if not 0 < opening < closing <= length:
        findings.say("The signature's byte ranges make no sense.")
        return None
    findings.whole_file = length == len(pdf)
    if length > len(pdf):
        findings.say(f"{length - len(pdf)} bytes are missing from the file.")
        return None
    if length < len(pdf):
        findings.say(f"{len(pdf) - length} bytes were added behind the signed file.")
    return pdf[:length], opening, closing


def _container(written: bytes, findings: _Findings) -> Any:
    """Read the signature container; refuse one that could be written in another way.

    These are the only bytes that the signature does not cover, so each must be the one way to
    write what it says: lower-case digits, DER, zeros behind it, nothing unsigned inside.
    """
    matched = _HEX.fullmatch(written)
    content = bytes.fromhex(matched.group(1).decode()) if matched else b""
    found = cms.ContentInfo.load(content, strict=False) if content else None
    if found is not None:
        length = len(found.dump())
        clean = found.dump() == content[:length] and not any(content[length:])
        if clean and _is_plain(found):
            return found
    findings.say("The signature itself was changed.")
    return None


def _is_plain(found: Any) -> bool:
    """Say whether a container holds what ours hold and nothing beside it."""
    if found["content_type"].native != "signed_data":
        return False
    data = found["content"]
    infos = data["signer_infos"]
    if len(infos) != 1 or len(data["digest_algorithms"]) != 1:
        return False
    info = infos[0]
    digest = info["digest_algorithm"]
    return bool(
        data["version"].native == "v1"
        and info["version"].native == "v1"
        and digest["algorithm"].native == "sha256"
        and data["digest_algorithms"][0].dump() == digest.dump()
        and data["encap_content_info"]["content_type"].native == "data"
        and data["encap_content_info"]["content"].native is None
        and data["crls"].native is None
        and info["unsigned_attrs"].native is None
        and digest["parameters"].native is None
        and not info["signature_algorithm"]["parameters"].native
        # The parser would take the zeros of the hole for parts of a container made longer.
        and found.dump().endswith(info["signature"].native)
    )


def _is_canonical(found: Any) -> bool:
    """Say whether a container is written in the one way that DER allows; slow, so asked last."""
    fresh = cms.ContentInfo.load(found.dump()).copy()
    fresh.native  # noqa: B018 - parses every part, so that force writes every part anew
    written: bytes = fresh.dump(force=True)
    same: bool = written == found.dump()
    return same


def _context(anchors: Sequence[x509.Certificate], findings: _Findings) -> ValidationContext:
    """Trust the anchors and nothing else, at the time of signing, without the network."""
    roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in anchors]
    return ValidationContext(
        trust_roots=roots,
        moment=findings.signed_at,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


async def _judge_container(
    found: Any, covered: bytes, anchors: Sequence[x509.Certificate], findings: _Findings
) -> None:
    """Compare the digest, verify the signature, and look for a path to an anchor."""
    container = found["content"]
    attributes = container["signer_infos"][0]["signed_attrs"]
    told = {one["type"].native: one["values"][0].native for one in attributes}
    if told.get("message_digest") != hashlib.sha256(covered).digest():
        findings.say("The file was changed after it was signed.")
        return
    if findings.signed_at is None:
        findings.say("The file does not say when it was signed.")
        return
    status = await async_validate_detached_cms(
        covered,
        container,
        signer_validation_context=_context(anchors, findings),
        key_usage_settings=_USAGE,
    )
    findings.intact = bool(status.intact and status.valid)
    findings.trusted = bool(findings.intact and status.trusted)
    clean = _are_known(container, status, told, anchors) and _is_canonical(found)
    if findings.intact and not clean:
        findings.intact = False
        findings.say("The signature itself was changed.")
        return
    certificate = status.signing_cert
    findings.signer = certificate.subject.human_friendly
    if not findings.intact:
        findings.say("The signature does not match the file.")
    elif not findings.trusted:
        findings.say("The file was signed with a key that this installation does not know.")


def _are_known(
    container: Any, status: Any, told: dict[str, Any], anchors: Sequence[x509.Certificate]
) -> bool:
    """Say whether each certificate in a container is one that was signed over or verified.

    pyHanko takes the anchor's own copy where it has one, and so overlooks a changed copy here;
    and it compares names without regard to capitals.
    """
    embedded = [one.chosen.dump() for one in container["certificates"]]
    signer, named_as = status.signing_cert, container["signer_infos"][0]["sid"].chosen
    if named_as.dump() != _issuer_and_serial(signer):
        return False
    # RFC 5035: the signature covers the digest of the signer's certificate.
    named = bytes(told["signing_certificate_v2"]["certs"][0]["cert_hash"])
    own = [one for one in embedded if hashlib.sha256(one).digest() == named]
    known = [one.public_bytes(Encoding.DER) for one in anchors]
    if status.validation_path is not None:
        known += [one.dump() for one in status.validation_path]
    strangers = [one for one in embedded if one not in own and one not in known]
    return len(own) == 1 and (not strangers or not status.trusted)


def _issuer_and_serial(certificate: Any) -> bytes:
    """Write the name that a container must use for a certificate."""
    written: bytes = cms.IssuerAndSerialNumber(
        {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    ).dump()
    return written


async def _judge_file(pdf: bytes, anchors: Sequence[x509.Certificate], findings: _Findings) -> None:
    """Let pyHanko read the whole file, for coverage and modification, and take the facts out."""
    reader = PdfFileReader(io.BytesIO(pdf))
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        findings.say(f"The file carries {len(signatures)} signatures instead of one.")
        return
    status = await async_validate_pdf_signature(
        signatures[0],
        signer_validation_context=_context(anchors, findings),
        key_usage_settings=_USAGE,
    )
    covers = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    level = status.modification_level
    findings.unmodified = bool(
        covers and status.bottom_line and (level is None or level.name == "NONE")
    )
    if not findings.unmodified:
        findings.say("The signature does not cover the file as it stands.")
    findings.facts = _attached(reader)


def _attached(reader: PdfFileReader) -> bytes | None:
    """Answer the first file attached to a document, or None."""
    names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    file = names[1]["/EF"]["/F"]
    packed: bytes = file.encoded_data
    unpacked = zlib.decompressobj().decompress(packed, _LARGEST_FACTS)
    return unpacked or None
