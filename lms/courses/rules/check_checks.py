"""Check the knowledge checks that stand in the flow of a lesson."""

from collections.abc import Iterator
from typing import Any

from markdown_it.token import Token

from lms.courses.rules.check_course import own_id
from lms.courses.rules.folder import set_apart
from lms.courses.rules.problem import Problem, error, place
from lms.courses.rules.shape import compare, tables, text
from lms.courses.rules.shapes import CHECK


def _right(options: list[dict[str, Any]], where: str) -> Iterator[Problem]:
    right = sum(one.get("right") is True for one in options)
    if right == 0:
        yield error("C12", where, "No option is right. Mark one with right = true.")
    if options and right == len(options):
        yield error("C12", where, "All options are right. Leave one that is not.")
    for number, one in enumerate(options, start=1):
        if not text(one, "feedback").strip():
            yield error(
                "C11",
                place(where, f"option number {number}"),
                "The feedback is missing. Say what this answer shows, so that it teaches.",
            )


def check_check(
    token: Token, where: str, taken: set[str]
) -> Iterator[tuple[Problem | None, str | None]]:
    """Yield problems of one knowledge check, and its texts, which are Markdown themselves.

    `taken` are the ids of the checks before it on the page; its own is added.
    """
    raw, slips = set_apart(token.content, where)
    for slip in slips:
        yield slip, None
    if slips:
        return
    for problem in compare(raw, CHECK, where):
        yield problem, None
    for problem in own_id(text(raw, "id"), "check", where, taken):
        yield problem, None
    options = tables(raw, "options")
    for problem in _right(options, where):
        yield problem, None
    yield None, text(raw, "stem")
    for one in options:
        yield None, text(one, "text")
        yield None, text(one, "feedback")
