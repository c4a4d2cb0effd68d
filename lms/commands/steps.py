"""The steps of the schema, through Alembic.

Loaded by database.py when it's asked for: Alembic, with Mako and Pygments behind it, takes some
seven megabytes, which a server would hold as long as it lives.
"""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS: Final = Path(__file__).resolve().parent.parent / "migrations"


def config() -> Config:
    """Return Alembic's configuration; the engine is taken from the running application."""
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    return made


def present(connection: Connection) -> str | None:
    """Return the revision that a database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """Return the last revision there is."""
    return ScriptDirectory.from_config(config()).get_current_head()


def known() -> list[str]:
    """Return all revisions there are, the newest first."""
    return [one.revision for one in ScriptDirectory.from_config(config()).walk_revisions()]


def take_all() -> None:
    """Bring the database to the last revision."""
    command.upgrade(config(), "head")
