"""Repair an answer of the mock so that it satisfies the action's laws.

Members get the values that equations determine. Only members in broken laws are changed. The answer stays
unchanged unless fewer laws are broken in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError, compile_node
from pgagents.cel.reading import cases, conjuncts, path_of, paths_in, place_of
from pgagents.cel.rewrite import replace_variable
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import FunctionCall, Infix, Literal, Macro, Node, Unary
from pgagents.jsonschema import schema as schemas
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.laws.times import write_time
from pgagents.sandbox.mock.sample import sample

MOST_MEMBERS = 12
"""Most members that are changed."""
NAMES = ("input", "response", "status", "surface", "now", "before", "env", "headers")


class Lawful:
    """The laws of a catalogue's actions as equations for the members of their answers."""

    def __init__(self, model: Model) -> None:
        self._model = model
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
        for part in conjuncts(replace_variable(condition.tree, "resource", at.tree)):
            scope = self.scope(call, answer)
            if not scope.is_true(compile_node(part, NAMES)):
                solved = next(self._solve(part, scope), None)
                answer = self._put(call.action, answer, *solved, call.now) if solved is not None else answer
        return answer

    def applicable(self, call: AcceptedCall, answer: Any, before: Any = None) -> Iterator[Expression]:
        """Yield the parts of the action's laws that apply to this answer."""
        scope = self.scope(call, answer, before)
        for guards, part in self._parts_of(call.action):
            if all(map(scope.is_true, guards)):
                yield part

    def _broken(self, call: AcceptedCall, answer: Any, before: Any) -> list[Expression]:
        scope = self.scope(call, answer, before)
        return [part for part in self.applicable(call, answer, before) if not scope.is_true(part)]

    def scope(self, call: AcceptedCall, answer: Any, before: Any = None) -> Scope:
        """Return the variables of the laws for an answer."""
        status = call.action.success.status if call.surface == "rest" else 200
        input = {str(name): value for name, value in call.input.items()}
        return Scope(
            {
                "input": input, "response": answer, "status": status, "surface": call.surface,
                "now": call.now, "before": before, "env": dict(self._model.env), "headers": {},
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
        if isinstance(node, Unary) and node.sign == "!":
            yield from self._assign(node.operand, False, scope)
        elif isinstance(node, Infix) and node.signs == ("==",):
            for side, other in (node.operands, node.operands[::-1]):
                yield from self._assign_value_of(side, other, scope)
        elif isinstance(node, Infix) and node.signs == ("!=",):
            for side, other in (node.operands, node.operands[::-1]):
                if isinstance(other, Literal) and other.value is None:
                    yield from self._assign(side, _ANYTHING, scope)
        elif isinstance(node, FunctionCall) and node.name == "near" and len(node.args) == 3:
            for side, other in (node.args[:2], node.args[1::-1]):
                yield from self._assign_value_of(side, other, scope)
        elif isinstance(node, Macro) and node.name == "all":
            yield from self._choose(node, scope)
        elif path_of(node):
            yield from self._assign(node, True, scope)

    def _choose(self, node: Macro, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield a list without the items that violate a condition on the arguments."""
        path = place_of(node.of)
        items = places.get(scope.values.get("response"), path[1:]) if path[:1] == ("response",) else None
        if not isinstance(items, list) or all(read[0] != "input" for read in paths_in(node)):
            return
        condition = compile_node(node, NAMES)
        kept = []
        for item in items:
            shown = places.put(scope.values["response"], path[1:], [item])
            if Scope({**scope.values, "response": shown}).is_true(condition):
                kept.append(item)
        yield path[1:], kept

    def _assign_value_of(self, side: Node, other: Node, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        value = _value(other, scope)
        if value is not _UNKNOWN:
            yield from self._assign(side, value, scope)

    def _assign(self, node: Node, value: Any, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield the member that an expression reads, with the value that gives the expression this result."""
        steps = place_of(node)
        if len(steps) > 1 and steps[0] == "response":
            yield steps[1:], value
        elif isinstance(node, FunctionCall) and node.of is None and len(node.args) == 1:
            if node.name == "epoch" and isinstance(value, int | float):
                yield from self._assign(node.args[0], _Moment(float(value)), scope)
            elif node.name == "cents" and isinstance(value, int | float):
                yield from self._assign(node.args[0], value / 100.0, scope)
            elif node.name in ("double", "int", "string", "upper"):
                yield from self._assign(node.args[0], value, scope)
        elif isinstance(node, Infix) and len(node.operands) == 2 and isinstance(value, int | float):
            yield from self._assign_term(node, float(value), scope)

    def _assign_term(self, node: Infix, value: float, scope: Scope) -> Iterator[tuple[places.Place, Any]]:
        """Yield one of two terms, with the value that gives their sum or difference this result."""
        (first, second), sign = node.operands, node.signs[0]
        one, two = _value(first, scope), _value(second, scope)
        if sign in ("+", "-") and isinstance(two, int | float):
            yield from self._assign(first, value - two if sign == "+" else value + two, scope)
        if sign in ("+", "-") and isinstance(one, int | float):
            yield from self._assign(second, value - one if sign == "+" else one - value, scope)

    def _put(self, action: Action, answer: Any, path: places.Place, value: Any, now: float) -> Any:
        if value is _ANYTHING:
            schema = self._schema_at(action, path)
            kinds = schema.get("type", ())
            kind = kinds if isinstance(kinds, str) else next((k for k in kinds if k != "null"), "object")
            value = sample({**schema, "type": kind}, self._model.schemas, now)
        elif isinstance(value, _Moment):
            value = write_time(value, self._schema_at(action, path), self._model.schemas)
        elif isinstance(value, float) and (
            value.is_integer() or self._schema_at(action, path).get("type") == "integer"
        ):
            value = int(value)
        return places.put(answer, path, value)

    def _schema_at(self, action: Action, path: places.Place) -> Mapping[str, Any]:
        schema = schemas.resolve(action.success.schema or {}, self._model.schemas)
        for step in path:
            inner = schema.get("properties", {}).get(step) if isinstance(step, str) else schema.get("items")
            schema = schemas.resolve(inner or {}, self._model.schemas)
        return schema


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
