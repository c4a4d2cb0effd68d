"""The QR code of a verification address, as the outline a page draws."""

from dataclasses import dataclass
from functools import lru_cache

from lms.typeset.qr import modules


@dataclass(frozen=True)
class QrCode:
    """A QR code of `size` modules each way; `path` strokes its dark modules, half a unit down."""

    size: int
    path: str


@lru_cache(maxsize=256)
def qr(address: str) -> QrCode:
    """Draw an address as a QR code (error correction M), the same one as on paper."""
    rows = modules(address)
    steps = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            length = next((n for n, dark in enumerate(row[x:]) if dark != row[x]), len(row) - x)
            if row[x]:
                steps.append(f"M{x} {y}.5h{length}")
            x += length
    return QrCode(size=len(rows), path="".join(steps))
