"""Get secrets from commands, such as a cloud's access token.

A command runs without a shell and within limits, and its output is never shown. It runs again when its secret
has expired, and once if the server refuses the secret.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pgagents.errors import PgagentsError
from pgagents.model.credential import Credential
from pgagents.text.brief import brief

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
