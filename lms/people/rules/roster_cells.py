"""What the cells of a roster may say, and the sentence for each that can't be meant. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final


class BadCell(ValueError):
    """A cell that can't be meant; the message says what to write."""


_PROFESSIONS: Final[Mapping[str, str]] = {
    "physician": "physician, doctor, md, do, mbbs, mbchb, m.d., d.o., attending, hospitalist, "
    "surgeon, medical doctor, resident, resident physician, fellow",
    "app": "app, advanced practice provider, np, nurse practitioner, arnp, aprn, crnp, fnp, dnp, "
    "pa, pa-c, physician assistant, physician associate, crna, cnm, nurse midwife, "
    "physician assistant or nurse practitioner, nurse anesthetist",
    "nurse": "nurse, rn, lpn, lvn, bsn, msn, registered nurse, licensed practical nurse, "
    "licensed vocational nurse, charge nurse, staff nurse, nursing",
    "social_work": "social work, social worker, sw, lcsw, lmsw, msw, lsw, clinical social worker",
    "psychology": "psychology, psychologist, counselor, counsellor, psyd, lmft, lpc, lmhc, "
    "therapist, psychologist or counselor",
    "pharmacy": "pharmacy, pharmacist, pharmd, rph, pharmacy technician, cpht, "
    "pharmacist or pharmacy technician",
    "allied": "allied, allied health, allied health professional, physical therapist, pt, dpt, "
    "occupational therapist, ot, respiratory therapist, rt, rrt, dietitian, rd, radiographer, "
    "radiology technician, medical assistant, ma, cna, nursing assistant, phlebotomist, slp",
    "ems": "ems, emt, paramedic, emt-p, emt-b, emt or paramedic, medic",
    "support": "support, support staff, registration, registration staff, registrar, security, "
    "clerk, unit clerk, administrative, admin, front desk, patient access, "
    "support, registration or security staff, environmental services",
    "student": "student, trainee, intern, medical student, nursing student, student or trainee",
    "other": "other, none, n/a, not applicable, non-clinical, nonclinical",
}
_STATES: Final[Mapping[str, str]] = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA",
    "colorado": "CO", "connecticut": "CT", "delaware": "DE", "districtofcolumbia": "DC",
    "florida": "FL", "georgia": "GA", "guam": "GU", "hawaii": "HI", "idaho": "ID",
    "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI",
    "minnesota": "MN", "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE",
    "nevada": "NV", "newhampshire": "NH", "newjersey": "NJ", "newmexico": "NM", "newyork": "NY",
    "northcarolina": "NC", "northdakota": "ND", "ohio": "OH", "oklahoma": "OK", "oregon": "OR",
    "pennsylvania": "PA", "puertorico": "PR", "rhodeisland": "RI", "southcarolina": "SC",
    "southdakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT",
    "virginia": "VA", "virginislands": "VI", "washington": "WA", "westvirginia": "WV",
    "wisconsin": "WI", "wyoming": "WY",
}  # fmt: skip
_ZONES: Final[Mapping[str, str]] = {
    "pacific": "America/Los_Angeles", "pt": "America/Los_Angeles", "pst": "America/Los_Angeles",
    "mountain": "America/Denver", "mt": "America/Denver", "mst": "America/Denver",
    "central": "America/Chicago", "ct": "America/Chicago", "cst": "America/Chicago",
    "eastern": "America/New_York", "et": "America/New_York", "est": "America/New_York",
    "arizona": "America/Phoenix", "alaska": "America/Anchorage", "hawaii": "Pacific/Honolulu",
}  # fmt: skip
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
STAFF_NUMBER_MOST: Final = 40


