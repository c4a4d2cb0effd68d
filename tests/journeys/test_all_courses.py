"""Every course of the catalogue: each lesson and case, the page to keep, the guide for groups."""

import io
import re
from collections.abc import Iterator
from itertools import chain

import pytest
from playwright.sync_api import Browser
from pyhanko.pdf_utils.reader import PdfFileReader

from lms.courses import files
from lms.courses.cli import HOME
from lms.courses.rules.folder import COURSE_FILE
from tests.journeys.conftest import PHONE, Server, Visitor, too_wide
from tests.journeys.walks import Errand

pytestmark = pytest.mark.browser
KEYS = [folder.name for folder in files.course_folders(HOME) if files.is_course(folder)]
NARROW = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def reader(chromium: Browser, server: Server) -> Iterator[tuple[Visitor, Errand]]:
    """Somebody with a telephone who begins every course."""
    visitor = Visitor(chromium, server.url, size=PHONE).sign_in("ada")
    yield visitor, Errand(visitor, server)
    visitor.close()


def _cases(visitor: Visitor) -> list[str]:
    """Return the addresses of a case's start, of a moment on its way, and of an end."""
    found = []
    for link in visitor.page.locator("a[href*='/cases/']").all():
        address = str(link.get_attribute("href"))
        found.append(address)
        path = ""
        while ahead := re.findall(
            r'href="[^"]*\?path=([^"]+)">', _ways(visitor, f"{address}?path={path}")
        ):
            path = ahead[0]
        found.append(f"{address}?path={path}")
    return found


def _ways(visitor: Visitor, address: str) -> str:
    page = visitor.context.request.get(address).text()
    return page.partition('class="ways"')[2].partition("</ul>")[0]


@pytest.mark.parametrize("key", KEYS)
def test_all_that_a_course_shows_can_be_read_by_everybody_on_a_telephone(
    key: str, reader: tuple[Visitor, Errand]
) -> None:
    visitor, errand = reader
    page = visitor.page
    page.set_viewport_size(PHONE)
    errand.begin(key)
    raw = files.read(HOME / key).table(COURSE_FILE)
    lessons = [f"/courses/{key}/lessons/{one['id']}" for one in raw["lessons"]]
    ends = [f"/courses/{key}/takeaway"]
    ends += [f"/courses/{key}/facilitator"] if "facilitator" in raw else []
    wrong, cases = [], []
    for address in chain([f"/courses/{key}"], lessons, ends, cases):
        page.goto(address)
        wrong += [f"{address}: {one}" for one in visitor.unwell() + too_wide(page)]
        page.set_viewport_size(NARROW)
        wrong += [f"{address} at 320 px: {one}" for one in too_wide(page)]
        page.set_viewport_size(PHONE)
        if address in lessons:
            cases += _cases(visitor)
    assert wrong == []


@pytest.mark.parametrize("key", KEYS)
def test_the_page_to_keep_prints_on_one_page(key: str, reader: tuple[Visitor, Errand]) -> None:
    visitor, errand = reader
    errand.begin(key)
    visitor.page.goto(f"/courses/{key}/takeaway")
    for paper in ("Letter", "A4"):
        printed = visitor.page.pdf(format=paper, prefer_css_page_size=False)
        pages = PdfFileReader(io.BytesIO(printed)).root["/Pages"]["/Count"]
        assert pages == 1, paper
