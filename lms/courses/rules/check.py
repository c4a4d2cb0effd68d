"""Check a course folder: all problems of all files at once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from lms.courses.rules import minutes
from lms.courses.rules.check_bank import check_bank
from lms.courses.rules.check_course import Printable, check_course
from lms.courses.rules.check_files import check_media, check_present, check_strays
from lms.courses.rules.check_pages import (
    Course,
    Seen,
    anchors,
    check_item_texts,
    check_page,
    item_texts,
)
from lms.courses.rules.check_quiz import check_quiz
from lms.courses.rules.check_words import PLACEHOLDER, check_words
from lms.courses.rules.folder import COURSE_FILE, QUIZ_FILE, Folder
from lms.courses.rules.problem import Problem, error, place, warning
from lms.courses.rules.reading import grade, prose
from lms.courses.rules.shape import name_of, table, tables, text, texts, whole

__all__ = ["Checked", "Printable", "check", "check_together", "checked"]

# A lesson's own minutes may be off by this much before its author is told.
_LESSON_LEEWAY = 1
# Grade 8 is still grade 8 at 8.4.
_GRADE_LEEWAY = 0.49


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What looking at a folder found: its problems, and its minutes by both methods."""

    name: str
    key: str
    problems: tuple[Problem, ...]
    stated: int | None
    plain: Fraction
    mergener: Fraction


def _natural(problem: Problem) -> tuple[list[tuple[int, str]], str, str]:
    parts = re.split(r"(\d+)", problem.place)
    return (
        [(int(one), "") if one.isdigit() else (-1, one) for one in parts],
        problem.rule,
        str(problem),
    )


