"""No answer to one project holds an id of another project's instances, and the other's actions do not change
its figures.

Every answer is searched for the other projects' ids, and for texts that the run gave their instances. Lists
and figures of a `tenant` are read by one project and then at once by another, which reveals a cache that
ignores the key, as a CDN does without `Vary` (RFC 9111, 3.5). Figures are compared before and after another
project makes and ends an instance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.catalogue.model.values import list_moments
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.refusal import list_missing_parents
from pgagents.verify.cases.shared_rows import is_owned_by_guess
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.marks import find_marks
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, conclude, demand
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import Attempt, Attempts, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, Intent, RelativeTime
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

OTHER = "second"
"""The role with the key of another project."""
TOLD = "told"
DAY_S = 86_400
SHORTEST = 8
"""Length (characters) from which an id is searched for in answers; shorter ones stand there by chance."""
MOST_IDS = 2_000
MOST_BODIES = 50
"""The most ids and bodies of an owner that are remembered: each answer is compared with all of them."""
IDS, BODIES = "project_isolation/ids", "project_isolation/bodies"
HIDDEN = "project_isolation/hidden"
Owner = tuple[str, str]
"""A project and a mode, which together own instances."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case about ids in all answers, and one about unchanged figures for each action of a project's
    own.

    Figures are not selected unless the run is exclusive, because others may use our project and change them.
    """
    del roles
    if OTHER not in setting.model.auth.roles:
        return
    if tenants := _list_tenants(setting):
        names = " or ".join(dict.fromkeys(resource.name for resource in tenants))
        says, origin = f"no answer names a {names} of another project", (*tenants[0].origin, "tenant")
        yield Case(None, says, origin, detail=TOLD, place=f"@{REST}")
    settled = None if setting.exclusive else (Verdict.NOT_SELECTED, others_too(setting, "counts"))
    for endpoint, resource in _list_figures(setting):
        name, origin = endpoint.action.name, (*endpoint.action.origin, "tenant")
        says = f"{name} returns the same after another project made and ended a {resource.name}"
        yield Case(endpoint, says, origin, None, "figures", resource.cite or None, settled)


def attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
    """Yield attempts that compare figures before and after another project makes and ends an instance, and
    that read lists as both projects. Without any, one reads as the other project.
    """
    del roles
    if OTHER not in setting.model.auth.roles:
        return
    everywhere = (TOLD, f"@{REST}")
    figures = list(_list_figures(setting)) if setting.exclusive else []
    for endpoint, resource in figures:
        run = partial(_compare_figures, resource=resource)
        attempt = Attempt(together=run, stage=3, cost=5, role=OTHER, writes=True)
        yield attempt, [("figures", endpoint.place), everywhere]
    lists = list(_list_lists(setting))
    for endpoint, resource in lists:
        attempt = Attempt(
            partial(_read_as_both, endpoint, resource),
            cost=2,
            role=OTHER,
            writes=True,
            endpoints=(endpoint,),
            suffix=str(endpoint.action.name),
        )
        yield attempt, [everywhere]
    reads = (e for e in setting.endpoints if e.leads and e.action.effect == "read" and e.action.key)
    read = next(reads, None)
    if read is not None and _list_tenants(setting) and not figures and not lists:
        yield Attempt(partial(_read_once, read), role=OTHER, endpoints=(read,)), [everywhere]


def _list_tenants(setting: Setting) -> list[Resource]:
    """Return the resources of a project's own that the run can make."""
    return [r for r in setting.model.resources.values() if r.tenant and r.made_by is not None]


def _list_figures(setting: Setting) -> Iterator[tuple[Endpoint, Resource]]:
    """Yield REST reads about a whole project, each with a resource that can be made and ended.

    A resource that the read lists is preferred, then one that does not end by itself (`expires_by`).
    """
    made = [resource for resource in _list_tenants(setting) if resource.undone_by]
    for endpoint in setting.endpoints if made else ():
        action = endpoint.action
        if action.tenant and action.effect == "read" and endpoint.leads:
            listed = [r for r in made if any(call.action is action for call in r.listed_by)]
            lasting = [r for r in made if r.expires_by is None]
            yield endpoint, [*listed, *lasting, *made][0]


def _list_lists(setting: Setting) -> Iterator[tuple[Endpoint, Resource]]:
    """Yield each REST list of a project's own resource once, with a resource of which an instance can be
    made.
    """
    known: set[str] = set()
    for resource in _list_tenants(setting):
        for listed in resource.listed_by:
            endpoint = setting.find_lead(str(listed.action.name))
            if endpoint is not None and endpoint.action.key and endpoint.place not in known:
                known.add(endpoint.place)
                yield endpoint, resource


def _read_once(endpoint: Endpoint, trial: Trial) -> None:
    template = template_of(trial.model, endpoint.action)
    trial.ask(ordinary(endpoint, template, "valid", "what another project sees", role=OTHER, owner=OTHER))


