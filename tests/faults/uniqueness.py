"""Faults that make a second instance where only one may be."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from faults.helpers import holds_instances
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.catalogue.model.resource import Resource, Unique
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal, epoch_of, rfc3339
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful

CONFLICT = 409


@fault("uniqueness", needs=("unique",)).replace_actions
def second_one_made(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A second instance with the same value in a unique member is made all the same."""
    result = inner(call)
    unique = [
        u
        for resource in context.model.resources.values()
        if resource.made_by is not None and resource.made_by.action is call.action
        for u in resource.unique
    ]
    if not isinstance(result, Refusal) or result.code not in {u.otherwise.name for u in unique}:
        return result
    member = unique[0].members[0]
    told = call.input.get(member)
    if not isinstance(told, str):
        return result
    made = inner(replace(call, input={**call.input, member: f"{told[:-1]}{chr(ord(told[-1]) ^ 1)}"}))
    return {**made, member: told} if isinstance(made, dict) and member in made else made


@fault("uniqueness", needs=("unique",), odd=True).replace_actions
def name_stays_taken(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A unique value of a removed instance stays taken, as if the removed one still had it."""
    used: set[bytes] = context.memory.setdefault("used", set())
    for resource in context.model.resources.values():
        if resource.made_by is None or resource.made_by.action is not call.action:
            continue
        for unique in resource.unique:
            values = {name: call.input.get(name) for name in unique.members}
            place = resource.place_in(call.action.params, call.input)
            key = json_bytes([call.key.tenant if call.key else "", resource.name, str(place), values])
            if key in used:
                return Refusal(unique.otherwise.name, "It is taken")
            if not isinstance(result := inner(call), Refusal):
                used.add(key)
            return result
    return inner(call)


@fault("uniqueness", needs=("overlaps",)).replace_actions
def overlap_made(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Only an equal beginning is a conflict; what begins within another's time is made."""
    result = inner(call)
    for unique, start, end in _list_times(context, call):
        first, last = context.memory.setdefault(str(call.input[unique.members[0]]), (start, end))
        if isinstance(result, Refusal) and start != first:
            later = zip(unique.overlaps, (last, last + end - start), strict=True)
            made = inner(replace(call, input={**call.input, **{name: rfc3339(at) for name, at in later}}))
            return (
                {**made, **{name: call.input[name] for name in unique.overlaps}}
                if isinstance(made, dict)
                else made
            )
    return result


@fault("uniqueness", needs=("overlaps",)).replace_actions
def next_refused(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """What begins at the very moment when another ends is refused."""
    for unique, start, end in _list_times(context, call):
        _, last = context.memory.setdefault(str(call.input[unique.members[0]]), (start, end))
        if start == last:
            return Refusal(unique.otherwise.name, "It is taken")
    return inner(call)


def _list_times(context: Context, call: AcceptedCall) -> Iterator[tuple[Unique, float, float]]:
    """Yield start and end of what a call makes, with the unique members that are taken for that time."""
    for resource in context.model.resources.values():
        for unique in resource.unique if resource.made_by and resource.made_by.action is call.action else ():
            times = [epoch_of(str(call.input[name])) or 0.0 for name in unique.overlaps]
            if times:
                yield unique, times[0], times[1]


@fault("uniqueness", needs=("unique-for-ever",)).replace_actions
def removed_name_is_free(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A unique value of a removed instance is free again, although it stays taken."""
    result = inner(call)
    for resource in context.model.resources.values() if holds_instances(context) else ():
        undone_by = resource.undone_by
        if undone_by is not None and undone_by.action is call.action and not isinstance(result, Refusal):
            context.store.run("UPDATE instance SET data = '{}' WHERE kind = ? AND gone", resource.name)
    return result


@fault("uniqueness", needs=("unique",)).replace_actions
def own_value_taken(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A change compares unique values with those of all instances, also of the one that is changed."""
    used: set[bytes] = context.memory.setdefault("values", set())
    for resource in context.model.resources.values():
        made_by = resource.made_by
        for unique in resource.unique if made_by is not None else ():
            if not all(name in call.input for name in unique.members):
                continue
            key = json_bytes([resource.name, {name: call.input[name] for name in unique.members}])
            makes = made_by is not None and made_by.action is call.action
            if not makes and key in used and unique.otherwise in call.action.errors:
                return Refusal(unique.otherwise.name, "It is taken")
            used |= {key} if makes else set()
    return inner(call)


@fault("concurrent_calls", needs=("unique",)).handle_requests
def twins_both_made(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Two creates at the same time do not see what the other writes, so both are answered as made."""
    action = context.reader.action(request)
    resource = next(
        (r for r in context.model.resources.values() if r.made_by and r.made_by.action is action), None
    )
    if resource is None:
        return handler(request)
    lock = context.memory.setdefault("lock", threading.Lock())
    running: Counter[str] = context.memory.setdefault("running", Counter())
    made: dict[str, Response] = context.memory.setdefault("made", {})
    with lock:
        running[resource.name] += 1
    time.sleep(0.05)  # long enough for a twin that was sent at the same time
    with lock:
        answer = handler(request)
        if isinstance(answer, Response) and successful(answer):
            made[resource.name] = answer
        elif resource.name in made:
            answer = _with_another_id(made[resource.name], resource)
        running[resource.name] -= 1
        if not running[resource.name]:
            made.pop(resource.name, None)
    return answer


def _with_another_id(answer: Response, resource: Resource) -> Response:
    """Return an answer that shows the instance under an id of the same type that it does not have."""
    data = data_of(answer)
    for found in objects(data):
        id = found.get(resource.id)
        if isinstance(id, int):
            found[resource.id] = id + 1
        elif isinstance(id, str):
            found[resource.id] = f"{id[:-1]}{'1' if id[-1:] == '0' else '0'}"
    return replace(answer, body=json_bytes(data))


@fault("concurrent_calls", also={"audit_trail": "the second call has no row of its own"}).handle_requests
def repeats_both_done(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Two equal calls on one instance at the same time are both done: neither sees what the other writes."""
    action = context.reader.action(request)
    made = {name for name, resource in context.model.resources.items() if resource.made_by is not None}
    names = action is not None and any(p.required and p.refers_to in made for p in action.params)
    if action is None or action.effect != "write" or not names:
        return handler(request)
    key = (request.method, request.target, request.body)
    lock = context.memory.setdefault("repeats", threading.Lock())
    running: Counter[Any] = context.memory.setdefault("at once", Counter())
    done: dict[Any, Response] = context.memory.setdefault("done", {})
    with lock:
        running[key] += 1
    time.sleep(0.02)  # long enough for an equal call that was sent at the same time
    with lock:
        answer = handler(request)
        if isinstance(answer, Response) and successful(answer):
            done[key] = answer
        elif key in done and isinstance(answer, Response) and answer.status == CONFLICT:
            answer = replace(done[key], headers=answer.headers)
        running[key] -= 1
        if not running[key]:
            done.pop(key, None)
    return answer
