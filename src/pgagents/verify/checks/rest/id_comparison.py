"""Each new instance has an id of its own, which in the other letter case, or with a look-alike letter, finds
nothing.

Databases that ignore case find an instance by an id that was never issued. So do servers that normalise
Unicode, for which full-width letters equal ASCII. UUIDs, ULIDs, host names and mail addresses have no case.
A name that callers choose, or a code of what no call makes, such as a country's, is only odd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Rank
from pgagents.verify.answers.refusal import list_allowed_refusals, list_hiding_statuses
from pgagents.verify.answers.representations import kind_of
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.fixtures.guesses import OF_VALUES
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.fixtures.target import CREATED, list_fellows, list_made_by, list_removed
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.invalid_values import full_width
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MADE = "made"
INSTANCES, KEYS = "id_comparison/instances", "id_comparison/keys"
"""The notes of the arguments with which each instance was made, and of the used idempotency keys."""
MOST_IDS, MOST_KEYS = 2_000, 20_000
"""The most instances and keys that are remembered, which bounds the memory of a long run. A key outlives its
instance.
"""
CORRECT = ("valid", "explore")
_CASELESS = re.compile(r"[0-9a-f{}-]*|[0-9a-hjkmnp-tv-z]{26}", re.I)
"""Ids that are one in either case: UUIDs and others of hexadecimal digits (RFC 9562, 4), and ULIDs."""
_NAMES = ("hostname", "idn-hostname", "email", "idn-email")
"""Formats of names whose case does not count (RFC 4343), or that no mail server tells apart by it."""
Named = tuple[str, str, str]
"""An instance by its resource, its containers and its id."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each kind of id, and one case for each action that makes instances.

    The first action that reads by a kind of id has those of both letters: a server looks up an id in one way.
    """
    del roles
    for endpoint, param, resource in _list_readers(setting):
        name, origin = param.name, (*resource.origin, "missing")
        finds = f"{endpoint.action.name} finds nothing"
        attempt = partial(Attempt, writes=resource.made_by is not None)
        run = partial(_try_other_case, param=param, resource=resource)
        yield Case(endpoint, f"{finds} by a {name} in the other case", origin, attempt(run))
        run = partial(_try_lookalike, param=param, resource=resource)
        says = f"{finds} by a {name} with a letter that only looks like its own"
        yield Case(endpoint, says, origin, attempt(run), f"lookalike/{name}")
    for endpoint, resource in _list_makers(setting):
        says = f"each {resource.name} that {endpoint.action.name} makes has an id of its own"
        yield Case(endpoint, says, (*resource.origin, "made_by"), detail=MADE, about=resource)


# -- an id in the other case, or with a look-alike letter


def _list_readers(setting: Setting) -> Iterator[tuple[Endpoint, Param, Resource]]:
    """Yield, for each kind of id, the first call that reads by it and has an error for a missing one."""
    met: set[str] = set()
    for endpoint in setting.endpoints:
        for param in endpoint.params if endpoint.leads and endpoint.action.effect == "read" else ():
            resource = setting.model.resources.get(param.refers_to or "")
            if not param.required or resource is None or resource.missing_for(param) is None:
                continue
            about = template_of(setting.model, endpoint.action).subject
            if about not in (None, resource):  # a part is read, whose container cannot be another
                continue
            kind = kind_of(setting, resource)
            if kind not in met and (resource.made_by or resource.found_by):
                met.add(kind)
                yield endpoint, param, resource


def _try_other_case(trial: Trial, param: Param, resource: Resource) -> None:
    there = trial.ask(InstanceRef(resource.name))
    value, what = resource.value_for(param, there), f"a {param.name} in the other case"
    id, number = str(value), isinstance(value, int | float)  # 2e+22 and 2E+22 are one
    arguments = {**trial.template.input, str(param.name): id.swapcase()}
    made = there if trial.template.subject else None
    call = trial.call("absent", what, input=arguments, made=made)
    caseless = _CASELESS.fullmatch(id) or trial.setting.resolve_schema(param.schema).get("format") in _NAMES
    if number or id.swapcase() == id or caseless or is_invalid(trial.setting, call):
        conclude(trial.not_applicable("ids here have no case"))
        return
    answer = trial.ask(call)
    if answer.success and _find_read_id(trial.endpoint, resource, answer) == id.swapcase():
        raise Untested("another has the id in the other case")
    missing = resource.missing_for(param)
    assert missing is not None
    if answer.refused and answer.status != missing.status:  # a right may lack for any id
        control = trial.ask(
            trial.call("explore", "the id as it is", input={**arguments, str(param.name): id}, made=made)
        )
        if not control.success:
            raise Untested(f"the id as it is was answered {control.outcome}, too")
    hiding = list_hiding_statuses(trial.setting, trial.endpoint)
    # an id may be an encoding or carry a checksum, which the other case breaks
    broken = OF_VALUES if resource.inferred else ()
    # GitHub's labels and Azure's names of resources are chosen by callers, and one in either case
    chosen = resource.made_by is None or any(
        p.wire == resource.id or p.refers_to == resource.name for p in resource.made_by.action.params
    )
    judged = trial.refused(answer, [missing], what, [*hiding, *broken])
    conclude(replace(one, odd=True) if chosen and answer.success else one for one in judged)


def _find_read_id(endpoint: Endpoint, resource: Resource, answer: Exchange) -> str | None:
    shown = next((at_path(read, answer) for read in resource.read_by if read.action is endpoint.action), None)
    id = resource.id_of(shown) if isinstance(shown, Mapping) else None
    return id_text(id) if id is not None else None


def _try_lookalike(trial: Trial, param: Param, resource: Resource) -> None:
    """Request an id in which one letter is full-width. The server must call it missing or invalid."""
    template, name = trial.template, str(param.name)
    subject = template.subject if template.subject is not None else resource
    there = trial.ask(InstanceRef(subject.name, template.states))
    id, what = str(subject.value_for(param, there)), f"a {name} with a letter of full width"
    arguments = {**template.input, name: full_width(id)}
    made = there if template.subject else None
    call = trial.call("absent", what, input=arguments, made=made, field=name)
    if full_width(id) == id or not is_invalid(trial.setting, call):
        conclude(trial.not_applicable("ids here may have such letters"))
        return
    answer = trial.ask(call)
    missing = resource.missing_for(param)
    assert missing is not None
    codes, statuses = list_allowed_refusals(trial.setting, call)
    conclude(trial.refused(answer, [*codes, missing], what, statuses))


# -- the id of a new instance


def _list_makers(setting: Setting) -> Iterator[tuple[Endpoint, Resource]]:
    """Yield the endpoints that make instances, each with its first resource. Those that only move one are
    left out: what they answer with was made before.
    """
    moves = {id(move.action) for resource in setting.model.resources.values() for move in resource.moves}
    makers: dict[int, Resource] = {}
    for resource in setting.model.resources.values():
        if resource.made_by and resource.made_by.at and id(resource.made_by.action) not in moves:
            makers.setdefault(id(resource.made_by.action), resource)
    for endpoint in setting.endpoints:
        if id(endpoint.action) in makers:
            yield endpoint, makers[id(endpoint.action)]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge that each new instance has an id of its own.

    A repeated call, or an equal one that costs nothing, may return the first one's instance. An id is free
    again once its instance is deleted.
    """
    endpoint, setting = exchange.call.endpoint, memory.setting
    if endpoint is None:
        return
    known: dict[Named, str] = memory.notes.setdefault(INSTANCES, {})
    if exchange.success or exchange.error or exchange.status >= 500:  # it may be gone without an answer
        _forget_removed(setting, exchange, known)
    trial = CHECK.find_trial(setting, endpoint.place, MADE)
    if trial is None or not exchange.success or not exchange.fits or exchange.call.intent not in CORRECT:
        return
    resource: Resource = trial.case.about
    body = at_path(resource.made_by, exchange) if resource.made_by is not None else None
    if not isinstance(body, Mapping) or resource.id_of(body) is None or _is_repeated(exchange, memory):
        return
    idempotency, id = endpoint.action.idempotency, resource.id_of(body)
    own = {name: value for name, value in exchange.input.items() if name != idempotency}
    arguments = json_bytes(own).decode()
    instance = (resource.name, setting.find_scope(resource, exchange), id_text(id))
    alike = list_made_by(setting.model, endpoint.action)
    named = (exchange.input.get(resource.id), *(r.id_named(endpoint.params, exchange.input) for r in alike))
    before = None if id in named else known.get(instance)  # a caller may put one under the same id again
    if before is not None and exchange.overlapped and resource.undone_by is not None:
        return  # the answer that tells of the first one's removal may come later
    made = exchange.status == CREATED
    if before is not None and not made and any(o.status == CREATED for o in endpoint.action.outputs):
        return  # a documented 200 beside 201 tells that none was made (RFC 9110, 15.3.2)
    if before is not None and (before != arguments or endpoint.action.costs):
        expected = f"a {resource.name} with an id of its own"
        broken = trial.broken(expected, "the id of another that was made before")
        yield replace(broken, odd=not made)  # Slack's conversations.open makes or finds
    else:
        yield trial.kept()
    known[instance] = arguments
    if len(known) > MOST_IDS:
        del known[next(iter(known))]


