"""The audit trail: a page that is narrowed in its address, and the same as a file."""

from collections.abc import Iterator

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission
from lms.db import db
from lms.errors import Refused
from lms.reports.forms.trail import TrailForm
from lms.reports.operations import trail as operations
from lms.reports.queries import trail as queries
from lms.reports.queries.trail import Trail, Wanted
from lms.reports.rules.trail import in_words
from lms.reports.views.blueprint import bp
from lms.tables import writing
from lms.web import pages

HEADER = ("When", "Who", "What", "Reason", "Action", "Thing", "Detail")


def _form() -> TrailForm:
    form = TrailForm(flask.request.args)
    form.offer(queries.actions())
    return form


def _page(form: TrailForm, found: Trail, wanted: Wanted) -> str:
    kept = wanted.kept()
    return flask.render_template(
        "reports/audit.html",
        form=form,
        trail=found,
        kept=kept,
        here=flask.url_for("reports.audit", **kept),
        is_later=flask.request.args.get("before") is not None,
    )


def _refused(form: TrailForm, problem: str = "") -> ResponseReturnValue:
    if problem:
        form.form_errors.append(problem)
    return _page(form, Trail(entries=(), older=None), Wanted()), 422


@bp.get("/audit", may=Permission.SEE_AUDIT)
def audit() -> ResponseReturnValue:
    """Show who did what to which thing, newest first, narrowed by what the address says."""
    form = _form()
    if not form.validate():
        return _refused(form)
    wanted = form.wanted()
    before = flask.request.args.get("before", type=int)
    known = before if before is not None and 0 < before < 2**31 else None
    try:
        found = queries.trail(current_user.actor, wanted, zone=pages.zone(), after=known)
    except Refused as problem:
        return _refused(form, str(problem))
    return _page(form, found, wanted)


@bp.post("/audit/export", may=Permission.SEE_AUDIT)
def export_audit() -> ResponseReturnValue:
    """Hand out what the address narrows the trail to, as CSV or XLSX; written down itself."""
    form, at, zone = _form(), clock.now(), pages.zone()
    kind = "xlsx" if flask.request.form.get("format") == "xlsx" else "csv"
    if not form.validate():
        return _refused(form)
    wanted = form.wanted()
    try:
        newest = operations.export(
            actor=current_user.actor, wanted=wanted, kind=kind, zone=zone, at=at
        )
    except Refused as problem:
        return _refused(form, str(problem))
    name = f"audit-{clock.day_of(at, zone).isoformat()}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    batches = queries.every(wanted, zone=zone, up_to=newest)
    if kind == "xlsx":
        content = writing.xlsx(HEADER, _lines(batches), sheet="Audit trail", zone=zone)
        return flask.Response(content, headers=headers, content_type=writing.XLSX)
    chunks = writing.csv_chunks(HEADER, _lines(_each_on_its_own(batches)), zone=zone)
    return flask.Response(
        flask.stream_with_context(chunks), headers=headers, content_type=writing.CSV
    )


Batches = Iterator[tuple[queries.Entry, ...]]


def _each_on_its_own(batches: Batches) -> Batches:
    """End the transaction behind each batch: a slow reader must hold nothing."""
    for batch in batches:
        db.session.rollback()
        yield batch


def _lines(batches: Batches) -> Iterator[tuple[writing.Cell, ...]]:
    for batch in batches:
        for one in batch:
            yield (one.at, one.who.text, in_words(one.says), one.reason, one.action, one.thing,
                   one.detail)  # fmt: skip
