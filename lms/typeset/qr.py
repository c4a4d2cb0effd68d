"""The modules of a QR code, worked out once for the paper and the page that show it.

The library that makes the code tries all eight masks module by module, which takes longer than all
else. The masks of one version differ by patterns that no text changes; so a code is made with the
first, and the penalties of all (ISO/IEC 18004, 7.8.3) are counted with whole symbols held as one
number each, a bit a module. It answers the library's own choice.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import segno

_MASKS: Final = 8
# Light modules between two rows: what looks four modules ahead sees nothing of the next one.
_GAP: Final = bytes(4)
_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")
_BITS: Final = bytes.maketrans(b"01", b"\0\1")


@lru_cache(256)
def modules(data: str) -> tuple[bytes, ...]:
    """Answer the modules of a QR code (error correction M), row by row."""
    made = segno.make(data, error="m", boost_error=False, micro=False, mask=0)
    masks = _masks(made.version)
    drawn = _number(made.matrix)
    judged = drawn & masks.judged
    # Of equal ones, the first.
    best = min(range(_MASKS), key=lambda mask: masks.penalty(judged ^ masks.judged_changes[mask]))
    return masks.rows(drawn ^ masks.changes[best])


@dataclass(frozen=True, slots=True)
class _Masks:
    """What of a symbol depends on its version only; numbers hold a bit for each module."""

    size: int
    judged: int  # modules that the penalties look at: not those that name mask and version
    changes: tuple[int, ...]  # the modules in which each mask differs from the first
    judged_changes: tuple[int, ...]
    across: int  # modules with a neighbour to compare with in their row …
    down: int  # … and in their column

    def penalty(self, symbol: int) -> int:
        """Answer the penalties of a symbol."""
        line = self.size + len(_GAP)
        across = ~(symbol ^ (symbol >> 1)) & self.across
        down = ~(symbol ^ (symbol >> line)) & self.down
        blocks = across & (across >> line) & down
        share = float(symbol.bit_count()) / self.size**2
        return (
            _runs(across, 1)
            + _runs(down, line)
            + 3 * blocks.bit_count()
            + 40 * (_finders(symbol, 1) + _finders(symbol, line))
            + 10 * int(abs(share * 100 - 50) / 5)
        )

    def rows(self, symbol: int) -> tuple[bytes, ...]:
        """Answer a symbol row by row, a byte a module."""
        line = self.size + len(_GAP)
        told = f"{symbol:0{self.size * line - len(_GAP)}b}".encode().translate(_BITS)
        return tuple(told[at : at + self.size] for at in range(0, len(told), line))


def _runs(alike: int, step: int) -> int:
    """Answer the penalty of five or more modules alike, of which `alike` holds the neighbours."""
    fives = alike & (alike >> step) & (alike >> 2 * step) & (alike >> 3 * step)
    return fives.bit_count() + 2 * (fives & ~(fives << step)).bit_count()


def _finders(symbol: int, step: int) -> int:
    """Count what looks like a finder pattern, 1011101 beside four light modules or an edge."""
    dark = symbol >> 2 * step
    found = symbol & dark & (dark >> step) & (dark >> 2 * step) & (symbol >> 6 * step)
    found &= ~((symbol >> step) | (symbol >> 5 * step))
    if not found:
        return 0
    one, other = symbol << step, symbol >> 7 * step
    two, further = one | (one << step), other | (other >> step)
    before, after = two | (two << 2 * step), further | (further >> 2 * step)
    found &= ~(before & after)
    # Of two that share modules one counts.
    return (found & ~((found << 4 * step) | (found << 6 * step))).bit_count()


def _number(rows: Any) -> int:
    """Write all rows as one number, light gaps between them."""
    return int(_GAP.join(rows).translate(_DIGITS), 2)


@lru_cache(8)
def _masks(version: int) -> _Masks:
    """Learn from the library how the masks of a version differ."""
    made = [
        segno.make("", error="m", boost_error=False, micro=False, version=version, mask=mask)
        for mask in range(_MASKS)
    ]
    size = len(made[0].matrix)
    judged = _number(_judged(size, version))
    first, row = _number(made[0].matrix), b"\1" * size
    changes = tuple(first ^ _number(one.matrix) for one in made)
    return _Masks(
        size=size,
        judged=judged,
        changes=changes,
        judged_changes=tuple(one & judged for one in changes),
        across=_number([b"\0" + row[1:]] * size),
        down=_number([bytes(size), *[row] * (size - 1)]),
    )


def _judged(size: int, version: int) -> list[bytearray]:
    """Mark the modules that are judged: those of format and version are set after the choice."""
    rows = [bytearray(b"\1" * size) for _ in range(size)]
    for place in (*range(9), *range(size - 8, size)):
        if place != 6:  # the timing pattern
            rows[8][place] = rows[place][8] = 0
    if version >= 7:
        for place in range(6):
            for beside in (size - 11, size - 10, size - 9):
                rows[place][beside] = rows[beside][place] = 0
    return rows
