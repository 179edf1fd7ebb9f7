"""Describe a dispatcher as an OpenAPI operation: a closed list of action names, and the union of their
arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.actions import actions_by_name, describe_former_names
from pgagents.generate.openapi import parts, refusals
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss

Use = tuple[Action, Param]


def operation(model: Model, dispatcher: Dispatcher, profile: Profile) -> Node:
    """Return the Operation Object. It states its own security requirement, as the published document does."""
    at = dispatcher.origin
    writes = any(a.effect == "write" for a in dispatcher.actions)
    members: dict[str, Any] = {"operationId": dispatcher.operation_id, "summary": dispatcher.title}
    if dispatcher.description:
        members["description"] = dispatcher.description
    if profile.consequential:
        members["x-openai-isConsequential"] = writes
    if needs := parts.security(model, profile, model.shared_security):
        members["security"] = needs
    media = Node({"schema": request_schema(model, dispatcher, each=profile.complete)}, origin=at)
    if profile.examples and (shown := _requests(dispatcher)):
        media["examples"] = shown
    members["requestBody"] = Node(
        {"required": True, "content": Node({parts.JSON: media}, origin=at)}, origin=at
    )
    members["responses"] = responses(model, dispatcher, profile)
    return Node(members, origin=at)


def request_schema(model: Model, dispatcher: Dispatcher, *, each: bool) -> Node:
    """Return the schema of the body. It requires the selector, but no arguments.

    With `each`, every action's own rules are added. Importers refuse such a schema.
    """
    at = dispatcher.origin
    selector = Node({"type": "string", "enum": list(actions_by_name(dispatcher))}, origin=(*at, "actions"))
    if leaving := [
        *(f"{a.name} is deprecated" for a in dispatcher.actions if a.deprecated),
        *describe_former_names(dispatcher.actions),
    ]:
        selector["description"] = Text("; ".join(leaving), (*at, "actions"))
    properties = Node(
        {name: _property(model, dispatcher, uses) for name, uses in union(dispatcher).items()},
        origin=(*at, "arguments"),
    )
    arguments = Node({"type": "object", "properties": properties}, origin=(*at, "arguments"))
    body = Node({"type": "object", "required": [dispatcher.selector]}, origin=at)
    body["properties"] = Node({dispatcher.selector: selector, dispatcher.arguments: arguments}, origin=at)
    if dispatcher.json_rpc:
        frame_request(body)
    if all(a.unknown == "refused" for a in dispatcher.actions):
        arguments["additionalProperties"] = False
        body["additionalProperties"] = False
    if each:
        body["oneOf"] = [
            _request_of(dispatcher, action, name) for name, action in actions_by_name(dispatcher).items()
        ]
    return body


def _request_of(dispatcher: Dispatcher, action: Action, name: str) -> Node:
    """Return the rules that one action adds to the union: only its own arguments, and its required ones."""
    at = (*action.origin, "input")
    used = [param for uses in union(dispatcher).values() for of, param in uses if of is action]
    arguments = Node(
        {"properties": Node({p.name: Node(origin=p.origin) for p in used}, origin=at)}, origin=at
    )
    required = [p.name for p in used if p.required]
    if required:
        arguments["required"] = required
    if action.unknown == "refused":
        arguments["additionalProperties"] = False
    selector = Node({"enum": [name]}, origin=action.origin)
    members = {
        "title": name,
        "properties": Node({dispatcher.selector: selector, dispatcher.arguments: arguments}, origin=at),
    }
    if required:
        members["required"] = [dispatcher.arguments]
    return Node(members, origin=action.origin)


def union(dispatcher: Dispatcher) -> dict[str, list[Use]]:
    """Return every argument by name, with the actions that use it. Headers are included only as
    idempotency keys.
    """
    found: dict[str, list[Use]] = {}
    for action in dispatcher.actions:
        for param in dispatcher.offered.params(action):
            if param.place != "header" or param.catalogue_name == action.idempotency:
                found.setdefault(str(param.name), []).append((action, param))
    return found


def _property(model: Model, dispatcher: Dispatcher, uses: list[Use]) -> Node:
    """Return the argument's common schema; its description begins with the actions that use it."""
    first = uses[0][1]
    schema = Node(
        {k: v for k, v in first.schema.items() if k not in ("description", "default")}, origin=first.origin
    )
    surface = model.surfaces[dispatcher.surface]
    by_text: dict[tuple[str, bool], list[str]] = {}
    for action, param in uses:
        by_text.setdefault((surface.param_text(action, param), param.required), []).append(action.name)
    told = [_describe_argument(names, text, required) for (text, required), names in by_text.items()]
    members: dict[str, Any] = {"description": Text("; ".join(told), (*first.origin, "description"))}
    if _same_default(uses):
        members["default"] = first.schema["default"]
    return Node({**schema, **members}, origin=first.origin)


