"""In a real browser: our own type draws what we say, and the italic comes once, ahead."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import DESK, Server, Visitor
from tests.journeys.walks import MYTHS
from tests.web.test_fonts import FROM_THE_SYSTEM, texts

pytestmark = pytest.mark.browser
UPRIGHT = " Ágnes Øyvind Þórður £½€ Nguyễn Łukasz Yıldız"
ITALIC = " Ágnes Øyvind Þórður £½€"


def _families(page: Page, selector: str) -> set[str]:
    """Return the fonts from which the browser drew this piece of a page."""
    wire = page.context.new_cdp_session(page)
    wire.send("DOM.enable")
    wire.send("CSS.enable")
    root = wire.send("DOM.getDocument")["root"]["nodeId"]
    node = wire.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = wire.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return {one["familyName"] for one in fonts}


@pytest.mark.parametrize(("face", "names", "family"), [
    ("400 18px var(--serif)", UPRIGHT, "Rounds Serif"),
    ("600 40px var(--serif)", UPRIGHT, "Rounds Serif"),
    ("italic 400 18px var(--serif)", ITALIC, "Rounds Serif"),
    ("400 16px var(--sans)", UPRIGHT, "Rounds Sans"),
    ("700 16px var(--sans)", UPRIGHT, "Rounds Sans"),
])  # fmt: skip
def test_what_we_say_is_drawn_from_our_own_type(
    face: str, names: str, family: str, chromium: Browser, server: Server
) -> None:
    signs = {sign for file in texts() for sign in file.read_text(encoding="utf-8")}
    said = "".join(sorted(one for one in signs - FROM_THE_SYSTEM if one.isprintable())) + names
    page = chromium.new_page(bypass_csp=True)
    page.goto(f"{server.url}/sign-in")
    page.evaluate(
        """async ([face, said]) => {
            const sample = document.createElement("p");
            sample.id = "sample"; sample.style.font = face; sample.textContent = said;
            document.querySelector("main").append(sample);
            sample.getBoundingClientRect();
            await document.fonts.ready;
        }""",
        [face, said],
    )
    page.wait_for_function("[...document.fonts].every(one => one.status !== 'loading')")
    assert _families(page, "#sample") == {family}
    page.close()


def test_the_italic_of_a_lesson_came_ahead(chromium: Browser, server: Server) -> None:
    visitor = Visitor(chromium, server.url, size=DESK)
    page = visitor.page
    called: dict[str, str] = {}
    came: list[int] = []

    def asked(event: dict[str, Any]) -> None:
        called[event["requestId"]] = event["request"]["url"]

    def arrived(event: dict[str, Any]) -> None:
        if "serif-latin-italic" in called.get(event["requestId"], ""):
            came.append(event["encodedDataLength"])

    wire = page.context.new_cdp_session(page)
    wire.on("Network.requestWillBeSent", asked)
    wire.on("Network.loadingFinished", arrived)
    wire.send("Network.enable")
    visitor.sign_in("noor")
    page.wait_for_load_state("networkidle")
    # Once whole; asked again whether it's still so, the server says yes in less than a kilobyte.
    assert len([size for size in came if size > 1000]) == 1
    came.clear()
    page.goto(f"/courses/{MYTHS}/lessons/law", wait_until="networkidle")
    assert _families(page, ".prose em") == {"Rounds Serif"}
    assert page.evaluate("document.fonts.check('italic 18px \"Rounds Serif\"')")
    assert came
    assert sum(came) == 0
    assert visitor.complaints == []
    visitor.close()
