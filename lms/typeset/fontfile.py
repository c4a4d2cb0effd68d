"""One face of a font file: its measures, its glyphs, and the part of it that a document needs."""

import hashlib
import struct
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

import uharfbuzz as hb

_DROPPED: Final = (
    "GSUB", "GPOS", "GDEF", "BASE", "JSTF", "STAT", "DSIG", "name", "post", "OS/2", "cmap", "gasp",
    "prep", "fpgm", "cvt ", "hdmx", "VDMX", "LTSH", "kern", "MATH", "VORG", "vhea", "vmtx",
)  # fmt: skip
_RESTRICTED: Final = 0x0002  # OS/2 fsType: embedding needs the permission of the owner
_NO_SUBSET: Final = 0x0100
_BITMAPS_ONLY: Final = 0x0200
_ZERO_WIDTH_SPACE: Final = 0x200B


class Unusable(ValueError):
    """A font file cannot serve: broken, or its licence bits forbid embedding."""


class Face:
    """A face held open for the life of the process; all measures are in thousandths of an em.

    Raises ``Unusable`` when the file is no font or may not be embedded.
    """

    def __init__(self, path: Path, index: int = 0) -> None:
        self.path, self.index = path, index
        self._face: Any = hb.Face(hb.Blob.from_file_path(str(path)), index)
        if not {"cmap", "head", "hhea", "OS/2"} <= set(self._face.table_tags):
            raise Unusable(f"{path.name} is not a usable font file")
        self.font: Any = hb.Font(self._face)
        self.upem: int = self._face.upem
        self._measure()
        self._cut: Any = self._face if self.is_cff else hb.subset_preprocess(self._face)

    def __repr__(self) -> str:
        """Name the face as a reader of a log knows it."""
        return f"<Face {self.name}>"

    def _table(self, tag: str) -> bytes:
        data: bytes = self._face.reference_table(tag).data
        return data

    def _measure(self) -> None:
        """Read what a PDF font descriptor asks for from the tables head, hhea, OS/2 and post."""
        k = 1000 / self.upem
        head, os2 = self._table("head"), self._table("OS/2")
        (permissions,) = struct.unpack_from(">H", os2, 8)
        if permissions & (_RESTRICTED | _NO_SUBSET | _BITMAPS_ONLY):
            raise Unusable(f"{self.path.name} may not be embedded in part (its fsType forbids it)")
        self.bbox = tuple(round(v * k) for v in struct.unpack_from(">4h", head, 36))
        ascent, descent = struct.unpack_from(">2h", self._table("hhea"), 4)
        self.ascent, self.descent = round(ascent * k), round(descent * k)
        (version,) = struct.unpack_from(">H", os2, 0)
        capital = struct.unpack_from(">h", os2, 88)[0] if version >= 2 and len(os2) >= 90 else 0
        self.capital = round(capital * k) or 700
        post = self._table("post")
        self.slant = struct.unpack_from(">i", post, 4)[0] / 65536 if len(post) >= 8 else 0.0
        self.name: str = (self._face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or "").replace(
            " ", ""
        ) or self.path.stem.replace(" ", "")
        self.is_cff = "CFF " in self._face.table_tags

    @cached_property
    def is_cid_keyed(self) -> bool:
        """Say whether glyphs go by numbers of a collection; asked of a face that is cut only.

        The table is most of a CJK font, 15 MB, which would be copied for each face at start.
        """
        return self.is_cff and _has_ros(self._table("CFF "))

    def glyph(self, code: int) -> int | None:
        """Answer the glyph that the character map gives for a code point, or None."""
        found: int | None = self.font.get_nominal_glyph(code)
        return found or None

    def has(self, text: str) -> bool:
        """Say whether the character map holds every character of a text."""
        return all(self.glyph(ord(character)) is not None for character in text)

    @cached_property
    def plain(self) -> frozenset[str]:
        """Answer which characters of ASCII the character map holds."""
        return frozenset(chr(code) for code in range(128) if self.glyph(code) is not None)

    @lru_cache(4096)  # noqa: B019 - faces live as long as the process
    def advance(self, glyph: int) -> float:
        """Answer a glyph's own width, before any positioning."""
        width: int = self.font.get_glyph_h_advance(glyph)
        return width * 1000 / self.upem

    @lru_cache(4096)  # noqa: B019 - faces live as long as the process
    def reach(self, glyph: int) -> tuple[float, float]:
        """Answer the highest and lowest ink of a glyph; (0, 0) for a blank one."""
        box = self.font.get_glyph_extents(glyph)
        if box is None or not box.height:
            return 0.0, 0.0
        k = 1000 / self.upem
        return box.y_bearing * k, (box.y_bearing + box.height) * k

    @cached_property
    def _characters(self) -> dict[int, int]:
        """Map each glyph to its smallest character outside the private areas."""
        found: dict[int, int] = {}
        for code in self._face.unicodes:
            if not (0xE000 <= code < 0xF900 or code >= 0xF0000):
                glyph = self.glyph(code)
                if glyph is not None:
                    found.setdefault(glyph, code)
        return found

    def character(self, glyph: int) -> str:
        """Answer the character a glyph stands for by itself; a zero width space for a helper."""
        return chr(self._characters.get(glyph, _ZERO_WIDTH_SPACE))

    @cached_property
    def digest(self) -> str:
        """Answer the SHA-256 of the file, for the record of what drew a certificate."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def subset(self, glyphs: tuple[int, ...]) -> bytes:
        """Cut the face to some glyphs: a TrueType file, or a bare ``CFF`` table.

        Glyph numbers are kept, so that the text code is the glyph number. In a CID-keyed face the
        charset keeps the numbers instead; retaining them there would bloat the file.
        """
        asked = hb.SubsetInput()
        asked.sets(hb.SubsetInputSets.GLYPH_INDEX).set({0, *glyphs})
        dropped = {int.from_bytes(tag.encode(), "big") for tag in _DROPPED}
        asked.sets(hb.SubsetInputSets.DROP_TABLE_TAG).update(dropped)
        flags = hb.SubsetFlags
        keep = flags.DESUBROUTINIZE if self.is_cid_keyed else flags.RETAIN_GIDS
        asked.flags = flags.NO_HINTING | flags.NOTDEF_OUTLINE | flags.NO_LAYOUT_CLOSURE | keep
        cut: Any = hb.subset(self._cut, asked)
        # Wrapped as /OpenType a cut CJK face validates but prints blank in poppler.
        data: bytes = cut.reference_table("CFF ").data if self.is_cff else cut.blob.data
        return data

    def outline(self, glyph: int) -> list[tuple[str, tuple[float, ...]]]:
        """Answer a glyph's outline in font units as operators m, l, c and h (cubic curves)."""
        pen = _Pen()
        self.font.draw_glyph_with_pen(glyph, pen)
        return pen.steps


