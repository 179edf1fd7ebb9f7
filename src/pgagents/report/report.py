"""A verification's report: header, findings, results, footer. Plain values; `formats` has the output
formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import Literal

from pgagents.base.http import Request, Response, Silence
from pgagents.base.text import correct_articles
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.report.reason import rephrase

ELSEWHERE = "another shard's"
"""The reason of a contract that `--shard` left to another shard."""
GENERATED = "a generated call"
"""The purpose of a random call. A run of chosen contracts makes none, unless it is deep."""


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One request with its answer; secrets are redacted before an exchange reaches a report.

    `number` counts from 1 in the order sent. `why` names the purpose of the request, `role` the identity
    whose key it carries (empty: none).
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
    """The base URL of the request, if it differs from the report's."""
    key_header: str = "Authorization"
    """The request header that carries the key; empty if the API has none."""
    certificate: bool = False
    """True if the connection had the client certificate."""
    printed: str = ""
    """The text that the server's process printed from the request to its 5xx, or until no answer came.

    It is empty unless the run started the server. Other requests of that time may be in it.
    """
    arguments: tuple[str, ...] = ()
    """The headers, in small letters, that are arguments of the action although clients send them too."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """The environment variables of keys, by role, where the caller named others than the usual ones."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "why", correct_articles(self.why))


@dataclass(frozen=True, slots=True)
class Result:
    """A contract with its verdict. `reason` says why it is not kept, or which part was not examined."""

    contract: Contract
    verdict: Verdict
    reason: str = ""
    excused: bool = False
    """True for an untested contract of which no run of this kind can promise a verdict.

    It follows from an inferred part or from a document, or what the server holds does not show it. It is
    counted, and does not change the exit code.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", rephrase(self.reason, correct_articles(self.reason)))


Severity = Literal["error", "odd"]
"""`odd` means that only an inferred, unconfirmed promise is contradicted."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a contract is broken.

    Contracts with the same `key` are one finding. `claim` is the outcome of the call and the claim about it,
    which different checks may share.
    """

    key: str
    claim: str


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes in a finding, by which the findings of shards are joined.

    `key` is that of the finding, and `claims` are those of its contracts. `derived` has the cause of each
    contract that only says of one surface what others say of the API, unless one exchange shows both.
    """

    key: str
    claims: tuple[str, ...] = ()
    derived: Mapping[str, Cause] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken contract: the expected and the actual answer, and the last exchanges up to its first break.

    `also` names further contracts broken by the same cause. `known` is the baseline's reason for accepting
    it.
    """

    contract: Contract
    rank: Rank
    expected: str
    actual: str
    exchanges: tuple[RecordedExchange, ...]
    stable: bool | None = None
    also: tuple[str, ...] = ()
    known: str = ""
    also_curl: Mapping[str, str] = field(default_factory=dict)
    """The curl command of the last request that broke each of `also`, where a request did."""
    causes: Causes | None = None
    """None for a finding of a report that has none, such as a merged one."""
    shown_by: str = ""
    """The contract of the same cause whose exchanges these are; empty if they are of `contract` itself.

    A finding that a baseline splits in two has only those of the contract that broke first.
    """
    own_curl: str = ""
    """With `shown_by`, the curl command of the last request that broke `contract` itself, if known."""
    member: str = ""
    """The wrong member of the last answer, as steps with dots (`items.0.price`); empty if none is known."""
    claim: str = ""
    """`actual` without its values; empty if they are not known."""
    plain: bool = False
    """True if it happened again without the headers that only some clients send."""
    when: str = ""
    """The arguments of the call that matter, as a clause such as `priority is 5`; empty if not known."""
    confirm: str = ""
    """The line of a catalogue over the document that makes an odd finding count, if the guess is right.

    Empty if no such line does.
    """
    lines: tuple[str, ...] = ()
    """The lines of a catalogue that explain a finding which was read from a file."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "expected", correct_articles(self.expected))

    @property
    def severity(self) -> Severity:
        """Return `odd` for a mild finding, and `error` for any other."""
        return "odd" if self.is_mild else "error"

    @property
    def is_mild(self) -> bool:
        """True if its rank is below `lax`, so that it fails no usual run."""
        return not self.rank.is_at_least(Rank.LAX)


