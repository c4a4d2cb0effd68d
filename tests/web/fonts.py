"""Cut the web fonts out of the two open families: after a change here, or of a source.

The sources are two packages of npm, each unpacked into a folder of one common folder; writing
WOFF2 needs `brotli`, which nothing else here does::

    npm pack @fontsource-variable/source-serif-4@5.3.1 @fontsource-variable/source-sans-3@5.3.0
    for one in *.tgz; do mkdir "${one%.tgz}" && tar xzf "$one" -C "${one%.tgz}"; done
    pip install fonttools brotli
    python -m tests.web.fonts THE_COMMON_FOLDER

It writes static/fonts/*.woff2 and the `@font-face` lines of static/rounds.css.
"""

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

STATIC = Path(__file__).resolve().parents[2] / "static"

# What stands in nearly every page: ASCII, our punctuation, and the accented letters that are
# frequent in names. Then the rest of Latin-1, and what few pages need.
_CORE = (
    "U+0000-007F, U+00A0, U+00A7, U+00A9, U+00AB, U+00AD-00AE, U+00B0, U+00B7, U+00BB, U+00C1, "
    "U+00C4-00C5, U+00C7, U+00C9, U+00CD, U+00D1, U+00D3, U+00D6-00D8, U+00DA, U+00DC, "
    "U+00DF-00EF, U+00F1-00FC, U+0131, U+2000-206F, U+2122, U+2212"
)
_MORE = (
    "U+0080-009F, U+00A1-00A6, U+00A8, U+00AA, U+00AC, U+00AF, U+00B1-00B6, U+00B8-00BA, "
    "U+00BC-00C0, U+00C2-00C3, U+00C6, U+00C8, U+00CA-00CC, U+00CE-00D0, U+00D2, U+00D4-00D5, "
    "U+00D9, U+00DB, U+00DD-00DE, U+00F0, U+00FD-00FF, U+0152-0153, U+02BB-02BC, "
    "U+02C6, U+02DA, U+02DC, U+20AC, U+2215"
)
# Polish, Czech, Slovak, Hungarian, Romanian, Turkish and the languages of the western Balkans;
# then what else there is of Latin, Baltic and Welsh for instance.
_CENTRAL = (
    "U+0104-0107, U+010C-010F, U+0118-011B, U+011E-011F, U+0130, U+0139-013A, U+013D-013E, "
    "U+0141-0144, U+0147-0148, U+0150-0151, U+0154-0155, U+0158-015B, U+015E-0165, U+016E-0171, "
    "U+0179-017E, U+0218-021B"
)
_EXTENDED = (
    "U+0100-0101, U+0108-010B, U+0112-0117, U+011C-011D, U+0120-0127, U+012A-012F, U+0132-0138, "
    "U+013B-013C, U+013F-0140, U+0145-0146, U+0149-014F, U+0156-0157, U+015C-015D, U+0166-0167, "
    "U+016A-016D, U+0172-0178, U+017F, U+0192, U+1E80-1E85, U+1E9E"
)
_VIETNAMESE = (
    "U+0102-0103, U+0110-0111, U+0128-0129, U+0168-0169, U+01A0-01A1, U+01AF-01B0, "
    "U+0300-0301, U+0303-0304, U+0308-0309, U+0323, U+0329, U+1EA0-1EF9, U+20AB"
)

_SERIF = "source-serif-4-{}-opsz-normal", {"wght": (400, 400, 600), "opsz": (14, 20, 60)}
_ITALIC = "source-serif-4-{}-wght-italic", {"wght": 400}
_SANS = "source-sans-3-{}-wght-normal", {"wght": (400, 400, 700)}

# Kerning, ligatures, forms of a language, figures in columns and in running text. The letters of
# the other slices stand between letters of the core, and a browser kerns only within one slice.
# Accents that stand by themselves are in the Vietnamese one, and are set upon its letters only.
_FEATURES = {
    _CORE: ["kern", "liga", "locl", "pnum", "tnum"],
    _VIETNAMESE: ["ccmp", "locl", "mark", "mkmk"],
}
_OTHERS = ["locl"]


