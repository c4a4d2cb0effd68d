"""The directory: every entry sound, nobody sent to a closed door, the national line always first."""

import re
import tomllib
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from lms.commands import archive, doctor_surroundings
from lms.courses import cli, files
from lms.courses.queries import directory as queries
from lms.courses.rules import directory as rules
from lms.courses.rules.check_directory import check_directory
from lms.courses.rules.check_numbers import numbers
from lms.courses.rules.directory import FIRST, Asked
from lms.courses.rules.first_lines import LINES
from lms.courses.rules.folder import Folder
from lms.db import db
from lms.web import pages
from tests.conftest import NOON
from tests.courses.tiny import publish_tiny, toml
from tests.learning import steps

TODAY = date(2026, 11, 21)
# The rows of the catalog's first part that are services one may call or send somebody to.
ROWS = {
    "S0-02", "S0-08", "S0-15", "S0-16", "S0-17", "S0-18", "S0-19", "S0-20", "S0-22", "S0-23",
    "S0-24", "S0-25", "S0-26", "S1-13", "S1-15", "S2-28",
}  # fmt: skip
CLOSED_NUMBERS = ("800-4247", "8004247", "430-1298", "4301298")

SERVICE = {
    "id": "advocates", "name": "Harbor Advocates", "kind": "case-management", "status": "listed",
    "serves": "Anyone.", "source": "Their page", "confidence": "high",
    "checked_on": date(2026, 11, 1), "checked_by": "Social work, by telephone",
    "review_by": date(2027, 4, 1), "needs": ["case management"], "state": "OR",
    "counties": ["Lane"],
    "numbers": [{"label": "Call", "number": "541-555-0142", "tel": "+15415550142"}],
}  # fmt: skip


def folder(*services: dict, name: str = "instance/directory", text: str = "") -> Folder:
    body = text or toml({"format": 1, "services": list(services)})
    return Folder(name=name, files={"own.toml": body.encode()})


def ours() -> Folder:
    return files.read(queries.HOME, name="courses/directory")


def rules_of(problems) -> set[str]:
    return {one.rule for one in problems}


def without(**changes) -> dict:
    kept = SERVICE | changes
    return {key: value for key, value in kept.items() if value is not None}


# ----- the files of the product ----------------------------------------------------------


def test_our_files_are_without_problems_and_hold_every_service_named():
    found = check_directory([ours()], today=TODAY)
    assert found.problems == ()
    every = (*found.directory.entries, *found.directory.closed)
    assert {row for one in every for row in one.rows} >= ROWS
    assert len(every) == sum(
        len(tomllib.loads(text)["services"]) for text in ours().texts.values()
    )


def test_all_say_who_checked_them_when_and_that_nobody_telephoned():
    for one in check_directory([ours()], today=TODAY).directory.entries:
        assert one.checked_by == "Desk check against source notes; nobody telephoned", one.id
        assert timedelta(0) < one.review_by - one.checked_on <= timedelta(days=184), one.id
        assert one.source, one.id


def test_a_shelters_address_is_nowhere():
    for one in check_directory([ours()], today=TODAY).directory.entries:
        assert one.kind not in rules.SHELTERS or not one.address


def test_the_closed_center_is_no_entry_and_its_numbers_are_nobodys(client):
    listing = queries.directory()
    (gone,) = listing.closed
    assert gone.closed_on == date(2025, 9, 30)
    assert gone.numbers == ()
    assert not any("Against Rape" in one.name for one in listing.entries)
    for address in ("/directory", "/directory?q=rape", "/directory?where=CA:Alameda"):
        text = client.get(address).text
        assert not any(number in text for number in CLOSED_NUMBERS)
        assert text.count("Bay Area Women Against Rape") == 1
        assert "closed on September 30, 2025" in text
        assert 'id="bay-area-women-against-rape"' not in text


def test_the_short_form_of_the_first_lines_says_what_the_files_say():
    listing = queries.directory()
    for one in listing.first:
        stand_in = LINES[one.id]
        assert (one.name, one.kind) == (stand_in.name, stand_in.kind)
        assert set(stand_in.numbers) <= set(one.numbers)
    assert [one.id for one in listing.first] == list(FIRST)


