"""Servers to measure: started as in production, with their processor time and memory."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PYTHON = sys.executable
LMS = Path(sys.executable).parent / "lms"
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port > 18_000:
            return port


def _below(pid: int) -> list[int]:
    """Return a process and all that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += _below(int(child))
    return found


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _precise_cpu_of(pid: int) -> float:
    """Return the processor time of all threads in nanosecond grain, where the kernel tells it."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _pss_of(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


class Served:
    """A server in processes of its own, with a log file."""

    def __init__(self, words: list[str], *, port: int, log: Path, **environ: str) -> None:
        self.words, self.port, self.log = words, port, log
        self.environ = {k: v for k, v in os.environ.items() if not k.startswith("LMS_")} | environ
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, path: str, patience: float = 120) -> float:
        """Start it and wait until this page answers; return how many seconds that took."""
        began = time.perf_counter()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words, env=self.environ, stdout=log, stderr=log, start_new_session=True
            )
        while time.perf_counter() - began < patience:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                    return time.perf_counter() - began
            except OSError:
                time.sleep(0.01)
            if self.process.poll() is not None:
                break
        self.stop()
        raise RuntimeError(f"It did not start:\n{self.log.read_text()[-3000:]}")

    def pids(self) -> list[int]:
        """Return all its processes."""
        return _below(self.process.pid) if self.process else []

    def cpu(self) -> float:
        """Return the seconds of processor time that all its processes used so far."""
        try:
            return sum(_precise_cpu_of(pid) for pid in self.pids())
        except (OSError, ValueError):
            return sum(_cpu_of(pid) for pid in self.pids())

    def pss(self) -> int:
        """Return its memory in bytes, each shared page counted once."""
        return sum(_pss_of(pid) for pid in self.pids())

    def stop(self) -> None:
        """End it."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(timeout=20)
        self.process = None


def floor(folder: Path) -> Served:
    """Return the floor's server, not started."""
    port = free_port()
    return Served(
        [sys.executable, "-m", "tests.bench.floor", str(port)],
        port=port, log=folder / "floor.log", FLOOR_DATABASE=str(folder / "floor.db"),
    )


def product(instance: Path, *, prepared: bool = False) -> Served:
    """Return the product's server on this instance, as in production behind one proxy."""
    port = free_port()
    words = [str(LMS), "serve", "--workers", "2", "--port", str(port)]
    return Served(
        words + (["--prepare"] if prepared else []),
        port=port, log=instance.with_suffix(".log"), LMS_INSTANCE=str(instance),
        LMS_BASE_URL=f"http://127.0.0.1:{port}",
        # So that the driver can be many visitors: those at the door count by address.
        LMS_PROXY_HOPS="1",
    )
