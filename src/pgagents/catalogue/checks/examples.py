"""Check that examples and fresh values satisfy their schemas, and that laws hold on the examples.

Examples are not checked against a schema that was refused itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.actions import Action, Example
from pgagents.catalogue.language.schemas import argument_node, schema_node, schema_nodes
from pgagents.cel.blame import broken_part, is_defined, undefined_part
from pgagents.cel.expression import ExpressionError, epoch, member_of
from pgagents.cel.scope import Scope
from pgagents.jsonschema.direction import OneWay, find_written_name
from pgagents.jsonschema.schema import Validators, closure, refs
from pgagents.model.pages import read_headers
from pgagents.model.values.fresh import list_forms
from pgagents.source.source import Pointer

SAMPLE_MARK = "pgv-0123456789abcdef-123"
"""A mark in the form that `verify` makes."""


def run(checker: Checker, known: Validators | None = None) -> None:
    """Record examples that violate their schema, and laws that fail on their own example.

    `known` are validators compiled before. They are reused if the named schemas are the same.
    """
    written, _ = schema_nodes(checker.written, checker.data)
    ways = OneWay(written, "sent"), OneWay(written, "answered")
    named = {**written, **ways[0].variants, **ways[1].variants}
    compiled = known if known and known.are_of(named) else Validators(named)
    for base, actions in checker.blocks():
        for name, action in actions.items():
            _Examples(checker, (*base, name), action, named, compiled, ways).run()


class _Examples:
    """The examples of one action. The validator of a refused schema is None.

    Each distinct schema is compiled once for all actions.
    """

    def __init__(
        self,
        checker: Checker,
        pointer: Pointer,
        action: Action,
        named: Mapping[str, Any],
        compiled: Validators,
        ways: tuple[OneWay, OneWay],
    ) -> None:
        self.checker, self.pointer, self.action, self.named, self.compiled = (
            checker,
            pointer,
            action,
            named,
            compiled,
        )
        self.sent, self.answered = ways
        self.raw: Any = checker.data
        for step in pointer:
            self.raw = self.raw[step]
        self.inputs = {
            name: self._compile(
                (*pointer, "input", name),
                self.sent.adapt(argument_node(self.raw["input"][name], (*pointer, "input", name))),
            )
            for name in action.input
        }
        self.outputs: dict[int, Any] = {}

    def run(self) -> None:
        for name, example in self.action.examples.items():
            at = (*self.pointer, "examples", name)
            self.checker.arguments((*at, "input"), example.input, str(self.pointer[-1]))
            status = example.status or next((s for s in self.action.output if 200 <= s < 300), None)
            if status is None or not self.checker.sound(at):
                continue
            if status < 300:
                self._input((*at, "input"), example)
            self._output((*at, "output"), example, status)
            if (
                status < 300
                and example.output is not None
                and self.checker.sound(at)
                and self.outputs.get(status)
            ):
                self._laws(name, example, status)
        for name, param in self.action.input.items():
            if "default" in param.model_fields_set:
                self._conforms((*self.pointer, "input", name, "default"), param.default, self.inputs[name])
        for resource, written in self.checker.written.resources.items():
            if written.made_by is not None and written.made_by.action == self.pointer[-1]:
                self._fresh(("resources", resource, "made_by", "input"), written.made_by.input)

    def _fresh(self, pointer: Pointer, given: Mapping[str, Any]) -> None:
        """Check that the arguments of a create allow the fresh values they are given."""
        for name in given.keys() & self.inputs.keys():
            kind = member_of(self.checker.expressions.get((*pointer, name)), (variables.FRESH,))
            test = self.inputs[name]
            if kind not in variables.FRESH_KINDS or not test or not self.checker.sound((*pointer, name)):
                continue
            forms = list_forms(kind, SAMPLE_MARK)
            if not any(map(test.is_valid, forms)):
                error = next(test.iter_errors(forms[0]))
                self.checker.report(
                    (*pointer, name),
                    "fresh",
                    f"no fresh {kind} fits `{name}`: {_shorten_message(error.message)}",
                    "write an expression that its schema allows, or widen the schema",
                )

    def _compile(self, pointer: Pointer, schema: Any) -> Any:
        if self.checker.refused and not self._sound(pointer, schema):
            return None
        try:
            return self.compiled.of(schema)
        except ValueError as error:
            self.checker.report(pointer, "schema", f"this is no valid JSON Schema: {error}", at_value=False)
            return None

    def _sound(self, pointer: Pointer, schema: Any) -> bool:
        """True if the schema and all schemas it refers to exist and were not refused."""
        names = closure(schema, self.named)
        lost = refs(schema).union(*(refs(self.named[n]) for n in names)) - self.named.keys()
        return not lost and all(
            self.checker.sound(place)
            for place in (pointer, *(("schemas", find_written_name(n)) for n in names))
        )

    def _conforms(self, pointer: Pointer, value: Any, test: Any) -> None:
        for error in test.iter_errors(value) if test and self.checker.sound(pointer) else ():
            self.checker.report(
                (*pointer, *error.instance_path),
                "example",
                f"its schema refuses this: {_shorten_message(error.message)}",
            )

    def _input(self, pointer: Pointer, example: Example) -> None:
        for name, value in example.input.items():
            self._conforms((*pointer, name), value, self.inputs.get(name))
        for name, param in self.action.input.items():
            if param.required and name not in example.input:
                self.checker.report(
                    pointer, "example", f"the example lacks the required argument `{name}`", at_value=False
                )

    def _output(self, pointer: Pointer, example: Example, status: int) -> None:
        at = (*self.pointer, "output", status)
        written = self.raw["output"].get(status)
        if status not in self.outputs:
            self.outputs[status] = (
                self._compile(at, self.answered.adapt(schema_node(written, at))) if written else None
            )
        if example.output is not None:
            self._conforms(pointer, example.output, self.outputs[status])

    def _laws(self, name: str, example: Example, status: int) -> None:
        action = self.action
        defaults = {n: p.default for n, p in action.input.items() if "default" in p.model_fields_set}
        values = {
            "input": {**defaults, **example.input},
            "response": example.output,
            "status": status,
            "surface": "rest",
            "now": epoch(example.at) if example.at else None,
            "before": example.before,
            "env": self.checker.written.env,
            "headers": read_headers(example.headers),
        }
        assert set(values) == set(variables.LAW)
        unset = {what for what, value in (("now", example.at), ("before", example.before)) if value is None}
        unset |= set() if example.headers else {"headers"}
        here: Scope | None = None
        for law in action.laws:
            at, when_at = self.checker.law_places((*self.pointer, "laws", law))
            that, when = self.checker.expressions.get(at), self.checker.expressions.get(when_at)
            if (
                that is None
                or not self.checker.sound((*self.pointer, "laws", law))
                or unset & (that.names | (when.names if when else frozenset()))
            ):
                continue
            try:
                here = here or Scope(values)
                if (when is None or here.holds(when)) and not here.holds(that):
                    line = self.checker.source.locate((*self.pointer, "examples", name)).line
                    message = f"the law `{law}` does not hold on its own example `{name}`"
                    help = f"correct the law, or the example at line {line}"
                    self.checker.report_in(at, broken_part(that.tree, values), "law", message, help)
            except ExpressionError as error:
                message = f"the law `{law}` cannot be evaluated on its own example `{name}`: {error}"
                if when is not None and not is_defined(when.tree, values):
                    at, that = when_at, when
                self.checker.report_in(at, undefined_part(that.tree, values), "law", message)


def _shorten_message(message: str) -> str:
    """Return a validator's message on one line.

    A long message begins with the value, so its end is kept.
    """
    line = " ".join(message.split())
    return line if len(line) <= 200 else f"…{line[-199:]}"