@dataclass(frozen=True)
class Cut:
    """One slice of one face: what it is called, and what it is cut from."""

    name: str
    face: tuple[str, dict[str, Any]]
    part: str
    characters: str

    @property
    def family(self) -> str:
        """Return its family. The license keeps the name of the source for the source."""
        return "Rounds Sans" if self.face is _SANS else "Rounds Serif"

    @property
    def weights(self) -> str:
        """Return the weights it has, as a style sheet says them."""
        weight = self.face[1]["wght"]
        return f"{weight[0]} {weight[2]}" if isinstance(weight, tuple) else str(weight)

    @property
    def rule(self) -> str:
        """Return its line of the style sheet, with the stamp by which `asset` calls the file."""
        stamp = hashlib.sha256((STATIC / "fonts" / f"{self.name}.woff2").read_bytes()).hexdigest()
        style = " font-style: italic;" if self.face is _ITALIC else ""
        return (
            f'@font-face {{ font-family: "{self.family}"; '
            f'src: url("fonts/{self.name}.woff2?v={stamp[:10]}") format("woff2"); '
            f"font-weight: {self.weights};{style} font-display: swap; "
            f"unicode-range: {self.characters}; }}"
        )


CUTS = (
    Cut("rounds-serif-latin", _SERIF, "latin", _CORE),
    Cut("rounds-serif-latin-more", _SERIF, "latin", _MORE),
    Cut("rounds-serif-latin-central", _SERIF, "latin-ext", _CENTRAL),
    Cut("rounds-serif-latin-ext", _SERIF, "latin-ext", _EXTENDED),
    Cut("rounds-serif-vietnamese", _SERIF, "vietnamese", _VIETNAMESE),
    Cut("rounds-serif-latin-italic", _ITALIC, "latin", _CORE),
    Cut("rounds-serif-latin-more-italic", _ITALIC, "latin", _MORE),
    Cut("rounds-sans-latin", _SANS, "latin", _CORE),
    Cut("rounds-sans-latin-more", _SANS, "latin", _MORE),
    Cut("rounds-sans-latin-central", _SANS, "latin-ext", _CENTRAL),
    Cut("rounds-sans-latin-ext", _SANS, "latin-ext", _EXTENDED),
    Cut("rounds-sans-vietnamese", _SANS, "vietnamese", _VIETNAMESE),
)


def characters(ranges: str) -> set[int]:
    """Return the code points of a `unicode-range`."""
    found: set[int] = set()
    for one in ranges.split(","):
        low, _, high = one.strip().removeprefix("U+").partition("-")
        found.update(range(int(low, 16), int(high or low, 16) + 1))
    return found


def cut(one: Cut, source: Path) -> TTFont:
    """Return the slice: its characters, weights and sizes, under our name."""
    font = TTFont(source, recalcTimestamp=False)
    options = Options()
    options.layout_features = _FEATURES.get(one.characters, _OTHERS)
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["STAT"]
    cutter = Subsetter(options)
    cutter.populate(unicodes=characters(one.characters))
    cutter.subset(font)
    font = instancer.instantiateVariableFont(font, one.face[1])
    if "fvar" in font:
        font["fvar"].instances = []
    style = "Italic" if one.face is _ITALIC else "Regular"
    full = one.family if style == "Regular" else f"{one.family} {style}"
    called = {
        1: one.family,
        2: style,
        3: f"{full} subset",
        4: full,
        6: f"{one.family.replace(' ', '')}-{style}",
    }
    for name_id, name in called.items():
        font["name"].setName(name, name_id, 3, 1, 0x409)
    font["name"].removeUnusedNames(font)
    font.flavor = "woff2"
    return font


def main(sources: Path) -> None:
    """Write all slices and their lines of the style sheet."""
    for one in CUTS:
        (source,) = sources.glob(f"*/package/files/{one.face[0].format(one.part)}.woff2")
        file = STATIC / "fonts" / f"{one.name}.woff2"
        cut(one, source).save(file)
        print(f"{file.stat().st_size:7,}  {file.name}")
    sheet = STATIC / "rounds.css"
    before, _, after = re.split(r"((?:^@font-face .*\n)+)", sheet.read_text(), flags=re.M)
    sheet.write_text(before + "".join(f"{one.rule}\n" for one in CUTS) + after)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
