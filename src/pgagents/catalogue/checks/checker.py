"""Check references between the parts of a catalogue, schemas and expressions. Pydantic cannot check these.

Every method records diagnostics and continues, so that one pass finds all problems of a file. Values that
pydantic refused were removed before (`prune`). Nothing that is missing only for that reason is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any

from pgagents.catalogue.checks.checking.expressions import Expressions
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Output, Param, Schema
from pgagents.source.source import Pointer
from pgagents.source.yaml_text import MAX_PROBLEMS
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

_ONE = frozenset(
    ("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else",
     "unevaluatedProperties", "unevaluatedItems")
)  # fmt: skip
_LISTS = frozenset(("oneOf", "anyOf", "allOf", "prefixItems"))
_MANY = frozenset(("properties", "patternProperties", "dependentSchemas", "events"))
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class Checker(Expressions):
    """Collect problems, and keep every compiled expression by its pointer."""

    def run(self) -> None:
        """Check all schemas and actions."""
        self._names_of_members(self.data)
        for name, schema in self.written.schemas.items():
            self.schema(("schemas", name), schema)
        for base, actions in self.blocks():
            for action_name, action in actions.items():
                self._action((*base, action_name), action)

    def _names_of_members(self, data: Any) -> None:
        """Record keys that are whole numbers, except where statuses are keys."""
        stack: list[tuple[Pointer, Any]] = [((), data)]
        while stack:
            pointer, value = stack.pop()
            if isinstance(value, list):
                stack.extend(((*pointer, i), v) for i, v in enumerate(value) if isinstance(v, dict | list))
            elif isinstance(value, dict):
                by_status = pointer[-1:] in (("output",), ("responses",)) and len(pointer) in (3, 4)
                for key, member in value.items():
                    if isinstance(key, int) and not by_status:
                        self.report(
                            (*pointer, key),
                            "key",
                            f"key `{key}` is a number; it should be text",
                            f'write "{key}"',
                            at_value=False,
                        )
                    if isinstance(member, dict | list):
                        stack.append(((*pointer, key), member))

    def schema(self, pointer: Pointer, schema: Schema) -> None:
        """Check references, types and bounds of a schema and of all schemas inside it."""
        if len(self.found) >= MAX_PROBLEMS:
            return
        self.check_reference((*pointer, "$ref"), schema.ref, ("schemas",), "schema")
        self._schema_sense(pointer, schema)
        for key, child in children(schema):
            self.schema((*pointer, *key), child)
        if isinstance(schema, Param):
            self._reference((*pointer, "refers_to"), schema.refers_to)
        elif schema.required is not None and schema.properties is not None:
            for index, name in enumerate(schema.required):
                self.check_reference(
                    (*pointer, "required", index), name, (*pointer, "properties"), "property"
                )

    def list_members(self, schemas: Iterable[Schema]) -> set[str]:
        """Return the names of all members in schemas, at any depth."""
        found: set[str] = set()
        met: set[str] = set()
        ahead = list(schemas)
        while ahead:
            schema = ahead.pop()
            found |= (schema.properties or {}).keys()
            ahead.extend(child for _, child in children(schema))
            if schema.ref in self.written.schemas and schema.ref not in met:
                met.add(schema.ref)
                ahead.append(self.written.schemas[schema.ref])
        return found

    def _reference(self, pointer: Pointer, refers_to: str | None) -> None:
        """Check the resource that an argument refers to, and the member if the resource's id has several."""
        name, _, member = (refers_to or "").partition(".")
        if (
            not self.check_reference(pointer, name or None, ("resources",), "resource")
            or not name
            or name not in self.written.resources
        ):
            return
        ids = self.written.resources[name].id
        several = ids if isinstance(ids, list) else [ids]
        if member and member not in several:
            self.report(
                pointer,
                "refers-to",
                f"`{brief(member)}` is no member of the id of `{name}`",
                did_you_mean(member, several),
            )
        elif not member and len(several) > 1:
            help = (
                f"write `{name}.{several[0]}`, and `{name}.{several[1]}` at the argument that is the "
                "other one"
            )
            self.report(
                pointer,
                "refers-to",
                f"the id of `{name}` is {' and '.join(several)}: it is not said which of them this is",
                help,
            )

    def _schema_sense(self, pointer: Pointer, schema: Schema) -> None:
        kinds = ("string", "number", "integer", "boolean", "object", "array", "null")
        for kind in [schema.type] if isinstance(schema.type, str) else schema.type or []:
            if kind not in kinds:
                self.report(
                    (*pointer, "type"), "schema", f"`{kind}` is no JSON type", did_you_mean(kind, kinds)
                )
        for low, high in (
            ("minimum", "maximum"),
            ("min_length", "max_length"),
            ("min_items", "max_items"),
            ("min_properties", "max_properties"),
        ):
            a, b = getattr(schema, low), getattr(schema, high)
            if a is not None and b is not None and a > b:
                self.report(
                    (*pointer, str(type(schema).model_fields[low].alias or low)),
                    "schema",
                    f"no value is at least {a:g} and at most {b:g}",
                )
        if schema.pattern is not None:
            from pgagents.jsonschema.schema import find_pattern_error, list_problems

            if list_problems({"pattern": schema.pattern}):
                self.report(
                    (*pointer, "pattern"), "schema", "the pattern is no regular expression (ECMA-262)"
                )
            elif why := find_pattern_error(schema.pattern):
                message = f"the pattern cannot be matched in bounded time and memory: {why}"
                self.report(
                    (*pointer, "pattern"), "schema", message, "write it shorter, and with smaller repeats"
                )
        closed = schema.prefix_items is not None and schema.unevaluated_items is not None
        if schema.ref is None and schema.type == "array" and schema.items is None and not closed:
            self.report(
                pointer, "schema", "an array needs `items`: several vendors refuse it without", at_value=False
            )

    def _action(self, pointer: Pointer, action: Action) -> None:
        arguments = (*pointer, "input")
        self.check_reference((*pointer, "bucket"), action.bucket, ("limits", "buckets"), "bucket")
        self.check_reference((*pointer, "scope"), action.scope, ("auth", "scopes"), "scope")
        self.check_reference((*pointer, "idempotency"), action.idempotency, arguments, "argument")
        if action.equal_calls_s is not None and action.idempotency is None:
            message = "`equal_calls_s` does nothing here: the action has no idempotency key"
            help = "name its argument in `idempotency`, or leave it out"
            self.report((*pointer, "equal_calls_s"), "idle", message, help, at_value=False)
        if action.signed:
            self.check_reference((*pointer, "signed", "header"), action.signed.header, arguments, "argument")
            self.check_reference((*pointer, "signed", "role"), action.signed.role, ("auth", "roles"), "role")
            self.check_reference(
                (*pointer, "signed", "otherwise"), action.signed.otherwise, ("errors", "codes"), "error code"
            )
        for index, code in enumerate(action.errors):
            self.check_reference((*pointer, "errors", index), code, ("errors", "codes"), "error code")
        for name, param in action.input.items():
            self.schema((*arguments, name), param)
        for status, output in action.output.items():
            if isinstance(output, Output):
                self.schema((*pointer, "output", status), output)
                self._headers((*pointer, "output", status, "headers"), status, output)
        if not any(200 <= status < 300 for status in action.output) and self.sound((*pointer, "output")):
            self.report(
                (*pointer, "output"),
                "output",
                "no answer with a 2xx status is listed",
                "add `200: {…}`",
                at_value=False,
            )
        for name, until in action.formerly.items():
            self._former(pointer, name, until)
        for surface, texts in action.texts.items():
            self.check_reference((*pointer, "texts", surface), surface, ("surfaces",), "surface")
            for name in texts.params:
                self.check_reference(
                    (*pointer, "texts", surface, "params", name), name, arguments, "argument"
                )
        for name, law in action.laws.items():
            self.law((*pointer, "laws", name), law, variables.LAW)
        for name, relation in action.relations.items():
            at = (*pointer, "relations", name)
            self.check_reference((*at, "widen"), relation.widen, arguments, "argument")
            self.compile((*at, "keeps"), relation.keeps, variables.LAW)
            self.compile((*at, "unless"), relation.unless, variables.LAW)
            self.compile((*at, "fits"), relation.fits, (*variables.LAW, variables.ITEM))

    def _headers(self, pointer: Pointer, status: int, output: Output) -> None:
        """Check the headers of one answer: each name is given once, and no value is a list or an object."""
        everywhere = {n.lower(): n for n, h in self.written.headers.items() if _applies(h.on, status)}
        met: set[str] = set()
        for name, header in output.headers.items():
            at, small = (*pointer, name), name.lower()
            self.schema(at, header)
            if small in everywhere:
                message = f"`headers.{everywhere[small]}` at the top says already that this answer has it"
                self.report(at, "header", message, "say it in one of the two places", at_value=False)
            elif small in met:
                self.report(
                    at,
                    "header",
                    f"`{name}` differs from another name in case alone",
                    "remove one",
                    at_value=False,
                )
            elif small == "content-type":
                help = "write `content_type` beside `headers`"
                self.report(at, "header", "`headers` has no effect on the media type", help, at_value=False)
            elif header.type in ("object", "array"):
                self.report((*at, "type"), "header", "a header is one text", "describe the text, or a number")
            met.add(small)

    def _former(self, pointer: Pointer, name: str, until: str) -> None:
        """Check that a former name belongs to one action only and ends on a real date."""
        at = (*pointer, "formerly", name)
        if pointer[0] == "operator":
            self.report(
                at,
                "former-name",
                "an operator's action is offered nowhere, so no old name of it is",
                "remove it",
                at_value=False,
            )
        others = {n.lower(): f"the name of action `{n}`" for n in self.actions}
        for base, actions in self.blocks():
            told = (
                (n, f)
                for n, action in actions.items()
                for f in action.formerly
                if (*base, n, "formerly", f) != at
            )
            others |= {f.lower(): f"a former name of `{n}`" for n, f in told}
        if name.lower() in others:
            said = f"`{brief(name)}` is also {others[name.lower()]}; names must differ in more than case"
            self.report(at, "former-name", said, "an old name can stand for one action only", at_value=False)
        try:
            date.fromisoformat(until)
        except ValueError:
            self.report(at, "former-name", f"`{until}` is no day of the calendar", "write it as 2027-03-01")


def _applies(on: Any, status: int) -> bool:
    """True if a common response header, which applies to `on`, is in every answer with this success
    status.
    """
    return bool({"all", "success", status} & set(on if isinstance(on, list | tuple) else [on]))


def children(schema: Schema) -> list[tuple[Pointer, Schema]]:
    """Return the schemas directly inside a schema, each with its path there."""
    found: list[tuple[Pointer, Schema]] = []
    for name, key in _nesting(type(schema)):
        value = getattr(schema, name)
        if value is None:
            continue
        if key in _ONE:
            found.extend([((key,), value)] if isinstance(value, Schema) else [])
        elif key in _LISTS:
            found.extend(((key, index), child) for index, child in enumerate(value))
        else:
            found.extend(((key, member), child) for member, child in value.items())
    return found


@cache
def _nesting(kind: type[Schema]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a pydantic class that hold schemas, each with its keyword."""
    keys = ((name, field.alias or name) for name, field in kind.model_fields.items())
    return tuple((name, key) for name, key in keys if key in _ONE | _LISTS | _MANY)
