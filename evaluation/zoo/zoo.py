"""Install, start and watch the servers of the zoo, each in an environment of its own, on loopback.

A server's module says how it is started and filled. Its own API shows before and after a run the things that
the run may not change.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ZOO = ROOT / ".zoo"
NAMES = tuple(sorted(p.stem for p in (HERE / "servers").glob("*.py") if p.stem != "__init__"))
START_S = 120.0
INSTALL_S = 1200.0
LARGEST = 20_000_000


class _Stay(HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_Stay)


@dataclass(frozen=True, slots=True)
class Api:
    """Calls of a running server with its key: to fill it, and to see what is there."""

    url: str
    headers: Mapping[str, str]

    def call(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """Return the answer as JSON, or as text where it is none. Raises HTTPError for a refusal."""
        body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        kind = {"Content-Type": "application/json"} if body is not None else {}
        request = Request(self.url + path, body, {**kind, **self.headers, **headers}, method=method)
        with _OPENER.open(request, timeout=30) as answer:
            text = answer.read(LARGEST).decode("utf-8", "replace")
        try:
            return json.loads(text)
        except ValueError:
            return text


@dataclass(frozen=True, slots=True)
class Place:
    """Folders and port of one start: `environment` is installed once, `folder` is new each time."""

    environment: Path
    folder: Path
    port: int

    def bin(self, name: str) -> str:
        """Return the path of a program of the environment."""
        return str(self.environment / "bin" / name)


@dataclass(frozen=True, slots=True)
class Server:
    """Everything that is particular to a server.

    `document` is a path below the base URL, a file of the environment (a pattern), or a function that returns
    the path of a file. `auth` are the options
    of verify that say how the key is sent. `existing` reads what must be
    there afterwards, the same, by name.
    """

    name: str
    version: str
    """Name and version in the figures."""
    packages: tuple[str, ...]
    """Requirements for pip, or packages for npm where `npm` is true; each is pinned.

    `apt:NAME=VERSION` is a package of Debian that is installed, which root may do. `deb:NAME=VERSION` is one
    that is only unpacked into the environment, as is `sdist:NAME==VERSION`, a source package of PyPI.
    """
    command: Callable[[Place], Sequence[str]]
    document: str | Callable[[Place], str]
    key: str | Callable[[Place], str]
    """The key, or a function that finds it once the server has started."""
    fill: Callable[[Api], None]
    existing: Callable[[Api], Mapping[str, Any]]
    base: str = ""
    """The path below which verify is to call."""
    peer_base: str = ""
    """The same for schemathesis, which adds the document's paths without the base path that it declares."""
    operations: int = 1
    ready: str = "/"
    headers: Callable[[str], Mapping[str, str]] = lambda key: {"Authorization": f"Bearer {key}"}
    auth: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()
    """Options of import for the catalogue that has a reviewer's lines."""
    edited: tuple[str, ...] = ()
    """Options of verify where the imported catalogue has a reviewer's lines (`edits/`)."""
    peer: tuple[str, ...] = ()
    """Options that bound schemathesis with as many requests as verify, where all operations take too long."""
    npm: bool = False
    surroundings: Callable[[Place], Mapping[str, str]] | None = None
    """Variables of the server's process."""
    volatile: frozenset[str] = field(default_factory=frozenset)
    """Members that time or the run's own instances change, such as a count or a time of the last access."""
    rows: Callable[[Api], int] | None = None
    """Counts what the lists of the server show, so that a run that leaves something is seen."""


def load(name: str) -> Server:
    """Return the server of a name. Raises SystemExit if there is none."""
    if name not in NAMES:
        raise SystemExit(f"no such server: {name}; there are {', '.join(NAMES)}")
    server = import_module(f"evaluation.zoo.servers.{name}").SERVER
    assert isinstance(server, Server)
    return server


def install_packages(name: str, packages: tuple[str, ...], *, npm: bool) -> Path:
    """Return an environment with these packages, installed if it is not there as they say."""
    home = ZOO / name
    stamp = home / "installed.txt"
    if stamp.is_file() and stamp.read_text() == "\n".join(packages):
        return home
    print(f"installing {', '.join(packages)} into {home}", file=sys.stderr, flush=True)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if npm:
        (home / "package.json").write_text('{"private": true}')
        _do(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", *packages], home)
    else:
        _do([sys.executable, "-m", "venv", str(home)], home)
        pip = [str(home / "bin/pip"), "--disable-pip-version-check", "-q"]
        if plain := [one for one in packages if ":" not in one]:
            _do([*pip, "install", *plain], home)
        for kind, _, package in (one.partition(":") for one in packages if ":" in one):
            _unpack(kind, package, pip, home)
    stamp.write_text("\n".join(packages))
    return home


def _unpack(kind: str, package: str, pip: Sequence[str], home: Path) -> None:
    """Download a package of Debian or a source package of PyPI, and unpack or install it."""
    before = set(home.iterdir())
    if kind == "apt":
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]  # its service is not started
        _do([*quiet, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package], home)
    elif kind == "deb":
        _do(["apt-get", "download", package], home)
    else:
        _do([*pip, "download", "--no-deps", "--no-binary", ":all:", package], home)
    for file in set(home.iterdir()) - before:
        if file.suffix == ".deb":
            _do(["dpkg-deb", "-x", file.name, "."], home)
        else:
            shutil.unpack_archive(file, home, filter="data")
        file.unlink()


