"""The faces at hand: the vendored ones beside this file, and installed ones for further scripts."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from lms.typeset.fontfile import Face, Unusable
from lms.typeset.shape import NoGlyph, Stack, shape

_log = logging.getLogger(__name__)

VENDORED: Final = Path(__file__).with_name("fonts")
_FALLBACKS: Final = (
    "EBGaramond-Regular.ttf",
    "NotoSerif-Regular.ttf",
    "Amiri-Regular.ttf",
    "NotoSerifHebrew-Regular.ttf",
    "NotoSerifDevanagari-Regular.ttf",
)
_INSTALLED: Final = (
    "~/.local/share/fonts",
    "~/.fonts",
    "~/Library/Fonts",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "/Library/Fonts",
    "/System/Library/Fonts/Supplemental",
)
# Better first. Serif stands beside Garamond; sans is better than a refusal.
_CJK_FILES: Final = (
    re.compile(r"(NotoSerifCJK|SourceHanSerif)[-A-Za-z]*-?Regular\.(ttc|otf)"),
    re.compile(r"(NotoSerif(SC|TC|HK|JP|KR))-Regular\.(otf|ttf)"),
    re.compile(r"(NotoSansCJK|SourceHanSans)[-A-Za-z]*-?Regular\.(ttc|otf)"),
    re.compile(r"(NotoSans(SC|TC|HK|JP|KR))-Regular\.(otf|ttf)"),
)
_OTHER_FILES: Final = re.compile(
    r"Noto(Serif|Sans)(?!CJK|Display|Mono|Math|Music|Symbols|SC-|TC-|HK-|JP-|KR-|SignWriting)"
    r"[A-Z][A-Za-z]*-Regular\.(ttf|otf)"
)
_NOT_UI: Final = re.compile(r"UI-Regular")
_REGION: Final = re.compile(r"(?:CJK|Serif|Sans)-?(sc|tc|hk|jp|kr|SC|TC|HK|JP|KR|K|J|C)?(?=-|$)")
_SOURCE_HAN: Final = {"K": "KR", "J": "JP", "C": "SC"}

_HANGUL: Final = re.compile("[\uac00-\ud7af\u1100-\u11ff]")
_KANA: Final = re.compile("[\u3041-\u30ff]")

_SCRIPTS: Final = {
    "Latin": "Łukasz",
    "Vietnamese": "Nguyễn Thị Ánh",
    "Greek": "Ελένη",
    "Cyrillic": "Наталья",
    "Arabic": "محمد",
    "Hebrew": "יעל",
    "Devanagari": "अनुष्का",
    "Chinese (simplified)": "王小明张",
    "Chinese (traditional)": "陳張國",
    "Japanese": "やまだカナ",
    "Korean": "김민준",
    "Armenian": "Արամ",
    "Bengali": "অনুষ্কা",
    "Cherokee": "ᏣᎳᎩ",
    "Ethiopic": "ጸጋዬ",
    "Georgian": "ნინო",
    "Gujarati": "અનુષ્કા",
    "Gurmukhi": "ਅਨੁਸ਼ਕਾ",
    "Kannada": "ಅನುಷ್ಕಾ",
    "Khmer": "សុខា",
    "Lao": "ສົມຊາຍ",
    "Malayalam": "അനുഷ്ക",
    "Myanmar": "အောင်",
    "Sinhala": "අනුෂ්කා",
    "Syriac": "ܐܒܪܗܡ",
    "Tamil": "தமிழ்",
    "Telugu": "అనుష్క",
    "Thai": "สมชาย",
    "Tibetan": "བསྟན་འཛིན",
}


class Role(StrEnum):
    """What a face is used for on the page."""

    TEXT = "EBGaramond-Regular.ttf"
    ITALIC = "EBGaramond-Italic.ttf"
    MEDIUM = "EBGaramond-Medium.ttf"
    NAME = "CormorantGaramond-Medium.ttf"
    HEADING = "CormorantGaramond-Regular.ttf"


@dataclass(frozen=True, eq=False)
class Faces:
    """All faces of a process; make one with ``Faces.find`` at start and hand it on."""

    roles: dict[Role, Face]
    fallbacks: Stack
    national: dict[str, Face]
    others: Stack

    @classmethod
    def find(cls, extra: Path | None) -> "Faces":
        """Open the vendored faces, those in the folder ``extra`` and those installed.

        Nothing but the vendored faces is needed; a file that is broken or may not be embedded is
        left out and named in the log.
        """
        roles = {role: Face(VENDORED / role.value) for role in Role}
        own = {Path(role.value).name: face for role, face in roles.items()}
        fallbacks = tuple(own.get(name) or Face(VENDORED / name) for name in _FALLBACKS)
        national: dict[str, Face] = {}
        others: list[Face] = []
        for face in _brought(extra):
            if face.has("一の"):
                national.setdefault(_region(face), face)
            else:
                others.append(face)
        cjk, further = _installed()
        for face in cjk:
            national.setdefault(_region(face), face)
        return cls(roles, fallbacks, national, (*others, *further))

    def stack(self, role: Role, text: str = "", locale: str | None = None) -> Stack:
        """Answer the faces to try for a text, in order; the locale chooses national shapes."""
        return self._stack(role, _wanted(text, locale) if self.national else "")

    @lru_cache(64)  # noqa: B019 - faces live as long as the process
    def _stack(self, role: Role, region: str) -> Stack:
        first = self.roles[role]
        rest = tuple(face for face in self.fallbacks if face is not first)
        return (first, *rest, *self._national(region), *self.others)

    def _national(self, first: str) -> Stack:
        """Order the CJK faces: Hangul takes Korean, kana Japanese, else the locale, else SC."""
        order = dict.fromkeys((first, "SC", "TC", "HK", "JP", "KR"))
        return tuple(self.national[region] for region in order if region in self.national)

    def all(self) -> Stack:
        """Answer every face once."""
        found = (*self.roles.values(), *self.fallbacks, *self.national.values(), *self.others)
        return tuple(dict.fromkeys(found))

    def scripts(self) -> list[str]:
        """Name the scripts in which a name can be printed, for the doctor's report."""
        return [script for script, sample in _SCRIPTS.items() if self._prints(sample)]

    def _prints(self, sample: str) -> bool:
        try:
            shape(sample, self.stack(Role.NAME, sample))
        except NoGlyph:
            return False
        return True


