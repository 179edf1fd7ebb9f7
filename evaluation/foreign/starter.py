"""Starts servers of one API in Python: `python -m evaluation.foreign.starter library`.

A line of its input is JSON. The list of a server's options starts one: a copy of this process, which has
loaded the packages already, becomes the server. The answer is the list of its process's number and its
address, which is empty if it did not start. That number ends the server, and is the answer too. All its
servers end with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from importlib import import_module
from types import ModuleType


def main() -> None:
    """Start and end servers until the input ends."""
    module = import_module(f"evaluation.foreign.{sys.argv[1]}.__main__")
    outputs: dict[int, int] = {}
    while line := sys.stdin.readline():
        asked: list[str] | int = json.loads(line)
        if isinstance(asked, int):
            _end(asked)
            os.close(outputs.pop(asked))
            print(asked, flush=True)
        else:
            pid, output, address = _start(module, asked)
            outputs[pid] = output
            print(json.dumps([pid, address]), flush=True)
    for pid in outputs:
        _end(pid)


def _start(module: ModuleType, options: list[str]) -> tuple[int, int, str]:
    """Return the number of a server's process, the pipe of its output, and the first line of that."""
    output, written = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(written, sys.stdout.fileno())
        _serve(module, options)
    os.close(written)
    line = b""
    while not line.endswith(b"\n") and (more := os.read(output, 1)):
        line += more
    return pid, output, line.decode().strip()


def _serve(module: ModuleType, options: list[str]) -> None:
    """Be a server until it is killed."""
    sys.argv[1:] = options
    try:
        module.main()
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def _end(pid: int) -> None:
    """Kill a server and wait for it. Its number stays its own until then, even if it has ended itself."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
