"""A verification's report: header, findings, footer. Plain values; the forms are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pgagents.http import Request, Response, Silence
from pgagents.model.contract import Contract, Verdict

ELSEWHERE = "another shard's"
"""The reason of a contract that `--shard` left to another part of the run."""


@dataclass(frozen=True, slots=True)
class RecordedExchange:
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

    `also` names further contracts broken by the same cause. `known` says why it is accepted, where a baseline says so.
    """

    contract: Contract
    severity: Literal["error", "warning"]
    expected: str
    actual: str
    exchanges: tuple[RecordedExchange, ...]
    stable: bool | None = None
    also: tuple[str, ...] = ()
    known: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What was verified, and how.

    `in_repository` is the catalogue's path from the root of its repository, where that is known; `again` the command line
    that repeats the run, without seed and contract; `shard` which part of how many this is.
    """

    tool: str
    version: str
    catalogue: str
    catalogue_sha256: str
    url: str
    seed: int
    profile: str
    started_at: str
    contracts: int
    in_repository: str = ""
    again: str = ""
    shard: tuple[int, int] | None = None


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
    may_exist: tuple[str, ...] = ()
    """What creates without an answer may have made."""
    lasting: tuple[str, ...] = ()
    """What was made and nothing takes back, counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """The whole verification.

    `checks` tells of each check what it proves, in its own words; `stale` names the lines of the baseline that no longer hold;
    `carried` says of each surface that is no wire of its own which calls it ends in (`action@surface`).
    """

    header: Header
    findings: tuple[Finding, ...]
    results: tuple[Result, ...]
    footer: Footer
    checks: Mapping[str, str] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    carried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 something found that is not known, 3 not everything selected could be tried, or nothing was selected; 0 neither."""
        if self.stale or any(not f.known for f in self.findings):
            return 1
        if self.footer.by_verdict.get(Verdict.UNTESTED, 0) or not self.footer.complete or self.proves_nothing:
            return 3
        return 0

    @property
    def proves_nothing(self) -> bool:
        """Whether no contract was judged at all, which is no success; a shard may have come away empty."""
        judged = any(self.footer.by_verdict.get(v, 0) for v in (Verdict.KEPT, Verdict.BROKEN, Verdict.UNTESTED))
        return bool(self.results) and not judged and self.header.shard is None
