"""Where Alembic runs: on the engine of the running application."""

from alembic import context

from lms.db import Base, db


def run() -> None:
    """Apply the migrations in one transaction."""
    connectable = context.config.attributes.get("connection")
    if connectable is not None:
        _on(connectable)
        return
    with db.engine.connect() as connection:
        _on(connection)
        connection.commit()


def _on(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