@dataclass(frozen=True, slots=True)
class Header:
    """The subject and settings of a verification.

    `in_repository` is the catalogue's path from the root of its repository, if known. `again` is the command
    line that repeats the run, without seed and contract. `shard` is the number of this shard and the number
    of all.
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
    fail_on: Rank = Rank.LAX
    """The mildest rank of a finding that makes the exit code 1."""
    title: str = ""
    """The API's name and version."""
    unasked: tuple[str, ...] = ()
    """The surfaces that nobody asked for. They are offered by default, and no file of theirs was built."""
    day: str = ""
    """The day by which made-up times were chosen, as in `--day`; empty if no value was made up."""


BOUGHT = "Bought or sent, and not undone"
"""The title of the calls that moved money or sent something to people."""


@dataclass(frozen=True, slots=True)
class NotCalled:
    """A GET of a document, or a tool, that acts by its own words, so that a run sent nothing to it.

    `operation` is `GET /path` or the tool's name, `why` the word that decided or the quoted summary, and
    `reason` both in words. `action` is its action; it is empty for a tool, and for a GET without an action.
    """

    operation: str
    why: str
    reason: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """An argument of writes of which a run sends only some values.

    `why` is what others may do, and `allow` has what `--allow` takes for each action.
    """

    argument: str
    why: str
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """The calls that a run left out because they act by their words; `total` counts all GETs or tools.

    `of_actions` is true if so many act that only those were called that surely read. `arguments` are those
    of writes whose values may reach what is not the run's own.
    """

    calls: tuple[NotCalled, ...] = ()
    total: int = 0
    of_actions: bool = False
    arguments: tuple[NotSent, ...] = ()

    def left_out(self, contract: Contract) -> bool:
        """True if a contract is of a GET that was left out."""
        return bool(contract.action) and any(call.action == contract.action for call in self.calls)


LONG_DRAWING_S = 2.0
"""Seconds in which random calls are drawn without a word in the report; the JSON report has fewer too."""
LONG_WAIT_S = 1.0
"""Seconds that calls wait for a limit without a line in the report; the JSON report has shorter waits too."""


