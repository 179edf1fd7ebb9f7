"""Summarise each surface and check in few words, which all formats share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from shlex import quote
from typing import Literal

from pgagents.catalogue.model.listing import Case, cases_of
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.reason import allow
from pgagents.report.report import Finding, Report, Result, Withheld

MAX_CAUSES = 3
WITHHELD = "their GETs act by their own words (the line `not called` has the words)"
NOT_ASKED_FOR = "for vendors without a file or a line of yours"
"""The words for the contracts of surfaces that are offered by default."""
MAX_WITHHELD = 24
"""The most calls that a sentence names; the JSON report has all."""
FEW = 2
_TRIED = (Verdict.KEPT, Verdict.BROKEN, Verdict.ODD, Verdict.UNTESTED)


@dataclass(frozen=True, slots=True)
class SurfaceVerdict:
    """A surface with its counts. If it is not ok, one sentence gives the reason."""

    surface: str
    word: str
    """One of `ok`, `fails`, `blocked`, `known`, `odd`, `untested` and `not tried`.

    `blocked`: the surface's own contracts are kept, but a surface that carries its calls fails. `known`: the
    baseline accepts all its broken contracts. `odd`: only inferred contracts are contradicted.
    """
    because: str
    counts: Counter[Verdict]
    by: tuple[str, ...] = ()
    """The surfaces because of which it is blocked."""

    @property
    def says(self) -> str:
        """Return the verdict in a few words."""
        if not self.by:
            return "not all tried" if self.word == "untested" else self.word
        return f"blocked, as its calls go through {', '.join(map(name_surface, self.by))}"


_CHECKS = {
    "framework": "requests that fit no action",
    "honours_manifest": "what vendors' documents say",
    "look_alike_input": "values that only resemble valid ones",
    "agent_response_limits": "time and size of answers",
}
"""The few words that say what a check proves, where its name does not say it."""
_SURFACES = {
    "": "any",
    "rest": "REST",
    "mcp": "MCP",
    "openai": "ChatGPT",
    "openai_tools": "OpenAI tools",
    "openai_realtime": "OpenAI Realtime",
    "anthropic": "Claude tools",
    "gemini": "Gemini",
    "xai": "Grok",
    "perplexity": "Perplexity",
    "copilot": "Copilot",
    "claude_plugin": "Claude plugin",
}
"""The name that people use for a surface, where its name in the catalogue is another."""


def name_check(check: str) -> str:
    """Return what a check proves, in few words."""
    return _CHECKS.get(check, check.replace("_", " "))


def name_surface(surface: str) -> str:
    """Return what people call a surface, such as `ChatGPT` for `openai`."""
    return _SURFACES.get(surface, surface)


def is_asked_for(report: Report, result: Result) -> bool:
    """Return False for an open contract of a surface that nobody asked for."""
    return result.contract.surface not in report.header.unasked or result.verdict in _TRIED[:3]


def list_untried(report: Report) -> list[Result]:
    """Return the contracts that were not tried, without those of surfaces that nobody asked for."""
    without = (Verdict.UNTESTED, Verdict.NOT_SELECTED)
    return [r for r in report.results if r.verdict in without and is_asked_for(report, r)]


def describe_blocked(report: Report) -> str:
    """Return the vendors whose documents the API does not keep, joined; empty if it keeps all.

    A vendor whose documents nobody asked for is not named.
    """
    return ", ".join(
        name_surface(one.surface)
        for one in by_surface(report)
        if one.surface in report.carried and one.word in ("fails", "blocked")
    )


def describe_not_tried(report: Report) -> str:
    """Return how many promises were not tried, with the most frequent reason; empty if all were."""
    withheld = report.footer.withheld
    reasons = Counter(
        WITHHELD if withheld.left_out(r.contract) else r.reason or "no reason is known"
        for r in list_untried(report)
    )
    if not reasons:
        return ""
    (reason, most), count = reasons.most_common(1)[0], reasons.total()
    return f"{count:,} not tried{f', {most:,} of them' if len(reasons) > 1 else ''}: {reason}"


def by_surface(report: Report) -> list[SurfaceVerdict]:
    """Return each surface's verdict, in the order of their contracts, but for those that nobody asked for."""
    known = {id for f in report.findings if f.known for id in (f.contract.id, *f.also)}
    groups: dict[str, list[Result]] = {}
    new: dict[str, list[Result]] = {}
    for result in report.results:
        if result.contract.surface not in report.header.unasked:
            groups.setdefault(result.contract.surface, []).append(result)
        if result.verdict is Verdict.BROKEN and result.contract.id not in known:
            new.setdefault(result.contract.place, []).append(result)
    return [
        _verdict(
            surface,
            results,
            known,
            [r for place in report.carried.get(surface, ()) for r in new.get(place, ())],
        )
        for surface, results in groups.items()
    ]


