"""The trail in plain words: a sentence for each action, with what it names as links. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

# What stands in braces is taken from the entry: {thing}, or a name of its detail. What stands in
# brackets is left out when a name in it says nothing.
SENTENCES: Final[Mapping[str, str]] = {
    "assignment.closed": "closed {thing}",
    "assignment.created": "assigned {what} to {department}[, due {due_on}]: {thing}",
    "audit.exported": "exported the audit trail as {format}[, narrowed to {filters}]",
    "certificate.issued": "was issued {thing} for {course}, {quarters}",
    "certificate.revoked": "revoked {thing}",
    "certificate.superseded": "replaced {thing} by {by}",
    "course.begun": "started {course}[, version {version}][, round {cycle}]",
    "course.published": "published {thing} as version {number}[ ({change} change)]",
    "course.retired": "retired {thing}",
    "credit.claimed": "claimed {quarters}[, printed on {serial}]",
    "department.added": "added the department {thing}[ below {parent_id}]",
    "department.changed": "changed the name or place of the department {thing}",
    "department.reopened": "reopened the department {thing}",
    "department.retired": "retired the department {thing}",
    "exemption.granted": "exempted {person} from {thing}",
    "organisation.changed": "changed {thing}[: {fields}]",
    "password.changed": "changed their password",
    "password.reset": "set a new password by a mailed link",
    "password.reset-asked": "asked for a link to set a new password",
    "person.added": "added {thing}[ to {department_id}]",
    "person.address-changed": "changed the e-mail address of {thing}",
    "person.deactivated": "closed the account of {thing}",
    "person.invited": "invited {thing}",
    "person.moved": "moved {thing}[ from {before}][ to {after}]",
    "person.reactivated": "opened the account of {thing} again",
    "profile.changed": "changed the profile of {thing}[: {fields}]",
    "passkey.named": "renamed a passkey of {thing}",
    "person.address-added": "added a further e-mail address for {thing}",
    "person.address-ended": "ended a further e-mail address of {thing}",
    "protocol-card.kept": "kept {thing} as version {number}[: {fields}]",
    "protocol-card.withdrawn": "withdrew {thing}",
    "recovery-code.used": "signed in with a recovery code[, {left} are left]",
    "recovery-codes.made": "made new recovery codes for {thing}",
    "reminder.queued": "queued {mails} reminders for {thing}",
    "report.exported": "took the {report} of {thing} as {format}[, {rows} rows]",
    "role.granted": "gave {thing} the role of {role}[ for {department_id}]",
    "role.revoked": "took from {thing} the role of {role}[ for {department_id}]",
    "roster.imported": "imported the roster {file}[: {counts}]",
    "second-factor.added": "added a second factor, {kind}, to the account of {thing}",
    "second-factor.removed": "removed a second factor, {kind}, from the account of {thing}",
    "second-factor.reset": "took all second factors from the account of {thing}",
    "security-rules.changed": "changed the rules of signing in[: asked of {factor_roles}]",
    "series.published": "published {thing} as version {number}",
    "sign-in.begun": "signed in[, {factors} of 2 factors given]",
    "sign-in.ended": "ended {sign_ins} sign-ins of {thing}",
    "sign-in.refused": "refused a sign-in as {thing}",
    "signing_key.adopted": "took over {thing}",
    "signing_key.made": "made {thing}",
    "signing_key.renewed": "made {thing} in place of the former one",
    "signing_key.resealed": "sealed {keys} signing keys anew",
    "time.extended": "gave {thing} {percent} more time in timed quizzes[ of {course}]",
}

_NAMES_A: Final[Mapping[str, str]] = {
    "after": "department",
    "before": "department",
    "by": "certificate",
    "course": "course",
    "department": "department",
    "department_id": "department",
    "parent_id": "department",
    "person": "person",
    "person_id": "person",
    "serial": "certificate",
    "what": "course",
}
"""Which kind of thing a name in the detail points to."""

_PAGES: Final[Mapping[str, str]] = {
    "assignment": "/assignments/{}",
    "audit": "/audit",
    "certificate": "/certificates/{}",
    "course": "/courses/{}",
    "department": "/people/departments/{}",
    "organisation": "/organisation",
    "person": "/people/{}",
    "protocol_card": "/places/{}/protocol-card",
    "roster": "/people/import/{}",
    "series": "/series/{}",
}
_WORDS: Final[Mapping[str, str]] = {
    "assignment": "assignment {}",
    "audit": "the audit trail",
    "certificate": "certificate {}",
    "department": "department {}",
    "organisation": "the organization’s data",
    "person": "person {}",
    "assignments": "assignments {}",
    "protocol_card": "the protocol card of department {}",
    "roster": "roster {}",
    "signing_key": "the signing key {}",
    "stranger": "somebody who is not known here",
}
_PART: Final = re.compile(r"\[([^\]]*)\]|\{(\w+)\}|([^\[{]+)")


@dataclass(frozen=True, kw_only=True)
class Names:
    """What people, departments, courses and series are called, by `<kind>:<identifier>`."""

    called: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """A piece of a sentence, and the page it leads to, if any."""

    text: str
    url: str | None = None


def is_known(action: str) -> bool:
    """Say whether an action has a sentence of its own."""
    return action in SENTENCES


def things_in(thing: str, detail: Mapping[str, Any]) -> Iterator[str]:
    """Yield what an entry names, each as `<kind>:<identifier>`, so that names can be looked up."""
    yield thing
    for name, value in detail.items():
        kind = _NAMES_A.get(name)
        if kind is not None and isinstance(value, int | str):
            yield f"{kind}:{value}"


def _named(thing: str, names: Names) -> Part:
    """Return a thing as people call it, with its page."""
    kind, _, identifier = thing.partition(":")
    if kind == "course" and thing not in names.called and f"series:{identifier}" in names.called:
        kind, thing = "series", f"series:{identifier}"
    text = names.called.get(thing) or _WORDS.get(kind, "{}").format(identifier)
    page = _PAGES.get(kind)
    return Part(text, page.format(identifier) if page else None)


def _shown(name: str, value: Any, names: Names) -> Part | None:
    if value is None or value in ("", [], {}):
        return None
    if (kind := _NAMES_A.get(name)) is not None and isinstance(value, int | str):
        return _named(f"{kind}:{value}", names)
    if name == "quarters" and isinstance(value, int):
        return Part(f"{value // 4}.{value % 4 * 25:02d} hours")
    if name == "percent":
        return Part(f"{value} %")
    return Part(plain(value))


def plain(value: Any) -> str:
    """Return a value of a detail as people write it: lists with commas, days in full."""
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(one)}" for name, one in sorted(value.items()))
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return value
        return f"{day:%B} {day.day}, {day.year}"
    return str(value).replace("_", " ")


def _parts(template: str, thing: str, detail: Mapping[str, Any], names: Names) -> list[Part] | None:
    """Return a template with its names filled in; None when one of them says nothing."""
    parts: list[Part] = []
    for optional, name, text in _PART.findall(template):
        if optional:
            parts += _parts(optional, thing, detail, names) or []
        elif name:
            shown = _named(thing, names) if name == "thing" else _shown(
                name, detail.get(name), names
            )
            if shown is None:
                return None
            parts.append(shown)
        else:
            parts.append(Part(text))
    return parts


def sentence(action: str, thing: str, detail: Mapping[str, Any], names: Names) -> tuple[Part, ...]:
    """Return what was done, to follow the name of who did it.

    An action without a sentence, and an entry that lacks what its sentence names, are told in the
    raw form: action, thing, detail.
    """
    template = SENTENCES.get(action)
    parts = _parts(template, thing, detail, names) if template else None
    if parts is None:
        rest = {name: value for name, value in detail.items() if name != "reason"}
        told = f": {json.dumps(rest, ensure_ascii=False, sort_keys=True)}" if rest else ""
        return (Part(f"{action} "), _named(thing, names), Part(told))
    return tuple(parts)


def in_words(parts: tuple[Part, ...]) -> str:
    """Return a sentence without its links."""
    return "".join(part.text for part in parts)
