"""The pages of a roster: choose a file, look, import, take the result away."""

import io
import re
import zipfile

import pytest
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.db import db
from lms.outbox import Message
from lms.people import queries
from lms.people.forms.roster import ChoicesForm
from lms.people.models import Person, RosterUpload, UploadState
from lms.tables.sheets import read as read_table
from tests.people.rosters import csv

GOOD = [
    ["amara@example.org", "Amara Diallo, RN", "Emergency Medicine › Pediatric Emergency"],
    ["LENA@example.org", "Lena Nguyễn, MD", "Pediatric Emergency"],
]
BAD = ["noor.example.org", "Noor", "Emergancy Medicine"]


def upload(browser, data: bytes, name: str = "hr.csv"):
    return browser.post("/people/import", data={"file": (io.BytesIO(data), name)})


def seen(page: str) -> str:
    return re.search(r'name="seen"[^>]*value="([^"]+)"', page)[1]


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def test_a_roster_is_looked_at_imported_and_taken_away(cast, as_):
    ada, before = as_(cast.ada), count(Person)
    got = upload(ada, csv([*GOOD, BAD]))
    assert got.status_code == 303
    where = got.headers["Location"]
    page = ada.get(where).get_data(as_text=True)
    assert "2 of 3 rows are ready" in page
    assert "Line 4" in page
    assert "the @ is missing" in page
    assert "Did you mean Emergency Medicine?" in page
    assert count(Person) == before, "nothing is saved by looking"

    refused = ada.post(where, data={"seen": seen(page)})
    assert refused.status_code == 422
    assert "1 of 3 rows" in refused.get_data(as_text=True)
    assert count(Person) == before

    done = ada.post(where, data={"seen": seen(page), "only_good": "y", "invites": "y"})
    assert done.headers["Location"] == f"{where}/result"
    page = ada.get(done.headers["Location"]).get_data(as_text=True)
    assert "2 of 3 rows imported" in page
    assert count(Person) == before + 1
    amara = queries.by_email("amara@example.org")
    assert (amara.name, amara.department_id) == ("Amara Diallo, RN", cast.pediatric)
    mail = db.session.scalar(select(Message).where(Message.person_id == amara.id))
    assert "/reset-password/" in mail.body

    for kind in ("csv", "xlsx"):
        table = read_table(ada.get(f"{where}/rows.{kind}").data)
        assert table.header[-4:] == ("line", "status", "reason", "id")
        assert [row.cells[-3] for row in table.rows] == ["new", "unchanged", "problem"]
        assert table.rows[0].cells[-1] == str(amara.id)
        assert table.rows[1].cells[-1] == str(cast.lena)
        assert [list(row.cells[:3]) for row in table.rows] == [*GOOD, BAD]
    only = read_table(ada.get(f"{where}/rows.csv?only=problems").data)
    assert [row.cells[0] for row in only.rows] == ["noor.example.org"]
    # The preview leads to the result, and a second click changes nothing.
    assert ada.get(where).headers["Location"] == f"{where}/result"
    again = ada.post(where, data={"seen": seen_of(table), "only_good": "y"})
    assert again.headers["Location"] == f"{where}/result"
    assert count(Person) == before + 1


def seen_of(_table) -> str:
    return "new=1"


