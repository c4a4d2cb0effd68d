"""Keep what people say about themselves, and names that certificates can print."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lms import access, audit
from lms.access import Actor, Permission
from lms.db import db, whole
from lms.errors import Refused
from lms.people import queries, rules
from lms.people.models import Person, Profession

Printable = Callable[[str, str | None], str]
"""Return a name, given its locale, cleaned as a certificate prints it; raise ValueError with a
sentence when it can't be printed."""


class Unprintable(Refused):
    """A name that no certificate could print right (case 8)."""


class NotAName(Refused):
    """A name that is empty or too long."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a person says about themselves."""

    name: str
    certificate_name: str
    name_locale: str | None
    profession: Profession
    licence_state: str | None
    zone: str | None


def as_typed(name: str, _locale: str | None = None) -> str:
    """Return a name tidied; the Printable of an installation without fonts."""
    return rules.tidy(name)


def kept_name(text: str) -> str:
    """Return a name as it's kept; raise NotAName when it's empty or too long."""
    name = rules.tidy(text)
    if not name:
        raise NotAName("Give a name.")
    if len(name) > rules.NAME_MOST:
        raise NotAName(
            f"This name has {len(name)} characters; at most {rules.NAME_MOST} can be kept."
        )
    return name


def printed_name(text: str, locale: str | None, printable: Printable) -> str:
    """Return a name as certificates print it; raise NotAName or Unprintable."""
    kept_name(text)
    try:
        name = printable(text, locale)
    except ValueError as problem:
        raise Unprintable(str(problem)) from problem
    if len(name) > rules.NAME_MOST:
        raise Unprintable(f"At most {rules.NAME_MOST} characters can be printed. Shorten it.")
    return name


def kept_state(state: str | None) -> str | None:
    """Return the state of a license, or None; raise Refused for one nobody knows."""
    if state and state not in rules.STATES:
        raise Refused(f"{state} is not a state we know. Use two letters, like CA.")
    return state or None


def kept_zone(zone: str | None) -> str | None:
    """Return a time zone, or None; raise Refused for one nobody knows."""
    if zone and zone not in rules.zones():
        raise Refused(f"There is no time zone {zone}.")
    return zone or None


def kept_locale(locale: str | None) -> str | None:
    """Return the forms of writing, or None; raise Refused for unknown ones."""
    if locale and locale not in rules.LOCALES:
        raise Refused("Choose one of the forms of writing in the list.")
    return locale or None


@whole
def keep_profile(*, actor: Actor, profile: Profile, printable: Printable, at: datetime) -> Person:
    """Keep what a person says about themselves.

    The name on certificates is taken only if it can be printed, by the code that will print it
    (case 8). Certificates issued before do not change (case 6). Raises NotAName, Unprintable,
    Refused, NotAllowed.
    """
    access.require(actor, Permission.KEEP_PROFILE)
    person = queries.person(actor.person_id)
    locale = kept_locale(profile.name_locale)
    kept = {
        "name": kept_name(profile.name),
        "certificate_name": printed_name(profile.certificate_name, locale, printable),
        "name_locale": locale,
        "profession": Profession(profile.profession),
        "licence_state": kept_state(profile.licence_state),
        "zone": kept_zone(profile.zone),
    }
    changed = sorted(field for field, value in kept.items() if getattr(person, field) != value)
    for field in changed:
        setattr(person, field, kept[field])
    if changed:
        db.session.flush()
        audit.record(
            actor=actor, at=at, action="profile.changed", thing=f"person:{person.id}",
            fields=changed,
        )  # fmt: skip
    return person
