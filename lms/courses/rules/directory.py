"""The directory of services: what an entry says, who it fits, and when it must be checked again.

Pure. Where an entry does not state something it says so, and nothing is guessed in its place.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from lms.courses.rules.states import NO_COUNTIES, STATES

FORMAT: Final = 1
CHECK_LASTS: Final = timedelta(days=184)
"""A number is checked at least every six months."""
DUE_SOON: Final = timedelta(days=30)
FITTING_MOST: Final = 4
NOT_STATED: Final = "not stated"
AGE_MOST: Final = 120

FIRST: Final = ("national-human-trafficking-hotline", "emergency-911", "suicide-crisis-988")
"""The lines that come first on every page, whatever is asked for."""


class Status(StrEnum):
    """How an entry stands."""

    LISTED = "listed"
    VERIFY = "verify"
    CLOSED = "closed"
    NOT_FOR_PATIENTS = "not_for_patients"


KINDS: Final[Mapping[str, str]] = {
    "hotline": "Telephone line",
    "emergency": "Emergency",
    "rape-crisis-center": "Rape crisis center",
    "one-stop-center": "One-stop center",
    "hospital-program": "Hospital program",
    "forensic-interview-center": "Child forensic interviewing",
    "case-management": "Intensive case management",
    "youth-shelter": "Youth shelter and drop-in",
    "medical-home": "Medical home",
    "survivor-advocates": "Advocates on site",
    "government-office": "Government office",
    "reporting-line": "Line for reports of child abuse",
    "tip-line": "Tip line of law enforcement",
    "professional-contact": "Contact for professionals",
    "other": "Service",
}
SHELTERS: Final = frozenset({"youth-shelter"})
"""Kinds whose address is never shown."""

LAW_ENFORCEMENT: Final = "law enforcement tip"
PROFESSIONAL: Final = "professional help"
NEEDS: Final = (
    "case management", "child protection", "crisis", "forensic interview", "housing",
    "labor rights", LAW_ENFORCEMENT, "legal", "medical home", "missing child", "partner violence",
    PROFESSIONAL, "sexual violence", "suicide", "trafficking", "youth shelter",
)  # fmt: skip
TOPICS: Final = (
    "adolescent-health", "child-abuse", "communication", "emergency-care", "ems", "finance",
    "human-trafficking", "labor-trafficking", "mental-health", "online-safety", "policy",
    "prevention", "primary-care", "privacy", "reporting", "reproductive-health", "screening",
    "sex-trafficking", "substance-use", "supply-chain", "trauma-informed-care",
)  # fmt: skip
CONFIDENCE: Final = ("high", "medium-high", "medium", "low")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of a service, as it's read and as a telephone takes it."""

    label: str
    number: str
    tel: str = ""
    sms: str = ""

    @property
    def href(self) -> str:
        """Return the address behind the number; nothing for a fax."""
        if self.tel:
            return f"tel:{self.tel}"
        return f"sms:{self.sms}" if self.sms else ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A service as the directory lists it."""

    id: str
    name: str
    kind: str
    status: Status
    numbers: tuple[Number, ...]
    chat: str
    hours: str
    languages: tuple[str, ...]
    interpreters: str
    age_from: int | None
    age_to: int | None
    ages_note: str
    serves: str
    needs: tuple[str, ...]
    topics: tuple[str, ...]
    state: str
    counties: tuple[str, ...]
    region: str
    address: str
    accepts: str
    note: str
    source: str
    confidence: str
    checked_on: date
    checked_by: str
    review_by: date
    closed_on: date | None
    pointed_to: str
    former_numbers: tuple[str, ...]
    rows: tuple[str, ...]
    file: str

    @property
    def call(self) -> Number | None:
        """Return the first number that can be called."""
        return next((one for one in self.numbers if one.tel), None)

    @property
    def text(self) -> Number | None:
        """Return the first number that takes text messages."""
        return next((one for one in self.numbers if one.sms), None)

    @property
    def is_national(self) -> bool:
        """Say whether it serves people anywhere in the country."""
        return not self.state

    @property
    def is_first(self) -> bool:
        """Say whether it comes first on every page."""
        return self.id in FIRST

    @property
    def is_unconfirmed(self) -> bool:
        """Say whether nobody could confirm what it says."""
        return self.status is Status.VERIFY

    @property
    def is_for_patients(self) -> bool:
        """Say whether a patient or a learner may be given it."""
        return self.status is not Status.NOT_FOR_PATIENTS and not (
            {LAW_ENFORCEMENT, PROFESSIONAL} & set(self.needs)
        )

    @property
    def is_of_police(self) -> bool:
        """Say whether law enforcement answers."""
        return LAW_ENFORCEMENT in self.needs

    @property
    def kind_words(self) -> str:
        """Return the kind as readers call it."""
        return KINDS[self.kind]

    @property
    def place_words(self) -> str:
        """Return where it serves: "Contra Costa and Marin Counties, California"."""
        if self.is_national:
            return "Anywhere in the United States"
        state = STATES[self.state]
        where = " and ".join(filter(None, (", ".join(self.counties[:-1]), *self.counties[-1:])))
        if self.state not in NO_COUNTIES:
            where += "" if not where else " County" if len(self.counties) == 1 else " Counties"
        return f"{where}, {state}" if where else state

    @property
    def language_words(self) -> str:
        """Return its languages in words."""
        said = ", ".join(self.languages)
        more = self.interpreters
        if said and more:
            return f"{said}; {more}"
        return said or more or NOT_STATED

    @property
    def age_words(self) -> str:
        """Return the ages served in words."""
        if self.age_from is None and self.age_to is None:
            return self.ages_note or NOT_STATED
        if self.age_to is None:
            said = f"{self.age_from} and older"
        elif self.age_from is None:
            said = f"up to {self.age_to}"
        else:
            said = f"{self.age_from} to {self.age_to}"
        return f"{said} ({self.ages_note})" if self.ages_note else said

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Return what is stated of how one gets help there, by what readers call it."""
        return tuple((label, said) for label, said in self._asked_for if said != NOT_STATED)

    @property
    def unstated(self) -> tuple[str, ...]:
        """Return what is not stated and should be asked when one calls."""
        return tuple(label.lower() for label, said in self._asked_for if said == NOT_STATED)

    @property
    def _asked_for(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Hours", self.hours),
            ("Languages", self.language_words),
            ("Ages", self.age_words),
            ("Accepts", self.accepts),
        )

    def is_overdue(self, today: date) -> bool:
        """Say whether it should have been checked again before this day."""
        return today > self.review_by

    def suits_age(self, age: int) -> bool:
        """Say whether somebody of this age may be served: what is not stated rules nobody out."""
        low = self.age_from if self.age_from is not None else 0
        high = self.age_to if self.age_to is not None else AGE_MOST
        return low <= age <= high

    def speaks(self, language: str) -> bool:
        """Say whether it may speak a language: what is not stated rules none out."""
        return not self.languages or language in self.languages or bool(self.interpreters)

    def reaches(self, state: str, county: str) -> bool:
        """Say whether it serves people there; a whole state includes its counties."""
        if self.is_national:
            return True
        return self.state == state and (not county or not self.counties or county in self.counties)

    @cached_property
    def said(self) -> str:
        """Return all its words, for looking for some of them."""
        return " ".join(
            (self.name, self.kind_words, self.serves, self.region, self.place_words,
             self.language_words, self.note, *self.needs, *(one.number for one in self.numbers))
        ).casefold()  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a reader asks the directory for; empty asks for everything."""

    words: str = ""
    state: str = ""
    county: str = ""
    age: int | None = None
    need: str = ""
    language: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is asked for."""
        return self == Asked()

    def finds(self, entry: Entry) -> bool:
        """Say whether an entry is among what is asked for."""
        return (
            all(word in entry.said for word in self.words.casefold().split())
            and (not self.state or entry.reaches(self.state, self.county))
            and (self.age is None or entry.suits_age(self.age))
            and (not self.need or self.need in entry.needs)
            and (not self.language or entry.speaks(self.language))
        )