def _describe_argument(names: list[str], text: str, required: bool) -> str:
    """Return a description such as `search, book: The session's id (required)`."""
    said = f"{', '.join(names)}: {text}" if text else ", ".join(names)
    return f"{said} (required)" if required else said


def _same_default(uses: list[Use]) -> bool:
    values = [param.schema.get("default", _NONE) for _, param in uses]
    return values[0] is not _NONE and all(v == values[0] and type(v) is type(values[0]) for v in values)


_NONE = object()


def losses(dispatcher: Dispatcher) -> Iterator[Loss]:
    """Yield the losses of the union: arguments that only some actions require, and different defaults."""
    for uses in union(dispatcher).values():
        for action, param in uses:
            if param.required:
                yield Loss(
                    (*param.origin, "required"),
                    f"`{param.name}` required by {action.name}",
                    "description",
                    dispatcher.operation_id,
                )
            if "default" in param.schema and not _same_default(uses):
                detail = f"{dispatcher.operation_id}: the actions that share `{param.name}` differ in it"
                yield Loss(
                    (*param.origin, "default"), f"default {param.schema['default']!r}", "dropped", detail
                )


def responses(model: Model, dispatcher: Dispatcher, profile: Profile) -> Node:
    """Return the responses that the dispatcher declares, and those that its actions add."""
    if dispatcher.json_rpc:
        return _answer_messages(model, dispatcher, profile)
    codes = refusals.by_status(refusals.codes_of_dispatcher(dispatcher, model))
    found = Node(origin=(*dispatcher.origin, "responses"))
    for edge in model.errors.edge if profile.complete else ():
        found[str(edge.status)] = refusals.edge_reference(edge.status)
    for status in sorted({*dispatcher.responses, *codes, 200}):
        text = dispatcher.responses.get(status)
        if status in codes and status >= 400:
            found[str(status)] = refusals.response(model, codes[status], profile, keyed=True, text=text)
        else:
            found[str(status)] = _make_response(
                model, dispatcher, status, text or Text("The action's own answer", dispatcher.origin), profile
            )
            if status in codes:
                found[str(status)] = refusals.add_errors(model, found[str(status)], codes[status], profile)
    return Node({status: found[status] for status in sorted(found)}, origin=found.origin)


def _answer_messages(model: Model, dispatcher: Dispatcher, profile: Profile) -> Node:
    """Return the responses of a JSON-RPC dispatcher: one message for results and errors, and HTTP's own
    refusals.
    """
    codes = refusals.codes_of_dispatcher(dispatcher, model)
    before = list_codes_of_http(model)
    at = (*dispatcher.origin, "responses")
    text = dispatcher.responses.get(200) or Text("The result, or an error", at)
    answer = Node({"description": text}, origin=text.origin)
    if profile.complete and (headers := parts.response_headers(model, 200, keyed=True)):
        answer["headers"] = headers
    result = _any_result(dispatcher) if profile.complete else _merge_results(model, dispatcher)
    inside = tuple(code for code in codes if code not in before)
    narrow = profile.complete
    data = None
    if inside:
        data = refusals.narrow_envelope(inside) if narrow else refusals.plain_envelope(model, inside)
    schema = frame_answer(result, data, dispatcher.origin)
    answer["content"] = Node({parts.JSON: Node({"schema": schema}, origin=at)}, origin=at)
    found = Node({"200": answer}, origin=at)
    for status, several in sorted(refusals.by_status([code for code in codes if code in before]).items()):
        said = dispatcher.responses.get(status)
        found[str(status)] = refusals.response(model, several, profile, keyed=True, text=said)
    return found


def _make_response(model: Model, dispatcher: Dispatcher, status: int, text: Text, profile: Profile) -> Node:
    answer = Node({"description": text}, origin=text.origin)
    if profile.complete and (headers := parts.response_headers(model, status, keyed=True)):
        answer["headers"] = headers
    if 200 <= status < 300:
        schema = _any_result(dispatcher) if profile.complete else _merge_results(model, dispatcher)
        if schema is not None:
            media = Node({"schema": schema}, origin=dispatcher.origin)
            if profile.examples and (shown := _results(dispatcher)):
                media["examples"] = shown
            answer["content"] = Node({parts.JSON: media}, origin=dispatcher.origin)
    return answer


def _any_result(dispatcher: Dispatcher) -> Node | None:
    """Return the schema of any action's response body, or None if one of them has no body."""
    distinct: list[Node] = []
    for action in dispatcher.actions:
        if action.success.schema is None:
            return None
        if action.success.schema not in distinct:
            distinct.append(action.success.schema)
    if len(distinct) == 1:
        return distinct[0]
    return Node({"anyOf": distinct}, origin=(*dispatcher.origin, "actions"))


def _merge_results(model: Model, dispatcher: Dispatcher) -> Node | None:
    at = (*dispatcher.origin, "actions")
    properties = Node(
        {name: _common(model, uses) for name, uses in _result_members(dispatcher).items()}, origin=at
    )
    return Node({"type": "object", "properties": properties}, origin=at) if properties else None


