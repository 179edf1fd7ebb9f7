"""Read an API's URL and keys from environment variables and from commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.text import brief, find_unreachable, hide_in_address, is_example
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.identity import name_holder, variable_of_scheme

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model


RUN_URL, RUN_KEY, RUN_SERVERS = "PGAGENTS_RUN_URL", "PGAGENTS_RUN_KEY", "PGAGENTS_RUN_SERVERS"
"""The variables in which a run of `verify` tells the MCP server that it starts the API's URL, main key and
other servers (`NAME=URL …`).

They go before all options of that server, so that no call of a run reaches another host than the run's own.
"""
NO_KEY_HAS = "characters that no key has"
_BEFORE_KEY = re.compile(r"(?:Authorization: *)?(Bearer|Token|Api-?Key) +\S", re.I)
"""A key that was copied with what a header has before it. No other word is told, as it may be a secret."""


def variable(model: Model, which: str) -> str:
    """Return the variable of `key` or `url`: by `surfaces.mcp.env`, else `<API>_API_KEY` or
    `<API>_API_URL`.
    """
    surface = model.surfaces.get("mcp")
    named = surface.env.get(which) if surface else None
    return named or f"{model.api.id.upper()}_API_{which.upper()}"


def api_url(model: Model, given: str | None) -> str:
    """Return the API's URL: that of the run which started this, else the given one, else from the catalogue's
    variable, else the catalogue's server.

    Raises PgagentsError for a URL that is invalid, and if all that is known is a placeholder.
    """
    if of_run := os.environ.get(RUN_URL):
        return base_url(of_run, RUN_URL)
    if given is not None:
        return base_url(given)
    name = variable(model, "url")
    if os.environ.get(name):
        return base_url(os.environ[name], name)
    if is_example(model.api.server):
        raise PgagentsError(
            f"nothing says where the API runs: {model.api.server} is a placeholder",
            f"write `api: {{server: https://…}}`, give --url URL, or export {name}=URL",
        )
    return str(model.api.server)


def api_key(
    model: Model,
    *first: str,
    described: Mapping[str, str] | None = None,
    secrets: CommandSecrets | None = None,
) -> dict[str, str]:
    """Return the secret of each scheme, from the first variable that is set; others are left out.

    `described` maps keys of a server description to their variables, which are tried first. Raises
    PgagentsError for a value that no key can have.
    """
    found, named = {}, described or {}
    for scheme, credential in model.credentials.items():
        holder = name_holder(model, "main", scheme)
        if secrets is not None and holder in secrets.commands:
            found[scheme] = secrets.find(holder)
            continue
        names = [variable_of_scheme(model, scheme, one) for one in (*first, RUN_KEY, variable(model, "key"))]
        names = [named[holder]] if holder in named else names
        name = next((name for name in names if os.environ.get(name)), None)
        if name is not None:
            found[scheme] = header_safe(os.environ[name], name, credential)
    return found


def base_url(url: str, flag: str = "--url") -> str:
    """Return the URL without trailing slashes; `flag` names its source. Raises PgagentsError for an
    invalid server URL.
    """
    example = f"give it as {'http' if 'plain' in flag else 'https'}://staging.example.com"
    shown = hide_in_address(url)
    if not re.match(r"https?://[^/?#]", url, re.I) or any(c.isspace() or not c.isprintable() for c in url):
        raise PgagentsError(f"{flag} {shown!r} is not an http or https URL", example)
    if why := find_unreachable(url):
        raise PgagentsError(f"{flag} {shown!r}: {why}", example)
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise PgagentsError(
            f"{flag} {shown!r} has more than scheme, host, port and path",
            f"{example}; the key comes from PGAGENTS_TOKEN",
        )
    return url.rstrip("/")


def header_safe(key: str, where: str, credential: Credential | None = None) -> str:
    """Return the key without surrounding blanks.

    Raises PgagentsError, without repeating the key, if it cannot be sent in a header or is not
    `user:password` where that is required.
    """
    key = key.strip()
    if credential is not None:
        problem = credential.find_problem(key)
    else:
        plain = key and key.isascii() and key.isprintable() and " " not in key
        problem = "" if plain else NO_KEY_HAS
    if problem:
        help = "check for quotes, blanks and line breaks"
        if (word := _BEFORE_KEY.match(key)) is not None:
            help = (
                f"write the key alone, without `{word[1]}`; where the document does not name the word: "
                f"--auth header:Authorization:{word[1]}"
            )
        if credential is not None and credential.encoded and ":" not in key:
            help += "; is it the key of another scheme of the document? add --auth, such as header:X-API-Key"
        raise PgagentsError(f"{where} holds {problem}", help)
    return key


# -- commands


MOST_S = 30.0
MOST_BYTES = 16_384
EARLY = 0.1
"""The last fraction of a secret's lifetime, in which it is no longer used."""