# ----- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"id": "Not An Id"}, "D01"),
        ({"numbers": [{"label": "Call", "number": "541-555-0142", "tel": "+15415550143"}]}, "D02"),
        ({"numbers": [{"label": "Call", "number": "541-555-0142", "tel": "javascript:1"}]}, "D02"),
        ({"status": "closed", "numbers": None}, "D03"),
        ({"status": "closed", "closed_on": date(2026, 1, 1)}, "D03"),
        ({"status": "closed", "closed_on": date(2026, 1, 1), "numbers": None, "address": "1 Way"},
         "D03"),
        ({"status": "verify"}, "D03"),
        ({"closed_on": date(2026, 1, 1)}, "D03"),
        ({"numbers": None}, "D03"),
        ({"kind": "youth-shelter", "address": "1 Hidden Lane"}, "D04"),
        ({"review_by": date(2027, 11, 1)}, "D05"),
        ({"review_by": date(2026, 10, 1)}, "D05"),
        ({"checked_on": date(9999, 12, 31), "review_by": date(9999, 12, 31)}, "D05"),
        ({"ages": {"from": 24, "to": 12}}, "D06"),
        ({"state": None}, "D07"),
        ({"needs": ["something else"]}, "C04"),
        ({"topics": ["gossip"]}, "C04"),
        ({"state": "XX"}, "C04"),
        ({"kind": "rumor"}, "C04"),
        ({"checked_on": None}, "C04"),
        ({"email": "a@example.org"}, "C03"),
    ],
    ids=str,
)
def test_an_unsound_entry_is_named_and_left_out(changes, rule):
    found = check_directory([ours(), folder(without(**changes))], today=TODAY)
    assert rules_of(found.problems) == {rule}
    assert all("instance/directory/own.toml › service" in one.place for one in found.problems)
    assert "advocates" not in found.directory.by_id
    assert len(found.directory.entries) == len(queries.directory().entries)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[[services", "C02"), ("format = 1", "C04"), ("services = 3", "C05"),
        ("format = 2\nservices = []", "C05"), ("format = 1\nother = 2\nservices = [1]", "C03"),
        ("", "C05"),
    ],
)  # fmt: skip
def test_a_bad_file_names_itself(text, rule):
    found = check_directory([ours(), folder(text=text or "\n")], today=TODAY)
    assert rule in rules_of(found.problems)
    assert all(one.place.startswith("instance/directory/own.toml") for one in found.problems)


def test_one_id_stands_once_and_an_entry_of_ours_may_be_told_anew_but_not_the_first_lines():
    twice = check_directory([ours(), folder(SERVICE, SERVICE)], today=TODAY)
    assert rules_of(twice.problems) == {"D01"}
    better = without(id="misssey", name="MISSSEY, confirmed")
    assert check_directory([ours(), folder(better)], today=TODAY).problems == ()
    assert check_directory([ours(), folder(better)], today=TODAY).directory.by_id[
        "misssey"
    ].checked_by == "Social work, by telephone"
    stolen = check_directory([ours(), folder(without(id=FIRST[0]))], today=TODAY)
    assert rules_of(stolen.problems) == {"D08"}
    assert stolen.directory.first[0].call.number == "1-888-373-7888"


def test_a_number_of_a_closed_service_is_refused_under_any_name():
    number = {"label": "Call", "number": "(510) 800-4247", "tel": "+15108004247"}
    found = check_directory([ours(), folder(without(numbers=[number]))], today=TODAY)
    assert rules_of(found.problems) == {"D10"}
    assert "advocates" not in found.directory.by_id


def test_nobody_closes_a_line_of_every_page_by_its_number(client, own):
    gone = without(
        status="closed", numbers=None, closed_on=date(2026, 1, 1), former_numbers=["8883737888"]
    )
    found = check_directory([ours(), folder(gone)], today=TODAY)
    assert [one.rule for one in found.problems] == ["D08"]
    assert "service advocates" in found.problems[0].place
    assert [one.id for one in found.directory.first] == list(FIRST)
    # Nor is the number one that no course may teach.
    assert "8883737888" in numbers(found.directory, folder())[0].known
    assert "8883737888" not in numbers(found.directory, folder())[0].gone
    put(own, gone)
    assert 'href="tel:+18883737888"' in client.get("/verify").text


def test_a_day_that_has_passed_is_a_warning_of_the_check():
    assert check_directory([ours()], today=date(2027, 5, 21)).problems == ()
    later = check_directory([ours()], today=date(2027, 5, 22))
    assert rules_of(later.problems) == {"D09"}
    assert len(later.problems) == len(later.directory.entries)


def test_lms_courses_check_looks_at_the_directory_and_the_institutions_own(tmp_path, monkeypatch):
    home = tmp_path / "courses"
    (home / "directory").mkdir(parents=True)
    for path, data in ours().files.items():
        (home / "directory" / path).write_bytes(data)
    monkeypatch.setattr(cli, "HOME", home)
    monkeypatch.setenv("LMS_INSTANCE", str(tmp_path / "instance"))
    run = CliRunner()
    assert run.invoke(cli.courses, ["check", "--strict", "--on", "2026-11-21"]).exit_code == 0
    late = run.invoke(cli.courses, ["check", "--strict", "--on", "2027-06-01"])
    assert late.exit_code == 1
    assert "courses/directory/national.toml › service childhelp: warning D09" in late.output
    own = tmp_path / "instance" / "directory"
    own.mkdir(parents=True)
    (own / "own.toml").write_text("[[services")
    bad = run.invoke(cli.courses, ["check", "--on", "2026-11-21"])
    assert bad.exit_code == 1
    assert "instance/directory/own.toml: error C02" in bad.output


