"""`lms people import`: the same import from the command line, with a report and an exit status."""

import pytest
from sqlalchemy import func, select

from lms.db import db
from lms.people import queries
from lms.people.cli import people
from lms.people.models import Department, Person, RosterUpload
from lms.tables.sheets import read as read_table
from tests.people.rosters import csv

GOOD = [["amara@example.org", "Amara Diallo, RN", "Emergency Medicine"],
        ["lena@example.org", "Lena Nguyễn, MD", "Pediatric Emergency"]]  # fmt: skip
BAD = ["noor.example.org", "Noor", "Nowhere"]


@pytest.fixture
def run(app, cast, tmp_path):
    def run(rows, *words: str):
        (tmp_path / "hr.csv").write_bytes(rows if isinstance(rows, bytes) else csv(rows))
        return app.test_cli_runner().invoke(
            people, ["import", str(tmp_path / "hr.csv"), *map(str, words)]
        )

    return run


def count(model=Person) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def test_case_57_a_dry_run_says_everything_and_does_nothing(run, tmp_path):
    before, report = count(), tmp_path / "out.csv"
    done = run([*GOOD, BAD], "--dry-run", "--report", report)
    assert done.exit_code == 1, done.output
    assert "hr.csv:4: E-mail: 'noor.example.org': " in done.output
    assert "hr.csv:4: Department: 'Nowhere': No department has this name." in done.output
    assert "Would import: 1 new, 1 unchanged, 1 with a problem." in done.output
    assert (count(), count(RosterUpload)) == (before, 0)
    table = read_table(report.read_bytes())
    assert [row.cells[4] for row in table.rows] == ["new", "unchanged", "problem"]
    assert run(GOOD, "--dry-run").exit_code == 0
    assert count() == before


def test_problems_stop_everything_unless_only_the_good_rows_are_wanted(run, tmp_path):
    before = count()
    done = run([*GOOD, BAD])
    assert done.exit_code == 1
    assert "Nothing was imported" in done.output
    assert (count(), count(RosterUpload)) == (before, 0)
    report = tmp_path / "out.xlsx"
    done = run([*GOOD, BAD], "--only-good", "--report", report)
    assert done.exit_code == 0, done.output
    assert "Imported: 1 new, 1 unchanged, 1 with a problem." in done.output
    assert count() == before + 1
    table = read_table(report.read_bytes())
    assert table.rows[0].cells[-1] == str(queries.by_email("amara@example.org").id)


def test_wrong_usage_is_two_and_a_file_that_is_no_roster_is_one(run, app):
    assert app.test_cli_runner().invoke(people, ["import", "nothing-here.csv"]).exit_code == 2
    assert run(GOOD, "--links", "guess").exit_code == 2
    done = run(b"%PDF-1.7")
    assert done.exit_code == 1
    assert "hr.csv: This is a PDF" in done.output
    assert "No column is the e-mail" in run(b"a,b\n1,2\n").output


def test_departments_are_added_and_links_decided_by_options(run, cast):
    db.session.get(Person, cast.lena).staff_number = "S1"
    db.session.commit()
    header = "Mail,Name,Unit,Staff no\n"
    rows = "lena.n@example.org,\"Lena Nguyễn, MD\",Emergency Medicine > Fast Track,s1\n"
    done = run((header + rows).encode(), "--create-departments", "--links", "replace")
    assert done.exit_code == 0, done.output
    lena = db.session.get(Person, cast.lena)
    db.session.refresh(lena)
    assert lena.email == "lena.n@example.org"
    made = db.session.scalar(select(Department).where(Department.name == "Fast Track"))
    assert (made.parent_id, lena.department_id) == (cast.emergency, made.id)


def test_a_long_import_says_what_it_is_at(run, monkeypatch):
    monkeypatch.setattr("lms.people.cli.MANY_ROWS", 1)
    done = run(GOOD)
    assert "Checking the rows" in done.stderr
    assert "Writing" in done.stderr
