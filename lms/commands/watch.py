"""Watch over the workers of a server, in a process as small as one can be.

Who has loaded the program and made the workers as copies of itself has nothing more to do than to
wait for them, but would hold forty megabytes that nobody shares with it any more. So it turns into
this program (exec), which stays the same process with the same children. When a worker has ended
that nobody told to, the server is begun anew from the disk while the other workers go on; they
are let go when the new ones answer.

Run as a script without any package, so nothing but the standard library is imported here.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

_STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_HEARD: Final = _STOP | {signal.SIGHUP, signal.SIGCHLD}
FORMER: Final = "ROUNDS_FORMER_WORKERS"
"""Where a server that is begun anew is told which workers still serve."""
SETTLING: Final = 3.0
"""Seconds that new workers have to begin listening before former ones are told to end."""
CRASHING: Final = 6.0
"""A new worker that ends within so many seconds will do so again."""
_TOGETHER: Final = 0.3


def hold_signals() -> None:
    """Let signals wait until somebody listens, across the change into another program."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)


def release_signals() -> None:
    """Let signals through again: in a worker, which listens itself."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)


def take_former() -> list[int]:
    """Return the workers that a server left which this one follows; it's asked once."""
    return [int(one) for one in os.environ.pop(FORMER, "").split(",") if one]


def end(workers: Iterable[int]) -> None:
    """Tell workers to finish what they have begun and to end."""
    for one in workers:
        try:
            os.kill(one, signal.SIGTERM)
        except ProcessLookupError:
            continue


def become(workers: Iterable[int], *, again: Sequence[str], is_again: bool) -> NoReturn:
    """Turn this process into the one that watches; `again` is the command that begins anew."""
    sys.stdout.flush()
    sys.stderr.flush()
    said = ",".join(str(one) for one in workers)
    words = [sys.executable, "-I", "-S", __file__, said, "again" if is_again else "first", *again]
    os.execv(sys.executable, words)  # noqa: S606 - no shell, and words of our own


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()


def _has_ended(worker: int) -> bool:
    try:
        return os.waitpid(worker, os.WNOHANG)[0] != 0
    except ChildProcessError:  # and was let go of, now or before we began
        return True


def _are_gone(workers: set[int]) -> set[int]:
    """Return who of these has ended; former workers that have are let go of, too."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] != 0:
            continue
    except ChildProcessError:
        pass
    return {one for one in workers if _has_ended(one)}


def _stop(workers: set[int]) -> None:
    end(workers)
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def _begin_anew(again: Sequence[str], workers: set[int]) -> NoReturn:
    os.environ[FORMER] = ",".join(str(one) for one in workers)
    os.execv(again[0], list(again))  # noqa: S606 - the words this was begun with


def _watch(workers: set[int], again: Sequence[str], *, is_again: bool) -> int:
    """Wait until told to end; return the exit status."""
    began = time.monotonic()
    # One may have ended before anybody listened.
    heard: int = signal.SIGCHLD
    while True:
        if heard in _STOP:
            _stop(workers)
            return 0
        gone = _are_gone(workers)
        workers -= gone
        # Where all are told to end at once, a worker may have heard it first.
        if gone and signal.sigtimedwait(_STOP, _TOGETHER) is not None:
            _stop(workers)
            return 0
        if gone and is_again and time.monotonic() - began < CRASHING:
            _say("A new worker ended, too. The server ends.")
            _stop(workers)
            return 1
        if gone:
            _say("A worker ended that nobody told to. The server begins anew.")
        if gone or heard == signal.SIGHUP:
            _begin_anew(again, workers)
        heard = signal.sigwait(_HEARD)


def _main(words: Sequence[str]) -> int:
    said, whether, *again = words
    hold_signals()
    workers = {int(one) for one in said.split(",") if one}
    return _watch(workers, again, is_again=whether == "again")


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
