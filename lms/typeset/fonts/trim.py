"""Cut the vendored faces down to what certificates need, once, when a face is added or renewed.

Run it with one folder that holds the unpacked sources named in ``manifest.json``::

    python trim.py SOURCES

It writes the trimmed faces, their licences and ``manifest.json`` beside itself. The sources are
the npm packages ``@expo-google-fonts/...`` (each unpacked into a folder of the family's name) and
``Amiri-Regular.ttf`` with ``Amiri-OFL.txt`` from the Debian package ``fonts-hosny-amiri``.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

_EUROPE: Final = (
    (0x20, 0x7E), (0xA0, 0x52F), (0x1C80, 0x1C8F), (0x1D00, 0x1FFF), (0x2000, 0x206F),
    (0x2070, 0x20CF), (0x2100, 0x218F), (0x2212, 0x2212), (0x25CC, 0x25CC), (0x2C60, 0x2C7F),
    (0x2DE0, 0x2DFF), (0xA640, 0xA69F), (0xA720, 0xA7FF), (0xAB30, 0xAB6F), (0xFB00, 0xFB06),
)  # fmt: skip
_COMMON: Final = ((0x20, 0x40), (0x5B, 0x60), (0x7B, 0x7E), (0xA0, 0xBF), (0x2000, 0x206F),
                  (0x25CC, 0x25CC))  # fmt: skip
_ARABIC: Final = (*_COMMON, (0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFDFF),
                  (0xFE70, 0xFEFC))  # fmt: skip
_HEBREW: Final = (*_COMMON, (0x590, 0x5FF), (0x20AA, 0x20AA), (0xFB1D, 0xFB4F))
_DEVANAGARI: Final = (*_COMMON, (0x900, 0x97F), (0x1CD0, 0x1CFF), (0x20B9, 0x20B9),
                      (0xA8E0, 0xA8FF))  # fmt: skip

_FEATURES: Final = [
    "kern", "mark", "mkmk", "ccmp", "locl", "liga", "clig", "calt", "rlig", "init", "medi", "fina",
    "isol", "smcp", "c2sc", "lnum", "onum", "med2", "fin2", "fin3", "curs", "rclt", "nukt", "akhn",
    "rphf", "rkrf", "pref", "blwf", "half", "abvf", "pstf", "cjct", "vatu", "pres", "abvs", "blws",
    "psts", "haln", "dist", "abvm", "blwm",
]  # fmt: skip

Ranges = tuple[tuple[int, int], ...]
_FACES: Final[tuple[tuple[str, str, str, str, Ranges], ...]] = (
    ("CormorantGaramond-Regular.ttf", "cormorant-garamond",
     "400Regular/CormorantGaramond_400Regular.ttf", "LICENSE_FONT", _EUROPE),
    ("CormorantGaramond-Medium.ttf", "cormorant-garamond",
     "500Medium/CormorantGaramond_500Medium.ttf", "LICENSE_FONT", _EUROPE),
    ("EBGaramond-Regular.ttf", "eb-garamond",
     "400Regular/EBGaramond_400Regular.ttf", "LICENSE_FONT", _EUROPE),
    ("EBGaramond-Italic.ttf", "eb-garamond",
     "400Regular_Italic/EBGaramond_400Regular_Italic.ttf", "LICENSE_FONT", _EUROPE),
    ("EBGaramond-Medium.ttf", "eb-garamond",
     "500Medium/EBGaramond_500Medium.ttf", "LICENSE_FONT", _EUROPE),
    ("NotoSerif-Regular.ttf", "noto-serif",
     "400Regular/NotoSerif_400Regular.ttf", "LICENSE_FONT", _EUROPE),
    ("NotoSerifHebrew-Regular.ttf", "noto-serif-hebrew",
     "400Regular/NotoSerifHebrew_400Regular.ttf", "LICENSE_FONT", _HEBREW),
    ("NotoSerifDevanagari-Regular.ttf", "noto-serif-devanagari",
     "400Regular/NotoSerifDevanagari_400Regular.ttf", "LICENSE_FONT", _DEVANAGARI),
    ("Amiri-Regular.ttf", "amiri", "Amiri-Regular.ttf", "Amiri-OFL.txt", _ARABIC),
)  # fmt: skip


def trim(source: Path, ranges: Ranges) -> bytes:
    """Answer the face at ``source`` with only the characters in ``ranges``, unhinted."""
    font: Any = TTFont(source, recalcTimestamp=False)
    if font["OS/2"].fsType & 0x030E:
        raise SystemExit(f"{source.name}: its fsType forbids free embedding")
    options = Options()
    options.layout_features = _FEATURES
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["DSIG", "STAT", "meta"]
    cutter: Any = Subsetter(options)
    cutter.populate(unicodes=[u for low, high in ranges for u in range(low, high + 1)])
    cutter.subset(font)
    # Without the time stamp of the tool: the same source gives the same bytes.
    target = Path(__file__).with_name("trimming.tmp")
    font.save(target)
    data = target.read_bytes()
    target.unlink()
    return data


def main(sources: Path) -> None:
    """Write every trimmed face, its licence text and the manifest beside this file."""
    here = Path(__file__).parent
    manifest: dict[str, dict[str, str | int]] = {}
    for name, family, path, licence, ranges in _FACES:
        source = sources / family / path
        data = trim(source, ranges)
        (here / name).write_bytes(data)
        (here / f"{family}-OFL.txt").write_bytes((sources / family / licence).read_bytes())
        whole: Any = TTFont(source, lazy=True)
        package = sources / family / "package.json"
        origin = "Debian fonts-hosny-amiri 0.113"
        if package.exists():
            told = json.loads(package.read_text(encoding="utf-8"))
            origin = f"npm {told['name']} {told['version']}"
        manifest[name] = {
            "family": whole["name"].getDebugName(1),
            "version": whole["name"].getDebugName(5),
            "source": f"{origin}, {path}",
            "source_sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "licence": f"{family}-OFL.txt",
        }
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (here / "manifest.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