def _do(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed: {done.stderr.strip()[-500:]}")


@dataclass(frozen=True, slots=True)
class Running:
    """A started server: its base URL, its document's URL or path, calls of it, and its log."""

    server: Server
    url: str
    key: str
    document: str
    api: Api
    log: Path

    @property
    def peer_url(self) -> str:
        """The base URL for schemathesis."""
        return self.api.url + self.server.peer_base

    @property
    def operations(self) -> int:
        """The number of operations of the document."""
        return self.server.operations

    def look(self) -> dict[str, str]:
        """Return a hash of each thing that was put in before the run; empty for one that is gone."""
        found = {name: steady(value, self.server.volatile) for name, value in self._existing().items()}
        return {name: hashlib.sha256(value.encode()).hexdigest() for name, value in found.items()}

    def count_rows(self) -> int | None:
        """Return the number of things that the server's lists show; None where nothing can count them."""
        if self.server.rows is None:
            return None
        try:
            return self.server.rows(self.api)
        except (OSError, LookupError, TypeError) as error:  # the run may have broken a list
            print(f"{self.server.name}: cannot count its rows: {error!r}", file=sys.stderr)
            return None

    def _existing(self) -> Mapping[str, Any]:
        return self.server.existing(self.api)


def steady(value: Any, volatile: frozenset[str]) -> str:
    """Return a value as text, without the members that may change."""

    def without(part: Any) -> Any:
        if isinstance(part, dict):
            return {k: without(v) for k, v in part.items() if k not in volatile}
        return [without(one) for one in part] if isinstance(part, list) else part

    return json.dumps(without(value), sort_keys=True, ensure_ascii=False)


def read(api: Api, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return what stands at each path, by name; an HTTP status that refuses it stands for what is gone."""
    found: dict[str, Any] = {}
    for name, path in paths.items():
        try:
            found[name] = api.call("GET", path)
        except HTTPError as error:
            found[name] = f"HTTP {error.code}"
    return found


class Started:
    """The process of a server with all that it starts, in a group of its own."""

    def __init__(self, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=dict(env), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sign)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()

    def wait(self, url: str) -> None:
        """Wait until the server answers anything. Raises RuntimeError with its log if it does not."""
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with _OPENER.open(url, timeout=5):
                    return
            except HTTPError as error:
                if error.code < 500:
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise RuntimeError(f"{url} does not answer\n{self.log.read_text('utf-8', 'replace')[-2000:]}")


@contextmanager
def serving(server: Server) -> Iterator[Running]:
    """Start a server, fill it, and stop it at the end. It keeps nothing."""
    environment = install_packages(server.name, server.packages, npm=server.npm)
    with tempfile.TemporaryDirectory(prefix=f"zoo-{server.name}-") as name:
        place = Place(environment, Path(name), _free_port())
        own = {"HOME": name, "XDG_CONFIG_HOME": name, "PYTHONDONTWRITEBYTECODE": "1"}
        kept = {k: os.environ[k] for k in ("PATH", "LANG", "LC_ALL") if k in os.environ}
        env = {**kept, **own, **(server.surroundings(place) if server.surroundings else {})}
        root = f"http://127.0.0.1:{place.port}"
        with Started(server.command(place), place.folder, env) as started:
            started.wait(root + server.ready)
            key = server.key if isinstance(server.key, str) else server.key(place)
            api = Api(root, server.headers(key))
            server.fill(api)
            yield Running(server, root + server.base, key, _document(server, api, place), api, started.log)


def _document(server: Server, api: Api, place: Place) -> str:
    """Return the URL of a server's document, or the path of the file that its package has."""
    if not isinstance(server.document, str):
        return server.document(place)
    if server.document.startswith("/"):
        return api.url + server.document
    found = sorted(place.environment.glob(server.document))
    if not found:
        raise RuntimeError(f"{server.name} has no file {server.document}")
    return str(found[0])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
