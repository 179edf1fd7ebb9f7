"""Make the body and the headers of an answer, and repair them so that they satisfy the action's laws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.cel.expression import Expression, Scope, compile_node
from pgagents.base.cel.reading import cases, conjuncts, path_of, paths_in, place_of
from pgagents.base.cel.rewrite import replace_variables
from pgagents.base.cel.syntax import (
    ExpressionError,
    FunctionCall,
    Index,
    Infix,
    Literal,
    Macro,
    Member,
    Node,
    Unary,
)
from pgagents.base.http import json_bytes, target, text_of
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action, Example, Param
from pgagents.catalogue.model.answers import AnswerHeader
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall, rfc3339
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.places import makes
from pgagents.sandbox.sample import sample

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
        if not successes:
            return sample(call.action.success.schema, self.model.schemas, call.now)
        best = successes[0]
        if len(successes) > 1:
            given = {k: v for k, v in call.input.items() if k in call.given}
            best = max(successes, key=lambda e: _likeness(e, given))
        return plain(best.output)

    def _object(self, answer: Any, path: places.Place) -> dict[str, Any]:
        found = places.get(answer, path)
        return dict(found) if isinstance(found, Mapping) else {}

    def _overlaid(
        self,
        row: dict[str, Any],
        call: AcceptedCall,
        *,
        fresh: str = "",
        keep: tuple[str, ...] = (),
        replaces: bool = False,
    ) -> dict[str, Any]:
        """Return the row after the call has written each argument to the member of the same name.

        In a new instance a member whose argument is missing becomes null, or is removed if null is not
        allowed. So it does in an instance that the call `replaces`.
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
            elif member in row and (fresh or replaces):
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
            for inner in walk(schemas.resolve(schema, self.model.schemas)):
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


# -- repairs by laws


MOST_MEMBERS = 12
"""Most members that are changed."""
NAMES = ("input", "response", "status", "surface", "now", "before", "ref", "env", "headers")


