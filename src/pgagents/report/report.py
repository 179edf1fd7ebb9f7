"""A verification's report: header, findings, footer. Plain values; the forms are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pgagents.contract import Contract, Verdict
from pgagents.wire import Request, Response, Silence


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what came back. `why` says what generated it, `role` whose key it carried (empty: none).

    `number` counts from 1 in the order sent; secrets are redacted before an exchange reaches a report.
    """

    number: int
    request: Request
    answer: Response | Silence
    seconds: float
    why: str
    role: str = "main"
    action: str = ""
    surface: str = ""
    base: str = ""
    """The base URL it went to, where that is not the report's own."""


@dataclass(frozen=True, slots=True)
class Result:
    """A contract with its verdict; `reason` says why it is not kept."""

    contract: Contract
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise: what was promised, what came back, and the fewest exchanges that show it.

    `same` counts further contracts broken by the same cause, named in `also`.
    """

    contract: Contract
    severity: Literal["error", "warning"]
    expected: str
    actual: str
    exchanges: tuple[Exchange, ...]
    stable: bool | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What was verified, and how."""

    tool: str
    version: str
    catalogue: str
    catalogue_sha256: str
    url: str
    seed: int
    profile: str
    started_at: str
    contracts: int


@dataclass(frozen=True, slots=True)
class Footer:
    """Counts; `complete` is false where the run was cut short."""

    requests: int
    seconds: float
    by_verdict: Mapping[Verdict, int]
    complete: bool
    served: Mapping[str, int] = field(default_factory=dict)
    left_behind: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds_generating: float = 0.0
    seconds_sending: float = 0.0
    seconds_judging: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The whole verification."""

    header: Header
    findings: tuple[Finding, ...]
    results: tuple[Result, ...]
    footer: Footer

    @property
    def exit_code(self) -> int:
        """1 something found, 3 not everything selected could be tried, 0 neither."""
        if self.findings:
            return 1
        if self.footer.by_verdict.get(Verdict.UNTESTED, 0) or not self.footer.complete:
            return 3
        return 0
