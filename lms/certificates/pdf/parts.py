"""Say which parts drew a certificate, for the record kept beside it."""

import importlib.metadata
import platform
import zlib
from typing import Final

import uharfbuzz as hb

from lms.typeset.faces import Faces

LAYOUT: Final = "1"  # raise it with every change of the layout that changes bytes


def drawn_by(faces: Faces | None = None) -> dict[str, str]:
    """Answer the versions of the parts on which the bytes of a certificate depend."""
    parts = {
        "layout": LAYOUT,
        "python": platform.python_version(),
        "harfbuzz": hb.version_string(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }
    for package in ("reportlab", "segno", "uharfbuzz", "cryptography"):
        parts[package] = importlib.metadata.version(package)
    for face in faces.all() if faces else ():
        parts.setdefault(f"font {face.path.name}", face.digest)
    return parts
