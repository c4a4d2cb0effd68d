"""Shapes of TOML tables: which keys, which kinds of values; every difference is a problem."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from lms.courses.rules.problem import Problem, error, place

LINE_MOST = 1000
TEXT_MOST = 5000


@dataclass(frozen=True)
class Text:
    """A text; `lines` says whether it may have more than one line."""

    least: int = 1
    most: int = LINE_MOST
    lines: bool = False


@dataclass(frozen=True)
class OneOf:
    """A text out of a list."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    least: int
    most: int


@dataclass(frozen=True)
class Flag:
    """True or false."""


@dataclass(frozen=True)
class Day:
    """A calendar day."""


@dataclass(frozen=True)
class ListOf:
    """A list of texts."""

    item: "Text | OneOf"
    least: int = 0
    most: int = 50


@dataclass(frozen=True)
class Table:
    """A table: keys that must be there, and keys that may."""

    must: "Mapping[str, Shape]"
    may: "Mapping[str, Shape]" = field(default_factory=dict)


@dataclass(frozen=True)
class Tables:
    """A list of tables; `noun` is what problems call one of them."""

    item: Table
    noun: str
    least: int = 0
    most: int = 500


Shape = Text | OneOf | Whole | Flag | Day | ListOf | Table | Tables


def _kind(value: object) -> str:
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "a text"),
        (int, "a whole number"),
        (float, "a number with a point"),
        ((date, datetime), "a day"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "something else")


def _wrong(where: str, wanted: str, value: object) -> Problem:
    return error("C04", where, f"Here stands {_kind(value)}. Write {wanted}.")


def _text(value: object, shape: Text, where: str) -> Iterator[Problem]:
    if not isinstance(value, str):
        yield _wrong(where, 'a text in quotation marks, "like this"', value)
        return
    length = len(value.strip())
    if length < shape.least:
        yield error("C04", where, "This is empty. Write the text.")
    if length > shape.most:
        yield error(
            "C04", where, f"This has {length} characters. Shorten it to {shape.most} at most."
        )
    if not shape.lines and "\n" in value.strip():
        yield error("C04", where, "This has more than one line. Write it on one line.")


def _one_of(value: object, shape: OneOf, where: str) -> Iterator[Problem]:
    if value not in shape.values:
        allowed = ", ".join(f'"{one}"' for one in shape.values)
        yield error("C04", where, f"{str(value)[:60]!r} is not known here. Write one of {allowed}.")


def _whole(value: object, shape: Whole, where: str) -> Iterator[Problem]:
    wanted = f"a whole number from {shape.least} to {shape.most}"
    if isinstance(value, bool) or not isinstance(value, int):
        yield _wrong(where, wanted, value)
    elif not shape.least <= value <= shape.most:
        yield error("C04", where, f"{str(value)[:30]} is out of range. Write {wanted}.")


def _flag(value: object, where: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield _wrong(where, "true or false, without quotation marks", value)


def _day(value: object, where: str) -> Iterator[Problem]:
    if isinstance(value, datetime) or not isinstance(value, date):
        yield _wrong(where, "a day like 2026-09-01, without quotation marks", value)


def _list(value: object, shape: ListOf, where: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield _wrong(where, "a list in square brackets", value)
        return
    if not shape.least <= len(value) <= shape.most:
        text = f"The list has {len(value)} entries. Give it {shape.least} to {shape.most}."
        yield error("C04", where, text)
    for number, one in enumerate(value, start=1):
        yield from compare(one, shape.item, place(where, f"entry {number}"))
    texts = [one for one in value if isinstance(one, str)]
    for twice in sorted({one for one in texts if texts.count(one) > 1}):
        yield error("C06", where, f"{twice!r} stands in the list twice. Take one out.")


def _table(value: object, shape: Table, where: str) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield _wrong(where, "a table", value)
        return
    known = [*shape.must, *shape.may]
    for key in value:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            yield error("C03", place(where, key[:60]), f"There is no such key. {hint}")
    for key, one in shape.must.items():
        if key not in value:
            yield error("C04", where, f"The key {key} is missing. Add it.")
        else:
            yield from compare(value[key], one, place(where, key))
    for key, one in shape.may.items():
        if key in value:
            yield from compare(value[key], one, place(where, key))


def name_of(table: Mapping[str, Any], number: int, noun: str) -> str:
    """Return how problems call one of many tables: by its id, else by its number."""
    own = table.get("id") or table.get("name")
    return f"{noun} {own[:60]}" if isinstance(own, str) and own else f"{noun} number {number}"


def _tables(value: object, shape: Tables, where: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield _wrong(where, f"tables, each under its own [[{shape.noun}s]]", value)
        return
    if not shape.least <= len(value) <= shape.most:
        text = f"There are {len(value)} of them. Give {shape.least} to {shape.most}."
        yield error("C04", where, text)
    outer = where.rpartition(" › ")[0] or where
    for number, one in enumerate(value, start=1):
        named = name_of(one, number, shape.noun) if isinstance(one, dict) else f"entry {number}"
        yield from _table(one, shape.item, place(outer, named))


def compare(value: object, shape: Shape, where: str) -> Iterator[Problem]:
    """Yield a problem for every difference between a value and its shape."""
    if isinstance(shape, Flag):
        return _flag(value, where)
    if isinstance(shape, Day):
        return _day(value, where)
    return _COMPARERS[type(shape)](value, shape, where)


_COMPARERS: "dict[type, Callable[..., Iterator[Problem]]]" = {
    Text: _text,
    OneOf: _one_of,
    Whole: _whole,
    ListOf: _list,
    Table: _table,
    Tables: _tables,
}


def tables(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the tables under a key that are tables, whatever else stands there."""
    value = raw.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def table(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the table under a key, empty when there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def text(raw: Mapping[str, Any], key: str) -> str:
    """Return the text under a key, "" when there is none."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def texts(raw: Mapping[str, Any], key: str) -> list[str]:
    """Return the texts in the list under a key."""
    value = raw.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def whole(raw: Mapping[str, Any], key: str) -> int | None:
    """Return the whole number under a key, or None."""
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def day(raw: Mapping[str, Any], key: str) -> date | None:
    """Return the calendar day under a key, or None."""
    value = raw.get(key)
    return value if isinstance(value, date) and not isinstance(value, datetime) else None
