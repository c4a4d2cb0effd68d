"""Serve the product: prepare the instance, then start the production server."""

import socket

from lms import clock
from lms.access import SYSTEM
from lms.commands import database, demo
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


def prepare(*, with_demonstration: bool) -> list[str]:
    """Bring an instance up to date: tables, courses, the demonstration when it's new.

    Returns sentences that say what was done.
    """
    is_new = database.revisions()[0] is None
    done = [database.upgrade(at=clock.now())]
    done += courses.publish_all(actor=SYSTEM, at=clock.now())
    if with_demonstration and (is_new or demo.is_half_loaded()):
        done.append(demo.load(at=clock.now()))
    return done
