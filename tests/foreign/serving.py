"""Starts one of the servers as a process of its own, for as long as a test needs it."""

import fcntl
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

FOREIGN = Path(__file__).resolve().parent
PACKAGES = {"library": ["fastapi", "uvicorn"], "payments": ["flask"]}
APIS = ("library", "payments", "documents")
START_S = 30.0


def why_missing(api: str) -> str:
    """Name what the server of this API needs and this machine lacks; empty if it can start."""
    if api == "documents":
        return _install_node_modules()
    missing = [name for name in PACKAGES[api] if find_spec(name) is None]
    return f"needs {', '.join(missing)} (pip install 'pgagents[foreign]')" if missing else ""


def _install_node_modules() -> str:
    """Put the packages of package-lock.json into node_modules, once; says why that cannot be."""
    folder = FOREIGN / "documents"
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
    """Return the arguments that start the server of an API, in the folder of the tests."""
    if api == "documents":
        return ["node", str(FOREIGN / "documents/main.js")]
    return [sys.executable, "-m", f"foreign.{api}"]


def _wait_until_answers(process: "subprocess.Popen[str]", url: str) -> None:
    end = time.monotonic() + START_S
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except HTTPError:
            return  # an answer too
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def serving(api: str, bug: str | None = None, *, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Start the server of an API on a free port of this machine; gives its base URL, and kills it at the end.

    Raises `RuntimeError` with what the server printed if it does not start.
    """
    if why := why_missing(api):
        raise RuntimeError(f"{api}: {why}")
    arguments = [*command(api), "--host", "127.0.0.1", "--port", "0", *options]
    if bug is not None:
        arguments += ["--bug", bug]
    process = subprocess.Popen(
        arguments, cwd=FOREIGN.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    printed: list[str] = []  # keeps the pipe from filling up
    reader = threading.Thread(target=printed.extend, args=(process.stderr,), daemon=True)
    reader.start()
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    try:
        url = process.stdout.readline().strip()
        timer.cancel()
        if not url.startswith("http://127.0.0.1:"):
            process.kill()
            process.wait()
            reader.join(5)
            raise RuntimeError(f"{api} did not start: {url} {''.join(printed)[-500:]}")
        _wait_until_answers(process, url)
        yield url
    finally:
        timer.cancel()
        process.kill()
        process.wait()
        reader.join(5)
        process.stdout.close()
        process.stderr.close()
