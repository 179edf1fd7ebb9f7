"""A refused call has no effect: lists contain only older instances and those that accepted calls made.

Every list in the run is compared with the known instances. At the end, an invalid call is made through each
endpoint that has not refused anything yet, and the list is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, Literal

from pgagents.catalogue.model.resource import Resource, is_scalar
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.fixtures.instance import at_path, list_items, names_no_instance
from pgagents.verify.lists import PageRequest, may_go_on, next_page, ordering_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Case, Judgement, Trial, conclude, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

MOST_PAGES = 8
"""The most pages of a list that are read, so that a list of thousands does not take up the run's budget."""
LATE = (
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "pattern",
    "minimum",
    "exclusiveMinimum",
    "enum",
    "type",
    "unknown_member",
)
"""Keywords, first those that servers are most likely to check only after they have begun to act."""
GROWS = "the list grows without a write, so what is new in it may be nobody's"
DEPTH, MOST_MENTIONED = 6, 200
"""Bounds for reading ids in the answers of other writes: the depth, and the number of values."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each resource that can be listed and each endpoint that makes it.

    One probe for each resource reads the list after all other probes. Endpoints that have refused nothing so
    far get an invalid call; then the list is read again. Others may add to the lists of a run that is not
    exclusive.
    """
    del roles
    settled = None if setting.exclusive else (Verdict.NOT_SELECTED, others_too(setting, "lists"))
    for name, makers in _list_makers(setting).items():
        resource = setting.model.resources[name]
        attempt = Attempt(together=partial(_try, resource=resource), stage=8, cost=2, writes=True)
        for wrong in makers:
            says = f"a refused {wrong.endpoint.action.name} leaves no {name} behind"
            origin, cite = (*resource.origin, "made_by"), resource.cite or None
            yield Case(wrong.endpoint, says, origin, attempt, name, cite, settled, about=wrong)


def _list_makers(setting: Setting) -> dict[str, list[InvalidCase]]:
    """Return the invalid calls of the endpoints that make a resource, for each one that can be listed."""

    def find() -> dict[str, list[InvalidCase]]:
        makers: dict[str, list[InvalidCase]] = {}
        for resource in setting.model.resources.values():
            listed = next((call for call in resource.listed_by if names_no_instance(call)), None)
            if resource.made_by is None or listed is None:
                continue
            if setting.find_lead(str(listed.action.name)) is None:
                continue
            for endpoint in setting.list_calling(resource.made_by.action):
                if (wrong := _find_wrong(setting, endpoint)) is not None:
                    makers.setdefault(resource.name, []).append(wrong)
        return makers

    return setting.compute_once("invalid creates", find)


def _find_wrong(setting: Setting, endpoint: Endpoint) -> InvalidCase | None:
    """Return an invalid case that breaks another argument than an id, or None."""
    ids = {str(p.name) for p in endpoint.params if p.refers_to or p.name == endpoint.action.idempotency}
    able = [
        case
        for case in invalid_cases_of(setting, endpoint)
        if case.priority == 1 and _keyword(case) in LATE and case.field not in ids
    ]
    return min(able, key=lambda case: LATE.index(_keyword(case)), default=None)


def _keyword(case: InvalidCase) -> str:
    return case.detail.partition("/")[0]


