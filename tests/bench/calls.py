"""What does not depend on how busy the machine is: calls of functions, and statements, per page."""

import cProfile
import os
import pstats
from typing import Any

from flask import Flask
from sqlalchemy import event

from lms.db import db
from tests.bench import floor
from tests.bench.sitting import Sitting
from tests.bench.town import MYTHS


def _calls(app: Flask, path: str, cookie: str = "") -> int:
    """Count the calls of functions, C's included, that a page takes once everything is warm."""
    client: Any = app.test_client(use_cookies=False)
    settings = app.extensions.get("settings")
    known = {"headers": {"Cookie": cookie, "Accept-Encoding": "gzip"},
             "base_url": settings.base_url if settings else "http://localhost"}
    for _turn in range(3):
        client.get(path, **known)
    profile = cProfile.Profile()
    profile.enable()
    answer = client.get(path, **known)
    profile.disable()
    if answer.status_code != 200:
        raise LookupError(f"{path}: {answer.status_code}")
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def _statements(app: Flask, path: str, cookie: str) -> int:
    sent: list[object] = []

    def count(*_rest: object) -> None:
        sent.append(None)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", count)
    app.test_client(use_cookies=False).get(
        path, headers={"Cookie": cookie}, base_url=app.extensions["settings"].base_url
    )
    event.remove(engine, "before_cursor_execute", count)
    return len(sent)


def calls(sitting: Sitting) -> None:
    """Function calls and statements of a page, in this process, beside those of the floor."""
    os.environ["FLOOR_DATABASE"] = sitting.floor.environ["FLOOR_DATABASE"]
    least = _calls(floor.create_app(), "/things/77")
    sitting.single("calls-floor", "Function calls of the floor's page", least, "")
    (reader,) = sitting.town.readers(1)
    lesson = sitting.town.lessons()[0]
    app = sitting.town.app
    for key, name, path in (
        ("home", "home", "/"),
        ("course", "the course page", f"/courses/{MYTHS}"),
        ("lesson", "a lesson page", f"/courses/{MYTHS}/lessons/{lesson}"),
    ):
        made = _calls(app, path, reader.cookie)
        told = f"{least / made:.0%} of the floor; {_statements(app, path, reader.cookie)} statements"
        sitting.single(f"calls-{key}", f"Function calls of {name}", made, "", told)
