"""Check references between the parts of a catalogue, schemas and expressions. Pydantic cannot check these."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Set
from datetime import date
from functools import cache
from itertools import chain
from typing import Any

from pgagents.base.cel import expression
from pgagents.base.cel.expression import Expression
from pgagents.base.cel.reading import first_members
from pgagents.base.cel.syntax import ExpressionError, Node, print_node
from pgagents.base.errors import Diagnostic
from pgagents.base.jsonschema.walk import HOLDING
from pgagents.base.places import Pointer, Source, Span, locate_within, value_at
from pgagents.base.reading import MAX_PROBLEMS
from pgagents.base.text import brief, correct_articles, did_you_mean
from pgagents.catalogue.checks.templates import find_in_expression, find_template
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.actions import Action, Law
from pgagents.catalogue.language.basics import Output, Param, Schema
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.language.resources import CatalogueCall

# -- problems at their places


DUPLICATE = "duplicate-key"
ACTIONS: tuple[Pointer, ...] = (("actions",), ("operator", "actions"))
SIMPLER = "write a simpler one, or several laws in place of one"
_FIRST = {
    "plan": "write it first: `auth: {plans: {NAME: [SCOPE]}}`",
    "scope": "write it first: `auth: {scopes: {NAME: WHAT IT ALLOWS}}`",
    "role": "write it first: `auth: {roles: {NAME: {description: WHO, plan: PLAN}}}`",
}
"""What to write where nothing of a kind stands yet."""
NAMED = "write a name that stands there; docs/reference/catalogue.md says where"
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.A)


class Problems:
    """Collect problems, and find values in the file."""

    def __init__(
        self, written: Catalogue, source: Source, data: Any = None, dropped: Iterable[Pointer] = ()
    ) -> None:
        self.written = written
        self.source = source
        self.data = source.data if data is None else data
        self.dropped = frozenset(dropped)
        self.refused: set[Pointer] = set(self.dropped)
        self.found: list[Diagnostic] = []
        self.expressions: dict[Pointer, Expression] = {}
        self.urls: set[Pointer] = set()
        """Pointers of `pages` whose `next` is a URL."""
        operator = written.operator.actions if written.operator else {}
        self.actions: dict[str, Action] = {**written.actions, **operator}

    def blocks(self) -> list[tuple[Pointer, Mapping[str, Action]]]:
        """Return the API's actions and the operator's actions, each with the pointer of its mapping."""
        operator = self.written.operator
        return [
            (("actions",), self.written.actions),
            (("operator", "actions"), operator.actions if operator else {}),
        ]

    def report(
        self,
        pointer: Pointer,
        id: str,
        message: str,
        help: str = "",
        *,
        at_value: bool = True,
        span: Span | None = None,
    ) -> None:
        """Record an error at the value of a pointer or at `span`, unless that value was refused before."""
        self.refused.add(pointer)
        if len(self.found) >= MAX_PROBLEMS or any(
            pointer[:n] in self.dropped for n in range(1, len(pointer) + 1)
        ):
            return
        self.found.append(
            Diagnostic(
                span or self.source.locate(pointer, at_value=at_value),
                f"catalogue/{id}",
                "error",
                message,
                help,
            )
        )

    def sound(self, pointer: Pointer) -> bool:
        """True if nothing at or below this pointer was refused."""
        return not any(f[: len(pointer)] == pointer for f in self.refused)

    def check_reference(
        self,
        pointer: Pointer,
        name: str | None,
        homes: Pointer | Iterable[Pointer],
        what: str,
        *,
        also: Iterable[str] = (),
        help: str = "",
    ) -> bool:
        """Return True if `name` is None, or is in one of the mappings or lists at the pointers `homes`.

        Otherwise record a dangling reference and return False. A name that the file contains but that was
        refused is not recorded.
        """
        if name is None or name in also:
            return True
        places = (
            [homes]
            if isinstance(homes, tuple) and (not homes or not isinstance(homes[0], tuple))
            else list(homes)
        )
        if any(name in names_at(self.data, place) for place in places):
            return True
        if len(self.found) >= MAX_PROBLEMS:
            return False
        written = [names_at(self.source.data, place) for place in places]
        if any(name in names for names in written) or any(self.is_incomplete(place) for place in places):
            return False
        words = chain(also, (str(word) for names in written for word in names))
        help = help or did_you_mean(name.rpartition("/")[2], words)
        help = help or (NAMED if also or any(written) else _FIRST.get(what, "").replace("NAME", brief(name)))
        help = help or f"there is no {what} yet: write one first"
        said = f"`{brief(name)}` is not {correct_articles(f'a {what}')} of this catalogue"
        self.report(pointer, "unknown-name", said, help)
        return False

    def at(self, pointer: Pointer) -> Any:
        """Return the value at a pointer, without refused parts; None if the file has no value there."""
        return value_at(self.data, pointer)

    def in_file(self, pointer: Pointer) -> Collection[Any]:
        """Return the names written at a pointer, including refused ones."""
        return names_at(self.source.data, pointer)

    def is_incomplete(self, home: Pointer) -> bool:
        """True if names at `home` may be missing. They may if pydantic refused one of them or a value around
        them. They also may if one stands there twice, where another was meant.
        """
        if any(problem.id == DUPLICATE and problem.inside == home for problem in self.source.problems):
            return True
        if isinstance(value_at(self.source.data, home), dict | list):
            return any(d[:-1] == home and not NAME.fullmatch(str(d[-1])) for d in self.dropped)
        return any(home[: len(d) - 1] == d[:-1] for d in self.dropped)


def names_at(data: Any, pointer: Pointer) -> Collection[Any]:
    """Return the keys of the mapping, or the items of the list, at a pointer."""
    there = value_at(data, pointer)
    return there if isinstance(there, dict | list) else ()


# -- expressions


class Expressions(Problems):
    """Compile expressions and keep them by their pointer."""

    def compile(self, pointer: Pointer, text: str | None, names: Iterable[str]) -> Expression | None:
        """Compile the expression at a pointer and keep it; record an error if it does not compile."""
        if text is None:
            return None
        try:
            compiled = expression.compile(text, names)
        except ExpressionError as error:
            span = self.locate_part(pointer, error.start)
            part = brief(text[error.start or 0 : error.end or 0])
            said = error.reason if span else f"{error}, in `{part}`" if part else error
            message = f"the expression does not compile: {said}"
            self.report(pointer, "expression", message, error.help or SIMPLER, span=span)
            return None
        self.expressions[pointer] = compiled
        known = self.in_file(("env",))
        for name, member in first_members(compiled.tree, "env"):
            if name not in known:
                new = f"write it at the top: `env: {{{name}: VALUE}}`, and `--env {name}=…` gives another"
                help = did_you_mean(name, map(str, known)) or new
                self.report_in(pointer, member, "unknown-name", f"`env` has no `{name}`", help)
        # an API may fill in templates of its own: `="${env.x}"` is sent
        own = {*names} - {*map(str, self.in_file(("resources",))), "env"}
        if (found := find_in_expression(compiled.tree, own)) is not None:
            literal, template = found
            says = f"`{brief(template.shown)}` stays as it stands in a text in quotes"
            self.report_in(pointer, literal, "expression", says, template.help)
        return compiled

    def locate_part(self, pointer: Pointer, start: int | None) -> Span | None:
        """Return the place of a character of the expression at a pointer, or None if it is unknown."""
        begun = str(value_at(self.source.data, pointer)).startswith("=")
        return None if start is None else locate_within(self.source, pointer, start + begun)

    def report_in(self, pointer: Pointer, part: Node, id: str, message: str, help: str) -> None:
        """Record an error at a part of the expression at a pointer.

        The message quotes a part without a known place.
        """
        span = self.locate_part(pointer, part.start)
        quoted = "" if span else f", in `{brief(print_node(part))}`"
        self.report(pointer, id, f"{message}{quoted}", help, span=span)

    def values(self, pointer: Pointer, value: Any, names: Iterable[str]) -> None:
        """Compile every string inside a value that begins with `=`."""
        if isinstance(value, str) and value.startswith("="):
            self.compile(pointer, value[1:], names)
        elif isinstance(value, str):
            self._refuse_template(pointer, value, frozenset(names))
        elif isinstance(value, dict):
            for key, member in value.items():
                self.values((*pointer, key) if key != "*" else pointer, member, names)
        elif isinstance(value, list):
            for index, member in enumerate(value):
                self.values((*pointer, index), member, names)

    def _refuse_template(self, pointer: Pointer, text: str, names: Set[str]) -> None:
        """Record a text into which other tools put a value."""
        steps = self.in_file((*pointer[:2], "steps")) if pointer[0] == "workflows" else ()
        found = find_template(text, names, {basics.FRESH, *map(str, steps)})
        if found is not None:
            message = f"`{brief(found.shown)}` would be sent as it stands: no template is filled in here"
            self.report(pointer, "expression", message, found.help)

    def law(self, pointer: Pointer, law: Law, names: Iterable[str]) -> None:
        """Compile a law written in its short or long form."""
        that, when = self.law_places(pointer)
        self.compile(that, law.that, names)
        self.compile(when, law.when, names)

    def law_places(self, pointer: Pointer) -> tuple[Pointer, Pointer]:
        """Return the pointers of the `that` and the `when` of the law at a pointer."""
        that = (*pointer, "that")
        return that if self.source.has(that) else pointer, (*pointer, "when")

    def call(self, pointer: Pointer, call: CatalogueCall | None, names: Iterable[str]) -> None:
        """Check a call's action, arguments and expressions."""
        if call is None:
            return
        names = set(names)
        if self.check_reference((*pointer, "action"), call.action, ACTIONS, "action"):
            self.arguments((*pointer, "input"), call.input, call.action)
        self.values((*pointer, "input"), call.input, names)
        places = {"response", "input", *({"location"} if pointer[-1] == "made_by" else ())}
        self.compile((*pointer, "at"), call.at, places)
        self.compile((*pointer, "where"), call.where, names)

    def arguments(self, pointer: Pointer, given: Mapping[str, Any], action: str) -> None:
        """Record arguments that the action does not have."""
        home = (*self.base(action), "input")
        known = names_at(self.source.data, home)
        for name in given:
            if name != "*" and name not in known and not self.is_incomplete(home):
                message = f"`{action}` takes no argument `{brief(name)}`"
                self.report(
                    (*pointer, name),
                    "unknown-name",
                    message,
                    did_you_mean(name, map(str, known)) or "leave it out: the action has no argument",
                    at_value=False,
                )

    def base(self, action: str) -> Pointer:
        """Return the pointer of the action of this name."""
        return ("actions", action) if action in self.written.actions else ("operator", "actions", action)


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
                f"`{brief(member)}` is not a member of the id of `{name}`",
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
                    (*pointer, "type"), "schema", f"`{kind}` is not a JSON type", did_you_mean(kind, kinds)
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
                    "change one of the two bounds",
                )
        if schema.pattern is not None:
            from pgagents.base.jsonschema.schema import find_pattern_error, list_problems

            if list_problems({"pattern": schema.pattern}):
                message = "the pattern is not a regular expression (ECMA-262)"
                help = "close its brackets, and write `\\\\` before a sign that is meant as it stands"
                self.report((*pointer, "pattern"), "schema", message, help)
            elif why := find_pattern_error(schema.pattern):
                message = f"the pattern cannot be matched in bounded time and memory: {why}"
                self.report(
                    (*pointer, "pattern"), "schema", message, "write it shorter, and with smaller repeats"
                )
        closed = schema.prefix_items is not None and schema.unevaluated_items is not None
        if schema.ref is None and schema.type == "array" and schema.items is None and not closed:
            message = "an array needs `items`: several vendors refuse it without"
            self.report(
                pointer, "schema", message, "add `items: {type: string}`, for example", at_value=False
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
            at = (*pointer, "errors", index)
            # only `errors.codes` of a catalogue over a document takes a code of the document away
            left = (
                f"the document's operation has it: write `-{code}`"
                if self.source.is_from_document(at)
                else ""
            )
            self.check_reference(at, code, ("errors", "codes"), "error code", help=left)
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
            self.law((*pointer, "laws", name), law, basics.LAW)
        for name, relation in action.relations.items():
            at = (*pointer, "relations", name)
            self.check_reference((*at, "widen"), relation.widen, arguments, "argument")
            self.compile((*at, "keeps"), relation.keeps, basics.LAW)
            self.compile((*at, "unless"), relation.unless, basics.LAW)
            self.compile((*at, "fits"), relation.fits, (*basics.LAW, basics.ITEM))

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
            self.report(
                at, "former-name", f"`{until}` is not a day of the calendar", "write it as 2027-03-01"
            )


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
        if isinstance(value, Schema):
            found.append(((key,), value))
        elif isinstance(value, list):
            found.extend(((key, index), child) for index, child in enumerate(value))
        elif isinstance(value, dict):
            found.extend(((key, member), child) for member, child in value.items())
    return found


@cache
def _nesting(kind: type[Schema]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a pydantic class that hold schemas, each with its keyword."""
    keys = ((name, field.alias or name) for name, field in kind.model_fields.items())
    return tuple((name, key) for name, key in keys if key in HOLDING or key == "events")