def _pages(raw: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return the paths of the pages that course.toml names, and where it names them."""
    found = {}
    for number, lesson in enumerate(tables(raw, "lessons"), start=1):
        if path := text(lesson, "file"):
            found[path] = place(where, name_of(lesson, number, "lesson"), "file")
    if path := text(table(raw, "takeaway"), "file"):
        found[path] = place(where, "takeaway", "file")
    if path := text(table(raw, "facilitator"), "file"):
        found[path] = place(where, "facilitator", "file")
    return found


def _load(raw: Mapping[str, Any], items: list[dict[str, Any]], seen: Seen) -> minutes.Load:
    difficulties = (whole(one, "difficulty") for one in items)
    return minutes.Load(
        words=seen.words,
        checks=seen.checks,
        figures=seen.figures,
        drawn=whole(table(raw, "quiz"), "draw") or 0,
        decisions=seen.decisions,
        exercise=sum(whole(one, "exercise_minutes") or 0 for one in tables(raw, "lessons")),
        mean_difficulty=minutes.mean(one for one in difficulties if one is not None),
    )


def _minutes(raw: Mapping[str, Any], load: minutes.Load, where: str) -> Iterator[Problem]:
    stated = whole(raw, "minutes")
    if stated is None:
        return
    parts = [whole(one, "minutes") for one in tables(raw, "lessons")]
    parts += [whole(table(raw, key), "minutes") for key in ("quiz", "takeaway")]
    together = sum(one for one in parts if one is not None)
    here = place(where, "minutes")
    if together != stated:
        yield error(
            "C14",
            here,
            f"Lessons, quiz and takeaway take {together} minutes together, and {stated} are "
            "stated. Make them equal.",
        )
    plain = minutes.plain_minutes(load)
    if not minutes.within(stated, plain):
        yield error(
            "C14",
            here,
            f"{stated} minutes are stated; plain reading gives {float(plain):.1f} (from "
            f"{float(plain * (1 - minutes.LEEWAY)):.1f} to "
            f"{float(plain * (1 + minutes.LEEWAY)):.1f} will do), the Mergener formula "
            f"{float(minutes.mergener_minutes(load)):.1f}. Change the minutes or the length.",
        )


def _lesson_minutes(lesson: Mapping[str, Any], seen: Seen, where: str) -> Iterator[Problem]:
    stated = whole(lesson, "minutes")
    load = minutes.Load(
        words=seen.words,
        checks=seen.checks,
        figures=seen.figures,
        drawn=0,
        decisions=seen.decisions,
        exercise=whole(lesson, "exercise_minutes") or 0,
    )
    plain = minutes.plain_minutes(load)
    if stated and not minutes.within(stated, plain) and abs(stated - plain) > _LESSON_LEEWAY:
        yield warning(
            "C14",
            place(where, "minutes"),
            f"{stated} minutes are stated for this lesson; plain reading gives {float(plain):.1f}.",
        )


class _Folder:
    """One look at a folder; the parts of it that several checks need are read once."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.raw = folder.table(COURSE_FILE)
        self.quiz = folder.table(QUIZ_FILE)
        self.items = tables(self.quiz, "items")
        self.course_at = f"{folder.name}/{COURSE_FILE}"
        self.quiz_at = f"{folder.name}/{QUIZ_FILE}"
        self.pages = _pages(self.raw, self.course_at)
        self.anchors = {
            text(lesson, "id"): set(anchors(folder.texts.get(text(lesson, "file"), "")))
            for lesson in tables(self.raw, "lessons")
        }
        self.seen = Seen()

    def toml_files(self, today: date, printable: Printable | None) -> Iterator[Problem]:
        if COURSE_FILE in self.folder.files and not self.folder.slips_of(COURSE_FILE):
            yield from check_course(
                self.raw, self.items, today=today, printable=printable, where=self.course_at
            )
            yield from check_words(self.raw, self.course_at)
        if QUIZ_FILE in self.folder.files and not self.folder.slips_of(QUIZ_FILE):
            yield from check_quiz(self.quiz, self.raw, self.anchors, self.quiz_at)
            yield from check_words(self.quiz, self.quiz_at)
            yield from check_item_texts(self.items, self.quiz_at)
            yield from check_bank(self.items, self.quiz_at)

    def texts(self) -> Iterator[Problem]:
        course = Course(
            anchors=self.anchors,
            references=frozenset(text(one, "id") for one in tables(self.raw, "references")),
            media=frozenset(self.folder.media),
        )
        lessons = {text(one, "file"): one for one in tables(self.raw, "lessons")}
        for path in self.pages:
            if path not in self.folder.texts:
                continue
            page, where = self.folder.texts[path], f"{self.folder.name}/{path}"
            seen = Seen()
            yield from check_page(page, where, course, seen, with_checks=path in lessons)
            if path in lessons and PLACEHOLDER not in page:
                yield from _lesson_minutes(lessons[path], seen, self.pages[path])
            if path == text(table(self.raw, "facilitator"), "file"):
                # For whoever teaches the course: no minutes of a learner's.
                seen = Seen(references=seen.references, media=seen.media)
            self._add(seen)

    def _add(self, seen: Seen) -> None:
        self.seen.references |= seen.references
        self.seen.media |= seen.media
        self.seen.words += seen.words
        self.seen.checks += seen.checks
        self.seen.figures += seen.figures
        self.seen.decisions += seen.decisions

    def whole(self) -> Iterator[Problem]:
        yield from check_present(self.folder, self.pages)
        yield from check_media(self.folder)
        yield from check_strays(self.folder, self.pages, self.seen.media)
        cited = self.seen.references | {
            one for item in self.items for one in texts(item, "references")
        }
        for number, reference in enumerate(tables(self.raw, "references"), start=1):
            if text(reference, "id") not in cited:
                yield warning(
                    "C21",
                    place(self.course_at, name_of(reference, number, "reference")),
                    "Nothing cites this source. Cite it or take it out.",
                )
        yield from self._plain_language()
        if not any(PLACEHOLDER in page for page in self.folder.texts.values()):
            yield from _minutes(self.raw, self.load(), self.course_at)

    def _plain_language(self) -> Iterator[Problem]:
        most = whole(self.raw, "reading_grade")
        if most is None:
            return
        of = {
            f"{self.folder.name}/{path}": prose(self.folder.texts[path])
            for path in self.pages
            if path in self.folder.texts and path != text(table(self.raw, "facilitator"), "file")
        }
        of[self.quiz_at] = [one for item in self.items for one in item_texts(item)]
        for where, told in of.items():
            if (found := grade(told)) is not None and found > most + _GRADE_LEEWAY:
                yield error(
                    "C30",
                    where,
                    f"It reads at grade {found:.1f} (Flesch-Kincaid), and reading_grade asks for "
                    f"{most}. Write shorter sentences and plainer words.",
                )

    def load(self) -> minutes.Load:
        return _load(self.raw, self.items, self.seen)


def checked(folder: Folder, *, today: date, printable: Printable | None = None) -> Checked:
    """Look at a course folder and return every problem, in the order of places, and its minutes.

    `printable` says why a title or a name can't be printed; without it they are not judged.
    """
    look = _Folder(folder)
    problems = {*folder.problems, *folder.slips()}
    problems.update(look.toml_files(today, printable))
    problems.update(look.texts())
    problems.update(look.whole())
    return Checked(
        name=folder.name,
        key=text(look.raw, "key"),
        problems=tuple(sorted(problems, key=_natural)),
        stated=whole(look.raw, "minutes"),
        plain=minutes.plain_minutes(look.load()),
        mergener=minutes.mergener_minutes(look.load()),
    )


def check(folder: Folder, *, today: date, printable: Printable | None = None) -> list[Problem]:
    """Return every problem of a course folder, in the order of places."""
    return list(checked(folder, today=today, printable=printable).problems)


def check_together(folders: Iterable[Folder]) -> list[Problem]:
    """Return what is wrong between courses: keys given twice, advice that names no course."""
    tomls = {folder.name: folder.table(COURSE_FILE) for folder in folders}
    keys = [text(raw, "key") for raw in tomls.values()]
    problems = []
    for name, raw in tomls.items():
        where = f"{name}/{COURSE_FILE}"
        if keys.count(key := text(raw, "key")) > 1 and key:
            text_ = f"Another course has the key {key!r}. Give each its own, for ever."
            problems.append(error("C06", place(where, "key"), text_))
        for one in texts(raw, "recommended_before"):
            if one not in keys:
                text_ = f"There is no course {one!r} here. Write the key of one that exists."
                problems.append(warning("C07", place(where, "recommended_before"), text_))
    return problems
