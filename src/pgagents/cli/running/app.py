"""Start the user's own app for one run (`--start CMD`), again after a crash, and end it in every way.

The app runs without a shell, in a process group of its own, with neither input nor terminal. `{port}` in CMD
and PORT in its environment are the port where it has to listen. A second small process, the guard, ends the
group if this process is gone before it could do so. Nothing is said about the app's data: they may be shared
with others. So a run does no more to them than to those of any server.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import click

from pgagents.base.errors import PgagentsError, printable
from pgagents.base.http import LOOPBACK, Request, Response
from pgagents.base.text import brief, hide_in_address, hide_in_text
from pgagents.cli.inputs.companions import mask
from pgagents.cli.inputs.document import is_served, locate_at
from pgagents.cli.inputs.options import ServerLine
from pgagents.cli.running.run import signals

L = TypeVar("L", bound=ServerLine)
PORT = "{port}"
READY_S = 120.0
"""Seconds by the clock within which an app, or the demo's sandbox, must answer.

Only for one that hangs a user waits so long, and is told so: one that ends or listens elsewhere is noticed
before. So a start of ten seconds of the processor has room beside a dozen busy processes.
"""
ELSEWHERE_S, UNASKED_S, LOOK_FOR_PORTS_S = 20.0, 5.0, 0.5
"""Seconds for which an app may listen on other ports alone (a debugger's comes first), the same if its
command names no port, so that it may not read PORT either; and between looks.
"""
TELL_S, TELL_AGAIN_S = 2.0, 10.0
"""Seconds after which the user is told that no answer has come yet, and between two such lines."""
LOOK_S, ASK_S = 0.05, 2.0
"""Seconds between two looks at an app that starts, and for one request to it."""
END_S = 5.0
"""Seconds in which the app's processes may end by themselves before they are killed."""
MOST_STARTS = 20
"""The most times that an app is started again. A run gives up after fewer ends of the server."""
PAUSE_S = 0.1
"""Seconds before the first new start; each further one waits as long again."""
BUSY, ANSWERS = (502, 503, 504), ("tls", "protocol")
"""Statuses of a server that is not ready yet, and kinds of silence that show one that is."""
USUAL_URL, OTHER_URL = "http://127.0.0.1:{port}", "http://[::1]:{port}"
"""URLs where an app is looked for: some listen on `localhost`, which may be the address of IPv6 alone."""
MASK = "[redacted]"


# -- the command line of the app


_OPERATORS = frozenset(("&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "2>", "&>"))
_VARIABLE = re.compile(r"\$PORT\b|\$\{PORT\}|%PORT%")
_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "fish", "ksh", "cmd", "cmd.exe", "powershell", "pwsh"))
NO_SHELL = "--start runs it without a shell"


def split_command(command: str) -> list[str]:
    """Return the words of a command line. Raises PgagentsError if it is empty or needs a shell."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise PgagentsError(f"--start {brief(command, 80)!r}: {error}", "quote it as a shell does") from None
    if not words:
        raise PgagentsError(
            "--start is empty", "give the app's command: --start 'uvicorn app:app --port {port}'"
        )
    if Path(words[0]).name in _SHELLS:  # it replaces variables itself
        return words
    if variable := _VARIABLE.search(command):
        raise PgagentsError(
            f"--start has {variable.group()}, and {NO_SHELL}, so nothing would replace it",
            f"write {PORT} in its place; the app also finds the number in its environment, as PORT",
        )
    if operator := next((word for word in words if word in _OPERATORS), ""):
        raise PgagentsError(
            f"--start has `{operator}`, and {NO_SHELL}",
            "give the app's command alone, or sh -c '…' with all of it",
        )
    if "=" in words[0]:
        raise PgagentsError(
            f"--start begins with {brief(words[0].partition('=')[0], 40)}=…, and {NO_SHELL}",
            "write `env` before it: --start 'env NAME=value program'",
        )
    return words


# -- what the app prints


MOST_KEPT, MOST_READ = 200_000, 8_000
"""Bytes of the output that are kept, and characters of it that are read at once."""
HEAD_READ = 2_000
"""Characters of the beginning in what is read, if it is cut."""
QUIET_S, MOST_QUIET_S, MOST_WAITS_S = 0.05, 0.5, 10.0
"""Seconds without new output after which the app is taken to have printed all. The second number is the
most seconds of one such wait, and the third is those of all such waits of a run.
"""
LAST_LINES = 12
"""The number of lines that a message shows."""


class _Output:
    """The end of what the app prints. A thread reads it, so that a full pipe never stops the app."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._cut = 0
        self._lock = threading.Lock()

    def add(self, chunk: bytes) -> None:
        with self._lock:
            self._kept += chunk
            if (over := len(self._kept) - MOST_KEPT) > 0:
                del self._kept[:over]
                self._cut += over

    def mark(self) -> int:
        """Return the number of bytes so far."""
        with self._lock:
            return self._cut + len(self._kept)

    def read(self, mark: int = 0) -> str:
        """Return the text after a mark, without colours."""
        with self._lock:
            raw = bytes(self._kept[max(0, mark - self._cut) :])
        return click.unstyle(raw.decode("utf-8", "replace")).replace("\r", "")


def make_environment(port: int) -> dict[str, str]:
    """Return the app's environment: this one, with the port.

    `uvx` puts the programs of pgagents first on the PATH, where the app would find a Python without its
    packages. There they are left out. An active environment comes first again: a command that pyenv started
    (2.6.30) has pyenv's programs before it.
    """
    found = {"PYTHONUNBUFFERED": "1", **os.environ, "PORT": str(port)}
    programs, active = Path(sys.executable).parent, found.get("VIRTUAL_ENV")
    first, _, others = found.get("PATH", "").partition(os.pathsep)
    if "UV" in found and Path(first) == programs and active != sys.prefix:
        found["PATH"] = others
    if active and active != sys.prefix and (theirs := Path(active, programs.name)).is_dir():
        found["PATH"] = os.pathsep.join((str(theirs), found.get("PATH", "")))
    return found


# -- the app


class App:
    """The user's app, as a process on this machine. It is the `process` of the run's clients.

    `url` is where it is to listen, with `{port}` or without a URL for a free port. Raises PgagentsError for a
    wrong one.
    """

    def __init__(
        self, command: str, url: str | None, *, cacert: Path | None = None, hidden: Sequence[str] = ()
    ) -> None:
        if not hasattr(os, "killpg"):
            raise PgagentsError(
                "--start needs process groups, which this system does not have",
                "start the app yourself, and give its --url",
            )
        words = split_command(command)
        self.name = command.strip()
        """The command line as the user gave it, which does not change from run to run."""
        self.port = find_free_port()
        self.url = self.fill(url or USUAL_URL)
        """The URL where the app listens, known for sure once it has answered."""
        _check_host(self.url)
        if url is not None and PORT not in url:
            self.port = _check_port(self.url)
        self._other_url = self.fill(OTHER_URL) if url is None else ""
        self._words = [self.fill(word) for word in words]
        self._cacert, self._hidden = cacert, hidden
        self.start_s = 0.0
        self.served = ""
        """The path where it serves its document, if the user named that; else empty."""
        self._patience_s = MOST_WAITS_S
        self._output = _Output()
        self._lock = threading.Lock()
        self._over = False
        self._ends = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._reading = self._watching = threading.Thread()
        self._guard = _Guard()

    def fill(self, text: str) -> str:
        """Return a text with the port in place of `{port}`."""
        return text.replace(PORT, str(self.port))

    def locate(self, document: str | None) -> str | None:
        """Return the URL of a document that the app serves, or the name of another one unchanged."""
        if document is None:
            return None
        return locate_at(self.url, document) if is_served(document) else self.fill(document)

    @property
    def shown_command(self) -> str:
        """The command line that starts the app at this port by hand."""
        words = self._words if PORT in self.name else ["env", f"PORT={self.port}", *self._words]
        return hide_in_text(shlex.join(words))

    # -- the start

    def start(self, document: str | None = None) -> None:
        """Start the app, and wait until it answers. `document` is a path, from which it will be read.

        Raises PgagentsError if it does not answer.
        """
        self.served = document or ""
        try:
            self._spawn()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise PgagentsError(
                f"--start: cannot start {brief(self._words[0], 80)}: {why}",
                "give a program that is on the PATH, or its path, and its arguments",
            ) from None
        self._await_answer(Request("GET", self.served) if self.served else Request("OPTIONS", "/"))
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    def _spawn(self) -> None:
        """Start the process, and a thread that reads what it prints. Raises OSError."""
        self._child = subprocess.Popen(
            self._words,
            env=make_environment(self.port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._guard.watch(self._child.pid)
        self._reading = threading.Thread(target=self._read, args=(self._child,), daemon=True)
        self._reading.start()

    def _read(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout
        with child.stdout as stream, contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stream.fileno(), 65_536):
                self._output.add(chunk)

    def _await_answer(self, request: Request) -> None:
        """Wait until the app answers. Raises PgagentsError if it ends, listens elsewhere, or is too late."""
        from pgagents.verify.wire.lease import find_lease

        assert self._child
        began = time.monotonic()
        tell_s, look_s, first_elsewhere_s = TELL_S, LOOK_FOR_PORTS_S, READY_S
        ports: list[int] = []
        while True:
            if (lease := find_lease()) is not None:
                lease.check()
            answered = next(
                (url for url in filter(None, (self.url, self._other_url)) if self._asks(url, request)), ""
            )
            self._check_alive()
            waited_s = time.monotonic() - began
            if answered:
                self.url, self.start_s = answered, waited_s
                return
            if waited_s >= look_s:
                look_s, ports = waited_s + LOOK_FOR_PORTS_S, list_ports(self._child.pid)
            elsewhere = bool(ports) and self.port not in ports
            if elsewhere and first_elsewhere_s == READY_S:
                tell_s = waited_s  # nothing that the user can do is worth waiting for
            first_elsewhere_s = min(first_elsewhere_s, waited_s) if elsewhere else READY_S
            patience_s = ELSEWHERE_S if PORT in self.name or not self._other_url else UNASKED_S
            if waited_s - first_elsewhere_s >= patience_s:
                raise self._fail(self._say_elsewhere(ports), self._advise_elsewhere(ports))
            if waited_s >= READY_S:
                raise self._fail(*self._say_late(listens=self.port in ports))
            if waited_s >= tell_s:
                tell_s = waited_s + TELL_AGAIN_S
                self._tell(waited_s, ports if elsewhere else [])
            time.sleep(LOOK_S)

    def _asks(self, url: str, request: Request) -> bool:
        """Return whether the server at a URL gives an answer that shows that it is ready."""
        from pgagents.verify.wire.send import Client

        cacert = str(self._cacert) if self._cacert else None
        with Client(locate_at(url, ""), timeout_s=ASK_S, cacert=cacert) as client:
            answer = client(request)
        if isinstance(answer, Response):
            return answer.status not in BUSY
        return answer.kind in ANSWERS

    def _tell(self, waited_s: float, elsewhere: Sequence[int]) -> None:
        """Tell the user that the app has not answered yet."""
        says = f"waiting for the app to answer on port {self.port}, {waited_s:.0f} s so far"
        if elsewhere:
            says = f"{says}; it listens on port {elsewhere[0]}"
        elif last := self._list_last(1):
            says = f"{says}; it printed: {last[0]}"
        click.echo(printable(hide_in_text(says)), err=True)

    def _check_alive(self) -> None:
        """Raise PgagentsError if the process has ended."""
        assert self._child
        code = self._child.poll()
        if code is None:
            return
        self._reading.join(MOST_QUIET_S)
        if code == 0 and has_processes(self._child.pid):
            raise self._fail(
                "the app's first process ended, and left others behind",
                "give a command that stays in the foreground, such as one without a --daemon option",
            )
        raise self._fail(
            f"the app ended {describe_end(code)} before it answered",
            f"start it by hand: {self.shown_command}; here it has neither input nor terminal",
        )

    def _say_elsewhere(self, ports: Sequence[int]) -> str:
        shown = " and ".join(map(str, ports[:3]))
        return f"the app listens on port {shown}, and not on {self.port}"

    def _advise_elsewhere(self, ports: Sequence[int]) -> str:
        if PORT in self.name:
            return f"is {PORT} at the right place in the command? Or give --url http://127.0.0.1:{ports[0]}"
        return (
            f"write {PORT} in the command, have the app read PORT from its environment, or say where it "
            f"listens: --url http://127.0.0.1:{ports[0]}"
        )

    def _say_late(self, *, listens: bool) -> tuple[str, str]:
        """Return the message and the advice for an app that did not answer in time."""
        by_hand = "start it yourself, and give --url in place of --start"
        if listens:
            return f"the app listens on port {self.port}, and gave no answer within {READY_S:g} s", by_hand
        says = f"the app did not listen on port {self.port} within {READY_S:g} s"
        if PORT in self.name:
            return says, by_hand
        return says, f"write {PORT} in the command, or have the app read PORT from its environment"

    def _fail(self, says: str, help: str) -> PgagentsError:
        lines = self._list_last(LAST_LINES)
        printed = "".join(f"\n  | {line}" for line in lines)
        return PgagentsError(f"{says}; its last lines:{printed}" if lines else says, help)

    def _list_last(self, most: int) -> list[str]:
        """Return the last lines that the app printed, without secrets of this environment."""
        lines = [line.rstrip() for line in self._output.read().splitlines() if line.strip()]
        own = [
            value for name, value in os.environ.items() if name.startswith("PGAGENTS_") and "TOKEN" in name
        ]
        shown = mask("\n".join(lines[-most:]))
        for secret in filter(None, (*own, *self._hidden)):
            shown = shown.replace(secret, MASK)
        return [line[:300] for line in shown.splitlines()]

    # -- the run: what is printed meanwhile, and a new start after a crash

    def mark(self) -> int:
        """Return the place where the output ends now."""
        return self._output.mark()

    def read_since(self, mark: int) -> str:
        """Return what the app printed after a place, once it prints no more."""
        until = time.monotonic() + min(MOST_QUIET_S, self._patience_s)
        size = -1
        while size != (size := self._output.mark()) and time.monotonic() < until:
            time.sleep(QUIET_S)
            self._patience_s -= QUIET_S
        text = self._output.read(mark).strip()
        if len(text) <= MOST_READ:
            return text
        head, tail = text[:HEAD_READ], text[HEAD_READ - MOST_READ :]
        return "\n".join([head.rpartition("\n")[0] or head, "…", tail.partition("\n")[2] or tail])

    def _watch(self) -> None:
        """Start the app again each time that it ends, until the run is over."""
        while (child := self._child) is not None:
            code = child.wait()
            with self._lock:
                if self._over:
                    return
                self._ends += 1
                again = "it is started again" if self._ends <= MOST_STARTS else "it is not started again"
                self._output.add(f"\n[the process ended {describe_end(code)}; {again}]\n".encode())
                if self._ends > MOST_STARTS:
                    return
                end_group(child.pid, 0)
            time.sleep(self._ends * PAUSE_S)
            with self._lock:
                if self._over:
                    return
                try:
                    self._spawn()
                except OSError as error:
                    self._output.add(f"[it cannot be started again: {error.strerror}]\n".encode())
                    return

    # -- the end

    def stop(self) -> None:
        """End the app and its children."""
        with self._lock:
            self._over = True
        try:
            if self._child is not None:
                end_group(self._child.pid, END_S, self._child.poll)
                self._child.wait()
        finally:
            self._guard.dismiss()
        for thread in (self._reading, self._watching):
            if thread.is_alive():
                thread.join(MOST_QUIET_S)


@contextmanager
def starting(
    command: str | None,
    url: str | None,
    document: str | None = None,
    *,
    cacert: Path | None = None,
    hidden: Sequence[str] = (),
) -> Iterator[App | None]:
    """Yield the started app until the block ends, however it ends; None without a command.

    `document` is what the command line names as the API's OpenAPI document, `hidden` are secrets that no
    message may show. Raises PgagentsError if the app does not start.
    """
    if command is None:
        yield None
        return
    with signals(hangup=True):
        app = App(command, url, cacert=cacert, hidden=hidden)
        try:
            app.start(document if is_served(document) else None)
            yield app
        finally:
            app.stop()


@contextmanager
def starting_of(line: L) -> Iterator[tuple[L, App | None]]:
    """Yield a command line with the addresses of the app that it starts, until the block ends.

    It is unchanged, and the app None, if it starts none. Raises PgagentsError if the app does not start.
    """
    from pgagents.cli.inputs.server import list_named

    if line.start is None:
        yield line, None
        return
    hidden = list_named(line.identity)
    with starting(line.start, line.url, line.openapi, cacert=line.cacert, hidden=hidden) as app:
        assert app is not None
        mcp_url = app.fill(line.mcp_url) if line.mcp_url is not None else None
        yield replace(line, url=app.url, openapi=app.locate(line.openapi), mcp_url=mcp_url), app


# -- addresses and ports


def find_free_port() -> int:
    """Return a port of this machine where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


def _check_host(url: str) -> None:
    """Raise PgagentsError for a URL that is wrong, or not of this machine."""
    from pgagents.client.environment import base_url

    if urlsplit(base_url(url)).hostname not in LOOPBACK:
        raise PgagentsError(
            f"--url {hide_in_address(url)} is another machine, and --start starts the app on this one",
            f"give --url http://127.0.0.1:{PORT}, or leave one of the two out",
        )


def _check_port(url: str) -> int:
    """Return the port of a URL. Raises PgagentsError if something listens there."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with contextlib.suppress(OSError), socket.create_connection((parts.hostname or "", port), 1):
        raise PgagentsError(
            f"--start: something listens on port {port} already",
            f"end it, or leave --url out, so that a free port is taken ({PORT} in the command)",
        )
    return port


def list_ports(group: int) -> list[int]:
    """Return the TCP ports where the processes of a group listen. Empty where the system does not tell it."""
    sockets: set[str] = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            files = list((process / "fd").iterdir()) if os.getpgid(int(process.name)) == group else []
            for file in files:
                with contextlib.suppress(OSError):  # raised for a file that was closed in the meantime
                    sockets.add(str(file.readlink()))
    ports = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENS and f"socket:[{fields[9]}]" in sockets:
                    ports.add(int(fields[1].rpartition(":")[2], 16))
    return sorted(ports)


LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""


# -- processes and their group


def describe_end(code: int) -> str:
    """Return how a process ended, from its code as `subprocess` has it: `with exit code 1`, `by SIGKILL`."""
    if code >= 0:
        return f"with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"by {signal.Signals(-code).name}"
    return f"by signal {-code}"


def has_processes(group: int) -> bool:
    """True if a process group has a process."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def end_group(group: int, patience_s: float, reap: Callable[[], object] = lambda: None) -> None:
    """End the processes of a group: ask them to, and kill those that are there after so many seconds.

    `reap` is called while it waits, as an ended process belongs to its group until its parent asks for its
    code.
    """
    until = time.monotonic() + patience_s
    gone = False
    try:
        if patience_s:
            _signal(group, signal.SIGTERM)
        while not gone and time.monotonic() < until:
            reap()
            gone = not has_processes(group)
            time.sleep(0 if gone else LOOK_S)
    finally:
        if not gone:
            _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


_GUARD = f"""
import os, signal, sys, time
group = 0
for line in sys.stdin:
    group = int(line)
try:
    if group:
        os.killpg(group, signal.SIGTERM)
        until = time.monotonic() + {END_S}
        while time.monotonic() < until:
            os.killpg(group, 0)
            time.sleep({LOOK_S})
        os.killpg(group, signal.SIGKILL)
except OSError:
    pass
"""
"""The program of the guard. It reads the number of each group, and 0 when there is none to end any more."""


class _Guard:
    """A process that ends the app's group when this process is gone, even if it was killed."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, group: int) -> None:
        """Let it end this group from now on."""
        with contextlib.suppress(OSError):
            assert self._child.stdin
            self._child.stdin.write(f"{group}\n".encode())
            self._child.stdin.flush()

    def dismiss(self) -> None:
        """Let it end without ending anything."""
        self.watch(0)
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            self._child.communicate(timeout=END_S)
