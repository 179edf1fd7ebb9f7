"""The evidence of a submission: the proof of hints and cases, as data for programs and as one HTML page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pgagents.base.cel.expression import Expression
from pgagents.base.errors import Diagnostic
from pgagents.catalogue.model.action import Action, Hint
from pgagents.catalogue.model.listing import Case, Listing, cases_of
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Contract, Verdict
from pgagents.report.formats.html import PAGE_STYLE, escape_unprintable, hash_source, read_style
from pgagents.report.report import Finding, Report, Result
from pgagents.report.verdicts import actual_of, list_case_verdicts
from pgagents.submit.store import Lack, Store
from pgagents.verify.answers.hints import CLAIMED, NEEDS_RECEIVER

# -- hints


Outcome = Literal["held", "broken", "not shown", "untested", "claimed", "no claim"]
NAMES: Mapping[str, str] = {
    "read_only": "readOnlyHint",
    "destructive": "destructiveHint",
    "idempotent": "idempotentHint",
    "open_world": "openWorldHint",
}
"""The hints under MCP's names."""
CHECKS: Mapping[str, str] = {
    "read_only": "hint_read_only",
    "destructive": "hint_not_destructive",
    "idempotent": "hint_idempotent",
    "open_world": "hint_closed_world",
}
"""The check that proves each hint."""
_CLAIMS = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
"""The value of each hint with which hosts ask less often, so that it must be true."""
_KEYS = {"read_only": "effect"}
"""The catalogue's key of a hint, if it has another name."""
_NOT_SHOWN = "not shown: "
FAILED = 300
"""Examples with this status or a higher one are of refusals."""
_ORDER: tuple[Outcome, ...] = ("broken", "untested", "not shown", "held", "claimed", "no claim")


@dataclass(frozen=True, slots=True)
class HintProof:
    """One hint of a tool: the claim, its reason, and the result of the run.

    `why` explains the results broken, not shown and untested. `reasoned` is true if the author wrote the
    reason.
    """

    name: str
    value: bool
    reason: str
    reasoned: bool
    outcome: Outcome
    why: str
    hint: Hint
    contract: str = ""


@dataclass(frozen=True, slots=True)
class ToolProof:
    """A tool with the proof of each hint."""

    name: str
    title: str
    action: Action
    hints: tuple[HintProof, ...]


def prove_hints(model: Model, report: Report) -> tuple[ToolProof, ...]:
    """Return the proof of the hints of each tool that the MCP server offers."""
    from pgagents.generate.actions import find_name

    results: dict[tuple[str, str], list[Result]] = {}
    for result in report.results:
        results.setdefault((result.contract.check, result.contract.action), []).append(result)
    broken = {id: f for f in report.findings for id in (f.contract.id, *f.also)}
    surface = model.surfaces["mcp"]
    return tuple(
        ToolProof(
            str(find_name(surface, action)),
            str(action.title),
            action,
            tuple(_prove(action, name, hint, results, broken) for name, hint in action.hints.items()),
        )
        for action in surface.actions
    )


def _prove(
    action: Action,
    name: str,
    hint: Hint,
    results: Mapping[tuple[str, str], list[Result]],
    broken: Mapping[str, Finding],
) -> HintProof:
    own = results.get((CHECKS[name], str(action.name)), [])
    outcome, why, contract = _judge(action, name, hint, own, broken)
    if name in ("destructive", "idempotent") and action.hints.read_only.value and hint.value == _CLAIMS[name]:
        only = results.get((CHECKS["read_only"], str(action.name)), [])
        outcome, why, contract = _judge(action, "read_only", action.hints.read_only, only, broken)
    id = contract.id if contract is not None else ""
    return HintProof(name, hint.value, str(hint.reason), hint.reasoned, outcome, why, hint, id)


