"""The planner's page of everything that must be looked at again by a day, and as a file."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import flask
from flask.typing import ResponseReturnValue

from lms.access import Permission
from lms.courses.queries import currency as queries
from lms.courses.queries import library as sources
from lms.courses.rules.currency import KIND_WORDS, Due, Kind
from lms.courses.views.blueprint import bp
from lms.tables import writing
from lms.web import pages

AHEAD: Final = timedelta(days=90)
"""How far ahead the page looks where the address names no day."""
NAME_MOST: Final = 80
HEADER: Final = ("Due by", "Kind", "Id", "Name", "Courses")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks for."""

    by: date
    kind: str
    course: str

    def finds(self, one: Due) -> bool:
        """Say whether something due is among it."""
        return (not self.kind or one.kind == self.kind) and (
            not self.course or self.course in one.used_in
        )

    @property
    def kept(self) -> dict[str, str]:
        """Return what an address says to ask for the same again."""
        said = {"by": self.by.isoformat(), "kind": self.kind, "course": self.course}
        return {name: value for name, value in said.items() if value}


def _by(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return pages.today() + AHEAD


def _asked() -> Asked:
    """Return what the address asks for; what can't be meant asks for nothing."""
    given = flask.request.args
    kind = given.get("kind", "")
    return Asked(
        by=_by(given.get("by", "")[:NAME_MOST]),
        kind=kind if kind in set(Kind) else "",
        course=given.get("course", "")[:NAME_MOST],
    )


def _due(asked: Asked) -> tuple[Due, ...]:
    return queries.due(asked.by, instance=pages.settings().instance)


@bp.get("/courses/due", may=Permission.PUBLISH)
def due() -> ResponseReturnValue:
    """List what is due by a day: reviews and ends of courses, sources, library, directory."""
    asked = _asked()
    everything = _due(asked)
    return flask.render_template(
        "courses/due.html",
        asked=asked,
        due=[one for one in everything if asked.finds(one)],
        total=len(everything),
        kinds=KIND_WORDS,
        titles=queries.titles(),
        problems=sources.problems(pages.settings().instance / sources.OWN),
        today=pages.today(),
    )


@bp.get("/courses/due.csv", may=Permission.PUBLISH)
def due_file() -> ResponseReturnValue:
    """Give what is due by a day as CSV."""
    asked = _asked()
    rows = [
        (one.due_on, one.kind_words, one.id, one.name, ", ".join(one.used_in))
        for one in _due(asked)
        if asked.finds(one)
    ]
    name = f'attachment; filename="due-{asked.by.isoformat()}.csv"'
    chunks = writing.csv_chunks(HEADER, rows, zone=pages.zone())
    return flask.Response(chunks, headers={"Content-Disposition": name}, content_type=writing.CSV)
