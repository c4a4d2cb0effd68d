"""One sitting: the floor and the product side by side, each thing measured between two floors."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench import driver, servers
from tests.bench.driver import Job, Run
from tests.bench.figures import Load, Sheet, Single, summed
from tests.bench.floor import ROWS
from tests.bench.servers import Served
from tests.bench.town import Town


@dataclass(frozen=True)
class Page:
    """A page as it was fetched, unpacked, and the cookie it left."""

    status: int
    content: bytes
    cookie: str

    @property
    def text(self) -> str:
        """Return the page as text."""
        return self.content.decode()


class Sitting:
    """Both servers, the town behind one of them, and the sheet that fills."""

    def __init__(self, folder: Path, sheet: Sheet, *, seconds: float, sizes: Sequence[int],
                 say: Callable[[str], None], connections: int = driver.CONNECTIONS) -> None:
        self.folder, self.sheet, self.seconds, self.say = folder, sheet, seconds, say
        self.sizes, self.connections = sizes, connections
        self.floor = servers.floor(folder)
        self.product = servers.product(folder / "instance", prepared=True)
        self.town = Town(folder / "instance", port=self.product.port)
        self.most_memory = 0

    def __enter__(self) -> "Sitting":
        try:
            self.floor.start(path="/things/1")
            self.product.start(path="/healthz")
            self.town.found()
            self.town.crowd(self.sizes[-1])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_rest: object) -> None:
        self.product.stop()
        self.floor.stop()

    def request(self, path: str, cookie: str = "", *, method: str = "GET", body: bytes = b"",
                **headers: str) -> bytes:
        """Return a request to the product as bytes."""
        return driver.request(
            method, path, port=self.product.port, cookie=cookie, body=body, **headers
        )

    def fetch(self, path: str, cookie: str) -> Page:
        """Open one page."""
        wire = HTTPConnection("127.0.0.1", self.product.port, timeout=60)
        wire.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = wire.getresponse()
        content = answer.read()
        wire.close()
        return Page(answer.status, content, (answer.getheader("set-cookie") or "").partition(";")[0])

    def drive(self, seconds: float, **job: Any) -> Run:
        """Send requests to the product, and forget how long it took."""
        return self._sent(self.product, seconds, job)

    def _sent(self, server: Served, seconds: float, job: dict[str, Any]) -> Run:
        return driver.drive(
            Job(port=server.port, seconds=seconds, connections=self.connections, **job)
        )

    def _floor(self, seconds: float) -> tuple[Run, float]:
        port = self.floor.port
        requests = [
            driver.request("GET", f"/things/{one * 37 % ROWS + 1}", port=port) for one in range(200)
        ]
        before = self.floor.cpu()
        run = self._sent(self.floor, seconds, {"requests": requests, "marker": b"Thing"})
        return run, self.floor.cpu() - before

    def measure(self, key: str, name: str, *, note: str = "", server: Served | None = None,
                **job: Any) -> Load:
        """Measure requests between two floors, put the figures on the sheet, and return them."""
        server = server or self.product
        if "walk" not in job:
            self._sent(server, min(1.0, self.seconds / 2), job)
        floors = [self._floor(self.seconds / 2)]
        watch = _Memory(server)
        before = server.cpu()
        with watch:
            run = self._sent(server, self.seconds, job)
        cpu = server.cpu() - before
        floors.append(self._floor(self.seconds / 2))
        self.most_memory = max(self.most_memory, watch.most)
        load = summed(name, run, cpu=cpu, floors=floors, pss=watch.most, note=note,
                      unit="walks" if "walk" in job else "requests")
        self.sheet.add(key, load)
        self.say(
            f"{name}: {load.a_second:.1f}/s, {load.of_floor:.0%} of the floor "
            f"({load.floor_a_second:.0f}/s), p50 {load.p50:.1f} ms, p99 {load.p99:.1f} ms; "
            f"processor {load.cpu:.2f} ms, {load.of_floor_cpu:.0%} of the floor "
            f"({load.floor_cpu:.2f} ms); {load.pss:.0f} MiB"
        )
        return load

    def single(self, key: str, name: str, value: float, unit: str, note: str = "") -> None:
        """Put one figure on the sheet."""
        self.sheet.add(key, Single(name=name, value=value, unit=unit, note=note))
        self.say(f"{name}: {value:.2f} {unit}{'; ' + note if note else ''}")


class _Memory(threading.Thread):
    """Looks at the server's memory now and then while it works."""

    def __init__(self, server: servers.Served) -> None:
        super().__init__(daemon=True)
        self.server, self.most, self._ended = server, 0, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.7):
            self.most = max(self.most, self.server.pss())

    def __enter__(self) -> "_Memory":
        self.start()
        return self

    def __exit__(self, *_rest: object) -> None:
        self._ended.set()
        self.join()
        self.most = max(self.most, self.server.pss())

