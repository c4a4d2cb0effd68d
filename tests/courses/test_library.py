"""The library: its data, what is found in it, and that its lists of references can be read."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from lms.access import SYSTEM
from lms.courses import files
from lms.courses.operations import retire
from lms.courses.queries import library as queries
from lms.courses.rules.bibliography import bibtex, csl_item
from lms.courses.rules.check_library import check_library, check_references, due_documents
from lms.courses.rules.folder import Folder
from lms.courses.rules.library import Asked, Document, Status, fold
from lms.db import db
from tests.conftest import NOON
from tests.courses.tiny import COURSE, publish_tiny
from tests.courses.watching import counting

COURSES = Path(__file__).resolve().parents[2] / "courses"
GOOD = """format = 1
[[documents]]
id = "own-2026"
title = "Our own paper"
citation = "Our hospital. *Our own paper.* 2026."
kind = "guidance"
year = 2026
owner = "Our hospital"
status = "current"
summary = "What we decided ourselves."
checked_on = 2026-01-01
review_by = 2027-01-01
"""


def folder(text: str, name: str = "own/library") -> Folder:
    return Folder(name=name, files={"own.toml": text.encode()})


def the(**changes: object) -> Document:
    return replace(queries.library().by_id["cs-2016"], **changes)  # type: ignore[arg-type]


# What is there


def test_the_library_is_sound_and_holds_every_reference_of_the_courses():
    found = queries.checked()
    assert [str(one) for one in found.problems] == []
    assert len(found.library.documents) >= 240
    courses = [files.read(one) for one in files.course_folders(COURSES)]
    assert [str(one) for one in check_references(found.library, courses)] == []


def test_every_summary_is_two_lines_and_none_is_another_s():
    said = {one.id: one.summary for one in queries.library().documents}
    assert {name: text for name, text in said.items() if not 20 <= len(text.split()) <= 48} == {}
    assert len(set(said.values())) == len(said)


def test_what_no_longer_holds_says_what_does():
    old = [one for one in queries.library().documents if not one.is_current]
    assert old
    assert all(one.status_note for one in old)
    by_id = queries.library().by_id
    replaced = [one for one in old if one.status is Status.SUPERSEDED]
    assert all(one.instead for one in replaced)
    assert by_id["ilo-2005"].instead == ("gems-2022",)
    assert by_id["ilo-2005"].status is Status.SUPERSEDED
    assert by_id["bawar-2025"].status is Status.CLOSED


def test_a_year_of_knowing_is_told_from_a_year_of_publication():
    by_id = queries.library().by_id
    assert by_id["cs-2016"].year_words == "2016"
    assert by_id["usc-1591"].year_words == "text of 2025"
    assert by_id["netce"].year_words == "as known in 2025"


# The check


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ('id = "own-2026"', 'id = "Own 2026"', "L01"),
        ("year = 2026", 'year = 2026\nurl = "javascript:alert(1)"', "L02"),
        ("year = 2026", 'year = 2026\ndoi = "https://doi.org/10.1/x"', "L02"),
        ("year = 2026", 'year = 2026\nisbn = "none"', "L02"),
        ('status = "current"', 'status = "closed"', "L03"),
        ("review_by = 2027-01-01", "review_by = 2026-01-01", "L04"),
        ('id = "own-2026"', 'id = "cs-2016"', "L05"),
        ('id = "own-2026"', 'id = "x"\nalso = ["chisolm-2016"]', "L05"),
        ("paper.* 2026", "paper. 2026", "L06"),
        ("year = 2026\n", 'year = 2026\ninstead = ["nobody"]\n', "L09"),
        ('kind = "guidance"', 'kind = "rumor"', "C04"),
        ('kind = "guidance"', 'kind = "guidance"\nkinds = "x"', "C03"),
        ("format = 1", "format = 2", "C05"),
        ("format = 1", "format = 1\nmore = 1", "C03"),
        ("[[documents]]", "[[documents", "C02"),
    ],
)
def test_a_slip_is_named_with_its_place_and_keeps_only_its_own_document_away(old, new, rule):
    assert old in GOOD
    ours = files.read(queries.HOME)
    found = check_library([ours, folder(GOOD.replace(old, new))])
    assert rule in {one.rule for one in found.problems}
    assert all(one.place.startswith("own/library/own.toml") for one in found.problems)
    assert "cs-2016" in found.library.by_id


def test_a_reference_that_the_library_lacks_or_tells_otherwise_is_named():
    def course(reference: str) -> Folder:
        return Folder(name="courses/x", files={"course.toml": reference.encode()})

    library = queries.library()
    text = library.by_id["cs-2016"].citation
    good = f'[[references]]\nid = "cs-2016"\ntext = "{text}"\nyear = 2016'
    also = good.replace("cs-2016", "chisolm-2016")
    assert list(check_references(library, [course(good), course(also)])) == []
    for wrong, rule in (
        (good.replace('"cs-2016"', '"nobody-1999"'), "L07"),
        (good.replace("year = 2016", "year = 2017"), "L08"),
        (good.replace("Chisolm-Straker", "Somebody"), "L08"),
    ):
        assert [one.rule for one in check_references(library, [course(wrong)])] == [rule]


def test_what_is_due_comes_oldest_first():
    library = queries.library()
    assert due_documents(library, date(2026, 12, 1)) == ()
    due = due_documents(library, date(2027, 3, 1))
    assert {one.kind for one in due} <= {"statistics", "web"}
    assert len(due_documents(library, date(2027, 9, 1))) == len(library.documents)


# Finding


def test_accents_and_capitals_make_no_difference():
    assert fold("Gaïgbé-TOGBÉ") == "gaigbe-togbe"
    found = queries.library().found(Asked(words="GAIGBE unseen"))
    assert [one.id for one in found] == ["cs-2016"]


def test_filters_narrow_together():
    library = queries.library()
    laws = library.found(Asked(kind="law", since=2020, until=2024))
    assert laws
    assert all(one.kind == "law" and 2020 <= one.year <= 2024 for one in laws)
    cited = frozenset({"chisolm-2016"})
    assert [one.id for one in library.found(Asked(course="x"), cited)] == ["cs-2016"]
    assert library.found(Asked(course="x")) == ()


# The lists of references


class Bib:
    """A strict reader of BibTeX: entries of fields in braces, which are balanced."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def take(self, form: str) -> str:
        found = re.compile(form, re.ASCII).match(self.text, self.at)
        assert found, f"not {form!r} at {self.text[self.at : self.at + 60]!r}"
        self.at = found.end()
        return found[1] if found.groups() else found[0]

    def value(self) -> str:
        start, depth = self.at + 1, 0
        self.take(r"(?=\{)")
        while True:
            depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
            self.at += 1
            if not depth:
                return self.text[start : self.at - 1]

    def entries(self) -> dict[str, tuple[str, dict[str, str]]]:
        found: dict[str, tuple[str, dict[str, str]]] = {}
        while self.text[self.at :].strip():
            kind = self.take(r"\s*@([a-z]+)\{")
            key = self.take(r"([a-z0-9-]+),")
            assert key not in found
            fields: dict[str, str] = {}
            while True:
                name = self.take(r"\s*([a-z]+) = ")
                assert name not in fields
                fields[name] = self.value()
                if self.take(r"(,|\n\})") != ",":
                    break
            found[key] = (kind, fields)
        return found


