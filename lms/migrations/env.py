"""Where Alembic runs: on the engine of the running application."""

from typing import Final

from alembic import context
from sqlalchemy import Connection, text

from lms.db import LOCK_SECONDS, Base, db, writing

# Any number will do, as long as nobody else in this database takes the same for another purpose.
MIGRATION_LOCK: Final = 0x4D49_4752


def run() -> None:
    """Apply the migrations in one transaction."""
    connectable = context.config.attributes.get("connection")
    if connectable is not None:
        _on(connectable)
        return
    with writing(), db.engine.connect() as connection:
        _on(connection)
        connection.commit()


def _take_turns(connection: Connection) -> None:
    """Let one server at a time migrate; those who waited find it done.

    On SQLite the transaction began as one that writes.
    """
    if connection.dialect.name != "postgresql":
        return
    # Another's migration may take its time, and so may our own statements; but a table that
    # somebody uses is not waited for without end, for everybody else would queue behind us.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))


def _on(connection: Connection) -> None:
    _take_turns(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
