"""Read a request's arguments from path, query, headers and body, validate them, and choose what to report."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from pgagents.base.http import Request
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import plain
from pgagents.catalogue.model.action import PLACES, Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.bodies import (
    Field,
    Pair,
    Unreadable,
    as_typed,
    field_of,
    find,
    find_json,
    parse_pairs,
    reader_of,
    types_of,
)
from pgagents.sandbox.media.json import read_object

_BODY = ("body", "whole_body")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"-?[0-9]+")
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Problem:
    """Why arguments are refused.

    `kind` is `invalid`, `bad_body`, `no_object`, `wrong_type` or `wrong_media`; `field` is the argument's
    name in REST. `keyword` is the broken keyword of its schema: `required` for a missing argument or member,
    `additionalProperties` for an unknown one. `argument` is its name in the catalogue.
    """

    kind: str
    field: str
    message: str
    keyword: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Valid arguments by name, with defaults; `given` are the names of those that the caller sent."""

    values: Mapping[str, Any]
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Argument:
    """The way to read one argument.

    `text` is true if it is sent as text, whose type its schema decides. `whole` is true for an integer.
    """

    name: str
    place: str
    many: bool
    text: bool
    whole: bool
    field: Field

    @property
    def wire(self) -> str:
        """The name on the wire."""
        return self.field.wire


@dataclass(frozen=True, slots=True)
class _Plan:
    """The way to read and validate an action's arguments, computed once for each action."""

    arguments: tuple[_Argument, ...]
    beside: tuple[_Argument, ...]
    """Arguments that are sent outside the body."""
    body: tuple[_Argument, ...]
    defaults: Mapping[str, Any]
    validator: Any


