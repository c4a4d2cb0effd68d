"""A PostgreSQL server of the tests' own: made in a temporary folder, stopped at the end."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path

from tests.tools import postgres_bin


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A server on loopback. PostgreSQL refuses to run as root, so root hands it to another user."""

    def __init__(self) -> None:
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
        quick = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
                 "max_wal_senders=0", "autovacuum=off", "checkpoint_timeout=1h",
                 "max_wal_size=4GB", "shared_buffers=128MB", "max_connections=120",
                 "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "log"),
                  "-o", " ".join([f"-p {self.port}", *(f"-c {one}" for one in quick)]), "start")

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
