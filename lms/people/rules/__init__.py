"""What an address, a password, a department tree and a way back may be. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

PASSWORD_LEAST: Final = 12
PASSWORD_MOST: Final = 200
NAME_MOST: Final = 120
EMAIL_MOST: Final = 254

# A browser stays signed in no longer than a long shift, however busy it is.
SIGN_IN_LASTS: Final = timedelta(hours=12)
RESET_LASTS: Final = timedelta(hours=1)
INVITATION_LASTS: Final = timedelta(days=7)

PROFESSIONS: Final[Mapping[str, str]] = {
    "physician": "Physician (MD, DO or equivalent)",
    "app": "Physician assistant or nurse practitioner",
    "nurse": "Nurse",
    "social_work": "Social worker",
    "psychology": "Psychologist or counselor",
    "pharmacy": "Pharmacist or pharmacy technician",
    "allied": "Allied health professional",
    "ems": "EMT or paramedic",
    "support": "Support, registration or security staff",
    "student": "Student or trainee",
    "other": "Other",
}

# fmt: off
STATES: Final = (
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID", "IL",
    "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH",
    "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA",
    "VI", "VT", "WA", "WI", "WV", "WY",
)
# fmt: on
"""Where a license may be from: the states, the District, Guam, Puerto Rico, Virgin Islands."""

LOCALES: Final[Mapping[str, str]] = {
    "": "As the letters suggest",
    "zh-Hans": "Chinese, simplified",
    "zh-Hant": "Chinese, traditional",
    "ja": "Japanese",
    "ko": "Korean",
}
"""The same character is drawn differently in these; a name may need one of them."""

# Long enough, and still among the first that others try.
_COMMON: Final = (
    "password", "passwort", "passphrase", "qwertyuiop", "qwerty", "letmein", "welcome",
    "iloveyou", "administrator", "admin", "changeme", "hospital", "rounds", "secret", "football",
    "baseball", "superman", "sunshine", "princess", "dragon", "correcthorsebatterystaple",
    "summer", "winter", "spring", "autumn",
)  # fmt: skip
_WELL_KNOWN: Final = re.compile(f"(?:{'|'.join(_COMMON)})+")
_LEET: Final = str.maketrans("0134@$5", "oleaass")
_RUNS: Final = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_ADDRESS: Final = re.compile(
    r"[^@\s<>()\[\],;:\\\"\x00-\x1f]+@[^@\s<>()\[\],;:\\\"\x00-\x1f]+\.[^@\s<>.,;:\x00-\x1f]{2,}"
)


def email_key(email: str) -> str:
    """Return the form by which addresses are compared: NFKC, casefolded, trimmed (case 58)."""
    folded = unicodedata.normalize("NFKC", email).strip().casefold()
    # Folding may give what NFKC would write otherwise, so that one more time settles it.
    return unicodedata.normalize("NFKC", folded)


def email_problem(email: str) -> str | None:
    """Return the sentence that refuses an address that can't be one, or None."""
    text = email.strip()
    if "@" not in text:
        return "This is not an e-mail address: the @ is missing. Write it as name@example.org."
    if not _ADDRESS.fullmatch(text) or ".." in text:
        return "This is not an e-mail address. Write it as name@example.org."
    if max(len(text), len(email_key(text))) > EMAIL_MOST:
        return f"An e-mail address has at most {EMAIL_MOST} characters."
    return None


def password_form(password: str) -> str:
    """Return the password as it's hashed: NFKC, so that every keyboard's é is one é."""
    return unicodedata.normalize("NFKC", password)


def password_problem(password: str, *, email: str, name: str) -> str | None:
    """Return the sentence that refuses a password, or None.

    Length, nothing about the person, no well-known words; no rules about kinds of characters
    (NIST SP 800-63B, section 5.1.1.2).
    """
    if len(password) < PASSWORD_LEAST:
        return f"Use {PASSWORD_LEAST} characters or more; a few words in a row are easy to keep."
    if len(password) > PASSWORD_MOST:
        return f"Use {PASSWORD_MOST} characters or fewer."
    folded = password_form(password).casefold()
    if len(set(folded)) < 5:
        return "This password repeats the same few characters. Choose another."
    if _bare(folded) in _own_words(email, name):
        return "This password is your own name or address. Choose another."
    if _is_common(folded):
        return "This password is one of the first that others try. Choose another."
    return None


def _bare(text: str) -> str:
    """Keep the letters only: what is left of "P.assword-2026!"."""
    return "".join(one for one in text if one.isalpha())


def _own_words(email: str, name: str) -> set[str]:
    key = email_key(email)
    return {_bare(word) for word in (key, key.partition("@")[0], name.casefold())} - {""}


def _is_common(folded: str) -> bool:
    if any(_WELL_KNOWN.fullmatch(_bare(one)) for one in (folded, folded.translate(_LEET))):
        return True
    solid = re.sub(r"[\W_]", "", folded)
    return any(solid in run or solid in run[::-1] for run in _RUNS)


def tidy(text: str) -> str:
    """Return a line as it's kept: NFC, no control characters, single blanks."""
    kept = (" " if unicodedata.category(one) in {"Cc", "Zl", "Zp"} else one for one in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


# Characters that show nothing and change how others are shown, so that a text can look like
# another. The joiners of Persian and of emoji (U+200C, U+200D) stay.
_UNSEEN: Final = dict.fromkeys(
    (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070),
     0xFEFF, 0xFFF9, 0xFFFA, 0xFFFB, *range(0xE0000, 0xE0080))
)  # fmt: skip


def seen(text: str) -> str:
    """Return a line tidied, with nothing in it that is not seen: for what strangers read."""
    return tidy(text.translate(_UNSEEN))


@cache
def zones() -> tuple[str, ...]:
    """Return the time zones a person may choose: places, without the historic abbreviations."""
    areas = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe",
             "Indian", "Pacific")  # fmt: skip
    return tuple(sorted(z for z in available_timezones() if z.partition("/")[0] in areas))


def below(parents: Mapping[int, int | None], roots: Iterable[int]) -> frozenset[int]:
    """Return these departments and all below them, from each department's parent."""
    found = {one for one in roots if one in parents}
    grown = bool(found)
    while grown:
        more = {one for one, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


def would_cycle(
    parents: Mapping[int, int | None], *, department_id: int, parent_id: int | None
) -> bool:
    """Say whether a department would stand below itself under this parent."""
    return parent_id is not None and parent_id in below(parents, [department_id])


def path_of(
    names: Mapping[int, str], parents: Mapping[int, int | None], department_id: int
) -> tuple[str, ...]:
    """Return the names from the top of the tree down to a department."""
    path: list[str] = []
    seen: set[int] = set()
    here: int | None = department_id
    while here is not None and here not in seen:
        seen.add(here)
        path.append(names[here])
        here = parents[here]
    return tuple(reversed(path))


def safe_path(target: str | None) -> str:
    """Return where to go after signing in: a path of this site, else the home page.

    Anything a browser could read as another host is refused: a scheme, `//host`, `/\\host`, and
    white space, which browsers drop before they look.
    """
    if not target or not target.startswith("/") or len(target) > 2000:
        return "/"
    if "\\" in target or any(ord(one) <= 0x20 or ord(one) == 0x7F for one in target):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or target.startswith("//"):
        return "/"
    # "/.//evil" and "/x/..//evil" become "//evil" when a browser resolves them.
    if "//" in parts.path or parts.path in {"/sign-in", "/sign-out"}:
        return "/"
    return target


def token_digest(token: str) -> str:
    """Return what the database keeps of a secret token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
