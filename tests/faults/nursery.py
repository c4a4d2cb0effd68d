"""A process that has imported the product once, and forks `lms` commands from itself.

Starting `lms serve` takes 1.4 seconds of processor time, nearly all of it Python's imports. Forked
from here it's the same command, in processes of its own, with the same files and sockets, and
answers after a tenth of a second: so two hundred servers can be killed while somebody waits.

    {"words": ["serve", "--port", "8001"], "environ": {...}, "log": "/tmp/log"}  ->  4711
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]


class Born:
    """A command that runs in a process group of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def is_alive(self) -> bool:
        """Say whether anything of the group is left."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def pids(self) -> list[int]:
        """Return the processes of the group (on Linux)."""
        found = []
        for one in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = one.read_text().rpartition(")")[2].split()
            except OSError:  # it ended just now
                continue
            if int(fields[2]) == self.pid:
                found.append(int(one.parent.name))
        return found

    def end(self, how: signal.Signals, *, within: float = 30) -> None:
        """End all processes of the group and wait until the last is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, how)
        until = time.monotonic() + within
        while self.is_alive():
            if time.monotonic() > until:
                raise RuntimeError(f"the processes of group {self.pid} do not end")
            time.sleep(0.002)


class Nursery:
    """The process that forks, from the tests' side."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"], cwd=HOME, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )

    def bear(
        self, *words: str, environ: Mapping[str, str], log: Path, is_plain: bool = False,
        apart: bool = False,
    ) -> Born:
        """Start `lms` with these words; what it says goes into the log.

        `apart`: output, complaints and status go into files of their own, beside the log.
        `is_plain`: as somebody who may not write what is closed to them, even if that is root.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked = {"words": words, "environ": dict(environ), "log": str(log), "is_plain": is_plain,
                 "apart": apart}
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        return Born(int(self.process.stdout.readline()))

    def run(
        self, *words: str, environ: Mapping[str, str], log: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run `lms` with these words to its end; what it says goes into files beside the log."""
        said = [log.with_name(f"{log.name}.{kind}") for kind in ("stdout", "stderr", "status")]
        for one in said:
            one.unlink(missing_ok=True)
        born = self.bear(*words, environ=environ, log=log, apart=True)
        until = time.monotonic() + 300
        while born.is_alive():
            if time.monotonic() > until:
                born.end(signal.SIGKILL)
            time.sleep(0.01)
        texts = [one.read_text() if one.exists() else "" for one in said]
        return subprocess.CompletedProcess(words, int(texts[2] or -9), texts[0], texts[1])

    def close(self) -> None:
        """Let it end, with all that it bore."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


def _give_up_powers() -> None:
    """Take from root what lets it write anywhere (capset with nothing in it)."""
    if sys.platform == "linux" and os.geteuid() == 0:
        version, nothing = 0x20080522, (ctypes.c_uint32 * 6)()
        head = (ctypes.c_uint32 * 2)(version, 0)
        if ctypes.CDLL(None, use_errno=True).capset(head, nothing):
            raise OSError(ctypes.get_errno(), "capset")


def _become(asked: dict) -> None:
    """Turn this process, freshly forked, into one that runs the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    into = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    names = (".stdout", ".stderr") if asked["apart"] else ("", "")
    out, complaints = (os.open(asked["log"] + name, into, 0o600) for name in names)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, its in ((nothing, 0), (out, 1), (complaints, 2)):
        os.dup2(ours, its)
    if asked["is_plain"]:
        _give_up_powers()
    os.environ.clear()
    os.environ.update(asked["environ"])
    sys.argv = ["lms", *asked["words"]]
    from lms.app import main

    main()


def _live(asked: dict) -> None:
    """Be that command to its end, and never come back."""
    status = 0
    try:
        with suppress(OSError):
            os.setpgid(0, 0)
        _become(asked)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if asked["apart"]:
        Path(asked["log"] + ".status").write_text(str(status))
    os._exit(status)


def _adopt() -> None:
    """Have the children of those who are killed come here, where they are let go at once.

    Elsewhere than on Linux, and in most containers, the first process of all does that.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _serve() -> None:
    from lms import app

    app._found(None)  # the fonts, which every process would read for its first certificate
    _adopt()
    born: list[int] = []
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if not pid:
            _live(asked)
        with suppress(OSError):
            os.setpgid(pid, pid)  # here as well as there: whoever comes first
        born.append(pid)
        print(pid, flush=True)
    for pid in born:
        with suppress(OSError):
            if os.getsid(pid) == os.getsid(0):  # one of ours still, and not a number used again
                os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    _serve()
