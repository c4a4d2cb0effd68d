"""Instances of both engines, each with a folder of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from lms.app import create_app
from lms.commands.database import upgrade
from lms.db import db
from tests.conftest import NOON, make_settings

Open = Callable[..., AbstractContextManager[Flask]]


@pytest.fixture
def instance_of(tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Return a function that opens a new instance: `with instance_of("postgresql", "name"):`.

    The instance is brought up to date unless `tables=False`; opened again by name, it's the same.
    """
    urls: dict[str, str] = {}

    @contextmanager
    def opened(engine: str, name: str, *, tables: bool = True) -> Iterator[Flask]:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True, mode=0o700)
        if name not in urls and engine == "sqlite":
            urls[name] = f"sqlite:///{folder / 'rounds.db'}"
        elif name not in urls:
            server = request.getfixturevalue("postgres")
            urls[name] = server.url(server.create())
        app = create_app(make_settings(folder, database_url=urls[name]))
        with app.app_context():
            if tables:
                upgrade(at=NOON)
            yield app
            db.session.remove()
            db.engine.dispose()

    return opened


def set_setting(app: Flask, **changes: object) -> None:
    """Change a setting of a running application."""
    app.extensions["settings"] = replace(app.extensions["settings"], **changes)
