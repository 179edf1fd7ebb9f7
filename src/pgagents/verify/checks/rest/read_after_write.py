"""A new instance is read back as it was made, through every endpoint, and appears in every list.

It does not appear in another project's lists. Whatever filter a list is called with, it contains all our
instances that its laws admit. It does not matter how or when they were made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.cel.scope import Scope
from pgagents.model.action import ActionCall
from pgagents.model.contract import Contract
from pgagents.model.resource import Resource, id_text
from pgagents.verify.answers.comparison.standing_values import is_equal
from pgagents.verify.answers.lists.made_instances import find_lost_instance, forget_changed, list_resources
from pgagents.verify.answers.lists.membership import judge_end, judge_page
from pgagents.verify.answers.refusal import list_missing_parents
from pgagents.verify.cases.paging.instance_search import choose_instance, list_makers, make_list_call
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import list_bodies, say_none_made
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.laws import evaluate_law
from pgagents.verify.laws.next_page import PageRequest, next_page
from pgagents.verify.laws.witness import witness
from pgagents.verify.wire.call import Call, Intent
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
    rank=9,
    calls_correctly=True,
    tools=True,
    self_contained=True,
    remembers=True,
    overlap="all",
)
