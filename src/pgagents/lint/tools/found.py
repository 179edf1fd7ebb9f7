"""The type of a finding about a tool list."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.source.diagnostics import Severity
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Found:
    """A finding. `requirement` names the row of schemas/requirements.

    A MUST is an error and a SHOULD a warning, unless `severity` says otherwise.
    """

    requirement: str
    message: str
    pointer: Pointer
    help: str
    severity: Severity | None = None
