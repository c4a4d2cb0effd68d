"""Serve the product: prepare the instance, then start the production server."""

import os
import socket
from collections.abc import Iterator

import click
from flask.cli import with_appcontext
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from lms import clock
from lms.access import SYSTEM
from lms.commands import database, demo, signing_key
from lms.courses import cli as courses


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


def prepare(*, with_demonstration: bool) -> Iterator[str]:
    """Bring an instance up to date: tables, courses, the demonstration when new.

    Yields a sentence for each thing as it's done.
    """
    try:
        # Of several servers that start on one empty database, one fills it.
        with database.alone():
            is_new = database.revisions()[0] is None
            yield database.upgrade(at=clock.now())
            signing_key.refuse_other_secret()
            if is_new and with_demonstration:
                yield demo.load(at=clock.now())
            yield from courses.publish_all(actor=SYSTEM, at=clock.now())
    except database.Newer as problem:
        raise click.ClickException(str(problem)) from None


def _public_port(_context: click.Context, _option: click.Parameter, port: int) -> int:
    """Let the settings know the port before they are read: it's part of the public address."""
    os.environ["PORT"] = str(port)
    return port


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
    if not is_free(host, port):
        raise click.ClickException(
            f"Somebody listens on {host}:{port} already. Choose another: --port {port + 1}, "
            f"or PORT={port + 1} make run."
        )
    if prepared:
        for sentence in prepare(with_demonstration=demonstration):
            click.echo(sentence)
    else:
        database.refuse_unless_current()
    # The signing key is made here, once, and not by whichever worker needs it first.
    if said := signing_key.ready_or_refuse():
        click.echo(said)
    click.echo(f"Rounds answers at http://{host}:{port} (Ctrl-C ends it)")
    if demo.is_here():
        for line in demo.accounts():
            click.echo(line)
    database.close()
    Granian(
        "lms.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        factory=True,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        # Threads that wait for the disk; the server warns of more than this.
        blocking_threads=2 * (os.cpu_count() or 1),
        # This counts connections, also those that browsers only keep open, not requests at work.
        backpressure=1024,
    ).serve()
