"""Check the pages of a course: boxes, headings, links, citations, pictures, figures cited."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from markdown_it.token import Token

from lms.courses.rules import markdown
from lms.courses.rules.check_cases import check_case, longest
from lms.courses.rules.check_checks import check_check
from lms.courses.rules.check_course import good_id
from lms.courses.rules.check_words import check_placeholder, check_text
from lms.courses.rules.folder import set_apart
from lms.courses.rules.problem import Problem, error, place, warning

# A problem, or a text that is Markdown itself and is looked at in its turn.
Told = tuple[Problem | None, str | None]

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_BOX = re.compile(r" {0,3}(:{3,})\s*(.*?)\s*$")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>|<!--")
# A number about the world: a share, a count with its unit, or one with thousands.
_FIGURE = re.compile(
    r"\d[\d.,]*\s*(?:%|percent\b|per cent\b|million\b|billion\b|thousand\b|per 1)"
    r"|\b\d+ (?:in|of|out of)(?: every)? \d+\b|\b\d{1,3}(?:,\d{3})+\b",
    re.IGNORECASE,
)
_TITLED: Final = {
    "figure": "what the figure shows",
    "dialogue": "where the conversation takes place",
    "sensitive": "what it touches on, so that one can decide to skip it",
}


@dataclass(frozen=True, kw_only=True)
class Course:
    """What the pages of a course may point to."""

    # Lesson id -> the ids of its headings.
    anchors: Mapping[str, set[str]]
    references: frozenset[str]
    media: frozenset[str]


@dataclass(kw_only=True)
class Seen:
    """What the pages of a course did point to, for saying what nobody uses."""

    references: set[str] = field(default_factory=set)
    media: set[str] = field(default_factory=set)
    checks: int = 0
    figures: int = 0
    words: int = 0
    decisions: int = 0


def anchors(text: str) -> list[str]:
    """Return the heading ids of a page in order."""
    parsed = markdown.read(text)
    return [
        markdown.heading(parsed[at + 1])[0]
        for at, token in enumerate(parsed)
        if token.type == "heading_open"
    ]


def _line(token: Token) -> str:
    return f"line {token.map[0] + 1}" if token.map else ""


def _outside_fences(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that stand in no fenced block, with their numbers."""
    fence = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _FENCE.match(line):
            fence = "" if fence and found[1].startswith(fence) else fence or found[1]
        elif not fence:
            yield number, line


def _box(name: str, title: str, here: str) -> Iterator[Problem]:
    if name not in markdown.BOXES:
        known = ", ".join(markdown.BOXES)
        yield error("C23", here, f"There is no box {name[:40]!r}. Write one of {known}.")
    elif name in _TITLED and not title.strip():
        yield error("C23", here, f"Its title is missing. Say {_TITLED[name]}.")


def _boxes(text: str, where: str) -> Iterator[Problem]:
    """Look at the lines that open and close boxes as an author wrote them."""
    still_open: list[tuple[str, str]] = []
    for number, line in _outside_fences(text):
        here = place(where, f"line {number}")
        box = _BOX.match(line)
        if box is None:
            continue
        name, _, title = box[2].partition(" ")
        if name:
            still_open.append((name, here))
            yield from _box(name, title, here)
        elif still_open:
            still_open.pop()
        else:
            yield error("C23", here, "This closes a box, and none is open. Take it out.")
    for name, here in still_open:
        yield error("C23", here, f"The box {name[:40]!r} is never closed. End it with :::")
    if sum(_FENCE.match(line) is not None for line in text.split("\n")) % 2:
        yield error("C23", where, "A fenced block is never closed. End it as it began.")


def _headings(parsed: Sequence[Token], where: str) -> Iterator[Problem]:
    taken: set[str] = set()
    for at, token in enumerate(parsed):
        if token.type != "heading_open":
            continue
        here = place(where, _line(token))
        if token.tag not in {"h2", "h3", "h4"}:
            yield error(
                "C23", here, "Headings here have ##, ### or ####; the title is the page's only #."
            )
        own, text = markdown.heading(parsed[at + 1])
        if not good_id(own):
            yield error("C06", here, f"{own!r} can't be a heading's id. Write it like {{#a-word}}.")
        if own in taken:
            yield error(
                "C06", here, f"Another heading has the id {own!r}. Give one its own {{#id}}."
            )
        taken.add(own)
        if not text.strip():
            yield error("C23", here, "This heading is empty. Write it or take it out.")


