"""Put several drawn pages into one file, with one tree of structure through all of them."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lms.typeset.document import begin, end
from lms.typeset.metadata import Metadata
from lms.typeset.objects import (
    Array,
    Dictionary,
    Document,
    Name,
    Reference,
    String,
    put,
    stream,
)
from lms.typeset.page import Element, Page


@dataclass
class Node:
    """A structure element: with further ones inside, or with the marked content it stands for."""

    role: str
    kids: list["Node"] = field(default_factory=list)
    scope: str = ""  # of a heading of a table: Row or Column
    element: Element | None = None
    place: tuple[int, int] = (0, 0)  # page from 0, number of the marked content on it

    def add(self, kid: "Node") -> "Node":
        """Put an element inside and return it."""
        self.kids.append(kid)
        return kid


def finish(pages: Sequence[Page], tree: Node, metadata: Metadata, material: bytes) -> bytes:
    """Return the file: PDF/A-3a and PDF/UA-1, without a signature.

    All pages must share one `fonts`. The same pages, metadata and `material`, from which the
    file's identifier is made, give the same bytes.
    """
    buffer = io.BytesIO()
    canvas, document = begin(buffer, pages[0], metadata)
    _Structure(document, metadata.language, len(pages)).write(tree)
    pages[0].fonts.finish(document)
    for number, page in enumerate(pages):
        canvas.showPage()
        made = document.idToObject[f"Page{number + 1}"]
        made.__NoDefault__ = [*made.__NoDefault__, "StructParents", "Tabs"]
        made.Contents = stream("\n".join(page.operators))
        made.StructParents = number
        made.Tabs = Name("S")
    end(canvas, metadata, material)
    return buffer.getvalue()


class _Structure:
    """Writes the tree, and from marked content back to its elements."""

    def __init__(self, document: Document, language: str, pages: int) -> None:
        self.document, self.language = document, language
        self.count = 0
        self.marked: list[dict[int, Any]] = [{} for _ in range(pages)]

    def write(self, tree: Node) -> None:
        """Write everything; the catalogue then leads to it."""
        top = self._node(tree, Reference("structure.root"))
        numbers: list[Any] = []
        for number, found in enumerate(self.marked):
            numbers += [number, Array([found[mark] for mark in sorted(found)])]
        root = {
            "Type": Name("StructTreeRoot"),
            "K": Array([top]),
            "ParentTree": put(self.document, Dictionary({"Nums": Array(numbers)})),
            "ParentTreeNextKey": len(self.marked),
        }
        put(self.document, Dictionary(root), "structure.root")
        self.document.Catalog.StructTreeRoot = Reference("structure.root")

    def _node(self, node: Node, parent: Any) -> Any:
        self.count += 1
        label = f"structure.{self.count}"
        entries: dict[str, Any] = {
            "Type": Name("StructElem"),
            "S": Name(node.role),
            "P": parent,
        }
        if node.role == "Document":
            entries["Lang"] = String(self.language)
        if node.scope:
            table = {"O": Name("Table"), "Scope": Name(node.scope)}
            entries["A"] = Dictionary(table)
        if node.element is None:
            entries["K"] = Array([self._node(kid, Reference(label)) for kid in node.kids])
        else:
            self._leaf(node, node.element, entries, label)
        return put(self.document, Dictionary(entries), label)

    def _leaf(self, node: Node, element: Element, entries: dict[str, Any], label: str) -> None:
        page, mark = node.place
        entries["Pg"] = Reference(f"Page{page + 1}")
        entries["K"] = mark
        if element.actual:
            entries["ActualText"] = String(element.actual)
        if element.language:
            entries["Lang"] = String(element.language)
        self.marked[page][mark] = Reference(label)
