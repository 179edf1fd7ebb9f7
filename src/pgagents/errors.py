"""Errors in the call or in the world, each with the exit code it ends in.

Errors in the *input* are values (`Diagnostic`); errors in *us* are tracebacks.
"""

from __future__ import annotations

from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Source


class PgagentsError(Exception):
    """A wrong call or an unreadable input: one message, one next step."""

    exit_code = 2

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class SetupError(PgagentsError):
    """A server that nothing can be tried on: not there, not the API's, or closed to the key."""

    exit_code = 3


class InputError(PgagentsError):
    """A file that does not hold what it should; carries every diagnostic of it."""

    def __init__(self, diagnostics: list[Diagnostic], source: Source | None = None) -> None:
        super().__init__(f"{len(diagnostics)} error{'s' if len(diagnostics) != 1 else ''}")
        self.diagnostics = diagnostics
        self.source = source
