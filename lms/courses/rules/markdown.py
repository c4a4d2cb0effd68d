"""Lessons' Markdown: CommonMark with tables, citations and four kinds of boxes, as tokens."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_core import block as any_blocks
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin

BOXES: Final = ("callout", "sensitive", "dialogue", "figure")
CHECK: Final = "check"
CASE: Final = "case"
SCHEMES: Final = frozenset({"https", "http", "mailto", "tel", "sms"})
LESSON: Final = "lesson:"
# Drawings wait behind these two while the page around them is sanitised.
KEEP, KEPT = "\ue000", "\ue001"

_CITATION = re.compile(r"\[@([^\]\n]*)\]")
_HEADING_ID = re.compile(r"\s{0,9}\{#([^{}\s]{0,80})\}\s{0,9}$")
_WORD = re.compile(r"\w[\w'’.,/-]*")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# What stops a run of text: where one of the rules for lines may begin, and the end of a label.
_SPECIAL = re.compile(r"[\n!&*<\[\\\]_`]")
# A line that begins so belongs to a paragraph, whatever follows; nearly all texts are of these.
_OF_PARAGRAPH = r"[A-Za-z\"'(“‘](?:[^\n]*\S)?"
_PARAGRAPHS = re.compile(rf"{_OF_PARAGRAPH}(?:\n+{_OF_PARAGRAPH})*\n*")
_BETWEEN = re.compile(r"\n\n+")
# More texts than one course has, by far.
_TEXTS_KEPT: Final = 1024


def _citation(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- markdown-it's shape
    match = _CITATION.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        # The space before a note belongs to nobody: "said so. [@one]" becomes "said so.¹".
        state.pending = state.pending.rstrip(" ")
        token = state.push("citation", "", 0)
        token.content = match[1]
        token.meta = {"ids": citation_ids(match[1])}
    state.pos = match.end()
    return True


def citation_ids(inside: str) -> list[str]:
    """Return the reference ids of what stands between [@ and ]."""
    return [one.strip().removeprefix("@").strip() for one in inside.split(";")]


def scheme(address: str) -> str:
    """Return the scheme of an address in small letters, or "" for one without."""
    # Browsers drop tabs, line ends and control characters before they look at the scheme.
    tidy = "".join(one for one in address if one.isprintable() and not one.isspace())
    match = _SCHEME.match(tidy)
    return match[1].lower() if match else ""


def is_safe(address: str) -> bool:
    """Say whether a link may point there: a known scheme, a lesson, or a place on this page."""
    kind = scheme(address)
    if not kind:
        return address.startswith("#")
    return kind in SCHEMES or kind + ":" == LESSON


def _any_link(url: str) -> bool:  # noqa: ARG001 -- markdown-it names it
    return True


def _blocks(state: StateCore) -> None:
    """Divide a text into blocks: one of mere paragraphs here, any other as the library does."""
    if state.inlineMode or not _PARAGRAPHS.fullmatch(state.src):
        any_blocks(state)
        return
    line = end = 0
    while end < len(state.src):
        gap = _BETWEEN.search(state.src, end)
        content = state.src[end : gap.start() if gap else len(state.src)].rstrip("\n")
        lines = [line, line + content.count("\n") + 1]
        state.tokens += (
            Token("paragraph_open", "p", 1, map=lines, block=True),
            Token("inline", "", 0, map=[*lines], level=1, children=[], content=content, block=True),
            Token("paragraph_close", "p", -1, block=True),
        )
        line = lines[1] + (gap.end() - gap.start() - 1 if gap else 0)
        end = gap.end() if gap else len(state.src)


def _lines(state: StateCore) -> None:
    """Parse what stands in blocks: a mere text here, any other as the library does."""
    for token in state.tokens:
        if token.type != "inline":
            continue
        if _SPECIAL.search(token.content):
            token.children = []
            state.md.inline.parse(token.content, state.md, state.env, token.children)
        else:
            token.children = [Token("text", "", 0, content=token.content)] if token.content else []


def maker() -> MarkdownIt:
    """Return the library set up for lessons, at its own speed."""
    # Typographer: straight quotation marks and apostrophes are set as a printer would.
    made = MarkdownIt("commonmark", {"html": False, "typographer": True})
    made.enable(["table", "smartquotes"])
    # Every link becomes a token; rules/render.py writes only safe ones, the check names the rest.
    made.validateLink = _any_link  # type: ignore[method-assign]
    made.inline.ruler.before("link", "citation", _citation)
    for box in BOXES:
        container_plugin(made, box)
    return made


def _quickened(made: MarkdownIt) -> MarkdownIt:
    """Spare the library what most texts don't need; what comes of a text stays the same."""
    made.inline.terminator_re = _SPECIAL
    made.core.ruler.at("block", _blocks)
    made.core.ruler.at("inline", _lines)
    return made


