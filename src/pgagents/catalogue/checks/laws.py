"""Check that laws make sense, and that they, the examples and the schemas agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.cel.expression import Scope, broken_part, is_defined, member_of, undefined_part
from pgagents.base.cel.functions import epoch
from pgagents.base.cel.parser import parse
from pgagents.base.cel.reading import path_of
from pgagents.base.cel.syntax import (
    LEVELS,
    Choice,
    ExpressionError,
    FunctionCall,
    Index,
    Infix,
    ListOf,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    ObjectOf,
    Unary,
    children,
    print_node,
    print_path,
    walk,
)
from pgagents.base.jsonschema.direction import OneWay, find_written_name
from pgagents.base.jsonschema.schema import Validators, closure, refs
from pgagents.base.places import Pointer
from pgagents.base.text import did_you_mean
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.decoding.medium import find
from pgagents.catalogue.language import basics
from pgagents.catalogue.language.actions import Action, Example
from pgagents.catalogue.language.resources import CatalogueCall, Step
from pgagents.catalogue.language.schemas import argument_node, schema_node, schema_nodes
from pgagents.catalogue.model.answers import read_headers
from pgagents.catalogue.model.values import list_forms

Schema = Mapping[str, Any]
_ANY: Schema = {}
_ALWAYS: dict[str, Schema] = {
    "status": {"type": "integer"}, "now": {"type": "number"}, "surface": {"type": "string"},
}  # fmt: skip
_STEP_HEADERS: Schema = {
    "properties": {"link": {"type": "object"}},
    "additionalProperties": {"type": "string"},
}
"""A step reads any header, as text; laws read those that are declared, as their schemas say."""
_COMPARISONS = frozenset(sign for sign in LEVELS if LEVELS[sign] == LEVELS["=="] and sign != "in")
_NUMBERS = frozenset(
    (
        "cents",
        "size",
        "distance_km",
        "sum_of",
        "ceil",
        "floor",
        "least",
        "epoch",
        "double",
        "int",
        "uint",
        "file_size",
    )
)
_TAKEN: dict[str, frozenset[str]] = {
    **dict.fromkeys(("epoch", "upper", "alnum", "first", "last", "file_type", "file_size", "sha256",
                     "contains", "startsWith", "endsWith", "matches"), frozenset(("string",))),
    **dict.fromkeys(("ceil", "floor", "least"), frozenset(("number",))),
    **dict.fromkeys(("cents", "near"), frozenset(("number", "string"))),
    **dict.fromkeys(("sum_of", "sorted_by", "sorted_down_by", "unique_by"), frozenset(("array",))),
    "size": frozenset(("string", "array", "object")),
}  # fmt: skip
"""The kinds of value that a function takes first, before its other arguments."""
_SAID = {
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "boolean": "true or false",
}
_TEXTS = frozenset(("upper", "alnum", "first", "last", "string", "file_type", "sha256"))
_MOST_REFS = 20


def check_laws(checker: Checker) -> None:
    """Record laws and relations of actions and resources that make no sense."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.laws or action.relations:
                known = schemas_of_call(checker, (*base, name), action)
                _check(checker, (*base, name, "laws"), action.laws, known)
                for relation in action.relations:
                    for key in ("keeps", "unless", "fits"):
                        _check_parts(checker, (*base, name, "relations", relation, key), known)
    for name, resource in checker.written.resources.items():
        made_by = resource.made_by.action if resource.made_by else None
        inputs = _inputs(checker, checker.base(made_by)) if made_by in checker.actions else _ANY
        shown = _shown_by(checker, resource.made_by)
        known = {**_ALWAYS, "input": inputs, "created": shown, "read": _read_as(checker, name)}
        _check(checker, ("resources", name, "laws"), resource.laws, known)
    for name, workflow in checker.written.workflows.items():
        _check_steps(checker, ("workflows", name, "steps"), workflow.steps)


def _read_as(checker: Checker, resource: str) -> Schema:
    """Return the schema of a resource as its only read shows it; empty where it has none, or several."""
    written = checker.written.resources.get(resource)
    return _shown_by(checker, written.read_by[0]) if written and len(written.read_by) == 1 else _ANY


def _shown_by(checker: Checker, call: object) -> Schema:
    """Return the schema of what a resource's call shows of it."""
    if not isinstance(call, CatalogueCall) or call.action not in checker.actions:
        return _ANY
    known = {"response": _answer_of(checker, checker.base(call.action), checker.actions[call.action])}
    try:
        return Reader(checker).schema_of(parse(call.at or "response"), known)
    except ExpressionError:
        return _ANY


