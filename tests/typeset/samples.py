"""Facts, faces and a key for the tests of certificates; made once for a whole run."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from lms.certificates.pdf import Facts, draw
from lms.typeset.faces import Faces
from lms.typeset.signing import SigningKey

MARCH = datetime(2027, 3, 15, 17, 42, 9, tzinfo=UTC)
URL = "https://ce.example.org/verify/K7Q2M-9XF4T-6DHBW-3"

PLAIN = Facts(
    serial="2027-004182",
    code="K7Q2M-9XF4T-6DHBW-3",
    verify_url=URL,
    verify_label="ce.example.org/verify",
    person_name="Marguerite Okonkwo-Lindqvist, MD",
    title="Human trafficking: recognizing and responding in the emergency department",
    learning_format_words="an enduring material",
    lead="has completed the online course,",
    heading="Certificate of completion",
    credit_line=(("1.25 CE hours", False),),
    completed_on="March 14, 2027",
    claimed_on="March 15, 2027",
    issued_on="March 15, 2027",
    issued_at=MARCH,
    issuer_name="Lakeside Teaching Hospital",
    issuer_line="Office of Continuing Education · 400 Example Avenue, Springfield",
    signer_name="Elena Marchetti-Rao, MD",
    signer_title="Director of Continuing Education",
    statements=(
        (
            (
                "This certificate records continuing education hours. It carries no "
                "accreditation claim; licensing boards decide what they accept. Dates are given "
                "in Pacific Time.",
                False,
            ),
        ),
        (
            (
                "Issued by Lakeside Teaching Hospital from its course records. Keep this "
                "certificate for at least six years.",
                False,
            ),
        ),
    ),
    language="en-US",
    course_key="trafficking-101-past-the-myths",
    course_version=2,
    course_digest="3f2a9c1b" * 8,
    specimen=False,
    template_version="plain-1",
)
SPECIMEN = replace(
    PLAIN,
    specimen=True,
    heading="Certificate of credit",
    opening="Lakeside Teaching Hospital certifies that",
    lead="has participated in the enduring material titled",
    learning_format_words="",
    credit_line=(
        ("and is awarded 1.25 ", False),
        ("Exempla Category 1 Credits", True),
        ("™", False),
    ),
    statements=(
        (
            ("Lakeside designates this enduring material for a maximum of 1.50 ", False),
            ("Exempla Category 1 Credits", True),
            ("™. Learners should claim only the credit commensurate with their part.", False),
        ),
    ),
    expires_on="March 15, 2029",
)
LONG_NAME = (
    "Maria-Fernanda Guadalupe de la Concepción Villaseñor-Echeverría y Fernández de Córdoba "
    "Montemayor-Wolfeschlegelsteinhausen"
)[:120].strip()
LONG_TITLE = (
    "Identifying and caring for patients who have experienced labor or sex trafficking in "
    "emergency, primary, obstetric and behavioral health settings: a trauma-informed approach for "
    "all teams of a hospital"
)[:200].strip()

# Names in every script that must print, with the language they are in.
NAMES = {
    "Nguyễn Thị Ánh Ngọc": "vi",
    "Łukasz Żółć": "pl",
    "Þórður Ægisson": "is",
    "Ελένη Παπαδοπούλου": "el",
    "Наталья Щербакова": "ru",
    "محمد عبد الله الأحمد": "ar",
    "یاسمین پورحسینی": "fa",
    "יעל בן־דוד": "he",
    "अनुष्का श्रीवास्तव": "hi",
    "王小明": "zh-CN",
    "陳張國榮": "zh-TW",
    "山田 太郎": "ja",
    "𠮷野家さくら": "ja",
    "김민준": "ko",
}
CJK = ("zh", "ja", "ko")

SAMPLES = {
    "plain": PLAIN,
    "specimen": SPECIMEN,
    "long": replace(PLAIN, person_name=LONG_NAME, title=LONG_TITLE),
} | {
    f"name {language} {number}": replace(PLAIN, person_name=name, person_locale=language)
    for number, (name, language) in enumerate(NAMES.items())
}


def needs_cjk(facts: Facts) -> bool:
    """Say whether a sample needs an installed face for Chinese, Japanese or Korean."""
    return (facts.person_locale or "").startswith(CJK)


@cache
def faces() -> Faces:
    """The faces of this machine."""
    return Faces.find(None)


@cache
def key() -> SigningKey:
    """A key of an installation, valid from 2026 on."""
    folder = Path(tempfile.mkdtemp(prefix="rounds-key-"))
    return SigningKey.create(folder, "Lakeside Teaching Hospital", datetime(2026, 1, 1, tzinfo=UTC))


@cache
def signed(sample: str) -> bytes:
    """A sample as it is handed out."""
    facts = SAMPLES[sample]
    return key().sign(draw(facts, faces(), room=key().room), facts.issued_at)


WITHOUT_CJK_FACE = "No CJK face is installed here; on Debian: apt install fonts-noto-cjk"
with_cjk = pytest.mark.skipif(not faces().national, reason=WITHOUT_CJK_FACE)
