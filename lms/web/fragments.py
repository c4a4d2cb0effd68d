"""Parts of pages that are the same for many readers, drawn once and kept in memory."""

from collections.abc import Callable, Hashable
from typing import Final

from markupsafe import Markup

MOST: Final = 2048
"""How many parts a process keeps; a part is some ten kilobytes."""

_kept: dict[Hashable, Markup] = {}


def kept(key: Hashable, draw: Callable[[], str]) -> Markup:
    """Return the part with this key, drawn when it's asked for the first time.

    `key` names everything that the part shows or depends on, by content (a digest, a text), never
    by a number of the database. Nothing about a person belongs into such a part.
    """
    known = _kept.get(key)
    if known is None:
        known = Markup(draw())  # noqa: S704 - drawn by a template, which has escaped it
        if len(_kept) >= MOST:
            _kept.clear()
        _kept[key] = known
    return known