def matrix(
    report: Report, by: Literal["check", "action"] = "check"
) -> tuple[list[str], dict[str, dict[str, Counter[Verdict]]]]:
    """Return the surfaces, and the counts of every check (or every action) on each surface.

    Surfaces that nobody asked for are left out.
    """
    shown = [r for r in report.results if r.contract.surface not in report.header.unasked]
    surfaces = list(dict.fromkeys(r.contract.surface for r in shown))
    cells: dict[str, dict[str, Counter[Verdict]]] = {}
    for result in shown:
        row = cells.setdefault(getattr(result.contract, by), {})
        row.setdefault(result.contract.surface, Counter())[result.verdict] += 1
    return surfaces, cells


def count_selected(counts: Counter[Verdict]) -> int:
    """Return how many contracts were selected."""
    return sum(counts[v] for v in _TRIED)


def news(finding: Finding) -> str:
    """Return the finding's `expected`; empty if the contract's sentence already contains it."""
    expected = " ".join(finding.expected.split())
    return "" if expected in " ".join(finding.contract.says.split()) else finding.expected


def actual(finding: Finding) -> str:
    """Return the finding's `actual` without a trailing colon."""
    return finding.actual.rstrip(": ")


def actual_of(result: Result, finding: Finding) -> str:
    """Return what a server answered in place of what a broken contract promises.

    The finding may be that of another contract, which the same cause broke first.
    """
    own = finding.contract.id == result.contract.id or not result.reason
    return actual(finding) if own else result.reason.rstrip(": ")


def describe_evidence(finding: Finding) -> str:
    """Return whose exchanges a finding shows, as a sentence; empty if they are its contract's own."""
    if not finding.shown_by:
        return ""
    accepted = "" if finding.known else ", which the baseline accepts"
    whose = ": the exchanges shown are of that one" if finding.exchanges else ""
    return f"the same cause broke {finding.shown_by}{accepted}{whose}"