def _check_steps(checker: Checker, home: Pointer, steps: Mapping[str, Step]) -> None:
    """Record conditions of a workflow's steps that no answer can meet, by the schemas of what they read."""
    kept: dict[str, Schema] = {}
    for name, step in steps.items():
        if step.action not in checker.actions:
            continue
        known = schemas_of_call(checker, checker.base(step.action), checker.actions[step.action])
        known["headers"] = _STEP_HEADERS
        if step.status is not None and step.status >= 300:
            known["response"] = _ANY
        reader, known = Reader(checker), {**kept, **known}
        for key in ("expect", "expect_timed", "expect_alone"):
            for index, _ in enumerate(getattr(step, key)):
                _check_condition(checker, (*home, name, key, index), known)
        for key in step.keep:
            _check_parts(checker, (*home, name, "keep", key), known)
        shown = {
            key: reader.schema_of(checker.expressions[at].tree, known)
            for key in step.keep
            if (at := (*home, name, "keep", key)) in checker.expressions
        }
        kept[name] = {"properties": shown}


def schemas_of_call(checker: Checker, pointer: Pointer, action: Action) -> dict[str, Schema]:
    """Return the schemas of a call's arguments, and of its answer if only one success is listed."""
    good = [status for status in action.output if 200 <= status < 300]
    return {
        **_ALWAYS,
        "input": _inputs(checker, pointer),
        "response": _answer_of(checker, pointer, action),
        "headers": _headers(checker, pointer, good),
        "ref": _references(checker, action),
    }


def _answer_of(checker: Checker, pointer: Pointer, action: Action) -> Schema:
    good = [status for status in action.output if 200 <= status < 300]
    raw = checker.at((*pointer, "output", good[0])) if len(good) == 1 else None
    media = raw.get("content_type", "") if isinstance(raw, dict) else ""
    shaped = find(media).name in ("json", "csv") if isinstance(media, str) else False
    return raw if isinstance(raw, dict) and shaped else _ANY


def _references(checker: Checker, action: Action) -> Schema:
    """Return the schema of what the arguments of an action refer to, by argument and by resource."""
    named = {name: param.refers_to for name, param in action.input.items() if param.refers_to}
    known: dict[str, Schema] = {}
    for name, to in named.items():
        resource = str(to).partition(".")[0]
        known[name] = known[resource] = _read_as(checker, resource)
    return {"properties": known, "additionalProperties": False}


def _headers(checker: Checker, pointer: Pointer, statuses: list[int]) -> Schema:
    """Return the schema of the headers that laws may read. These are the headers that every answer has."""
    found: dict[str, Any] = {}
    for name, header in checker.written.headers.items():
        raw = checker.at(("headers", name, "schema"))
        own = raw if header.const is None and isinstance(raw, dict) else {}
        found[name.lower()] = {"type": "string", **own}
    for status in statuses:
        raw = checker.at((*pointer, "output", status, "headers"))
        for name, header in raw.items() if isinstance(raw, dict) else ():
            found[str(name).lower()] = {"type": "string", **(header or {})}
    if checker.at((*pointer, "etag")):
        found["etag"] = {"type": "string"}
    found["link"] = {"type": "object"}  # also where a document says that it is a text: it is read by relation
    return {"properties": found, "additionalProperties": False}


def _inputs(checker: Checker, pointer: Pointer) -> Schema:
    """Return one schema for all arguments of an action. It is open if some arguments were refused."""
    home = (*pointer, "input")
    raw = checker.at(home)
    closed = not checker.is_incomplete(home) and checker.sound(home)
    return {"properties": raw if isinstance(raw, dict) else {}, "additionalProperties": not closed}


