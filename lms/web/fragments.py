"""Parts of pages that are the same for many readers, drawn once and kept in memory."""

import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from sys import getsizeof
from threading import Lock
from typing import Final, TypeVar

from markupsafe import Markup

MOST: Final = 4 * 1024 * 1024
"""How many bytes of parts a process keeps; a part takes some ten to a hundred kilobytes."""

_BESIDE: Final = 512
"""Bytes that a part takes beside its text: the key and its place."""


_SMALL: Final = 9
_RAW: Final = -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Packed:
    """A large part, as bytes and as they go over the wire between other packed bytes."""

    text: bytes
    packed: bytes

    @classmethod
    def of(cls, text: str) -> "Packed":
        """Pack a part by itself, so that it looks back at nothing before it and ends on a byte."""
        data, packer = text.encode(), zlib.compressobj(_SMALL, zlib.DEFLATED, _RAW)
        return cls(data, packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH))


P = TypeVar("P", Markup, Packed)


class Parts:
    """Parts by their keys, of so many bytes at most; who was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        # The one that was asked for last stands last.
        self._kept: OrderedDict[Hashable, Markup | Packed] = OrderedDict()
        self._filling = Lock()

    def kept(self, key: Hashable, draw: Callable[[], str]) -> Markup:
        """Return the part with this key, drawn when it's asked for the first time.

        `key` names everything that the part shows or depends on, by content (a digest, a text),
        never by a number of the database. Nothing about a person belongs into such a part.
        """
        return self._get(key, draw, Markup)

    def packed(self, key: Hashable, draw: Callable[[], str]) -> Packed:
        """Return a large part of a page, packed when it's asked for the first time; see `kept`."""
        return self._get(key, draw, Packed.of)

    def _get(self, key: Hashable, draw: Callable[[], str], make: Callable[[str], P]) -> P:
        known = self._kept.get(key)
        if known is None:
            known = make(draw())
            self._keep(key, known)
            return known
        try:
            self._kept.move_to_end(key)
        except KeyError:  # another thread has let go of it just now
            self._keep(key, known)
        return known  # type: ignore[return-value] # a key is asked for in one way

    def _keep(self, key: Hashable, part: Markup | Packed) -> None:
        with self._filling:
            if key in self._kept:
                return
            self._kept[key] = part
            self.bytes += _size(part)
            while self.bytes > self.most and self._kept:
                self.bytes -= _size(self._kept.popitem(last=False)[1])


def _size(part: Markup | Packed) -> int:
    if isinstance(part, Packed):
        return len(part.text) + len(part.packed) + _BESIDE
    return getsizeof(part) + _BESIDE


_PARTS: Final = Parts(MOST)
kept: Final = _PARTS.kept
packed: Final = _PARTS.packed