@dataclass(frozen=True, kw_only=True)
class Directory:
    """All entries, open and closed, in the order of the files."""

    entries: tuple[Entry, ...]
    closed: tuple[Entry, ...] = ()
    _fitting: dict[frozenset[str], tuple[Entry, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def by_id(self) -> Mapping[str, Entry]:
        """Return every entry by its id."""
        return {one.id: one for one in (*self.entries, *self.closed)}

    @cached_property
    def first(self) -> tuple[Entry, ...]:
        """Return the national line, 911 and 988, in this order."""
        return tuple(self.by_id[one] for one in FIRST if one in self.by_id)

    @cached_property
    def places(self) -> Mapping[str, tuple[str, ...]]:
        """Return the states with a service of their own, each with the counties named."""
        found: dict[str, set[str]] = {}
        for one in self.entries:
            if one.state:
                found.setdefault(one.state, set()).update(one.counties)
        return {
            state: tuple(sorted(found[state])) for state in sorted(found, key=lambda s: STATES[s])
        }

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Return the languages that any entry names."""
        return tuple(sorted({language for one in self.entries for language in one.languages}))

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Return the needs that any entry meets."""
        return tuple(sorted({need for one in self.entries for need in one.needs}))

    def found(self, asked: Asked) -> tuple[Entry, ...]:
        """Return what fits what is asked for, beside the lines that come first anyway."""
        return tuple(one for one in self.entries if not one.is_first and asked.finds(one))

    def fitting(self, topics: Iterable[str]) -> tuple[Entry, ...]:
        """Return up to four lines, open to anyone anywhere, for a course with these topics."""
        wanted = frozenset(topics)
        known = self._fitting.get(wanted)
        if known is None:
            known = self._fitting[wanted] = self._fit(wanted)
        return known

    def _fit(self, wanted: frozenset[str]) -> tuple[Entry, ...]:
        open_to_all = [
            one
            for one in self.entries
            if one.is_national and one.is_for_patients and not one.is_unconfirmed
            and not one.is_first and one.call
        ]  # fmt: skip
        shared = {one.id: len(wanted & set(one.topics)) for one in open_to_all}
        # Those that share most topics; among equals, in the order of the files.
        ranked = sorted(open_to_all, key=lambda one: -shared[one.id])
        return tuple(one for one in ranked if shared[one.id])[:FITTING_MOST]

    def due(self, on: date) -> tuple[Entry, ...]:
        """Return the open entries to check again by this day or within the month after, oldest
        first."""
        wanted = [one for one in self.entries if one.review_by - on <= DUE_SOON]
        return tuple(sorted(wanted, key=lambda one: (one.review_by, one.name.casefold())))


def numbers(raw: Mapping[str, Any]) -> tuple[Number, ...]:
    """Return the numbers of a checked table."""
    return tuple(
        Number(
            label=one["label"], number=one["number"], tel=one.get("tel", ""), sms=one.get("sms", "")
        )
        for one in raw.get("numbers", ())
    )


def entry(raw: Mapping[str, Any], *, file: str) -> Entry:
    """Return a table that was found without problems as an entry."""
    ages = raw.get("ages", {})
    return Entry(
        id=raw["id"],
        name=raw["name"],
        kind=raw["kind"],
        status=Status(raw["status"]),
        numbers=numbers(raw),
        chat=raw.get("chat", ""),
        hours=raw.get("hours", NOT_STATED),
        languages=tuple(raw.get("languages", ())),
        interpreters=raw.get("interpreters", ""),
        age_from=ages.get("from"),
        age_to=ages.get("to"),
        ages_note=ages.get("note", ""),
        serves=raw["serves"],
        needs=tuple(raw.get("needs", ())),
        topics=tuple(raw.get("topics", ())),
        state=raw.get("state", ""),
        counties=tuple(raw.get("counties", ())),
        region=raw.get("region", ""),
        address=raw.get("address", ""),
        accepts=raw.get("accepts", NOT_STATED),
        note=raw.get("note", ""),
        source=raw["source"],
        confidence=raw["confidence"],
        checked_on=raw["checked_on"],
        checked_by=raw["checked_by"],
        review_by=raw["review_by"],
        closed_on=raw.get("closed_on"),
        pointed_to=raw.get("pointed_to", ""),
        former_numbers=tuple(raw.get("former_numbers", ())),
        rows=tuple(raw.get("rows", ())),
        file=file,
    )
