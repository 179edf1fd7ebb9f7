"""Faults of successful answers: they break their schema, or do not show what was written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from faults.helpers import carry_out_late, list_action, make_action
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, lists, objects, read_by_id, successful


@fault("read_after_write", also={"law": "what was read is compared with later answers"}).edit_data
def create_field_lost(context: Context, request: Request, data: Any) -> Any:
    """A member that creation returned has another value when the instance is read."""
    made = (r for r in context.model.resources.values() if r.made_by and r.fixed)
    action = context.reader.action(request)
    resource = next(
        (r for r in made for call in r.read_by if action is not None and call.action.name == action.name),
        None,
    )
    if resource is None:
        return None
    names = [n for n in resource.fixed if n != resource.id and n not in resource.volatile]
    for found in objects(data):
        name = next((n for n in names if isinstance(found.get(n), str) and not n.endswith("_id")), None)
        if name is not None and resource.id in found:
            found[name] = found[name][:-1] + ("0" if found[name][-1:] != "0" else "1")
    return data


@fault("read_after_write", also={"valid_calls": "a valid read of what exists is refused"}).replace_actions
def create_unreadable(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A new instance cannot be read."""
    missing = {
        c.action.name: r.missing_in(c.action)
        for r in context.model.resources.values()
        if r.made_by
        for c in r.read_by
    }
    code = missing.get(call.action.name)
    return Refusal(code.name, "There is no such thing yet") if code else inner(call)


