"""The session, the column types all models share, and the meaning of 'whole'."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, Date, DateTime, Enum, MetaData, event
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

P = ParamSpec("P")
R = TypeVar("R")

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. Naive values are a bug and are refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Turn an aware instant into UTC for storing; raise ValueError on a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Return the stored instant aware, in UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def _by_value(kinds: type[StrEnum]) -> list[str]:
    return [kind.value for kind in kinds]


class Base(DeclarativeBase):
    """What every table shares: constraint names, and how Python types are stored."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    registry = registry(
        type_annotation_map={
            datetime: UTCDateTime,
            date: Date,
            dict[str, Any]: JSON,
            list[Any]: JSON,
            StrEnum: Enum(
                StrEnum,
                native_enum=False,
                create_constraint=True,
                length=32,
                values_callable=_by_value,
            ),
        }
    )


db = SQLAlchemy(model_class=Base)

if TYPE_CHECKING:
    Model = Base  # Flask-SQLAlchemy builds Model at run time; type checkers cannot follow it.
else:
    Model = db.Model


def whole(operation: Callable[P, R]) -> Callable[P, R]:
    """Make an operation happen whole or not at all, whoever catches its refusal."""

    @wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with db.session.begin_nested():
            return operation(*args, **kwargs)

    return run


@contextmanager
def writing() -> Iterator[None]:
    """Begin transactions in this context as ones that will write.

    SQLite has one writer. A transaction that reads first and writes later may find that
    somebody wrote in between and can only fail; one that says so at the start waits its turn.
    """
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


BUSY_MILLISECONDS: Final = 15_000


def _own_sqlite(engine: Any) -> None:
    """Take SQLite's transactions into our hands, and switch on what is off by default."""

    # sqlite3 begins late by itself; then the end of a savepoint would commit.
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what was acknowledged survives a power cut too, not only a killed process.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def init_app(app: Flask) -> None:
    """Bind the session to the app, and make SQLite's transactions ours."""
    app.config.setdefault(
        "SQLALCHEMY_ENGINE_OPTIONS",
        {
            # What people typed and answered must not reach the log beside a failed statement.
            "hide_parameters": True,
            # A connection that the database dropped is noticed before a request needs it.
            "pool_pre_ping": True,
        },
    )
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _own_sqlite(db.engine)
