"""Faults of what lives in something else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pgagents.base.http import Request, json_bytes
from pgagents.catalogue.model.resource import Need, Resource
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import objects


def _nested(context: Context) -> list[tuple[Resource, Resource]]:
    """Return each resource that lives in another one, with that one."""
    known = context.model.resources
    return [(r, known[r.within]) for r in known.values() if r.within and r.placed_by]


def _values(call: AcceptedCall, resource: Resource) -> tuple[Any, ...]:
    """Return what a call gives for a resource, in the order of its arguments."""
    return tuple(call.input.get(p.name) for p in call.action.params if p.refers_to == resource.name)


def _find_home(context: Context, inner: Domain, call: AcceptedCall, *, reads: bool) -> Any:
    """Carry out a call; if it misses an instance under one parent, carry it out under its own."""
    homes: dict[Any, tuple[Any, ...]] = context.memory.setdefault("homes", {})
    tenant = call.key.tenant if call.key else ""
    result = inner(call)
    for child, parent in _nested(context):
        key = (child.name, tenant, _values(call, child))
        home = homes.get(key)
        if not isinstance(result, Refusal):
            homes.update({key: _values(call, parent)} if key[2] and None not in key[2] else {})
        elif home not in (None, _values(call, parent)) and (call.action.effect == "read") == reads:
            names = [p.name for p in call.action.params if p.refers_to == parent.name]
            return inner(replace(call, input={**call.input, **dict(zip(names, home or (), strict=False))}))
    return result


_ABSENT = "a parent that does not exist is not missed"


@fault("nesting", also={"absent_id": _ABSENT}, needs=("nested",)).replace_actions
def parent_ignored_by_reads(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An instance is read by its own id alone, whatever parent the path names."""
    return _find_home(context, inner, call, reads=True)


@fault("nesting", also={"absent_id": _ABSENT}, needs=("nested",)).replace_actions
def parent_ignored_by_writes(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An instance is removed by its own id alone, whatever parent the path names."""
    return _find_home(context, inner, call, reads=False)


@fault("nesting", needs=("nested",)).replace_actions
def children_outlive_parent(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An instance inside a removed one is still answered."""
    shown: dict[bytes, Any] = context.memory.setdefault("shown", {})
    ended: set[Any] = context.memory.setdefault("ended", set())
    tenant = call.key.tenant if call.key else ""
    result = inner(call)
    key = json_bytes([str(call.action.name), tenant, call.input])
    for child, parent in _nested(context):
        if child.undone_by is not None and child.undone_by.action is call.action:
            shown.clear()
        removes = parent.undone_by is not None and parent.undone_by.action is call.action
        if removes and not isinstance(result, Refusal):
            ended.add((tenant, _values(call, parent)))
        if not any(read.action is call.action for read in child.read_by):
            continue
        if not isinstance(result, Refusal):
            shown[key] = result
        elif key in shown and (tenant, _values(call, parent)) in ended:
            return shown[key]
    return result


@fault(
    "read_after_write", also={"law": "nothing is found", "valid_calls": "nothing is found"},
    needs=("reserved-path",),
).edit_requests  # fmt: skip
def slash_ends_a_value(context: Context, request: Request) -> Request:
    """A value of several segments counts up to its first slash."""
    action = context.reader.action(request)
    if action is None or not any(p.reserved and p.place == "path" for p in action.params):
        return request
    depth = str(action.path).count("/") + 1
    path, mark, query = request.target.partition("?")
    return replace(request, target="/".join(path.split("/")[:depth]) + mark + query)


def _find_refusing(context: Context, call: AcceptedCall, result: Any) -> tuple[Resource, Need, Any] | None:
    """Return the instance that refused a call for its state or for want of a part, as a row of the store."""
    needs = [(r, n) for r in context.model.resources.values() for n in r.needs if n.action is call.action]
    for resource, need in needs if isinstance(result, Refusal) else ():
        if result.code in {need.otherwise.name, *(code.name for _, code in need.parts)}:
            sql = "SELECT n, id, tenant, data FROM instance WHERE kind = ? AND id = ? AND NOT gone"
            for id in map(str, call.input.values()):
                for row in context.store.rows(sql, resource.name, id):
                    return resource, need, row
    return None


@fault("state_transitions", needs=("needs-a-state",)).replace_actions
def part_in_any_state(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A part is made although its parent is in a state that does not allow it."""
    result = inner(call)
    found = _find_refusing(context, call, result)
    if found is None or found[1].moves or result.code != found[1].otherwise.name:
        return result
    resource, need, row = found
    sql = "UPDATE instance SET data = ? WHERE n = ?"
    allowed = {**json.loads(row["data"]), str(resource.state): need.states[0]}
    context.store.run(sql, json.dumps(allowed), row["n"])
    result = inner(call)
    context.store.run(sql, row["data"], row["n"])
    return result


@fault("state_transitions", needs=("needs-a-state",)).replace_actions
def parts_not_needed(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """An action is carried out although the instance lacks the part that it needs."""
    result = inner(call)
    found = _find_refusing(context, call, result)
    lacking = [part for part, code in found[1].parts if code.name == result.code] if found is not None else []
    if found is None or not lacking:
        return result
    row = found[2]
    context.store.run(
        "INSERT INTO instance (kind, id, tenant, place, data) VALUES (?, 'none', ?, ?, '{}')",
        lacking[0],
        row["tenant"],
        row["id"],
    )
    result = inner(call)
    context.store.run("DELETE FROM instance WHERE kind = ? AND id = 'none'", lacking[0])
    return result


@fault("nesting", needs=("counts",)).edit_data
def count_of_all_ever_made(context: Context, _request: Request, data: Any) -> Any:
    """A number of what is inside never falls."""
    for one in objects(data):
        if "comment_count" in one:
            most = context.memory.setdefault("most", {})
            most[one["id"]] = one["comment_count"] = max(most.get(one["id"], 0), one["comment_count"])
    return data


@fault("nesting", needs=("counts",)).edit_data
def count_never_raised(_context: Context, _request: Request, data: Any) -> Any:
    """A number of what is inside stays what it was at first."""
    for one in objects(data):
        one.update({"comment_count": 0} if "comment_count" in one else {})
    return data
