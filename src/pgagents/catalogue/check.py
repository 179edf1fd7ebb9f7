"""What pydantic cannot see: references between the parts of a catalogue, paths, expressions, examples.

Every method notes diagnostics and goes on, so that one pass finds all faults of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pgagents import expression
from pgagents.catalogue import scope
from pgagents.catalogue.surface import Action, Call, Catalogue, Law, Output, Param, Schema
from pgagents.diagnostics import Diagnostic
from pgagents.expression import Expression, ExpressionError
from pgagents.source import Pointer, Source, did_you_mean

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Checker:
    """Notes faults and keeps every compiled expression by its pointer, so that nothing is compiled twice."""

    def __init__(self, written: Catalogue, source: Source) -> None:
        self.written = written
        self.source = source
        self.found: list[Diagnostic] = []
        self.expressions: dict[Pointer, Expression] = {}
        operator = written.operator.actions if written.operator else {}
        self.actions: dict[str, Action] = {**written.actions, **operator}

    def run(self) -> None:
        """Check all schemas and actions."""
        for name, schema in self.written.schemas.items():
            self.schema(("schemas", name), schema)
        for base, actions in self.blocks():
            for action_name, action in actions.items():
                self._action((*base, action_name), action)

    def blocks(self) -> list[tuple[Pointer, Mapping[str, Action]]]:
        """The API's actions and the operator's, each with the pointer they stand under."""
        operator = self.written.operator
        return [(("actions",), self.written.actions), (("operator", "actions"), operator.actions if operator else {})]

    def fault(self, pointer: Pointer, id: str, message: str, help: str = "", *, at_value: bool = True) -> None:
        """Note an error at the value of a pointer."""
        self.found.append(Diagnostic(self.source.locate(pointer, at_value=at_value), f"catalogue/{id}", "error", message, help))

    def known(self, pointer: Pointer, name: str | None, among: Iterable[str], what: str) -> bool:
        """Whether `name` is one of `among` (None counts as said nothing); notes a dangling reference else."""
        words = list(among)
        if name is None or name in words:
            return True
        self.fault(
            pointer, "unknown-name", f"`{name}` is no {what} of this catalogue", did_you_mean(name, words) or f"there is no {what} yet"
        )
        return False

    def compile(self, pointer: Pointer, text: str | None, names: Iterable[str]) -> Expression | None:
        """Compile the expression at a pointer and keep it; notes why it does not compile."""
        if text is None:
            return None
        try:
            compiled = expression.compile(text, names)
        except ExpressionError as error:
            self.fault(pointer, "expression", f"the expression does not compile: {error}")
            return None
        self.expressions[pointer] = compiled
        return compiled

    def values(self, pointer: Pointer, value: Any, names: Iterable[str]) -> None:
        """Compile every string that begins with `=` inside a value."""
        if isinstance(value, str) and value.startswith("="):
            self.compile(pointer, value[1:], names)
        elif isinstance(value, dict):
            for key, member in value.items():
                self.values((*pointer, key) if key != "*" else pointer, member, names)
        elif isinstance(value, list):
            for index, member in enumerate(value):
                self.values((*pointer, index), member, names)

    def law(self, pointer: Pointer, law: Law, names: Iterable[str]) -> None:
        """Compile a law written short or long."""
        short = not self.source.has((*pointer, "that"))
        self.compile(pointer if short else (*pointer, "that"), law.that, names)
        self.compile((*pointer, "when"), law.when, names)

    def law_expressions(self, pointer: Pointer) -> tuple[Expression | None, Expression | None]:
        """The compiled `that` and `when` of the law at a pointer."""
        return self.expressions.get((*pointer, "that")) or self.expressions.get(pointer), self.expressions.get((*pointer, "when"))

    def call(self, pointer: Pointer, call: Call | None, names: Iterable[str]) -> None:
        """Check a call's action, arguments and expressions."""
        if call is None:
            return
        names = set(names)
        if self.known((*pointer, "action"), call.action, self.actions, "action"):
            self.arguments((*pointer, "input"), call.input, self.actions[call.action])
        self.values((*pointer, "input"), call.input, names)
        self.compile((*pointer, "at"), call.at, {"response", "input"})
        self.compile((*pointer, "where"), call.where, names)

    def arguments(self, pointer: Pointer, given: Mapping[str, Any], action: Action) -> None:
        """Whether the action takes these arguments."""
        for name in given:
            if name != "*" and name not in action.input:
                self.fault(
                    (*pointer, name),
                    "unknown-name",
                    f"the action takes no argument `{name}`",
                    did_you_mean(name, action.input),
                    at_value=False,
                )

    def schema(self, pointer: Pointer, schema: Schema) -> None:
        """References, types and bounds of a schema and all inside it."""
        self.known((*pointer, "$ref"), schema.ref, self.written.schemas, "schema")
        self._schema_sense(pointer, schema)
        for key, child in _children(schema):
            self.schema((*pointer, *key), child)
        if isinstance(schema, Param):
            self.known((*pointer, "refers_to"), schema.refers_to, self.written.resources, "resource")
        elif schema.required is not None and schema.properties is not None:
            for index, name in enumerate(schema.required):
                self.known((*pointer, "required", index), name, schema.properties, "property")

    def _schema_sense(self, pointer: Pointer, schema: Schema) -> None:
        kinds = ("string", "number", "integer", "boolean", "object", "array", "null")
        for kind in [schema.type] if isinstance(schema.type, str) else schema.type or []:
            if kind not in kinds:
                self.fault((*pointer, "type"), "schema", f"`{kind}` is no JSON type", did_you_mean(kind, kinds))
        for low, high in (
            ("minimum", "maximum"),
            ("min_length", "max_length"),
            ("min_items", "max_items"),
            ("min_properties", "max_properties"),
        ):
            a, b = getattr(schema, low), getattr(schema, high)
            if a is not None and b is not None and a > b:
                self.fault(
                    (*pointer, str(type(schema).model_fields[low].alias or low)), "schema", f"no value is at least {a:g} and at most {b:g}"
                )
        if schema.pattern is not None:
            from pgagents.schema import faults

            if faults({"pattern": schema.pattern}):
                self.fault((*pointer, "pattern"), "schema", "the pattern is no regular expression (ECMA-262)")
        if schema.ref is None and schema.type == "array" and schema.items is None:
            self.fault(pointer, "schema", "an array needs `items`: several vendors refuse it without", at_value=False)

    def _action(self, pointer: Pointer, action: Action) -> None:
        written = self.written
        self.known((*pointer, "bucket"), action.bucket, written.limits.buckets, "bucket")
        self.known((*pointer, "scope"), action.scope, written.auth.scopes, "scope")
        self.known((*pointer, "idempotency"), action.idempotency, action.input, "argument")
        for index, code in enumerate(action.errors):
            self.known((*pointer, "errors", index), code, written.errors.codes, "error code")
        for name, param in action.input.items():
            self.schema((*pointer, "input", name), param)
        for status, output in action.output.items():
            if isinstance(output, Output):
                self.schema((*pointer, "output", status), output)
        if not any(200 <= status < 300 for status in action.output):
            self.fault((*pointer, "output"), "output", "no answer with a 2xx status is listed", "add `200: {…}`", at_value=False)
        for surface, texts in action.texts.items():
            self.known((*pointer, "texts", surface), surface, written.surfaces, "surface")
            for name in texts.params:
                self.known((*pointer, "texts", surface, "params", name), name, action.input, "argument")
        for name, law in action.laws.items():
            self.law((*pointer, "laws", name), law, scope.LAW)
        for name, relation in action.relations.items():
            at = (*pointer, "relations", name)
            self.known((*at, "widen"), relation.widen, action.input, "argument")
            self.compile((*at, "keeps"), relation.keeps, scope.LAW)
            self.compile((*at, "unless"), relation.unless, scope.LAW)


def _children(schema: Schema) -> list[tuple[Pointer, Schema]]:
    found: list[tuple[Pointer, Schema]] = []
    if schema.items is not None:
        found.append((("items",), schema.items))
    if isinstance(schema.additional_properties, Schema):
        found.append((("additionalProperties",), schema.additional_properties))
    for key, many in (("oneOf", schema.one_of), ("anyOf", schema.any_of), ("allOf", schema.all_of)):
        found.extend(((key, index), child) for index, child in enumerate(many or ()))
    found.extend((("properties", name), child) for name, child in (schema.properties or {}).items())
    return found
