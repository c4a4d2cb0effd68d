"""Write shaped text as PDF operators and embed the glyphs used as Type 0 fonts (Identity-H).

ReportLab's own fonts are not used: they neither shape complex scripts nor give the same bytes
whatever was drawn before.
"""

import hashlib
from functools import lru_cache
from typing import Any, Final

from lms.typeset.fontfile import Face
from lms.typeset.objects import (
    Array,
    Dictionary,
    Document,
    Literal,
    Name,
    Reference,
    Settled,
    String,
    number,
    put,
    settled,
    stream,
)
from lms.typeset.shape import Run, Runs

_CMAP_HEAD: Final = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap "
    "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def "
    "/CMapName /Adobe-Identity-UCS def /CMapType 2 def "
    "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
)
_CMAP_TAIL: Final = "endcmap CMapName currentdict /CMap defineresource pop end end"
_SYMBOLIC: Final = 4


class Fonts:
    """The glyphs that one document uses, face by face in order of first use."""

    def __init__(self) -> None:
        self._used: dict[Face, dict[int, str]] = {}

    def show(self, at: tuple[float, float], runs: Runs, size: float, track: float = 0.0) -> str:
        """Answer the operators that set a line at a baseline's left end; lengths in points."""
        x, y = at
        written: list[str] = []
        for run in runs:
            known = self._used.setdefault(run.face, {})
            number = list(self._used).index(run.face)
            body, texts, clashes = _shown(run, size, track)
            body = f"BT /T{number} {size:.3f} Tf 1 0 0 1 {x:.3f} {y:.3f} Tm {body} ET"
            clashes = _note(known, texts) or clashes
            # Right-to-left runs get no ActualText here: viewers would reverse it once more. Their
            # structure element carries it.
            if (run.is_complex or clashes) and not run.is_rtl:
                told = run.text.encode("utf-16-be").hex()
                body = f"/Span <</ActualText <feff{told}>>> BDC {body} EMC"
            written.append(body)
            x += run.width * size / 1000 + track * len(run.glyphs)
        return "\n".join(written)

    def finish(self, document: Document) -> None:
        """Embed every face used; the page's font resources then hold them and nothing else."""
        resources = document.idToObject["BasicFonts"].dict
        resources.clear()
        for place, (face, texts) in enumerate(self._used.items()):
            name = f"font.{place}"
            for part, made in _embedded(face, tuple(sorted(texts.items())), name):
                put(document, Literal(made), part)
            resources[f"T{place}"] = Reference(name)


def _note(known: dict[int, str], texts: dict[int, str]) -> bool:
    """Remember glyphs and their texts; say whether one already stands for another text."""
    if texts.items() <= known.items():
        return False
    clashes = False
    for glyph, text in texts.items():
        have = known.get(glyph)
        if have:
            clashes = clashes or have != text
        else:
            known[glyph] = text
            clashes = clashes or (have is not None and have != text)
    return clashes


# What a run shows does not depend on where it stands, and most of a certificate's are in every one.
@lru_cache(1024)
def _shown(run: Run, size: float, track: float) -> tuple[str, dict[int, str], bool]:
    """Write one run as TJ operators, raised marks by text rise.

    Answers also which glyph stands for which text, and whether one stands for several.
    """
    texts: dict[int, str] = {}
    clashes = False
    parts: list[str] = []
    shown: list[str] = []
    rise = pending = 0.0
    for glyph in run.glyphs:
        clashes = _note(texts, {glyph.number: glyph.text}) or clashes
        lift = glyph.up * size / 1000
        if abs(lift - rise) > 1e-6:
            parts.append(_array(shown))
            shown.clear()
            rise = lift
            parts.append(f"{rise:.3f} Ts")
        adjust = pending - glyph.right
        if abs(adjust) > 0.05:
            shown.append(f" {adjust:.1f} ")
        shown.append(f"<{glyph.number:04x}>")
        pending = glyph.right + run.face.advance(glyph.number) - glyph.advance
        pending -= track * 1000 / size
    parts.append(_array(shown))
    if rise:
        parts.append("0 Ts")
    return " ".join(part for part in parts if part), texts, clashes


def _array(shown: list[str]) -> str:
    return f"[{''.join(shown)}] TJ".replace("><", "") if shown else ""


# A certificate uses five faces: in two or three of them the same letters as the one before.
@lru_cache(64)
def _embedded(
    face: Face, texts: tuple[tuple[int, str], ...], name: str
) -> tuple[tuple[str, Settled], ...]:
    """Make the objects of a composite font for some glyphs of a face, each with its name."""
    glyphs = tuple(glyph for glyph, _ in texts)
    # The prefix follows from the content, not from a counter: the same facts give the same bytes.
    mark = hashlib.sha256(repr((face.name, glyphs)).encode()).digest()
    title = Name("".join(chr(65 + byte % 26) for byte in mark[:6]) + "+" + face.name)
    data = face.subset(glyphs)
    if face.is_cff:
        key, file = "FontFile3", stream(data, entries={"Subtype": Name("CIDFontType0C")})
    else:
        key, file = "FontFile2", stream(data, entries={"Length1": len(data)})
    descriptor = {
        "Type": Name("FontDescriptor"),
        "FontName": title,
        "Flags": _SYMBOLIC,
        "FontBBox": Array(face.bbox),
        "ItalicAngle": round(face.slant, 2),
        "Ascent": face.ascent,
        "Descent": face.descent,
        "CapHeight": face.capital,
        "StemV": 80,
        key: Reference(f"{name}.file"),
    }
    parts = (
        ("file", file),
        ("descriptor", Dictionary(descriptor)),
        ("descendant", _descendant(face, glyphs, title, Reference(f"{name}.descriptor"))),
        ("unicode", stream(_to_unicode(face, texts))),
    )
    whole = {
        "Type": Name("Font"),
        "Subtype": Name("Type0"),
        "BaseFont": title,
        "Encoding": Name("Identity-H"),
        "DescendantFonts": Array([Reference(f"{name}.descendant")]),
        "ToUnicode": Reference(f"{name}.unicode"),
    }
    made = [(f"{name}.{part}", settled(one)) for part, one in parts]
    return (*made, (name, settled(Dictionary(whole))))


def _descendant(
    face: Face, glyphs: tuple[int, ...], title: bytes, descriptor: Reference
) -> Dictionary:
    """Make the one font that a composite font consists of, with the widths of its glyphs."""
    widths: list[Any] = []
    for glyph in glyphs:
        widths += [glyph, b"[ %b ]" % number(round(face.advance(glyph), 3))]
    entries = {
        "Type": Name("Font"),
        "Subtype": Name("CIDFontType0" if face.is_cff else "CIDFontType2"),
        "BaseFont": title,
        "CIDSystemInfo": Dictionary(
            {"Registry": String("Adobe"), "Ordering": String("Identity"), "Supplement": 0}
        ),
        "FontDescriptor": descriptor,
        "DW": 1000,
        "W": Array(widths),
    }
    if not face.is_cff:
        entries["CIDToGIDMap"] = Name("Identity")
    return Dictionary(entries)


def _to_unicode(face: Face, texts: tuple[tuple[int, str], ...]) -> str:
    """Write the map from glyphs to text; private codes never occur (PDF/A-3a forbids them)."""
    rows = []
    for glyph, text in texts:
        told = text or face.character(glyph)
        rows.append(f"<{glyph:04x}> <{told.encode('utf-16-be').hex()}>")
    written = [_CMAP_HEAD]
    for start in range(0, len(rows), 100):
        block = rows[start : start + 100]
        written.append(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar\n")
    return "".join(written) + _CMAP_TAIL