@dataclass(frozen=True, slots=True)
class SecretCommand:
    """A command whose standard output is a secret. It runs in `folder`, which contains its description."""

    words: tuple[str, ...]
    folder: Path
    lives_s: float | None = None

    def run(self, most_s: float = MOST_S) -> str:
        """Return the command's output without surrounding blanks.

        Raises PgagentsError, whose message contains nothing of the output.
        """
        called = f"the command {brief(self.words[0], 80)}"
        try:
            process = subprocess.Popen(
                self.words,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else "it has a NUL"
            raise PgagentsError(f"{called} cannot be started: {said}", "give it as a list of words") from None
        output, late = _read(process, most_s)
        if late:
            raise PgagentsError(f"{called} took more than {most_s:g} s", "it must print a secret and end")
        if len(output) > MOST_BYTES:
            raise PgagentsError(
                f"{called} printed more than {MOST_BYTES:,} bytes", "it must print the secret alone"
            )
        if process.returncode:
            raise PgagentsError(f"{called} ended with {process.returncode}", "run it by hand: does it print?")
        return output.decode("utf-8", "replace").strip()


def _read(process: subprocess.Popen[bytes], most_s: float) -> tuple[bytes, bool]:
    """Return a process's output, cut after MOST_BYTES, and True if the time limit was reached."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(most_s, stop)
    timer.start()
    try:
        assert process.stdout is not None
        with process.stdout as pipe:
            output = pipe.read(MOST_BYTES + 1)
        if len(output) > MOST_BYTES:
            _kill(process)
        process.wait()
    finally:
        timer.cancel()
        if process.returncode is None:
            _kill(process)
            process.wait()
    return output, late.is_set()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all processes that it started, which may keep the pipe open.

    The process has not been waited for, so its number still belongs to it.
    """
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:  # the process has ended in the meantime
        pass


@dataclass(slots=True)
class _Held:
    secret: str
    until: float
    renewed: bool = False
    """True if a refusal made the command run again, and no call has been accepted since."""


@dataclass
class CommandSecrets:
    """The secrets of commands, by holder (`main`, `main.otp`). `credentials` describe the form of a
    secret.
    """

    commands: Mapping[str, SecretCommand]
    credentials: Mapping[str, Credential | None]
    clock: Callable[[], float] = time.monotonic
    held: dict[str, _Held] = field(default_factory=dict)

    def find(self, holder: str) -> str:
        """Return the secret of a holder with a command. An expired secret is renewed first.

        Raises PgagentsError.
        """
        known = self.held.get(holder)
        if known is None or self.clock() >= known.until:
            known = self.held[holder] = self._run(holder)
        return known.secret

    def renew(self, holder: str) -> bool:
        """Run the command of a refused secret again, at most once until a call is accepted.

        Return True if the command printed a different secret. Raises PgagentsError.
        """
        known = self.held.get(holder)
        if known is None or known.renewed or holder not in self.commands:
            return False
        known.renewed = True
        new = self._run(holder)
        new.renewed = True
        if new.secret == known.secret:
            return False
        self.held[holder] = new
        return True

    def confirm(self, holder: str) -> None:
        """Note that a call with the secret was accepted, so that a later refusal may renew it."""
        if holder in self.held:
            self.held[holder].renewed = False

    def _run(self, holder: str) -> _Held:
        command = self.commands[holder]
        started = self.clock()
        secret = command.run()
        credential = self.credentials.get(holder)
        plain = secret.isascii() and secret.isprintable() and bool(secret)
        problem = credential.find_problem(secret) if credential is not None else "" if plain else "no secret"
        if problem:
            raise PgagentsError(
                f"the command of `{holder}` printed {problem}", "it must print the secret alone, on one line"
            )
        before = self.held.get(holder)
        find_mode = credential.find_mode if credential is not None else lambda _: None
        if before is not None and find_mode(secret) != find_mode(before.secret):
            raise PgagentsError(f"the command of `{holder}` printed a key of another mode", "stay with one")
        lives = command.lives_s * (1 - EARLY) if command.lives_s is not None else float("inf")
        return _Held(secret, started + lives)
