"""The type of a finding about a package."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.source.diagnostics import Severity
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding by its code in the judge's table.

    `file` is a path from the plugin's root; empty for the package itself. `detail` describes the file's
    content. `help` and `severity` replace those of the table. `line` is the place in a text that has no
    values.
    """

    code: str
    file: str = ""
    pointer: Pointer = ()
    detail: str = ""
    help: str = ""
    severity: Severity | None = None
    line: int = 0
