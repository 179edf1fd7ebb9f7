"""Compute how many requests a run may send.

The main key gets 25 requests for each action and surface, or what its plan needs, up to 50. If the API is
known from a document alone, random calls add 10 for each action. Each further identity or aid adds what its
part of the plan needs. Aids are a second project's key, a receiver of events, an OAuth client, and bursts.
Some requests come on top: those that undo something, repeat a call to a busy server, or split a refused call.
They are at most a fifth of the run, and there are none if the caller set a maximum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.check.check import Check, Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.plan.options import (
    AGAIN_PER_ACTION,
    DRAWN_PER_ACTION,
    MOST_PER_ACTION,
    REQUESTS_PER_ACTION,
    SMOKE_REQUESTS,
    Options,
)
from pgagents.verify.plan.order import LAST

MAIN, PLAIN, RECEIVER, OAUTH, BURSTS = "main", "plain http", "receiver", "OAuth client", "bursts"
UNBOUNDED = 10**9
APART = 5
"""The requests on top of a budget are at most the budget divided by this number."""


def budget(options: Options, shares: Mapping[str, int]) -> int:
    """Return how many requests may be sent. Bursts are not included."""
    if options.max_requests is not None:
        return options.max_requests
    if options.profile == "smoke":
        return SMOKE_REQUESTS
    if options.profile == "deep":
        return UNBOUNDED
    return max(SMOKE_REQUESTS, sum(count for name, count in shares.items() if name != BURSTS))


def apart(options: Options, most: int) -> int:
    """Return how many requests may be sent on top of the budget; 0 if the caller set a maximum."""
    return 0 if options.max_requests is not None or options.profile == "smoke" else most // APART


def again_until(setting: Setting, options: Options, max_requests: int) -> int:
    """Return the number of requests after which no probe of priority 2 starts.

    A probe of priority 2 only repeats contracts that other probes cover. A standard budget keeps its last
    part for refused calls, replaced instances and repeated failing cases.
    """
    if options.profile != "standard" or options.max_requests is not None:
        return max_requests
    return min(max_requests, AGAIN_PER_ACTION * len(setting.usable))


def shares(
    setting: Setting, checks: Mapping[str, Check], contracts: Iterable[Contract], probes: Sequence[Probe]
) -> dict[str, int]:
    """Return the requests that the main key may send, and those that each further identity, aid and bursts
    add.

    `probes` are those for which the run has the identities.
    """
    known = {contract.id: contract for contract in contracts}
    without = _without(setting)
    found: dict[str, int] = {MAIN: REQUESTS_PER_ACTION * len(setting.usable)}
    for probe in (p for p in probes if p.priority == 1):
        covered = [known[id] for id in probe.contracts if id in known]
        owner = BURSTS if probe.stage == LAST else _identity(probe) or _aid(without, checks, covered)
        found[owner] = found.get(owner, 0) + probe.cost
    planned = min(found.pop("", 0), MOST_PER_ACTION * len(setting.usable))
    return {**found, MAIN: max(found[MAIN], planned) + count_drawn(setting)}


def count_drawn(setting: Setting) -> int:
    """Return the number of random calls for an API that is known from a document alone.

    A document has no laws, so only random combinations of values can reveal problems that depend on several
    arguments.
    """
    return DRAWN_PER_ACTION * len(setting.usable) if setting.model.errors.inferred else 0


def _identity(probe: Probe) -> str:
    """Return the identity, besides the main one, that a probe needs; empty if it needs none."""
    signers = {
        endpoint.action.signed.role for endpoint in probe.endpoints if endpoint.action.signed is not None
    }
    return next((role for role in (probe.role, *sorted(signers)) if role not in ("", MAIN)), "")


def _without(setting: Setting) -> dict[str, Setting]:
    """Return, for each aid of the run, the run's setting without that aid."""
    aids: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        (OAUTH, setting.oauth, {"oauth": None}),
        (RECEIVER, setting.receiver, {"receiver": None}),
        (PLAIN, setting.plain_url, {"plain_url": ""}),
    )
    return {name: replace(setting, **nothing) for name, aid, nothing in aids if aid}


def _aid(without: Mapping[str, Setting], checks: Mapping[str, Check], covered: Sequence[Contract]) -> str:
    """Return the aid without which no contract of a probe could be judged; empty if there is no such aid."""
    if not covered or any(checks[contract.check].settled is None for contract in covered):
        return ""
    for name, less in without.items():
        if all(_is_deselected(less, checks[contract.check], contract) for contract in covered):
            return name
    return ""


def _is_deselected(setting: Setting, check: Check, contract: Contract) -> bool:
    said = check.settle(setting, contract)
    return said is not None and said[0] is Verdict.NOT_SELECTED
