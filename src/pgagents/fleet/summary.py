"""Sum up the reports of a fleet: a score for each API, the line that would raise it most, and a trend.

Each report is read, reduced to a `Standing`, and forgotten, because those of hundreds of APIs are large.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import read_json
from pgagents.base.places import Source
from pgagents.base.text import brief
from pgagents.fleet.fleet_file import Api, Fleet, name_server
from pgagents.fleet.matrix import list_jobs
from pgagents.fleet.one_sarif import SarifLog
from pgagents.report.contract import Rank, Verdict
from pgagents.report.merge import Part, merge
from pgagents.report.presentation import make_headline, name_place, order_findings
from pgagents.report.read import read
from pgagents.report.report import Finding, Report

FORMAT = 1
MOST_FINDINGS = 5
"""Findings of an API that the page shows; its own report has all."""
MOST_HISTORY = 60
"""Earlier reports whose scores are kept."""
MAX_BYTES = 50_000_000
MOST_TEXT = 300
_COUNTED = (Verdict.KEPT, Verdict.BROKEN, Verdict.ODD, Verdict.UNTESTED)
WORK = "work"
"""The folder in which `pgagents fleet run` keeps what is not a report."""


@dataclass(frozen=True, slots=True)
class Raise:
    """The step that would raise a score most. `contracts` counts what it may turn into kept promises.

    `kind` is mend, write or try; `line` is the place of the promise, or the line of a catalogue to write.
    """

    kind: str
    text: str
    line: str
    contracts: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One finding of an API: its rank, headline and place, and the number of contracts that it breaks."""

    rank: str
    headline: str
    place: str
    contracts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The result of one API. `missing` says why there is none; everything else is empty then.

    `score` is the percentage of kept contracts among those that the run selected, rounded down. `broken` has
    the ids of the broken contracts.
    """

    name: str
    url: str
    missing: str = ""
    title: str = ""
    started_at: str = ""
    kept: int = 0
    counted: int = 0
    requests: int = 0
    seconds: float = 0.0
    exit_code: int = 3
    complete: bool = False
    ranks: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Shown, ...] = ()
    broken: tuple[str, ...] = ()
    best: Raise | None = None

    @property
    def score(self) -> int:
        """The percentage of kept contracts; 0 without a report."""
        return 100 * self.kept // self.counted if self.counted else 0

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """The place in the list: what did not run, then by the worst finding, then by the score."""
        places = [rank.place for rank in Rank if self.ranks.get(rank.value)]
        return not self.missing, min(places, default=len(Rank)), self.score, self.name


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of one API to the report before: its former score, and contracts that broke or hold."""

    score: int
    newly_broken: tuple[str, ...]
    fixed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole fleet, the worst API first.

    `changes` compares with an earlier report, by API. `history` has the scores of earlier reports by API,
    the oldest first, and the last ones are those of this report.
    """

    file: str
    standings: tuple[Standing, ...]
    changes: Mapping[str, Change] = field(default_factory=dict)
    history: tuple[Mapping[str, int], ...] = ()
    gone: tuple[str, ...] = ()
    """APIs of the earlier report that the fleet has no more."""

    @property
    def missing(self) -> tuple[Standing, ...]:
        """The APIs without a whole report."""
        return tuple(one for one in self.standings if one.missing)

    @property
    def exit_code(self) -> int:
        """Return 3 if an API has no report, else 1 if one found something, else 3 if one ended early."""
        if self.missing:
            return 3
        codes = {one.exit_code for one in self.standings}
        return 1 if 1 in codes else 3 if 3 in codes else 0


def find_fleet_file(folder: Path) -> Path:
    """Return the fleet file of the run that wrote a folder. Raises PgagentsError if none did."""
    try:
        with (folder / WORK / "fleet.json").open("rb") as stream:
            name = json.loads(stream.read(MAX_BYTES))["file"]
        return Path(name)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise PgagentsError(
            f"nothing in {folder} says which APIs the fleet has, so a missing report would go unnoticed",
            "name the fleet file: --fleet fleet.yaml",
        ) from None


def sum_up(fleet: Fleet, folder: Path, log: SarifLog) -> tuple[Standing, ...]:
    """Return the standing of each API by the reports in a folder, the worst first.

    Findings are added to `log`.
    """
    return tuple(sorted((_read_standing(api, folder, log) for api in fleet.apis), key=lambda one: one.order))


def _read_standing(api: Api, folder: Path, log: SarifLog) -> Standing:
    jobs = list_jobs(Fleet("", "", (api,)))
    try:
        parts = []
        for job in jobs:
            path = folder / job.report
            if not path.exists():
                missing = _explain_absence(folder, job.name) or f"{path} is not there"
                return _miss(api, missing, log)
            parts.append(Part(str(path), *read(path)))
        report, source = merge(parts) if len(parts) > 1 else (parts[0].report, parts[0].source)
    except PgagentsError as error:
        return _miss(api, error.message, log)
    told = report.header.url
    # an MCP server's report names it without the path of its endpoint
    if name_server(told) != api.server if api.is_of_tools else told.rstrip("/") != api.url:
        return _miss(api, f"its report is of another server, {brief(told, 100)}", log)
    if report.header.shard is not None:
        return _miss(api, "its report is of one shard alone", log)
    log.add(api.name, report, source)
    return _stand(api, report, source)


def _miss(api: Api, why: str, log: SarifLog) -> Standing:
    log.add_missing(api.name, why)
    return Standing(api.name, api.address, brief(why, MOST_TEXT))


def _explain_absence(folder: Path, job: str) -> str:
    """Return why a job of `pgagents fleet run` left no report; empty if nothing says so."""
    try:
        raw = (folder / WORK / job / "outcome.json").read_bytes()[:MAX_BYTES]
        text = json.loads(raw)["text"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return text if isinstance(text, str) else ""


def _stand(api: Api, report: Report, source: Source) -> Standing:
    counts = report.footer.by_verdict
    findings = order_findings(report.findings)
    shown = [
        Shown(
            finding.rank.value,
            brief(make_headline(finding), MOST_TEXT),
            brief(name_place(finding, source, report.header.in_repository), MOST_TEXT),
            1 + len(finding.also),
        )
        for finding in findings[:MOST_FINDINGS]
    ]
    return Standing(
        api.name,
        api.address,
        title=brief(report.header.title, MOST_TEXT),
        started_at=report.header.started_at,
        kept=counts.get(Verdict.KEPT, 0),
        counted=sum(counts.get(verdict, 0) for verdict in _COUNTED),
        requests=report.footer.requests,
        seconds=round(report.footer.seconds, 1),
        exit_code=report.exit_code,
        complete=report.footer.complete,
        ranks=dict(Counter(finding.rank.value for finding in findings)),
        findings=tuple(shown),
        broken=tuple(r.contract.id for r in report.results if r.verdict is Verdict.BROKEN),
        best=_find_best(report, source, findings),
    )


def _find_best(report: Report, source: Source, findings: Sequence[Finding]) -> Raise | None:
    """Return the step with most contracts behind it: a finding, a line to write, or a reason."""
    steps = [
        Raise(
            "mend",
            make_headline(finding),
            name_place(finding, source, report.header.in_repository),
            1 + len(finding.also),
        )
        for finding in findings
    ]
    steps += [
        Raise("write", "it lets be tried what no value was known for", lift.line, lift.contracts)
        for lift in report.footer.lifts
    ]
    reasons = Counter(r.reason or "not reached" for r in report.results if r.verdict is Verdict.UNTESTED)
    steps += [Raise("try", reason, "", count) for reason, count in reasons.items()]
    best = max(steps, key=lambda step: step.contracts, default=None)
    if best is None:
        return None
    return Raise(best.kind, brief(best.text, MOST_TEXT), brief(best.line, MOST_TEXT), best.contracts)


# -- the trend


def compare(summary: Summary, earlier: Mapping[str, Any]) -> Summary:
    """Return the summary with its differences to the JSON of an earlier one."""
    before = {one["name"]: one for one in earlier["apis"] if not one["missing"]}
    changes = {}
    for now in summary.standings:
        was = before.get(now.name)
        if was is None or now.missing:
            continue
        old, new = set(was["broken"]), set(now.broken)
        broke = tuple(id for id in now.broken if id not in old)
        changes[now.name] = Change(was["score"], broke, tuple(sorted(old - new)))
    here = {one.name for one in summary.standings}
    gone = tuple(one["name"] for one in earlier["apis"] if one["name"] not in here)
    history = (*earlier["history"][-MOST_HISTORY:], _list_scores(summary))
    return Summary(summary.file, summary.standings, changes, history, gone)


def _list_scores(summary: Summary) -> dict[str, int]:
    return {one.name: one.score for one in summary.standings if not one.missing}


def make_data(summary: Summary) -> dict[str, Any]:
    """Return the summary as JSON data, from which a later report takes its trend."""
    return {
        "format": FORMAT,
        "fleet": summary.file,
        "exit_code": summary.exit_code,
        "apis": [_make_entry(one, summary) for one in summary.standings],
        "gone": list(summary.gone),
        "history": [dict(scores) for scores in summary.history or (_list_scores(summary),)],
    }


def _make_entry(standing: Standing, summary: Summary) -> dict[str, Any]:
    change = summary.changes.get(standing.name)
    return asdict(standing) | {"score": standing.score, "change": asdict(change) if change else None}


def read_earlier(path: Path) -> dict[str, Any]:
    """Return the JSON of an earlier report of a fleet. Raises PgagentsError for anything else."""
    help = "give the JSON that `pgagents fleet report DIR --report NAME.json` wrote, or a folder of reports"
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise PgagentsError(f"cannot read {path}: {error.strerror}", help) from None
    if len(raw) > MAX_BYTES:
        raise PgagentsError(f"{path} has more than {MAX_BYTES:,} bytes", help)
    data = read_json(raw)
    if data.problem or not _is_summary(data.value):
        raise PgagentsError(f"{path} is not a report of a fleet ({data.problem or 'other members'})", help)
    value: dict[str, Any] = data.value
    return value


def _is_summary(value: Any) -> bool:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        return False
    apis, history = value.get("apis"), value.get("history")
    return (
        isinstance(apis, list)
        and all(map(_is_entry, apis))
        and isinstance(history, list)
        and all(isinstance(one, dict) and _are_scores(one.values()) for one in history)
    )


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("missing"), str)
        and _are_scores([entry.get("score")])
        and isinstance(entry.get("broken"), list)
        and all(isinstance(id, str) for id in entry["broken"])
    )


def _are_scores(values: Iterable[Any]) -> bool:
    return all(
        isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 for value in values
    )