def test_what_changed_meanwhile_is_looked_at_again(cast, as_):
    ada = as_(cast.ada)
    where = upload(ada, csv(GOOD)).headers["Location"]
    page = ada.get(where).get_data(as_text=True)
    db.session.get(Person, cast.lena).name = "Lena Somebody"
    db.session.commit()
    got = ada.post(where, data={"seen": seen(page)})
    assert got.status_code == 422
    assert "changed since this preview" in got.get_data(as_text=True)
    assert queries.by_email("amara@example.org") is None
    got = ada.post(where, data={"seen": seen(got.get_data(as_text=True))})
    assert got.status_code == 303


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"%PDF-1.7", "a PDF"),
        (b"First,Last\na,b\n", "No column is the e-mail"),
        (b"E-Mail,Work email,Name\na@b.org,a@b.org,x\n", "Two columns could be the e-mail"),
        (b"E-Mail,Surname\na@b.org,x\n", "No column is the name"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_roster_is_refused_on_the_page(cast, as_, data, said):
    got = upload(as_(cast.ada), data)
    assert got.status_code == 422
    assert said in got.get_data(as_text=True)
    assert count(RosterUpload) == 0


def test_no_file_at_all_is_refused_on_the_page(cast, as_):
    got = as_(cast.ada).post("/people/import", data={})
    assert got.status_code == 422
    assert "Choose a file." in got.get_data(as_text=True)


def test_a_file_of_ten_megabytes_is_too_large_and_a_larger_request_is_not_read(cast, as_, app):
    ada = as_(cast.ada)
    app.config["WTF_CSRF_ENABLED"] = True  # so that the token is looked for in the form
    got = ada.post("/people/import", data={"file": (io.BytesIO(b"x" * 11_000_000), "a.csv")})
    assert got.status_code == 413
    assert "less than 10 MB" in got.get_data(as_text=True)
    got = ada.post(
        "/people/import", input_stream=NeverRead(), content_type="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert got.status_code == 413
    # Elsewhere two megabytes stay the most.
    got = ada.post("/people/add", data={"name": "x" * 3_000_000})
    assert got.status_code == 413
    assert "less than 2 MB" in got.get_data(as_text=True)


class NeverRead(io.RawIOBase):
    """A body of 200 MB that nobody may ask for."""

    at = 0

    def readable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = 200 * 1024 * 1024 if whence == 2 else offset
        return self.at

    def readinto(self, _buffer):
        raise AssertionError("the body was read")


def test_a_roster_that_waited_for_a_day_is_dropped_with_its_rows(cast, as_):
    ada = as_(cast.ada)
    where = upload(ada, csv(GOOD)).headers["Location"]
    from datetime import timedelta

    from lms import clock
    from lms.commands import worker

    assert worker.drop_rosters() is None
    one = db.session.scalar(select(RosterUpload))
    one.uploaded_at = clock.now() - timedelta(hours=25)
    db.session.commit()
    assert "Dropped 1" in worker.drop_rosters()
    one = db.session.scalar(select(RosterUpload))
    assert (one.state, one.content) == (UploadState.ABANDONED, None)
    got = ada.get(where)
    assert got.status_code == 409
    assert "Choose the file again" in got.get_data(as_text=True)
    assert ada.post(where, data={"seen": "new=1"}).status_code == 409


def test_a_roster_can_be_dropped_and_is_not_imported_then(cast, as_):
    ada = as_(cast.ada)
    where = upload(ada, csv(GOOD)).headers["Location"]
    assert ada.post(f"{where}/drop").status_code == 303
    assert ada.get(where).status_code == 409
    assert ada.get(f"{where}/rows.csv").status_code == 404


def test_the_example_roster_is_a_roster(cast, as_):
    ada = as_(cast.ada)
    got = ada.get("/people/import/example.csv")
    assert upload(ada, got.data).status_code == 303


def test_somebody_elses_roster_is_not_there_but_for_administrators(cast, as_):
    cora, otto, ada = as_(cast.cora), as_(cast.otto), as_(cast.ada)
    where = upload(cora, csv(GOOD)).headers["Location"]
    assert cora.get(where).status_code == 200
    for path in ("", "/rows.csv", "/result"):
        assert otto.get(f"{where}{path}").status_code == 404
    for path in ("", "/choices", "/drop"):
        assert otto.post(f"{where}{path}", data={"seen": "new=1", "other_links": ""}).status_code == 404
    assert ada.get(where).status_code == 200
    assert as_(cast.lena).get("/people/import").status_code == 403


def test_the_page_holds_as_much_as_fits_and_the_file_everything(cast, as_):
    ada = as_(cast.ada)
    rows = [[f"p{one}.example.org", f"P {one}", "Emergency Medicine"] for one in range(450)]
    where = upload(ada, csv(rows)).headers["Location"]
    page = ada.get(where).get_data(as_text=True)
    assert "The first 200 of 450 are shown" in page
    assert len(read_table(ada.get(f"{where}/rows.csv?only=problems").data).rows) == 450


def test_nothing_typed_in_a_file_runs_on_a_page_or_in_a_spreadsheet(cast, as_):
    ada = as_(cast.ada)
    rows = [["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "@SUM(1+1)"]]
    where = upload(ada, csv(rows, ("E-mail", "Name", "=HYPERLINK(1)"))).headers["Location"]
    assert "<script>alert(1)" not in ada.get(where).get_data(as_text=True)
    body = ada.get(f"{where}/rows.csv").get_data(as_text=True)
    assert "'=cmd" in body
    assert "'=HYPERLINK" in body
    assert "'@SUM" in body
    book = zipfile.ZipFile(io.BytesIO(ada.get(f"{where}/rows.xlsx").data))
    assert b"<f>" not in b"".join(book.read(name) for name in book.namelist())


def test_the_trail_says_what_was_imported(cast, as_):
    ada = as_(cast.ada)
    where = upload(ada, csv(GOOD)).headers["Location"]
    ada.post(where, data={"seen": seen(ada.get(where).get_data(as_text=True))})
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "roster.imported"))
    assert entry.actor_id == cast.ada
    assert entry.detail["counts"]["new"] == 1
    assert len(entry.detail["digest"]) == 64


def test_staff_give_a_further_address_and_take_it_back_with_a_reason(cast, as_):
    ada = as_(cast.ada)
    where = f"/people/{cast.lena}"
    got = ada.post(f"{where}/addresses", data={"further": "l@example.org", "why": ""})
    assert got.status_code == 422
    assert 'value="l@example.org"' in got.get_data(as_text=True)
    got = ada.post(f"{where}/addresses", data={"further": "noor@example.org", "why": "x"})
    assert got.status_code == 422
    assert "Noor Haddad, RN has this address" in got.get_data(as_text=True)
    good = {"further": "l@example.org", "why": "HR moved"}
    assert ada.post(f"{where}/addresses", data=good).status_code == 303
    page = ada.get(where).get_data(as_text=True)
    assert "Also found by <strong>l@example.org</strong>" in page
    (one,) = queries.roster.addresses_of(cast.lena)
    for data in ({"ended": one.id, "why_ended": ""}, {"ended": 999, "why_ended": "x"}):
        assert ada.post(f"{where}/addresses/end", data=data).status_code == 422
    data = {"ended": one.id, "why_ended": "Wrong person"}
    assert ada.post(f"{where}/addresses/end", data=data).status_code == 303
    assert queries.by_email("l@example.org") is None
    reasons = [
        one.detail.get("reason")
        for one in db.session.scalars(
            select(AuditEntry).where(AuditEntry.action.like("person.address-%"))
        )
    ]
    assert reasons == ["HR moved", "Wrong person"]


def test_a_person_sees_and_takes_back_only_their_own_further_addresses(cast, as_):
    good = {"further": "l@example.org", "why": "HR moved"}
    as_(cast.ada).post(f"/people/{cast.lena}/addresses", data=good)
    (one,) = queries.roster.addresses_of(cast.lena)
    lena = as_(cast.lena)
    assert "l@example.org" in lena.get("/profile").get_data(as_text=True)
    assert "l@example.org" not in as_(cast.noor).get("/profile").get_data(as_text=True)
    assert as_(cast.noor).post(f"/profile/addresses/{one.id}/end").status_code == 404
    assert lena.post(f"/profile/addresses/{one.id}/end").status_code == 303
    assert queries.by_email("l@example.org") is None


def test_one_row_alone_can_be_decided_without_a_choice_for_the_others(app):
    with app.test_request_context("/", method="POST", data={"link-2": "add"}):
        form = ChoicesForm()
        assert form.validate(), form.errors
        assert form.other_links.data == ""
