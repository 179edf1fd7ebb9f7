"""Divide the contracts among the shards of a CI matrix, by the contracts and the plan alone.

All contracts of an action stay in one shard, so that no other shard sends the same requests. The contracts of
the framework's refusals also stay together, as do those of one workflow or one sign-in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgagents.model.contract import FRAMEWORK, Contract
from pgagents.verify.check.check import Probe

FEW = 1
PER_CONTRACT = 0.05
"""The weight of a contract without requests of its own, for which a few calls are usually sent all the
same.
"""


def elsewhere(
    contracts: Iterable[Contract], shard: tuple[int, int] | None, probes: Iterable[Probe] = ()
) -> frozenset[str]:
    """Return the ids of the contracts that other shards verify. `shard` is (number from 1, count); None for a
    whole run.

    `probes` are those of the whole run. Each shard gets about the same number of their requests. It is not
    exactly the same, because no group is divided.
    """
    if shard is None:
        return frozenset()
    number, count = shard
    listed, planned = list(contracts), [p for p in probes if p.priority == 1]
    costs = _costs(planned)
    groups: dict[str, list[str]] = {}
    weights: dict[str, float] = {}
    for contract, group in _group_contracts(listed, costs):
        groups.setdefault(group, []).append(contract.id)
        weights[group] = weights.get(group, 0.0) + costs.get(contract.id, 0) + PER_CONTRACT
    sizes = [0.0] * count
    theirs: set[str] = set()
    for group in sorted(groups, key=lambda name: (-round(weights[name], 6), name)):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += round(weights[group], 6)
        if smallest != number - 1:
            theirs |= set(groups[group])
    return frozenset(theirs)


def _group_contracts(
    contracts: Sequence[Contract], costs: Mapping[str, int]
) -> Iterator[tuple[Contract, str]]:
    """Yield each contract with its group; `costs` gives the requests of contracts that have some."""
    every = [(contract, _group(contract)) for contract in contracts]
    members = Counter(group for _, group in every)
    sizes = Counter((c.surface, group) for c, group in every if c.action)
    busiest: dict[str, str] = {}
    for (surface, group), _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        busiest.setdefault(surface, group)
    for contract, group in every:
        # A contract without an action has few probes of its own. So the shard with most calls of its surface
        # judges it: the others may see too few answers.
        alone = (
            not contract.action
            and members[group] == 1
            and costs.get(contract.id, 0) <= FEW
            and not _of_framework(contract)
        )
        yield contract, busiest.get(contract.surface, group) if alone else group


def _costs(probes: Iterable[Probe]) -> Mapping[str, int]:
    """Return the number of requests by the first contract of each probe."""
    found: dict[str, int] = {}
    for probe in probes:
        if probe.contracts:
            found[probe.contracts[0]] = found.get(probe.contracts[0], 0) + probe.cost
    return found


def _group(contract: Contract) -> str:
    return contract.action or (f"@{FRAMEWORK}" if _of_framework(contract) else f"@{contract.series}")


def _of_framework(contract: Contract) -> bool:
    return contract.check == FRAMEWORK or contract.place.startswith(f"{FRAMEWORK}@")
