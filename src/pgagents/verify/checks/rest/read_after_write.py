"""A new instance is read back as it was made, through every endpoint, and appears in every list.

It does not appear in another project's lists. Whatever filter a list is called with, it contains all our
instances that its laws admit. It does not matter how or when they were made.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope, member_of
from pgagents.base.cel.reading import applies
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Contract, Rank
from pgagents.verify.answers.refusal import list_missing_parents
from pgagents.verify.answers.representations import is_equal
from pgagents.verify.fixtures.instance import find_items, list_bodies, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import changes_unseen, may_move
from pgagents.verify.laws import evaluate_law, witness
from pgagents.verify.lists import PageRequest, find_missing_instance, may_go_on, next_page
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, InstanceRef, Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "read_after_write"
TRUSTED = ("valid", "explore", "clean")
MOST_MADE = 500
MOST_PAGES = 21
"""The most reads of a list: for an existing instance, for a new one, and then page by page."""
CRASHED = 500


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each resource: about each read, each list and its isolation, and each list's
    laws.
    """
    for resource, endpoint, _ in _readers(setting, "read_by"):
        says = f"a {resource.name} is read back by {endpoint.action.name} as it was made"
        yield promise(NAME, resource.name, endpoint, says, (*resource.origin, "read_by"), resource.cite)
        for law in resource.laws:
            says = f"{law.name} of a {resource.name}: {law.that.wording}"
            yield promise(
                NAME, f"{resource.name}/{law.name}", endpoint, says, law.origin, law.cite or resource.cite
            )
    for resource, endpoint, index in _readers(setting, "listed_by"):
        detail = _list_detail(resource, index)
        says = f"a {resource.name} is in what {endpoint.action.name} lists"
        yield promise(
            NAME, f"listed/{detail}", endpoint, says, (*resource.origin, "listed_by"), resource.cite
        )
        if resource.tenant:
            says = f"{endpoint.action.name} lists no {resource.name} of another project"
            yield promise(
                NAME, f"not_listed/{detail}", endpoint, says, (*resource.origin, "tenant"), resource.cite
            )


def _list_detail(resource: Resource, index: int) -> str:
    return resource.name if index == 0 else f"{resource.name}-{index + 1}"