class _Pen:
    """Collect an outline; quadratic curves become cubic ones."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, tuple[float, ...]]] = []
        self._at = (0.0, 0.0)

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802 - HarfBuzz names it
        self.steps.append(("m", point))
        self._at = point

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self.steps.append(("l", point))
        self._at = point

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        self.steps.append(("c", tuple(value for point in points for value in point)))
        self._at = points[-1]

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        control, end = points[0], points[-1]
        first, second = (
            (near[0] + 2 / 3 * (control[0] - near[0]), near[1] + 2 / 3 * (control[1] - near[1]))
            for near in (self._at, end)
        )
        self.curveTo(first, second, end)

    def closePath(self) -> None:  # noqa: N802
        self.steps.append(("h", ()))

    endPath = closePath  # noqa: N815


def _has_ros(table: bytes) -> bool:
    """Say whether a CFF table is CID-keyed: its first top dictionary holds operator 12 30 (ROS)."""
    place = _after_index(table, table[2])
    count, size = struct.unpack_from(">HB", table, place)
    start = int.from_bytes(table[place + 3 : place + 3 + size], "big")
    stop = int.from_bytes(table[place + 3 + size : place + 3 + 2 * size], "big")
    data = place + 2 + (count + 1) * size
    # The Adobe specification demands ROS to be the first operator, after three operands.
    return b"\x0c\x1e" in table[data + start : data + stop][:16]


def _after_index(table: bytes, place: int) -> int:
    """Answer the place behind the CFF INDEX that starts at ``place``."""
    (count,) = struct.unpack_from(">H", table, place)
    if not count:
        return place + 2
    size: int = table[place + 2]
    last = place + 3 + count * size
    end: int = last + size - 1 + int.from_bytes(table[last : last + size], "big")
    return end
