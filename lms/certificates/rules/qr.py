"""The QR code of a verification address, as the outline a page draws."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lms.typeset.qr import modules

_DARK: Final = re.compile(b"\1+")


@dataclass(frozen=True)
class QrCode:
    """A QR code of `size` modules each way; `path` strokes its dark modules, half a unit down."""

    size: int
    path: str


@lru_cache(maxsize=256)
def qr(address: str) -> QrCode:
    """Draw an address as a QR code (error correction M), the same one as on paper."""
    rows = modules(address)
    spans = ((y, found.span()) for y, row in enumerate(rows) for found in _DARK.finditer(row))
    path = "".join([f"M{start} {y}.5h{stop - start}" for y, (start, stop) in spans])
    return QrCode(size=len(rows), path=path)
