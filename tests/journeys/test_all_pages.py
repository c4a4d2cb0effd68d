"""Every page: axe finds nothing, in light and dark, wide and narrow; nothing sticks out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.conftest import DESK, PHONE, Server, Visitor, too_wide
from tests.shots import SHOTS, Shot, stage, visitors

pytestmark = pytest.mark.browser
CONTRAST = ["color-contrast"]
NARROW = {"width": 320, "height": 640}  # what is left of 1280 px at 400 %


@pytest.fixture(scope="module")
def people(chromium: Browser, server: Server) -> Iterator[dict[str, Visitor]]:
    """The cast, signed in once for all pages."""
    signed_in = visitors(chromium, server)
    yield signed_in
    for visitor in signed_in.values():
        visitor.close()


@pytest.fixture(scope="module")
def places(server: Server, people: dict[str, Visitor]) -> dict[str, str]:
    """Where every page has something to show."""
    return stage(server, people)


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_axe_finds_nothing_on_this_page_and_it_fits(
    shot: Shot, people: dict[str, Visitor], places: dict[str, str]
) -> None:
    visitor = shot.show(people, places)
    page = visitor.page
    wrong = []
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        wrong += [f"{size['width']} px: {one}" for one in visitor.unwell() + too_wide(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        wrong += [f"{size['width']} px, dark: {one}" for one in visitor.unwell(only=CONTRAST)]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size(NARROW)
    wrong += [f"320 px: {one}" for one in too_wide(page)]
    heard, visitor.complaints = visitor.complaints, []
    assert wrong + heard == []


@pytest.mark.parametrize("name", ["department", "department-months"])
def test_a_chart_gives_way_when_the_window_gets_narrower(
    name: str, people: dict[str, Visitor], places: dict[str, str]
) -> None:
    """A phone turned upright: a chart that was drawn wide must not hold the page wide."""
    (shot,) = (shot for shot in SHOTS if shot.name == name)
    visitor = shot.show(people, places)
    page = visitor.page
    page.set_viewport_size(DESK)
    page.wait_for_function("document.querySelector('canvas').clientWidth > 600")
    page.wait_for_timeout(300)  # until it has settled wide
    for size in (PHONE, NARROW):
        page.set_viewport_size(size)
        assert too_wide(page) == []
    heard, visitor.complaints = visitor.complaints, []
    assert heard == []
