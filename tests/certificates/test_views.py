"""Certificates on screen and as files, and the public check: right door, status and words."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import func, select

from lms import clock
from lms.certificates import operations, queries
from lms.certificates.models import LedgerEntry
from lms.courses.models import Course
from lms.db import db
from lms.people.models import Organisation, Person
from tests.certificates.press import award, press, version
from tests.conftest import NOON


class Words(HTMLParser):
    """The text of a page and its ids."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.parts).split())

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture
def issued(app, cast) -> LedgerEntry:
    app.extensions["press"] = press
    return give(cast)


def give(cast, number: int = 1, **changes) -> LedgerEntry:
    entry = operations.issue(
        award=award(cast.lena, version(number=number).id, **changes), press=press(),
        actor=cast.actor("lena"), at=NOON,
    )
    db.session.commit()
    return entry


def revoke(cast, entry, reason="Issued in error") -> None:
    operations.revoke(actor=cast.actor("petra"), serial=entry.serial, reason=reason, at=NOON)
    db.session.commit()


def replace(cast, entry) -> LedgerEntry:
    new = operations.supersede(
        actor=cast.actor("petra"), serial=entry.serial, name="Lena Thị Nguyễn, MD",
        reason="The name was corrected to match the license", press=press(), at=NOON,
    )
    db.session.commit()
    return new


def test_case_78_the_html_certificate_says_all_that_the_paper_says(cast, as_, issued):
    got = as_(cast.lena).get(f"/certificates/{issued.serial}")
    assert got.status_code == 200
    page = Words(got.text)
    facts = queries.facts_of(issued)
    for said in (
        facts.issuer_name, facts.issuer_line, facts.heading, facts.opening, facts.person_name,
        facts.sentence, facts.title, "0.75 CE hours", facts.completed_on, facts.signer_name,
        facts.signer_title, facts.code, facts.serial, facts.verify_label,
        *(parts[0][0] for parts in facts.statements), *(label for label, _ in facts.dates),
    ):
        assert said in page.text, said
    assert [tag for tag, _ in page.tags].count("h1") == 1
    picture = next(attrs for tag, attrs in page.tags if tag == "svg")
    assert picture["role"] == "img"
    assert picture["aria-label"]


def test_case_01_every_download_is_the_same_bytes(cast, as_, issued):
    lena = as_(cast.lena)
    first = lena.get(f"/certificates/{issued.serial}.pdf")
    assert first.content_type == "application/pdf"
    assert first.data.startswith(b"%PDF-1.7")
    assert first.headers["ETag"] == f'"{issued.pdf_digest}"'
    assert (
        first.headers["Content-Disposition"]
        == f'attachment; filename="certificate-{issued.serial}.pdf"; '
        "filename*=UTF-8''Certificate%202026-000001%20Lena%20Nguy%E1%BB%85n%2C%20MD.pdf"
    )
    version(number=2)
    db.session.get(Organisation, 1).name = "Renamed Hospital"
    db.session.commit()
    assert lena.get(f"/certificates/{issued.serial}.pdf").data == first.data
    again = lena.get(
        f"/certificates/{issued.serial}.pdf", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("who", "status"), [("lena", 200), ("cora", 200), ("petra", 200), ("otto", 404), ("noor", 404)]
)
def test_who_may_open_a_certificate_and_its_file(cast, as_, issued, who: str, status: int):
    browser = as_(getattr(cast, who))
    assert browser.get(f"/certificates/{issued.serial}").status_code == status
    assert browser.get(f"/certificates/{issued.serial}.pdf").status_code == status


def test_a_stranger_is_asked_to_sign_in(client, issued):
    assert client.get(f"/certificates/{issued.serial}").status_code in {302, 303, 401}


def test_only_those_who_may_end_it_see_how(cast, as_, issued):
    address = f"/certificates/{issued.serial}"
    assert "/revoke" not in as_(cast.lena).get(address).text
    assert "/revoke" not in as_(cast.cora).get(address).text
    assert "/revoke" in as_(cast.petra).get(address).text
    for who in (cast.lena, cast.cora):
        assert as_(who).get(f"{address}/revoke").status_code == 403
        assert as_(who).post(f"{address}/supersede").status_code == 403


def test_case_17_a_planner_revokes_with_reason_and_confirmation(cast, as_, issued):
    petra, address = as_(cast.petra), f"/certificates/{issued.serial}"
    assert petra.get(f"{address}/revoke").status_code == 200
    nothing = petra.post(f"{address}/revoke", data={"reason": "Issued to the wrong person"})
    assert nothing.status_code == 422
    assert "Issued to the wrong person" in nothing.text
    assert "Confirm that this is the certificate you mean." in nothing.text
    assert petra.post(f"{address}/revoke", data={"confirmed": "y"}).status_code == 422
    done = petra.post(
        f"{address}/revoke", data={"reason": "Issued to the wrong person", "confirmed": "y"}
    )
    assert done.status_code == 303
    page = Words(as_(cast.lena).get(address).text).text
    assert "Revoked on" in page
    assert "Reason: Issued to the wrong person. This certificate is not valid." in page
    assert "Download the original, now revoked" in page
    assert "Lena Nguyễn, MD" in page
    late = petra.post(f"{address}/revoke", data={"reason": "again", "confirmed": "y"})
    assert late.status_code == 422
    assert "was revoked before" in late.text


