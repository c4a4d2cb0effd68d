"""Lessons' Markdown: CommonMark with tables, citations and four kinds of boxes, as tokens."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
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


def _maker() -> MarkdownIt:
    # Typographer: straight quotation marks and apostrophes are set as a printer would.
    maker = MarkdownIt("commonmark", {"html": False, "typographer": True})
    maker.enable(["table", "smartquotes"])
    # Every link becomes a token; rules/render.py writes only safe ones, the check names the rest.
    maker.validateLink = _any_link  # type: ignore[method-assign]
    maker.inline.ruler.before("link", "citation", _citation)
    for box in BOXES:
        container_plugin(maker, box)
    return maker


MAKER: Final = _maker()


def tokens(text: str) -> list[Token]:
    """Parse a page into block tokens; inline tokens are the children of `inline` ones."""
    return MAKER.parse(text.replace(KEEP, "�").replace(KEPT, "�"))


@lru_cache(maxsize=16)
def read(text: str) -> tuple[Token, ...]:
    """Parse a page to look at it: whoever renders it changes its tokens and asks for `tokens`.

    A check looks at the same page for its headings, its words and its problems.
    """
    return tuple(tokens(text))


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


def without_heading_id(token: Token) -> None:
    """Take the {#id} off a heading's inline token."""
    for child in reversed(token.children or []):
        if child.type == "text":
            child.content = _HEADING_ID.sub("", child.content)
            return


def words(text: str) -> int:
    """Count the words a reader reads on a page, knowledge checks left out."""
    count = 0
    for token in read(text):
        if token.type == "inline":
            count += word_count(_HEADING_ID.sub("", plain_text(token)))
        elif token.type.startswith("container_") and token.nesting == 1:
            count += word_count(title_of_box(token))
    return count


def word_count(text: str) -> int:
    """Count words of plain text."""
    return len(_WORD.findall(text))
