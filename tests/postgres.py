"""A PostgreSQL server of the tests' own: made in a temporary folder, stopped at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

from lms.db import Base
from tests.tools import postgres_bin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A server on loopback. PostgreSQL refuses to run as root, so root hands it to another user."""

    def __init__(self, *, is_durable: bool = False) -> None:
        """Start it; durable as in production, or quick as tests want it."""
        self._is_durable = is_durable
        found = postgres_bin()
        if found is None:
            raise RuntimeError("PostgreSQL is missing: run make test, which installs it")
        self.bin = found
        self.folder = Path(tempfile.mkdtemp(prefix="rounds-pg-"))
        self.port = _free_port()
        self._user = self._somebody()
        data = self.folder / "data"
        if self._user:
            shutil.chown(self.folder, self._user)
            self.folder.chmod(0o700)
        self._run("initdb", "-D", str(data), "-U", "rounds", "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--locale=C.UTF-8")
        self._start()

    def _start(self) -> None:
        # What makes it fast is what a test can spare: that nothing is lost in a power cut.
        always = ("shared_buffers=128MB", "max_connections=120", "listen_addresses=127.0.0.1",
                  f"unix_socket_directories={self.folder}")
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
                 "max_wal_senders=0", "autovacuum=off", "checkpoint_timeout=1h",
                 "max_wal_size=4GB")
        chosen = always if self._is_durable else (*always, *quick)
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"),
                  "-o", " ".join([f"-p {self.port}", *(f"-c {one}" for one in chosen)]), "start")

    @staticmethod
    def _somebody() -> str | None:
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                pwd.getpwnam(name)
            except KeyError:
                continue
            return name
        return None

    def _run(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.bin / command, *arguments], user=self._user, capture_output=True, text=True,
            cwd=self.folder, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=60,
        ) if command != "pg_ctl" or "start" not in arguments else subprocess.run(
            # The server keeps its output open; capturing it would wait for ever.
            [self.bin / command, *arguments], user=self._user, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=60,
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed: {done.stderr or (self.folder / 'log').read_text()}")

    def url(self, database: str) -> str:
        """Return the address of one database, for LMS_DATABASE_URL."""
        return f"postgresql+psycopg://rounds@127.0.0.1:{self.port}/{database}"

    def create(self, *, template: str = "template1") -> str:
        """Make a database, as a copy of another, and return its name."""
        import psycopg

        name = f"t{uuid.uuid4().hex[:12]}"
        address = f"postgresql://rounds@127.0.0.1:{self.port}/postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def restart(self) -> None:
        """Stop the server as a power cut would, and start it again on the same port."""
        self.halt()
        self._start()

    def halt(self) -> None:
        """Stop the server and keep its folder."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)


# Empties every table, past the guards, and lets all counters begin anew. Says what is left of the
# schema: a test that took a trigger away must not hand its database on.
_EMPTY = """
SET session_replication_role = replica;
SET lock_timeout = '3s';
DO $$ DECLARE one record; BEGIN
  FOR one IN SELECT tablename AS name FROM pg_tables
             WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one.name);
  END LOOP;
  FOR one IN SELECT sequencename AS name FROM pg_sequences
             WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', one.name);
  END LOOP;
END $$
"""
_SHAPE = """
SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
  SELECT attrelid::regclass || '.' || attname || ':' || atttypid || attnotnull::text AS what
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0
  UNION ALL SELECT tgrelid::regclass || '!' || tgname || tgenabled::text FROM pg_trigger
    WHERE NOT tgisinternal
  UNION ALL SELECT conrelid::regclass || '?' || conname FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'revision ' || version_num FROM alembic_version
) AS parts
"""


class Blanks:
    """Databases with all tables and nothing in them; one that comes back is emptied and used again.

    Emptying takes a tenth of the time that copying a database takes.
    """

    USES = 60  # then its tables hold too many dead rows

    def __init__(self, server: Postgres, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        self._uses: dict[str, int] = {}
        self._shape = self._ask(template, _SHAPE)
        for table in Base.metadata.tables:
            if self._ask(template, f"SELECT EXISTS (SELECT FROM {table})") == "True":
                raise RuntimeError(f"a migration fills {table}; emptying would lose that")

    def _ask(self, name: str, *statements: str) -> str:
        import psycopg

        address = self._server.url(name).replace("+psycopg", "")
        with psycopg.connect(address, autocommit=True) as connection:
            for one in statements:
                got = connection.execute(one)
            return str(got.fetchone()[0])  # type: ignore[index]

    def __call__(self, _folder: Path) -> str:
        """Return the address of one."""
        name = self._free.pop() if self._free else self._server.create(template=self._template)
        self._uses[name] = self._uses.get(name, 0) + 1
        return self._server.url(name)

    def back(self, url: str) -> None:
        """Take one back that no test uses any more."""
        import psycopg

        name = url.rpartition("/")[2]
        if self._uses[name] >= self.USES:
            return
        try:
            is_whole = self._ask(name, _EMPTY, _SHAPE) == self._shape
        except psycopg.Error:
            return  # somebody still has a table in hand
        if is_whole:
            self._free.append(name)