def _tables(parsed: Sequence[Token], where: str) -> Iterator[Problem]:
    for at, token in enumerate(parsed):
        if token.type == "th_open" and not markdown.plain_text(parsed[at + 1]).strip():
            # A cell of a table knows no line of its own; its row does.
            row = next(one for one in reversed(parsed[:at]) if one.type == "tr_open")
            yield error(
                "C23",
                place(where, _line(row)),
                "The table has a column without a heading. Name it, so that it can be read aloud.",
            )


def _link(address: str, here: str, page: set[str], course: Course) -> Iterator[Problem]:
    kind = markdown.scheme(address)
    if kind + ":" == markdown.LESSON:
        lesson, _, anchor = address[len(markdown.LESSON) :].partition("#")
        if lesson not in course.anchors:
            yield error("C20", here, f"There is no lesson {lesson!r} to link to. Write its id.")
        elif anchor and anchor not in course.anchors[lesson]:
            yield error("C20", here, f"The lesson {lesson!r} has no heading {anchor!r}.")
    elif address.startswith("#"):
        if address[1:] not in page:
            yield error("C20", here, f"This page has no heading {address[1:]!r}.")
    elif not kind:
        yield error(
            "C20",
            here,
            f"{address[:60]!r} leads nowhere. Link to a lesson as lesson:its-id, or to an address "
            "that begins with https://.",
        )
    elif not markdown.is_safe(address):
        allowed = ", ".join(sorted(markdown.SCHEMES))
        yield error("C24", here, f"A link can't begin with {kind}: here. Allowed are {allowed}.")


def _image(token: Token, here: str, course: Course, seen: Seen) -> Iterator[Problem]:
    path = str(token.attrs.get("src", ""))
    if len(markdown.plain_text(token).strip()) < 3:
        yield error(
            "C19", here, "The picture has no alternative text. Say between [ and ] what it shows."
        )
    seen.media.add(path)
    if path not in course.media:
        yield error(
            "C20", here, f"There is no picture {path[:60]!r}. Put it into media/ and name it so."
        )


def _citation(token: Token, here: str, course: Course, seen: Seen) -> Iterator[Problem]:
    for own in token.meta["ids"]:
        seen.references.add(own)
        if own not in course.references:
            yield error(
                "C21",
                here,
                f"There is no reference {own[:60]!r} in course.toml. Add it, or cite as [@id] or "
                "[@one; @two].",
            )


def _inline(
    token: Token, here: str, page: set[str], course: Course, seen: Seen
) -> Iterator[Problem]:
    for child in markdown.flat(token.children or []):
        if child.type == "link_open":
            yield from _link(str(child.attrs.get("href", "")), here, page, course)
        elif child.type == "image":
            yield from _image(child, here, course, seen)
        elif child.type == "citation":
            yield from _citation(child, here, course, seen)
    text = markdown.plain_text(token)
    if found := _TAG.search(text):
        yield error(
            "C23", here, f"{found[0][:40]!r} is HTML, which is shown as it stands. Use Markdown."
        )
    if "[@" in text:
        yield error("C21", here, "A citation is not closed. Write it as [@id] or [@one; @two].")
    yield from check_text(token.content, here)
    yield from check_placeholder(token.content, here)


def _stretches(parsed: Sequence[Token]) -> list[list[Token]]:
    """Divide a page into its top-level blocks."""
    blocks: list[list[Token]] = []
    depth = 0
    for token in parsed:
        if depth == 0:
            blocks.append([])
        blocks[-1].append(token)
        depth += token.nesting
    return blocks


def _cites(block: Sequence[Token]) -> bool:
    return any(token.type == "citation" for token in markdown.flat(block))


def _uncited(parsed: Sequence[Token], where: str) -> Iterator[Problem]:
    blocks = _stretches(parsed)
    for at, block in enumerate(blocks):
        near = [block]
        if block[0].type in {"table_open", "bullet_list_open", "ordered_list_open"}:
            # A table or a list may take its source from the paragraph beside it.
            near += blocks[max(at - 1, 0) : at] + blocks[at + 1 : at + 2]
        if any(_cites(one) for one in near):
            continue
        for token in block:
            found = _FIGURE.search(markdown.plain_text(token))
            if token.type == "inline" and found:
                yield warning(
                    "C17",
                    place(where, _line(token) or _line(block[0])),
                    f"{found[0]!r} stands here without a source. Cite one in the same paragraph, "
                    "table or figure.",
                )
                break


