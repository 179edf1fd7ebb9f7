"""A call with an id that does not exist, or belongs to another project, is refused, or finds nothing.

Each id argument is called with an id that no instance has. Another project's id gets the same answer, or a
refusal, as the catalogue allows (OWASP API1:2023). An optional argument in the query of a read may be a
filter, as PostgREST's, which answers a list without items; not if the catalogue gives the argument an
error of its own (`otherwise`). The server may refuse any of several such ids first. Without an `absent` id,
an imported resource is read by a number or a UUID that hardly any server has, and any refusal will do. By
a document alone, what another key reaches is firm if both keys list rows, and none is in both lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.resource import REFERENCE, Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.refusal import (
    ANY_REFUSAL,
    list_missing_children,
    list_missing_parents,
)
from pgagents.verify.cases.removed_instances import find_absent_id, list_references
from pgagents.verify.cases.shared_rows import (
    are_apart,
    find_refused_write,
    is_listed_for_other,
    is_owned_by_guess,
    makes,
    say_shared,
)
from pgagents.verify.fixtures.instance import Unavailable, at_path
from pgagents.verify.fixtures.target import CREATED, makes_it
from pgagents.verify.judgement import (
    Judgement,
    Untested,
    conclude,
    demand,
    judge_kept,
    judge_refused,
    judge_untested,
)
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

UNAUTHORIZED = 401
"""The server takes the other key for none."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield up to two cases for each id argument: about an absent id, and about an id of another project."""
    del roles
    usable = {endpoint.place for endpoint in setting.usable}
    for endpoint, param, resource in list_references(setting):
        action, reachable = endpoint.action, endpoint.place in usable
        missing = resource.missing_for(param)
        absent = find_absent_id(setting, endpoint, param, resource)
        # a PUT may make what its id names (RFC 9110, 9.3.4)
        if absent is not None and missing and not makes_it(endpoint, param):
            says = f"{action.name} answers {missing.name} for a {param.name} that does not exist"
            origin = (*resource.origin, "absent") if resource.absent is not None else resource.origin
            run = partial(_call_unknown, param=param, absent=absent)
            attempt = Attempt(run, stage=5, cost=1, optional=True) if reachable else None
            yield Case(endpoint, says, origin, attempt, f"unknown/{param.name}")
        if has_foreign(setting, endpoint, param, resource):
            says = f"{action.name} hides another project's {resource.name}"
            origin = (*resource.origin, "tenant")
            attempt = _attempt_foreign(endpoint, param, resource) if reachable else None
            yield Case(endpoint, says, origin, attempt, f"foreign/{param.name}", resource.cite or None)


def _attempt_foreign(endpoint: Endpoint, param: Param, resource: Resource) -> Attempt:
    reads = endpoint.action.effect == "read"
    if not param.required:
        run = partial(_call_with_theirs, param=param, resource=resource)
    elif reads:
        run = partial(_call_after_owner, param=param, resource=resource)
    else:
        run = partial(_call_foreign, param=param, resource=resource)
    return Attempt(run, cost=2 if reads else 1, role="second")


def _make_foreign_call(trial: Trial, resource: Resource) -> Call:
    """Return the call by another project. A document names no error for it, so any refusal will do, and the
    state of the instance must not be a reason for one.
    """
    why = f"another project's {resource.name}"
    call = trial.call("absent", why, owner="main")
    moves = (move for move in resource.moves if move.action is trial.action and resource.inferred)
    states = next((move.origin_states for move in moves), ())
    if not states:
        return call
    return replace(call, states=tuple(states), why=f"{why} that is {' or '.join(states)}")


def _call_foreign(trial: Trial, param: Param, resource: Resource) -> None:
    _judge_foreign(trial, param, resource, _make_foreign_call(trial, resource))


def _call_with_theirs(trial: Trial, param: Param, resource: Resource) -> None:
    """Send the id of the main project's instance in an optional argument.

    All other arguments that name something, and are members of that instance, get its values: Stripe refuses
    a payment method for another customer than its own, whoever asks.
    """
    call = _make_foreign_call(trial, resource)
    shown = [r for r in trial.model.resources.values() if resource.inferred and _lists_by(trial, r, resource)]
    parts = tuple((part.name, True) for part in shown)  # the list of an empty one tells nothing
    instance = trial.ask(InstanceRef(resource.name, fresh=True, parts=parts))
    named = (str(p.name) for p in trial.endpoint.params if p.refers_to)
    members = {name: instance[name] for name in named if name in instance}
    arguments = {**call.input, **members, str(param.name): resource.value_for(param, instance)}
    _judge_foreign(trial, param, resource, replace(call, input=arguments, subject=None), instance)


def _lists_by(trial: Trial, part: Resource, whole: Resource) -> bool:
    """True if the call lists instances that name an instance of another kind when they are made."""
    listed = any(call.action is trial.action for call in part.listed_by)
    made_by = part.made_by
    return listed and made_by is not None and any(p.refers_to == whole.name for p in made_by.action.params)