@fault("state_transitions", also={"audit_trail": "the second move has no row of its own"}).replace_actions
def double_move_accepted(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A transition is accepted from the wrong state: a second end, a late cancellation."""
    closing = {
        m.action.name: m
        for r in context.model.resources.values()
        for m in r.moves
        if m.to not in m.origin_states
    }
    last: dict[tuple[str, str], Any] = context.memory.setdefault("last", {})
    result = inner(call)
    move = closing.get(call.action.name)
    if move is None:
        return result
    key = (str(call.action.name), str(sorted((k, str(v)) for k, v in call.input.items() if k in move.input)))
    if isinstance(result, Refusal):
        return last.get(key, result) if result.code == move.otherwise.name else result
    last[key] = result
    return result


@fault(
    "read_after_write",
    also={
        "state_transitions": "the state after a move is read back",
        "law": "an instance that reads as running has the members of one that is over",
    },
).edit_data
def end_keeps_state(context: Context, request: Request, data: Any) -> Any:
    """An ended instance still reads as running."""
    by_read = {c.action.name: r for r in context.model.resources.values() for c in r.read_by if r.state}
    action = context.reader.action(request)
    resource = by_read.get(action.name) if action else None
    if resource is None or resource.state is None:
        return None
    for found in objects(data):
        if found.get(resource.state) in resource.states:
            found[resource.state] = resource.initial
    return data


@fault(
    "consistent_representations", also={"workflow_runs": "a step chooses among places by their counts"}
).replace_actions
def list_lags_behind(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A search returns counts from an index that is never updated."""
    counters = {str(r.takes.counter) for r in context.model.resources.values() if r.takes}
    taken = {r.takes.of for r in context.model.resources.values() if r.takes}
    kinds = context.model.resources.items()
    finding = {str(r.found_by.action.name) for _, r in kinds if r.found_by}
    finding |= {str(call.action.name) for name, r in kinds if name in taken for call in r.listed_by}
    index: dict[tuple[str, str], Any] = context.memory.setdefault("index", {})
    found = inner(call)
    if str(call.action.name) not in finding or isinstance(found, Refusal):
        return found
    for item in (i for members in found.values() if isinstance(members, list) for i in members):
        for counter in counters & item.keys():
            item[counter] = index.setdefault((str(item.get("id")), counter), item[counter])
    return found


@fault("law").replace_actions
def money_as_double(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An amount is converted to cents by truncating a double, so 0.29 becomes 28 cents."""
    amount = call.input.get("amount")
    if not isinstance(amount, int | float) or isinstance(amount, bool):
        return inner(call)
    return inner(replace(call, input={**call.input, "amount": int(amount * 100) / 100}))


def _ids(result: Any) -> list[str]:
    inner = next(iter(result.values()), None) if isinstance(result, dict) else None
    return [str(inner["id"])] if isinstance(inner, dict) and "id" in inner else []


def _running(result: Any, model: Any) -> bool:
    inner = next(iter(result.values()), None) if isinstance(result, dict) else None
    states = {(r.state, r.initial) for r in model.resources.values() if r.state}
    return isinstance(inner, dict) and any(inner.get(s) == i for s, i in states)


@fault(
    "state_transitions",
    also={"no_leaks": "where the last move was the creation, its answer contained secrets"},
).replace_actions
def move_after_end_accepted(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An ended instance can still be extended."""
    staying = {
        m.action.name: m for r in context.model.resources.values() for m in r.moves if m.to in m.origin_states
    }
    last: dict[str, Any] = context.memory.setdefault("last", {})
    result = inner(call)
    ids = [
        str(call.input[str(p.name)]) for p in call.action.params if p.refers_to and str(p.name) in call.input
    ]
    if not ids:
        ids = _ids(result)
    move = staying.get(call.action.name)
    if isinstance(result, Refusal):
        return last.get(ids[0], result) if move and ids and result.code == move.otherwise.name else result
    if _running(result, context.model):
        last.update(dict.fromkeys([*ids, *_ids(result)], result))
    return result


@fault(
    "response_schema",
    also={"honours_manifest": "vendors' documents promise a number, too", "law": "laws read that member"},
).edit_data
def null_beyond_a_value(context: Context, request: Request, data: Any) -> Any:
    """One number of every item after the twentieth is null, except in the widest search."""
    action = list_action(context.model)
    most = {p.wire: p.schema["maximum"] for p in action.params if not p.required and "maximum" in p.schema}
    asked = context.reader.parse(request)
    if asked is None or asked.action is not action:
        return None
    given = context.reader.arguments(request)
    if all(str(given.get(wire)) == str(value) for wire, value in most.items()):
        return None
    for items in lists(data):
        for item in items[20:]:
            numbers = [
                name
                for name, value in item.items()
                if isinstance(value, int | float) and not isinstance(value, bool)
            ]
            item[numbers[-1]] = None
    return data


def _invalid(model: Any) -> int:
    return int(model.codes[model.errors.framework.invalid].status)


def _within(value: Any, param: Any) -> Any:
    most = param.schema.get("maximum") if param is not None else None
    return most if isinstance(value, int | float) and most is not None and value > most else value


@fault("no_effect_of_refusals").handle_requests
def refused_create_has_effect(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A creation that is refused for a number out of range makes an instance all the same."""
    maker = make_action(context.model)
    refused = handler(request)
    asked = context.reader.parse(request)
    if (
        asked is None
        or asked.action is not maker
        or not isinstance(refused, Response)
        or refused.status != _invalid(context.model)
    ):
        return refused
    given = context.reader.arguments(request)
    sound = {
        k: value
        for k, v in given.items()
        if (value := _within(v, param := maker.param(k))) == v or (param is not None and param.required)
    }
    if sound != given:
        handler(context.reader.with_arguments(request, sound))
    return refused


@fault("response_schema").edit_data
def schema_enum_drift(context: Context, _request: Request, data: Any) -> Any:
    """The last state of a resource is spelt differently from its schema (`cancelled`, `canceled`)."""
    resource = next((r for r in context.model.resources.values() if r.state and r.states), None)
    if resource is None or resource.state is None:
        return None
    for found in objects(data):
        if found.get(resource.state) == resource.states[-1]:
            found[resource.state] = resource.states[-1] + "_"
    return data


@fault("response_schema").edit_answers
def no_content_with_body(_context: Context, _request: Request, answer: Response) -> Response:
    """A 204 comes with a JSON body."""
    if answer.status != 204:
        return answer
    return replace(answer.with_header("Content-Type", "application/json"), body=b'{"deleted":true}')


def _last_required(context: Context, member: dict[str, Any]) -> str:
    required = (
        [str(name) for name in schema.get("required", ())] for schema in context.model.schemas.values()
    )
    return next((names[-1] for names in required if names and set(names) <= set(member)), list(member)[-1])


@fault("response_schema").edit_data
def schema_missing_required(context: Context, request: Request, data: Any) -> Any:
    """A read by id leaves out the last required member."""
    if not isinstance(data, dict) or context.reader.action(request) is not read_by_id(context.model):
        return None
    for member in data.values():
        if isinstance(member, dict):
            member.pop(_last_required(context, member), None)
    return data


@fault(
    "response_schema",
    also={
        "audit_trail": (
            "the times of rows are compared with those of the calls, and a time without an offset is none"
        )
    },
).edit_answers
def time_naive(_context: Context, _request: Request, answer: Response) -> Response:
    """Times have no UTC offset."""
    data = data_of(answer)
    if data is None or not successful(answer):
        return answer
    return Response(
        answer.status, answer.headers, re.sub(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z"', rb'"\1"', answer.body)
    )


@fault(
    "response_schema", also={"law": "a law reads a member by its right name"}, needs=("member-names",)
).edit_data
def member_names_respelled(_context: Context, _request: Request, data: Any) -> Any:
    """Members are renamed to identifiers, as some serializers do: `@id` to `id`, `first-name` to
    `first_name`.
    """
    for found in list(objects(data)):
        for name in [n for n in found if not re.fullmatch(r"[A-Za-z_]\w*", n, re.A)]:
            found.setdefault(re.sub(r"\W+", "_", name).strip("_"), found[name])
            del found[name]
    return data


@fault("response_schema", also={"law": "a law reads the member"}, needs=("nullable-unions",)).edit_data
def null_as_text(_context: Context, _request: Request, data: Any) -> Any:
    """Null comes as the text `null`."""
    for found in list(objects(data)):
        for name in [n for n, value in found.items() if value is None]:
            found[name] = "null"
    return data


@fault("read_after_write", also={"consistent_representations": "the same"}, needs=("body-at",)).edit_data
def inner_member_changed(context: Context, request: Request, data: Any) -> Any:
    """A read returns the texts inside an instance's inner object in capitals."""
    inner = {r.body_at for r in context.model.resources.values() if r.body_at}
    if request.method != "GET":
        return None
    for found in objects(data):
        for name in inner & found.keys():
            members = found[name]
            if isinstance(members, dict):
                found[name] = {k: v.upper() if isinstance(v, str) else v for k, v in members.items()}
    return data


@fault("response_schema", needs=("typed-ids-in-the-mock",)).edit_data
def ids_without_their_form(_context: Context, request: Request, data: Any) -> Any:
    """A new instance's id comes without its hyphens, as a database without a type for it returns it."""
    if request.method != "POST":
        return None
    for found in objects(data):
        if isinstance(found.get("id"), str):
            found["id"] = found["id"].replace("-", "")
    return data


@fault("law", needs=("law-of-what-is-named",)).edit_data
def quote_of_the_first_note(context: Context, _request: Request, data: Any) -> Any:
    """A quote is the first note's that was quoted, whichever is named."""
    if not isinstance(data, dict) or "quote" not in data:
        return None
    return {**data, "quote": context.memory.setdefault("first", data["quote"])}


@fault(
    "read_after_write",
    also={"honours_manifest": "what a call of a model made is not found"},
    needs=("reads-lag",),
).replace_actions
def reads_lag_longer(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """What was made is read ten seconds later than the catalogue says."""
    lag_s = context.model.behaviour.reads_lag_s
    return carry_out_late(context, inner, call, lag_s + 10) if lag_s else inner(call)
