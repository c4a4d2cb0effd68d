"""What goes wrong around a server: no room, a lock that somebody holds, files it may not write."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.nursery import Born


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """Mount a disk of its own at this folder, so small that it can be filled; asks for root."""
    folder.mkdir(parents=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "rounds", str(folder)],
        check=True, capture_output=True,
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """Fill the disk of this folder to the last byte, and make room again at the end."""
    filler = folder / "filler"
    handle = os.open(filler, os.O_WRONLY | os.O_CREAT, 0o600)
    for size in (1 << 16, 1 << 9, 1):
        try:
            while True:
                os.write(handle, b"x" * size)
        except OSError:
            continue
    os.close(handle)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def no_growth(server: Born, *, beyond: int) -> Iterator[None]:
    """Let no file of the server grow beyond so many bytes, as a quota does."""
    most = resource.RLIM_INFINITY
    for pid in server.pids():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (beyond, most))
    try:
        yield
    finally:
        for pid in server.pids():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


_HOLD = """
import sqlite3, sys, time
link = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
link.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the one place of a writer in another process, until the end."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()


@contextmanager
def no_flush(server: Born, *, within: float = 20) -> Iterator[None]:
    """Let the disk of the server fail whenever it's told to keep what was written; asks for strace."""
    pids = server.pids()
    tracer = subprocess.Popen(
        ["strace", "-f", "-o", os.devnull, "-e", "trace=fsync,fdatasync",
         "-e", "inject=fsync,fdatasync:error=EIO", *(f"--attach={pid}" for pid in pids)],
        stderr=subprocess.DEVNULL,
    )
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    until = time.monotonic() + within
    try:
        while any("TracerPid:\t0\n" in (one / "status").read_text() for one in tasks):
            assert time.monotonic() < until, "strace does not get hold of the server"
            assert tracer.poll() is None, "strace ended"
            time.sleep(0.01)
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=within)


def is_sound(file: Path) -> bool:
    """Ask SQLite to read through the whole file."""
    link = sqlite3.connect(file, timeout=60)
    try:
        return bool(link.execute("PRAGMA integrity_check").fetchone()[0] == "ok")
    finally:
        link.close()
