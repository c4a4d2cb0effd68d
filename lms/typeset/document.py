"""Put a drawn page into a file: structure tree, metadata, attachment, place for a signature."""

import io
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from reportlab.pdfgen.canvas import Canvas

from lms.typeset.metadata import Metadata, xmp
from lms.typeset.objects import (
    Array,
    Dictionary,
    Document,
    Info,
    Literal,
    Name,
    Reference,
    Settled,
    String,
    packed,
    put,
    settled,
    stream,
)
from lms.typeset.page import Element, Page

SRGB: Final = Path(__file__).with_name("srgb.icc").read_bytes()
ROOM: Final = 8192  # hexadecimal digits kept free for the signature
HOLE: Final = b"/ByteRange [0 0000000000 0000000000 0000000000]"
_SIGNED_BY: Final = "Digital signature of the issuer"
_HIDDEN: Final = 4 + 128  # annotation flags Print and Locked
# Most of a file is the same in every other one: it's written once, and takes its numbers then.
_PROFILE: Final = zlib.compress(SRGB)
_MARKED: Final = settled(Dictionary({"Marked": "true"}))
_TITLED: Final = settled(Dictionary({"DisplayDocTitle": "true"}))
_INTENT: Final = settled(
    Array(
        [
            Dictionary(
                {
                    "Type": Name("OutputIntent"),
                    "S": Name("GTS_PDFA1"),
                    "OutputConditionIdentifier": String("sRGB IEC61966-2.1"),
                    "Info": String("sRGB IEC61966-2.1"),
                    "DestOutputProfile": Reference("colours"),
                }
            )
        ]
    )
)
_WIDGET: Final = settled(
    Dictionary(
        {
            "Type": Name("Annot"),
            "Subtype": Name("Widget"),
            "FT": Name("Sig"),
            "T": String("issuer"),
            "TU": String(_SIGNED_BY),
            "V": Reference("signature.value"),
            "Rect": Array([0, 0, 0, 0]),
            "F": _HIDDEN,
            "P": Reference("Page1"),
            "StructParent": 1,
        }
    )
)
_FIELDS: Final = settled(
    Dictionary({"Fields": Array([Reference("signature.widget")]), "SigFlags": 3})
)
# A widget needs a Form element, an OBJR, a StructParent.
_FORM: Final = settled(
    Dictionary(
        {
            "Type": Name("StructElem"),
            "S": Name("Form"),
            "P": Reference("structure.document"),
            "Pg": Reference("Page1"),
            "Alt": String(_SIGNED_BY),
            "K": Dictionary(
                {
                    "Type": Name("OBJR"),
                    "Obj": Reference("signature.widget"),
                    "Pg": Reference("Page1"),
                }
            ),
        }
    )
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A JSON file that travels inside the PDF."""

    name: str
    description: str
    data: bytes


def finish(page: Page, metadata: Metadata, attachment: Attachment, room: int = ROOM) -> bytes:
    """Answer the file: PDF 1.7, one revision, PDF/A-3a and PDF/UA-1, not yet signed.

    The same page and metadata give the same bytes. ``room`` is the number of hexadecimal digits
    kept free for the signature; with 0 the file has no place for one.
    """
    buffer = io.BytesIO()
    canvas, document = begin(buffer, page, metadata)
    _attach(document, metadata, attachment)
    if room:
        _prepare_signature(document, metadata, room)
    _structure(document, page.elements, metadata.language, signed=bool(room))
    page.fonts.finish(document)
    canvas.showPage()
    _content(document, page, signed=bool(room))
    end(canvas, metadata, attachment.data)
    return buffer.getvalue()


def begin(buffer: io.BytesIO, page: Page, metadata: Metadata) -> tuple[Any, Document]:
    """Answer a canvas of the page's size that writes into ``buffer``, and its document.

    The document declares what PDF/A and PDF/UA ask of a catalogue.
    """
    canvas: Any = Canvas(
        buffer,
        pagesize=(page.width, page.height),
        invariant=1,
        pageCompression=1,
        pdfVersion=(1, 7),
        lang=metadata.language,
    )
    canvas._preamble = ""  # ReportLab's own selects Helvetica, which is not embedded
    catalog = canvas._doc.Catalog
    catalog.__NoDefault__ = [*catalog.__NoDefault__, "OutputIntents", "AF"]
    _declare(canvas._doc, metadata)
    return canvas, canvas._doc


def end(canvas: Any, metadata: Metadata, material: bytes) -> None:
    """Write the file; its identifier is made from ``material``, so that equal files are equal."""
    document = canvas._doc
    document.info = Info(metadata.info())
    identifier = metadata.identifier(material)
    document._ID = f"[<{identifier}><{identifier}>]\n".encode()
    canvas.save()


def _declare(document: Document, metadata: Metadata) -> None:
    """Write what the catalogue says: metadata, colours, language, marked content."""
    catalog = document.Catalog
    put(document, packed(_PROFILE, {"N": 3}), "colours")
    catalog.OutputIntents = Literal(_INTENT)
    kinds = {"Type": Name("Metadata"), "Subtype": Name("XML")}
    catalog.Metadata = stream(xmp(metadata), compress=False, entries=kinds)
    catalog.MarkInfo = Literal(_MARKED)
    catalog.ViewerPreferences = Literal(_TITLED)


def _attach(document: Document, metadata: Metadata, attachment: Attachment) -> None:
    """Attach a file to the document (only part 3 of PDF/A allows JSON)."""
    entries = {
        "Type": Name("EmbeddedFile"),
        # As a Name the slash inside would break the dictionary.
        "Subtype": b"/application#2Fjson",
        "Params": Dictionary({"Size": len(attachment.data), "ModDate": String(metadata.pdf_date)}),
    }
    file = put(document, stream(attachment.data, entries=entries))
    name = String(attachment.name)
    specification = put(
        document,
        Dictionary(
            {
                "Type": Name("Filespec"),
                "F": name,
                "UF": name,
                "AFRelationship": Name("Data"),
                "Desc": String(attachment.description),
                "EF": Dictionary({"F": file, "UF": file}),
            }
        ),
    )
    document.Catalog.AF = Array([specification])
    names = Array([name, specification])
    document.Catalog.Names = Dictionary({"EmbeddedFiles": Dictionary({"Names": names})})


def _prepare_signature(document: Document, metadata: Metadata, room: int) -> None:
    """Write an invisible signature field whose value has two holes, filled after drawing."""
    value = b"".join(
        (
            b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (",
            metadata.pdf_date.encode(),
            b") /Name ",
            String(metadata.author),
            b" ",
            HOLE,
            b" /Contents <",
            b"0" * room,
            b"> >>",
        )
    )
    put(document, Literal(Settled(value)), "signature.value")
    put(document, Literal(_WIDGET), "signature.widget")
    document.Catalog.AcroForm = Literal(_FIELDS)


def _structure(document: Document, elements: list[Element], language: str, *, signed: bool) -> None:
    """Write the structure tree: the document, its elements in reading order, the signature."""
    for place, one in enumerate(elements):
        made = _element(place, one.role, one.alt, one.actual, one.language, one.box)
        put(document, Literal(made), f"structure.{place}")
    if signed:
        put(document, Literal(_FORM), "structure.signature")
    numbers, root, whole = _tree(len(elements), language, signed=signed)
    put(document, Literal(numbers), "structure.numbers")
    put(document, Literal(root), "structure.root")
    put(document, Literal(whole), "structure.document")
    document.Catalog.StructTreeRoot = Reference("structure.root")


@lru_cache(64)
def _tree(count: int, language: str, *, signed: bool) -> tuple[Settled, Settled, Settled]:
    """Make what holds so many elements together: their numbers, the root and the document."""
    parts = [Reference(f"structure.{place}") for place in range(count)]
    kids, numbers = [*parts], [0, Array(parts)]
    if signed:
        kids.append(Reference("structure.signature"))
        numbers += [1, Reference("structure.signature")]
    root = {
        "Type": Name("StructTreeRoot"),
        "K": Array([Reference("structure.document")]),
        "ParentTree": Reference("structure.numbers"),
        "ParentTreeNextKey": len(numbers) // 2,
    }
    whole = {
        "Type": Name("StructElem"),
        "S": Name("Document"),
        "P": Reference("structure.root"),
        "K": Array(kids),
        "Lang": String(language),
    }
    made = (Dictionary({"Nums": Array(numbers)}), Dictionary(root), Dictionary(whole))
    return settled(made[0]), settled(made[1]), settled(made[2])


@lru_cache(256)
def _element(
    place: int,
    role: str,
    alt: str | None,
    actual: str | None,
    language: str | None,
    box: tuple[float, float, float, float] | None,
) -> Settled:
    """Make one structure element."""
    entries: dict[str, Any] = {
        "Type": Name("StructElem"),
        "S": Name(role),
        "P": Reference("structure.document"),
        "Pg": Reference("Page1"),
        "K": place,
    }
    told = {"Alt": alt, "ActualText": actual, "Lang": language}
    entries |= {key: String(text) for key, text in told.items() if text}
    if box is not None:
        edges = Array([f"{value:.2f}" for value in box])
        entries["A"] = Dictionary({"O": Name("Layout"), "BBox": edges, "Placement": Name("Block")})
    return settled(Dictionary(entries))


def _content(document: Document, page: Page, *, signed: bool) -> None:
    """Give the page its content and the keys that ReportLab's page does not know."""
    made = document.idToObject["Page1"]
    made.__NoDefault__ = [*made.__NoDefault__, "StructParents", "Tabs", "Annots"]
    made.Contents = stream("\n".join(page.operators))
    made.StructParents = 0
    made.Tabs = Name("S")
    if signed:
        made.Annots = Array([Reference("signature.widget")])
