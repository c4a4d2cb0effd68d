"""Count what a browser transfers: run as a program of its own, prints JSON."""

import json
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.tools import browser


class _Wire:
    """Adds up what came over the wire, heads included, as the browser counts it."""

    def __init__(self, page: Page) -> None:
        self.bytes = self.requests = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.loadingFinished", self._came)
        session.send("Network.enable")

    def _came(self, event: dict[str, Any]) -> None:
        if event["encodedDataLength"] > 0:
            self.bytes += int(event["encodedDataLength"])
            self.requests += 1


def _count(page: Page, wire: _Wire, name: str, address: str) -> dict[str, Any]:
    wire.bytes = wire.requests = 0
    page.goto(address, wait_until="networkidle")
    page.evaluate("document.fonts.ready.then(() => true)")
    page.wait_for_timeout(300)
    return {"name": name, "bytes": wire.bytes, "requests": wire.requests}


def visit(target: dict[str, Any]) -> list[dict[str, Any]]:
    """Open home with nothing kept, then the other pages one after the other."""
    base, key = f"http://127.0.0.1:{target['port']}", target["key"]
    pages = [("home", "/"), ("list of courses", "/courses"), ("course", f"/courses/{key}")]
    pages += [(f"lesson {number}", f"/courses/{key}/lessons/{lesson}")
              for number, lesson in enumerate(target["lessons"], start=1)]
    pages += [("quiz, before it starts", f"/courses/{key}/quiz"), ("transcript", "/transcript"),
              ("profile", "/profile"), ("verify", "/verify"), ("privacy", "/privacy")]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        context = opened.new_context(viewport={"width": 1440, "height": 900})
        name, _, value = target["cookie"].partition("=")
        context.add_cookies([{"name": name, "value": value, "url": base}])
        page = context.new_page()
        wire = _Wire(page)
        counted = [_count(page, wire, name, base + path) for name, path in pages]
        opened.close()
    return counted


if __name__ == "__main__":
    print(json.dumps(visit(json.loads(sys.argv[1]))))
