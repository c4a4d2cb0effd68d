"""Serve the product: prepare the instance, then start the production server."""

import ctypes
import gc
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, Final

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from sqlalchemy.orm import configure_mappers

from lms import clock
from lms.access import SYSTEM
from lms.commands import database, demo, signing_key, watch
from lms.courses import cli as courses
from lms.courses.operations.looking import Looking
from lms.courses.queries.catalogue import catalogue
from lms.errors import Refused
from lms.typeset.signing import KeyProblem

# Of malloc.h, where the C library is glibc.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_MEGABYTE: Final = 1024 * 1024
# So many new objects before the collector looks at them; a page makes some thousands.
_YOUNG: Final = 10_000
# So many rounds among the new ones before those that stayed are looked at, too.
_YOUNG_ROUNDS: Final = 5


def is_free(host: str, port: int) -> bool:
    """Say whether nobody listens at this address yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _looking(*, with_demonstration: bool) -> AbstractContextManager[Looking | None]:
    """Begin to look at the courses where a new database will want them all, of today."""
    if with_demonstration or not database.is_unmade():
        return nullcontext()
    return courses.looking(at=clock.now())


def prepare(*, with_demonstration: bool) -> Iterator[str]:
    """Bring an instance up to date: tables, courses, the demonstration when new.

    Yields a sentence for each thing as it's done.
    """
    try:
        # Of several servers that start on one empty database, one fills it.
        with database.alone(), _looking(with_demonstration=with_demonstration) as begun:
            is_new = database.revisions()[0] is None
            yield database.upgrade(at=clock.now())
            signing_key.refuse_other_secret()
            if is_new and with_demonstration:
                yield demo.load(at=clock.now())
            yield from courses.publish_all(actor=SYSTEM, at=clock.now(), begun=begun)
    except database.Newer as problem:
        raise click.ClickException(str(problem)) from None


def _forks() -> bool:
    """Say whether worker processes begin as copies of this one, as on Linux."""
    return multiprocessing.get_start_method() == "fork"


def _ready(*, prepared: bool, with_demonstration: bool) -> None:
    """Prepare the instance, or see that it is prepared; ends the command when it can't be.

    In a process of its own, where that is cheap: what publishing needs of memory, some 30 MiB,
    would otherwise be held by the server and all its workers as long as they live.
    """
    database.close()
    if not _forks():
        _make_ready(prepared=prepared, with_demonstration=with_demonstration)
        return
    sys.stdout.flush()
    if child := os.fork():
        # The other waits for its disk now and then; what needs no database is loaded meanwhile.
        _load_templates(current_app)
        current_app.extensions["faces"]()
        # Looked through now, it needn't be when everybody waits for an answer.
        gc.collect()
        gc.freeze()
        if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            sys.exit(code if code > 0 else 1)
        return
    code = 1
    # What was loaded stays as long as this process: nothing of it is there to be collected.
    gc.freeze()
    try:
        _make_ready(prepared=prepared, with_demonstration=with_demonstration)
        code = 0
    except click.ClickException as problem:
        problem.show()
        code = problem.exit_code
    except Exception:  # noqa: BLE001 - shown as this command would have shown it
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _make_ready(*, prepared: bool, with_demonstration: bool) -> None:
    if not prepared:
        database.refuse_unless_current()
        return
    for sentence in prepare(with_demonstration=with_demonstration):
        click.echo(sentence)


def _warm(app: Flask) -> None:
    """Load what every worker needs before there are workers: they share it with this process."""
    configure_mappers()
    with suppress(KeyProblem, Refused):
        app.extensions["press"]()
    # What is published, parsed: some megabytes that every worker would make for itself.
    catalogue()
    _load_templates(app)


def _load_templates(app: Flask) -> None:
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)


def _share_memory() -> None:
    """Keep the memory shared that this process has filled, and give back what is not needed.

    The collector writes a mark into every object it looks at, which would copy all of them into
    each worker; what is frozen it leaves alone. The C library would keep a hundred megabytes for
    threads, and the 19 MiB of each password hash once it was given back.
    """
    gc.collect()
    libc: Any = ctypes.CDLL(None)
    with suppress(AttributeError):
        libc.mallopt(_ARENA_MAX, 1)
        libc.mallopt(_MMAP_THRESHOLD, _MEGABYTE // 4)
        libc.mallopt(_TRIM_THRESHOLD, _MEGABYTE)
        libc.malloc_trim(0)
        gc.callbacks.append(_giving_back(libc))
    gc.freeze()
    gc.set_threshold(_YOUNG, _YOUNG_ROUNDS, 20)


def _giving_back(libc: Any) -> Callable[[str, dict[str, int]], None]:
    """Return what gives memory back that lies free in between, after the collector's larger rounds.

    A millisecond each second or so while there is much to do, and nothing while there isn't.
    """

    def give_back(phase: str, round_of: dict[str, int]) -> None:
        if phase == "stop" and round_of["generation"] > 0:
            libc.malloc_trim(0)

    return give_back


class _Server(Granian):  # type: ignore[misc, valid-type]
    """Granian that leaves the waiting for its workers to a small program, where that is possible.

    What is overridden is no part of its interface. Were it called no more, this server would do
    the waiting itself as it did before; tests/commands/test_serve.py would tell.
    """

    again: Sequence[str] = ()
    """The command that begins this server anew; without it, this process waits for its workers."""
    former: Sequence[int] = ()
    """Workers of the server before this one, which end when ours answer."""

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        workers = [one.pid for one in multiprocessing.active_children() if one.pid]
        if self.again and len(workers) == self.workers:
            if self.former:
                time.sleep(watch.SETTLING)
                watch.end(self.former)
            watch.become(workers, again=self.again, is_again=bool(self.former))
        watch.release_signals()
        super()._serve_loop(spawn_target, target_loader)


def _public_port(_context: click.Context, _option: click.Parameter, port: int) -> int:
    """Let the settings know the port before they are read: it's part of the public address."""
    os.environ["PORT"] = str(port)
    return port