def _wanted(text: str, locale: str | None) -> str:
    """Choose the national shapes for a text."""
    if _HANGUL.search(text):
        return "KR"
    if _KANA.search(text):
        return "JP"
    language = (locale or "").lower().replace("_", "-")
    if language.startswith("ja"):
        return "JP"
    if language.startswith("ko"):
        return "KR"
    if language.startswith(("zh-hant-hk", "zh-hk", "zh-mo", "yue")):
        return "HK"
    if language.startswith(("zh-hant", "zh-tw")):
        return "TC"
    return "SC"


def _region(face: Face) -> str:
    """Read from a CJK face's name for which region its shapes are drawn."""
    found = _REGION.search(face.name)
    told = (found.group(1) or "") if found else ""
    return _SOURCE_HAN.get(told, told.upper()) or ("JP" if "SourceHan" in face.name else "SC")


def _open(path: Path) -> Iterator[Face]:
    """Open every face of a file; say in the log what cannot be used."""
    number = 1
    if path.suffix.lower() in (".ttc", ".otc"):
        with path.open("rb") as file:
            number = int.from_bytes(file.read(12)[8:], "big")
    for index in range(min(number, 64)):
        try:
            face = Face(path, index)
        except (Unusable, OSError, IndexError) as problem:
            _log.warning("font file %s left out: %s", path.name, problem)
            continue
        if "Mono" not in face.name:
            yield face


def _files(folder: Path) -> list[Path]:
    """List the font files under a folder, sorted by name so that nothing depends on the disk."""
    kinds = (".ttf", ".otf", ".ttc", ".otc")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in kinds)
    return sorted(found, key=lambda path: (path.name, str(path)))


def _brought(extra: Path | None) -> Iterator[Face]:
    """Open the faces that an installation put into its own folder."""
    if extra is not None and extra.is_dir():
        for path in _files(extra):
            yield from _open(path)


def _installed() -> tuple[list[Face], list[Face]]:
    """Find installed faces: CJK ones, best first; and those of further scripts."""
    files: dict[str, Path] = {}
    for folder in (Path(name).expanduser() for name in _INSTALLED):
        if folder.is_dir():
            for path in _files(folder):
                files.setdefault(path.name, path)
    cjk = [
        face
        for pattern in _CJK_FILES
        for name, path in files.items()
        if pattern.fullmatch(name)
        for face in _open(path)
    ]
    names = [n for n in files if _OTHER_FILES.fullmatch(n) and not _NOT_UI.search(n)]
    names.sort(key=lambda name: (not name.startswith("NotoSerif"), name))
    return cjk, [face for name in names for face in _open(files[name])]
