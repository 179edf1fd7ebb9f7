"""Divide the contracts of a run among its shards: machines that verify one server at the same time.

Contracts that the same requests show stay together. Beyond that, a group of contracts goes where most of
what it needs is sent anyway. Such requests are probes that it shares with others, and calls that make its
instances. Instances belong to resources, so the actions of a resource mostly end in one shard. They do so as
long as the shard does not become much longer than the others. Every shard cuts the same plan in the same way,
so none has to know of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pgagents.catalogue.model.action import Action
from pgagents.report.contract import FRAMEWORK, Contract
from pgagents.verify.cases.boundary import boundary_value
from pgagents.verify.plan.order import index_collections, list_users
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting

FIRST = "valid_calls"
"""The check whose probes come first within a stage, because a correct call shows if the server accepts the
key.
"""
FEW = 1
PER_CONTRACT = 0.05
"""The weight of a contract without requests of its own, for which a few calls are usually sent all the
same.
"""
PER_RESOURCE = 4
"""The requests by which a shard makes, proves and undoes the first instances of a resource."""
LONGEST = 1.1
"""The factor by which a shard may become longer than an equal part, if that saves requests."""

Needs = Mapping[str, float]
"""Requests by what they are for: a probe, or the instances of a resource."""


@dataclass(slots=True)
class Group:
    """Contracts that stay in one shard, and the requests that they need there.

    Two groups of one shard send only once what both need.
    """

    name: str
    contracts: list[str] = field(default_factory=list)
    needs: dict[str, float] = field(default_factory=dict)

    @property
    def weight(self) -> float:
        """The requests of a shard that has only this group."""
        return round(sum(self.needs.values()) + PER_CONTRACT * len(self.contracts), 6)

    def count_added(self, sent: Collection[str]) -> float:
        """Return how many requests the group adds to a shard that sends these anyway."""
        added = sum(count for name, count in self.needs.items() if name not in sent)
        return round(added + PER_CONTRACT * len(self.contracts), 6)


def elsewhere(
    contracts: Iterable[Contract],
    shard: tuple[int, int] | None,
    probes: Iterable[Probe] = (),
    of_actions: Mapping[str, Needs] | None = None,
    is_watched: Callable[[Contract], bool] = lambda _contract: True,
) -> frozenset[str]:
    """Return the ids of the contracts that other shards verify. `shard` is (number from 1, count); None for a
    whole run.

    `probes` are those of the whole run. `of_actions` has, by action, what calls of it need besides probes
    (`list_needs`). `is_watched` tells if a contract is judged on the requests for other contracts of its
    action too.
    """
    if shard is None:
        return frozenset()
    number, count = shard
    planned = [probe for probe in probes if probe.priority == 1]
    groups = make_groups(list(contracts), planned, of_actions or {}, is_watched)
    shards = divide(groups, count)
    others = (group for n, several in enumerate(shards, 1) if n != number for group in several)
    return frozenset(id for group in others for id in group.contracts)


def divide(groups: Sequence[Group], count: int) -> list[list[Group]]:
    """Divide groups among `count` shards.

    The largest group is placed first. Each goes where it adds the fewest requests, among the shards that do
    not become too long with it. If there is none, it goes into the shard that is the shortest with it.
    """
    every: dict[str, float] = {}
    for group in groups:
        every.update(group.needs)
    whole = sum(every.values()) + PER_CONTRACT * sum(len(group.contracts) for group in groups)
    most = max([whole / count * LONGEST, *(group.weight for group in groups)])
    shards: list[list[Group]] = [[] for _ in range(count)]
    sizes, sent = [0.0] * count, [set[str]() for _ in range(count)]
    for group in sorted(groups, key=lambda group: (-group.weight, group.name)):
        added = [group.count_added(names) for names in sent]
        fitting = [n for n in range(count) if sizes[n] + added[n] <= most]
        if fitting:
            place = min(fitting, key=lambda n: (added[n], sizes[n], n))
        else:
            place = min(range(count), key=lambda n: (sizes[n] + added[n], n))
        shards[place].append(group)
        sizes[place] = round(sizes[place] + added[place], 6)
        sent[place] |= group.needs.keys()
    return shards


def make_groups(
    contracts: Sequence[Contract],
    probes: Sequence[Probe],
    of_actions: Mapping[str, Needs],
    is_watched: Callable[[Contract], bool],
) -> list[Group]:
    """Return the groups of contracts, each with what it needs."""
    names = _name_groups(contracts, probes, is_watched)
    groups: dict[str, Group] = {}
    for contract in contracts:
        group = groups.setdefault(names[contract.id], Group(names[contract.id]))
        group.contracts.append(contract.id)
        if group.name == contract.action:
            group.needs.update(of_actions.get(contract.action, {}))
    for probe in probes:
        for name in {names[id] for id in probe.contracts if id in names}:
            groups[name].needs[probe.name] = groups[name].needs.get(probe.name, 0) + probe.cost
    return list(groups.values())


def _name_groups(
    contracts: Sequence[Contract], probes: Sequence[Probe], is_watched: Callable[[Contract], bool]
) -> dict[str, str]:
    """Return the group of each contract, by id.

    It is the contract's action. But contracts of several groups that one probe shows are a group of their
    own, unless other requests to their actions show them too.
    """
    names = {contract.id: _name_group(contract) for contract in contracts}
    free = {contract.id for contract in contracts if not (contract.action and is_watched(contract))}
    joined: dict[str, str] = {}

    def find_first(id: str) -> str:
        while joined.get(id, id) != id:
            id = joined[id]
        return id

    for probe in probes:
        shown = [id for id in probe.contracts if id in free]
        if len({names[id] for id in shown}) > 1:
            firsts = sorted({find_first(id) for id in shown})
            joined.update(dict.fromkeys(firsts, firsts[0]))
    names = {id: f"@{find_first(id)}" if id in joined else name for id, name in names.items()}
    return names | _place_small_ones(contracts, probes, names)


def _place_small_ones(
    contracts: Sequence[Contract], probes: Sequence[Probe], names: Mapping[str, str]
) -> dict[str, str]:
    """Return other groups for contracts that have neither an action nor many requests of their own.

    The shard that makes the most on their surface judges them, or has the most contracts there: the others
    may see too few answers.
    """
    costs: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for probe in probes:
        for id in probe.contracts[:1]:
            costs[id] += probe.cost
            written[id] += probe.cost if probe.writes else 0
    members = Counter(names.values())
    writes: Counter[tuple[str, str]] = Counter()
    sizes: Counter[tuple[str, str]] = Counter()
    for contract in contracts:
        if contract.action and names[contract.id] == contract.action:
            writes[contract.surface, contract.action] += written[contract.id]
            sizes[contract.surface, contract.action] += 1
    busiest: dict[str, str] = {}
    for surface, action in sorted(sizes, key=lambda place: (-writes[place], -sizes[place], place)):
        busiest.setdefault(surface, action)
    return {
        contract.id: busiest[contract.surface]
        for contract in contracts
        if not contract.action
        and contract.surface in busiest
        and members[names[contract.id]] == 1
        and costs[contract.id] <= FEW
        and not _of_framework(contract)
    }


def _name_group(contract: Contract) -> str:
    return contract.action or (f"@{FRAMEWORK}" if _of_framework(contract) else f"@{contract.series}")


def _of_framework(contract: Contract) -> bool:
    return contract.check == FRAMEWORK or contract.place.startswith(f"{FRAMEWORK}@")


# -- what the calls of an action need besides their own probes


def list_needs(setting: Setting, probes: Iterable[Probe]) -> dict[str, Needs]:
    """Return, by action, what its contracts need besides probes of their own.

    They need instances of the resources that calls name, and correct calls that make what an answer shows.
    """
    collections = setting.compute_once("collections", lambda: index_collections(setting.model))
    making = [probe for probe in probes if probe.check == FIRST and probe.writes]
    found: dict[str, Needs] = {}
    for action in setting.model.actions:
        direct = {param.refers_to for param in action.params if param.refers_to in collections.named}
        names = direct.union(*(collections.named[name] for name in direct if name is not None))
        made = {f"a {name}": float(PER_RESOURCE) for name in names if name is not None}
        makers = find_makers(setting, [action])
        shown = {p.name: float(p.cost) for p in making if p.priority == 1 and makers(p)}
        found[str(action.name)] = made | shown
    return found


def find_makers(setting: Setting, actions: Iterable[Action]) -> Callable[[Probe], bool]:
    """Return a function that returns True for a probe whose correct calls make or change what these reading
    actions show.
    """
    shown = [r for r in setting.model.resources.values() if r.made_by is not None]
    reading = {str(action.name) for action in actions if action.effect == "read"}
    readers = [{str(call.action.name) for call in (*r.read_by, *r.listed_by)} for r in shown]
    # a report about a period counts what any create has made
    rest = reading.difference(*readers)
    reports = any(boundary_value(setting, e, "around_now") for e in map(setting.find_lead, rest) if e)
    users = {
        str(action.name)
        for resource, read_by in zip(shown, readers, strict=True)
        if reports or not read_by.isdisjoint(reading)
        for action in list_users(resource)
    }
    return lambda probe: probe.writes and any(str(e.action.name) in users for e in probe.endpoints)
