"""Counting statements, for pages that must not ask more for more rows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlalchemy import event

from lms.db import db


@pytest.fixture
def statements(app) -> Callable[[], AbstractContextManager[list[str]]]:
    """Return a context that gathers the SELECTs sent inside it."""

    @contextmanager
    def gathered() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(_connection, _cursor, statement, *_rest) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return gathered
