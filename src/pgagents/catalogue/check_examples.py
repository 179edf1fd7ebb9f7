"""Examples: they must satisfy the schemas, and the laws must hold on them."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue import scope
from pgagents.catalogue.check import Checker
from pgagents.catalogue.resolve import argument_node, schema_node, schema_nodes
from pgagents.catalogue.surface import Action, Example
from pgagents.expression import ExpressionError, Scope, epoch
from pgagents.schema import validator
from pgagents.source import Pointer


def run(checker: Checker) -> None:
    """Note examples that their schema refuses and laws that fail on their own example."""
    schemas, _ = schema_nodes(checker.written, checker.source.data)
    for base, actions in checker.blocks():
        for name, action in actions.items():
            _action(checker, (*base, name), action, schemas)


def _action(checker: Checker, pointer: Pointer, action: Action, schemas: dict[str, Any]) -> None:
    raw: Any = checker.source.data
    for step in pointer:
        raw = raw[step]
    tests = {}
    for name in action.input:
        tests[name] = _compiled(checker, (*pointer, "input", name), argument_node(raw["input"][name], (*pointer, "input", name)), schemas)
    for name, example in action.examples.items():
        at = (*pointer, "examples", name)
        status = example.status or next(s for s in action.output if 200 <= s < 300)
        checker.arguments((*at, "input"), example.input, action)
        if status < 300:
            _input(checker, (*at, "input"), action, example, tests)
        output = raw["output"].get(status)
        if output and example.output is not None:
            test = _compiled(checker, (*pointer, "output", status), schema_node(output, (*pointer, "output", status)), schemas)
            _conforms(checker, (*at, "output"), example.output, test)
        if status < 300 and example.output is not None:
            _laws(checker, pointer, name, action, example, status)
    for name, param in action.input.items():
        if "default" in param.model_fields_set and tests[name] is not None:
            _conforms(checker, (*pointer, "input", name, "default"), param.default, tests[name])


def _compiled(checker: Checker, pointer: Pointer, schema: Any, schemas: dict[str, Any]) -> Any:
    try:
        return validator(schema, schemas)
    except ValueError as error:
        checker.fault(pointer, "schema", f"this is no valid JSON Schema: {error}", at_value=False)
        return None


def _conforms(checker: Checker, pointer: Pointer, value: Any, test: Any) -> None:
    for error in test.iter_errors(value) if test else ():
        checker.fault((*pointer, *error.instance_path), "example", f"its schema refuses this: {error.message[:200]}")


def _input(checker: Checker, pointer: Pointer, action: Action, example: Example, tests: dict[str, Any]) -> None:
    for name, value in example.input.items():
        if name in tests:
            _conforms(checker, (*pointer, name), value, tests[name])
    for name, param in action.input.items():
        if param.required and name not in example.input:
            checker.fault(pointer, "example", f"the example lacks the required argument `{name}`", at_value=False)


def _laws(checker: Checker, pointer: Pointer, name: str, action: Action, example: Example, status: int) -> None:
    defaults = {n: p.default for n, p in action.input.items() if "default" in p.model_fields_set}
    values = {
        "input": {**defaults, **example.input}, "response": example.output, "status": status, "surface": "rest",
        "now": epoch(example.at) if example.at else None, "before": example.before, "env": checker.written.env,
    }  # fmt: skip
    assert set(values) == set(scope.LAW)
    here: Scope | None = None
    for law_name, law in action.laws.items():
        at = (*pointer, "laws", law_name)
        that, when = checker.law_expressions(at)
        if that is None:
            continue
        needed = that.names | (when.names if when else frozenset())
        if ("now" in needed and example.at is None) or ("before" in needed and example.before is None):
            continue
        try:
            here = here or Scope(values)
            if (when is None or here.holds(when)) and not here.holds(that):
                checker.fault(
                    at,
                    "law",
                    f"the law `{law_name}` does not hold on its own example `{name}`",
                    f"correct the law, or the example at line {checker.source.locate((*pointer, 'examples', name)).line}",
                    at_value=False,
                )
        except ExpressionError as error:
            checker.fault(at, "law", f"the law `{law_name}` cannot be evaluated on its own example `{name}`: {error}", at_value=False)
