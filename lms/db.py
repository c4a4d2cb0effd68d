"""The session, the column types all models share, and the meaning of 'whole'."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, URL, Connection, Date, DateTime, Enum, MetaData, event, make_url
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

from lms.flushing import Flushing

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


_alone: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def alone() -> Iterator[None]:
    """Let the next operation in this context be all that its transaction writes.

    Whoever says so has written nothing before it and needs nothing kept of what it refused, which
    saves the operation its savepoint.
    """
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def whole(operation: Callable[P, R]) -> Callable[P, R]:
    """Make an operation happen whole or not at all, whoever catches its refusal."""

    @wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not _alone.get():
            with db.session.begin_nested():
                return operation(*args, **kwargs)
        _alone.set(False)  # but not for operations inside this one, or after it
        try:
            return operation(*args, **kwargs)
        except BaseException:
            db.session.rollback()
            raise

    return run


_HERE: Final = "connection"


def connection() -> Connection:
    """Return the connection of the present transaction; one begins if there is none."""
    session = db.session()
    transaction, known = session.info.get(_HERE, (None, None))
    if known is None or transaction is not session.get_transaction():
        known = session.connection()
        session.info[_HERE] = (session.get_transaction(), known)
    return known  # type: ignore[no-any-return]


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


def is_writing() -> bool:
    """Say whether the present transaction began as one that will write."""
    return _writing.get()


BUSY_MILLISECONDS: Final = 15_000
CACHE_KILOBYTES: Final = 512
"""What a connection keeps of the file; the system keeps it, too, once for all of them."""

_impatient: ContextVar[bool] = ContextVar("impatient", default=False)


@contextmanager
def impatient() -> Iterator[None]:
    """Fail at once, in this context, when another writer has the database: for what can be missed.

    The wait after which PostgreSQL gives up on a row is not changed: no two ask for the same one.
    """
    token = _impatient.set(True)
    try:
        yield
    finally:
        _impatient.reset(token)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_PAUSES: Final = (0.0002, 0.001)
"""Seconds between two tries to become SQLite's writer: at first, and when it takes longer."""


class _Turns:
    """Lets those of this process who will write come one by one, and soon after each other.

    SQLite itself makes whoever waits sleep for up to a tenth of a second between tries, so that
    of many some wait for very long while the writer's place is free again and again.
    """

    def __init__(self, flushing: Flushing) -> None:
        self._lock = Lock()
        self._flushing = flushing

    def take(self, connection: Any, *, patience: float) -> None:
        """Begin a transaction as the writer; raise OperationalError after `patience` seconds."""
        until = time.monotonic() + patience
        if not self._lock.acquire(timeout=patience):
            raise sqlite3.OperationalError("locked")
        connection.info["turn"] = self
        try:
            if self._flushing.has_failed:
                self._flushing.mend(connection.driver_connection, patience=patience)
            self._begin(connection.driver_connection, until)
        except BaseException:
            self.give_back(connection.info)
            raise

    def _begin(self, driver: Any, until: float) -> None:
        driver.execute("PRAGMA busy_timeout = 0")
        pause, longest = _PAUSES
        try:
            while True:
                try:
                    driver.execute("BEGIN IMMEDIATE")
                except sqlite3.DatabaseError as error:
                    is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not is_busy or time.monotonic() >= until:
                        raise
                    time.sleep(pause)
                    pause = min(pause * 1.05, longest)
                else:
                    return
        finally:
            driver.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")

    def give_back(self, info: MutableMapping[Any, Any]) -> None:
        """Let the next one write, if this connection had the turn."""
        if info.pop("turn", None) is self:
            self._lock.release()