def _read_as_both(endpoint: Endpoint, resource: Resource, trial: Trial) -> None:
    """Read our list with an instance of ours in it, then make the same call as another project."""
    template = template_of(trial.model, endpoint.action)
    instance = trial.ask(InstanceRef(resource.name))
    # the lines of an order are listed by a read of the order, which no id of a line names
    subject = instance if template.subject is resource else None
    why = f"a list of each {resource.name} of ours"
    own = trial.ask(ordinary(endpoint, template, "valid", why, made=subject))
    subject = own.subject if template.subject is not None else None
    if own.success:
        missing = [code.name for code in list_missing_parents(trial.setting, endpoint, resource)]
        sent = {name: value for name, value in own.input.items() if name in own.call.input}
        intent: Intent = "explore" if missing or resource.within else "valid"
        why = "the same list of another project"
        other = trial.ask(ordinary(endpoint, template, intent, why, role=OTHER, input=sent, made=subject))
        if other.code in missing:  # the other project does not even find the container of the list
            conclude(trial.kept())


def _compare_figures(trials: Sequence[Trial], resource: Resource) -> None:
    trial = trials[0]
    setting, read = trial.setting, partial(trial.call, "valid", role="main")
    moments = list_moments(trial.endpoint.params, setting.model.schemas)
    arguments = {**trial.template.input, **_around(moments)}
    before = ask(read("figures of our project", input=arguments))
    undo = resource.undone_by
    ending = setting.find_lead(str(undo.action.name)) if undo is not None else None
    if undo is None or ending is None or not before.success:
        conclude(trial.untested(f"the figures were answered {before.outcome}"))
        return
    states = (resource.initial,) if resource.initial else ()
    theirs = ask(InstanceRef(resource.name, states, role=OTHER, standard=True))
    same: dict[str, Any] = {"input": dict(before.input), "made": before.subject}
    why = f"another project ends its {resource.name}"
    ended = ask(
        Call(ending, undo.input, "valid", why, role=OTHER, owner=OTHER, subject=resource, made=theirs)
    )
    why = "another project's figures"
    names = any(p.refers_to for p in trial.endpoint.params)  # which are ours
    ask(trial.call("explore" if names else "valid", why, **same))  # we must not get this answer from a cache
    after = ask(read("the figures again", **same))
    if not ended.success or not after.success:
        conclude(trial.untested(f"it was ended with {ended.outcome}, the figures answered {after.outcome}"))
        return
    if before.body == after.body:
        conclude(trial.kept())
        return
    again = demand(ask(read("whether the figures change by themselves", **same)))
    moving = {path for path, _ in _list_changes(after.body, again.body)}  # as the time of a report does
    for path, values in _list_changes(before.body, after.body):
        if path not in moving:
            conclude(trial.broken("the same figures", f"others: {path} {{values}}", values=values))
            return
    conclude(trial.kept(f"{' and '.join(sorted(moving))}, which changes by itself"))


def _around(moments: list[Param]) -> dict[str, Any]:
    """Return a time range from yesterday to tomorrow, where an author's figures take one."""
    return (
        {str(p.name): RelativeTime(DAY_S * (2 * i - 1)) for i, p in enumerate(moments[:2])}
        if len(moments) > 1
        else {}
    )