# ----- the page --------------------------------------------------------------------------


def listed(client, query: str = "") -> list[str]:
    """The ids of the entries on the page, in order; it answers strangers, whatever is asked."""
    got = client.get(f"/directory{query}")
    assert got.status_code == 200
    return re.findall(r'<li id="([a-z0-9-]+)">', got.text)


def test_anyone_reads_it_without_signing_in_without_scripts_and_it_asks_no_database(client, app):
    sent = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: sent.append(given[2]))
    got = client.get("/directory")
    assert got.status_code == 200
    assert sent == []
    text = unescape(got.text)
    assert 'href="https://www.weather.gov/" rel="noreferrer nofollow"' in text
    assert text.count("<h1") == 1
    assert re.search(r'<form class="filters" method="get"', text)


@pytest.mark.parametrize(
    "query", ["", "?q=nothing+of+this+name", "?where=CA:Marin&age=3&need=suicide&language=Spanish",
              "?where=%00&age=x&need=<b>"],
)  # fmt: skip
def test_the_national_line_and_911_come_first_whatever_is_asked(client, query):
    assert listed(client, query)[:3] == list(FIRST)


def test_every_entry_is_shown_once_and_tells_when_it_was_checked(client):
    text = client.get("/directory").text
    assert sorted(listed(client)) == sorted(one.id for one in queries.directory().entries)
    assert text.count("Last checked November 21, 2026") == len(queries.directory().entries)


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("?where=CA:Marin", "community-violence-solutions", "misssey"),
        ("?where=CA:Marin", "cast-hotline", "childrens-interview-center"),
        ("?where=CA", "misssey", None),
        ("?age=15", "dreamcatcher", None),
        ("?age=40", "misssey", "dreamcatcher"),
        ("?need=labor+rights", "wage-and-hour", "rainn"),
        ("?need=youth+shelter", "dreamcatcher", "misssey"),
        ("?language=Spanish", "rainn", "stronghearts"),
        ("?language=Spanish", "childhelp", None),
        ("?language=Spanish", "misssey", None),
        ("?q=family+justice", "alameda-family-justice-center", "misssey"),
        ("?q=925-521", "contra-costa-family-justice-center-central", "rainn"),
    ],
)
def test_filters_narrow_and_what_is_not_stated_hides_nothing(client, query, there, not_there):
    found = listed(client, query)
    assert there in found
    assert not_there not in found


def test_what_was_asked_lives_in_the_address_and_stays_in_the_form(client):
    text = client.get("/directory?where=CA:Alameda&age=15&need=case+management&q=young").text
    assert '<option value="CA:Alameda" selected>' in text
    assert 'name="age" inputmode="numeric" maxlength="3" value="15"' in text
    assert '<option value="case management" selected>' in text
    assert 'name="q" maxlength="80" value="young"' in text


def test_what_nobody_could_confirm_says_call_first(client):
    text = client.get("/directory?q=misssey").text
    assert text.count("Call first: we could not confirm this") == 1
    assert "Call first" not in client.get("/directory?q=childhelp").text


def test_an_overdue_check_is_told_to_readers_calmly_from_the_day_after(client, monkeypatch):
    monkeypatch.setattr(pages, "today", lambda: date(2027, 5, 21))
    assert "Not checked since" not in client.get("/directory").text
    monkeypatch.setattr(pages, "today", lambda: date(2027, 5, 22))
    text = client.get("/directory").text
    assert text.count("Not checked since November 21, 2026") == len(queries.directory().entries)


def test_lines_of_the_police_and_for_professionals_stand_apart(client):
    text = client.get("/directory").text
    apart = text.index("These are not support lines")
    for one in ("hsi-tip-line", "heat-watch", "accma", "otip-child-protection"):
        assert text.index(f'id="{one}"') > apart
    assert "immigration and customs law enforcement" in text


# ----- the institution's own -------------------------------------------------------------


@pytest.fixture
def own(app) -> Path:
    made = app.extensions["settings"].instance / "directory"
    made.mkdir()
    return made


def put(own: Path, *services: dict, text: str = "") -> None:
    (own / "own.toml").write_text(text or toml({"format": 1, "services": list(services)}))


def test_an_institution_adds_its_own_and_a_change_is_seen_at_once(client, own):
    assert "advocates" not in listed(client)
    put(own, SERVICE)
    assert "advocates" in listed(client)
    assert "advocates" in listed(client, "?where=OR:Lane")
    put(own, without(id="others", name="Harbor Friends of Lane"))
    assert "advocates" not in listed(client)
    assert "others" in listed(client)