def _check(checker: Checker, home: Pointer, laws: Iterable[str], known: Mapping[str, Schema]) -> None:
    for name in laws:
        that, when = checker.law_places((*home, name))
        compiled = [checker.expressions[at] for at in (that, when) if at in checker.expressions]
        if compiled and checker.sound((*home, name)) and not any(expression.names for expression in compiled):
            message = f"the law `{name}` reads nothing of the call or its answer, so it says nothing of them"
            checker.report_in(that, compiled[0].tree, "law", message, "name what it is about")
        elif that in checker.expressions and (same := _find_same(checker.expressions[that].tree)) is not None:
            message = f"the law `{name}` compares `{print_node(same)}` with itself, so every answer is alike"
            checker.report_in(that, same, "law", message, "compare it with what it should equal")
        elif that in checker.expressions and (told := find_constant(checker.expressions[that].tree)):
            part, said = told
            checker.report_in(that, part, "law", f"the law `{name}` {said}", "say what may be otherwise")
        if name in ("when", "that"):
            message = f"a law is named `{name}` here, as a key of a law is"
            help = "write `laws: {NAME: {when: CONDITION, that: CONDITION}}`"
            checker.report((*home, name), "law", message, help, at_value=False)
        if (
            when in checker.expressions
            and (never := _find_never(checker.expressions[when].tree, known)) is not None
        ):
            part, argument, default = never
            message = (
                f"the law `{name}` never applies: `{argument}` has a default, and `input` holds defaults"
            )
            help = f"compare with it: `input.{argument} == {default}`"
            checker.report_in(when, part, "law", message, help)
        for at in (that, when):
            _check_condition(checker, at, known)


_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def find_constant(tree: Node) -> tuple[Node, str] | None:
    """Return a part of a law by which it is always or never true, with what is to be said, or None."""
    for node in walk(tree):
        match node:
            case Infix((sign, *_), operands) if sign in ("&&", "||"):
                if fixed := next((one for one in operands if _is_word(one)), None):
                    return fixed, f"has `{print_node(fixed)}` for a condition, which no answer changes"
                for index, one in enumerate(operands if sign == "&&" else ()):
                    if other := next((o for o in operands[index + 1 :] if _leave_nothing(one, o)), None):
                        both = f"`{print_node(one)}` and `{print_node(other)}`"
                        return other, f"is never true: not both hold of {both}"
                for index, one in enumerate(operands):
                    if other := next((o for o in operands[index + 1 :] if _exclude(one, o)), None):
                        both = f"`{print_node(one)}` and `{print_node(other)}`"
                        said = "always true: one holds of" if sign == "||" else "never true: not both hold of"
                        return other, f"is {said} {both}"
            case Infix((">=",), (FunctionCall("size"), Literal(value=0))):
                return node, "is always true: a size is at least 0"
    return None


def _leave_nothing(one: Node, other: Node) -> bool:
    """True if no value meets two comparisons of one side with literals, as `a == 1 && a == 2`."""
    match one, other:
        case Infix((a,), (left, Literal(value=low))), Infix((b,), (right, Literal(value=high))):
            if left != right or a not in _OPPOSITE or b not in _OPPOSITE:
                return False
            if a == b == "==":
                return low != high
            if a[0] == "<" and b[0] == ">":
                a, b, low, high = b, a, high, low
            if not (isinstance(low, int | float) and isinstance(high, int | float)):
                return False
            apart = low > high or (low == high and (a, b) != (">=", "<="))
            return a[0] == ">" and b[0] == "<" and apart
    return False


def _is_word(node: Node) -> bool:
    return isinstance(node, Literal) and isinstance(node.value, bool)


def _exclude(one: Node, other: Node) -> bool:
    """True if exactly one of two conditions holds, whatever they read."""
    if isinstance(one, Unary) and one.sign == "!" and one.operand == other:
        return True
    if isinstance(other, Unary) and other.sign == "!" and other.operand == one:
        return True
    match one, other:
        case Infix((a,), left), Infix((b,), right):
            return left == right and _OPPOSITE.get(a) == b
    return False


def _find_never(tree: Node, known: Mapping[str, Schema]) -> tuple[Node, str, str] | None:
    """Return a part of a condition by which it is never true, with its argument and the argument's default:
    that an argument with a default is absent. None without one.
    """
    parts = tree.operands if isinstance(tree, Infix) and set(tree.signs) == {"&&"} else (tree,)
    given = known.get("input", _ANY).get("properties", {})
    for part in parts:
        match part:
            case Unary("!", FunctionCall("has", None, (Member(Name("input"), name),))):
                schema = given.get(name)
                default = schema.get("default") if isinstance(schema, Mapping) else None
                if default is not None:
                    return part, name, json.dumps(float(default) if type(default) is int else default)
    return None