def _list_changes(before: Any, after: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the values of each difference between two answers."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in {**before, **after}:
            yield from _list_changes(before.get(name), after.get(name), f"{at}.{name}" if at else str(name))
    elif before != after:
        yield at, f"{json_bytes(before).decode()[:80]}, then {json_bytes(after).decode()[:80]}"


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the owner of each new instance, and search every answer for ids of other owners."""
    role = memory.model.auth.roles.get(exchange.call.role)
    trial = CHECK.find_trial(memory.setting, f"@{REST}", TOLD)
    if trial is None or role is None or exchange.call.endpoint is None or role.operator:  # who sees all
        return
    owner: Owner = (role.project, role.mode)
    ids: dict[Owner, dict[bytes, str]] = memory.notes.setdefault(IDS, {})
    _note_made(exchange, owner, ids, memory)
    _note_hidden(exchange, memory)
    if len(ids) > (owner in ids) and exchange.response is not None and exchange.call.intent != "framework":
        yield from _find_leaks(trial, exchange, owner, ids, memory.notes.get(HIDDEN, ()))
    others = [pair for pair in memory.notes.get(BODIES, {}) if pair[0] != owner]
    # an answer to a call of another form, such as another method, is not that of its action
    if others and exchange.success and exchange.call.intent != "framework":
        yield from _find_foreign_items(trial, exchange, owner, memory.notes[BODIES])


def _note_made(exchange: Exchange, owner: Owner, ids: dict[Owner, dict[bytes, str]], memory: Memory) -> None:
    """Note the id and the body of an instance that this exchange made."""
    for resource in memory.model.resources.values():
        if (
            resource.tenant
            and resource.made_by
            and exchange.call.endpoint is not None
            and exchange.call.endpoint.action is resource.made_by.action
            and exchange.success
        ):
            body = at_path(resource.made_by, exchange) if resource.made_by.at else None
            id = resource.id_of(body) if isinstance(body, Mapping) else None
            if isinstance(body, Mapping) and id is not None and _is_telling(resource):
                bodies: dict[tuple[Owner, str], list[Mapping[str, Any]]] = memory.notes.setdefault(BODIES, {})
                bodies.setdefault((owner, resource.name), []).append(body)
            telling = [json_bytes(id)] if isinstance(id, str) and len(id) >= SHORTEST else []
            if resource.inferred:  # a document says of no member that it never changes
                telling += [mark.encode() for mark in find_marks(body)]
            if telling:
                mine = ids.setdefault(owner, {})
                mine |= dict.fromkeys(telling, resource.name)
                for oldest in list(mine)[: max(len(mine) - MOST_IDS, 0)]:
                    del mine[oldest]


def _note_hidden(exchange: Exchange, memory: Memory) -> None:
    """Note a resource of which a read of ours is refused to the other project, so that it is not shared."""
    call, endpoint = exchange.call, exchange.call.endpoint
    if exchange.void or not exchange.refused or call.role != OTHER or call.owner != "main":
        return
    for resource in memory.model.resources.values():
        if any(endpoint is not None and read.action is endpoint.action for read in resource.read_by):
            memory.notes.setdefault(HIDDEN, set()).add(resource.name)


def _is_telling(resource: Resource) -> bool:
    """True if a member besides the id never changes. It may tell an instance from one of another project that
    has the same id.
    """
    return len(resource.fixed) > 1


def _find_foreign_items(
    trial: Trial, exchange: Exchange, owner: Owner, noted: Mapping[tuple[Owner, str], list[Mapping[str, Any]]]
) -> Iterator[Judgement]:
    """Judge that a list or a read contains no instance of another owner.

    Both owners may have the same ids, as where each project counts its own. An instance that is the same as
    one of the caller's own is none.
    """
    action = exchange.call.endpoint.action if exchange.call.endpoint else None
    for resource in trial.model.resources.values():
        for call in (*resource.listed_by, *resource.read_by):
            if call.action is not action or not _is_telling(resource):
                continue
            body = at_path(call, exchange) if call.at is not None else None
            items = body if isinstance(body, list) else [body]
            own = noted.get((owner, resource.name), [])
            foreign = [item for item in items if not _is_among(resource, item, own)]
            for (other, name), bodies in noted.items():
                if other == owner or name != resource.name:
                    continue
                if any(_is_among(resource, item, bodies) for item in foreign):
                    expected = f"nothing of the project {other[0]}"
                    yield trial.broken(expected, f"{action.name} showed a {name} of it")
                    return
            yield trial.kept()


def _is_among(resource: Resource, item: Any, bodies: Sequence[Mapping[str, Any]]) -> bool:
    """True if an item is the same as one of the latest bodies in every member that never changes."""
    if not isinstance(item, Mapping) or not all(name in item for name in resource.fixed):
        return False
    for body in bodies[-MOST_BODIES:]:  # loops: each item of each list is held against fifty bodies
        for name in resource.fixed:
            if name not in body or body[name] != item[name]:
                break
        else:
            return True
    return False


def _may_be_shared(setting: Setting, name: str) -> bool:
    """True for a resource that is read by its id, if only a guess says that it is a project's own."""
    resource = setting.model.resources.get(name)
    return resource is not None and bool(resource.read_by) and is_owned_by_guess(setting, resource)


def _find_leaks(
    trial: Trial,
    exchange: Exchange,
    owner: Owner,
    made: Mapping[Owner, Mapping[bytes, str]],
    hidden: Collection[str],
) -> Iterator[Judgement]:
    """Judge that an answer contains no id of another owner, and no text that only its instance has.

    A text that the call itself sends shows nothing. Neither does one that the caller's own create answered,
    because ids may be counted per project. If only a second key suggests that a resource is a project's own,
    it may be shared, unless it is `hidden` where it is read by its id.
    """
    shown = False
    body = exchange.told.body if isinstance(exchange.told, Response) else b""
    action = exchange.call.endpoint.action.name if exchange.call.endpoint else ""
    mine = made.get(owner, {})
    for other, ids in made.items():
        for id, name in ids.items() if other != owner else ():
            if (
                id in body
                and id not in mine
                and id.strip(b'"') not in exchange.request.body
                and id.strip(b'"').decode() not in exchange.request.target
            ):
                if name not in hidden and _may_be_shared(trial.setting, name):
                    shown = True
                    continue
                expected = f"nothing of the project {other[0]}"
                yield trial.broken(expected, f"{action} showed a {name} of it")
                return
    if exchange.success and not shown:
        yield trial.kept()


CHECK = make_check(
    "project_isolation",
    __doc__,
    cases,
    attempts=attempts,
    stage=8,
    watch=watch,
    watched=frozenset((TOLD,)),
    turn=9,
    rank=Rank.EXPOSED,
)
