"""Files of a department: the rows of the page, streamed, harmless in a spreadsheet, written down."""

import csv
import io
import tracemalloc

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from lms.audit import AuditEntry
from lms.db import db
from lms.errors import NotAllowed
from lms.people.models import Person
from lms.reports.operations import files as operations
from lms.reports.queries import Filters, files
from tests.conftest import NOON
from tests.learning import steps
from tests.reports.crowd import TODAY, seed_crowd
from tests.reports.ground import Counted, assign_tiny


@pytest.fixture
def assigned(app, cast):
    return assign_tiny(cast)


def _rows(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_list_as_a_file_says_what_the_page_says(cast, assigned, as_):
    steps.finish(cast.actor("lena"), at=NOON)
    db.session.commit()
    cora = as_(cast.cora)
    rows = _rows(cora.get(f"/departments/{cast.emergency}/export.csv?state=all"))
    assert {(row["Name"], row["State"], row["Done"]) for row in rows} == {
        ("Lena Nguyễn, MD", "complete", "1"), ("Noor Haddad, RN", "overdue", "0"),
        ("Cora Lindqvist", "overdue", "0"),
    }
    assert _rows(cora.get(f"/departments/{cast.emergency}/export.csv?state=complete&q=LENA"))
    assert not _rows(cora.get(f"/departments/{cast.emergency}/export.csv?state=complete&q=noor"))
    assert [row["Name"] for row in _rows(
        cora.get(f"/departments/{cast.emergency}/export.csv?state=all&in={cast.pediatric}")
    )] == ["Lena Nguyễn, MD"]


def test_both_files_as_a_spreadsheet(cast, assigned, as_):
    steps.finish(cast.actor("lena"), at=NOON)
    db.session.commit()
    for name, rows in (("export", 3), ("completions", 1)):
        answer = as_(cast.cora).get(f"/departments/{cast.emergency}/{name}.xlsx?state=all")
        assert answer.status_code == 200
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0)
        assert len(sheet.to_python()) == 1 + rows


def test_no_cell_runs_in_a_spreadsheet(cast, assigned, as_):
    db.session.get(Person, cast.noor).name = "=HYPERLINK(\"http://evil.example\")"
    db.session.commit()
    answer = as_(cast.cora).get(f"/departments/{cast.emergency}/export.csv?state=all")
    assert "'=HYPERLINK" in {row["Name"][:11] for row in _rows(answer)}


def test_what_was_taken_is_written_down_and_no_name_that_was_looked_for(cast, assigned, as_):
    as_(cast.cora).get(f"/departments/{cast.emergency}/export.csv?state=all&q=lena")
    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "report.exported")
    ).one()
    assert entry.actor_id == cast.cora
    assert entry.detail["rows"] == 1
    assert "lena" not in str(entry.detail)


@pytest.mark.parametrize("name", ["export.csv", "export.xlsx", "completions.csv", "completions.xlsx"])
def test_otto_takes_nothing_of_coras(cast, assigned, as_, name):
    assert as_(cast.otto).get(f"/departments/{cast.emergency}/{name}").status_code == 403
    assert as_(cast.otto).get(f"/departments/999999/{name}").status_code == 404
    assert db.session.scalar(
        select(AuditEntry.id).where(AuditEntry.action == "report.exported")
    ) is None


def test_a_sheet_that_would_not_fit_is_refused_with_a_way_out(cast, assigned, monkeypatch):
    monkeypatch.setattr(operations, "MOST_IN_A_SHEET", 2)
    with pytest.raises(operations.TooLong, match="CSV"):
        operations.export_list(
            actor=cast.actor("cora"), department_id=cast.emergency, filters=Filters(state="all"),
            kind="xlsx", at=NOON, today=steps.TODAY,
        )
    with pytest.raises(NotAllowed):
        operations.export_list(
            actor=cast.actor("otto"), department_id=cast.emergency, filters=Filters(),
            kind="csv", at=NOON, today=steps.TODAY,
        )


def test_case_64_twenty_thousand_completions_leave_in_batches(app):
    from lms.people import queries as people

    crowd = seed_crowd(2_000, completions=6_000)
    actor = people.actor_of(crowd.coordinator)
    sheet = files.completions_sheet(actor, crowd.root, Filters())
    db.session.rollback()
    tracemalloc.start()
    with Counted() as sent:
        number = sum(1 for _ in files.completions_rows(sheet))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == sheet.rows > 5_000
    assert sent.statements <= 2  # SQLite says when it begins
    # Far less than the rows themselves, which are some 400 bytes each.
    assert most < 2_000_000
    lines = files.list_sheet(actor, crowd.root, Filters(state="all"), today=TODAY)
    assert sum(1 for _ in files.list_rows(lines)) == lines.rows > 5_000


def test_one_who_stops_reading_leaves_no_connection_behind(app):
    from lms.people import queries as people

    crowd = seed_crowd(60, completions=90)
    sheet = files.completions_sheet(people.actor_of(crowd.coordinator), crowd.root, Filters())
    db.session.rollback()
    rows = files.completions_rows(sheet)
    next(rows)
    assert db.engine.pool.checkedout() == 1
    rows.close()
    assert db.engine.pool.checkedout() == 0
