"""A sandbox of Park Graph in a process of its own that counts its requests. Usage: `python -m
evaluation.bench.served READY COUNT DATABASE [FAULT]…`.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CATALOGUE = Path("catalogue/park_graph.yaml")
READY_S, STOP_S = 60.0, 10.0


@dataclass(slots=True)
class Served:
    """The server's address and keys, as `pgagents sandbox --ready` prints them. Once it has stopped: the
    number of requests, and the seconds from the first of them to the last.
    """

    facts: dict[str, Any]
    pid: int
    requests: int = 0
    span_s: float = 0.0


@contextmanager
def run_sandbox(folder: Path, *faults: str, database: bool = False) -> Iterator[Served]:
    """Start a sandbox at a free port over plain HTTP, with the same ids and keys each time, and stop it at
    the end.

    With a `database` what it is told goes into a file instead of its memory.
    """
    ready, count = folder / "ready.json", folder / "count.txt"
    ready.unlink(missing_ok=True)
    words = [
        sys.executable,
        "-m",
        "evaluation.bench.served",
        str(ready),
        str(count),
        str(folder / "world.db") if database else "-",
        *faults,
    ]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + READY_S
        while not ready.exists():
            if child.poll() is not None or time.monotonic() > until:
                raise SystemExit("the sandbox did not start")
            time.sleep(0.02)
        found = Served(json.loads(ready.read_text()), child.pid)
        yield found
    finally:
        child.terminate()
        child.wait(STOP_S)
    requests, span_s = count.read_text().split()
    found.requests, found.span_s = int(requests), float(span_s)


def main(ready: str, count: str, database: str, *faults: str) -> None:
    """Serve until SIGTERM, then write down how many requests came, and in how many seconds."""
    from pgagents.base.http import Request, Response, Silence
    from pgagents.catalogue.load import load_file
    from pgagents.cli.running.run import signals
    from pgagents.sandbox.sandbox import open_sandbox
    from pgagents.sandbox.serve import listen, serve, write_ready

    db = None if database == "-" else Path(database)
    opened = open_sandbox(load_file(CATALOGUE), seed=1, rng=random.Random(0), faults=faults, db=db)
    came, first, last = 0, 0.0, 0.0

    def count_request(request: Request) -> Response | Silence:
        nonlocal came, first, last
        came += 1
        answer = opened.handler(request)
        last = time.perf_counter()
        first = first or last
        return answer

    listening = listen(0)
    try:
        with signals():
            serve(
                replace(opened, handler=count_request),
                listening,
                lambda facts: write_ready(Path(ready), facts),
            )
    except KeyboardInterrupt:
        pass
    Path(count).write_text(f"{came} {last - first}")


if __name__ == "__main__":
    main(*sys.argv[1:])
