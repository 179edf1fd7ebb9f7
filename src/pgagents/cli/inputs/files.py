"""Read paths and URLs in bounded time and memory, write files atomically, and find the folder for caches."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from pgagents.base.text import find_unreachable, hide_secrets

MAX_BYTES = 48_000_000
TIMEOUT_S = 30.0
_LOGIN = ("login", "log-in", "signin", "sign-in", "sign_in", "sso", "saml")


_until: ContextVar[float | None] = ContextVar("until", default=None)
"""The time of `time.monotonic` at which every fetch must end; None for no such time."""


@contextmanager
def ending_after(seconds: float | None) -> Iterator[None]:
    """Let all fetches in the block together take so many seconds at most; None for no limit."""
    before = _until.set(None if seconds is None else time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(before)


def _find_seconds_left() -> float:
    """Return the seconds that a fetch may take."""
    until = _until.get()
    return TIMEOUT_S if until is None else max(0.05, min(TIMEOUT_S, until - time.monotonic()))


def fetch(location: str, headers: Mapping[str, str] | None = None, *, called: str = "") -> bytes:
    """Return the bytes of a path or URL. Raises PgagentsError; redirects are not followed.

    `headers` are sent to a URL. `called` is its name in messages, if the URL itself holds a key.
    """
    from pgagents.base.errors import PgagentsError

    if location.lower().startswith(("http://", "https://")):
        return _over_http(location, headers or {}, called or location)
    if "://" in location:
        raise PgagentsError(
            f"cannot read {hide_secrets(location)}: neither a path nor an http address",
            "give a file, or a URL that begins https://",
        )
    try:
        handle = os.open(location, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as stream:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise PgagentsError(
                    f"cannot read {location}: it is a folder, a pipe or a device, not a file",
                    "write it into a file first",
                )
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PgagentsError(f"cannot read {location}: {error.strerror}", "give a file or a URL") from None
    except ValueError as error:
        raise PgagentsError(f"cannot read {location!r}: {error}", "give a file or a URL") from None
    return _check_size(raw, location)


def _over_http(url: str, headers: Mapping[str, str], called: str) -> bytes:
    import asyncio

    import httpx

    from pgagents.base.errors import PgagentsError
    from pgagents.verify.wire.lease import find_lease

    shown, most_s = hide_secrets(called), _find_seconds_left()
    if (lease := find_lease()) is not None:
        lease.check()
        most_s = min(most_s, max(0.05, lease.find_seconds_left()))
    if why := find_unreachable(url):
        raise PgagentsError(f"cannot read {shown}: {why}", "correct the address")
    try:
        raw = asyncio.run(_got(url, shown, most_s, headers))
    except TimeoutError:
        raise PgagentsError(
            f"{shown} was not read within {most_s:.2g} s", "fetch it yourself and give the file"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise PgagentsError(
            f"cannot read {shown}: {str(error) or type(error).__name__}",
            "is the address right, and the host up?",
        ) from None
    return _check_size(raw, shown)


async def _got(url: str, shown: str, most_s: float, headers: Mapping[str, str]) -> bytes:
    """Return the body, up to a little over the limit. Messages name the URL as `shown`.

    The time limit is for the whole exchange, because a server may send slowly.
    """
    import asyncio

    import httpx

    from pgagents.base.errors import PgagentsError
    from pgagents.base.http import Inflater

    raw = bytearray()
    async with (
        asyncio.timeout(most_s),
        httpx.AsyncClient(timeout=2 * TIMEOUT_S, follow_redirects=False) as client,
        client.stream("GET", url, headers={**headers, "Accept-Encoding": "gzip"}) as answer,
    ):
        if answer.is_redirect:
            location = answer.headers.get("location", "?")
            raise PgagentsError(f"{shown} redirects to {hide_secrets(location)}", _advise_on(location))
        if answer.status_code in (401, 403):
            raise PgagentsError(
                f"{shown} answers {answer.status_code}",
                "save it to a file, as you see it when signed in, and give that; verify also sends it the "
                "key of PGAGENTS_TOKEN as --auth says, if it is at the origin of --url",
            )
        if answer.status_code != 200:
            raise PgagentsError(
                f"{shown} answers {answer.status_code}",
                "give the address of the document itself; servers often have it at /openapi.json or "
                "/v3/api-docs",
            )
        inflater = Inflater(",".join(answer.headers.get_list("content-encoding")))
        async for part in answer.aiter_raw():
            for piece in inflater.feed(part):
                raw += piece
                if len(raw) > MAX_BYTES:
                    return bytes(raw)
    return bytes(raw)


def _advise_on(location: str) -> str:
    """Return what to do about a redirect of a document. Behind a login there is only a page."""
    if any(word in location.partition("?")[0].lower() for word in _LOGIN):
        return "it wants a login: save the document to a file, as you see it when signed in, and give that"
    whole = "" if hide_secrets(location) == location else "; `curl -I` prints it whole"
    return f"give that address, if you trust it{whole}"


def _check_size(raw: bytes, name: str) -> bytes:
    from pgagents.base.errors import PgagentsError

    if len(raw) > MAX_BYTES:
        raise PgagentsError(
            f"{name} has more than {MAX_BYTES:,} bytes; that is the most read", "give a part of it"
        )
    return raw


def write_both(files: Mapping[Path, bytes]) -> None:
    """Write all files, each through a temporary file beside it. If one cannot be written, none is changed.

    Permissions stay. Raises PgagentsError if a file cannot be written, or is a symbolic link, because what it
    leads to may belong to somebody else.
    """
    from pgagents.base.errors import PgagentsError

    aside: dict[Path, Path] = {}
    try:
        for path, raw in files.items():
            if path.is_symlink():
                says = f"nothing is written: {path} is a symbolic link, which leads to {path.readlink()}"
                raise PgagentsError(says, "remove it, or name the file that it leads to")
            path.parent.mkdir(parents=True, exist_ok=True)
            aside[path] = _write_beside(path, raw)
        for path, beside in aside.items():
            beside.replace(path)
    except OSError as error:
        raise PgagentsError(
            f"cannot write {path}: {error.strerror}", "name a place that can be written"
        ) from None
    finally:
        for beside in aside.values():
            beside.unlink(missing_ok=True)


def replace_file(path: Path, raw: bytes) -> None:
    """Write a file through a temporary file beside it, so that no reader sees half of it.

    A symbolic link is replaced, and the file that it leads to stays as it is.
    """
    beside = _write_beside(path, raw)
    try:
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_beside(path: Path, raw: bytes) -> Path:
    """Write a new file beside another, with its permissions; return the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
        umask = os.umask(0)
        os.umask(umask)
        there = path.is_file() and not path.is_symlink()
        Path(name).chmod(stat.S_IMODE(path.stat().st_mode) if there else 0o666 & ~umask)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


