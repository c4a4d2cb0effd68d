"""What stands around every page: head, header and foot, drawn once for all who see the same."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import flask
from flask_login import current_user
from markupsafe import Markup

from lms.access import Permission, holds
from lms.web import assets, forgery
from lms.web.fragments import kept

# Where a drawn part is filled in for one reader. No text that anybody types holds these.
TOKEN: Final = Markup("\x00token\x00")
NAME: Final = Markup("\x00name\x00")
_SECTIONS: Final = ("/courses", "/transcript", "/departments", "/people", "/verify")


def filled(part: Markup, token: str) -> Markup:
    """Return a part that was drawn with TOKEN in its forms, for the session that has this token."""
    return put(part, TOKEN, token)


def put(part: str, mark: str, text: str) -> Markup:
    """Return a part with a text, safe in a page, in place of the mark that was drawn into it."""
    return Markup(str.replace(part, mark, text))  # noqa: S704 - both are safe already


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The frame of one page for one reader."""

    token: str
    is_in: bool
    is_shared: bool
    links: Markup
    """In the head, before the scripts of the page."""
    top: Markup
    """The skip link and the header."""
    flashes: list[tuple[str, str]]
    """What is said once, on the next page: kind and message."""


def _section(path: str) -> str:
    """Return the part of the product that the header marks as the present one."""
    if path in {"/", "/profile", "/sign-in"}:
        return path
    return next((one for one in _SECTIONS if path.startswith(one)), "")


@lru_cache(maxsize=1024)
def _name(name: str) -> Markup:
    """Write a name so that a narrow screen shows its first word."""
    first, gap, rest = name.partition(" ")
    return Markup('<bdi>{}<span class="rest">{}{}</span></bdi>').format(first, gap, rest)


def _links() -> Markup:
    shown = {"icon": assets.asset("icons/mark.svg"), "sheet": assets.asset("rounds.css")}
    return kept(
        ("links", *shown.values()),
        lambda: flask.render_template("_links.html", token=TOKEN, **shown),
    )


def _flashes() -> list[tuple[str, str]]:
    if "_flashes" not in flask.session:
        return []
    return list(flask.get_flashed_messages(with_categories=True))  # type: ignore[arg-type]


def frame() -> Frame:
    """Return the frame of the page that is being drawn."""
    reader: Any = current_user._get_current_object()
    token, is_in = forgery.token(), bool(reader.is_authenticated)
    shown = {
        "section": _section(flask.request.path),
        "is_in": is_in,
        "is_shared": bool(is_in and reader.lock_minutes and not reader.pending),
    }
    for name in ("SEE_ASSIGNMENTS", "ADD_PEOPLE", "IMPORT_PEOPLE") if is_in else ():
        shown[name.lower()] = holds(reader.actor, Permission[name])
    top = kept(
        ("top", *shown.values()),
        lambda: flask.render_template("_top.html", token=TOKEN, name=NAME, **shown),
    )
    return Frame(
        token=token,
        is_in=is_in,
        is_shared=bool(shown["is_shared"]),
        links=filled(_links(), token),
        top=put(filled(top, token), NAME, _name(reader.person.name) if is_in else ""),
        flashes=_flashes(),
    )
