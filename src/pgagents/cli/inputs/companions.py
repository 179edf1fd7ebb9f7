"""Start and end what runs beside the API: its MCP server, and a receiver of events."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pgagents.base.errors import PgagentsError
from pgagents.cli.inputs import options
from pgagents.cli.inputs.options import PASSED

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.server import Target
    from pgagents.verify.wire.mcp_link import Link
    from pgagents.verify.wire.receiver import Inbox


TOKEN = "PGAGENTS_MCP_TOKEN"
"""The variable with the token for the server at --mcp-url. The API's key is never sent there."""
_INHERITED = (
    "APPDATA HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PATHEXT PROCESSOR_ARCHITECTURE "
    "SYSTEMDRIVE SYSTEMROOT TEMP USERNAME USERPROFILE"
    if sys.platform == "win32"
    else "HOME LOGNAME PATH SHELL TERM USER"
).split()
"""The variables that MCP clients give to a server: `get_default_environment` of `mcp.client.stdio`, 1.26."""
_SECRET = re.compile(r"(?:.*_)?(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(?:_.*)?", re.I)
SHORTEST_SECRET = 8


def inherit(passed: Iterable[str]) -> dict[str, str]:
    """Return what the process of a server has of this environment: what each MCP client gives, and the
    `passed` variables. No key of this process is among it unless somebody named it.
    """
    return {name: value for name in (*_INHERITED, *passed) if (value := os.environ.get(name)) is not None}


def _find_passed() -> tuple[str, ...]:
    """Return the names of --pass-env of the command that runs; empty outside of a command."""
    context = click.get_current_context(silent=True)
    return tuple(context.meta.get(PASSED, ())) if context is not None else ()


def list_secrets() -> tuple[str, ...]:
    """Return the values of this environment that look like secrets by their variables' names.

    No report or message may show them. Our own keys have masks that say whose they are.
    """
    return tuple(
        value
        for name, value in os.environ.items()
        if _SECRET.fullmatch(name)
        and not name.startswith("PGAGENTS_")
        # a word or a path, such as `SSL_KEY_FILE=/etc/key.pem`, is none
        and len(value) >= SHORTEST_SECRET
        and re.search(r"[0-9]", value)
        and not value.startswith(("/", "~"))
    )


