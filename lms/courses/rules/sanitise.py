"""What HTML may leave the renderer: a short list, whatever the Markdown above it let through."""

import re
from typing import Final

import nh3

from lms.courses.rules.markdown import SCHEMES

_TAGS: Final = {
    "a", "aside", "blockquote", "br", "code", "details", "em", "figcaption", "figure", "h2", "h3",
    "h4", "hr", "img", "li", "ol", "p", "pre", "strong", "summary", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "a": {"href", "aria-label", "rel"},
    "h2": {"id"},
    "h3": {"id"},
    "h4": {"id"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "p": {"id"},
    "table": {"id"},
    "figure": {"aria-labelledby"},
}
_VALUES: Final = {"a": {"role": {"doc-noteref"}}, "th": {"scope": {"col"}}}
_CLASSES: Final = {
    "aside": {"callout"},
    "details": {"sensitive"},
    "figure": {"dialogue"},
    "p": {"title"},
    "td": {"num"},
    "th": {"num"},
}

_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags={"script", "style", "iframe", "object", "template", "svg", "math"},
    attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
    tag_attribute_values=_VALUES,
    allowed_classes=_CLASSES,
    url_schemes=set(SCHEMES),
    link_rel=None,
)


# Text without a single mark, or such text in paragraphs: most of what is rendered. Left out are
# also those signs that a parser of HTML would write or read in another way.
_SOUND: Final = re.compile(
    "[^<>&\r\x00\xa0\ufeff\ud800-\udfff]*|(?:<p>[^<>&\r\x00\xa0\ufeff\ud800-\udfff]*</p>\n)*"
)


def clean(html: str) -> str:
    """Return the HTML with everything taken out that is not on the list."""
    if _SOUND.fullmatch(html):
        return html
    return _CLEANER.clean(html)