MAKER: Final = _quickened(maker())


@lru_cache(maxsize=_TEXTS_KEPT)
def read(text: str) -> tuple[Token, ...]:
    """Parse a page into block tokens; inline tokens are the children of `inline` ones.

    A page is looked at for its headings, its words and its problems, and then rendered; it's
    parsed once, so nobody may change a token.
    """
    return tuple(MAKER.parse(text.replace(KEEP, "�").replace(KEPT, "�")))


def read_line(text: str) -> tuple[Token, ...]:
    """Parse a text that stands inside a line into one `inline` token; nobody may change it."""
    parsed = read(text)
    # A paragraph says the same as a line: what was parsed to be looked at is not parsed again.
    if len(parsed) == 3 and parsed[0].type == "paragraph_open" and parsed[1].content == text:
        return parsed[1:2]
    return tuple(MAKER.parseInline(text))


def title_of_box(token: Token) -> str:
    """Return what follows the name on the line that opens a box."""
    return token.info.strip().partition(" ")[2].strip()


def is_check(token: Token) -> bool:
    """Say whether this is the block of a knowledge check."""
    return token.type == "fence" and token.info.strip() == CHECK


def is_case(token: Token) -> bool:
    """Say whether this is the block of a branching case."""
    return token.type == "fence" and token.info.strip() == CASE


def flat(parsed: Sequence[Token]) -> Iterator[Token]:
    """Yield all tokens in reading order, those inside lines and pictures too."""
    for token in parsed:
        yield token
        if token.children:
            yield from flat(token.children)


def plain_text(token: Token) -> str:
    """Return what a reader reads of a line: its text without marks."""
    kinds = {"text", "code_inline", "softbreak", "hardbreak"}
    return "".join(
        " " if one.type.endswith("break") else one.content
        for one in token.children or ()
        if one.type in kinds
    )


def heading(token: Token) -> tuple[str, str]:
    """Return the id and the text of a heading's inline token; the id as given, else made."""
    text = plain_text(token)
    given = _HEADING_ID.search(text)
    if given is None:
        return slug(text), text
    return given[1], text[: given.start()]


def slug(text: str) -> str:
    """Return an id for a heading: letters and digits joined by hyphens."""
    bare = unicodedata.normalize("NFKD", text)
    bare = "".join(one for one in bare if not unicodedata.combining(one)).lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-") or "part"


def without_heading_id(token: Token) -> Token:
    """Return a heading's inline token without the {#id}."""
    children = [*(token.children or ())]
    for at in reversed(range(len(children))):
        if children[at].type == "text":
            bare = _HEADING_ID.sub("", children[at].content)
            children[at] = replace(children[at], content=bare)
            break
    return replace(token, children=children)


@lru_cache(maxsize=_TEXTS_KEPT)
def words(text: str) -> int:
    """Count the words a reader reads on a page, knowledge checks left out."""
    count = 0
    for token in read(text):
        if token.type == "inline":
            said = plain_text(token)
            count += word_count(_HEADING_ID.sub("", said) if "{#" in said else said)
        elif token.type.startswith("container_") and token.nesting == 1:
            count += word_count(title_of_box(token))
    return count


def word_count(text: str) -> int:
    """Count words of plain text."""
    return len(_WORD.findall(text))
