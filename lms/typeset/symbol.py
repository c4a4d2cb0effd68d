"""The symbol of a QR code (ISO/IEC 18004) as one number, before its mask is chosen.

What stands where in the symbols of a version is worked out once; then a text is put into place in
a few steps for the whole of it. The library that knows all kinds of codes goes bit by bit; it says
what of a symbol no text changes, and whether what comes out here is what it makes.
"""

import itertools
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import segno
from segno import consts

# Light modules between two rows: what looks four modules ahead sees nothing of the next one.
GAP: Final = bytes(4)
_DIGITS: Final = bytes.maketrans(b"\0\1", b"01")
_LAST: Final = 9  # the last version in which a text's length has eight bits
_ECC: Final[Any] = consts.ECC
_ALIGNMENTS: Final[Any] = consts.ALIGNMENT_POS


def number(rows: Any) -> int:
    """Write all rows as one number, light gaps between them."""
    return int(GAP.join(rows).translate(_DIGITS), 2)


def _room(version: int) -> int:
    """Answer how many bytes a version holds; kind and length of a text take two."""
    blocks = _ECC[version][consts.ERROR_LEVEL_M]
    words: int = sum(one.num_blocks * one.num_data for one in blocks)
    return words - 2


ROOMS: Final = {version: _room(version) for version in range(1, _LAST + 1)}


class Places:
    """Where the bits of a text stand in the symbols of a version, and those that mend errors."""

    def __init__(self, version: int) -> None:
        """Learn from the library what of a symbol no text changes; see that it agrees with us."""
        blocks = [
            (one.num_data, one.num_total - one.num_data)
            for one in _ECC[version][consts.ERROR_LEVEL_M]
            for _ in range(one.num_blocks)
        ]
        self._words = sum(words for words, _ in blocks)
        ends = list(itertools.accumulate(words for words, _ in blocks))
        self._blocks = [
            slice(end - words, end) for end, (words, _) in zip(ends, blocks, strict=True)
        ]
        self._mending = blocks[0][1]
        self._table = _table(self._mending)
        self._weave = itemgetter(*_woven(self._blocks, self._mending))
        order = _order(version)
        self._set = itemgetter(*order)
        self._bits = max(order) + 1  # those left over are 0, as is what shows none
        self._rest = 0
        self._rest = self.symbol(b"") ^ _asked(b"", version)
        whole = bytes(place * 37 % 256 for place in range(ROOMS[version]))
        self.agree = self.symbol(whole) == _asked(whole, version)

    def symbol(self, text: bytes) -> int:
        """Draw a text for which there is room with the first mask."""
        told = (0b0100 << 8 | len(text)) << 8 * len(text) | int.from_bytes(text)
        # The library puts an empty word behind the end of a text.
        words = (told << 4).to_bytes(len(text) + 2) + b"\0"
        words = (words + b"\xec\x11" * self._words)[: self._words]
        mending = b"".join(self._mended(words[block]) for block in self._blocks)
        woven = bytes(self._weave(words + mending))
        bits = f"{int.from_bytes(woven):0{8 * len(woven)}b}".ljust(self._bits, "0")
        return int("".join(self._set(bits)), 2) ^ self._rest

    def _mended(self, block: bytes) -> bytes:
        """Answer the words that mend a block: the rest of a division (Reed and Solomon)."""
        table, size = self._table, self._mending
        high, whole, rest = 8 * (size - 1), (1 << 8 * size) - 1, 0
        for word in block:
            rest = ((rest << 8) & whole) ^ table[(rest >> high) ^ word]
        return rest.to_bytes(size)


def _asked(text: bytes, version: int) -> int:
    made = segno.make(
        text, error="m", mode="byte", version=version, boost_error=False, micro=False, mask=0
    )
    return number(made.matrix)


@lru_cache(_LAST)
def places(version: int) -> Places:
    """Answer what is known of a version."""
    return Places(version)


def _times(one: int, other: int) -> int:
    """Multiply in the field of 256 elements that QR codes use."""
    made = 0
    while other:
        if other & 1:
            made ^= one
        one = one << 1 ^ (0x11D if one & 0x80 else 0)
        other >>= 1
    return made


@lru_cache(32)
def _table(size: int) -> tuple[int, ...]:
    """Answer every multiple of the polynomial that blocks with so many words more divide by."""
    poly, root = [1], 1
    for _ in range(size):
        poly = [
            one ^ _times(before, root) for one, before in zip([*poly, 0], [0, *poly], strict=True)
        ]
        root = _times(root, 2)
    return tuple(
        int.from_bytes(bytes(_times(factor, one) for one in poly[1:])) for factor in range(256)
    )


def _woven(blocks: list[slice], mending: int) -> list[int]:
    """Answer the order in which the words of all blocks follow each other, those to mend last."""
    most = max(one.stop - one.start for one in blocks)
    words = [one.start + at for at in range(most) for one in blocks if one.start + at < one.stop]
    last = blocks[-1].stop
    return words + [
        last + mending * one + at for at in range(mending) for one in range(len(blocks))
    ]


def _take(free: list[bytearray], rows: range, columns: range) -> None:
    for row, column in itertools.product(rows, columns):
        free[row][column] = 0


def _free(version: int) -> list[bytearray]:
    """Mark the modules of a version that show bits of a text."""
    size = 17 + 4 * version
    free = [bytearray(b"\1" * size) for _ in range(size)]
    # Finders with their margins and the mask's number; lines between them; the version's number.
    _take(free, range(9), range(9))
    _take(free, range(9), range(size - 8, size))
    _take(free, range(size - 8, size), range(9))
    _take(free, range(size), range(6, 7))
    _take(free, range(6, 7), range(size))
    if version >= 7:
        _take(free, range(6), range(size - 11, size - 8))
        _take(free, range(size - 11, size - 8), range(6))
    # Alignment patterns stand where these cross, but for the three corners that have finders.
    lines: tuple[int, ...] = _ALIGNMENTS[version - 2] if version > 1 else ()
    for row, column in itertools.product(lines, repeat=2):
        if max(row, column) > 6 and (row, column) not in ((6, lines[-1]), (lines[-1], 6)):
            _take(free, range(row - 2, row + 3), range(column - 2, column + 3))
    return free


def _order(version: int) -> list[int]:
    """Answer for each module, gaps between rows included, which bit it shows.

    Bits run in columns of two from the right, up and down in turn.
    """
    free = _free(version)
    size = len(free)
    bits = itertools.count()
    found: dict[tuple[int, int], int] = {}
    columns = [*range(size - 1, 6, -2), 5, 3, 1]
    for turn, right in enumerate(columns):
        for row in range(size)[:: 1 if turn % 2 else -1]:
            for column in (right, right - 1):
                if free[row][column]:
                    found[row, column] = next(bits)
    last = len(found)
    line = size + len(GAP)
    modules = itertools.product(range(size), range(line))
    return [found.get(module, last) for module in modules][: -len(GAP)]