class Lawful:
    """The laws of a catalogue's actions as equations for the members of their answers."""

    def __init__(self, model: Model, refer: Callable[[AcceptedCall], Mapping[str, Any]]) -> None:
        self._model = model
        self._refer = refer
        self._parts: dict[str, list[tuple[tuple[Expression, ...], Expression]]] = {}

    def repair(self, call: AcceptedCall, answer: Any, before: Any = None) -> Any:
        """Return the answer with members changed so that it keeps as many laws as possible."""
        if not call.action.laws or answer is None or not isinstance(answer, Mapping | list):
            return answer
        first = self._broken(call, answer, before)
        found, broken, done = answer, first, frozenset[places.Place]()
        while broken and len(done) < MOST_MEMBERS:
            step = self._mend_one(call, found, before, broken, done)
            if step is None:
                break
            found, broken, path = step
            done |= {path}
        return found if len(broken) < len(first) else answer

    def _mend_one(
        self,
        call: AcceptedCall,
        answer: Any,
        before: Any,
        broken: list[Expression],
        done: frozenset[places.Place],
    ) -> tuple[Any, list[Expression], places.Place] | None:
        """Change one member of the answer so that a broken law holds.

        Return the answer, the laws that are still broken, and the member. A member is changed only once.
        """
        for part in broken:
            scope = self.scope(call, answer, before)
            found = []
            for path, value in self._solve(part.tree, scope):
                changed = self._put(call.action, answer, path, value, call.now)
                left = self._broken(call, changed, before)
                if path not in done and part not in left:
                    found.append((changed, left, path))
            if found:
                return min(found, key=lambda f: (len(f[1]), f[2][-1:] != () and f[2][-1] in call.input))
        return None

    def satisfy(self, call: AcceptedCall, condition: Expression, at: Expression, answer: Any) -> Any:
        """Return the answer with members changed so that a condition on `resource`, at `at`, holds."""
        for part in conjuncts(replace_variables(condition.tree, {"resource": at.tree})):
            scope = self.scope(call, answer)
            if not scope.is_true(compile_node(part, NAMES)):
                solved = next(self._solve(part, scope), None)
                answer = self._put(call.action, answer, *solved, call.now) if solved is not None else answer
        return answer

    def applicable(self, call: AcceptedCall, answer: Any) -> Iterator[Expression]:
        """Yield the parts of the action's laws that apply to this answer."""
        return self._list_applicable(call.action, self.scope(call, answer))

    def _list_applicable(self, action: Action, scope: Scope) -> Iterator[Expression]:
        for guards, part in self._parts_of(action):
            if all(map(scope.is_true, guards)):
                yield part

    def _broken(self, call: AcceptedCall, answer: Any, before: Any) -> list[Expression]:
        scope = self.scope(call, answer, before)
        return [part for part in self._list_applicable(call.action, scope) if not scope.is_true(part)]

    def scope(self, call: AcceptedCall, answer: Any, before: Any = None) -> Scope:
        """Return the variables of the laws for an answer."""
        status = call.action.success.status if call.surface == "rest" else 200
        input = {str(name): value for name, value in call.input.items()}
        return Scope(
            {
                "input": input, "response": answer, "status": status, "surface": call.surface,
                "now": call.now, "before": before, "env": dict(self._model.env), "headers": {},
                "ref": self._refer(call) if any("ref" in law.names for law in call.action.laws) else {},
            }
        )  # fmt: skip

    def _parts_of(self, action: Action) -> list[tuple[tuple[Expression, ...], Expression]]:
        """Return the parts that the action's laws join by `&&` and `?:`, each with its conditions."""
        if action.name not in self._parts:
            found = []
            for law in action.laws:
                own = (law.when,) if law.when is not None else ()
                for part, guards in cases(law.that.tree):
                    try:
                        conditions = [compile_node(guard, NAMES) for guard in guards]
                        found.append(((*own, *conditions), compile_node(part, NAMES)))
                    except ExpressionError:
                        continue
            self._parts[action.name] = found
        return self._parts[action.name]

    # the statements of a law about one member

    def _solve(self, node: Node, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield members of the answer, each with a value for which a condition is true."""
        match node:
            case Unary("!", operand):
                yield from self._assign(operand, False, scope)
            case Infix(("==",), (one, other)) | FunctionCall("near", _, (one, other, _)):
                yield from self._assign_value_of(one, other, scope)
                yield from self._assign_value_of(other, one, scope)
            case Infix(("!=",), (Literal(value=None), side) | (side, Literal(value=None))):
                yield from self._assign(side, _ANYTHING, scope)
            case Macro("all"):
                yield from self._choose(node, scope)
            case _ if path_of(node):
                yield from self._assign(node, True, scope)

    def _choose(self, node: Macro, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield a list without the items that violate a condition on the arguments."""
        path = place_of(node.of)
        items = places.get(scope.values.get("response"), path[1:]) if path[:1] == ("response",) else None
        if not isinstance(items, list) or all(read[0] != "input" for read in paths_in(node)):
            return
        condition = compile_node(node, NAMES)
        alone = ((item, places.put(scope.values["response"], path[1:], [item])) for item in items)
        yield (
            path[1:],
            [item for item, shown in alone if Scope({**scope.values, "response": shown}).is_true(condition)],
        )

    def _assign_value_of(self, side: Node, other: Node, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        value = _value(other, scope)
        if value is not _UNKNOWN:
            yield from self._assign(side, value, scope)

    def _assign(self, node: Node, value: Any, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield the member that an expression reads, with the value that gives the expression this result."""
        number = float(value) if isinstance(value, int | float) else None
        match node:
            case FunctionCall("epoch", None, (inner,)) if number is not None:
                yield from self._assign(inner, _Moment(number), scope)
            case FunctionCall("cents", None, (inner,)) if number is not None:
                yield from self._assign(inner, number / 100.0, scope)
            case FunctionCall("double" | "int" | "string" | "upper", None, (inner,)):
                yield from self._assign(inner, value, scope)
            case Infix(("+" | "-" as sign,), (first, second)) if number is not None:
                one, two = _value(first, scope), _value(second, scope)
                if isinstance(two, int | float):
                    yield from self._assign(first, number - two if sign == "+" else number + two, scope)
                if isinstance(one, int | float):
                    yield from self._assign(second, number - one if sign == "+" else one - number, scope)
            case Member() | Index() if (steps := place_of(node))[:1] == ("response",):
                yield steps[1:], value

    def _put(self, action: Action, answer: Any, path: places.Place, value: Any, now: float) -> Any:
        if value is _ANYTHING:
            schema = self._model.schema_at(action, path)
            kinds = schema.get("type", ())
            kind = kinds if isinstance(kinds, str) else next((k for k in kinds if k != "null"), "object")
            value = sample({**schema, "type": kind}, self._model.schemas, now)
        elif isinstance(value, _Moment):
            value = write_time(value, self._model.schema_at(action, path), self._model.schemas)
        elif isinstance(value, float) and (
            value.is_integer() or self._model.schema_at(action, path).get("type") == "integer"
        ):
            value = int(value)
        return places.put(answer, path, value)


class _Moment(float):
    """Epoch seconds, to be written as a text."""


_UNKNOWN, _ANYTHING = object(), object()
"""Stand for an expression that cannot be evaluated, and for any value except null."""


def _value(node: Node, scope: Scope) -> Any:
    """Return the value of an expression; `_UNKNOWN` if it cannot be evaluated."""
    if isinstance(node, Literal):
        return node.value
    try:
        return scope.evaluate(compile_node(node, NAMES))
    except ExpressionError:
        return _UNKNOWN


# -- forms of times


def write_time(seconds: float, schema: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
    """Return a time in whole seconds: as RFC 3339 in UTC or as epoch seconds, depending on the schema."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    forms = (
        rfc3339(seconds),
        moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        moment.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
        moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        int(seconds),
    )
    check = schemas.validator(schema, known)
    return next((form for form in forms if check.is_valid(form)), forms[0])


# -- headers


def headers_of_answer(model: Model, base: str, call: AcceptedCall, answer: Any) -> Iterator[tuple[str, str]]:
    """Yield the headers that the catalogue lists only for this answer. `base` is the server's URL."""
    known = {name.lower() for name, _ in call.headers}
    for header in call.action.success.headers if call.surface == "rest" else ():
        if header.name.lower() in known:
            continue
        value = _header_value(model, base, call, header, answer)
        if value is not None:
            yield header.name, value


def _header_value(
    model: Model, base: str, call: AcceptedCall, header: AnswerHeader, answer: Any
) -> str | None:
    small = header.name.lower()
    asked = _value_by_law(model, call, small, answer)
    if asked is not None:
        return asked
    if small == "location":
        return _choose_location(model, base, header, _location(model, call, answer))
    if small in ("deprecation", "sunset") and call.action.deprecation is not None:
        return _end(call.action, small)
    if small == "etag":
        return tag_of(answer)
    return text_of(sample(header.schema, model.schemas, call.now))


def _choose_location(model: Model, base: str, header: AnswerHeader, path: str | None) -> str | None:
    """Return the first form of a Location that the header's schema allows: a URL, or only its path.

    A sandbox that listens serves at its root, and the path of the catalogue's server counts there too.
    """
    if path is None:
        return None
    own, declared = urlsplit(base).path.rstrip("/"), urlsplit(str(model.api.server)).path.rstrip("/")
    root = base.rstrip("/").removesuffix(own)
    below = [own, *([declared] if not own else [])]
    forms = [*(root + above + path for above in below), *(above + path for above in below), path]
    check = schemas.validator(header.schema, model.schemas)
    return next((form for form in forms if check.is_valid(form)), forms[0])


def _end(action: Action, header: str) -> str:
    """Return a date of a deprecated action in its header's form: Unix seconds, or an HTTP date."""
    assert action.deprecation is not None
    day = action.deprecation.since if header == "deprecation" else action.deprecation.sunset
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return (
        f"@{int(midnight.timestamp())}" if header == "deprecation" else format_datetime(midnight, usegmt=True)
    )


def tag_of(answer: Any) -> str:
    """Return the entity tag of a body."""
    return '"' + hashlib.sha256(json_bytes(answer)).hexdigest()[:16] + '"'


def _value_by_law(model: Model, call: AcceptedCall, name: str, answer: Any) -> str | None:
    """Return the value that a law demands of the header, or None."""
    scope = Scope(
        {
            "input": call.input, "response": answer, "status": call.action.success.status,
            "surface": call.surface, "now": call.now, "before": None, "env": model.env, "headers": {},
        }
    )  # fmt: skip
    for law in call.action.laws:
        try:
            for other in _equals(law.that, name) if law.applies(scope) else ():
                return text_of(scope.evaluate(other))
        except ExpressionError:
            continue
    return None


def _equals(that: Expression, name: str) -> Iterator[Expression]:
    for part in conjuncts(that.tree):
        if isinstance(part, Infix) and part.signs == ("==",):
            for side, other in (part.operands, part.operands[::-1]):
                if path_of(side) == ("headers", name):
                    yield compile_node(other, NAMES)


def _location(model: Model, call: AcceptedCall, answer: Any) -> str | None:
    """Return the path that reads the new instance, or None."""
    for resource in model.resources.values():
        if resource.made_by is None or not makes(model, resource, call.action):
            continue
        row = places.get(answer, places.place(resource.made_by.at) or ())
        if isinstance(row, Mapping):
            return _path_of(resource, row, call.input)
    return None


def _path_of(resource: Resource, row: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    for read in resource.read_by:
        named = places.id_argument(read, resource)
        values = {
            param.wire: row.get(named.get(str(param.name), ""), given.get(param.name))
            for param in read.action.params
            if param.place == "path"
        }
        if read.action.on_rest and None not in values.values():
            return target(str(read.action.path), values)
    return None