def _judge(
    action: Action, name: str, hint: Hint, results: list[Result], broken: Mapping[str, Finding]
) -> tuple[Outcome, str, Contract | None]:
    """Return the worst result of a hint's contracts, with its reason."""
    if hint.value != _CLAIMS[name]:
        return "no claim", "", None
    if not results and name == "open_world":
        return "claimed", "no argument takes an address; a closed world is never proved", None
    if not results:
        return "not shown", _say_untried(action), None
    found = [(_decide(r), _explain(r, broken), r.contract) for r in results]
    return min(found, key=lambda one: _ORDER.index(one[0]))


_OUTCOMES: Mapping[Verdict, Outcome] = {
    Verdict.KEPT: "held",
    Verdict.BROKEN: "broken",
    Verdict.ODD: "broken",
    Verdict.UNTESTED: "untested",
    Verdict.NOT_SELECTED: "untested",
    Verdict.NOT_APPLICABLE: "not shown",
}


def _decide(result: Result) -> Outcome:
    """Return the result of a contract.

    A closed world that was tested counts as claimed. Without a receiver nothing shows it, and the author may
    say why it is so.
    """
    if result.contract.check == CHECKS["open_world"] and result.reason in (CLAIMED, NEEDS_RECEIVER):
        return "claimed" if result.reason == CLAIMED else "not shown"
    return _OUTCOMES[result.verdict]


def _say_untried(action: Action) -> str:
    if action.signed is not None:
        return "only its sender can sign a call"
    return "no check of this catalogue can try it"


def _explain(result: Result, broken: Mapping[str, Finding]) -> str:
    finding = broken.get(result.contract.id)
    if finding is not None:
        return actual_of(result, finding)
    return result.reason.removeprefix(_NOT_SHOWN)


def find_hint_lacks(tools: tuple[ToolProof, ...], store: Store) -> Iterator[Lack]:
    """Yield each hint that is broken or untested, and each that is not shown and has no reason of the author.

    A hint that nothing showed matters only if the store reads it.
    """
    for tool in tools:
        told: set[str] = set()
        for one in tool.hints:
            lack = _find_lack(tool, one, store)
            if lack is not None and lack.message not in told:
                told.add(lack.message)
                yield lack


def _find_lack(tool: ToolProof, one: HintProof, store: Store) -> Lack | None:
    says = f"{tool.name} says {NAMES[one.name]}: {'true' if one.value else 'false'}"
    notes = (f"contract: {one.contract}",) if one.contract else ()
    if one.outcome == "broken":
        help = "correct the server, or the hint"
        return Lack("hint", one.hint.origin, f"{says}, and it is not so: {one.why}", help, notes)
    if one.outcome == "untested":
        help = "a test key, or --allow-writes, lets the run try it"
        return Lack("hint", one.hint.origin, f"{says}, and it could not be tried: {one.why}", help, notes)
    if one.outcome != "not shown" or one.reasoned or one.name not in store.hints:
        return None
    if tool.action.hints.read_only.value and one.name != "read_only" and one.name != "open_world":
        return None  # it follows from `effect: read`, which has its own line
    key = _KEYS.get(one.name, one.name)
    value = "read" if one.name == "read_only" else "true" if one.value else "false"
    receiver = "let --receiver listen, or " if one.name == "open_world" else ""
    help = (
        f"{receiver}say why at its line: `{key}: {{value: {value}, reason: …}}`; the evidence then lists it "
        "as not shown"
    )
    return Lack("hint", one.hint.origin, f"{says}, and nothing shows it: {one.why}", help, notes)


# -- test cases


CaseOutcome = Literal["kept", "broken", "untested"]