def _call_after_owner(trial: Trial, param: Param, resource: Resource) -> None:
    """Read as the owner just before the other project's call: a shared cache may store the answer for
    everyone (RFC 9111, 3.5).
    """
    call = _make_foreign_call(trial, resource)
    named = call.subject or resource  # a call about an instance names what contains it by that
    wanted = InstanceRef(named.name, call.states)
    try:
        instance = trial.ask(wanted)
    except Unavailable:
        # an invoice needs a visit, of which no more are made; an older one is as good to read
        if named.found_by is None:
            raise
        instance = trial.ask(replace(wanted, older=True))
    same = (
        replace(call, made=instance)
        if call.subject is not None
        else replace(call, input={**call.input, **name_instance(call, resource, instance)})
    )
    own = trial.ask(replace(same, role="main", intent="explore", why=f"our own {resource.name}"))
    if not own.success and resource.inferred:  # an author's own code is proof enough
        raise Untested(f"its owner does not get it: {own.outcome}")
    _judge_foreign(trial, param, resource, same, instance)


def _judge_foreign(
    trial: Trial, param: Param, resource: Resource, call: Call, sent: Mapping[str, Any] | None = None
) -> None:
    answer = trial.ask(call)
    if may_filter(trial.endpoint, param) and shows_no_item(answer):
        conclude(trial.kept())
        return
    if answer.success and _has_same_id(trial, resource, answer):
        raise Untested(f"the other project has a {resource.name} with the same id")
    if resource.inferred:  # the document names no error for it, so any refusal will do
        if answer.success and may_filter(trial.endpoint, param) and not _shows_sent(answer, param):
            raise Untested(f"no item shows the other project's {resource.name}")  # it may be ignored
        if answer.success:
            shown = _tell_reached(trial, resource, answer, sent)
            refused = f"another project's {resource.name} is refused"
            broken = trial.broken(refused, shown).with_rank(Rank.EXPOSED)
            proved = are_apart(trial.setting, call.subject or resource)
            conclude(replace(broken, shown=proved, seen_in=answer))
        elif answer.void or answer.status >= 500 or answer.status == UNAUTHORIZED:  # or it was not looked up
            raise Untested(f"it says nothing of whose the {resource.name} is: {answer.outcome}")
        else:
            conclude(trial.kept())
        return
    codes = _list_codes(trial, param, resource)  # an author names the error, so another one is broken
    for judgement in trial.refused(answer, codes, f"another project's {resource.name}"):
        judged = judgement.with_rank(Rank.EXPOSED) if answer.success else judgement
        conclude(replace(judged, seen_in=answer))


def _shows_sent(answer: Exchange, param: Param) -> bool:
    """True if an item of a list shows the id for which the list was asked."""
    body, id = answer.body, answer.input.get(str(param.name))
    lists = [body] if isinstance(body, list) else list(body.values()) if isinstance(body, Mapping) else []
    items = (item for items in lists if isinstance(items, list) for item in items)
    return any(isinstance(item, Mapping) and id in item.values() for item in items)


def _tell_reached(trial: Trial, resource: Resource, answer: Exchange, sent: Mapping[str, Any] | None) -> str:
    """Return what a success shows. Raises Untested if only a guess says that the instance has an owner, and
    the answers show it to be shared.

    A row that everybody sees may still have an owner: then some other change of it is refused.
    """
    setting, named = trial.setting, answer.call.subject or resource
    if not is_owned_by_guess(setting, named):
        return answer.outcome
    reads = trial.action.effect == "read"
    there = sent if reads and sent else trial.ask(InstanceRef(named.name))  # a write may have removed its own
    listed = is_listed_for_other(setting, named, there)
    if listed is None:
        return answer.outcome
    if not listed:
        return f"{answer.outcome}, although the other project's own list leaves it out"
    free = reads or answer.status == CREATED or makes(setting, trial.action)  # a comment on a public issue
    refused = None if free else find_refused_write(setting, named, trial.action)
    if refused is None:
        raise Untested(say_shared(named))
    return f"{answer.outcome}, although {refused.name} is refused"


def _has_same_id(trial: Trial, resource: Resource, answer: Exchange) -> bool:
    """Return True if the caller's own list has the id, which was found and not made: ids may be unique within
    a project alone, as codes are.
    """
    named = (answer.input.get(str(p.name)) for p in trial.endpoint.params if p.refers_to == resource.name)
    id = resource.id_of(answer.subject) or next(named, None)
    if id is None or resource.name not in answer.found:
        return False
    for by in resource.listed_by:
        lister = trial.setting.find_usable_lead(str(by.action.name))
        if lister is not None:
            why = f"to see whether the other project has a {resource.name} of this id"
            seen = demand(trial.ask(Call(lister, by.input, "explore", why, role=answer.call.role)))
            items = at_path(by, seen) if seen.success else None
            if isinstance(items, list) and id in map(resource.id_of, items):
                return True
    return False


