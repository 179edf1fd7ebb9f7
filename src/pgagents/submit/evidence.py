"""The evidence of a submission: the proof of hints and cases, and a list of facts that remain unproved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.model.stores.listing import Listing
from pgagents.report.report import Report
from pgagents.report.verdicts import actual_of
from pgagents.submit.cases import CaseProof, find_case_lacks, prove_cases
from pgagents.submit.hints import ToolProof, find_hint_lacks, prove_hints
from pgagents.submit.lack import Lack
from pgagents.submit.store import Store

Rung = Literal["proved", "ready"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The proof of a package. `files` are the SHA-256 sums of the packed files by name.

    `shown` lists observations of the public host. `unshown` lists facts that only a public host or the store
    can show.
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
        host if public else (),
        (*(() if public else host), *store.host_only),
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
