"""Faults of a dispatcher: the path that serves several actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from faults.helpers import error_at, make_action, with_numbers_as_text
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import RequestedAction, data_of, lists, objects, successful
from pgagents.sandbox.routes import Routes


@fault("read_after_write").edit_answers
def dispatched_instances_unlisted(context: Context, request: Request, answer: Response) -> Response:
    """Instances that were made through the dispatcher appear in no list."""
    listing = {str(call.action.name) for r in context.model.resources.values() for call in r.listed_by}
    made: set[object] = context.memory.setdefault("made", set())
    asked, data = context.reader.parse(request), data_of(answer)
    if asked is None or not successful(answer):
        return answer
    if asked.action is make_action(context.model) and asked.dispatcher is not None:
        made.update(found["id"] for found in objects(data) if "id" in found)
    if str(asked.action.name) not in listing:
        return answer
    for instances in lists(data):
        instances[:] = [instance for instance in instances if instance.get("id") not in made]
    return answer.with_json(data)


@fault(
    "surface_equivalence",
    also={
        "law": "a default that a law reads is not the declared one",
        "relation": "a page that is full for the server has room by the declared default",
    },
).replace_actions
def dispatcher_default_dropped(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """The dispatcher fills in other defaults than REST does: half the declared number."""
    if call.surface == "rest":
        return inner(call)
    changed = {
        k: max(1, v // 2)
        if isinstance(v, int) and not isinstance(v, bool)
        else v / 2
        if isinstance(v, float)
        else v
        for k, v in call.input.items()
        if k not in call.given
    }
    return inner(replace(call, input={**call.input, **changed}))


@fault("surface_equivalence", also={"relation": "a shortened page has fewer than its limit allows"}).edit_data
def dispatcher_differs(context: Context, request: Request, data: Any) -> Any:
    """The dispatcher drops the last item of every list of more than one."""
    asked = context.reader.parse(request)
    if asked is None or asked.dispatcher is None:
        return None
    for found in lists(data):
        if len(found) > 1:
            found.pop()
    return data


@fault(
    "surface_equivalence",
    also={
        "absent_id": "an optional id that does not exist is forgotten, not looked for",
        "law": "what an argument asks for is not in the answer",
        "invalid_input": "a wrong optional argument is forgotten, not refused",
        "idempotency": "the idempotency key is one of them",
        "relation": "a page that is full for the server has room by what was asked for",
    },
).edit_arguments
def dispatcher_drops_argument(
    _context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """The dispatcher ignores every optional argument."""
    if asked.dispatcher is None:
        return given
    optional = {str(p.name) for p in asked.action.params if not p.required}
    return {k: v for k, v in given.items() if k not in optional}


@fault("surface_equivalence", also={"invalid_input": "it is not an answer to a wrong argument"}).edit_answers
def dispatcher_refuses_as_absent(context: Context, request: Request, answer: Response) -> Response:
    """The dispatcher answers a wrong argument with the code of something that does not exist."""
    asked = context.reader.parse(request)
    invalid = framework_code(context.model, "invalid").status
    if asked is None or asked.dispatcher is None or answer.status != invalid:
        return answer
    absent = next((code for code in asked.action.errors if code.status == 404), None)
    data = data_of(answer)
    if absent is None or data is None:
        return answer
    body = error_at(data, context.model.errors.code_at, absent.wire or absent.name)
    return replace(answer.with_json(body), status=absent.status)


@fault(
    "valid_calls",
    also={
        "surface_equivalence": "REST has the action",
        "state_transitions": "the move cannot be made there",
        "absent_id": "a refusal is that of an unknown action",
        "error_names_field": "a refusal names the selector",
        "token_scopes": "a refusal is that of an unknown action",
    },
).edit_requests
def dispatcher_lacks_action(context: Context, request: Request) -> Request:
    """The dispatcher rejects the last action of its closed set as unknown."""
    asked = context.reader.parse(request)
    if asked is None or asked.dispatcher is None or asked.action is not asked.dispatcher.actions[-1]:
        return request
    name = str(asked.action.name).encode()
    return replace(request, body=request.body.replace(b'"' + name + b'"', b'"' + name + b'_"', 1))


@fault("framework").change_server
def dispatcher_offers_more(context: Context) -> None:
    """The dispatcher also runs actions that are not in its set."""
    every = tuple(a for a in context.model.actions if a.key)
    context.front.routes = Routes(
        replace(
            context.model, dispatchers=tuple(replace(d, actions=every) for d in context.model.dispatchers)
        )
    )


@fault("invalid_input", needs=("action-without-rest",)).edit_arguments
def dispatcher_own_actions_unchecked(
    _context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """The dispatcher ignores members that are not arguments, for actions that REST does not have."""
    if asked.action.on_rest:
        return given
    return {k: v for k, v in given.items() if asked.action.param(k) is not None}


@fault("invalid_input", needs=("narrowed-arguments",)).change_server
def narrowing_forgotten(context: Context) -> None:
    """The dispatcher takes every value that the action takes, not only those that it offers."""

    class Wide(Decoder):
        def members(
            self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
        ) -> Arguments | Problem:
            read = super().members(action, members, offered)
            if offered is None or not offered.narrow.get(action.name) or not isinstance(read, Problem):
                return read
            return super().members(action, offered.restore(action, members))

    context.front.decoder = Wide(context.model)


@fault(
    "law", also={"surface_equivalence": "REST does what it asks for"}, needs=("narrowed-arguments",)
).edit_arguments
def renamed_argument_unread(
    _context: Context, asked: RequestedAction, given: dict[str, Any]
) -> dict[str, Any]:
    """The dispatcher ignores arguments that it gives another name."""
    if asked.dispatcher is None:
        return given
    renamed = {str(p.name) for p in asked.dispatcher.offered.params(asked.action) if p.of}
    return {k: v for k, v in given.items() if k not in renamed}


@fault("response_schema").edit_data
def dispatcher_untyped(context: Context, request: Request, data: Any) -> Any:
    """The dispatcher writes all numbers of its answers as strings."""
    asked = context.reader.parse(request)
    return None if asked is None or asked.dispatcher is None else with_numbers_as_text(data)
