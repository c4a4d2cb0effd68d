"""What is wrong with the files of the directory: every problem with its place, and what to do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lms.courses.rules.directory import (
    AGE_MOST,
    CHECK_LASTS,
    CONFIDENCE,
    FIRST,
    FORMAT,
    KINDS,
    NEEDS,
    SHELTERS,
    TOPICS,
    Directory,
    Entry,
    Status,
    entry,
)
from lms.courses.rules.first_lines import LINES
from lms.courses.rules.folder import Folder, ending
from lms.courses.rules.problem import Problem, error, errors, place, warning
from lms.courses.rules.shape import (
    Day,
    ListOf,
    OneOf,
    Table,
    Tables,
    Text,
    Whole,
    compare,
    name_of,
    tables,
)
from lms.courses.rules.states import STATES

_NUMBER: Final = Table(
    {"label": Text(most=60), "number": Text(most=60)}, {"tel": Text(most=20), "sms": Text(most=20)}
)
_AGES: Final = Table(
    {}, {"from": Whole(0, AGE_MOST), "to": Whole(0, AGE_MOST), "note": Text(most=200)}
)
_SERVICE: Final = Table(
    {
        "id": Text(most=80),
        "name": Text(most=160),
        "kind": OneOf(tuple(KINDS)),
        "status": OneOf(tuple(Status)),
        "serves": Text(most=400),
        "source": Text(most=400),
        "confidence": OneOf(CONFIDENCE),
        "checked_on": Day(),
        "checked_by": Text(most=120),
        "review_by": Day(),
    },
    {
        "numbers": Tables(_NUMBER, "number", most=8),
        "chat": Text(most=200),
        "hours": Text(most=200),
        "languages": ListOf(Text(most=40)),
        "interpreters": Text(most=120),
        "ages": _AGES,
        "needs": ListOf(OneOf(NEEDS)),
        "topics": ListOf(OneOf(TOPICS)),
        "state": OneOf(tuple(STATES)),
        "counties": ListOf(Text(most=60)),
        "region": Text(most=80),
        "address": Text(most=300),
        "accepts": Text(most=200),
        "note": Text(most=600),
        "closed_on": Day(),
        "pointed_to": Text(most=80),
        "former_numbers": ListOf(Text(most=20)),
        "rows": ListOf(Text(most=10)),
    },
)
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LETTERS: Final = {
    letter: digit
    for digit, letters in zip(
        "23456789", ("ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"), strict=True
    )
    for letter in letters
}


def digits(number: str) -> str:
    """Return the digits that one presses for a number, letters of words among them."""
    pressed = "".join(_LETTERS.get(one, one) for one in number.upper())
    return "".join(one for one in pressed if one.isascii() and one.isdigit())


def _bare(number: str) -> str:
    """Return the ten digits of a number of this country, or its few digits."""
    pressed = digits(number)
    return pressed[1:] if len(pressed) == 11 and pressed.startswith("1") else pressed


def _of_numbers(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for one in tables(raw, "numbers"):
        here = place(where, f"number {str(one.get('number', ''))[:40]}")
        tel, sms, shown = one.get("tel", ""), one.get("sms", ""), str(one.get("number", ""))
        if tel and sms:
            yield error("D02", here, "It has both tel and sms. Give each a number of its own.")
        link = str(tel or sms)
        if not link:
            continue
        if not re.fullmatch(r"\+1[0-9]{10}|[0-9]{3,6}", link, re.ASCII):
            text = "Write what a telephone takes: +1 and ten digits, or a short number."
            yield error("D02", here, text)
        elif _bare(link) != _bare(shown):
            yield error("D02", here, f"What is read and what is called differ: {shown} and {link}.")


def _of_status(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    status = raw.get("status")
    if status == Status.CLOSED:
        if raw.get("numbers") or raw.get("address"):
            text = "A closed service has no number and no address, so that nobody is sent there."
            yield error("D03", where, f"{text} Move numbers to former_numbers, as digits.")
        if not raw.get("closed_on"):
            yield error("D03", where, "Say when it closed: closed_on.")
    else:
        if raw.get("closed_on"):
            yield error("D03", where, 'It has closed_on. Set status = "closed", or take it out.')
        if not (raw.get("numbers") or raw.get("chat") or raw.get("accepts")):
            yield error("D03", where, "Give a number, or say in accepts how one gets there.")
    if status in {Status.VERIFY, Status.NOT_FOR_PATIENTS} and not raw.get("note"):
        yield error("D03", where, "Say in a note what readers must know of this status.")


def _of_place(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    if raw.get("counties") and not raw.get("state"):
        yield error("D07", where, "Name the state of these counties.")
    if raw.get("kind") in SHELTERS and raw.get("address"):
        yield error("D04", where, "The address of a shelter is never shown. Take it out.")
    ages = raw.get("ages")
    low, high = (ages.get("from"), ages.get("to")) if isinstance(ages, dict) else (None, None)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield error("D06", where, "The ages begin after they end. Turn them round.")


def _of_days(raw: Mapping[str, Any], where: str, *, today: date) -> Iterator[Problem]:
    checked, review = raw.get("checked_on"), raw.get("review_by")
    if not (type(checked) is date and type(review) is date):
        return
    if raw.get("status") == Status.CLOSED:
        return
    if not timedelta(0) < review - checked <= CHECK_LASTS:
        text = "Numbers are checked at least every six months: set review_by to a day at most "
        yield error("D05", where, f"{text}{CHECK_LASTS.days} days after checked_on.")
    elif today > review:
        text = f"It was to be checked by {review}. Telephone, then set checked_on and review_by."
        yield warning("D09", where, text)


def _of_one(raw: Mapping[str, Any], where: str, *, today: date) -> Iterator[Problem]:
    found = list(compare(raw, _SERVICE, where))
    yield from found
    if found:
        return  # what follows takes the shape for granted
    if not _ID.fullmatch(raw["id"]):
        yield error("D01", where, "An id has small letters, digits and single hyphens.")
    for number in raw.get("former_numbers", ()):
        if not re.fullmatch(r"[0-9]{10}", number, re.ASCII):
            yield error("D02", where, f"{number!r} is not ten digits. Write it like 5105550123.")
    yield from _of_numbers(raw, where)
    yield from _of_status(raw, where)
    yield from _of_place(raw, where)
    yield from _of_days(raw, where, today=today)


def _of_file(folder: Folder, path: str) -> Iterator[Problem]:
    """Look at what stands around the services of a file; a slip of syntax is told elsewhere."""
    where, raw = f"{folder.name}/{path}", folder.table(path)
    if not raw and any(slip.place == where for slip in folder.slips()):
        return
    for key in sorted(set(raw) - {"format", "services"}):
        text = "There is no such key. Known are format and services."
        yield error("C03", place(where, key[:60]), text)
    if raw.get("format") != FORMAT or isinstance(raw.get("format"), bool):
        yield error("C05", where, f"Write format = {FORMAT} at the top; no other is known here.")
    services = raw.get("services")
    if not isinstance(services, list) or not services or tables(raw, "services") != services:
        yield error("C04", where, "Give services, each under its own [[services]].")


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is in the folders: the directory of all that is sound, and every problem."""

    directory: Directory
    problems: tuple[Problem, ...]
    files: int


