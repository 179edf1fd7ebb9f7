"""Making an instance that occupies capacity lowers the remaining capacity by one, and ending it restores it.

Instances are made and ended on each surface, and the counter is read in between. A call that makes several
instances, as an order of tickets does, lowers it by their number. A wrong count is counted again once,
because something else may have ended meanwhile. What a cache answers is not a count: a CDN may ignore
`no-cache`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, Takes, is_scalar
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.observation import find_roomiest, read_counter
from pgagents.verify.fixtures.instance import at_path, say_none_made, siblings
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

ROUNDS = 2
"""A second round is for what the first did not keep: somebody else's instance may have ended during it."""
Counts = dict[str | int | float, int]
"""The last known count of each place, by the place's id."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint that makes a resource with `takes`, and one for each that ends one.

    One attempt makes and ends instances of a resource through each endpoint, and counts after each call. It
    needs an exclusive run, because others change the counts. The caller must choose the place: if the server
    does, no count before is known.
    """
    del roles
    settled = None if setting.exclusive else (Verdict.NOT_SELECTED, others_too(setting, "counts"))
    for resource, takes in _takers(setting):
        makers, enders = _makers(setting, resource), _enders(setting, resource)
        attempt = Attempt(
            together=partial(_try, resource=resource, takes=takes),
            probe=f"capacity/{resource.name}@{REST}",
            cost=1 + 4 * max(len(makers), len(enders)),
            writes=True,
            compares=frozenset((takes.of,)),
        )
        for change, detail, endpoints in (("falls", "taken", makers), ("rises", "returned", enders)):
            for endpoint in endpoints:
                changes = f"{takes.counter} of a {takes.of} {change} by one once"
                says = f"{changes} {endpoint.action.name} has answered"
                cite = resource.cite or endpoint.action.cite
                detail_of = f"{detail}/{resource.name}"
                yield Case(endpoint, says, takes.origin, attempt, detail_of, cite, settled, about=detail)


def _takers(setting: Setting) -> Iterator[tuple[Resource, Takes]]:
    for resource in setting.model.resources.values():
        takes = resource.takes
        if (
            takes is not None
            and resource.made_by
            and any(takes.of in getattr(value, "names", ()) for value in resource.made_by.input.values())
            and resource.undone_by
            and setting.find_lead(str(takes.read_by.name)) is not None
        ):
            yield resource, takes


def _makers(setting: Setting, resource: Resource) -> list[Endpoint]:
    return setting.list_calling(resource.made_by.action) if resource.made_by else []


def _enders(setting: Setting, resource: Resource) -> list[Endpoint]:
    return setting.list_calling(resource.undone_by.action) if resource.undone_by else []


def _try(trials: Sequence[Trial], resource: Resource, takes: Takes) -> None:
    judged: list[Judgement] = []
    for _ in range(ROUNDS):
        judged = _round(trials, resource, takes)
        if all(judgement.verdict is Verdict.KEPT for judgement in judged):
            break
    conclude(judged)


def _round(trials: Sequence[Trial], resource: Resource, takes: Takes) -> list[Judgement]:
    """Make, count and end instances once; return the verdicts."""
    setting, judged = trials[0].setting, list[Judgement]()
    makers = [trial for trial in trials if trial.case.about == "taken"]
    enders = [trial for trial in trials if trial.case.about == "returned"]
    counts: Counts = {}
    place = find_roomiest(setting, takes)  # a full place refuses what each surface makes
    _count(setting, resource, place[setting.model.resources[takes.of].id], counts)
    living: list[Mapping[str, Any]] = []
    for trial in makers:
        judged.append(_judge_taking(trial, resource, takes, place, counts, living))
    for index, instance in enumerate(living):
        if index < len(enders) or instance is living[-1]:  # the clean-up ends those beyond
            trial = enders[min(index, len(enders) - 1)]
            judged.append(_judge_return(trial, resource, takes, instance, counts))
    return judged


def _judge_taking(
    trial: Trial,
    resource: Resource,
    takes: Takes,
    place: Mapping[str, Any],
    counts: Counts,
    living: list[Mapping[str, Any]],
) -> Judgement:
    """Make instances at the place; add the first to `living`."""
    setting, made_by = trial.setting, resource.made_by
    assert made_by is not None
    why = f"a {resource.name} that takes from a {takes.of}"
    answer = trial.ask(
        Call(trial.endpoint, made_by.input, "explore", why, bind={takes.of: place}, fresh=True)
    )
    instances = _list_made(made_by, answer)
    first = next(iter(instances), None)
    if first is None or not is_scalar(first.get(takes.by)) or not answer.fits:
        counts.clear()  # it may still have occupied capacity
        return trial.untested(say_none_made(resource, answer))
    living.append(first)
    at = first[takes.by]
    # an order's tickets may be for several shows
    taken = sum(1 for instance in instances if instance.get(takes.by) == at)
    before, after = counts.get(at), _count(setting, resource, at, counts)
    if before is None or after is None:
        return trial.untested(f"{takes.read_by.name} returned no {takes.counter}")
    return _judge_count(trial, takes, before, after, -taken)


def _judge_count(trial: Trial, takes: Takes, before: int, after: int, change: int) -> Judgement:
    if after == before + change:
        return trial.kept()
    by = f"{-change} less" if change < 0 else "one more"
    expected = f"{takes.counter} {before + change}, {by} than before"
    return trial.broken(expected, f"{takes.counter} {{after}} after {{before}}", after=after, before=before)


def _list_made(made_by: ActionCall, exchange: Exchange) -> list[Mapping[str, Any]]:
    """Return all instances that a call made, with the one that the catalogue describes first."""
    value = at_path(made_by, exchange) if exchange.success else None
    if made_by.at is not None and exchange.success:
        value = siblings(made_by.at, exchange) or value
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping)]


def _judge_return(
    trial: Trial, resource: Resource, takes: Takes, instance: Mapping[str, Any], counts: Counts
) -> Judgement:
    undone_by = resource.undone_by
    assert undone_by is not None
    why = f"the end of a {resource.name} that took from a {takes.of}"
    arguments = undone_by.input
    answer = trial.ask(Call(trial.endpoint, arguments, "valid", why, subject=resource, made=instance))
    if not answer.success:
        counts.clear()
        return trial.untested(f"it did not end: {answer.outcome}")
    before = counts.get(instance[takes.by])
    after = _count(trial.setting, resource, instance[takes.by], counts)
    if before is None or after is None:
        return trial.untested(f"{takes.read_by.name} returned no {takes.counter}")
    return _judge_count(trial, takes, before, after, 1)


def _count(setting: Setting, resource: Resource, id: str | int | float, counts: Counts) -> int | None:
    """Read and remember the counter of a place; return it, or None if it could not be read."""
    assert resource.takes is not None
    found = read_counter(setting, resource, {resource.takes.by: id}, reuse="latest")
    if found is None:
        counts.pop(id, None)
    else:
        counts[id] = found
    return found


CHECK = make_check("capacity", __doc__, cases, stage=4, overlap="readers", rank=Rank.WRONG)
