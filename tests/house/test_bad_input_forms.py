"""Every form of the product, as its pages show it: at its limits, over them, in many scripts, twice.

`test_hostile` throws things at addresses. Here the pages are walked as everybody, the forms on them
are filled in as a browser would, and one field at a time gets what is hard to bear. Each answer is
a page of ours that says what is wrong, keeps what was typed, and leaves nothing half done.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from markupsafe import escape
from sqlalchemy import func, select

from lms.audit import AuditEntry
from lms.db import db
from tests.house.test_hostile import FORMS, _counts, _may, _sound

# Arabic, Chinese, an emoji of several, combining marks, a change of direction, and HTML.
SCRIPTS = "السبب 王小明 👩‍⚕️ Re\u0301a\u0323 \u202egnp\u202c \"'><b>&{{7*7}}"
SLOW = {"people.open_session", "people.change_password", "people.set_password", "people.sign_out",
        "people.unlock", "people.read_roster"}  # fmt: skip


@dataclass
class Form:
    """A form as a page shows it."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)  # with the most characters, if it says


class Forms(HTMLParser):
    """Collect the forms of a page that send something, filled in as the page has them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.here: Form | None = None
        self.select = self.textarea = ""
        self.feed(page)

    def handle_starttag(self, tag, given):
        told = dict(given)
        if tag == "form":
            self.here = Form(told.get("action", "")) if told.get("method") == "post" else None
            if self.here:
                self.found.append(self.here)
        if self.here is None:
            return
        name, value = told.get("name", ""), told.get("value", "") or ""
        if tag == "textarea":
            self.textarea = name
            self._text(name, "", told)
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select:
            if "selected" in told or self.select not in self.here.fields:
                self.here.fields[self.select] = [value]
        elif tag == "input" and name:
            kind = told.get("type", "text")
            if kind in {"text", "email", "search", "date", "number", "tel", "url"}:
                self._text(name, value, told)
            elif kind in {"hidden", "password"} or "checked" in told:
                self.here.fields.setdefault(name, []).append(value)
            elif kind in {"radio", "checkbox"} and "required" in told:
                self.here.fields.setdefault(name, [value])

    def _text(self, name, value, told):
        self.here.fields[name] = [value]
        self.here.texts[name] = int(told.get("maxlength") or 0)

    def handle_endtag(self, tag):
        if tag == "form":
            self.here = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""

    def handle_data(self, data):
        if self.textarea and self.here:
            self.here.fields[self.textarea] = [data.removeprefix("\n")]


def _forms(app, world, browser, name: str) -> dict[str, Form]:
    """Walk all pages as somebody; return one form for each address it sends to, by its endpoint."""
    found: dict[str, Form] = {}
    router = app.url_map.bind("localhost")
    for rule in sorted(app.url_map.iter_rules(), key=lambda one: one.rule):
        if "GET" not in rule.methods or re.search(r"pdf|csv|xlsx|static", rule.rule):
            continue
        if not _may(app, world.cast, name, rule.endpoint):
            continue
        got = browser.get(world.address(rule.rule))
        if got.mimetype != "text/html":
            continue
        for form in Forms(got.text).found:
            path = urlsplit(form.action).path or world.address(rule.rule)
            endpoint = router.match(path, method="POST")[0]
            form.action = form.action or path
            for one, value in FORMS.get(endpoint, {}).items():
                if form.fields.get(one) in (None, [""]) and (one in form.texts or one in form.fields):
                    form.fields[one] = [value]
            found.setdefault(endpoint, form)
    return found


def _kept(typed: str, page: str) -> bool:
    """Say whether what was typed stands on the page, as it is or as tidying leaves it."""
    tidy = " ".join(unicodedata.normalize("NFC", typed).split())
    short = {str(escape(one))[:60] for one in (typed, tidy)}
    return any(one in page for one in short)


def _told(page: str) -> bool:
    """Say whether a page says what is wrong."""
    return bool(re.search(r'class="error"|class="note wrong"|role="alert"', page))


def _trail() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


@pytest.mark.parametrize("name", ["nobody", "lena", "cora", "petra", "ada"])
def test_every_field_at_its_limits_and_in_every_script_gets_a_page_that_says_what_is_wrong(
    app, world, as_, client, name
):
    browser = client if name == "nobody" else as_(getattr(world.cast, name))
    forms = _forms(app, world, browser, name)
    assert forms
    wrong: list[str] = []
    for endpoint, form in forms.items():
        if endpoint in SLOW:
            continue
        for one, most in form.texts.items():
            long = most or 2000
            # Refused ones first, since one that is taken may end what the form is for.
            values = {"far": "é" * 20_000, "over": "x" * (long + 1), "empty": "",
                      "nul": "Reason\x00 here", "scripts": SCRIPTS}  # fmt: skip
            for what, value in values.items():
                lines = _trail()
                got = browser.post(form.action, data=form.fields | {one: value}, buffered=True)
                where = f"{name}: {endpoint}.{one} {what} -> {got.status_code}"
                _sound(got, where)
                if got.status_code == 400:
                    wrong.append(f"{where}: no sentence of its own")
                if got.status_code != 422:
                    continue
                if not _told(got.text):
                    wrong.append(f"{where}: says nothing")
                if what == "scripts" and not _kept(value, got.text):
                    wrong.append(f"{where}: what was typed is lost")
                if lines != _trail():
                    wrong.append(f"{where}: half done")
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("name", ["lena", "cora", "petra", "ada"])
def test_every_form_sent_twice_or_late_answers_with_a_page_and_records_once(
    app, world, as_, name
):
    """The second time the thing has changed: it's done already, or no longer there."""
    browser = as_(getattr(world.cast, name))
    wrong: list[str] = []
    for endpoint, form in _forms(app, world, browser, name).items():
        if endpoint in SLOW:
            continue
        first = browser.post(form.action, data=form.fields, buffered=True)
        once = _counts()
        second = browser.post(form.action, data=form.fields, buffered=True)
        for got in (first, second):
            _sound(got, f"{name}: {endpoint} -> {got.status_code}")
            if got.status_code == 422 and not _told(got.text):
                wrong.append(f"{name}: {endpoint} says nothing")
        grown = {one for one, count in _counts().items() if count > once[one]}
        if grown and endpoint != "quiz.extend":  # each takes the place of the one before
            wrong.append(f"{name}: {endpoint} recorded twice: {grown}")
    assert wrong == [], "\n".join(wrong)
