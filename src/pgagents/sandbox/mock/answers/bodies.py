"""Make the body of an answer: the most similar example or a sample, with the call's arguments filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema import schema as schemas
from pgagents.model.action import Action, Example
from pgagents.model.argument import Param
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.sample import sample
from pgagents.source.origin import plain

MERGE_PATCH = "application/merge-patch+json"


def merged(old: Any, patch: Any) -> Any:
    """Return a value changed by a merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    found = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


class Bodies:
    """Makes bodies of answers."""

    model: Model

    def _base(self, call: AcceptedCall) -> Any:
        """Return the output of the most similar example, or else a sample of the schema; None without a
        body.
        """
        if call.action.success.schema is None:
            return None
        successes = [e for e in call.action.examples if 200 <= e.status < 300 and e.output is not None]
        given = {k: v for k, v in call.input.items() if k in call.given}
        best = max(successes, key=lambda e: _likeness(e, given), default=None)
        return (
            plain(best.output) if best else sample(call.action.success.schema, self.model.schemas, call.now)
        )

    def _object(self, answer: Any, path: places.Place) -> dict[str, Any]:
        found = places.get(answer, path)
        return dict(found) if isinstance(found, Mapping) else {}

    def _overlaid(
        self, row: dict[str, Any], call: AcceptedCall, *, fresh: str = "", keep: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        """Return the row after the call has written each argument to the member of the same name.

        In a new instance, a member whose argument is missing becomes null, or is removed if null is not
        allowed.
        """
        for param in call.action.params:
            name = str(param.name)
            if name == fresh or name in keep or name == call.action.idempotency:
                continue
            member = self._member_of(call.action, param)
            if name in call.input and (member in row or self._member(call.action, member) is not None):
                nullable = "null" in ((self._member(call.action, member) or {}).get("type") or ())
                if call.action.content_type == MERGE_PATCH and not (nullable and call.input[name] is None):
                    row = merged(row, {member: plain(call.input[name])})
                    continue
                row[member] = plain(call.input[name])
            elif member in row and fresh:
                schema = self._member(call.action, member) or {}
                if "null" in (schema.get("type") or ()):
                    row[member] = None
                elif (
                    schema.get("type") in ("array", "object")
                    and not {"required", "minItems", "minProperties", "contains"} & schema.keys()
                ):
                    row[member] = [] if schema["type"] == "array" else {}
                else:
                    row.pop(member)
        return row

    def _member_of(self, action: Action, param: Param) -> str:
        """Return the member that shows an argument, by its name or its name in the body."""
        name = str(param.name)
        if param.place == "body" and param.wire != name and self._member(action, name) is None:
            return param.wire
        return name

    def _member(self, action: Action, name: str) -> Mapping[str, Any] | None:
        """Return the schema of the first member of this name in the action's answer, or None."""
        stack: list[Mapping[str, Any]] = [action.success.schema] if action.success.schema else []
        for schema in stack:
            for inner in schemas.subschemas(schemas.resolve(schema, self.model.schemas)):
                if name in inner.get("properties", {}):
                    return schemas.resolve(inner["properties"][name], self.model.schemas)
                if "$ref" in inner and len(stack) < 50:
                    stack.append(schemas.resolve(inner, self.model.schemas))
        return None

    def _path_in(self, resource: Resource, answer: Any) -> places.Place | None:
        """Return the place of a resource in an answer.

        It is the place in another call of the resource, if this answer has an object there.
        """
        calls = [c for c in (resource.undone_by, resource.made_by, *resource.read_by) if c is not None]
        found = [p for c in calls if (p := places.place(c.at)) is not None]
        return next((p for p in found if isinstance(places.get(answer, p), Mapping)), None)


def _likeness(example: Example, given: Mapping[str, Any]) -> float:
    """Return how many arguments an example shares with a call. An object counts by its equal members."""
    return sum(_share(v, given.get(k)) for k, v in plain(example.input).items())


def _share(one: Any, other: Any) -> float:
    if one == other:
        return 1
    if not (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return 0
    names = one.keys() | other.keys()
    return sum(bool(one.get(name) == other.get(name)) for name in names) / (len(names) + 1)
