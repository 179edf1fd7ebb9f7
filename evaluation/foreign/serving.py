"""Starts one of the servers as a process of its own, for as long as a test needs it.

A server in Python is a copy of a process that has loaded its packages (starter.py), so that no test waits for
these again.
"""

import atexit
import fcntl
import json
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

FOREIGN = Path(__file__).resolve().parent
ROOT = FOREIGN.parents[1]
PACKAGES = {"library": ["fastapi", "uvicorn"], "payments": ["flask"]}
APIS = ("library", "payments", "documents")
START_S = 600.0
LOOPBACK = "http://127.0.0.1:"


def why_missing(api: str) -> str:
    """Name what the server of this API needs and this machine lacks; empty if it can start."""
    if api == "documents":
        return install_node_modules(FOREIGN / "documents")
    missing = [name for name in PACKAGES[api] if find_spec(name) is None]
    return f"needs {', '.join(missing)} (pip install '.[foreign]')" if missing else ""


def install_node_modules(folder: Path) -> str:
    """Put the packages of package-lock.json into node_modules, once; says why that cannot be."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return "needs node and npm"
    with (folder / "package-lock.json").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another test process may be about it
        lock = file.read()
        stamp = folder / "node_modules/.installed-lock.json"
        if stamp.is_file() and stamp.read_bytes() == lock:
            return ""
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
            )
        except subprocess.TimeoutExpired:
            return "npm took longer than five minutes"
        if done.returncode:
            return f"npm could not install the server's packages: {done.stderr.strip()[-200:]}"
        stamp.write_bytes(lock)
        return ""


def command(api: str) -> list[str]:
    """Return the arguments that start the server of an API, in the repository's root."""
    if api == "documents":
        return ["node", str(FOREIGN / "documents/main.js")]
    return [sys.executable, "-m", f"evaluation.foreign.{api}"]


class Launched:
    """A process whose first lines are read, and whose errors are kept."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._printed: deque[str] = deque(maxlen=50)  # keeps the pipe from filling up
        self._reader = threading.Thread(target=self._drain, daemon=True)
        self._reader.start()

    def _drain(self) -> None:
        assert self.process.stderr is not None
        self._printed.extend(self.process.stderr)

    def write(self, line: str) -> None:
        """Write a line to its input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read_line(self, most_s: float = START_S) -> str:
        """Return its next line of output; empty if it ended, or wrote none in time and was killed."""
        assert self.process.stdout is not None
        timer = threading.Timer(most_s, self.process.kill)
        timer.start()
        try:
            return self.process.stdout.readline().strip()
        finally:
            timer.cancel()

    def describe_errors(self) -> str:
        """Return the end of what it wrote to stderr."""
        self._reader.join(0.5)
        return "".join(list(self._printed))[-500:]

    def finish(self) -> None:
        """End its input, so that it ends what it started, and itself; kill it if that takes long."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.close()

    def close(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()


class _Starter:
    """A process that starts the servers of an API in Python, one at a time, until the tests end."""

    def __init__(self, api: str) -> None:
        self._launched = Launched([sys.executable, "-m", "evaluation.foreign.starter", api])
        self._lock = threading.Lock()
        atexit.register(self._launched.finish)

    def start(self, options: list[str]) -> tuple[int, str]:
        """Return the number of a server's process, and its address, which is empty if it did not start."""
        pid, address = json.loads(self._ask(options))
        return pid, address

    def end(self, pid: int) -> None:
        """Kill a server, and wait until it is gone."""
        self._ask(pid)

    def _ask(self, what: list[str] | int) -> str:
        """Return the answer of the process. Raises RuntimeError if it has none."""
        with self._lock:
            self._launched.write(json.dumps(what))
            if answer := self._launched.read_line():
                return answer
        _starter_of.cache_clear()
        raise RuntimeError(f"the servers' starter ended: {self.describe_errors()}")

    def describe_errors(self) -> str:
        """Return the end of what its servers wrote to stderr."""
        return self._launched.describe_errors()


@cache
def _starter_of(api: str) -> _Starter:
    return _Starter(api)


_starting = threading.Lock()


@contextmanager
def _forked(api: str, options: list[str]) -> Iterator[str]:
    """Start a server in Python; gives its address, and kills it at the end."""
    with _starting:
        starter = _starter_of(api)
    pid, url = starter.start(options)
    try:
        if not url.startswith(LOOPBACK):
            raise RuntimeError(f"{api} did not start: {url} {starter.describe_errors()}")
        yield url
    finally:
        starter.end(pid)


@contextmanager
def _spawned(options: list[str]) -> Iterator[str]:
    """Start the server in Node.js; gives its address, and kills it at the end."""
    launched = Launched([*command("documents"), *options])
    try:
        url = launched.read_line()
        if not url.startswith(LOOPBACK):
            launched.process.kill()
            raise RuntimeError(f"documents did not start: {url} {launched.describe_errors()}")
        yield url
    finally:
        launched.close()


def _wait_until_answers(url: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            with urlopen(url, timeout=START_S):
                return
        except HTTPError:
            return  # an answer too
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def serving(api: str, bug: str | None = None, *, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Start the server of an API on a free port of this machine; gives its base URL, and kills it at the end.

    Raises `RuntimeError` with what the server printed if it does not start.
    """
    if why := why_missing(api):
        raise RuntimeError(f"{api}: {why}")
    arguments = ["--host", "127.0.0.1", "--port", "0", *options]
    if bug is not None:
        arguments += ["--bug", bug]
    with _spawned(arguments) if api == "documents" else _forked(api, arguments) as url:
        _wait_until_answers(url)
        yield url