def _set_up(connection: Any, flushing: Flushing) -> None:
    # sqlite3 begins late by itself; then the end of a savepoint would commit.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KILOBYTES}")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    # What was acknowledged survives a power cut too, not only a killed process. SQLite would wait
    # for the disk inside COMMIT, as the only writer; `_keep` waits when the next one writes
    # already. Without a log (in memory) SQLite does it.
    connection.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
    if mode == "wal":
        connection.execute("PRAGMA schema_version").fetchone()  # opens the log
        flushing.ready(Path(connection.execute("PRAGMA database_list").fetchone()[2] + "-wal"))
    # SQLite's own knows A to Z only: Ágnes would not be found by "ágnes", as PostgreSQL does.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _keep(connection: Any, turns: _Turns, flushing: Flushing) -> None:
    """Commit, let the next one write, and come back when what was committed is on disk."""
    info, driver = connection.info, connection.driver_connection
    changes = driver.total_changes
    # Whoever had the turn saw what others had just committed, and may tell of it though nothing
    # was left to write, as of a form sent twice. So that must be on disk, too.
    is_told = "turn" in info or changes != info["changes"]
    if is_told:
        flushing.refuse_if_failed()
    connection.commit()
    info["changes"] = changes
    turns.give_back(info)
    if is_told:
        flushing.flush()


def _begin(connection: Any, turns: _Turns) -> None:
    if _writing.get() or _impatient.get():
        turns.take(connection, patience=0 if _impatient.get() else BUSY_MILLISECONDS / 1000)
    else:
        connection.driver_connection.execute("BEGIN")


def _own_sqlite(engine: Any) -> None:
    """Take SQLite's transactions into our hands, and switch on what is off by default.

    By the dialect rather than by the engine's events: with one of these, SQLAlchemy asks at every
    statement for all of them.
    """
    flushing = Flushing()
    turns = _Turns(flushing)
    engine.dialect.do_commit = lambda connection: _keep(connection, turns, flushing)

    engine.dialect.do_begin = lambda connection: _begin(connection, turns)
    there = 0

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        nonlocal there
        _set_up(connection, flushing)
        record.info["changes"] = connection.total_changes
        there += 1

    @event.listens_for(engine, "close")
    def _close(_connection: Any, _record: Any) -> None:
        nonlocal there
        there -= 1
        if not there:
            flushing.close()

    # A connection goes back when its transaction ended, well or not.
    @event.listens_for(engine, "checkin")
    def _checkin(_connection: Any, record: Any) -> None:
        turns.give_back(record.info)

    @event.listens_for(engine, "invalidate")
    def _invalidate(_connection: Any, record: Any, _error: Any) -> None:
        turns.give_back(record.info)


CONNECT_SECONDS: Final = 5
LOCK_SECONDS: Final = 15  # as long as SQLite waits for its writer
STATEMENT_SECONDS: Final = 30
IDLE_SECONDS: Final = 60  # in an open transaction, as of a machine that vanished
POOL_SECONDS: Final = 10
_OF_POSTGRESQL: Final[Mapping[str, str | int]] = {
    "application_name": "rounds",
    "connect_timeout": CONNECT_SECONDS,
    # A database that vanished without a word is noticed within a minute, not after hours.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def _own_postgresql(engine: Any) -> None:
    """Let no statement, lock or forgotten transaction hold up everybody else for long."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.autocommit = True
        connection.execute(
            "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s,"
            " false), set_config('idle_in_transaction_session_timeout', %s, false)",
            [f"{LOCK_SECONDS}s", f"{STATEMENT_SECONDS}s", f"{IDLE_SECONDS}s"],
        )
        connection.autocommit = False


def _options(url: URL, connections: int) -> dict[str, Any]:
    options: dict[str, Any] = {
        # What people typed and answered must not reach the log beside a failed statement.
        "hide_parameters": True,
        # A connection that the database dropped is noticed before a request needs it. A file
        # drops none.
        "pool_pre_ping": url.get_backend_name() != "sqlite",
    }
    if url.get_backend_name() == "postgresql":
        given = set(url.query)
        options |= {
            "pool_size": connections,
            "max_overflow": 0,
            "pool_timeout": POOL_SECONDS,
            "connect_args": {k: v for k, v in _OF_POSTGRESQL.items() if k not in given},
        }
    return options


def init_app(app: Flask, *, connections: int = 10) -> None:
    """Bind the session to the app, with at most so many connections, and own transactions."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", _options(url, connections))
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _own_sqlite(db.engine)
        else:
            _own_postgresql(db.engine)