def _readers(setting: Setting, what: str) -> Iterator[tuple[Resource, Endpoint, int]]:
    """Yield each resource that can be made, each endpoint that reads or lists it, and the index of that
    call.
    """
    for resource in setting.model.resources.values():
        if resource.made_by is None:
            continue
        calls = resource.read_by if what == "read_by" else resource.listed_by
        for index, call in enumerate(calls):
            for endpoint in (*setting.endpoints, *(one for one in setting.tools if one.leads)):
                if endpoint.action is call.action:
                    yield resource, endpoint, index


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that make an instance and read it through each endpoint, and probes that read each list.

    A list is read as the owner and as another project.
    """
    del roles
    yield from _read_probes(setting)
    yield from _list_probes(setting)


def _read_probes(setting: Setting) -> Iterator[Probe]:
    """Yield a probe for each call that makes an instance, which is then read through each endpoint."""
    known: set[tuple[str, ...]] = set()
    for resource in setting.model.resources.values():
        readers = [
            (endpoint, resource.read_by[index])
            for r, endpoint, index in _readers(setting, "read_by")
            if r is resource
        ]
        if not readers:
            continue
        told = tuple(str(read.action.name) for _, read in readers)
        for index, maker in enumerate(list_makers(setting, resource)):
            priority = 2 if index and told in known else 1
            at_home = sorted(readers, key=lambda r: r[0].surface != maker.surface)
            covers = tuple(id for endpoint, _ in at_home for id in _covers(resource, endpoint))
            name = f"{NAME}/{resource.name}/made by {maker.place}"
            run = partial(_reading, setting, resource, maker, at_home)
            yield Probe(
                name,
                3 if priority == 1 else 8,
                covers,
                1 + len(readers),
                run,
                (maker, *(d for d, _ in at_home)),
                "main",
                True,
                priority,
            )
        known.add(told)


def _list_probes(setting: Setting) -> Iterator[Probe]:
    """Yield probes that read each list as the owner, and as another project if instances belong to
    projects.
    """
    for resource, endpoint, index in _readers(setting, "listed_by"):
        for what, role in (("listed", "main"), ("not_listed", "second"))[: 2 if resource.tenant else 1]:
            contract = f"{NAME}/{what}/{_list_detail(resource, index)}/{endpoint.place}"
            run = partial(_listing, setting, resource, resource.listed_by[index], endpoint, contract, role)
            yield Probe(contract, 3, (contract,), 2, run, (endpoint,), role, True)


def _covers(resource: Resource, endpoint: Endpoint) -> tuple[str, ...]:
    return (
        f"{NAME}/{resource.name}/{endpoint.place}",
        *(f"{NAME}/{resource.name}/{law.name}/{endpoint.place}" for law in resource.laws),
    )


def _reading(
    setting: Setting, resource: Resource, maker: Endpoint, readers: list[tuple[Endpoint, ActionCall]]
) -> Conversation:
    """Make an instance, and read it through every endpoint that reads it."""
    assert resource.made_by is not None
    template = template_of(setting.model, maker.action)
    given = {**template.input, **resource.made_by.input}
    made: Exchange = yield ordinary(
        maker, template, "valid", f"to read a {resource.name} back", input=given, fresh=True, subject=None
    )
    body = next(iter(list_bodies(resource.made_by, made)), None)
    if body is None or not made.fits:
        for contract in (id for endpoint, _ in readers for id in _covers(resource, endpoint)):
            yield judge_untested(contract, say_none_made(resource, made))
        return
    for endpoint, read in readers:
        why = f"to read back a {resource.name}"
        exchange: Exchange = yield Call(endpoint, read.input, "valid", why, subject=resource, made=body)
        yield from _same(setting, resource, body, made, exchange, read, _covers(resource, endpoint))


def _same(
    setting: Setting,
    resource: Resource,
    body: Mapping[str, Any],
    made: Exchange,
    exchange: Exchange,
    read: ActionCall,
    covers: tuple[str, ...],
) -> Iterator[Judgement]:
    if exchange.void or exchange.unsound:
        return
    if not exchange.success:
        yield judge_broken(covers[0], f"the {resource.name} that was made", exchange.outcome)
        return
    back = next(iter(list_bodies(read, exchange)), None)
    if back is None or not exchange.fits:
        return
    told = setting.model.secrets
    members = resource.fixed or tuple(k for k in body if k in back and k not in resource.volatile)
    differing = [m for m in members if m not in told and m in body and not is_equal(body[m], back.get(m))]
    if differing:
        first = differing[0]
        yield judge_broken(
            covers[0], f"{first} as it was made: {body.get(first)!r}", f"{first} differs: {back.get(first)!r}"
        )
    else:
        yield judge_kept(covers[0])
    scope = Scope(
        {
            "created": body,
            "read": back,
            "input": made.input,
            "env": setting.model.env,
            "surface": exchange.call.surface,
        }
    )
    for law, contract in zip(resource.laws, covers[1:], strict=True):
        held = evaluate_law(law, scope)
        if held.outcome == "broken" and not differing:
            yield judge_broken(contract, law.that.wording, f"{law.name} does not hold: {witness(law, scope)}")
        elif held.outcome == "error":
            yield judge_untested(contract, f"the law cannot be evaluated: {held.why}", sticky=True)
        elif held.outcome == "held":
            yield judge_kept(contract)


def _listing(
    setting: Setting, resource: Resource, call: ActionCall, endpoint: Endpoint, contract: str, role: str
) -> Conversation:
    """List as the owner (`main`) or another project, and look for an instance.

    If the owner's list lacks an existing instance, a new one is made and looked for. The old one may be on a
    later page. Then further pages are read, because the newest may be on the last one.
    """
    foreign = role != "main"
    beside = [c.name for c in list_missing_parents(setting, endpoint, resource)] if foreign else []
    more = PageRequest()
    made: Mapping[str, Any] | None = None
    for turn in range(MOST_PAGES):
        if not foreign and turn <= 1:
            made = yield from choose_instance(setting, resource, call, endpoint, again=turn == 1)
        intent: Intent = "explore" if beside else "valid"
        exchange: Exchange = yield make_list_call(resource, call, endpoint, role, intent, made, more)
        verdict = judge_page(contract, resource, call, exchange, role, beside)
        if verdict is None and turn == 0:
            continue
        verdict = verdict or judge_end(contract, resource, call, exchange)
        if verdict is not None:
            yield verdict
            return
        further = next_page(setting, endpoint, exchange)
        if further is None or not further.is_followed:
            break
        more = further
    yield judge_untested(
        contract,
        f"the {resource.name} that was just made may stand on a further page than could be asked for"
        + ("" if endpoint.action.pages else "; `pages` of the action would say how"),
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the instances that each key makes, and look for them in every list that the same key reads."""
    endpoint = exchange.call.endpoint
    if endpoint is None:
        return
    made: dict[tuple[str, str], dict[str, float]] = memory.notes.setdefault((NAME, "made"), {})
    odd = exchange.call.beside or not exchange.fits or exchange.call.intent not in TRUSTED
    unsure = exchange.error or exchange.status >= CRASHED or (exchange.success and odd)
    if endpoint.action.effect == "write" and unsure:
        made.clear()  # the state of the instances is unknown now
    if exchange.success and endpoint.action.effect == "write":
        forget_changed(exchange, memory, made)  # also if another check finds an error in the answer
    if (
        exchange.call.intent not in TRUSTED
        or not exchange.call.role
        or exchange.call.raw.headers
        or not exchange.success
        or not exchange.fits
        or exchange.tainted
    ):
        return
    for resource in list_resources(memory.setting, endpoint):
        place = resource.place_in(endpoint.params, exchange.input)
        mine = made.setdefault((f"{resource.name} {place}", exchange.call.role), {})
        if (
            resource.made_by
            and resource.made_by.action is endpoint.action
            and not resource.expires_by
            and len(mine) < MOST_MADE
        ):
            mine.update(
                {
                    id_text(i): exchange.sent_at
                    for b in list_bodies(resource.made_by, exchange)
                    if (i := resource.id_of(b)) is not None
                }
            )
        calls = [(i, c) for i, c in enumerate(resource.listed_by) if c.action is endpoint.action]
        if calls and endpoint.leads and mine:
            yield from _all_there(exchange, memory, resource, calls, mine, place)