def _figures(parsed: Sequence[Token], where: str) -> Iterator[Problem]:
    for at, token in enumerate(parsed):
        if token.type != "container_figure_open":
            continue
        here = place(where, _line(token))
        end = next(
            index
            for index in range(at, len(parsed))
            if parsed[index].type == "container_figure_close" and parsed[index].level == token.level
        )
        inside = list(markdown.flat(parsed[at:end]))
        if not any(one.type in {"table_open", "image"} for one in inside):
            yield error("C23", here, "This figure has neither a table nor a picture. Add one.")
        last = parsed[end - 1]
        if last.type != "paragraph_close" or not markdown.plain_text(parsed[end - 2]).strip():
            yield error(
                "C23",
                here,
                "Its last paragraph must be the caption: source, what was counted, a limit.",
            )
        elif not _cites(parsed[end - 2 : end]):
            yield warning("C17", here, "Its caption cites no source. End it with [@id].")


def _count(parsed: Sequence[Token], seen: Seen) -> None:
    inside = 0
    for token in parsed:
        if token.type in {"container_figure_open", "container_figure_close"}:
            inside += token.nesting
            seen.figures += token.nesting == 1
        elif token.type == "table_open" and not inside:
            seen.figures += 1
        elif markdown.is_check(token):
            seen.checks += 1
        elif markdown.is_case(token):
            way = longest(set_apart(token.content, "")[0])
            seen.words += way.words
            seen.decisions += way.decisions


def _check(token: Token, where: str, taken: dict[str, set[str]]) -> Iterator[Told]:
    return check_check(token, where, taken[markdown.CHECK])


def _case(token: Token, where: str, taken: dict[str, set[str]]) -> Iterator[Told]:
    return check_case(token, where, taken[markdown.CASE])


_LOOKS: Final[Mapping[str, Callable[[Token, str, dict[str, set[str]]], Iterator[Told]]]] = {
    markdown.CHECK: _check,
    markdown.CASE: _case,
}


def _set_apart(
    token: Token,
    where: str,
    taken: dict[str, set[str]],
    page: set[str],
    course: Course,
    seen: Seen,
) -> Iterator[Problem]:
    kind = token.info.strip()
    here = place(where, kind)
    for problem, inline in _LOOKS[kind](token, here, taken):
        if problem is not None:
            yield problem
        if inline is not None:
            yield from _inline_text(inline, here, page, course, seen)


def check_page(
    text: str, where: str, course: Course, seen: Seen, *, with_checks: bool
) -> Iterator[Problem]:
    """Yield every problem of one page, and note in `seen` what it shows and cites."""
    parsed = markdown.read(text)
    page = set(anchors(text))
    for look in (_headings, _tables, _figures, _uncited):
        yield from look(parsed, where)
    yield from _boxes(text, where)
    taken: dict[str, set[str]] = {markdown.CHECK: set(), markdown.CASE: set()}
    for token in parsed:
        here = place(where, _line(token))
        if token.type == "inline":
            yield from _inline(token, here, page, course, seen)
        elif token.type.startswith("container_") and token.nesting == 1:
            yield from check_text(token.info, here)
            yield from check_placeholder(token.info, here)
        elif token.type == "fence" and token.info.strip() in _LOOKS:
            if token.level or not with_checks:
                text_ = f"A {token.info.strip()} stands by itself in a lesson, in no box or list."
                yield error("C23", here, text_)
            yield from _set_apart(token, here, taken, page, course, seen)
    _count(parsed, seen)
    seen.words += markdown.words(text)


def _inline_text(
    text: str, here: str, page: set[str], course: Course, seen: Seen
) -> Iterator[Problem]:
    for token in markdown.read(text):
        if token.type == "inline":
            yield from _inline(token, here, page, course, seen)


def check_item_texts(items: list[dict[str, Any]], where: str) -> Iterator[Problem]:
    """Yield problems of the texts of quiz items: no citations, no pictures, links that are safe."""
    nothing = Course(anchors={}, references=frozenset(), media=frozenset())
    for item in items:
        here = place(where, f"item {item.get('id')}")
        for text in item_texts(item):
            # Citations, pictures and links all have one of these; most texts have neither.
            parsed = markdown.read(text) if "[" in text or "<" in text else ()
            for token in markdown.flat(parsed):
                if token.type == "citation":
                    yield error(
                        "C21", here, "Name sources of an item in its references, not in its texts."
                    )
                elif token.type == "image":
                    yield error("C23", here, "A picture can't stand in an item. Describe it.")
                elif token.type == "link_open":
                    address = str(token.attrs.get("href", ""))
                    yield from _link(address, here, set(), nothing)
        if not item.get("references") and any(_FIGURE.search(text) for text in item_texts(item)):
            yield warning("C17", here, "It states a figure. Name its source under references.")


def item_texts(value: Any) -> Iterator[str]:
    """Yield every text of an item that a learner reads."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from item_texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in {"id", "kind", "lesson", "objective", "anchor", "to", "references"}:
                yield from item_texts(one)