def _bare(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


_BY_WORD: Final[Mapping[str, str]] = {
    _bare(word): profession for profession, words in _PROFESSIONS.items()
    for word in [*words.split(","), profession]
}  # fmt: skip


def profession(text: str, known: Mapping[str, str]) -> str:
    """Return the profession that a word stands for; `known` are ours by key, with their labels."""
    found = _BY_WORD.get(_bare(text))
    if found is None:
        words = [one for one in re.split(r"[,;/&]| and ", text) if one.strip()]
        kinds = {_BY_WORD.get(_bare(one)) for one in words}
        found = kinds.pop() if len(kinds) == 1 else None
    if found is None or found not in known:
        raise BadCell(f"Not a profession we know. Write one of: {', '.join(sorted(known))}.")
    return found


def state(text: str, known: Iterable[str]) -> str:
    """Return the two letters of a state, however it's written."""
    letters = text.strip().rstrip(".").upper()
    if letters in known:
        return letters
    found = _STATES.get(_bare(text))
    if found is None:
        raise BadCell("Not a state we know. Use two letters, like CA.")
    return found


def npi(text: str) -> str:
    """Return a National Provider Identifier whose check digit is right.

    CMS: ten digits, the first 1 or 2; Luhn over the number with the prefix 80840.
    """
    digits = re.sub(r"[\s.-]", "", text)
    if not re.fullmatch(r"[12][0-9]{9}", digits):
        raise BadCell("An NPI has ten digits and begins with 1 or 2.")
    total = 0
    for place, digit in enumerate(reversed(f"80840{digits}")):
        number = int(digit) * (1 + place % 2)
        total += number // 10 + number % 10
    if total % 10:
        raise BadCell("The check digit of this NPI is wrong; one of the digits is a slip.")
    return digits


def staff_number(text: str) -> str:
    """Return a staff number as it's kept and compared: in capitals, without blanks around."""
    kept = " ".join(unicodedata.normalize("NFKC", text).split()).upper()
    if len(kept) > STAFF_NUMBER_MOST:
        raise BadCell(f"A staff number has at most {STAFF_NUMBER_MOST} characters.")
    if re.fullmatch(r"\d(\.\d+)?E\+\d+", kept):
        raise BadCell(
            "The spreadsheet has rounded this number. Format the column as text and fill it anew."
        )
    if not re.search(r"\w", kept) or any(unicodedata.category(one)[0] == "C" for one in kept):
        raise BadCell("A staff number is made of letters and digits.")
    return kept


def zone(text: str, known: Iterable[str]) -> str:
    """Return the name of a time zone."""
    found = _ZONES.get(_bare(text).removesuffix("time"), text.strip().replace(" ", "_"))
    if found not in known:
        raise BadCell("Not a time zone we know. Write one like America/Los_Angeles.")
    return found


_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_FORMS: Final = (
    (re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"), "2025-03-17"),
    (re.compile(r"(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>\d{4})"), "17.03.2025"),
    (re.compile(r"(?P<d>\d{1,2})[ -](?P<w>[a-z]{3,9})\.?[ ,-]+(?P<y>\d{4})"), "17 March 2025"),
    (re.compile(r"(?P<w>[a-z]{3,9})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})"),
     "March 17, 2025"),
    (re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"), "20250317"),
)  # fmt: skip
_ADVICE: Final = "Write year-month-day: 2025-03-17."


def is_day_first(cells: Iterable[str]) -> bool | None:
    """Say whether days like 03/04/2025 in these cells have the day first.

    Those that can be read in one way only decide; None when they contradict each other.
    """
    day_first = month_first = False
    for text in cells:
        if found := _SLASHED.fullmatch(text.strip()):
            day_first = day_first or int(found[1]) > 12
            month_first = month_first or int(found[2]) > 12
    return None if day_first and month_first else day_first


@lru_cache(maxsize=20_000)
def day(text: str, *, day_first: bool | None) -> date:
    """Return a calendar day written in one of the usual ways; raise BadCell."""
    plain = re.sub(r"[ T]0?0:00(:00)?(\.0+)?$", "", " ".join(text.casefold().split()).upper())
    plain = plain.casefold()
    if found := _SLASHED.fullmatch(plain):
        return _slashed(*map(int, found.groups()), day_first=day_first)
    for form, _example in _FORMS:
        if found := form.fullmatch(plain):
            parts = found.groupdict()
            return _made(int(parts["y"]), _month(parts), int(parts["d"]))
    raise BadCell(f"Not a day we can read. {_ADVICE}")


def _month(parts: Mapping[str, str]) -> int:
    if word := parts.get("w"):
        return _MONTHS.index(word[:3]) + 1 if word[:3] in _MONTHS else 0
    return int(parts["m"])


def _slashed(first: int, second: int, year: int, *, day_first: bool | None) -> date:
    if day_first is None and first <= 12 and second <= 12 and first != second:
        raise BadCell(f"Other rows write the day first, and others the month. {_ADVICE}")
    if first > 12 or (day_first and second <= 12):
        return _made(year, second, first)
    return _made(year, first, second)


def _made(year: int, month: int, number: int) -> date:
    try:
        made = date(year, month, number)
    except ValueError:
        raise BadCell(f"There is no such day. {_ADVICE}") from None
    if not 1920 <= year <= 2100:
        raise BadCell(f"The year {year} can't be meant. {_ADVICE}")
    return made
