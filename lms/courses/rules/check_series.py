"""Check the files of series."""

from collections.abc import Iterator

from lms.courses.rules.check_course import check_format, check_key
from lms.courses.rules.check_words import check_words
from lms.courses.rules.folder import Folder
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import compare, text, texts, whole
from lms.courses.rules.shapes import SERIES


def _one(folder: Folder, path: str, course_keys: frozenset[str] | None) -> Iterator[Problem]:
    raw, where = folder.table(path), f"{folder.name}/{path}"
    yield from compare(raw, SERIES, where)
    yield from check_format(raw, where)
    yield from check_key(raw, where)
    yield from check_words(raw, where)
    courses = texts(raw, "courses")
    for key in courses:
        if course_keys is not None and key not in course_keys:
            yield error(
                "C29",
                place(where, "courses"),
                f"There is no course {key!r}. Until there is one, put its title under planned.",
            )
    first = text(raw, "recommended_first")
    if first and first not in courses:
        yield error(
            "C29", place(where, "recommended_first"), f"{first!r} is not among its courses."
        )
    promised = len(courses) + len(texts(raw, "planned"))
    if (required := whole(raw, "required")) is not None and required > promised:
        yield error(
            "C29",
            place(where, "required"),
            f"{required} courses can't be required of {promised}. Lower it.",
        )


def check_series(folder: Folder, course_keys: frozenset[str] | None) -> list[Problem]:
    """Return every problem of a folder of series files; `course_keys` are the courses there are.

    With None for them it isn't asked whether courses exist.
    """
    problems = {*folder.problems, *folder.slips()}
    slips = {problem.place for problem in folder.slips()}
    keys: dict[str, str] = {}
    for path in sorted(folder.texts):
        if f"{folder.name}/{path}" in slips:
            continue
        problems.update(_one(folder, path, course_keys))
        key = text(folder.table(path), "key")
        if key in keys:
            where = place(f"{folder.name}/{path}", "key")
            problems.add(error("C06", where, f"The series in {keys[key]} has the same key."))
        keys[key] = path
    return sorted(problems)