@dataclass(frozen=True, slots=True)
class Lift:
    """A line of a catalogue over the document, and the number of untested contracts that it may try.

    The author fills in `ID` or `VALUE`.
    """

    resource: str
    contracts: int
    line: str
    actions: tuple[str, ...] = ()
    """The actions of those contracts."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """An older row, such as `note 7`, as it was and as it is. `after` is empty if the row is gone."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """The older rows that were gone or changed after a run's first write, so that writing stopped.

    `verdict` is `caused` if nobody but the run uses the server, `others` if rows went on changing without a
    write, and `unclear` otherwise. `missed` is not about older rows: a call left a row of the run's own as it
    was, and may have reached another. `rows` are some of `count` rows. `calls` are some of the `writes` since
    they were last seen as before, the likeliest first. `others` says what changed without a write.
    """

    verdict: Literal["caused", "others", "unclear", "missed"]
    rows: tuple[ChangedRow, ...]
    count: int
    calls: tuple[RecordedExchange, ...]
    writes: int
    others: str = ""


@dataclass(frozen=True, slots=True)
class Footer:
    """Counts of a run. `complete` is False if the run was cut short."""

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
    """Instances that the run may have made: by calls without a response, or beside what it did make."""
    lasting: tuple[str, ...] = ()
    """Numbers of instances that were made and cannot be removed."""
    workers: int = 1
    """The number of probes that could run at the same time."""
    alone: Mapping[str, int] = field(default_factory=dict)
    """By check, the number of requests during which no other probe ran, in a run with several workers."""
    drawn: tuple[int, int] = (0, 0)
    """The number of operations with random calls, and of those that could have some; 0 and 0 without any."""
    waits: Mapping[str, float] = field(default_factory=dict)
    """The seconds that calls waited for the server's limits, by the limit's name."""
    bought: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By action, the number of calls that moved money or sent something, and of those that may have."""
    gains: tuple[str, ...] = ()
    """Lines on what a catalogue would add to the run of a document.

    The last line is the command that makes one.
    """
    withheld: Withheld = field(default_factory=Withheld)
    """The calls that act by their words, so that the run did not make them."""
    lifts: tuple[Lift, ...] = ()
    """The lines that would try the most of what was not tried, the best one first."""
    seconds_drawing: float = 0.0
    """The seconds in which random calls were drawn, so that nothing was sent."""
    lease_ended: bool = False
    """True if the run's lease ended before the run did, so that nothing more was sent, not even to undo
    something.
    """
    alarm: Alarm | None = None
    """Why the run stopped writing, if something older was gone or changed."""

    @property
    def purchases(self) -> tuple[str, ...]:
        """Return `15 × transcribe` for each action whose calls moved money or sent something.

        A call is in doubt if it got no answer, or a 5xx.
        """
        lines = []
        for name, (done, perhaps) in self.bought.items():
            doubt = f"{perhaps:,} more in doubt" if perhaps else ""
            lines.append(f"{done:,} × {name}" + (f" ({doubt})" if doubt else ""))
        return tuple(lines)

    @property
    def pace(self) -> tuple[str, ...]:
        """Return sentences on what a run of this length left out or waited for."""
        drawn, able = self.drawn
        lines = []
        if able:
            others = "; another --seed chooses others" if drawn < able else ""
            took = f", in {self.seconds_drawing:,.0f} s" if self.seconds_drawing >= LONG_DRAWING_S else ""
            of = f"{drawn:,} of {able:,} operations with arguments to vary"
            lines.append(f"random calls were drawn for {of}{took}{others}")
        for name, seconds in sorted(self.waits.items(), key=lambda one: -one[1]):
            if seconds >= LONG_WAIT_S:
                lines.append(f"calls waited {seconds:,.0f} s for a limit of the server: {name}")
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Untried:
    """The contracts that one reason kept untried.

    `owed` is true if the run should have tried them, and `yours` has the lines of the author's file whose
    promises are among them. `lines` and `options` lift the reason; capitals are to be replaced.
    """

    reason: str
    contracts: tuple[str, ...]
    owed: bool
    yours: tuple[int, ...]
    lines: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proved:
    """A line of the author's file, and what became of the contracts that are made from it.

    `verdict` is `broken`, `odd`, `untried`, `kept`, or `nothing` if no contract is made from it alone.
    """

    line: int
    pointer: str
    verdict: str
    contracts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report.

    `checks` has each check's docstring. `stale` names lines of the baseline that no longer hold. `carried`
    maps each surface without endpoints of its own to the calls that test it (`action@surface`).
    """

    header: Header
    findings: tuple[Finding, ...]
    results: tuple[Result, ...]
    footer: Footer
    checks: Mapping[str, str] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    carried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    untried: tuple[Untried, ...] = ()
    proved: tuple[Proved, ...] = ()
    """Both only of a report that was read from a file; `lines` finds those of a run."""

    def select(self, contract: str) -> str:
        """Return the options of `pgagents verify` that test one contract again under the same conditions."""
        return f"--only {quote(contract)} {self._same_order()}"

    def repeat(self, finding: Finding) -> str:
        """Return the options of `pgagents verify` that show a finding again.

        Only a whole run or a deep one makes random calls, so what one of them showed needs such a run.
        """
        drawn = bool(finding.exchanges) and finding.exchanges[-1].why == GENERATED
        drawn = drawn and self.header.profile != "deep"
        return self._same_order() if drawn else self.select(finding.contract.id)

    def say_command(self, finding: Finding) -> str:
        """Return the command line that shows a finding again."""
        again = self.header.again or f"pgagents verify --url {self.header.url}"
        return f"{again} {self.repeat(finding)}"

    def _same_order(self) -> str:
        day = f" --day {self.header.day}" if self.header.day else ""
        return f"--seed {self.header.seed}{day}"

    @property
    def exit_code(self) -> int:
        """Return the exit code.

        It is 3 if the lease ended before the run. Otherwise it is 1 if a call of the run changed older rows.
        It is 1 as well for new findings of the rank that the caller asked for, or a stale baseline.
        It is 3 if the run ended early, stopped writing or judged nothing, or a call missed what it named.
        An untested contract without an excuse gives 3 too, unless the caller asked for `exposed` alone.
        Otherwise it is 0.
        """
        alarm = self.footer.alarm
        if self.footer.lease_ended:
            return 3
        caused = alarm is not None and alarm.verdict == "caused"
        if caused or self.stale or any(self.counts(finding) for finding in self.findings):
            return 1
        untried = any(r.verdict is Verdict.UNTESTED and not r.excused for r in self.results)
        owed = alarm is not None or (untried and self.header.fail_on is not Rank.EXPOSED)
        return 3 if owed or not self.footer.complete or self.proves_nothing else 0

    def counts(self, finding: Finding) -> bool:
        """Return whether a finding makes the exit code 1."""
        return not finding.known and finding.rank.is_at_least(self.header.fail_on)

    @property
    def proves_nothing(self) -> bool:
        """Return whether no contract was judged at all. An empty shard does not count."""
        judged = any(self.footer.by_verdict.get(v, 0) for v in (Verdict.KEPT, Verdict.BROKEN, Verdict.ODD))
        return bool(self.results) and not judged and self.header.shard is None
