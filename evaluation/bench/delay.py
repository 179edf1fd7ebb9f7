"""Delay the answers of a server on this machine, as the way to one far away does.

`python -m evaluation.bench.delay READY PORT SECONDS` serves as a proxy, and writes its own port into the
file READY.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
READY_S = 20.0


@contextmanager
def run_proxy(folder: Path, port: int, delay_s: float) -> Iterator[str]:
    """Start the proxy in a process of its own, in front of the server at `port`; yield its URL."""
    ready = folder / "proxy.txt"
    ready.unlink(missing_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", "evaluation.bench.delay", str(ready), str(port), str(delay_s)]
    )
    try:
        until = time.monotonic() + READY_S
        while not (ready.exists() and ready.read_text()):
            if child.poll() is not None or time.monotonic() > until:
                raise SystemExit("the proxy did not start")
            time.sleep(0.02)
        yield f"http://{HOST}:{ready.read_text()}"
    finally:
        child.terminate()
        child.wait()


async def _pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter, delay_s: float) -> None:
    """Write what is read half the delay later, until the source ends."""
    while data := await source.read(65_536):
        await asyncio.sleep(delay_s / 2)
        to.write(data)
        await to.drain()
    to.close()


async def _serve(ready: Path, port: int, delay_s: float) -> None:
    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(HOST, port)
        both = (_pass_on(reader, outer, delay_s), _pass_on(inner, writer, delay_s))
        await asyncio.gather(*both, return_exceptions=True)

    server = await asyncio.start_server(connect, HOST, 0)
    ready.write_text(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