# -- the folder for caches.
#
# Without it, Hypothesis would make `.hypothesis` in the current folder.


def keep_out_of_here() -> None:
    """Send Hypothesis's files to the user's cache folder, unless the user chose another."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder() / "hypothesis"))


def folder() -> Path:
    """Return the XDG cache folder, or a temporary one of this process where there is no home."""
    return lasting() or _passing()


def lasting() -> Path | None:
    """Return the user's own cache folder; None where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = (
        Path(given)
        if Path(given).is_absolute()
        else Path("~/.cache").expanduser()
        if os.environ.get("HOME")
        else None
    )
    return home / "pgagents" if home else None


@cache
def _passing() -> Path:
    """Return a temporary folder that is deleted when the process ends."""
    made = tempfile.mkdtemp(prefix="pgagents-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


# -- a limit of time


MAX_SECONDS = 60.0
"""Seconds of the processor that reading and converting a document may take, however busy the machine is."""
AGAIN_S = 0.1
"""Seconds after which the error is raised again.

Python drops an error that is raised in a finalizer or in a callback of the garbage collector.
"""


@contextmanager
def within(seconds: float, message: str, help: str) -> Iterator[None]:
    """Raise this error inside the block when it has taken so many seconds of the processor.

    It needs a timer signal and the main thread. Elsewhere (Windows) only steps and bytes limit the work.
    """
    from pgagents.base.errors import PgagentsError

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: Any) -> None:
        raise PgagentsError(message, help)

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
