"""Rosters in: choose a file, look at what it would do, import it, take the result away."""

import flask
from flask.typing import ResponseReturnValue
from flask_login import current_user

from lms import clock
from lms.access import Permission, everywhere
from lms.errors import Refused
from lms.people.files import roster as files
from lms.people.forms.roster import LINKS, ChoicesForm, ImportForm, UploadForm
from lms.people.models import UploadState
from lms.people.operations import roster as operations
from lms.people.queries import roster as queries
from lms.people.queries import roster_preview as previews
from lms.people.rules.roster import accepted
from lms.people.rules.roster_plan import Choices, Link
from lms.people.views.accounts import link_to_set
from lms.people.views.blueprint import bp
from lms.people.views.profile import printable
from lms.tables import writing
from lms.tables.reading import Limits
from lms.web import pages
from lms.web.door import writes

MAY = Permission.IMPORT_PEOPLE
# The form around a file is small.
MOST_BYTES = Limits().bytes + 64 * 1024
MOST_LINKS = 1_000


def _start(form: UploadForm) -> str:
    return flask.render_template(
        "people/import_people.html",
        form=form,
        columns=accepted(),
        before=queries.uploads(current_user.actor),
        is_everywhere=everywhere(current_user.actor, MAY),
    )


@bp.get("/people/import", may=MAY)
def import_people() -> ResponseReturnValue:
    """Show the form that takes a roster, what it may hold, and the rosters before."""
    return _start(UploadForm(formdata=None))


@bp.post("/people/import", may=MAY, reads_first=True, most=MOST_BYTES)
def read_roster() -> ResponseReturnValue:
    """Read a roster and lead to what it would do."""
    form, actor = UploadForm(), current_user.actor
    if form.validate():
        file = form.file.data
        try:
            roster = operations.open_roster(file.stream.read())
        except Refused as refusal:
            form.file.errors = [str(refusal)]
        else:
            with writes():
                kept = operations.keep_roster(
                    actor=actor, roster=roster, file_name=file.filename or "", at=clock.now()
                )
                target = f"/people/import/{kept.id}"
            return flask.redirect(target, code=303)
    return _start(form), 422


@bp.get("/people/import/example.csv", may=MAY)
def import_example() -> ResponseReturnValue:
    """Give away a roster of three invented people, with headings as they are recognised."""
    rows = writing.csv_chunks(files.EXAMPLE_HEADER, files.EXAMPLE_ROWS, zone=pages.zone())
    return _file(b"".join(rows), "example-roster.csv", writing.CSV)


def _preview(upload_id: int, form: ImportForm, *, problem: str = "") -> str:
    actor = current_user.actor
    upload = queries.upload(actor, upload_id)
    shown = previews.preview(
        actor,
        upload,
        choices=operations.choices_of(actor, upload),
        printable=operations.remembered(printable),
    )
    form.seen.data = shown.seen
    chosen = ChoicesForm(
        formdata=None,
        data={
            "creates_departments": shown.choices.creates_departments,
            "other_links": shown.choices.other_links or "",
        },
    )
    return flask.render_template(
        "people/import_preview.html",
        shown=shown,
        form=form,
        chosen=chosen,
        links=LINKS,
        problem=problem,
        most=previews.SHOWN,
        is_everywhere=everywhere(actor, MAY),
    )


def _elsewhere(upload_id: int) -> ResponseReturnValue | None:
    """Lead to the result of a roster that was imported; refuse one that was dropped."""
    upload = queries.upload(current_user.actor, upload_id)
    if upload.state is UploadState.APPLIED:
        return flask.redirect(f"/people/import/{upload_id}/result", code=303)
    if upload.state is UploadState.ABANDONED:
        raise Refused("This roster was dropped, nobody was changed. Choose the file again.")
    return None


@bp.get("/people/import/<int:upload_id>", may=MAY)
def import_preview(upload_id: int) -> ResponseReturnValue:
    """Show what a roster would do. Nothing is written by it."""
    return _elsewhere(upload_id) or _preview(upload_id, ImportForm(formdata=None))


