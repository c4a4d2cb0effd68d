"""Where somebody stopped reading, put into parts of pages that are drawn once for many."""

from typing import Final

from markupsafe import Markup

from lms.learning.rules.progress import Place
from lms.web.frame import put
from lms.web.pages import moment

STOPPED: Final = Markup("\x00stopped\x00")
_WORDS: Final = Markup('<p class="quiet">You stopped at “{}”, {}.</p>')


def with_place(part: Markup, place: Place | None) -> Markup:
    """Return a part that was drawn with STOPPED in it, saying where this reader stopped."""
    told = _WORDS.format(place.heading, moment(place.at)) if place else ""
    return put(part, STOPPED, told)