@dataclass(frozen=True, slots=True)
class CaseProof:
    """A test case with its result. `why` says why it is broken or untested."""

    case: Case
    outcome: CaseOutcome
    why: str

    @property
    def calls(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the tools that the case calls, with their arguments.

        Expressions are in the catalogue's form.
        """
        return [
            (
                str(call.action.name),
                {
                    name: f"={value.canonical}" if isinstance(value, Expression) else value
                    for name, value in call.arguments.items()
                },
            )
            for call in self.case.calls
        ]


def find_drafts(model: Model, store: str) -> Iterator[Lack]:
    """Yield each prompt that a program proposed and no person has approved."""
    for case in cases_of(model, store):
        if case.draft:
            yield Lack(
                "case",
                case.origin,
                f"the prompt of the case `{case.name}` is only proposed: {str(case.prompt)[:120]!r}",
                "write it as a user of yours would say it, and remove `draft: true`",
            )


def prove_cases(model: Model, store: str, report: Report) -> tuple[CaseProof, ...]:
    """Return the proof of each case."""
    return tuple(
        CaseProof(one.case, _CASE_OUTCOMES.get(one.verdict, "untested"), one.reason)
        for one in list_case_verdicts(model, store, report)
    )


_CASE_OUTCOMES: Mapping[Verdict, CaseOutcome] = {
    Verdict.KEPT: "kept",
    Verdict.BROKEN: "broken",
    Verdict.ODD: "broken",
}


def find_case_lacks(cases: tuple[CaseProof, ...]) -> Iterator[Lack]:
    """Yield each case that did not have the expected result."""
    for one in cases:
        if one.outcome == "broken":
            message = f"the case `{one.case.name}` does not come out as it says: {one.why}"
            help = "correct the server, or the case"
        elif one.outcome == "untested":
            message = f"the case `{one.case.name}` could not be tried: {one.why}"
            help = "" if "--allow" in one.why else "a test key, or --allow-writes, lets the run try it"
        else:
            continue
        yield Lack("case", one.case.origin, message, help, (f"contract: {one.case.contract}",))


# -- examples, which stores and models see in the list of tools


EXAMPLES = "valid_calls/example/"


def list_example_contracts(model: Model) -> tuple[str, ...]:
    """Return the ids of the contracts by which the tools of the MCP server accept their examples."""
    tools = model.surfaces["mcp"].actions
    return tuple(f"{EXAMPLES}{e.name}/{a.name}@mcp" for a in tools for e in a.examples if e.status < FAILED)


def find_example_lacks(report: Report) -> Iterator[Lack]:
    """Yield each example that the server does not answer with a success."""
    broken = {id: f for f in report.findings for id in (f.contract.id, *f.also)}
    for result in _list_examples(report):
        if result.verdict not in (Verdict.KEPT, Verdict.UNTESTED):
            message = f"{result.contract.says}; {actual_of(result, broken[result.contract.id])}"
            help = "correct the server, or the example"
            yield Lack("example", result.contract.origin, message, help, (f"contract: {result.contract.id}",))


def _list_examples(report: Report) -> list[Result]:
    passed = (Verdict.NOT_SELECTED, Verdict.NOT_APPLICABLE)
    tried = (r for r in report.results if r.verdict not in passed)
    return [result for result in tried if result.contract.id.startswith(EXAMPLES)]


def _say_accepted_examples(report: Report) -> Iterator[str]:
    kept = [r.contract.id.removeprefix(EXAMPLES) for r in _list_examples(report) if r.verdict is Verdict.KEPT]
    if kept:
        yield f"the server answers these examples with a success: {', '.join(kept)}"


def _say_untried_examples(report: Report) -> Iterator[str]:
    for result in _list_examples(report):
        if result.verdict is Verdict.UNTESTED:
            yield f"{result.contract.says}; it could not be tried: {result.reason}"


Rung = Literal["proved", "ready"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of a package. `files` are the SHA-256 sums of the packed files by name.

    `shown` lists observations of the server and of the public host. `unshown` lists facts that only a public
    host or the store can show, and examples that were not tried.
    """

    surface: str
    store: Store
    rung: Rung
    listing: Listing
    report: Report
    mcp: str
    tools: tuple[ToolProof, ...]
    cases: tuple[CaseProof, ...]
    files: Mapping[str, str]
    shown: tuple[str, ...]
    unshown: tuple[str, ...]


def make_evidence(
    model: Model,
    surface: str,
    store: Store,
    listing: Listing,
    report: Report,
    files: Mapping[str, bytes],
    *,
    mcp: str,
    public: bool,
) -> Evidence:
    """Return the evidence of a run. `mcp` is the address of the MCP server, or its command."""
    host = tuple(_list_public(model, store))
    return Evidence(
        surface,
        store,
        "ready" if public else "proved",
        listing,
        report,
        mcp,
        prove_hints(model, report),
        prove_cases(model, surface, report),
        {name: sha256(data).hexdigest() for name, data in files.items()},
        (*_say_accepted_examples(report), *(host if public else ())),
        (*_say_untried_examples(report), *(() if public else host), *store.host_only),
    )


def _list_public(model: Model, store: Store) -> Iterator[str]:
    """Yield the facts that only a public host can show, and that `--public` checks."""
    yield "the API and the MCP server answer by https at the addresses that the package names"
    if store.challenge:
        yield f"the host of the MCP server proves the domain, at {store.challenge}"
    if store.pages:
        yield f"the pages of the listing can be read: {', '.join(store.pages)}"
    if not store.keys:
        yield "the MCP server signs users in by OAuth, or asks for no sign-in"
    if model.api.hosted:
        yield "the documents and links that the host advertises are there"


def find_run_lacks(evidence: Evidence) -> Iterator[Lack]:
    """Yield each reason in a run that forbids packing."""
    report = evidence.report
    if not report.footer.complete:
        why = " ".join(report.footer.notes[:1]) or "it was cut short"
        yield Lack("run", ("surfaces", evidence.surface), f"the run is not complete: {why}")
    yield from find_hint_lacks(evidence.tools, evidence.store)
    yield from find_case_lacks(evidence.cases)
    yield from find_example_lacks(report)
    if evidence.rung == "ready":
        yield from _find_discovery_lacks(report)


def _find_discovery_lacks(report: Report) -> Iterator[Lack]:
    """Yield each contract about the host's discovery documents that was broken or untested."""
    from pgagents.verify.plan.options import DISCOVERY

    broken = {id: f for f in report.findings for id in (f.contract.id, *f.also)}
    for result in report.results:
        contract = result.contract
        if not contract.id.startswith(DISCOVERY):
            continue
        note = (f"contract: {contract.id}",)
        if result.verdict is Verdict.BROKEN:
            message = f"{contract.says}; {actual_of(result, broken[contract.id])}"
            yield Lack("discovery", contract.origin, message, "correct what the host serves", note)
        elif result.verdict is Verdict.UNTESTED:
            message = f"{contract.says}; it could not be tried: {result.reason}"
            yield Lack("discovery", contract.origin, message, "", note)


# -- data for programs


FORMAT = 1


def make_data(
    surface: str, found: Iterable[Diagnostic], evidence: Evidence | None, packed: Iterable[str]
) -> dict[str, Any]:
    """Return the result of a submission. Without evidence, the server was not tested."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "store": surface,
        "packed": list(packed),
        "lacks": [_lack(one) for one in found],
    }
    return data | (_proof_to_dict(evidence) if evidence is not None else {})


def _lack(found: Diagnostic) -> dict[str, Any]:
    span = found.span
    return {
        "code": found.id,
        "severity": found.severity,
        "message": found.message,
        "help": found.help,
        "source": {"file": span.file, "line": span.line, "column": span.column},
        "notes": list(found.notes),
    }


def _proof_to_dict(evidence: Evidence) -> dict[str, Any]:
    header, footer = evidence.report.header, evidence.report.footer
    return {
        "rung": evidence.rung,
        "package": {"id": str(evidence.listing.id), "version": str(evidence.listing.version)},
        "files": dict(evidence.files),
        "run": {
            "url": header.url,
            "mcp": evidence.mcp,
            "seed": header.seed,
            "started_at": header.started_at,
            "requests": footer.requests,
            "seconds": round(footer.seconds, 3),
            "catalogue_sha256": header.catalogue_sha256,
        },
        "tools": [
            {
                "name": tool.name,
                "hints": {
                    NAMES[one.name]: {
                        "value": one.value,
                        "outcome": one.outcome,
                        "reason": one.reason,
                        **({"why": one.why} if one.why else {}),
                        **({"contract": one.contract} if one.contract else {}),
                    }
                    for one in tool.hints
                },
            }
            for tool in evidence.tools
        ],
        "cases": [
            {
                "name": one.case.name,
                "kind": one.case.kind,
                "prompt": str(one.case.prompt),
                "outcome": one.outcome,
                **({"why": one.why} if one.why else {}),
                "calls": [{"tool": tool, "arguments": given} for tool, given in one.calls],
                "contract": one.case.contract,
            }
            for one in evidence.cases
        ],
        "shown": list(evidence.shown),
        "unshown": list(evidence.unshown),
    }


# -- the HTML page


FILE = "evidence.html"
MOST_ARGUMENTS = 400
_HERE = Path(__file__).parent
_TONES = {
    "held": "good", "kept": "good", "broken": "bad", "untested": "bad", "not shown": "odd",
    "claimed": "", "no claim": "",
}  # fmt: skip
_KINDS = {
    "positive": "must be answered",
    "not_offered": "no tool speaks of it",
    "refused": "the server refuses it with",
    "asks_first": "a host asks the user before",
}


def render_evidence(evidence: Evidence) -> bytes:
    """Return the whole page."""
    text: str = _template().render(**_context(evidence))
    return text.encode("utf-8", "replace")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    page.filters["shown"] = lambda text: escape_unprintable(str(text))
    page.filters |= {"raw": Markup, "sha256": hash_source}
    page.filters["arguments"] = _show_arguments
    return page.from_string((_HERE / "evidence.html.j2").read_text(encoding="utf-8"))


def _context(evidence: Evidence) -> dict[str, Any]:
    report = evidence.report
    outcomes = Counter(one.outcome for tool in evidence.tools for one in tool.hints)
    return {
        "style": read_style(PAGE_STYLE, _HERE / "evidence.css"),
        "header": report.header,
        "footer": report.footer,
        "name": str(evidence.listing.name or evidence.listing.id),
        "version": str(evidence.listing.version),
        "store": evidence.store.title,
        "rung": evidence.rung,
        "conclusion": conclude(evidence),
        "unshown_hints": outcomes["not shown"],
        "mcp": evidence.mcp,
        "catalogue": Path(report.header.catalogue).name,
        "tools": evidence.tools,
        "cases": evidence.cases,
        "names": NAMES,
        "tones": _TONES,
        "kinds": _KINDS,
        "shown": evidence.shown,
        "unshown": evidence.unshown,
        "notes": report.footer.notes,
        "files": evidence.files,
    }


def conclude(evidence: Evidence) -> str:
    """Return the result in one line: the number of hints that held and were not shown, and of cases kept."""
    outcomes = Counter(one.outcome for tool in evidence.tools for one in tool.hints)
    told = [f"{outcomes['held']} hints held"]
    told += [f"{outcomes[how]} {how}" for how in ("not shown", "claimed") if outcomes[how]]
    kept = sum(one.outcome == "kept" for one in evidence.cases)
    told += [f"{kept} of {len(evidence.cases)} cases kept"] if evidence.cases else []
    return ", ".join(told)


def _show_arguments(given: Mapping[str, Any]) -> str:
    text = ", ".join(
        f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in given.items()
    )
    return text if len(text) <= MOST_ARGUMENTS else f"{text[:MOST_ARGUMENTS]}…"