def _greet(host: str, port: int) -> None:
    click.echo(f"Rounds answers at http://{host}:{port} (Ctrl-C ends it)")
    if demo.is_here():
        for line in demo.accounts():
            click.echo(line)


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    callback=_public_port,
    is_eager=True,
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--prepare", "prepared", is_flag=True, help="Bring database and courses up to date.")
@click.option("--demonstration", is_flag=True, help="With --prepare: load it when all is new.")
@with_appcontext
def serve(host: str, port: int, workers: int, prepared: bool, demonstration: bool) -> None:
    """Serve Rounds with the production server until it's told to stop."""
    former = watch.take_former()
    try:
        _serve(host, port, workers, prepared=prepared, demonstration=demonstration, former=former)
    finally:
        # Begun anew in vain: nobody would watch over those who are left.
        watch.end(former)


def _serve(
    host: str, port: int, workers: int, *, prepared: bool, demonstration: bool, former: list[int]
) -> None:
    if not former and not is_free(host, port):
        raise click.ClickException(
            f"Somebody listens on {host}:{port} already. Choose another: --port {port + 1}, "
            f"or PORT={port + 1} make run."
        )
    _ready(prepared=prepared, with_demonstration=demonstration)
    # The signing key is made here, once, and not by whichever worker needs it first.
    if said := signing_key.ready_or_refuse():
        click.echo(said)
    if not former:
        _greet(host, port)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _warm(app)
    database.close()
    _share_memory()
    server = _Server(
        "lms.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        factory=True,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        # Threads that wait for the disk; the server warns of more than this, and each needs a
        # connection of its own.
        blocking_threads=min(
            2 * (os.cpu_count() or 1), app.extensions["settings"].database_connections
        ),
        # This counts connections, also those that browsers only keep open, not requests at work.
        backpressure=1024,
    )
    if not _forks():
        server.serve()
        return
    begin = "from lms.app import main; main()"
    place = ["--host", host, "--port", str(port), "--workers", str(workers)]
    server.again = [sys.executable, "-P", "-c", begin, "serve", *place]
    server.former = former
    server.on_startup(watch.hold_signals)

    def ready() -> Flask:
        watch.release_signals()
        return app

    server.serve(target_loader=ready, wrap_loader=False)