@bp.post("/people/import/<int:upload_id>", may=MAY)
def import_now(upload_id: int) -> ResponseReturnValue:
    """Import a roster, once: a second click finds it done and shows the same result."""
    form = ImportForm()
    queries.upload(current_user.actor, upload_id)
    problem = "Use the form on this page." if not form.validate() or not form.seen.data else ""
    if not problem:
        order = operations.Order(
            only_good=form.only_good.data,
            ends_leavers=form.ends_leavers.data,
            invites=form.invites.data,
            seen=previews.counts_in(form.seen.data),
        )
        try:
            operations.import_roster(
                actor=current_user.actor, upload_id=upload_id, order=order, printable=printable,
                link=link_to_set, at=clock.now(),
            )  # fmt: skip
        except Refused as refusal:
            problem = str(refusal)
        else:
            return flask.redirect(f"/people/import/{upload_id}/result", code=303)
    return _elsewhere(upload_id) or (_preview(upload_id, form, problem=problem), 422)


def _typed_links() -> dict[int, Link]:
    links = {}
    for name, value in list(flask.request.form.items())[:MOST_LINKS]:
        line = name.removeprefix("link-")
        if name != line and line.isascii() and line.isdigit() and value in set(Link):
            links[int(line[:9])] = Link(value)
    return links


@bp.post("/people/import/<int:upload_id>/choices", may=MAY)
def choose_for_roster(upload_id: int) -> ResponseReturnValue:
    """Keep what was chosen for a roster, and show what it would do then."""
    form = ChoicesForm()
    queries.upload(current_user.actor, upload_id)
    if not form.validate():
        return _elsewhere(upload_id) or (
            _preview(upload_id, ImportForm(formdata=None), problem="Use the form on this page."),
            422,
        )
    rest = form.other_links.data
    operations.choose(
        actor=current_user.actor,
        upload_id=upload_id,
        choices=Choices(
            links=_typed_links(),
            other_links=Link(rest) if rest else None,
            creates_departments=form.creates_departments.data,
        ),
    )
    return flask.redirect(f"/people/import/{upload_id}", code=303)


@bp.post("/people/import/<int:upload_id>/drop", may=MAY)
def drop_roster(upload_id: int) -> ResponseReturnValue:
    """Drop a roster that is not to be imported."""
    operations.drop_roster(actor=current_user.actor, upload_id=upload_id)
    flask.flash("The roster is dropped. Nobody was changed.")
    return flask.redirect("/people/import", code=303)


@bp.get("/people/import/<int:upload_id>/result", may=MAY)
def import_result(upload_id: int) -> ResponseReturnValue:
    """Show what a roster did."""
    upload = queries.upload(current_user.actor, upload_id)
    if upload.state is not UploadState.APPLIED:
        return flask.redirect(f"/people/import/{upload_id}", code=303)
    return flask.render_template(
        "people/import_result.html",
        result=previews.result(current_user.actor, upload),
        most=previews.SHOWN,
    )


def _file(content: bytes, name: str, kind: str) -> flask.Response:
    answer = flask.Response(content, content_type=kind)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _rows(upload_id: int, kind: str) -> ResponseReturnValue:
    actor = current_user.actor
    upload = queries.upload(actor, upload_id)
    table, outcomes = previews.outcomes_of(
        actor, upload, choices=operations.choices_of(actor, upload),
        printable=operations.remembered(printable),
    )  # fmt: skip
    only = flask.request.args.get("only") == "problems"
    header = files.result_header(table)
    rows = files.result_rows(table, outcomes, only_problems=only)
    name = f"roster-{upload_id}-{'problems' if only else 'result'}.{kind}"
    if kind == "xlsx":
        book = writing.xlsx(header, rows, sheet="Result", zone=pages.zone())
        return _file(book, name, writing.XLSX)
    return _file(b"".join(writing.csv_chunks(header, rows, zone=pages.zone())), name, writing.CSV)


@bp.get("/people/import/<int:upload_id>/rows.csv", may=MAY)
def import_csv(upload_id: int) -> ResponseReturnValue:
    """Give the rows back as CSV, each with what became, or would become, of it and why."""
    return _rows(upload_id, "csv")


@bp.get("/people/import/<int:upload_id>/rows.xlsx", may=MAY)
def import_xlsx(upload_id: int) -> ResponseReturnValue:
    """Give the rows back as a workbook."""
    return _rows(upload_id, "xlsx")
