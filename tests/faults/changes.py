"""Faults of changes: what a write leaves out, what it names, and what it should not take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.http import Request, Response, read_json
from pgagents.base.jsonschema.schema import resolve
from pgagents.catalogue.model.action import Param
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, objects, successful

_SINCE = "a change alters more than its answer may"
_SEVERAL = 2
_WITH_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d")
_LONGEST = 10_000
"""Most characters of a text that stands for one that was left out."""


@fault(
    "partial_changes",
    also={"merge_patch": _SINCE, "law": _SINCE, "conditional_calls": _SINCE, "hint_idempotent": _SINCE},
    needs=("if-match",),
).replace_actions
def patch_resets_the_rest(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PATCH gives each member that it leaves out the value that a new instance has."""
    if call.action.method != "PATCH":
        return inner(call)
    free = [p for p in _list_members(call) if not p.required and p.name not in call.input]
    reset = {str(p.name): _empty(resolve(p.schema, context.model.schemas)) for p in free}
    return inner(replace(call, input={**reset, **call.input}))


@fault(
    "partial_changes", also={"law": "an answer is not as sent", "conditional_calls": "nothing changes"},
    needs=("if-match",),
).replace_actions  # fmt: skip
def patch_forgets_a_member(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PATCH is answered as done, and the last member that it names stays as it was."""
    named = [str(p.name) for p in _list_members(call) if p.name in call.input]
    if call.action.method != "PATCH" or len(_list_members(call)) < _SEVERAL or not named:
        return inner(call)
    last = str(_list_members(call)[-1].name)
    return inner(replace(call, input={k: v for k, v in call.input.items() if k != last}))


def _list_members(call: AcceptedCall) -> list[Param]:
    return [p for p in call.action.params if p.place == "body" and not p.refers_to]


def _empty(schema: Mapping[str, Any]) -> Any:
    """Return the value that a server gives a member by itself."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "default" in schema:
        return schema["default"]
    if "null" in kinds:
        return None
    if "enum" in schema:
        return schema["enum"][0]
    plain = {
        "array": [],
        "object": {},
        "boolean": False,
        "string": "-" * min(schema.get("minLength", 1), _LONGEST),
    }
    return next((plain[kind] for kind in kinds if kind in plain), schema.get("minimum", 0))


@fault("echoes_input", needs=("kept-as-given",), odd=True).replace_actions
def value_of_a_create_not_kept(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A create keeps another text than the one that it was given, where no law compares the two."""
    if call.action.method != "POST":
        return inner(call)
    compared = {
        name for law in call.action.laws for name, *_ in filter(None, law.that.paths.get("input", ()))
    }
    texts = (
        str(p.name)
        for p in call.action.params
        if p.place == "body" and p.schema.get("type") == "string" and "format" not in p.schema
    )
    changed = {name: "unnamed" for name in texts if name in call.input and name not in compared}
    return inner(replace(call, input={**call.input, **changed}))


@fault("echoes_input", needs=("kept-as-given",)).replace_actions
def offset_of_a_time_dropped(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A create keeps the hour and the minute of a time, and takes them for those of UTC."""
    if call.action.method != "POST":
        return inner(call)
    times = {
        name: f"{value[:-6]}Z"
        for name, value in call.input.items()
        if isinstance(value, str) and _WITH_OFFSET.fullmatch(value)
    }
    return inner(replace(call, input={**call.input, **times}))


@fault("put_replaces", needs=("change-of-the-whole",), odd=True).replace_actions
def put_merges(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT leaves what it does not name as the PUT before it has set it."""
    if call.action.method != "PUT":
        return inner(call)
    in_path = {str(p.name) for p in call.action.params if p.place == "path"}
    place = repr([call.action.name, *(call.input.get(name) for name in sorted(in_path))])
    merged = {**context.memory.get(place, {}), **call.input}
    answer = inner(replace(call, input=merged))
    if not isinstance(answer, Refusal):
        context.memory[place] = {name: value for name, value in merged.items() if name not in in_path}
    return answer


@fault("own_members", needs=("member-of-the-server",), odd=True).edit_answers
def members_of_the_server_taken(context: Context, request: Request, answer: Response) -> Response:
    """A write takes members that only answers have, and later answers show them."""
    action, data = context.reader.action(request), data_of(answer)
    sent = read_json(request.body).value if request.body else None
    if not successful(answer) or data is None:
        return answer
    if action is not None and isinstance(sent, dict) and isinstance(data, dict):
        names = {param.wire for param in action.params}
        more = {name: value for name, value in sent.items() if name in data and name not in names}
        context.memory.setdefault(str(data.get("id")), {}).update(more)
    for instance in objects(data):
        instance.update(context.memory.get(str(instance.get("id")), {}))
    return answer.with_json(data)


@fault("put_replaces", needs=("put-clears",)).replace_actions
def default_not_restored(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT leaves a member with a default as it was, where it does not name it."""
    if call.action.method != "PUT":
        return inner(call)
    in_path = {str(p.name) for p in call.action.params if p.place == "path"}
    known = context.memory.setdefault(repr([call.input.get(name) for name in sorted(in_path)]), {})
    kept = {name: value for name, value in known.items() if name in call.input and name not in call.given}
    known.update({name: value for name, value in call.input.items() if name in call.given})
    return inner(replace(call, input={**call.input, **kept}))


@fault("own_members", needs=("read-only-ignored",)).edit_requests
def members_of_the_server_refused(context: Context, request: Request) -> Request:
    """A write with a member that only answers have is refused."""
    return replace(request, body=b"[]") if _list_beside(context, request) else request


def _list_beside(context: Context, request: Request) -> list[str]:
    """Return the `readOnly` members of a write's body."""
    action = context.reader.action(request)
    sent = read_json(request.body).value if request.body else None
    if action is None or not isinstance(sent, dict):
        return []
    shown = resolve(action.success.schema or {}, context.model.schemas).get("properties", {})
    return [name for name in sent if shown.get(name, {}).get("readOnly")]