def _list_codes(trial: Trial, param: Param, resource: Resource) -> list[Code]:
    """Return the codes that may refuse another project's call."""
    setting, model, endpoint = trial.setting, trial.model, trial.endpoint
    own, allowed = resource.missing_for(param), model.behaviour.foreign_id
    assert own is not None
    no_scope = model.errors.framework.no_scope
    forbidden = [model.codes[no_scope]] if no_scope else []
    missing = [
        own,
        *list_missing_parents(setting, endpoint, resource),
        *list_missing_children(model, endpoint, resource),
        *_list_missing_beside(trial, param),
    ]
    if allowed == "not_found":
        return missing
    return forbidden if allowed == "forbidden" else [*missing, *forbidden]


def _list_missing_beside(trial: Trial, param: Param) -> Iterator[Code]:
    """Yield the codes for the other ids of a call, which are of another project too."""
    for other in trial.endpoint.params:
        resource = trial.model.resources.get(other.refers_to or "")
        sent = other.required or str(other.name) in trial.template.input
        if other is param or resource is None or not resource.tenant or not sent:
            continue
        missing = resource.missing_for(other)
        if missing is not None and missing in trial.action.errors:
            yield missing


def _call_unknown(trial: Trial, param: Param, absent: str | int | float) -> None:
    """Make a call that the watcher judges."""
    arguments = {**trial.template.input, str(param.name): absent}
    trial.ask(trial.call("absent", f"a {param.name} that does not exist", input=arguments))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every call with an absent id, whichever check made it."""
    call, endpoint = exchange.call, exchange.call.endpoint
    if endpoint is None or call.intent != "absent" or call.role not in ("main", "") or call.twist:
        return
    for param in endpoint.params:
        resource = memory.model.resources.get(param.refers_to or "")
        if resource is None or makes_it(endpoint, param):  # as a PUT does
            continue
        own = resource.missing_for(param)
        absent = find_absent_id(memory.setting, endpoint, param, resource)
        if absent is None or own is None or call.input.get(str(param.name)) != absent:
            continue
        if call.role or exchange.code == own.name:  # a token may lack the scope (RFC 6750, 3.1)
            contract = f"absent_id/unknown/{param.name}/{endpoint.place}"
            if resource.absent is None and _answers(resource, exchange, absent):
                yield judge_untested(contract, f"the server has a {resource.name} {absent}")
                return
            missing = [own, *list_missing_children(memory.model, endpoint, resource)]
            # a number that we chose may be out of the range of the server's column
            statuses = ANY_REFUSAL if resource.absent is None else ()
            what = f"a {param.name} that does not exist"
            if may_filter(endpoint, param) and shows_no_item(exchange):
                yield judge_kept(contract)
                return
            yield from judge_refused(exchange, contract, missing, what, statuses)
        return


def _answers(resource: Resource, exchange: Exchange, id: Any) -> bool:
    """True if the answer is an instance with this id, so that the id exists after all."""
    bodies = (at_path(read, exchange) for read in resource.read_by if exchange.success)
    return any(isinstance(body, Mapping) and resource.id_of(body) == id for body in bodies)


CHECK = make_check(
    "absent_id",
    __doc__,
    cases,
    stage=3,
    watch=watch,
    tools=True,
    self_contained=True,
    overlap="all",
    rank=Rank.WRONG,
)


# -- arguments that are ids, and the foreign ids for them


def has_foreign(setting: Setting, endpoint: Endpoint, param: Param, resource: Resource) -> bool:
    """True if the argument can be called with the id of another project's instance."""
    if endpoint.form is not None:  # an MCP server acts with one key
        return False
    there = resource.made_by is not None or _is_given_apart(setting, resource)
    return bool(resource.tenant and there and (resource.inferred or resource.missing_for(param)))


def may_filter(endpoint: Endpoint, param: Param) -> bool:
    """True if the argument may only choose among the items of a list, so that an id is not looked up."""
    chooses = param.place == "query" and not param.required and REFERENCE not in param.otherwise
    return chooses and endpoint.action.only_reads


def shows_no_item(exchange: Exchange) -> bool:
    """True for a success with a list that has no item, alone or as a member of the answer."""
    body = exchange.body if exchange.success else None
    lists = [body] if isinstance(body, list) else []
    if isinstance(body, Mapping):
        lists = [value for value in body.values() if isinstance(value, list)]
    return bool(lists) and not any(lists)


def _is_given_apart(setting: Setting, resource: Resource) -> bool:
    """True if the environment gives an id of another project's instance."""
    if resource.given is None:
        return False
    ours, theirs = (Scope({"env": setting.model.env_of(role)}) for role in ("main", "second"))
    try:
        return bool(ours.evaluate(resource.given) != theirs.evaluate(resource.given))
    except ExpressionError:
        return False


def name_instance(call: Call, resource: Resource, there: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are ids of an instance of the resource, with the ids in the body `there`."""
    return {
        str(p.name): there[resource.id]
        for p in (call.endpoint.params if call.endpoint else ())
        if p.refers_to == resource.name
    }
