"""Parts of pages that are the same for many readers, drawn once and kept in memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from sys import getsizeof
from threading import Lock
from typing import Final

from markupsafe import Markup

MOST: Final = 4 * 1024 * 1024
"""How many bytes of parts a process keeps; a part takes some ten to a hundred kilobytes."""

_BESIDE: Final = 512
"""Bytes that a part takes beside its text: the key and its place."""


class Parts:
    """Parts by their keys, of so many bytes at most; who was asked for longest ago goes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.bytes = 0
        # The one that was asked for last stands last.
        self._kept: OrderedDict[Hashable, Markup] = OrderedDict()
        self._filling = Lock()

    def kept(self, key: Hashable, draw: Callable[[], str]) -> Markup:
        """Return the part with this key, drawn when it's asked for the first time.

        `key` names everything that the part shows or depends on, by content (a digest, a text),
        never by a number of the database. Nothing about a person belongs into such a part.
        """
        known = self._kept.get(key)
        if known is None:
            known = Markup(draw())  # noqa: S704 - drawn by a template, which has escaped it
            self._keep(key, known)
            return known
        try:
            self._kept.move_to_end(key)
        except KeyError:  # another thread has let go of it just now
            self._keep(key, known)
        return known

    def _keep(self, key: Hashable, part: Markup) -> None:
        with self._filling:
            if key in self._kept:
                return
            self._kept[key] = part
            self.bytes += _size(part)
            while self.bytes > self.most and self._kept:
                self.bytes -= _size(self._kept.popitem(last=False)[1])


def _size(part: Markup) -> int:
    return getsizeof(part) + _BESIDE


kept: Final = Parts(MOST).kept