def _entries(folder: Folder, *, today: date) -> Iterator[tuple[Entry | None, list[Problem]]]:
    for path in sorted(folder.texts):
        if ending(path) != "toml" or "/" in path:
            continue
        yield None, list(_of_file(folder, path))
        for number, raw in enumerate(tables(folder.table(path), "services"), start=1):
            where = place(f"{folder.name}/{path}", name_of(raw, number, "service"))
            problems = list(_of_one(raw, where, today=today))
            is_sound = not errors(problems)
            yield (entry(raw, file=f"{folder.name}/{path}") if is_sound else None), problems


def _former(entries: Iterable[Entry]) -> dict[str, str]:
    return {number: one.name for one in entries for number in one.former_numbers}


def check_directory(folders: Iterable[Folder], *, today: date, is_whole: bool = True) -> Found:
    """Look at all entries of these folders, ours first.

    An entry of a later folder takes the place of ours with the same id, so that an institution
    may say what it found out by telephone; the lines that come first on every page stay ours.
    An unsound entry is left out and named. `is_whole` asks for those first lines.
    """
    problems: list[Problem] = []
    kept: dict[str, Entry] = {}
    files = 0
    for folder in folders:
        problems += [*folder.problems, *folder.slips()]
        files += sum(ending(path) == "toml" and "/" not in path for path in folder.files)
        here: dict[str, Entry] = {}
        for one, found in _entries(folder, today=today):
            problems += found
            if one is not None and (unfit := _unfit(one, here, kept)) is not None:
                problems.append(unfit)
            elif one is not None:
                here[one.id] = one
        kept |= here
    if is_whole:
        problems += _first_lines(kept)
    return Found(
        directory=_sorted_out(kept, problems), problems=tuple(sorted(problems)), files=files
    )


def _unfit(one: Entry, here: Mapping[str, Entry], before: Mapping[str, Entry]) -> Problem | None:
    where = place(one.file, f"service {one.id}")
    if one.id in here:
        return error("D01", where, "This id stands here twice. Rename one.")
    if one.id in before and one.id in FIRST:
        text = "This line comes first on every page and is kept by the product. Take it out."
        return error("D08", where, text)
    return None


def _first_lines(kept: dict[str, Entry]) -> Iterator[Problem]:
    """Put a short form where one of the first lines is missing, and name it."""
    for first in FIRST:
        if first not in kept or kept[first].status is not Status.LISTED or not kept[first].call:
            kept[first] = LINES[first]
            text = f"The line {first} must be listed with a number. A short form stands in for it."
            yield error("D08", "courses/directory", text)


def _closed(kept: Mapping[str, Entry], problems: list[Problem]) -> Iterator[Entry]:
    """Yield the closed, without those that give a line of every page as their former number."""
    lasting = frozenset(
        _bare(number.number) for first in FIRST if first in kept for number in kept[first].numbers
    )
    for one in kept.values():
        if one.status is not Status.CLOSED:
            continue
        if taken := lasting.intersection(one.former_numbers):
            where = place(one.file, f"service {one.id}", "former_numbers")
            text = f"{min(taken)} is a line that comes first on every page. Take it out."
            problems.append(error("D08", where, text))
        else:
            yield one


def _sorted_out(kept: Mapping[str, Entry], problems: list[Problem]) -> Directory:
    """Divide the open from the closed; leave out whoever has a number of a service that closed."""
    closed = list(_closed(kept, problems))
    former, sound = _former(closed), []
    for one in kept.values():
        where = place(one.file, f"service {one.id}")
        gone = [former[_bare(number.number)] for number in one.numbers
                if not one.is_first and _bare(number.number) in former]  # fmt: skip
        if gone:
            text = f"This was a number of {gone[0]}, which closed. Take it out."
            problems.append(error("D10", where, text))
        elif one.status is not Status.CLOSED:
            sound.append(one)
    for one in closed:
        if one.pointed_to and one.pointed_to not in kept:
            where = place(one.file, f"service {one.id}", "pointed_to")
            problems.append(error("D11", where, f"There is no service {one.pointed_to!r}."))
    return Directory(entries=tuple(sound), closed=tuple(closed))