def _all_there(
    exchange: Exchange,
    memory: Memory,
    resource: Resource,
    calls: list[tuple[int, ActionCall]],
    mine: Mapping[str, float],
    place: str,
) -> Iterator[Judgement]:
    """Yield a broken judgement if the list lacks an instance that its laws admit."""
    index, call = min(calls, key=lambda c: len(c[1].input.keys() ^ exchange.call.input.keys()))
    lost, endpoint = find_lost_instance(exchange, memory, resource, call, mine, place), exchange.call.endpoint
    if lost is not None and endpoint is not None:
        given = ", ".join(sorted(exchange.call.input)) or "nothing"
        contract = f"{NAME}/listed/{_list_detail(resource, index)}/{endpoint.place}"
        yield judge_broken(
            contract,
            f"each {resource.name} of ours that {given} asks for",
            f"one of ours is not in the list, made {_ago(exchange, mine[id_text(resource.id_of(lost))])}",
        )


def _ago(exchange: Exchange, at: float) -> str:
    return f"{max(0.0, exchange.sent_at - at):.0f} s before"


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    turn=9,
    calls_correctly=True,
    tools=True,
    self_contained=True,
    remembers=True,
    overlap="all",
    rank=Rank.WRONG,
)


# -- the instance that a list is searched for


def list_makers(setting: Setting, resource: Resource) -> list[Endpoint]:
    """Return the endpoints that make an instance, those of tools included if no other surface has them."""
    leads = [one for one in setting.tools if one.leads]
    every = (*setting.endpoints, *leads)
    return [d for d in every if resource.made_by and d.action is resource.made_by.action]


def _list_case_insensitive(endpoint: Endpoint, call: ActionCall) -> list[str]:
    """Return the members that filter the list and that one of its laws converts to upper case."""
    return [
        member
        for name, value in call.input.items()
        if (member := member_of(value, ("resource",)))
        and any(applies(law.that.tree, "upper", ("input", name)) for law in endpoint.action.laws)
    ]


def choose_instance(
    setting: Setting, resource: Resource, call: ActionCall, endpoint: Endpoint, *, again: bool
) -> Generator[Any, Any, Mapping[str, Any] | None]:
    """Return the instance to look for, or None if any will do. If `again`, it is a new one.

    Its texts are in lower case if a law ignores case.
    """
    folded = _list_case_insensitive(endpoint, call)
    there: Mapping[str, Any] | None = None
    if (
        again
        and (maker := next(iter(list_makers(setting, resource)), None)) is not None
        and resource.made_by is not None
    ):
        new: Exchange = yield ordinary(
            maker, template_of(setting.model, maker.action), "valid", "to have the latest", fresh=True
        )
        there = next(iter(list_bodies(resource.made_by, new)), None)
    elif folded:
        there = yield InstanceRef(resource.name, standard=True)
    return (
        {**there, **{m: there[m].lower() for m in folded if isinstance(there.get(m), str)}}
        if there is not None
        else None
    )


