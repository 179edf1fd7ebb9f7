"""Exceptions for wrong usage and for a failing environment, each with the exit code of the process.

Errors in the *input* are values (`Diagnostic`); errors in pgagents itself are tracebacks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.source.diagnostics import Diagnostic
    from pgagents.source.source import Source


class PgagentsError(Exception):
    """A wrong call or an unreadable input: `message` names one problem, `help` one next step. Exit code 2."""

    exit_code = 2

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class SetupError(PgagentsError):
    """The server cannot be tested: it is unreachable, it is another API, or it refuses the key. Exit code
    3.
    """

    exit_code = 3


class InputError(PgagentsError):
    """An input file is invalid. `diagnostics` holds every problem found in it."""

    def __init__(self, diagnostics: list[Diagnostic], source: Source | None = None) -> None:
        super().__init__(f"{len(diagnostics)} error{'s' if len(diagnostics) != 1 else ''}")
        self.diagnostics = diagnostics
        self.source = source