def _try(trials: Sequence[Trial], resource: Resource) -> None:
    setting = trials[0].setting
    before, whole = _list_ids(setting, resource, "unchanged")
    projects: Mapping[tuple[str, str], KnownIds] = ask(GetNote(_note_of(resource))) or {}
    known = projects.get(setting.owner_of("main"))
    shown = known.shown if known is not None and known.first is not None and not known.unsure else set()
    for trial in trials:
        if trial.endpoint.place in shown:
            continue
        wrong: InvalidCase = trial.case.about
        answer = ask(replace(wrong.call, why=f"refused: {wrong.says}"))
        after, whole = _list_ids(setting, resource, "")
        if before is None or after is None or answer.void:
            conclude(trial.untested("the list was not answered"))
        elif not whole:
            conclude(trial.untested("the list goes on behind its first page, and no law says in which order"))
        elif not answer.refused or answer.status >= 500:
            conclude(trial.untested(f"it was not refused: {answer.outcome}"))
        elif any(len(set(ids)) < len(ids) for ids in (before, after)):
            conclude(trial.untested("the pages of the list repeat items, so they may leave others out"))
        elif new := [id for id in after if id not in before]:
            again, _ = _list_ids(setting, resource, "")
            expected, actual = f"the {resource.name}s that were there before", "{count} more after {outcome}"
            broken = trial.broken(expected, actual, count=len(new), outcome=answer.outcome)
            conclude(broken if again is not None and {*again} <= {*after} else trial.untested(GROWS))
        else:
            conclude(trial.kept())
        before = after


def _note_of(resource: Resource) -> str:
    return f"no_effect_of_refusals/{resource.name}"


def _list_ids(
    setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]
) -> tuple[list[Any] | None, bool]:
    """Return the listed ids (None if there is no list), and True if a new instance would be among them."""
    call = next(call for call in resource.listed_by if names_no_instance(call))
    endpoint = setting.find_lead(str(call.action.name))
    assert endpoint is not None
    ids: list[Any] = []
    more = PageRequest()
    for _ in range(MOST_PAGES):
        exchange = ask(
            Call(
                endpoint,
                {**call.input, **more.input},
                "valid",
                f"each {resource.name} there is",
                reuse="" if more != PageRequest() else reuse,
                raw=more.raw,
            )
        )
        items = at_path(call, exchange) if exchange.success and call.at is not None else None
        if not isinstance(items, list):
            return None, False
        ids += [resource.id_of(item) for item in items if isinstance(item, Mapping)]
        if any(ordering_of(call.action)) or not may_go_on(exchange, items):
            return ids, True
        further = next_page(setting, endpoint, exchange)
        if further is None or not further.is_followed:
            break
        more = further
    return ids, False


# -- the ids that may be in a project's list


