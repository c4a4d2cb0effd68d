"""The modules of a QR code, worked out once for the paper and the page that show it."""

from functools import lru_cache

import segno


@lru_cache(256)
def modules(data: str) -> tuple[bytes, ...]:
    """Answer the modules of a QR code (error correction M), row by row."""
    made = segno.make(data, error="m", boost_error=False, micro=False)
    return tuple(bytes(row) for row in made.matrix)
