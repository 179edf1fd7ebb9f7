"""A sandbox in process and a verification of it, for the tests of verify."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from inprocess import Inside, inside, mcp_inside, over_tls, verify_sandbox
from loading import load_once
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.fault_declaration import Fault
from pgagents.sandbox.sandbox import Sandbox
from pgagents.verify.plan.options import Identities, Options, Progress
from pgagents.verify.run.run import verify

ROOT = Path(__file__).parent.parent
PARK_GRAPH = ROOT / "catalogue" / "park_graph.yaml"
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"
FAULT_CONTRACTS = ROOT / "tests" / "data" / "fault_contracts.json"
URL = "http://127.0.0.1:1"


@cache
def model(path: Path = PARK_GRAPH, opened: str | None = None) -> Model:
    """A catalogue; `opened` is a point that it is to leave open, or several with spaces between them.

    Where it leaves them open anyway, the model is the same object, so that what a run compiles of it is kept.
    """
    return load_once(_open_points(path, opened), str(path))


def _open_points(path: Path, opened: str | None) -> str:
    """Return the text of a catalogue that leaves these points open."""
    text = path.read_text(encoding="utf-8")
    for point in (opened or "").split():
        text, count = re.subn(rf"^  {point}: .*$", f"  {point}: any", text, count=1, flags=re.M)
        if not count:  # all in one line
            inline = rf"^(behaviour: {{(?:.*, )?{point}): [^,}}]*"
            text, count = re.subn(inline, r"\1: any", text, count=1, flags=re.M)
        if not count and path == PARK_GRAPH:
            text = text.replace("\nbehaviour:\n", f"\nbehaviour:\n  {point}: any\n", 1)
    return text


def sandbox(
    of: Model, *, seed: int = 0, faults: Sequence[str] = (), variations: Sequence[str] = ()
) -> tuple[Sandbox, list[float]]:
    """A sandbox whose time stands still until somebody sleeps (the list's one member is its time)."""
    opened = inside(of, seed=seed, faults=faults, variations=variations)
    return opened.sandbox, opened.now


def keys_of(opened: Sandbox) -> dict[str, str]:
    """Every identity, the main one with the unlimited limit."""
    return {**opened.tokens, "main": opened.tokens["unlimited"], "stripe": opened.stripe_secret}


def _interrupt_at(broken: int) -> Callable[[Progress], None]:
    """End a run, as Ctrl-C does, before the next probe after so many broken contracts."""
    ended = False

    def stop(progress: Progress) -> None:
        nonlocal ended
        if progress.broken >= broken and not ended:
            ended = True
            raise KeyboardInterrupt

    return stop


def run(
    of: Model,
    *,
    seed: int = 0,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    keys: Mapping[str, str] | None = None,
    handler: Handler | None = None,
    enough: int | None = None,
    **options: Any,
) -> Report:
    """Verify a sandbox in process, or what `handler` reaches,
    without TLS, client and receiver. The run of a sandbox ends once `enough` contracts are broken.
    """
    opened = inside(of, seed=seed, faults=faults, variations=variations)
    if handler is None:
        until = _interrupt_at(enough) if enough is not None else None
        return verify_sandbox(of, opened, Options(seed=seed, **options), keys=keys, on_progress=until)
    return verify(
        of,
        handler,
        Identities(keys if keys is not None else opened.keys),
        Options(seed=seed, live=False, **options),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        timer=time.perf_counter,
    )


def noted_run(
    of: Model, opened: Inside, options: Options, handler: Handler | None = None
) -> tuple[Report, list[tuple[Request, Response | Silence]]]:
    """Verify a sandbox, or what `handler` reaches, and return each request with its answer too."""
    sent: list[tuple[Request, Response | Silence]] = []
    serve = handler or over_tls(opened.sandbox.handler)

    def noting(request: Request) -> Response | Silence:
        answer = serve(request)
        sent.append((request, answer))
        return answer

    return verify_sandbox(of, opened, options, handler=noting), sent


def verify_beside(
    of: Model, variations: Sequence[str], *, until_shown: bool, limits: bool = False, **options: Any
) -> tuple[Report, list[Request]]:
    """Verify a sandbox, and return the requests that one with these variations answers otherwise, too.

    With `until_shown` the first of them ends the run. With `limits` the main key has the published ones.
    """
    opened, varied = inside(of), inside(of, variations=variations)
    plainly, oddly = opened.sandbox.handler, varied.sandbox.handler
    keys = {**opened.keys, "main": opened.sandbox.tokens["test"]} if limits else None
    shown: list[Request] = []
    in_turn = Lock()  # calls that are sent at once reach both in one order

    def handler(request: Request) -> Response | Silence:
        with in_turn:
            varied.now[0] = opened.now[0]
            answer = plainly(request)
            if oddly(request) != answer:
                shown.append(request)
                if until_shown and len(shown) == 1:
                    raise KeyboardInterrupt
        return answer

    # In the sandbox's own place it also hears the connections without a client certificate of ours.
    opened = replace(opened, sandbox=replace(opened.sandbox, handler=handler))
    options |= {"limits": True} if limits else {}
    return verify_sandbox(of, opened, Options(allow_writes=True, **options), keys=keys), shown


@cache
def plain_exchanges(path: Path = PARK_GRAPH) -> tuple[Report, list[tuple[Request, Response | Silence]]]:
    """The run of `plain_run`, and each request of it with its answer."""
    of = model(path)
    return noted_run(of, inside(of), Options())


def plain_run(path: Path = PARK_GRAPH) -> Report:
    """A whole run of a catalogue's plain sandbox, once for all tests of this process that only read it."""
    return plain_exchanges(path)[0]


def list_writes(of: Model) -> tuple[str, ...]:
    """The writes, which may be called without an id too: the mock has nothing of anybody else."""
    return tuple(str(a.name) for a in of.actions if a.effect == "write")


@cache
def whole_run(path: Path) -> Report:
    """A run of all contracts of a catalogue's plain mock and of an MCP server in front of it.

    Every write is allowed. It is made once for all tests of this process that only read it.
    """
    of = model(path)
    opened = inside(of)
    given = {"allow_writes": True, "exclusive": True, "allow": list_writes(of), "max_requests": 20_000}
    with mcp_inside(of, opened) as link:
        return verify_sandbox(of, opened, Options(**given), mcp=link)


@cache
def fault_contracts(kind: str) -> Mapping[str, Sequence[str]]:
    """Contracts that show each fault of a kind when they are verified alone; empty where others' requests are
    needed.
    """
    recorded: dict[str, dict[str, list[str]]] = json.loads(FAULT_CONTRACTS.read_text(encoding="utf-8"))
    return recorded.get(kind, {})


def checks(report: Report, verdict: Verdict) -> set[str]:
    """The checks that have a contract with this verdict."""
    return {r.contract.check for r in report.results if r.verdict is verdict}


def find_caught(report: Report, faults: Iterable[Fault]) -> set[str]:
    """The checks that broke, and those that find one of these faults odd, if that is all they say of it."""
    advising = {check for fault in faults if fault.odd for check in fault.breaks}
    return checks(report, Verdict.BROKEN) | (checks(report, Verdict.ODD) & advising)


TOO_SMALL = (
    "agent_response_limits/items/",
    "default_values/",
    "exact_filters/",
    "filters_apply/",
    "list_totals/",
    "no_effect_of_refusals/",
    "relation/",
)
"""Contracts about an answer of many items, or of all: a sandbox of a few, or without pages, shows none."""


def ids(report: Report, verdict: Verdict) -> list[str]:
    """The contracts with this verdict, without the untested ones that only a larger world could show."""
    return [
        r.contract.id
        for r in report.results
        if r.verdict is verdict and not (r.excused and r.contract.id.startswith(TOO_SMALL))
    ]


FOLLOWING = {
    "workflow_runs": (
        "valid_calls law state_transitions read_after_write response_schema invalid_input absent_id "
        "surface_equivalence audit_trail error_names_field key_authentication plan_scopes "
        "no_effect_of_refusals capacity call_attribution error_envelope agent_rate_limits "
        "rate_limit_enforcement rate_limit_headers"
    ),
    "consistent_representations": "read_after_write law state_transitions surface_equivalence workflow_runs",
    "honours_manifest": (
        "valid_calls invalid_input documented_status response_schema error_codes error_envelope "
        "surface_equivalence arbitrary_text"
    ),
    "agent_response_limits": "no_crashes",
    "listing_cases": (
        "absent_id error_codes exact_filters key_authentication law mcp_errors mcp_results "
        "mcp_tools no_crashes pagination read_after_write relation response_schema "
        "state_transitions surface_equivalence valid_calls workflow_runs"
    ),
}
"""Checks that see one call from several sides, with those of the same call that may break them, too."""


def following(broken: Iterable[str]) -> set[str]:
    """The checks that may break because these did."""
    return {check for check, others in FOLLOWING.items() if not set(broken).isdisjoint(others.split())}
