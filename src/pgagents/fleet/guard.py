"""Start a command, and end it when the process that started this one is gone, or its lease has ended.

`python -m pgagents.fleet.guard SECONDS LEASE COMMAND…` reads its standard input, which the starter holds
open. At its end the command gets SIGTERM, so that it can clean up, and is killed after that many seconds. A
command that still runs a moment after its lease is killed, because the next one needs its journal. The exit
code is that of the command, or 128 and the number of the signal that ended it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

LATE_S = 3.0
"""Seconds after the end of a lease in which the command may write its report."""


def run(seconds: float, lease: str, words: list[str]) -> int:
    """Start the command, and return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the starter alone ends it
    child = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, preexec_fn=_restore_signals if os.name == "posix" else None
    )
    threading.Thread(target=_watch, args=(child, seconds), daemon=True).start()
    threading.Thread(target=_watch_lease, args=(child, lease), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _restore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _watch(child: subprocess.Popen[bytes], seconds: float) -> None:
    """End the command once the starter is gone, or has closed the stream."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    end = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        child.terminate()
    while child.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    with contextlib.suppress(OSError):
        child.kill()


def _watch_lease(child: subprocess.Popen[bytes], lease: str) -> None:
    """Kill the command once its lease has ended, or cannot be read."""
    expires = time.time()
    while child.poll() is None and time.time() < expires + LATE_S:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError), Path(lease).open("rb") as stream:
            expires = float(json.loads(stream.read(4_096))["expires"])
        time.sleep(0.2)
    with contextlib.suppress(OSError):
        child.kill()


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
