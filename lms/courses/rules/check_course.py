"""Check course.toml: shape, ids, objectives, days, hours, people."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from lms.courses.rules.minutes import credit_quarters
from lms.courses.rules.problem import Problem, error, place, warning
from lms.courses.rules.shape import compare, day, name_of, table, tables, text, texts, whole
from lms.courses.rules.shapes import COURSE, FORMAT

# Says why a title or a name can't be printed on a certificate, or None when it can; asked as
# printable("title", text) and printable("name", text).
Printable = Callable[[str, str], str | None]

ITEMS_PER_OBJECTIVE = 2
BANK_PER_DRAWN = Decimal("1.5")
YEARS_AFTER_REVIEW = 3
NO_KEYS = frozenset({"due"})
"""Words that stand for another page where a course would stand in the address."""

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_HOURS = re.compile(r"\d{1,3}(?:\.\d{1,2})?", re.ASCII)
_KIND = "Use small letters a to z, digits and single hyphens between them."


def good_id(given: str) -> bool:
    """Say whether an id is kebab-case, so that it can stand in an address."""
    return _ID.fullmatch(given) is not None


def ids(found: Iterable[Mapping[str, Any]], noun: str, where: str) -> Iterator[Problem]:
    """Yield a problem for every id that is not kebab-case or stands twice."""
    seen: set[str] = set()
    for number, one in enumerate(found, start=1):
        own = text(one, "id")
        here = place(where, name_of(one, number, noun), "id")
        if own and not good_id(own):
            yield error("C06", here, f"{own[:60]!r} can't be an id. {_KIND}")
        if own in seen and own:
            yield error("C06", here, f"Another {noun} has the id {own!r}. Give each its own.")
        seen.add(own)


def own_id(own: str, noun: str, where: str, taken: set[str]) -> Iterator[Problem]:
    """Yield a problem when the id of a check or a case is none, or stands before on the page.

    `taken` are the ids before it; its own is added.
    """
    if own and not good_id(own):
        yield error("C06", where, f"{own[:60]!r} can't be an id. Write it like a-word.")
    if own in taken:
        yield error("C06", where, f"Another {noun} of this lesson has the id {own!r}.")
    taken.add(own)


def check_format(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield a problem when a file is of another format than the one we read."""
    given = whole(raw, "format")
    if given is not None and given != FORMAT:
        yield error(
            "C05",
            place(where, "format"),
            f"This is format {given}; we read format {FORMAT}. Write format = {FORMAT}.",
        )


