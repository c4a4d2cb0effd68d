"""Drawings: which SVG may stand in a page, and that SVG written anew from what is allowed."""

import re
from collections.abc import Iterator
from html import escape
from typing import Final
from xml.etree import ElementTree

ATTRIBUTES: Final = frozenset(
    [
        "x",
        "y",
        "x1",
        "y1",
        "x2",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "dx",
        "dy",
        "d",
        "points",
        "width",
        "height",
        "transform",
        "class",
        "text-anchor",
    ]
)
ELEMENTS: Final = frozenset(
    [
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "text",
        "tspan",
        "title",
        "desc",
    ]
)
CLASSES: Final = frozenset(
    ["fill-1", "fill-2", "fill-3", "ink", "line", "soft", "paper", "label", "small", "on"]
)
# `title` and `desc` are left out when written: the page names the drawing by its alternative text.
_UNWRITTEN = frozenset({"title", "desc"})
_ROOT_ONLY = frozenset({"viewBox", "role"})
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_VALUE = re.compile(r"[\w\s.,()+#%-]*", re.ASCII)
_MAX_ELEMENTS = 2000
_MAX_DEPTH = 30


class NotADrawing(ValueError):
    """What the file says can't be read as SVG; the message is a sentence for its author."""


def _parse(text: str) -> ElementTree.Element:
    if "<!" in text.replace("<!--", ""):
        raise NotADrawing("A document type or entities stand in it. Take them out.")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 -- no document type, so no entities
    except (ElementTree.ParseError, ValueError) as slip:
        raise NotADrawing(f"It can't be read as XML: {slip}. Mend that place.") from None
    if _name(root) != "svg":
        raise NotADrawing("Its outermost element is not svg. Save it as an SVG drawing.")
    return root


def _name(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(_NAMESPACE) if isinstance(element.tag, str) else "?"


def _good_attribute(element: str, name: str, value: str) -> bool:
    if element == "svg":
        if name == "viewBox":
            return re.fullmatch(r"[\d\s.,-]{7,60}", value, re.ASCII) is not None
        return name == "role" and value == "img"
    if name == "class":
        return set(value.split()) <= CLASSES
    return name in ATTRIBUTES and _VALUE.fullmatch(value) is not None and "url" not in value


def problems(text: str) -> Iterator[str]:
    """Yield a sentence for everything in a drawing that is not allowed in a page."""
    try:
        root = _parse(text)
    except NotADrawing as refusal:
        yield str(refusal)
        return
    if "viewBox" not in root.attrib:
        yield 'It has no viewBox. Write <svg viewBox="0 0 720 300"> with the size of the drawing.'
    if sum(1 for _ in root.iter()) > _MAX_ELEMENTS or _depth(root) > _MAX_DEPTH:
        yield f"It has more than {_MAX_ELEMENTS} elements or nests them too deeply. Simplify it."
        return
    for element in root.iter():
        name = _name(element)
        if name not in ELEMENTS:
            yield f"<{name}> is not allowed in a drawing. Use only {', '.join(sorted(ELEMENTS))}."
            continue
        for attribute, value in element.attrib.items():
            if not _good_attribute(name, attribute, value):
                yield (
                    f'{attribute}="{value[:40]}" on <{name}> is not allowed. Color by the classes '
                    f"{', '.join(sorted(CLASSES))}, give the root only a viewBox, and use no "
                    "style, id, font, script or reference."
                )


def _depth(element: ElementTree.Element) -> int:
    deepest, layer = 0, [element]
    while layer:
        deepest += 1
        layer = [child for one in layer for child in one]
    return deepest


def _write(element: ElementTree.Element, extra: str) -> str:
    name = _name(element)
    if name not in ELEMENTS or name in _UNWRITTEN:
        return ""
    attributes = "".join(
        f' {key}="{escape(value)}"'
        for key, value in element.attrib.items()
        if _good_attribute(name, key, value) and key != "role"
    )
    keeps_text = name in {"text", "tspan"}
    inside = escape(element.text or "", quote=False) if keeps_text else ""
    for child in element:
        inside += _write(child, "")
        if keeps_text:
            inside += escape(child.tail or "", quote=False)
    return f"<{name}{attributes}{extra}>{inside}</{name}>"


def drawing(text: str, *, alt: str, described_by: str = "") -> str:
    """Write a drawing anew from its allowed parts, named by `alt`, for setting into a page.

    Raises NotADrawing where there is nothing to write.
    """
    extra = f' role="img" aria-label="{escape(alt)}"'
    if described_by:
        extra += f' aria-describedby="{escape(described_by)}"'
    root = _parse(text)
    if _depth(root) > _MAX_DEPTH:
        raise NotADrawing("It nests elements too deeply.")
    return _write(root, extra)
