"""What a roster's headings mean: which column says what about a person. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Column(StrEnum):
    """What a column of a roster may say about a person."""

    EMAIL = "email"
    NAME = "name"
    GIVEN = "given_name"
    FAMILY = "family_name"
    CERTIFICATE_NAME = "certificate_name"
    STAFF_NUMBER = "staff_number"
    NPI = "npi"
    PROFESSION = "profession"
    LICENCE_STATE = "licence_state"
    DEPARTMENT = "department"
    ZONE = "zone"
    STARTED_ON = "started_on"


LABELS: Final[Mapping[Column, str]] = {
    Column.EMAIL: "E-mail",
    Column.NAME: "Name",
    Column.GIVEN: "Given name",
    Column.FAMILY: "Family name",
    Column.CERTIFICATE_NAME: "Name on certificates",
    Column.STAFF_NUMBER: "Staff number",
    Column.NPI: "NPI",
    Column.PROFESSION: "Profession",
    Column.LICENCE_STATE: "State of license",
    Column.DEPARTMENT: "Department",
    Column.ZONE: "Time zone",
    Column.STARTED_ON: "Start date",
}

# Compared without case, blanks, dashes and accents.
_WORDS: Final[Mapping[Column, str]] = {
    Column.EMAIL: "email, e-mail, mail, email address, e-mail address, mail address, work email, "
    "work e-mail, work email address, business email, company email, office email, primary email, "
    "user email, emailaddress, login, username email, upn, user principal name",
    Column.NAME: "name, full name, fullname, display name, employee name, person, staff name, "
    "preferred name, legal name, worker, worker name, employee, learner",
    Column.GIVEN: "given name, first name, firstname, forename, given names, first names, "
    "preferred first name, legal first name",
    Column.FAMILY: "family name, last name, lastname, surname, family names, last names, "
    "legal last name",
    Column.CERTIFICATE_NAME: "certificate name, name on certificate, name on certificates, "
    "name on license, name on licence, license name, licence name, printed name",
    Column.STAFF_NUMBER: "staff number, staff no, staff no., staff id, employee id, "
    "employee number, employee no, employee no., emp id, emp no, personnel number, personnel no, "
    "badge, badge number, badge id, worker id, person number, hr id, employee #, staff #",
    Column.NPI: "npi, npi number, npi no, national provider identifier, provider npi",
    Column.PROFESSION: "profession, occupation, credential, credentials, license type, "
    "licence type, discipline, provider type, clinical role, professional role",
    Column.LICENCE_STATE: "state of license, state of licence, license state, licence state, "
    "state, state licensed, licensing state, licensed in",
    Column.DEPARTMENT: "department, dept, dept., department name, unit, ward, team, "
    "organization unit, organisation unit, org unit, cost center name, division, department path, "
    "service, location department",
    Column.ZONE: "time zone, timezone, zone, tz",
    Column.STARTED_ON: "start date, startdate, started, started on, hire date, hired, hired on, "
    "date of hire, date hired, joined, joined on, joining date, start day, first day",
}


def normal(heading: str) -> str:
    """Return a heading as it's compared: letters, digits and # only, without case and accents."""
    plain = unicodedata.normalize("NFKD", heading).casefold()
    return re.sub(r"[^\w#]|_", "", "".join(one for one in plain if not unicodedata.combining(one)))


_MEANING: Final[Mapping[str, Column]] = {
    normal(word): column for column, words in _WORDS.items() for word in words.split(",")
}


def accepted() -> list[tuple[str, str]]:
    """Return each column's label with some of the headings by which it's recognised."""
    return [
        (LABELS[column], ", ".join(word.strip() for word in words.split(",")[:5]))
        for column, words in _WORDS.items()
    ]


@dataclass(frozen=True, kw_only=True)
class Headings:
    """Where each column stands, which headings say nothing here, and what is wrong with them."""

    places: Mapping[Column, int]
    unknown: tuple[str, ...]
    problems: tuple[str, ...]

    def cell(self, cells: Sequence[str], column: Column) -> str:
        """Return what a row says in a column; nothing when the file has no such column."""
        place = self.places.get(column)
        return cells[place].strip() if place is not None and place < len(cells) else ""


def headings(header: Sequence[str]) -> Headings:
    """Say what the headings of a file mean, and what is missing or there twice."""
    places: dict[Column, int] = {}
    unknown: list[str] = []
    problems: list[str] = []
    for place, heading in enumerate(header):
        column = _MEANING.get(normal(heading))
        if column is None:
            unknown.extend([heading] if heading else [])
        elif column in places:
            first = header[places[column]]
            problems.append(
                f"Two columns could be the {_inside(column)}: “{first}” and “{heading}”. Leave "
                "one out, or give it another heading."
            )
        else:
            places[column] = place
    return Headings(
        places=places, unknown=tuple(unknown), problems=(*problems, *_missing(places, header))
    )


def _inside(column: Column) -> str:
    label = LABELS[column]
    return label if label.isupper() else label[0].lower() + label[1:]


def _missing(places: Mapping[Column, int], header: Sequence[str]) -> list[str]:
    there = ", ".join(f"“{one[:40]}”" for one in header if one)
    there = there if len(there) <= 300 else f"{there[:300]} …"
    missing = []
    if Column.EMAIL not in places:
        missing.append(
            f"No column is the e-mail address. Call one “E-mail”. The file has: {there or 'none'}."
        )
    if Column.NAME not in places and not {Column.GIVEN, Column.FAMILY} <= places.keys():
        missing.append(
            "No column is the name. Call one “Name”, or two “Given name” and “Family name”. "
            f"The file has: {there or 'none'}."
        )
    return missing