def format_count(count: int, what: str) -> str:
    """Return a number with its noun, such as `1 contract` or `2,000 contracts`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def describe_withheld(withheld: Withheld) -> list[str]:
    """Return the sentences about calls that act by their words, and arguments that may reach others; none if
    all were sent.
    """
    calls, lines = withheld.calls, _describe_arguments(withheld)
    if not calls:
        return lines
    tools = not calls[0].operation.startswith("GET ")
    what = "tool" if tools else "GET"
    if withheld.of_actions:
        lines.append(
            f"{len(calls):,} of {format_count(withheld.total, 'GET')} of this document act by their names, "
            "so only those are called whose names or summaries surely read (get, list, find …)"
        )
    several = len(calls) > 1
    says = f"whose {'names or summaries say' if several else 'name or summary says'}"
    act = "they act" if several else "it acts"
    shown = ", ".join(f"{call.operation} ({call.why})" for call in calls[:MAX_WITHHELD])
    more = len(calls) - MAX_WITHHELD
    rest = f" and {more:,} more, all in the JSON report" if more > 0 else ""
    first, other = (quote(calls[0].operation), "NAME") if tools else (quote(calls[0].operation), "'GET /x'")
    alone = "" if tools else ", --allow-writes alone does not"
    lines.append(
        f"not called: {format_count(len(calls), what)} {says} that {act}: {shown}{rest}. "
        f"--reads {first} calls it; --acts {other} withholds another; "
        f"--allow {other} calls one as a write{alone}"
    )
    return lines


def _describe_arguments(withheld: Withheld) -> list[str]:
    if not withheld.arguments:
        return []
    groups: dict[str, list[str]] = {}
    for one in withheld.arguments[:MAX_WITHHELD]:
        actions = [name.removesuffix(f".{one.argument}") for name in one.allow]
        more = f" and {len(actions) - FEW:,} more" if len(actions) > FEW else ""
        groups.setdefault(one.why, []).append(f"`{one.argument}` ({', '.join(actions[:FEW])}{more})")
    said = "; ".join(f"{', '.join(names)} {why}" for why, names in groups.items())
    more_s = len(withheld.arguments) - MAX_WITHHELD
    rest = f"; and {more_s:,} more, all in the JSON report" if more_s > 0 else ""
    lift = f"{allow(withheld.arguments[0].allow[0])} sends one"
    return [f"arguments with few or no values sent: {said}{rest}. {lift}, --allow ACTION all of an action"]


def _verdict(
    surface: str, results: Iterable[Result], known: set[str], beneath: list[Result]
) -> SurfaceVerdict:
    """Return a surface's verdict. `beneath` are the broken contracts of the calls that test the surface."""
    every = list(results)
    counts = Counter(r.verdict for r in every)
    new = [r for r in every if r.verdict is Verdict.BROKEN and r.contract.id not in known]
    own = {(r.contract.check, r.contract.action) for r in new}
    beneath = [r for r in beneath if (r.contract.check, r.contract.action) not in own]
    if new or beneath:
        wires = tuple(dict.fromkeys(r.contract.surface for r in beneath))
        if not new:
            return SurfaceVerdict(surface, "blocked", _because(beneath), counts, wires)
        said = [_because(new)]
        said += (
            [f"its calls go through {', '.join(map(name_surface, wires))}, which breaks {_because(beneath)}"]
            if beneath
            else []
        )
        return SurfaceVerdict(surface, "fails", "; ".join(said), counts)
    if counts[Verdict.UNTESTED]:
        reasons = Counter(r.reason or "not reached" for r in every if r.verdict is Verdict.UNTESTED)
        return SurfaceVerdict(
            surface, "untested", "; ".join(reason for reason, _ in reasons.most_common(MAX_CAUSES)), counts
        )
    if counts[Verdict.ODD]:
        return SurfaceVerdict(
            surface, "odd", _because([r for r in every if r.verdict is Verdict.ODD]), counts
        )
    if counts[Verdict.BROKEN]:
        broken = [r for r in every if r.verdict is Verdict.BROKEN]
        return SurfaceVerdict(surface, "known", _because(broken), counts)
    if counts[Verdict.KEPT]:
        return SurfaceVerdict(surface, "ok", "", counts)
    reasons = Counter(r.reason for r in every)
    return SurfaceVerdict(
        surface,
        "not tried",
        "; ".join(reason for reason, _ in reasons.most_common(MAX_CAUSES) if reason),
        counts,
    )


def _because(broken: list[Result]) -> str:
    """Describe the checks of broken contracts with their actions, the most frequent first."""
    checks: dict[str, dict[str, None]] = {}
    for result in broken:
        checks.setdefault(name_check(result.contract.check), {})[result.contract.action or "any action"] = (
            None
        )
    ordered = sorted(checks.items(), key=lambda item: -len(item[1]))
    said = [f"{check} ({_some(list(actions), FEW)})" for check, actions in ordered]
    return _some(said, MAX_CAUSES)


def _some(names: list[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


# -- verdicts on a store's test cases


UNKNOWN = "the report does not judge it: verify the MCP server too"


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """A test case with the verdict on its contract; `reason` says why it is not kept, and is empty if it is.

    `case.draft` is true if the prompt is only proposed.
    """

    case: Case
    verdict: Verdict
    reason: str

    @property
    def proved(self) -> bool:
        """True if the case had the expected result."""
        return self.verdict is Verdict.KEPT


def list_case_verdicts(model: Model, store: str, report: Report) -> tuple[CaseVerdict, ...]:
    """Return a store's test cases with their verdicts, the positive ones first.

    `model` is the catalogue of the run. A case whose contract the report does not have is untested.
    """
    results = {result.contract.id: result for result in report.results}
    findings = {id: finding for finding in report.findings for id in (finding.contract.id, *finding.also)}
    found = []
    for case in cases_of(model, store):
        result, finding = results.get(case.contract), findings.get(case.contract)
        verdict = result.verdict if result is not None else Verdict.UNTESTED
        reason = result.reason if result is not None else UNKNOWN
        if result is not None and finding is not None:
            expected = finding.expected if finding.contract.id == case.contract else ""
            reason = ": ".join(said for said in (expected, actual_of(result, finding)) if said)
        found.append(CaseVerdict(case, verdict, "" if verdict is Verdict.KEPT else reason))
    return tuple(found)
