"""The library: what the courses rest on, open to anyone, and as lists of references to take."""

import json
from pathlib import Path

import flask
from flask.typing import ResponseReturnValue

from lms.courses.queries import library as queries
from lms.courses.rules.bibliography import bibtex, csl_item
from lms.courses.rules.library import KINDS, Asked, Document
from lms.courses.views.blueprint import bp
from lms.web import pages
from lms.web.door import ANYONE

WORDS_MOST = 80
NAME_MOST = 80
BIBTEX = "application/x-bibtex; charset=utf-8"
CSL_JSON = "application/vnd.citationstyles.csl+json"


def own_folder() -> Path:
    """Return where the institution keeps its own sources."""
    return pages.settings().instance / queries.OWN


def _year(name: str) -> int | None:
    text = flask.request.args.get(name, "").strip()
    is_year = text.isascii() and text.isdigit() and len(text) == 4
    return int(text) if is_year else None


def _asked() -> Asked:
    """Return what the address asks for; what can't be meant asks for nothing."""
    given = flask.request.args
    return Asked(
        words=" ".join(given.get("q", "").replace("\x00", " ").split())[:WORDS_MOST],
        kind=one if (one := given.get("kind", "")) in KINDS else "",
        since=_year("from"),
        until=_year("to"),
        course=given.get("course", "")[:NAME_MOST],
    )


def _kept(asked: Asked) -> dict[str, str]:
    """Return what an address says to ask for the same again."""
    said = {
        "q": asked.words,
        "kind": asked.kind,
        "from": str(asked.since or ""),
        "to": str(asked.until or ""),
        "course": asked.course,
    }
    return {name: value for name, value in said.items() if value}


def _page(asked: Asked) -> queries.Page:
    found = queries.page(asked, today=pages.today(), own=own_folder())
    if asked.course and asked.course not in {one.key for one in found.courses}:
        flask.abort(404)
    return found


def _as_bibtex(documents: list[Document], name: str) -> flask.Response:
    return _file(bibtex(documents), f"{name}.bib", BIBTEX)


def _as_csl(documents: list[Document], name: str) -> flask.Response:
    text = json.dumps([csl_item(one) for one in documents], ensure_ascii=False, indent=1)
    return _file(text + "\n", f"{name}.json", CSL_JSON)


def _file(text: str, name: str, kind: str) -> flask.Response:
    response = flask.Response(text, content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bp.get("/library", may=ANYONE)
def library() -> ResponseReturnValue:
    """List the sources, narrowed by what the address asks for."""
    asked = _asked()
    return flask.render_template(
        "courses/library.html",
        page=_page(asked),
        asked=asked,
        kept=_kept(asked),
        kinds=KINDS,
        today=pages.today(),
    )


@bp.get("/library.bib", may=ANYONE)
def library_bibtex() -> ResponseReturnValue:
    """Give the sources that the address asks for as BibTeX."""
    return _as_bibtex([line.document for line in _page(_asked()).lines], "library")


@bp.get("/library.json", may=ANYONE)
def library_csl() -> ResponseReturnValue:
    """Give the sources that the address asks for as CSL-JSON."""
    return _as_csl([line.document for line in _page(_asked()).lines], "library")


def _line(entry: str) -> queries.Line:
    return queries.line(entry, today=pages.today(), own=own_folder())


@bp.get("/library/<string:entry>", may=ANYONE)
def library_entry(entry: str) -> ResponseReturnValue:
    """Show one source by itself."""
    return flask.render_template(
        "courses/library_entry.html", line=_line(entry), today=pages.today()
    )


@bp.get("/library/<string:entry>.bib", may=ANYONE)
def library_entry_bibtex(entry: str) -> ResponseReturnValue:
    """Give one source as BibTeX."""
    one = _line(entry).document
    return _as_bibtex([one], one.id)


@bp.get("/library/<string:entry>.json", may=ANYONE)
def library_entry_csl(entry: str) -> ResponseReturnValue:
    """Give one source as CSL-JSON."""
    one = _line(entry).document
    return _as_csl([one], one.id)