def check_key(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Yield a problem when the key can't stand in an address."""
    key = text(raw, "key")
    if key and not good_id(key):
        yield error("C06", place(where, "key"), f"{key[:80]!r} can't be a key. {_KIND}")
    if key in NO_KEYS:
        said = f"{key!r} is a page of its own below /courses. Name the course otherwise."
        yield error("C06", place(where, "key"), said)


def _all_ids(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for key, noun in (
        ("objectives", "objective"),
        ("lessons", "lesson"),
        ("references", "reference"),
    ):
        yield from ids(tables(raw, key), noun, where)


def _lessons(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    objectives = {text(one, "id") for one in tables(raw, "objectives")}
    files: set[str] = set()
    for number, lesson in enumerate(tables(raw, "lessons"), start=1):
        here = place(where, name_of(lesson, number, "lesson"))
        for one in texts(lesson, "objectives"):
            if one not in objectives:
                yield error(
                    "C07",
                    place(here, "objectives"),
                    f"There is no objective {one!r}. Write the id of one, or add it.",
                )
        file = text(lesson, "file")
        if file in files:
            yield error("C06", place(here, "file"), f"Another lesson has the file {file!r}.")
        files.add(file)


def _objectives(
    raw: Mapping[str, Any], items: Iterable[Mapping[str, Any]], where: str
) -> Iterator[Problem]:
    taught = {one for lesson in tables(raw, "lessons") for one in texts(lesson, "objectives")}
    asked = [text(item, "objective") for item in items]
    for number, objective in enumerate(tables(raw, "objectives"), start=1):
        own, here = text(objective, "id"), place(where, name_of(objective, number, "objective"))
        if own not in taught:
            yield error(
                "C08",
                here,
                "No lesson teaches this. Name it under objectives of the lesson that does.",
            )
        if asked.count(own) < ITEMS_PER_OBJECTIVE:
            yield error(
                "C09",
                here,
                f"{asked.count(own)} item(s) of the quiz ask for this. Write "
                f"{ITEMS_PER_OBJECTIVE} at least.",
            )
        verb = text(objective, "verb").casefold()
        if verb and not text(objective, "text").casefold().startswith(verb):
            yield error("C08", here, f"The text does not begin with its verb, {verb!r}. Let it.")


def _years_after(day_: date, years: int) -> date:
    try:
        return day_.replace(year=day_.year + years)
    except ValueError:  # February 29
        return day_.replace(year=day_.year + years, day=28)


def _days(raw: Mapping[str, Any], today: date, where: str) -> Iterator[Problem]:
    names = ("released_on", "reviewed_on", "review_by_on", "expires_on")
    released, reviewed, review_by, expires = (day(raw, name) for name in names)
    if released and expires and expires <= released:
        yield error("C16", place(where, "expires_on"), "It expires before it's released. Mend it.")
    if reviewed and review_by and review_by <= reviewed:
        yield error(
            "C16",
            place(where, "review_by_on"),
            "The next review is not after the last one, reviewed_on. Mend one of the two.",
        )
    if reviewed and expires and expires > (last := _years_after(reviewed, YEARS_AFTER_REVIEW)):
        yield error(
            "C16",
            place(where, "expires_on"),
            f"It expires more than {YEARS_AFTER_REVIEW} years after its review. Write "
            f"{last.isoformat()} at the latest, or review it again.",
        )
    if review_by and review_by < today:
        yield warning(
            "C18",
            place(where, "review_by_on"),
            f"The course was to be reviewed by {review_by.isoformat()}. Review it, then set "
            "reviewed_on and review_by_on anew.",
        )
    for number, reference in enumerate(tables(raw, "references"), start=1):
        if (until := day(reference, "review_by")) and until < today:
            yield warning(
                "C18",
                place(where, name_of(reference, number, "reference"), "review_by"),
                f"This source was to be looked at again by {until.isoformat()}. Look whether it "
                "still says so, then set a later day.",
            )


def _hours(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    here = place(where, "ce_hours")
    given = text(raw, "ce_hours")
    if not given:
        return
    # Looked at as text first: a Decimal may be written in ten letters and fill all memory.
    quarters = Decimal(given) * 4 if _HOURS.fullmatch(given) else Decimal(0)
    if quarters != int(quarters) or quarters < 1:
        yield error(
            "C15", here, f'{given!r} is not a step of 0.25. Write for example ce_hours = "0.75".'
        )
        return
    minutes = whole(raw, "minutes")
    if minutes is not None and quarters > (most := credit_quarters(minutes)):
        yield error(
            "C15",
            here,
            f"{minutes} minutes are worth {Decimal(most) / 4} hours at most (60 minutes are 1 "
            f"hour, to the nearest quarter), not {given}. Lower it.",
        )


def _printed(raw: Mapping[str, Any], printable: Printable, where: str) -> Iterator[Problem]:
    title = text(raw, "title")
    if title.strip() and (why := printable("title", title)):
        yield error("C26", place(where, "title"), why)
    for number, person in enumerate(tables(raw, "people"), start=1):
        name = text(person, "name")
        if name.strip() and (why := printable("name", name)):
            yield error("C26", place(where, name_of(person, number, "person"), "name"), why)


def _addresses(raw: Mapping[str, Any], where: str) -> Iterator[Problem]:
    for number, reference in enumerate(tables(raw, "references"), start=1):
        url = text(reference, "url")
        if url and not re.fullmatch(r"https?://[^\s<>\"]+", url):
            yield error(
                "C24",
                place(where, name_of(reference, number, "reference"), "url"),
                f"{url[:60]!r} is not an address. Write it with https:// or leave url out.",
            )


def check_course(
    raw: Mapping[str, Any],
    items: list[dict[str, Any]],
    *,
    today: date,
    printable: Printable | None,
    where: str,
) -> Iterator[Problem]:
    """Yield every problem of course.toml; `items` are those of the quiz."""
    yield from compare(raw, COURSE, where)
    yield from check_format(raw, where)
    yield from check_key(raw, where)
    yield from _all_ids(raw, where)
    yield from _lessons(raw, where)
    yield from _objectives(raw, items, where)
    yield from _days(raw, today, where)
    yield from _hours(raw, where)
    yield from _addresses(raw, where)
    yield from _policy(raw, items, where)
    if printable is not None:
        yield from _printed(raw, printable, where)


def _policy(raw: Mapping[str, Any], items: list[dict[str, Any]], where: str) -> Iterator[Problem]:
    quiz = table(raw, "quiz")
    here = place(where, "quiz")
    draw, pass_correct = whole(quiz, "draw"), whole(quiz, "pass_correct")
    if draw is None:
        return
    if pass_correct is not None and pass_correct > draw:
        yield error(
            "C10",
            place(here, "pass_correct"),
            f"{pass_correct} can't be right when {draw} are drawn. Lower it.",
        )
    least = int((draw * BANK_PER_DRAWN).to_integral_value(rounding="ROUND_CEILING"))
    if len(items) < least:
        yield error(
            "C10",
            place(here, "draw"),
            f"The bank has {len(items)} items; a quiz that draws {draw} needs {least}, one and a "
            "half times as many. Write more items or draw fewer.",
        )