_NAMED = {
    "textbackslash": "\\",
    "textbraceleft": "{",
    "textbraceright": "}",
    "textasciitilde": "~",
    "textasciicircum": "^",
}


def untex(text: str) -> str:
    """Read TeX back into characters; a character with a meaning may not stand alone."""
    out, at = [], 0
    while at < len(text):
        one = text[at]
        if one == "\\":
            if found := re.compile(r"\\([a-z]+)\{\}").match(text, at):
                out.append(_NAMED[found[1]])
                at = found.end()
                continue
            assert text[at + 1] in "$&#%_", text[at : at + 20]
            out.append(text[at + 1])
            at += 2
            continue
        assert one not in "{}$&#%_~^", text[max(0, at - 20) : at + 20]
        out.append(one)
        at += 1
    return "".join(out)


HOSTILE = r"50% of {A & B}\ cost $5_000 #1 ~ ^ } @x{ — Gaïgbé 'q' \end{document}"


def test_bibtex_brings_every_document_back():
    documents = queries.library().documents
    entries = Bib(bibtex(documents)).entries()
    assert list(entries) == [one.id for one in documents]
    for one in documents:
        kind, fields = entries[one.id]
        title = untex(fields["title"][1:-1])
        assert title == (f"[{one.title}]" if one.title_is_ours else one.title)
        assert fields["year"] == str(one.year)
        assert untex(fields.get("annote", "")) == one.summary
        assert untex(fields.get("journal", "")) == one.container
        assert (kind == "article") == bool(one.container)
        if kind == "book":
            assert fields["publisher"]
            assert fields.get("author") or fields.get("editor")


