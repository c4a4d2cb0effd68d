"""Render a whole course that was checked: lessons with their checks and cases, items, pages."""

from collections.abc import Mapping
from html import escape
from typing import Any

from markdown_it.token import Token

from lms.courses.rules import markdown
from lms.courses.rules.folder import Folder, content, ending, set_apart
from lms.courses.rules.render import Page, html, line, paragraphs
from lms.courses.rules.sanitise import clean


def _letter(position: int) -> str:
    return chr(ord("a") + position)


def _check(token: Token, page: Page) -> dict[str, Any]:
    raw, _slips = set_apart(token.content, "")
    return {
        "kind": "check",
        "id": raw["id"],
        "stem_html": line(raw["stem"], page),
        "options": [
            {
                "id": _letter(position),
                "text_html": line(option["text"], page),
                "right": option.get("right", False),
                "feedback_html": paragraphs(option["feedback"], page),
            }
            for position, option in enumerate(raw["options"])
        ],
    }


def _case(token: Token, page: Page) -> dict[str, Any]:
    raw, _slips = set_apart(token.content, "")
    return {
        "kind": "case",
        "id": raw["id"],
        "title": raw["title"],
        "start": raw["start"],
        "nodes": [
            {
                "id": node["id"],
                "text_html": paragraphs(node["text"], page),
                "outcome_html": line(node.get("outcome", ""), page),
                "debrief_html": paragraphs(node.get("debrief", ""), page),
                "choices": [
                    {
                        "id": choice["id"],
                        "text_html": line(choice["text"], page),
                        "to": choice["to"],
                        "rationale_html": paragraphs(choice["rationale"], page),
                    }
                    for choice in node.get("choices", ())
                ],
            }
            for node in raw["nodes"]
        ],
    }


def _blocks(text: str, page: Page) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    stretch: list[Token] = []

    def end_stretch() -> None:
        if stretch:
            blocks.append({"kind": "html", "html": html(stretch, page)})
            stretch.clear()

    for token in markdown.read(text):
        if token.level == 0 and markdown.is_check(token):
            end_stretch()
            blocks.append(_check(token, page))
        elif token.level == 0 and markdown.is_case(token):
            end_stretch()
            blocks.append(_case(token, page))
        else:
            stretch.append(token)
    end_stretch()
    return blocks


def _reference(raw: Mapping[str, Any]) -> str:
    told = line(raw["text"], Page("", cites=False))
    if raw.get("url"):
        url = escape(raw["url"])
        told += f' <a href="{url}" rel="noopener external">{url}</a>'
    return clean(told)


def _item(raw: Mapping[str, Any], references: Mapping[str, str]) -> dict[str, Any]:
    page = Page("", cites=False)
    listed = raw.get("references", ())
    return {
        "stem_html": line(raw["stem"], page),
        "options": {
            one["id"]: {
                "text_html": line(one["text"], page),
                "rationale_html": paragraphs(one["rationale"], page),
            }
            for one in raw.get("options", ())
        },
        "pairs": {
            one["id"]: {
                "left_html": line(one["left"], page),
                "right_html": line(one["right"], page),
                "rationale_html": paragraphs(one["rationale"], page),
            }
            for one in raw.get("pairs", ())
        },
        "nodes": {one["id"]: _node(one, page) for one in raw.get("nodes", ())},
        "references": [{"id": one, "html": references[one]} for one in listed],
    }


def _node(raw: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        "text_html": paragraphs(raw["text"], page),
        "outcome_html": line(raw.get("outcome", ""), page),
        "debrief_html": paragraphs(raw.get("debrief", ""), page),
        "choices": {
            one["id"]: {
                "text_html": line(one["text"], page),
                "rationale_html": paragraphs(one["rationale"], page),
            }
            for one in raw.get("choices", ())
        },
    }


def rendered(folder: Folder, pictures: Mapping[str, str]) -> dict[str, Any]:
    """Render a course that was checked, as `CourseVersion.rendered` keeps it.

    `pictures` maps paths in media/ to the digests they are served under. In the result, names
    that end in `_html` hold sanitised HTML: `stem_html`, `outcome_html` and `text_html` of options,
    pairs and choices stand inside a line; rationales, feedback, debriefs and texts of nodes are
    paragraphs.
    """
    course = content(folder)
    references = {one["id"]: _reference(one) for one in course["references"]}
    drawings = {path: folder.texts[path] for path in folder.media if ending(path) == "svg"}

    def page() -> Page:
        return Page(course["key"], drawings=drawings, pictures=pictures)

    def notes(shown: Page) -> list[dict[str, Any]]:
        return [
            {"number": number, "id": one, "html": references[one]}
            for number, one in enumerate(shown.cited, start=1)
        ]

    lessons = {}
    for lesson in course["lessons"]:
        text, shown = folder.texts[lesson["file"]], page()
        blocks = _blocks(text, shown)
        lessons[lesson["id"]] = {
            "blocks": blocks,
            "headings": shown.headings,
            "references": notes(shown),
            "words": markdown.words(text),
        }

    def single(file: str) -> dict[str, Any]:
        shown = page()
        told = paragraphs(folder.texts[file], shown)
        return {"html": told, "references": notes(shown)}

    guide = course.get("facilitator")
    return {
        "lessons": lessons,
        "takeaway": single(course["takeaway"]["file"]),
        **({"facilitator": single(guide["file"])} if guide else {}),
        "references": [{"id": key, "html": told} for key, told in references.items()],
        "items": {one["id"]: _item(one, references) for one in course["quiz"]["items"]},
    }