def make_list_call(
    resource: Resource,
    call: ActionCall,
    endpoint: Endpoint,
    role: str,
    intent: Intent,
    made: Mapping[str, Any] | None,
    more: PageRequest,
) -> Call:
    """Return the call that reads a page of the list; `made` is the instance to look for."""
    owners, others = f"to find a {resource.name} in the list", f"another project lists each {resource.name}"
    return Call(
        endpoint,
        {**call.input, **more.input},
        intent,
        owners if role == "main" else others,
        role=role,
        subject=resource,
        owner="main",
        standard=True,
        made=made,
        raw=more.raw,
    )


# -- instances that each key made, and those that a list lacks


DAY_S = 86_400.0
"""Seconds after which the server may have removed part of an instance."""


def list_resources(setting: Setting, endpoint: Endpoint) -> list[Resource]:
    """Return the resources that an endpoint's action makes or lists."""

    def find() -> list[Resource]:
        return [
            resource
            for resource in setting.model.resources.values()
            if (resource.made_by is not None and resource.made_by.action is endpoint.action)
            or any(call.action is endpoint.action for call in resource.listed_by)
        ]

    return setting.compute_once(("resources made or listed", str(endpoint.action.name)), find)


def forget_changed(exchange: Exchange, memory: Memory, made: dict[tuple[str, str], dict[str, float]]) -> None:
    """Forget the instances that a call removed or may have changed unseen, whoever made them."""
    endpoint = exchange.call.endpoint
    for resource in memory.model.resources.values() if endpoint is not None else ():
        assert endpoint is not None
        undone_by = resource.undone_by
        removed = undone_by is not None and undone_by.action is endpoint.action and resource.removes
        unseen = changes_unseen(memory.setting, resource, endpoint.action)
        if not removed and not unseen and not may_move(resource, endpoint.action):
            continue
        key = f"{resource.name} {resource.place_in(endpoint.params, exchange.input)}"
        named = [exchange.input.get(str(p.name)) for p in endpoint.params if p.refers_to == resource.name]
        if len(resource.ids) > 1:
            named = [resource.id_named(endpoint.params, exchange.input)]
        for (name, _), mine in made.items():
            for id in named if name == key else ():
                mine.pop(id_text(id), None)


def find_lost_instance(
    exchange: Exchange,
    memory: Memory,
    resource: Resource,
    call: ActionCall,
    mine: Mapping[str, float],
    place: str,
) -> Mapping[str, Any] | None:
    """Return the body of an instance that the list's laws admit and the list lacks; None without one.

    `mine` maps the ids of the key's instances to the times of their creates, in epoch seconds.
    """
    name, *members = (call.at.path if call.at else ()) or ("",)
    since = exchange.sent_at - min(
        (rule.after_s for rule in (memory.model.retention or {}).values()), default=DAY_S
    )
    bodies = [memory.bodies.get((resource.name, f"{place}{id}")) for id, at in mine.items() if at > since]
    return (
        find_missing_instance(
            memory.setting, exchange, members[0], resource, [b for b in bodies if b], body_at=call.body_at
        )
        if name == "response" and len(members) == 1
        else None
    )


# -- a list with the caller's own instance, and without those of another project


def judge_end(contract: str, resource: Resource, call: ActionCall, exchange: Exchange) -> Judgement | None:
    """Return a broken judgement if a list without the instance has no further page; else None."""
    listed = (find_items(call, exchange) or []) if exchange.success else []
    if may_go_on(exchange, listed):
        return None
    promised = f"the {resource.name} that was just made"
    return judge_broken(contract, promised, "a list of {count} without it", count=len(listed))


def judge_page(
    contract: str, resource: Resource, call: ActionCall, exchange: Exchange, role: str, beside: list[str]
) -> Judgement | None:
    """Judge one page: the owner's must contain the instance, and another role's must not.

    None if the owner's page lacks it, because it may be on another page. `beside` are the codes of a list
    whose container the other project does not even find.
    """
    if exchange.code in beside:
        return judge_kept(contract)
    if not exchange.success or exchange.subject is None:
        return judge_untested(contract, f"the list was not answered: {exchange.outcome}")
    if not exchange.fits:
        return judge_untested(contract, "the list does not satisfy its schema")
    listed = find_items(call, exchange)
    if listed is None:
        where = f"`{call.at.wording}`" if call.at is not None else "the whole answer"
        return judge_untested(
            contract, f"no list was found in what {call.action.name} answered: at is {where}"
        )
    there = resource.id_of(exchange.subject) in [resource.id_of(item) for item in listed]
    if there == (role == "main"):
        return judge_kept(contract)
    if there:
        return judge_broken(
            contract, f"no {resource.name} of another project", "another project's is in the list"
        )
    return None
