"""Which part of the contracts a shard takes: the same for every machine of a CI matrix, from the contracts alone.

All contracts of an action stay together, so that what one shard sends for an action is not sent by another one too; so do
those of the framework's own refusals, and where there is no action those of one thing (a workflow's steps, a sign-in).
"""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.contract import Contract
from pgagents.verify.door import FRAMEWORK


def elsewhere(contracts: Iterable[Contract], shard: tuple[int, int] | None) -> frozenset[str]:
    """The ids that other shards take; `shard` is (number from 1, of how many), None for a run that is whole."""
    if shard is None:
        return frozenset()
    number, count = shard
    groups: dict[str, list[str]] = {}
    for contract in contracts:
        groups.setdefault(_group(contract), []).append(contract.id)
    sizes = [0] * count
    theirs: set[str] = set()
    for _, ids in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        smallest = sizes.index(min(sizes))
        sizes[smallest] += len(ids)
        if smallest != number - 1:
            theirs |= set(ids)
    return frozenset(theirs)


def _group(contract: Contract) -> str:
    head, _, place = contract.id.rpartition("/")
    of_framework = contract.check == FRAMEWORK or place.startswith(f"{FRAMEWORK}@")
    return contract.action or (f"@{FRAMEWORK}" if of_framework else f"@{head}")