def test_bibtex_survives_every_character():
    one = the(title=HOSTILE, owner=HOSTILE, summary=HOSTILE, authors=(), container="")
    _, fields = Bib(bibtex([one])).entries()[one.id]
    assert untex(fields["title"][1:-1]) == HOSTILE
    assert untex(fields["author"][1:-1]) == HOSTILE
    assert untex(fields["annote"]) == HOSTILE


def test_bibtex_tells_people_from_bodies_and_names_the_others():
    said = bibtex([the(authors=("Gaïgbé-Togbé B", "Macias Konstantopoulos W", "et al"))])
    assert "author = {Gaïgbé-Togbé, B. and Macias Konstantopoulos, W. and others}" in said
    said = bibtex([the(authors=("Johnson PN", "American Academy of Pediatrics"))])
    assert "author = {Johnson, P. N. and {American Academy of Pediatrics}}" in said
    assert "pages = {1220--1233}" in said
    old = bibtex([queries.library().by_id["gems-2017"]])
    assert "note = {Superseded. In its place: gems-2022.}" in old


_CSL_TYPES = {
    "article-journal", "book", "document", "legal_case", "legislation", "motion_picture",
    "report", "webpage",
}  # fmt: skip
_CSL_NAMES = ({"family", "given"}, {"literal"})


def test_csl_items_are_as_the_schema_wants_them():
    documents = queries.library().documents
    items = json.loads(json.dumps([csl_item(one) for one in documents]))
    assert [one["id"] for one in items] == [one.id for one in documents]
    for item, one in zip(items, documents, strict=True):
        assert item["type"] in _CSL_TYPES
        assert item["issued"]["date-parts"] == [[one.year]]
        assert item["issued"].get("circa", False) == one.is_undated
        names = [*item.get("author", []), *item.get("editor", [])]
        assert all(set(name) in _CSL_NAMES for name in names)
        assert all(
            isinstance(value, str)
            for key, value in item.items()
            if key not in {"issued", "author", "editor"}
        )
        assert item.get("page", "") == one.pages
    by_id = {one["id"]: one for one in items}
    assert by_id["cs-2016"]["author"][0] == {"family": "Chisolm-Straker", "given": "M."}
    assert by_id["raft-2021"]["DOI"] == "10.1002/emp2.12558"
    assert by_id["msa-2015"]["type"] == "legislation"
    assert "author" not in by_id["msa-2015"]


# The pages


def test_anyone_reads_the_library_and_leaves_it_quickly(app: Flask, client):
    page = client.get("/library")
    assert page.status_code == 200
    assert "Leave this page" in page.text
    for one in queries.library().documents:
        assert f'id="{one.id}"' in page.text
    assert "<cite>J Health Care Poor Underserved.</cite>" in page.text