def test_a_bad_file_never_breaks_a_page_and_the_doctor_and_planners_are_told(
    app, client, cast, as_, own
):
    put(own, text="[[services")
    assert len(listed(client)) == len(queries.directory().entries)
    finding = doctor_surroundings.directory(app.extensions["settings"])
    assert not finding.is_ok
    assert "directory/own.toml" in finding.sentence
    assert "directory/own.toml" in as_(cast.petra).get("/directory/due").text


@pytest.mark.parametrize("number", ["0x" + "f" * 9000, "nan", "-1", '"x"'])
def test_no_number_of_a_file_breaks_a_page(client, own, number):
    good = toml({"format": 1, "services": [SERVICE]})
    put(own, text=good.replace('{"id"', f'{{"ages" = {{from = {number}}}, "id"', 1))
    assert "advocates" not in listed(client)
    assert client.get("/verify").status_code == 200
    assert queries.problems(own)


def test_the_files_are_read_once_while_they_stay_as_they_are(client, monkeypatch):
    listed(client)
    monkeypatch.setattr(files, "read", lambda *_given, **_more: pytest.fail("read again"))
    listed(client)
    client.get("/verify")


def test_damaged_files_of_ours_leave_the_three_lines_on_every_page(client, tmp_path, monkeypatch):
    home = tmp_path / "damaged"
    home.mkdir()
    (home / "national.toml").write_text("[[services")
    monkeypatch.setattr(queries, "HOME", home)
    assert listed(client) == list(FIRST)
    assert 'href="tel:+18883737888"' in client.get("/verify").text


# ----- at the foot of pages --------------------------------------------------------------


def foot(text: str) -> str:
    return unescape(text[text.index('id="help"') :])


def test_lines_that_fit_a_course_are_four_at_most_for_anyone_and_not_of_the_police():
    listing = queries.directory()
    for topics in (*((one,) for one in rules.TOPICS), rules.TOPICS, ()):
        fitting = listing.fitting(topics)
        assert len(fitting) <= 4
        assert all(one.is_national and one.is_for_patients and one.call for one in fitting)
        assert not {one.id for one in fitting} & set(FIRST)
    assert [one.id for one in listing.fitting(["child-abuse", "adolescent-health"])][:2] == [
        "childhelp", "missing-exploited-children",
    ]  # fmt: skip
    assert listing.fitting(()) == ()
    assert "wage-and-hour" in {one.id for one in listing.fitting(["supply-chain"])}


def test_every_page_ends_with_the_lines_and_the_way_to_all(client):
    text = foot(client.get("/sign-in").text)
    for href in ("tel:+18883737888", "sms:233733", "tel:988", "tel:911", "/directory"):
        assert f'href="{href}"' in text
    assert "For what this course is about" not in text


def test_a_course_and_its_lessons_end_with_the_lines_that_fit(app, cast, as_):
    publish_tiny(at=NOON, topics=["child-abuse", "adolescent-health"])
    steps.begin(cast.actor("lena"), at=NOON)
    db.session.commit()
    browser = as_(cast.lena)
    for address in ("/courses/tiny", "/courses/tiny/lessons/soap"):
        text = foot(browser.get(address).text)
        assert "Childhelp National Child Abuse Hotline" in text
        assert 'href="tel:+18004224453"' in text
        assert text.index("1-888-373-7888") < text.index("Childhelp")


# ----- for planners ----------------------------------------------------------------------


def test_planners_see_what_is_due_a_month_ahead_oldest_first(cast, as_, monkeypatch):
    petra = as_(cast.petra)
    assert queries.due(date(2027, 4, 20)) == ()
    soon = queries.due(date(2027, 4, 21))
    assert len(soon) == len(queries.directory().entries)
    assert not any(one.is_overdue for one in soon)
    assert all(one.is_overdue for one in queries.due(date(2027, 5, 22)))
    monkeypatch.setattr(pages, "today", lambda: date(2027, 5, 22))
    text = petra.get("/directory/due").text
    assert text.count('class="state overdue"') == len(soon)
    assert as_(cast.cora).get("/directory/due").status_code == 403


def test_asking_for_nothing_finds_all_but_the_first():
    listing = queries.directory()
    assert len(listing.found(Asked())) == len(listing.entries) - 3


def test_the_example_of_the_manual_is_sound():
    manual = Path(queries.HOME).parents[1] / "docs" / "operations.md"
    (example,) = re.findall(
        r"```toml\n(format = 1\n\n\[\[services\]\].*?)```", manual.read_text(), flags=re.S
    )
    found = check_directory([ours(), folder(text=example)], today=TODAY)
    assert found.problems == ()
    assert found.directory.by_id["harbor-advocates"].age_words == "12 to 24"


def test_a_backup_takes_the_institutions_own_along():
    assert queries.OWN in archive.KEPT
