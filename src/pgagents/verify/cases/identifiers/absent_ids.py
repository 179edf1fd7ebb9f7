"""Choose the arguments that are ids, and the absent and foreign ids that they are called with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.cel.expression import ExpressionError
from pgagents.cel.scope import Scope
from pgagents.model.argument import Param
from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

UNUSED_NUMBER = 2_147_483_629
"""A prime just below the largest id of a column of 32 bits, which a server has hardly ever reached."""
UNUSED_UUID = "7f3c9a1e-5b2d-4064-9d17-c41b6e2f8a53"
"""A random UUID, drawn once."""


def find_absent_id(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource
) -> str | int | float | None:
    """Return an id that no instance has; None if none is known.

    An inferred resource has a number or a UUID that hardly any server has. Only reads get it, because a write
    could hit an instance of others.
    """
    if resource.absent is not None or not resource.inferred:
        return resource.find_absent_value(param)
    if endpoint.action.effect != "read" or not (endpoint.leads and endpoint.on_rest and param.required):
        return None
    schema = setting.resolve_schema(param.schema)
    unused: str | int = UNUSED_UUID if schema.get("format") == "uuid" else UNUSED_NUMBER
    fitting = isinstance(unused, str) or types_of(schema) == ("integer",)
    return unused if fitting and setting.test_argument(endpoint, param).is_valid(unused) else None


def list_references(setting: Setting) -> Sequence[tuple[Endpoint, Param, Resource]]:
    """Return each argument that is an id of an instance, with its endpoint and the resource."""

    def find() -> Iterator[tuple[Endpoint, Param, Resource]]:
        for endpoint in setting.every_endpoint:
            for param in endpoint.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is not None:
                    yield endpoint, param, resource

    return setting.compute_once("references to instances", lambda: tuple(find()))


def has_foreign(setting: Setting, endpoint: Endpoint, param: Param, resource: Resource) -> bool:
    """True if the argument can be called with the id of another project's instance."""
    if endpoint.form is not None:  # an MCP server acts with one key
        return False
    there = resource.made_by is not None or _is_given_apart(setting, resource)
    return bool(resource.tenant and there and resource.missing_for(param))


def _is_given_apart(setting: Setting, resource: Resource) -> bool:
    """True if the environment gives an id of another project's instance."""
    if resource.given is None:
        return False
    ours, theirs = (Scope({"env": setting.model.env_of(role)}) for role in ("main", "second"))
    try:
        return bool(ours.evaluate(resource.given) != theirs.evaluate(resource.given))
    except ExpressionError:
        return False


def list_past_states(endpoint: Endpoint, resource: Resource) -> tuple[str, ...]:
    """Return the states from which the action cannot move an instance; empty if it does not depend on the
    state.

    Ownership must be checked before the state. Otherwise the refusal reveals another project's instance.
    """
    move = next(
        (
            m
            for m in resource.moves
            if m.action is endpoint.action and m.otherwise not in (None, resource.missing_in(m.action))
        ),
        None,
    )
    return tuple(s for s in resource.states if s not in move.origin_states) if move is not None else ()


def list_final_states(resource: Resource) -> tuple[str, ...]:
    """Return the states that no action leaves.

    An instance in such a state may be stored elsewhere, but still belongs to its project.
    """
    left = {state for move in resource.moves for state in move.origin_states}
    return tuple(s for s in resource.states if s not in left) if left else ()


def name_instance(call: Call, resource: Resource, there: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that are ids of an instance of the resource, with the ids in the body `there`."""
    return {
        str(p.name): there[resource.id]
        for p in (call.endpoint.params if call.endpoint else ())
        if p.refers_to == resource.name
    }


def find_repeated(setting: Setting) -> tuple[Endpoint, Param] | None:
    """Return the read by an absent id that is sent twice, to reveal a cached answer; None if there is no
    read.

    It is the first read by id of a public resource, because caches usually store such answers.
    """

    def find() -> tuple[Endpoint, Param] | None:
        reads = [
            (d, p, r)
            for d, p, r in list_references(setting)
            if d.leads and d.action.effect == "read" and r.absent is not None and r.missing_for(p)
        ]
        return next(((d, p) for d, p, r in sorted(reads, key=lambda read: read[2].tenant)), None)

    return setting.compute_once("repeated read of an absent id", find)


def takes_similar_id(setting: Setting, endpoint: Endpoint, param: Param) -> bool:
    """True if this endpoint is called with an id that resembles an existing one.

    That is every second endpoint with an id of this kind. Reads and writes are counted separately.
    """
    effect = endpoint.action.effect
    alike = [
        d
        for d, p, _ in list_references(setting)
        if p.refers_to == param.refers_to and d.action.effect == effect
    ]
    return alike.index(endpoint) % 2 == 1