@dataclass(slots=True)
class KnownIds:
    """The ids that may be in a project's list.

    They are those of the first whole list (None before it) and those made since. `unsure` is true once a call
    may have made an instance whose id is unknown.
    """

    first: set[Any] | None = None
    made: set[Any] = field(default_factory=set)
    mentioned: set[Any] = field(default_factory=set)
    """Ids in answers of other accepted writes, which may make instances of several resources."""
    unsure: bool = False
    refused: list[str] = field(default_factory=list)
    """Endpoints that have refused to make an instance since the last list."""
    tried: set[str] = field(default_factory=set)
    """Endpoints that have refused the most revealing invalid call since the last whole list."""
    shown: set[str] = field(default_factory=set)
    """Endpoints whose refusals were proved to have no effect."""
    awaited: set[Any] = field(default_factory=set)
    """Ids of instances made since the last whole list."""
    others: bool = False
    """True if a write that says nothing of such instances was accepted since the last whole list."""
    quiet: bool = False
    """True if no write was sent since the last whole list."""
    settled: bool = False
    """True if a whole list showed no more than the one before it, without a write between them."""


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each new instance, and judge every list by the known instances."""
    setting = memory.setting
    for resource, wrong in _list_concerned(setting, exchange) if setting.exclusive else ():
        name = resource.name
        projects: dict[tuple[str, str], KnownIds] = memory.notes.setdefault(_note_of(resource), {})
        known = projects.setdefault(setting.owner_of(exchange.call.role), KnownIds())
        _note_mentioned(resource, exchange, known)
        known.quiet = known.quiet and (
            exchange.call.endpoint is not None and exchange.call.endpoint.action.effect == "read"
        )
        if _may_make(resource, exchange):
            _note_create(resource, exchange, known, wrong)
        elif _may_act(exchange):
            known.others = True
        elif exchange.success and exchange.fits and not known.unsure and not _sees_a_part(setting, exchange):
            # project_isolation judges instances of other projects
            elsewhere = {id for other in projects.values() if other is not known for id in other.made}
            items = list_items(resource, exchange)
            if items is not None:
                pairs = ((place, CHECK.find_trial(setting, place, name)) for place in wrong)
                trials = {place: trial for place, trial in pairs if trial is not None}
                yield from _judge_list(resource, exchange, items, known, trials, elsewhere)


def _list_concerned(
    setting: Setting, exchange: Exchange
) -> Sequence[tuple[Resource, Mapping[str, InvalidCase]]]:
    """Return the resources of which an exchange may say something, with their invalid calls by place.

    A write may concern each of them, and a read those that it lists or makes.
    """

    def by_place() -> dict[str, tuple[Resource, dict[str, InvalidCase]]]:
        return {
            name: (setting.model.resources[name], {case.endpoint.place: case for case in makers})
            for name, makers in _list_makers(setting).items()
        }

    def of_reads() -> dict[str, list[tuple[Resource, dict[str, InvalidCase]]]]:
        found: dict[str, list[tuple[Resource, dict[str, InvalidCase]]]] = {}
        for resource, wrong in every.values():
            calls = (*resource.listed_by, *([resource.made_by] if resource.made_by else ()))
            for action in {str(call.action.name): None for call in calls}:
                found.setdefault(action, []).append((resource, wrong))
        return found

    every = setting.compute_once("makers by place", by_place)
    endpoint = exchange.call.endpoint
    if endpoint is None or endpoint.action.effect == "write":
        return list(every.values())
    return setting.compute_once("makers by list", of_reads).get(str(endpoint.action.name), [])


def _list_mentioned(resource: Resource, body: Any, depth: int) -> Iterator[Any]:
    """Yield the ids of a resource in an answer, found by the resource's name: `kernel: {id: …}`, `kernel_id:
    …`.
    """
    if not isinstance(body, Mapping | list) or not depth:
        return
    if isinstance(body, Mapping):
        inner = body.get(resource.name)
        yield resource.id_of(inner) if isinstance(inner, Mapping) else None
        named = body.get(f"{resource.name}_id")
        yield named if is_scalar(named) else None
    for part in body.values() if isinstance(body, Mapping) else body:
        yield from _list_mentioned(resource, part, depth - 1)


def _note_mentioned(resource: Resource, exchange: Exchange, known: KnownIds) -> None:
    """Note the ids in the answer of an accepted write, whatever instances it may make."""
    endpoint = exchange.call.endpoint
    if exchange.success and endpoint is not None and endpoint.action.effect == "write":
        known.mentioned.update(islice(_list_mentioned(resource, exchange.body, DEPTH), MOST_MENTIONED))


def _sees_a_part(setting: Setting, exchange: Exchange) -> bool:
    """True if the caller's lists exclude instances of other callers in its project, so that they cannot be
    compared.
    """
    role = setting.model.auth.roles.get(exchange.call.role)
    return role is not None and role.group is not None


def _may_make(resource: Resource, exchange: Exchange) -> bool:
    """True if the call may have made an instance. A POST that fits no action may have made any."""
    if exchange.call.endpoint is None:
        return exchange.success and exchange.request.method == "POST" and exchange.call.intent == "framework"
    if resource.made_by is not None and exchange.call.endpoint.action is resource.made_by.action:
        return True
    return (
        exchange.call.endpoint.action.effect == "write"
        and exchange.success
        and resource.id_of(at_path(resource.made_by, exchange)) is not None
    )


def _may_act(exchange: Exchange) -> bool:
    """True if a write was accepted, or failed in a way that tells nothing of its effect."""
    endpoint = exchange.call.endpoint
    done = not exchange.refused or exchange.status >= 500
    return done and endpoint is not None and endpoint.action.effect == "write"


def _note_create(
    resource: Resource, exchange: Exchange, known: KnownIds, revealing: Mapping[str, InvalidCase]
) -> None:
    """Note the id that a create made, or its refusal. `revealing` has by place the invalid call that reveals
    most.
    """
    made_by = resource.made_by
    body = at_path(made_by, exchange) if made_by and made_by.at and exchange.success else None
    if isinstance(body, Mapping) and resource.id_of(body) is not None:
        known.made.add(resource.id_of(body))
        known.awaited.add(resource.id_of(body))
    elif not exchange.refused or exchange.status >= 500:  # a redirect may lead to what the call made
        declared = exchange.codes.get(exchange.code or "")
        # the catalogue says of a failure that it can provoke that it has no effect
        promised = declared is not None and bool(declared.provoked_by)
        known.unsure = known.unsure or (exchange.status != UNAVAILABLE and not promised)
    elif exchange.place in revealing and not exchange.limited and known.first is not None:
        if exchange.place not in known.refused:
            known.refused.append(exchange.place)
        wrong = revealing[exchange.place]
        if exchange.call.intent == wrong.call.intent and exchange.call.input == wrong.call.input:
            known.tried.add(exchange.place)


def _is_whole(resource: Resource, exchange: Exchange, items: list[Mapping[str, Any]]) -> bool:
    """True if the list contains all existing instances."""
    action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None
    whole = (call for call in resource.listed_by if names_no_instance(call) and call.action is action)
    plain = next(whole, None)
    if plain is None or exchange.call.input != plain.input or may_go_on(exchange, items):
        return False
    most = min((v for v in plain.input.values() if isinstance(v, int)), default=None)
    return most is None or len(items) < most


def _judge_list(
    resource: Resource,
    exchange: Exchange,
    items: list[Mapping[str, Any]],
    known: KnownIds,
    trials: Mapping[str, Trial],
    elsewhere: set[Any],
) -> Iterator[Judgement]:
    """Judge that each listed instance is known, or was made by another project; `trials` are those of the
    resource, by place.

    The project's first whole list is accepted unjudged.
    """
    ids = [id for item in items if (id := resource.id_of(item)) not in elsewhere]
    whole = _is_whole(resource, exchange, items)
    if known.first is None:
        if whole:
            known.first, known.quiet = set(ids) - known.made, True
        return
    expected = known.first | known.made | known.mentioned
    ghost = next((id for id in ids if id not in expected), None)
    known.unsure = ghost is not None and known.quiet  # the list grows by itself
    known.settled = known.settled or (whole and known.quiet and ghost is None)
    refused, may_follow = known.refused, _may_follow(resource, exchange, known, ids)
    if ghost is not None or whole:
        known.refused = []
    if whole:
        known.awaited, known.others, known.quiet = set(), False, True
    if ghost is not None and (may_follow or known.unsure):
        known.first |= {*ids}
    elif ghost is not None:
        known.first.add(ghost)
        trial = trials[refused[0]] if refused else next(iter(trials.values()))
        since = f"; since the last list was refused: {', '.join(refused)}" if refused else ""
        actual = f"{{id}} is listed, which none made{since}"
        yield trial.broken(f"only {resource.name}s that accepted calls made", actual, id=ghost)
    elif whole:
        known.shown |= known.tried
        known.tried.clear()
        for place in refused:
            yield trials[place].kept()


def _may_follow(resource: Resource, exchange: Exchange, known: KnownIds, ids: Sequence[Any]) -> bool:
    """True if an unknown instance in a list may have come by an accepted call, or was there before.

    A document does not say that a list stays as it is, what a write makes besides, such as a project for an
    experiment, nor which arguments widen a list. The id in a create's answer need not be that of the list.
    """
    if not resource.inferred:
        return False
    plain = (call.input for call in resource.listed_by)
    if not known.settled:
        return True
    widened = all(exchange.call.input != given for given in plain)
    return widened or exchange.overlapped or known.others or not known.awaited <= {*ids}


CHECK = make_check(
    "no_effect_of_refusals",
    __doc__,
    cases,
    watch=watch,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    turn=-1,
    tools=True,
    rank=Rank.WRONG,
)