def _result_members(dispatcher: Dispatcher) -> dict[str, list[tuple[Action, Node]]]:
    """Return every member of the results by name, with the actions that return it and its schema in each."""
    members: dict[str, list[tuple[Action, Node]]] = {}
    for action in dispatcher.actions:
        result = action.success.schema or Node()
        for name, schema in result.get("properties", {}).items():
            members.setdefault(name, []).append((action, schema))
    return members


def _common(model: Model, uses: list[tuple[Action, Node]]) -> Node:
    """Return the schema that all of them equal or extend by `allOf`; an open object if there is none."""
    for _, schema in uses:
        if all(other == schema or _extends(model, other, schema) for _, other in uses):
            return schema
    said = Text("As answered by " + ", ".join(a.operation_id for a, _ in uses), uses[0][0].origin)
    return Node({"type": "object", "description": said, "properties": Node()}, origin=uses[0][1].origin)


def _extends(model: Model, schema: Node, other: Node) -> bool:
    return "$ref" in other and any(
        part.get("$ref") == other["$ref"] for part in resolve(schema, model.schemas).get("allOf", ())
    )


def _requests(dispatcher: Dispatcher) -> Node:
    """Return a documented call of each action, under each of its names."""
    shown = Node(origin=(*dispatcher.origin, "actions"))
    for name, action in actions_by_name(dispatcher).items():
        for example in parts.succeeding(action)[:1]:
            known = dispatcher.offered.rename(action, example.input)
            arguments = {k: v for k, v in known.items() if k in union(dispatcher)}
            value = Node(
                {
                    **(FRAME if dispatcher.json_rpc else {}),
                    dispatcher.selector: name,
                    dispatcher.arguments: Node(arguments, origin=(*example.origin, "input")),
                }
            )
            value.origin = example.origin
            shown[name] = Node({"summary": example.title, "value": value}, origin=example.origin)
    return shown


def _results(dispatcher: Dispatcher) -> Node:
    """Return a documented response of each action."""
    shown = Node(origin=(*dispatcher.origin, "actions"))
    for action in dispatcher.actions:
        for example in parts.succeeding(action)[:1]:
            if example.output is not None and example.status == action.success.status:
                shown[str(action.name)] = parts.make_example(example, example.output, "output")
    return shown


# -- frame of JSON-RPC 2.0
#
# https://www.jsonrpc.org/specification, read 2026-11-21.


FRAME = {"jsonrpc": "2.0", "id": 1}
"""The members of a request beside `method` and `params`."""
_OF_HTTP = ("no_key", "limited", "too_large", "no_scope", "crashed", "wrong_method")
"""Errors that are sent as HTTP statuses, because the server finds them before it reads a message."""


def list_codes_of_http(model: Model) -> tuple[Code, ...]:
    """Return the errors that are sent as HTTP statuses instead of JSON-RPC messages."""
    names = {getattr(model.errors.framework, kind) for kind in _OF_HTTP}
    names -= {model.errors.framework.invalid}
    return tuple(code for name, code in model.codes.items() if name in names)


def frame_request(body: Node) -> None:
    """Add the members of the frame to a request's schema."""
    framed = {
        "jsonrpc": {"type": "string", "enum": ["2.0"], "description": "The version of JSON-RPC"},
        "id": {
            "anyOf": [{"type": "string"}, {"type": "integer"}],
            "description": "A value of the caller's choice, which the answer repeats",
        },
    }
    body["required"] = ["jsonrpc", "id", *body["required"]]
    added = _make_nodes(framed, body.origin)
    body["properties"] = Node({**added, **body["properties"]}, origin=body.origin)


def _make_nodes(value: Any, at: Pointer) -> Any:
    """Return a value with every plain object in it as a Node."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        return Node({k: _make_nodes(v, at) for k, v in value.items()}, origin=at)
    return [_make_nodes(v, at) for v in value] if isinstance(value, list) else value


def frame_answer(result: Node | None, data: Node | None, at: Pointer) -> Node:
    """Return the schema of an answer: `result`, or `error` with the API's error body as its `data`."""
    error: dict[str, Any] = {
        "type": "object",
        "description": "Why there is no result",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "integer", "description": "-32602 for invalid arguments, as JSON-RPC defines"},
            "message": {"type": "string", "description": "The same in words"},
            **({"data": data} if data is not None else {}),
        },
    }
    properties = {
        "jsonrpc": {"type": "string", "enum": ["2.0"], "description": "The version of JSON-RPC"},
        "id": {
            "anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}],
            "description": "The request's id",
        },
        "result": result if result is not None else Node({"description": "Nothing"}, origin=at),
        "error": error,
    }
    framed = {"type": "object", "required": ["jsonrpc", "id"], "properties": properties}
    made: Node = _make_nodes(framed, at)
    return made