class Decoder:
    """Read and validate arguments. Each action's schema is compiled once."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._plans: dict[tuple[str, str], _Plan] = {}

    def request(
        self, action: Action, request: Request, path_values: Mapping[str, str]
    ) -> Arguments | Problem:
        """Return the arguments of a REST call, or why they are refused."""
        plan = self._plan(action)
        found: dict[str, Any] = {}
        pairs = parse_pairs(request.target.partition("#")[0].partition("?")[2])
        used: set[str] = set()
        try:
            for argument in plan.beside:
                self._argument_beside(argument, path_values, pairs, used, request, found)
            if self._model.behaviour.unknown_query == "refused":
                used |= {c.wire for c in self._model.credentials.values()}
                if odd := next((pair.name for pair in pairs if pair.name not in used), None):
                    return Problem("invalid", odd, f"{clean_name(odd)} is not a parameter here", UNKNOWN)
            if plan.body:
                content = reader_of(action)(request, [a.field for a in plan.body], action.content_type)
                for argument in plan.body:
                    if argument.wire in content.values:
                        value = content.values[argument.wire]
                        found[argument.name] = self._typed(value, argument) if argument.text else value
                refused = [wire for wire in content.unknown if self._refuses(action, wire)]
                if refused:
                    wire = refused[0]
                    told = f"{clean_name(wire)} is not a member of this body"
                    return Problem("invalid", wire, told, UNKNOWN)
        except Unreadable as error:
            return Problem(error.kind, error.field or BODY, str(error))
        return self._validate(action, plan, found)

    def _refuses(self, action: Action, wire: str) -> bool:
        """Return whether a member that is not an argument is refused."""
        word = self._model.behaviour.read_only
        shown = resolve(action.success.schema or {}, self._model.schemas).get("properties", {})
        own = word != "any" and resolve(shown.get(wire, {}), self._model.schemas).get("readOnly")
        return (word if own else action.unknown) == "refused"

    def members(
        self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
    ) -> Arguments | Problem:
        """Return the arguments of a dispatcher's call, or why they are refused.

        `offered` is the dispatcher's surface, which may rename and narrow them.
        """
        plan = self._plan(action, offered)
        known = {argument.name for argument in plan.arguments}
        aliases = {} if offered is None else {a.name: a.wire for a in plan.arguments}
        names = {alias: name for name, alias in aliases.items()}
        found = {}
        for given, value in members.items():
            name = names.get(given, given) if names else given
            if name in known and aliases.get(name, given) == given:
                found[name] = value
            elif action.unknown == "refused":
                told = f"{clean_name(given)} is not an argument of {action.name}"
                return Problem("invalid", given, told, UNKNOWN)
        read = self._validate(action, plan, found)
        if not isinstance(read, Problem) or offered is None or not offered.narrow.get(action.name):
            return read
        first, dot, rest = read.field.partition(".")
        canonical = next((str(p.name) for p in action.params if p.wire == first), first)
        return replace(read, field=aliases.get(canonical, canonical) + dot + rest)

    def _validate(self, action: Action, plan: _Plan, found: dict[str, Any]) -> Arguments | Problem:
        """Validate arguments against the action's schema and add defaults.

        Floats without a fraction become integers if the schema wants them.
        """
        for name, value in found.items():
            odd = _inexpressible(value)
            if odd is not None:
                return Problem("invalid", field_path(action, (name, *odd[0])), odd[1])
        for param in action.params:
            media, text = param.file.media if param.file is not None else (), str(found.get(str(param.name)))
            if media and text.startswith("data:") and text[5:].partition(";")[0].lower() not in media:
                return Problem("wrong_media", param.wire, f"{param.wire}: must be {' or '.join(media)}")
            size = param.file.max_bytes if param.file is not None else None
            if size is not None and (value := found.get(str(param.name))) is not None:
                text = str(value).partition(",")[2]
                if len(text) * 3 // 4 - text.count("=") > size:
                    return Problem("invalid", param.wire, f"{param.wire}: must have at most {size} bytes")
        if not plan.validator.is_valid(found):
            errors = list(plan.validator.iter_errors(found))
            return Problem("invalid", *choose_problem(action, errors, self._model.errors.field_of_several))
        wrong = _find_wrong_group(action, found)
        if wrong:
            return Problem("invalid", *wrong)
        values = {**plan.defaults, **found}
        for argument in plan.arguments:
            if (
                argument.whole
                and isinstance(value := values.get(argument.name), float)
                and value.is_integer()
            ):
                values[argument.name] = int(value)
        return Arguments(values, frozenset(found))

    def _argument_beside(
        self,
        argument: _Argument,
        path: Mapping[str, str],
        pairs: Sequence[Pair],
        used: set[str],
        request: Request,
        found: dict[str, Any],
    ) -> None:
        """Add the value of an argument outside the body, if the request has it."""
        value: Any = None
        if argument.field.json:
            used.add(argument.wire)
            for read in find_json(argument.field, pairs):
                found[argument.name] = read
        elif argument.place == "path":
            value = path.get(argument.wire)
        elif argument.place == "query":
            value = find(argument.field, pairs, used)
        elif argument.place == "header":
            texts = [v for k, v in request.headers if k.lower() == argument.wire.lower()]
            if len(texts) > 1 and not argument.many:
                raise Unreadable(f"{argument.wire} stands {len(texts)} times", argument.wire)
            value = (texts if argument.many else texts[0]) if texts else None
        elif argument.place == "cookie":
            value = find_cookie(request.header("cookie") or "", argument.wire)
        if value is not None:
            found[argument.name] = self._typed(value, argument)

    def _typed(self, value: Any, argument: _Argument) -> Any:
        convert = self._value_or_null if argument.field.nulls else self._value
        return as_typed(value, argument.field.schema, self._model.schemas, convert)

    def _value_or_null(self, text: str, types: frozenset[str]) -> Any:
        """Convert a text of a form. An empty one is null if the schema allows null."""
        return None if not text and "null" in types else self._value(text, types)

    def _value(self, text: str, types: frozenset[str]) -> Any:
        """Convert a text to a number or boolean that the schema allows.

        Any other text is unchanged, and the validator judges it.
        """
        if (
            ("number" in types or "integer" in types)
            and len(text) <= _MOST_DIGITS
            and _JSON_NUMBER.fullmatch(text)
        ):
            number = float(text)
            if math.isfinite(number):
                return int(text) if _WHOLE.fullmatch(text) else number
        if "boolean" in types and text in ("true", "false"):
            return text == "true"
        return text

    def _plan(self, action: Action, offered: Surface | None = None) -> _Plan:
        key = (str(action.name), offered.name if offered is not None else "")
        if key not in self._plans:
            self._plans[key] = self._make_plan(action, offered)
        return self._plans[key]

    def _make_plan(self, action: Action, offered: Surface | None) -> _Plan:
        params = action.params if offered is None else offered.narrowed_params(action)
        schema = dict(action.input_schema(places=PLACES, params=params))
        arguments = tuple(self._argument(param) for param in params)
        if offered is not None:
            aliases = {p.catalogue_name: str(p.name) for p in offered.params(action)}
            arguments = tuple(replace(a, field=replace(a.field, wire=aliases[a.name])) for a in arguments)
        return _Plan(
            arguments,
            tuple(a for a in arguments if a.place not in _BODY),
            tuple(a for a in arguments if a.place in _BODY),
            {str(p.name): p.schema["default"] for p in params if "default" in p.schema},
            schemas.validator(plain(schema), self._model.schemas),
        )

    def _argument(self, param: Param) -> _Argument:
        schema = schemas.resolve(param.schema, self._model.schemas)
        types = frozenset(types_of(schema, self._model.schemas))
        return _Argument(
            str(param.name),
            param.place,
            "array" in types,
            param.as_text,
            "integer" in types and "number" not in types,
            field_of(param, schema, types),
        )


def find_cookie(header: str, name: str) -> str | None:
    """Return the decoded value of the first cookie of this name; None if there is none."""
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((unquote(value) for key, equals, value in pairs if equals and key == name), None)


def json_object(request: Request) -> dict[str, Any] | Problem:
    """Return the members of a JSON body, or why it is refused."""
    try:
        return read_object(request)
    except Unreadable as error:
        return Problem(error.kind, BODY, str(error))


def _inexpressible(value: Any) -> tuple[tuple[str | int, ...], str] | None:
    """Find a value that JSON Schema cannot judge: a lone surrogate, or a number beyond a double.

    Return its path and the reason.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return None if value.isascii() or _encodes(value) else ((), "is not Unicode text")
    if isinstance(value, int | float):
        return None if abs(value) <= sys.float_info.max else ((), "is too large a number")
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in pairs:
        if isinstance(step, str) and not _encodes(step):
            return (), "has a member whose name is not Unicode text"
        odd = _inexpressible(inner)
        if odd is not None:
            return (step, *odd[0]), odd[1]
    return None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find_wrong_group(action: Action, found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the field and the reason if a call does not give exactly one complete group of `either`."""
    started = [group for group in action.either if found.keys() & set(group)]
    if not action.either or (len(started) == 1 and set(started[0]) <= found.keys()):
        return None
    if not started:
        return field_path(action, (action.either[0][0],)), "one group of arguments must be given"
    if len(started) > 1:
        name = next(name for name in started[1] if name in found)
        return field_path(action, (name,)), "only one group of arguments may be given"
    lacks = next(name for name in started[0] if name not in found)
    return field_path(action, (lacks,)), f"{lacks} must be given too"


# -- arguments that violate their schema


BODY = "body"
MISSING, UNKNOWN = "required", "additionalProperties"
"""The keywords for a missing and for an unknown argument."""


def choose_problem(action: Action, errors: list[Any], several: str | None) -> tuple[str, str, str, str]:
    """Choose the report about invalid arguments: field, message, keyword and argument.

    The first wrong argument in the catalogue's order counts, and a missing member counts before a wrong
    value. If the catalogue has a word for `several` wrong arguments, that word is the field, and the message
    describes each.
    """
    order = {str(p.name): i for i, p in enumerate(action.params)}
    found = []
    for error in errors:
        path = tuple(error.instance_path)
        kind = error.kind
        if kind.name == "required":
            path = (*path, kind.property)
        elif kind.name == "additionalProperties" and kind.unexpected:
            path = (*path, kind.unexpected[0])
        found.append((order.get(str(path[0]) if path else "", len(order)), len(path), path, error))
    firsts: dict[str, tuple[str, str, str, str]] = {}
    for _, _, path, error in sorted(found, key=lambda f: (f[0], f[1], [str(step) for step in f[2]])):
        field = field_path(action, path)
        message, name = f"{clean_name(field)}: {_describe_error(error)}", str(path[0]) if path else ""
        firsts.setdefault(field.partition(".")[0], (field, message, str(error.kind.name), name))
    first = next(iter(firsts.values()))
    if several is None or len(firsts) == 1:
        return first
    return several, "; ".join(message for _, message, _, _ in firsts.values()), first[2], first[3]


def _describe_error(error: Any) -> str:
    """Describe a validation error without the value, which may be secret or long."""
    name = error.kind.name
    if name == "required":
        return "is required"
    if name == "additionalProperties":
        return "is not a member here"
    value = getattr(error.kind, "value", None)
    rules = {
        "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}",
        "exclusiveMaximum": "less than {}",
        "minLength": "at least {} characters long", "maxLength": "at most {} characters long",
        "minItems": "at least {} items", "maxItems": "at most {} items",
    }  # fmt: skip
    limits = {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    }
    if name in limits:
        bound = getattr(error.kind, "limit", value)
        return "must be " + rules[name].format(bound)
    if name == "type":
        return "must be " + " or ".join(str(t) for t in getattr(error.kind, "types", ["of another type"]))
    if name == "enum":
        return "must be one of " + ", ".join(str(v) for v in getattr(error.kind, "options", []))
    if name == "pattern":
        return f"must match {getattr(error.kind, 'pattern', '')}"
    if name == "format":
        return f"must be a {getattr(error.kind, 'format', 'well-formed value')}"
    return f"does not keep `{name}`"


def field_path(action: Action, path: tuple[str | int, ...]) -> str:
    """Return the path of a value inside the arguments. Its first step is the argument's name in REST."""
    if not path:
        return BODY
    param = action.param(str(path[0]))
    first = param.wire if param else str(path[0])
    return ".".join([first, *(str(p) for p in path[1:])])


def clean_name(name: str) -> str:
    """Return the beginning of a name for a message: 80 characters, without control characters."""
    clean = "".join(c if c.isprintable() else "?" for c in name[:80])
    return clean or "the empty name"