def mask(text: str) -> str:
    """Return a message without the secrets of this environment."""
    for secret in sorted(list_secrets(), key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    return text


def check(model: Model, url: str | None, command: str | None, *, discovery: bool) -> None:
    """Raise UsageError for conflicting flags, PgagentsError for a catalogue without tools or an invalid
    URL or command.
    """
    if url is None and command is None:
        return
    check_one(url, command)
    if discovery:
        raise click.UsageError("--discovery calls no MCP server: leave out --mcp-url and --mcp-stdio")
    if "mcp" not in model.surfaces:
        raise PgagentsError(
            "the catalogue has no `surfaces.mcp`",
            "add it, with the actions that MCP clients are to be offered",
        )
    check_address(url, command)


def check_one(url: str | None, command: str | None) -> None:
    """Raise UsageError if both a URL and a command name the server."""
    if url is not None and command is not None:
        raise click.UsageError("--mcp-url and --mcp-stdio name one server; give one of them")


def check_address(url: str | None, command: str | None, flag: str = "") -> None:
    """Raise PgagentsError for an invalid URL, and for a command that is empty or lacks its packages.

    `flag` is the option with the value, if it is neither --mcp-url nor --mcp-stdio.
    """
    if url is not None:
        _parts(url, flag or "--mcp-url")
    elif not (words := _words(command or "")):
        raise PgagentsError(
            f"{flag or '--mcp-stdio'} is empty",
            f"give the server's command line: {flag or '--mcp-stdio'} 'python server.py'",
        )
    elif _starts_this_program(words):
        options.require_extras(f"pgagents verify --mcp-stdio {command!r}", "mcp")


def make_plan_link(url: str | None, command: str | None) -> Link | None:
    """Return a link for a plan. Nothing is started or sent."""
    from pgagents.base.http import Silence
    from pgagents.verify.wire.mcp_link import Link

    if url is None and command is None:
        return None
    return Link(
        lambda _: Silence("refused", "nothing is sent"),
        url=url or "",
        token=os.environ.get(TOKEN, "") if url else "",
    )


@contextmanager
def open_foreign(url: str | None, command: str | None, *, cacert: Path | None) -> Iterator[Link]:
    """Yield a link to a server that no catalogue describes.

    Its process gets what `inherit` gives it. Raises PgagentsError for an invalid URL or a process that cannot
    start.
    """
    from pgagents.verify.wire.mcp_link import Link

    if url is not None:
        from pgagents.verify.wire.mcp_link import StreamClient

        base, path = _parts(url)
        with StreamClient(base, cacert=str(cacert) if cacert else None) as client:
            yield Link(client, url=base, path=path, token=token(url))
    else:
        given = inherit(_find_passed())
        from pgagents.verify.wire.mcp_process import Stdio

        with Stdio(_words(command or ""), given) as process:
            yield Link(process, command=command or "", noise=lambda: process.noise)


@contextmanager
def open_link(
    there: Target, url: str | None, command: str | None, keys: Mapping[str, str]
) -> Iterator[Link | None]:
    """Yield the link until the run is over. Raises PgagentsError for an invalid URL or a process that
    cannot start.
    """
    from pgagents.verify.wire.mcp_link import Link

    if url is not None:
        from pgagents.verify.wire.mcp_link import StreamClient

        base, path = _parts(url)
        with StreamClient(base, cacert=str(there.cacert) if there.cacert else None) as client:
            yield Link(client, url=base, path=path, token=token(url))
    elif command is not None:
        given = environment(there.model, inherit(_find_passed()), keys, there.url, there.servers)
        from pgagents.verify.wire.mcp_process import Stdio

        with Stdio(_words(command), given) as process:
            yield Link(process, command=command, noise=lambda: process.noise)
    else:
        yield None


def environment(
    model: Model,
    given: Mapping[str, str],
    keys: Mapping[str, str],
    api: str,
    servers: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of a server process: the `given` variables, the main keys, the API's URL and
    those of its other servers.

    Keys and URL stand under the names of this catalogue, and under those that `pgagents mcp` always reads.
    """
    from pgagents.catalogue.model.identity import find_secret, variable_of_scheme
    from pgagents.client.environment import RUN_KEY, RUN_SERVERS, RUN_URL, variable

    found = dict(given)
    for scheme in model.credentials:
        if secret := find_secret(model, keys, "main", scheme):
            for first in (variable(model, "key"), RUN_KEY):
                found[variable_of_scheme(model, scheme, first)] = secret
    found[variable(model, "url")] = found[RUN_URL] = api
    if servers:
        found[RUN_SERVERS] = " ".join(f"{name}={address}" for name, address in servers.items())
    return found


def token(url: str | None) -> str:
    """Return the remote server's own token, or an empty text.

    Raises PgagentsError if it would be sent without TLS.
    """
    from pgagents.base.http import is_exposed
    from pgagents.client.environment import header_safe

    given = os.environ.get(TOKEN, "") if url is not None else ""
    if not given:
        return ""
    if is_exposed(url or ""):
        raise PgagentsError(
            f"--mcp-url {url} has no TLS, and {TOKEN} is set", "give it as https://…, or unset the variable"
        )
    return header_safe(given, TOKEN)


def _parts(url: str, flag: str = "--mcp-url") -> tuple[str, str]:
    """Return base URL and path. Raises PgagentsError for an invalid URL."""
    from pgagents.client.environment import base_url

    base_url(url, flag)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _starts_this_program(words: list[str]) -> bool:
    """True for `pgagents mcp` of this installation. Its packages can be checked before anything is sent."""
    program = Path(shutil.which(words[0]) or words[0])
    return (
        program.stem == "pgagents"
        and words[1:2] == ["mcp"]
        and program.absolute().parent == Path(sys.executable).parent
    )


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise PgagentsError(f"--mcp-stdio {command!r}: {error}", "quote it as a shell does") from None


# -- `--receiver`: the events of a server under test


AUTO, AUTO_HTTP = "auto", "auto-http"
"""A receiver on a free port of this machine, with TLS or without."""
REACH_S = 10.0


def make_plan_receiver(given: str | None) -> Inbox | None:
    """Return the receiver for a plan. It does not listen."""
    from pgagents.verify.wire.receiver import Inbox

    if given is None:
        return None
    here = {AUTO: "https://127.0.0.1/events", AUTO_HTTP: "http://127.0.0.1/events"}
    return Inbox(here.get(given) or _url(given))


@contextmanager
def receiving(given: str | None, port: int) -> Iterator[Inbox | None]:
    """Yield a listening receiver inside the block, or None. Raises PgagentsError for an invalid URL."""
    if given is None:
        yield None
        return
    from pgagents.verify.wire.receiver import listening

    here = given in (AUTO, AUTO_HTTP)
    with listening(plain=given == AUTO_HTTP) if here else listening(_url(given), port) as inbox:
        if not here:
            _reach(inbox, port)
        yield inbox


def _reach(inbox: Inbox, port: int) -> None:
    """Raise PgagentsError if a request to the receiver's URL does not arrive.

    Otherwise the server would seem to send no events.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.base.http import Request, Response
    from pgagents.verify.wire.send import Client

    inbox.open("reach")
    with Client(inbox.url, timeout_s=REACH_S) as client:
        answer = client(Request("POST", "/reach", (("Content-Type", "application/json"),), b"{}"))
    if not inbox.deliveries("reach"):
        said = (
            f"{answer.status}" if isinstance(answer, Response) else f"{answer.kind} {answer.detail}".strip()
        )
        raise PgagentsError(
            f"what is sent to {inbox.url} does not arrive here ({said})",
            f"have it passed on to http://127.0.0.1:{port}",
        )


def _url(given: str) -> str:
    from pgagents.base.errors import PgagentsError
    from pgagents.client.environment import base_url

    url = base_url(given, "--receiver")
    if not url.startswith("https://"):
        raise PgagentsError(
            f"--receiver {given} is not an https URL",
            "give it as https://…, or `auto` or `auto-http` for a server on this machine",
        )
    return url