def _find_same(tree: Node) -> Node | None:
    """Return the side of a comparison whose sides are the same; None without one."""
    pairs = (node for node in walk(tree) if isinstance(node, Infix) and set(node.signs) <= _COMPARISONS)
    return next((one.operands[0] for one in pairs if one.operands[0] == one.operands[1]), None)


def _check_condition(checker: Checker, at: Pointer, known: Mapping[str, Schema]) -> None:
    """Record the parts of a condition that make no sense, or that it is none."""
    _check_parts(checker, at, known)
    if at in checker.expressions and checker.sound(at):
        for problem in Reader(checker).list_no_condition(checker.expressions[at].tree, known):
            checker.report_in(at, problem.part, "law", problem.message, problem.help)


def _check_parts(checker: Checker, at: Pointer, known: Mapping[str, Schema]) -> None:
    if at in checker.expressions and checker.sound(at):
        for problem in Reader(checker).list_problems(checker.expressions[at].tree, known):
            checker.report_in(at, problem.part, "law", problem.message, problem.help)


@dataclass(frozen=True, slots=True)
class _Problem:
    part: Node
    message: str
    help: str = ""


class Reader:
    """Find the schemas of an expression's parts, and the parts that no value can satisfy."""

    def __init__(self, checker: Checker) -> None:
        self._schemas = checker.at(("schemas",)) or {}

    def list_problems(self, node: Node, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        """Yield the problems of a node and of all nodes inside it."""
        match node:
            case FunctionCall("has"):
                return
            case Member():
                yield from self._unknown_member(node, known)
                yield from self._no_parts(node, known)
            case Index():
                yield from self._no_parts(node, known)
            case Infix((sign,)) if sign in _COMPARISONS:
                yield from self._other_kind(node, known)
            case Infix():
                yield from self._wrong_operands(node, known)
            case FunctionCall() if node.name in _TAKEN:
                first = node.of or next(iter(node.args), None)
                yield from self._wrong_kind(first, _TAKEN[node.name], f"`{node.name}`", known)
                if node.name == "epoch" and first and self.schema_of(first, known).get("format") == "date":
                    said = f"`epoch` takes a date-time with an offset, and `{print_node(first)}` is a date"
                    yield _Problem(node, said, f'write `epoch({print_node(first)} + "T00:00:00Z")`')
            case Macro():
                yield from self._wrong_kind(node.of, frozenset(("array", "object")), f"`{node.name}`", known)
        parts = children(node)
        inner = {**known, node.item: self._items(node.of, known)} if isinstance(node, Macro) else known
        for index, part in enumerate(parts):
            yield from self.list_problems(part, inner if index else known)

    def list_no_condition(self, tree: Node, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        """Yield a problem if an expression is not a condition, as `response.total` alone."""
        yield from self._wrong_kind(tree, frozenset(("boolean",)), "a condition", known)

    def _unknown_member(self, node: Member, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        schema = self.schema_of(node.base, known)
        if schema is _STEP_HEADERS and node.name != node.name.lower():
            said = f"no header is called `{node.name}` here: their names are in lower case"
            yield _Problem(node, said, f"write `{print_path(('headers', node.name.lower()))}`")
        properties = schema.get("properties")
        if not isinstance(properties, dict) or schema.get("additionalProperties") is not False:
            return
        if node.name not in properties and not {"allOf", "anyOf", "oneOf"} & schema.keys():
            read = node.base.name if isinstance(node.base, Name) else ""
            whose = {"input": "argument", "headers": "header"}.get(read, "member")
            help = did_you_mean(node.name, properties)
            if whose == "header" and not help.startswith("did"):
                help = "list it under `output.STATUS.headers`; its name is in lower case here"
            help = help or f"read {whose}s that are declared, or declare it"
            yield _Problem(node, f"there is no {whose} `{node.name}`", help)

    def _no_parts(self, node: Member | Index, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        """Yield a problem if a value has no members or items, or has members and is read by a number."""
        kinds = self._kinds(node.base, known)
        whole = f"{print_node(node.base)}"
        counted = isinstance(node, Index) and isinstance(node.index, Literal) and node.index.kind != "text"
        if kinds - {"null"} == {"object"} and counted:
            said = f"`{whole}` is an object, whose members have names, and `{print_node(node)}` counts"
            yield _Problem(node, said, f"name the member, as `{whole}.NAME`")
        elif kinds and not kinds & {"object", "array"}:
            what = "items" if isinstance(node, Index) else f"member `{node.name}`"
            said = f"`{whole}` is {_say_kinds(kinds)}, and has no {what}"
            path, ref = path_of(node.base), known.get("ref", _ANY).get("properties", _ANY)
            if isinstance(node, Member) and path[:1] == ("input",) and path[1:] and path[1] in ref:
                meant = print_path(("ref", *path[1:], node.name))
                yield _Problem(node, said, f"`{meant}` is a member of what it refers to")
                return
            text = f"; `{whole}.contains(TEXT)` looks into a text" if "string" in kinds else ""
            yield _Problem(node, said, f"compare `{whole}` as a whole{text}")

    def _other_kind(self, node: Infix, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        kinds = [self._kinds(side, known) for side in node.operands]
        bare = [side - {"null"} for side in kinds]
        if {"string"} in bare and {"number"} in bare and not all("null" in side for side in kinds):
            first, second = map(print_node, node.operands)
            text, number = (first, second) if bare[0] == {"string"} else (second, first)
            never = "they are never equal" if node.signs[0] in ("==", "!=") else "neither is the smaller one"
            help = f"compare two of a kind: `double({text})` is a number, `string({number})` a text"
            yield _Problem(node, f"`{text}` is text and `{number}` a number: {never}", help)

    def _wrong_kind(
        self, node: Node | None, taken: frozenset[str], taker: str, known: Mapping[str, Schema]
    ) -> Iterator[_Problem]:
        """Yield a problem if a part can be none of the kinds that a function or an operator takes."""
        kinds = self._kinds(node, known) if node is not None else set()
        if node is not None and kinds and not kinds & taken:
            is_now = isinstance(node, Name) and node.name == "now"
            seconds = "`now` is seconds since 1970 already: compare it with `epoch(…)` of a member's text"
            help = seconds if is_now else f"give it {_say_kinds(taken)}"
            said = f"{taker} takes {_say_kinds(taken)}, and `{print_node(node)}` is {_say_kinds(kinds)}"
            yield _Problem(node, said, help)

    def _wrong_operands(self, node: Infix, known: Mapping[str, Schema]) -> Iterator[_Problem]:
        kinds = [self._kinds(side, known) - {"null"} for side in node.operands]
        if node.signs[0] == "in":
            item, whole = node.operands
            if self._kinds(whole, known) == {"string"}:
                said = f"`in` takes a list or an object, and `{print_node(whole)}` is text"
                help = f"`{print_node(whole)}.contains({print_node(item)})` looks into a text"
                yield _Problem(whole, said, help)
                return
            yield from self._wrong_kind(whole, frozenset(("array", "object")), "`in`", known)
        elif node.signs[0] in ("&&", "||"):
            for side in node.operands:
                yield from self._wrong_kind(side, frozenset(("boolean",)), f"`{node.signs[0]}`", known)
        elif set(node.signs) == {"+"}:
            if {"string"} in kinds and {"number"} in kinds:
                one, other = (node.operands[kinds.index({kind})] for kind in ("string", "number"))
                text, number = f"{print_node(one)}", f"{print_node(other)}"
                said = f"`{text}` is text and `{number}` a number: `+` takes two of a kind"
                yield _Problem(node, said, f"write `double({text})`, or `string({number})`")
        else:
            for side in node.operands:
                yield from self._wrong_kind(side, frozenset(("number",)), f"`{node.signs[0]}`", known)

    def _kinds(self, node: Node, known: Mapping[str, Schema]) -> set[str]:
        """Return the JSON types that a value may have; empty if they are unknown."""
        match node:
            case Literal():
                kind = {"text": "string", "word": "boolean"}.get(node.kind, "number")
                return {"null"} if node.token == "null" else {kind}
            case FunctionCall():
                return {"number"} if node.name in _NUMBERS else {"string"} if node.name in _TEXTS else set()
            case Unary():
                return {"number" if node.sign == "-" else "boolean"}
            case Choice():
                then, otherwise = self._kinds(node.then, known), self._kinds(node.otherwise, known)
                return then | otherwise if then and otherwise else set()
            case Infix():
                return self._result(node, known)
            case ListOf() | ObjectOf() | Macro():
                return set()
        written = self.schema_of(node, known).get("type")
        found = [written] if isinstance(written, str) else written if isinstance(written, list) else []
        return {"number" if kind == "integer" else str(kind) for kind in found}

    def _result(self, node: Infix, known: Mapping[str, Schema]) -> set[str]:
        if LEVELS[node.signs[0]] <= LEVELS["=="]:
            return {"boolean"}
        if node.signs[0] != "+":
            return {"number"}
        kinds = [self._kinds(operand, known) for operand in node.operands]
        return kinds[0] if all(kind == kinds[0] for kind in kinds) else set()

    def schema_of(self, node: Node, known: Mapping[str, Schema]) -> Schema:
        """Return the schema of the value at a path, with references followed; empty if it is unknown."""
        found: Any = _ANY
        match node:
            case Name(name):
                found = known.get(name, _ANY)
            case Member(base, name) | Index(base, Literal(value=str(name))):
                whole = self.schema_of(base, known)
                properties = whole.get("properties")
                named = properties.get(name) if isinstance(properties, dict) else None
                found = whole.get("additionalProperties") if named is None else named
            case Index(base):
                found = self._items(base, known)
        for _ in range(_MOST_REFS):
            if not isinstance(found, dict) or "$ref" not in found:
                break
            found = self._schemas.get(found["$ref"])
        return found if isinstance(found, dict) else _ANY

    def _items(self, node: Node, known: Mapping[str, Schema]) -> Schema:
        if isinstance(node, Macro) and node.name == "filter":
            return self._items(node.of, known)
        items = self.schema_of(node, known).get("items")
        return items if isinstance(items, dict) else _ANY


def _say_kinds(kinds: Iterable[str]) -> str:
    return " or ".join(sorted(_SAID.get(kind, f"a {kind}") for kind in kinds))


# -- examples


SAMPLE_MARK = "pgv-0123456789abcdef-123"
"""A mark in the form that `verify` makes."""


def check_examples(checker: Checker, known: Validators | None) -> None:
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
            kind = member_of(self.checker.expressions.get((*pointer, name)), (basics.FRESH,))
            test = self.inputs[name]
            if kind not in basics.FRESH_KINDS or kind == basics.MADE_UP or not test:
                continue
            if not self.checker.sound((*pointer, name)):
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
            message = f"this is not a valid JSON Schema: {error}"
            help = "write each keyword as JSON Schema 2020-12 has it"
            self.checker.report(pointer, "schema", message, help, at_value=False)
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
                self._advise_on_example(pointer),
            )

    def _advise_on_example(self, pointer: Pointer) -> str:
        """Return where the schema of a value in an example stands, or that of a default."""
        if pointer[-1] == "default":
            return "change the default, or the schema beside it"
        home = (*self.pointer, "input", pointer[-1])
        if len(pointer) < len(self.pointer) + 4:
            home = (*self.pointer, "output")
        return f"correct the value, or its schema (line {self.checker.source.locate(home).line})"

    def _input(self, pointer: Pointer, example: Example) -> None:
        for name, value in example.input.items():
            self._conforms((*pointer, name), value, self.inputs.get(name))
        for name, param in self.action.input.items():
            if param.required and name not in example.input:
                message = f"the example lacks the required argument `{name}`"
                help = f"add `{name}: …` under its `input`"
                self.checker.report(pointer, "example", message, help, at_value=False)

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
            "ref": None,
            "env": self.checker.written.env,
            "headers": read_headers(example.headers),
        }
        assert set(values) == set(basics.LAW)
        unset = {what for what, value in (("now", example.at), ("before", example.before)) if value is None}
        unset |= {"ref"} if example.headers else {"ref", "headers"}
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
                part = undefined_part(that.tree, values)
                self.checker.report_in(at, part, "law", message, self._advise_on_part(part, name))

    def _advise_on_part(self, part: Node, example: str) -> str:
        """Return what to write for a part of a law that its example does not define."""
        line = self.checker.source.locate((*self.pointer, "examples", example)).line
        otherwise = f"correct the law, or the example at line {line}"
        if not isinstance(part, Member):
            return otherwise
        known = schemas_of_call(self.checker, self.pointer, self.action)
        declared = Reader(self.checker).schema_of(part.base, known).get("properties")
        members = declared if isinstance(declared, dict) else {}
        if part.name in members:
            return f"give the example at line {line} `{part.name}`, or write `!has({print_node(part)}) || …`"
        return did_you_mean(part.name, members) or otherwise


def _shorten_message(message: str) -> str:
    """Return a validator's message on one line.

    A long message begins with the value, so its end is kept.
    """
    line = " ".join(message.split())
    return line if len(line) <= 200 else f"…{line[-199:]}"
