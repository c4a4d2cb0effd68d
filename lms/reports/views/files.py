"""A department's list and its completions as CSV, streamed, or as XLSX."""

from collections.abc import Iterable

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.reports.operations import files as operations
from lms.reports.queries import files as queries
from lms.reports.views.blueprint import bp
from lms.reports.views.departments import filters_of
from lms.tables import writing
from lms.web import pages
from lms.web.door import writes


def _sent(
    name: str, kind: str, header: tuple[str, ...], rows: Iterable[tuple[queries.Cell, ...]]
) -> ResponseReturnValue:
    """Send rows as a file. They are read after the door closed, over a connection of their own."""
    day = clock.day_of(clock.now(), pages.zone()).isoformat()
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.{kind}"'}
    zone = pages.zone()
    if kind == "xlsx":
        content = (writing.xlsx(header, one, sheet=name.capitalize(), zone=zone) for one in [rows])
        return flask.Response(content, headers=headers, content_type=writing.XLSX)
    chunks = writing.csv_chunks(header, rows, zone=zone)
    return flask.Response(chunks, headers=headers, content_type=writing.CSV)


def _list(department_id: int, kind: str) -> ResponseReturnValue:
    with writes():
        sheet = operations.export_list(
            actor=current_user.actor,
            department_id=department_id,
            filters=filters_of(flask.request.args),
            kind=kind,
            at=clock.now(),
            today=pages.today(),
        )
    return _sent("people", kind, queries.LIST_HEADER, queries.list_rows(sheet))


@bp.get("/departments/<int:department_id>/export.csv", may=Permission.SEE_ASSIGNMENTS)
def export_csv(department_id: int) -> ResponseReturnValue:
    """Hand out the list as the address narrows it, as CSV."""
    return _list(department_id, "csv")


@bp.get("/departments/<int:department_id>/export.xlsx", may=Permission.SEE_ASSIGNMENTS)
def export_xlsx(department_id: int) -> ResponseReturnValue:
    """Hand out the list as the address narrows it, as XLSX."""
    return _list(department_id, "xlsx")


def _completions(department_id: int, kind: str) -> ResponseReturnValue:
    with writes():
        sheet = operations.export_completions(
            actor=current_user.actor,
            department_id=department_id,
            filters=filters_of(flask.request.args),
            kind=kind,
            at=clock.now(),
        )
    rows = queries.completions_rows(sheet)
    return _sent("completions", kind, queries.COMPLETIONS_HEADER, rows)


@bp.get("/departments/<int:department_id>/completions.csv", may=Permission.SEE_ASSIGNMENTS)
def completions_csv(department_id: int) -> ResponseReturnValue:
    """Hand out every completion in the department and below, as CSV."""
    return _completions(department_id, "csv")


@bp.get("/departments/<int:department_id>/completions.xlsx", may=Permission.SEE_ASSIGNMENTS)
def completions_xlsx(department_id: int) -> ResponseReturnValue:
    """Hand out every completion in the department and below, as XLSX."""
    return _completions(department_id, "xlsx")