def test_case_06_a_planner_corrects_a_name_and_the_old_one_points_to_the_new(cast, as_, issued):
    petra, address = as_(cast.petra), f"/certificates/{issued.serial}"
    assert 'value="Lena Nguyễn, MD"' in petra.get(f"{address}/supersede").text
    typed = {"name": "Lena 🙂", "reason": "License says so", "confirmed": "y"}
    refused = petra.post(f"{address}/supersede", data=typed)
    assert refused.status_code == 422
    assert "cannot be printed" in refused.text
    assert "License says so" in refused.text
    done = petra.post(f"{address}/supersede", data=typed | {"name": "Lena Thị Nguyễn, MD"})
    assert done.status_code == 303
    assert done.location.endswith("/certificates/2026-000002") or "/certificates/" in done.location
    old = Words(as_(cast.lena).get(address).text).text
    assert "Replaced on" in old
    assert "Download the original, now replaced" in old
    assert "Lena Thị Nguyễn, MD" in Words(as_(cast.lena).get(done.location).text).text


def test_case_13_each_state_verifies_with_a_plain_word(client, cast, issued):
    revoked = give(cast, 2)
    revoke(cast, revoked)
    old = give(cast, 3)
    new = replace(cast, old)
    expired = give(cast, 4, expires_on=(NOON - timedelta(days=1)).date())
    for entry, word in (
        (issued, "Valid"), (revoked, "Revoked"), (old, "Replaced"), (new, "Valid"),
        (expired, "Expired"),
    ):
        got = client.get(f"/verify/{entry.code}")
        assert got.status_code == 200
        assert re.search(r"<h1>(.*?)</h1>", got.text).group(1).endswith(f'">{word}</span>')
    assert new.code in client.get(f"/verify/{old.code}").text
    assert "Issued in error" in client.get(f"/verify/{revoked.code}").text


def test_case_14_one_page_shows_name_title_version_credit_dates_and_state(client, issued):
    got = client.get(f"/verify/{issued.code}")
    page = Words(got.text).text
    for said in (
        "Valid", "Lena Nguyễn, MD", "Seeing Past the Myths", "version 1", "0.75 CE hours",
        "enduring material", "November 2, 2026", "Demonstration Hospital", issued.serial,
    ):
        assert said in page, said


def test_the_verdict_shows_what_the_paper_shows_and_nothing_more(client, cast, issued):
    person = db.session.get(Person, cast.lena)
    page = client.get(f"/verify/{issued.code}").text
    for hidden in (person.email, "Emergency", "physician", "Petra", str(issued.hash)):
        assert hidden not in page, hidden
    revoked = give(cast, 2)
    revoke(cast, revoked)
    assert "Lena" not in client.get(f"/verify/{revoked.code}").text


def test_a_verdict_is_neither_listed_nor_kept(client, issued):
    for address in ("/verify", f"/verify/{issued.code}", "/verify/unknown"):
        got = client.get(address)
        assert got.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert got.headers["Cache-Control"] == "no-store"
        assert 'name="robots" content="noindex, nofollow"' in got.text


def test_an_unknown_code_is_404_with_the_designed_page(client, issued):
    unknown = client.get("/verify/00000-00000-00000-00000")
    assert unknown.status_code == 404
    assert "Not found" in unknown.text
    assert "education@example.org" in unknown.text
    slip = issued.code[:-1] + ("0" if issued.code[-1] != "0" else "1")
    assert "check character does not agree" in client.get(f"/verify/{slip}").text
    assert client.get("/verify/" + "x" * 3000).status_code == 404
    assert client.get("/verify/%00%ff<script>").status_code == 404


@pytest.mark.parametrize("write", [str.lower, lambda c: c.replace("-", " "), lambda c: f" {c} "])
def test_a_code_is_understood_however_it_is_typed(client, issued, write):
    got = client.get("/verify", query_string={"code": write(issued.code)})
    assert got.status_code == 303
    assert got.location == f"/verify/{issued.code}"


def test_what_cannot_be_a_code_is_told_so_and_stays_in_the_field(client, issued):
    got = client.get("/verify", query_string={"code": "K7Q2M"})
    assert got.status_code == 422
    assert "this has 5" in got.text
    assert 'value="K7Q2M"' in got.text
    assert "serial number" in client.get("/verify", query_string={"code": issued.serial}).text


def test_verifying_is_limited_per_address(client, issued, monkeypatch):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    for _ in range(60):
        assert client.get(f"/verify/{issued.code}").status_code == 200
    assert client.get(f"/verify/{issued.code}").status_code == 429
    other = client.get(f"/verify/{issued.code}", environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert other.status_code == 200
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=61))
    assert client.get(f"/verify/{issued.code}").status_code == 200


def test_case_07_and_15_certificates_outlive_courses_people_and_templates(
    client, cast, as_, issued
):
    db.session.get(Course, 1).retired_at = NOON
    db.session.get(Person, cast.lena).deactivated_at = NOON
    db.session.get(Organisation, 1).line = "Another line"
    db.session.commit()
    got = client.get(f"/verify/{issued.code}")
    assert got.status_code == 200
    assert "Lena Nguyễn, MD" in got.text
    assert "at least six years" in Words(client.get("/verify").text).text
    assert as_(cast.petra).get(f"/certificates/{issued.serial}.pdf").status_code == 200


def test_verifying_writes_nothing_but_a_count(client, issued):
    before = db.session.scalar(select(func.count()).select_from(LedgerEntry))
    client.get(f"/verify/{issued.code}")
    assert db.session.scalar(select(func.count()).select_from(LedgerEntry)) == before
