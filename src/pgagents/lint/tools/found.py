"""What a judge of tool lists finds: a requirement's row, the words, and the place."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.source.diagnostics import Severity
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Found:
    """`requirement` names the row of schemas/requirements; a MUST is an error, a SHOULD a warning, unless `severity` says otherwise."""

    requirement: str
    message: str
    pointer: Pointer
    help: str
    severity: Severity | None = None