def _forget_removed(setting: Setting, exchange: Exchange, known: dict[Named, str]) -> None:
    """Forget the instance that a call removes, its parts and what may refer to it: SQLite gives the number of
    a removed row again.
    """
    for resource, place, id in list_removed(setting, exchange):
        if resource.removes:
            within = {
                other.name for other in setting.model.resources.values() if other.within == resource.name
            }
            # what was made under it may be known where it is not, such as by a list
            there = exchange.success or (resource.name, place, id) in known
            fellows = list_fellows(setting.model, resource) if there else ()
            known.pop((resource.name, place, id), None)
            for other in [key for key in known if key[0] in fellows]:
                del known[other]
            inside = (id, f"{place}/{id}")
            for part in [key for key in known if key[0] in within and key[1] in inside]:
                del known[part]


def _is_repeated(exchange: Exchange, memory: Memory) -> bool:
    """True if the call's idempotency key was used before; the key is noted."""
    name = exchange.call.endpoint.action.idempotency if exchange.call.endpoint else None
    used: dict[str, None] = memory.notes.setdefault(KEYS, {})
    if name is None or name not in exchange.input:
        return False
    key = f"{exchange.call.role} {exchange.input[name]}"
    if key in used:
        return True
    used[key] = None
    if len(used) > MOST_KEYS:
        del used[next(iter(used))]
    return False


CHECK = make_check(
    "id_comparison",
    __doc__,
    cases,
    stage=5,
    watch=watch,
    watched=frozenset((MADE,)),
    remembers=True,
    overlap="all",
    rank=Rank.WRONG,
)