def test_the_address_keeps_the_filters_and_the_lists_follow_it(app: Flask, client):
    address = "?q=gaigbe&kind=research&from=2016&to=2016"
    page = client.get(f"/library{address}")
    assert "1 of " in page.text
    assert 'id="cs-2016"' in page.text
    assert 'id="raft-2021"' not in page.text
    assert 'value="gaigbe"' in page.text
    assert f"/library.bib{address.replace('&', '&amp;')}" in page.text
    taken = client.get(f"/library.bib{address}")
    assert list(Bib(taken.text).entries()) == ["cs-2016"]
    assert taken.headers["Content-Type"].startswith("application/x-bibtex")
    assert [one["id"] for one in client.get(f"/library.json{address}").json] == ["cs-2016"]
    assert "No source matches" in client.get("/library?q=zzzzz").text
    assert client.get("/library?from=%00x&to=99999&kind=none").status_code == 200
    assert client.get("/library?course=nobody").status_code == 404


def test_a_source_stands_by_itself_under_each_of_its_ids(app: Flask, client):
    for name in ("cs-2016", "chisolm-2016"):
        assert "we are seeing the unseen" in client.get(f"/library/{name}").text
        assert list(Bib(client.get(f"/library/{name}.bib").text).entries()) == ["cs-2016"]
        assert client.get(f"/library/{name}.json").json[0]["id"] == "cs-2016"
    assert 'href="/library/gems-2022"' in client.get("/library/ilo-2005").text
    for address in ("/library/nobody", "/library/nobody.bib", "/library/nobody.json"):
        assert client.get(address).status_code == 404


def test_courses_on_offer_that_use_a_source_are_named(app: Flask, client):
    reference = {"id": "chisolm-2016", "text": "Chisolm", "year": 2016,
                 "review_by": date(2027, 9, 1)}  # fmt: skip
    publish_tiny(at=NOON, references=[*COURSE["references"], reference])
    db.session.commit()
    page = client.get("/library/cs-2016").text
    assert 'href="/courses/tiny">Washing hands, briefly</a>' in page
    assert "/courses/tiny" not in client.get("/library/raft-2021").text
    narrowed = client.get("/library?course=tiny").text
    assert "1 of " in narrowed
    assert 'id="cs-2016"' in narrowed


def test_a_course_that_is_no_longer_on_offer_still_leads_to_its_sources(app: Flask, client):
    publish_tiny(at=NOON)
    retire(actor=SYSTEM, key="tiny", reason="Replaced by another.", at=NOON)
    db.session.commit()
    narrowed = client.get("/library?course=tiny")
    assert narrowed.status_code == 200
    assert '<option value="tiny" selected>' in narrowed.text
    assert 'value="tiny"' not in client.get("/library").text
    assert client.get("/library.bib?course=tiny").status_code == 200


def test_the_page_asks_a_constant_number_of_statements(app: Flask, client):
    def statements() -> int:
        client.get("/library")
        with counting() as seen:
            client.get("/library")
        return len(seen)

    publish_tiny(at=NOON)
    db.session.commit()
    one = statements()
    for number in range(5):
        publish_tiny(at=NOON, key=f"tiny-{number}", title=f"Another {number}")
    db.session.commit()
    assert statements() == one <= 5


def test_an_institution_s_own_sources_are_listed_and_a_bad_file_breaks_nothing(app: Flask, client):
    own = Path(app.config["INSTANCE"]) / "library"
    own.mkdir()
    (own / "ours.toml").write_text(GOOD, encoding="utf-8")
    page = client.get("/library/own-2026").text
    assert "added by this institution" in page
    (own / "bad.toml").write_text("format = [", encoding="utf-8")
    (own / "worse.toml").write_bytes(b"\xff\xfe")
    page = client.get("/library")
    assert page.status_code == 200
    assert 'id="own-2026"' in page.text
    named = {one.place.partition(" ")[0] for one in queries.problems(own)}
    assert {place.rpartition("/")[2] for place in named} == {"bad.toml", "worse.toml"}
