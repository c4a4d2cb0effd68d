"""Render a course's pages: Markdown in, sanitised HTML out, in the shapes of the design."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, Final

from markdown_it.token import Token

from lms.courses.rules import markdown, svg
from lms.courses.rules.markdown import KEEP, KEPT, MAKER
from lms.courses.rules.sanitise import clean


@dataclass
class Page:
    """What is gathered while one page is rendered, and what links on it may lead to."""

    course_key: str
    drawings: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    cites: bool = True
    cited: list[str] = field(default_factory=list)
    headings: list[dict[str, Any]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    figures: int = 0
    # The table that a drawing of the present figure is described by.
    table_id: str = ""
    boxes: list[str] = field(default_factory=list)

    def number(self, reference_id: str) -> int:
        """Return the number of a source on this page; the first cited is 1."""
        if reference_id not in self.cited:
            self.cited.append(reference_id)
        return self.cited.index(reference_id) + 1

    def keep(self, drawing: str) -> str:
        """Put a drawing aside until the page around it is sanitised; return what stands for it."""
        self.kept.append(drawing)
        return f"{KEEP}{len(self.kept) - 1}{KEPT}"

    def finish(self, html: str) -> str:
        """Sanitise a stretch of the page and set its drawings in."""
        html = clean(html)
        for number, drawing in enumerate(self.kept):
            html = html.replace(f"{KEEP}{number}{KEPT}", drawing)
        return html


# Tokens are parsed once for all who look at them: whoever writes one differently puts another in
# its place in the list, and leaves the token itself as it is.
Write = Callable[[list[Token], int, Page], str]


def _attribute(token: Token, name: str) -> str:
    return str(token.attrs.get(name, ""))


def _address(href: str, page: Page) -> str | None:
    """Return where a link leads, or None when it may not lead there."""
    if not markdown.is_safe(href):
        return None
    if markdown.scheme(href) + ":" == markdown.LESSON:
        return f"/courses/{page.course_key}/lessons/{href[len(markdown.LESSON) :]}"
    return href


def _link_open(parsed: list[Token], at: int, page: Page) -> str:
    address = _address(_attribute(parsed[at], "href"), page)
    if address is None:
        return "<a>"
    external = markdown.scheme(address) in {"http", "https"}
    rel = ' rel="noopener external"' if external else ""
    return f'<a href="{escape(address)}"{rel}>'


def _image(parsed: list[Token], at: int, page: Page) -> str:
    path = _attribute(parsed[at], "src")
    alt = parsed[at].content
    if path in page.drawings:
        try:
            return page.keep(svg.drawing(page.drawings[path], alt=alt, described_by=page.table_id))
        except svg.NotADrawing:
            return ""
    if path in page.pictures:
        return f'<img src="/media/{page.pictures[path]}" alt="{escape(alt)}">'
    return escape(alt)


def _citation(parsed: list[Token], at: int, page: Page) -> str:
    if not page.cites:
        return ""
    notes = []
    for reference_id in parsed[at].meta["ids"]:
        number = page.number(reference_id)
        notes.append(
            f'<a role="doc-noteref" href="#ref-{number}" aria-label="Reference {number}">'
            f"{number}</a>"
        )
    # A thin space keeps "1" and "2" from reading as 12.
    return "\u2009".join(notes)


def _heading_open(parsed: list[Token], at: int, page: Page) -> str:
    heading_id, text = markdown.heading(parsed[at + 1])
    parsed[at + 1] = markdown.without_heading_id(parsed[at + 1])
    taken = {one["id"] for one in page.headings}
    unique, copy = heading_id, 2
    while unique in taken:
        unique, copy = f"{heading_id}-{copy}", copy + 1
    tag = _heading_tag(parsed[at])
    page.headings.append({"id": unique, "level": int(tag[1]), "text": text})
    return f'<{tag} id="{escape(unique)}">'


def _heading_tag(token: Token) -> str:
    # The page's only h1 is the title of the lesson.
    return f"h{min(max(int(token.tag[1]), 2), 4)}"


def _heading_close(parsed: list[Token], at: int, _page: Page) -> str:
    return f"</{_heading_tag(parsed[at])}>\n"


def _table_open(_parsed: list[Token], _at: int, page: Page) -> str:
    table_id, page.table_id = page.table_id, ""
    return f'<table id="{table_id}">\n' if table_id else "<table>\n"


def _cell(parsed: list[Token], at: int, _page: Page) -> str:
    token = parsed[at]
    scope = ' scope="col"' if token.tag == "th" else ""
    number = ' class="num"' if "right" in _attribute(token, "style") else ""
    return f"<{token.tag}{scope}{number}>"


def _box_end(parsed: Sequence[Token], at: int) -> int:
    depth = 0
    for index in range(at, len(parsed)):
        depth += parsed[index].nesting
        if depth == 0:
            return index
    return len(parsed) - 1


def _caption(parsed: list[Token], at: int, end: int) -> None:
    """Make the last paragraph of a figure its caption, unless that paragraph is a picture."""
    if parsed[end - 1].type != "paragraph_close":
        return
    start = end - 3
    children = parsed[end - 2].children or []
    if start > at and any(one.type == "text" and one.content.strip() for one in children):
        for place in (start, end - 1):
            parsed[place] = replace(parsed[place], tag="figcaption")


def _picture_alone(token: Token) -> bool:
    children = token.children or []
    return len(children) == 1 and children[0].type == "image"


def _figure_open(parsed: list[Token], at: int, page: Page) -> str:
    page.figures += 1
    name = f"fig-{page.figures}"
    end = _box_end(parsed, at)
    _caption(parsed, at, end)
    inside = parsed[at:end]
    page.table_id = f"{name}-table" if any(one.type == "table_open" for one in inside) else ""
    for index in range(1, len(inside) - 1):
        # A drawing stands in the figure itself, not in a paragraph of it.
        if _picture_alone(inside[index]) and inside[index - 1].type == "paragraph_open":
            for place in (at + index - 1, at + index + 1):
                parsed[place] = replace(parsed[place], hidden=True)
    return _titled("figure", "", name, parsed[at])


def _titled(tag: str, kind: str, name: str, token: Token) -> str:
    title = markdown.title_of_box(token)
    shown = _written(markdown.read_line(title), Page(""))
    marks = f' class="{kind}"' if kind else ""
    title_marks = ' class="title"' if kind else ""
    return f'<{tag}{marks} aria-labelledby="{name}">\n<p id="{name}"{title_marks}>{shown}</p>\n'


def _box(name: str, opened: Write, closing: str) -> Write:
    def write(parsed: list[Token], at: int, page: Page) -> str:
        if parsed[at].nesting == 1:
            return opened(parsed, at, page)
        if name == "figure":
            page.table_id = ""
        return closing

    return write


def _callout_open(_parsed: list[Token], _at: int, _page: Page) -> str:
    return '<aside class="callout">\n'


def _sensitive_open(parsed: list[Token], at: int, _page: Page) -> str:
    # Closed at first: what can be skipped is skipped by not opening it, with or without script.
    title = escape(markdown.title_of_box(parsed[at]), quote=False)
    return f'<details class="sensitive">\n<summary>Content note: {title}</summary>\n'


def _dialogue_open(parsed: list[Token], at: int, page: Page) -> str:
    page.figures += 1
    return _titled("figure", "dialogue", f"fig-{page.figures}", parsed[at])


def _paragraph(parsed: list[Token], at: int, _page: Page) -> str:
    token = parsed[at]
    if token.hidden:
        return ""
    return f"<{token.tag}>" if token.nesting == 1 else f"</{token.tag}>\n"


def _fence(parsed: list[Token], at: int, _page: Page) -> str:
    return f"<pre><code>{escape(parsed[at].content)}</code></pre>\n"


_WRITERS: Final[Mapping[str, Write]] = {
    "link_open": _link_open,
    "image": _image,
    "citation": _citation,
    "heading_open": _heading_open,
    "heading_close": _heading_close,
    "paragraph_open": _paragraph,
    "paragraph_close": _paragraph,
    "table_open": _table_open,
    "th_open": _cell,
    "td_open": _cell,
    "fence": _fence,
    "container_callout_open": _callout_open,
    "container_callout_close": lambda *_: "</aside>\n",
    "container_sensitive_open": _sensitive_open,
    "container_sensitive_close": lambda *_: "</details>\n",
    "container_dialogue_open": _dialogue_open,
    "container_dialogue_close": lambda *_: "</figure>\n",
    "container_figure_open": _box("figure", _figure_open, ""),
    "container_figure_close": _box("figure", _figure_open, "</figure>\n"),
}


def _teach(write: Write) -> Callable[..., str]:
    def rule(_self: Any, parsed: list[Token], at: int, _options: Any, env: Any) -> str:
        return write(parsed, at, env["page"])

    return rule


for _kind, _write in _WRITERS.items():
    MAKER.add_render_rule(_kind, _teach(_write))


def _written(parsed: Sequence[Token], page: Page) -> str:
    told: str = MAKER.renderer.render([*parsed], MAKER.options, {"page": page})
    return told


def html(parsed: Sequence[Token], page: Page) -> str:
    """Render tokens that were parsed, sanitised, with drawings set in."""
    return page.finish(_written(parsed, page))


# What stands on a page as it is written: no marks of Markdown, no quotation marks to be set, no
# sign that HTML writes in another way. Most texts of items are such.
_BARE: Final = "[^\\n\\r\\x00&<>!*\\[\\\\\\]_`'\"\xa0\ufeff\ud800-\udfff\ue000\ue001]"
_BARE_LINE: Final = re.compile(f"{_BARE}*")
_BARE_PARAGRAPH: Final = re.compile(rf"([A-Za-z](?:{_BARE}*(?=\S){_BARE})?)\n*")


def paragraphs(text: str, page: Page) -> str:
    """Render a text of one or more paragraphs."""
    if bare := _BARE_PARAGRAPH.fullmatch(text):
        return f"<p>{bare[1]}</p>"
    return html(markdown.read(text), page).strip()


def line(text: str, page: Page) -> str:
    """Render a text that stands inside a line, such as an option; paragraphs become lines."""
    parts = [part.strip() for part in text.strip().split("\n\n")]
    tidy = (part.replace(KEEP, "").replace(KEPT, "") for part in parts if part)
    return "<br><br>".join(
        part if _BARE_LINE.fullmatch(part) else html(markdown.read_line(part), page)
        for part in tidy
    )
