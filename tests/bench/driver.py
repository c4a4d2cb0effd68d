"""A small load driver: closed loop on loopback, one process, kept-alive connections, no library.

The requests are bytes made beforehand, or come from a walk: a generator that is handed each
answer and yields the next request. Of an answer only the status line and its length are read, so
that the driver itself costs far less than what it measures; how much is told with the figures.
"""

import multiprocessing
import select
import socket
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

CONNECTIONS: Final = 8
CHUNK: Final = 256 * 1024
LOOK_AT: Final = 16  # of so many answers one is searched for what it must hold
GIVE_UP: Final = 60.0  # seconds without any answer

Walk = Generator[bytes, "Answer", None]


class Broken(Exception):
    """An answer was not what it has to be: then there is no figure."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its status, its head as it came, and its body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, or nothing."""
        return next(iter(self.headers(name)), "")

    @property
    def text(self) -> bytes:
        """The body, put together from its chunks and unpacked."""
        body = self.body
        if self.header("transfer-encoding") == "chunked":
            body = _joined(body)
        return zlib.decompress(body, 31) if self.header("content-encoding") == "gzip" else body

    def headers(self, name: str) -> list[str]:
        """Return all values of a header."""
        wanted = name.lower().encode() + b":"
        return [
            line[len(wanted):].strip().decode("latin-1")
            for line in self.head.split(b"\r\n")[1:] if line.lower().startswith(wanted)
        ]


def _joined(chunks: bytes) -> bytes:
    whole, at = b"", 0
    while (size := int(chunks[at : chunks.index(b"\r\n", at)].split(b";")[0], 16)) > 0:
        start = chunks.index(b"\r\n", at) + 2
        whole += chunks[start : start + size]
        at = start + size + 2
    return whole


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to send, for how long, and what must come back."""

    port: int
    seconds: float
    requests: Sequence[bytes] = ()
    status: int = 200
    marker: bytes = b""
    # Instead of requests: a function that makes a walk, and what to call it with, one by one.
    walk: Callable[..., Walk] | None = None
    walkers: Sequence[tuple[Any, ...]] = ()
    connections: int = CONNECTIONS


@dataclass(frozen=True, kw_only=True)
class Run:
    """What was measured: instants in seconds, one entry for each answer or each walk."""

    seconds: float
    requests: int
    latencies: list[float] = field(repr=False)
    walks: list[float] = field(repr=False)
    bytes_received: int
    own_cpu: float
    statuses: dict[int, int]


class _Line:
    """One connection, the request it's busy with, and what has arrived of the answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = self._connect()
        self.buffer = bytearray()
        self.length = -1  # of the whole answer, -1 until its head is here, -2 for chunks
        self.body_at = 0
        self.sent_at = 0.0
        self.walk: Walk | None = None
        self.walk_began = 0.0

    def _connect(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def send(self, request: bytes) -> None:
        self.buffer = bytearray()
        self.length = -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has arrived; say whether the answer is whole."""
        part = self.socket.recv(CHUNK)
        if not part:
            raise Broken("The server closed a connection in the middle of an answer.")
        self.buffer += part
        if self.length == -1:
            self._read_head()
        if self.length == -2:
            return self.buffer.endswith(b"\r\n0\r\n\r\n")
        return self.length >= 0 and len(self.buffer) >= self.length

    def _read_head(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self.buffer[:end]).lower()
        self.body_at = end + 4
        at = head.find(b"\r\ncontent-length:")
        if at >= 0:
            stop = head.find(b"\r\n", at + 2)
            value = head[at + 17 : stop if stop > 0 else len(head)]
            self.length = self.body_at + int(value)
        elif b"\r\ntransfer-encoding: chunked" in head:
            self.length = -2
        else:
            self.length = self.body_at  # 204 and 304 have no body

    @property
    def status(self) -> int:
        return int(self.buffer[9:12])

    def answer(self) -> Answer:
        whole = bytes(self.buffer)
        return Answer(self.status, whole[: self.body_at - 4], whole[self.body_at :])


class _Load:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.lines = {
            line.socket.fileno(): line for line in (_Line(job.port) for _ in range(job.connections))
        }
        self.poll = select.epoll()
        for number in self.lines:
            self.poll.register(number, select.EPOLLIN)
        self.latencies: list[float] = []
        self.walks: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.received = 0
        self.next = 0
        self.busy = 0
        self.walkers = deque(job.walkers)
        self.until = 0.0

    def run(self) -> Run:
        began, cpu = time.perf_counter(), time.process_time()
        self.until = began + self.job.seconds
        for line in self.lines.values():
            self.busy += self._give(line)
        while self.busy:
            events = self.poll.poll(GIVE_UP)
            if not events:
                raise Broken(f"No answer within {GIVE_UP:.0f} seconds.")
            for number, _event in events:
                line = self.lines[number]
                if line.receive():
                    self.busy += self._take(line) - 1
        seconds = time.perf_counter() - began
        own = time.process_time() - cpu
        for line in self.lines.values():
            line.socket.close()
        self.poll.close()
        return Run(
            seconds=seconds, requests=len(self.latencies), latencies=self.latencies,
            walks=self.walks, bytes_received=self.received, own_cpu=own,
            statuses=dict(self.statuses),
        )

    def _take(self, line: _Line) -> int:
        """Note an answer and give the line its next request; return 1 if there was one."""
        self.latencies.append(time.perf_counter() - line.sent_at)
        self.received += len(line.buffer)
        if line.walk is not None:
            self.statuses[line.status] += 1
            return self._step(line, line.answer())
        count = len(self.latencies)
        if line.status != self.job.status:
            raise Broken(f"{line.status} instead of {self.job.status}: {bytes(line.buffer[:600])!r}")
        if count % LOOK_AT == 1 and self.job.marker not in (text := line.answer().text):
            raise Broken(f"{self.job.marker!r} is not in {text[:1000]!r}")
        return self._give(line)

    def _give(self, line: _Line) -> int:
        if time.perf_counter() >= self.until:
            return 0
        if self.job.walk is None:
            line.send(self.job.requests[self.next % len(self.job.requests)])
            self.next += 1
            return 1
        if not self.walkers:
            return 0
        line.walk = self.job.walk(*self.walkers.popleft())
        line.walk_began = time.perf_counter()
        line.send(next(line.walk))
        return 1

    def _step(self, line: _Line, answer: Answer) -> int:
        try:
            line.send(line.walk.send(answer))  # type: ignore[union-attr]
        except StopIteration:
            self.walks.append(time.perf_counter() - line.walk_began)
            return self._give(line)
        return 1


def _run(job: Job) -> Run:
    return _Load(job).run()


@cache
def _apart() -> ProcessPoolExecutor:
    # A process of its own, so that nothing of the measuring program weighs on it.
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


def drive(job: Job) -> Run:
    """Send what the job says from the driver's process; return what was measured.

    Raises Broken when an answer is not what it has to be.
    """
    return _apart().submit(_run, job).result()


def end() -> None:
    """End the driver's process."""
    if _apart.cache_info().currsize:
        _apart().shutdown()
        _apart.cache_clear()


def request(
    method: str, path: str, *, port: int, cookie: str = "", body: bytes = b"", **headers: str
) -> bytes:
    """Return a request as bytes; further headers are named with underscores."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept-Encoding: gzip"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if method != "GET":
        lines.append(f"Content-Length: {len(body)}")
        lines.append("Content-Type: application/x-www-form-urlencoded")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
