"""Choose the probes that test the selected contracts, and probes whose answers these contracts also judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pgagents.model.contract import FRAMEWORK, Contract
from pgagents.verify.check.check import Check, Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.plan.options import Options
from pgagents.verify.plan.order import LAST
from pgagents.verify.plan.selection import (
    list_shown_when_limited,
    matches,
)

CLASSES = ("key_authentication", "invalid_input", "absent_id", "plan_scopes")
"""Checks whose probes are about refusals, and so prove nothing about instances."""
FIRST = "valid_calls"
"""The check whose probes come first within a stage, because a correct call shows if the server accepts the
key.
"""
SHOWING = {
    "valid_calls": "correct",
    "surface_equivalence": "correct",
    "key_authentication": "keyless",
    "invalid_input": "wrong",
}
"""Checks that have a basic call of each endpoint, and the name of that call."""
FROM_DATA = ("law", "response_schema", "consistent_representations")
"""Checks of a reading action's answer about instances that were made through other endpoints."""
BETWEEN = "surface_equivalence"
"""The check that compares a dispatcher's answers with the answers over REST."""


def choose_probes(setting: Setting, probes: Sequence[Probe], contracts: Sequence[Contract]) -> list[Probe]:
    """Choose the probes for these contracts, and a few basic calls of each of their endpoints.

    These are a correct call, one without a key and an invalid one. No contract of an endpoint can be judged
    without a correct call.
    """
    wanted = {c.id for c in contracts}
    places = _carrying(setting, contracts)
    shown: dict[tuple[str, str], Probe] = {}
    showing = [(SHOWING[head], p) for p in probes if (head := p.check) in SHOWING]
    for what, probe in sorted(showing, key=lambda s: (s[1].priority, s[1].stage, s[1].name)):
        for endpoint in probe.endpoints:
            if endpoint.place in places:
                shown.setdefault((what, endpoint.place), probe)
    needed = {id(p) for p in shown.values()}
    return [p for p in probes if id(p) in needed or any(c in wanted for c in p.contracts)]


def _carrying(setting: Setting, contracts: Iterable[Contract]) -> set[str]:
    """Return the places of the contracts.

    A contract on a vendor's surface has the places of all endpoints of its action, because a vendor's call
    goes through one of them.
    """
    places = {c.place: c.action for c in contracts}
    endpoints = {d.place for d in setting.usable}
    elsewhere = {action for place, action in places.items() if place not in endpoints}
    return places.keys() | {d.place for d in setting.usable if str(d.action.name) in elsewhere}


def list_further_probes(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    ordered: Sequence[Probe],
    selected: Sequence[Contract],
    chosen: Sequence[Probe],
    options: Options,
    most: int,
) -> list[Probe]:
    """Return further probes, within the budget, on whose exchanges the selected contracts are judged, too.

    - Probes that call the endpoints of the contracts, or get the framework's own refusals.
    - Where an action reads instances, probes that make and change such instances correctly.
    - With `--only`, all probes for a contract about a whole surface, unless the caller bounds the requests.
    - All probes of a check that is self-contained.

    A shard gets no further probes. A probe that a whole run with these options leaves out, such as a burst,
    is left out here too.
    """
    watched = [c for c in selected if checks[c.check].needs_others(c)]
    is_useful = _make_usefulness_test(setting, checks, watched, selected, options)
    limited = options.limits and bool(list_shown_when_limited(setting, watched))
    known = {c.id: c for c in contracts}

    def in_whole_run(probe: Probe) -> bool:
        covered = [known[id] for id in probe.contracts if id in known]
        return any(checks[c.check].settle(setting, c) is None for c in covered)

    taken = {id(p) for p in chosen}
    spare = most - sum(p.cost for p in chosen if p.stage != LAST)
    found: list[Probe] = []
    for probe in ordered:
        if id(probe) in taken or all(matches(id, options.skip) for id in probe.contracts):
            continue
        if limited and probe.stage == LAST:  # bursts have a budget of their own
            found.append(probe)
        elif probe.cost <= spare and is_useful(probe) and in_whole_run(probe):
            spare -= probe.cost
            found.append(probe)
    return found


def _judge_instances(setting: Setting, contracts: Iterable[Contract]) -> bool:
    """True if one of these contracts is about a reading action's answer on instances that the run makes."""
    effects = {d.place: d.action.effect for d in setting.every_endpoint}
    told = {
        str(call.action.name)
        for r in setting.model.resources.values()
        if r.made_by
        for call in (*r.read_by, *r.listed_by)
    }
    return any(
        (c.check in FROM_DATA or c.action in told) and effects.get(c.place) == "read" for c in contracts
    )


def _make_usefulness_test(
    setting: Setting,
    checks: Mapping[str, Check],
    watched: Sequence[Contract],
    selected: Sequence[Contract],
    options: Options,
) -> Callable[[Probe], bool]:
    """Return a function that returns True for a probe on whose exchanges `watched` contracts are judged."""
    places, from_data = _carrying(setting, watched), _judge_instances(setting, watched)
    leads = [setting.find_lead(c.action) for c in watched if c.check == BETWEEN]
    places |= {lead.place for lead in leads if lead is not None}
    # if the caller bounds the requests, they are for the contracts' own probes
    whole = options.only and options.max_requests is None
    surfaces = {c.surface for c in watched if c.place == f"@{c.surface}"} if whole else set()
    own = {c.check for c in selected if checks[c.check].self_contained} if options.only else set()
    wanted = {c.id for c in selected}

    def is_useful(probe: Probe) -> bool:
        if any(d.place in places or d.surface in surfaces for d in probe.endpoints):
            return True
        if probe.check in own or not wanted.isdisjoint(probe.shows):
            return True
        if f"{FRAMEWORK}@{probe.surface}" in places and (probe.check == FRAMEWORK or not probe.endpoints):
            return True
        makes = probe.check == FIRST if options.shard else probe.check not in (*CLASSES, FRAMEWORK)
        return from_data and probe.writes and makes

    return is_useful
