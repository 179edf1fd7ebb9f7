"""A request's arguments: read from path, query, headers and body, made into values, held to the action's schema."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents import schema as schemas
from pgagents.model import Action, Model, Param
from pgagents.origin import plain
from pgagents.wire import Request, read_json

BODY = "body"
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MOST_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Fault:
    """Why arguments are refused; `kind` is `invalid`, `bad_body` or `wrong_type`, `field` spelt as REST spells it."""

    kind: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Arguments:
    """Valid arguments by name, defaults filled in, and the names of those that were given."""

    values: Mapping[str, Any]
    given: frozenset[str]


class Decoder:
    """Compiled once for a catalogue."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._compiled: dict[str, Any] = {}
        self._exponents = model.points.query_numbers != "decimal"

    def request(self, action: Action, request: Request, path_values: Mapping[str, str]) -> Arguments | Fault:
        """The arguments of a REST call."""
        found: dict[str, Any] = {}
        query: dict[str, list[str]] = {}
        for name, text in request.query:
            query.setdefault(name, []).append(text)
        for param in action.params:
            fault = self._text_argument(param, path_values, query, request, found)
            if fault is not None:
                return fault
        if any(p.place == "body" for p in action.params):
            members = json_object(request)
            if isinstance(members, Fault):
                return members
            names = {p.wire: p for p in action.params if p.place == "body"}
            for wire, value in members.items():
                if wire in names:
                    found[str(names[wire].name)] = value
                elif action.unknown == "refused":
                    return Fault("invalid", wire, f"{_shown(wire)} is no member of this body")
        return self.validate(action, found)

    def members(self, action: Action, members: Mapping[str, Any]) -> Arguments | Fault:
        """The arguments of a dispatcher's call: all by name, typed as JSON types them."""
        known = {str(p.name): p for p in action.params}
        found = {}
        for name, value in members.items():
            if name in known:
                found[name] = value
            elif action.unknown == "refused":
                return Fault("invalid", name, f"{_shown(name)} is no argument of {action.name}")
        return self.validate(action, found)

    def validate(self, action: Action, found: dict[str, Any]) -> Arguments | Fault:
        """Hold arguments to the action's schema; the field of the first fault, in the order of the catalogue."""
        for name, value in found.items():
            odd = _inexpressible(value)
            if odd is not None:
                return Fault("invalid", _field(action, (name, *odd[0])), odd[1])
        errors = list(self._validator(action).iter_errors(found))
        if errors:
            return _first(action, errors)
        values = {str(p.name): found[p.name] if p.name in found else p.schema["default"] for p in action.params if _has(p, found)}
        for param in action.params:
            value = values.get(param.name)
            if isinstance(value, float) and value.is_integer() and _takes(param.schema, "integer", self._model):
                values[str(param.name)] = int(value)
        return Arguments(values, frozenset(found))

    def _text_argument(
        self, param: Param, path: Mapping[str, str], query: Mapping[str, list[str]], request: Request, found: dict[str, Any]
    ) -> Fault | None:
        texts: list[str] = []
        if param.place == "path" and param.wire in path:
            texts = [path[param.wire]]
        elif param.place == "query":
            texts = query.get(param.wire, [])
        elif param.place == "header":
            texts = [v for k, v in request.headers if k.lower() == param.wire.lower()]
        if not texts:
            return None
        schema = schemas.resolve(param.schema, self._model.schemas)
        if "array" in _types(schema):
            items = schemas.resolve(schema.get("items", {}), self._model.schemas)
            found[str(param.name)] = [self.value(text, items) for text in texts]
            return None
        if len(texts) > 1:
            return Fault("invalid", param.wire, f"{param.wire} stands {len(texts)} times")
        found[str(param.name)] = self.value(texts[0], schema)
        return None

    def value(self, text: str, schema: Mapping[str, Any]) -> Any:
        """What a text means where the schema wants a number or a boolean; else the text itself, which validation judges."""
        types = _types(schema)
        if types & {"number", "integer"}:
            pattern = _JSON_NUMBER if self._exponents else _DECIMAL
            if len(text) <= _MOST_DIGITS and pattern.fullmatch(text):
                number = float(text)
                if math.isfinite(number):
                    return int(text) if re.fullmatch(r"-?[0-9]+", text) else number
        if "boolean" in types and text in ("true", "false"):
            return text == "true"
        return text

    def _validator(self, action: Action) -> Any:
        if action.name not in self._compiled:
            places = ("path", "query", "header", "body")
            schema = dict(action.input_schema(places=places))  # type: ignore[arg-type]  # a tuple of literals loses their types
            self._compiled[action.name] = schemas.validator(plain(schema), self._model.schemas)
        return self._compiled[action.name]


def json_object(request: Request) -> dict[str, Any] | Fault:
    """The members of a JSON body."""
    if not json_type(request.header("content-type")):
        return Fault("wrong_type", BODY, "the body must be application/json in UTF-8")
    read = read_json(request.body)
    if read.problem:
        return Fault("bad_body", BODY, f"the body cannot be read: {read.problem}")
    if not isinstance(read.value, dict):
        return Fault("bad_body", BODY, "the body must be a JSON object")
    return read.value


def json_type(header: str | None) -> bool:
    """Whether a Content-Type means JSON in UTF-8."""
    if header is None:
        return False
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    return kind == "application/json" and all(p.replace('"', "") in ("", "charset=utf-8", "charset=utf8") for p in parameters)


def _has(param: Param, found: Mapping[str, Any]) -> bool:
    return param.name in found or "default" in param.schema


def _types(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type")
    if kind is not None:
        return {kind} if isinstance(kind, str) else set(kind)
    inner: Iterable[Any] = [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ()), *(schema.get("allOf") or ())]
    return set().union(*(_types(s) for s in inner)) if inner else set()


def _takes(schema: Mapping[str, Any], kind: str, model: Model) -> bool:
    types = _types(schemas.resolve(schema, model.schemas))
    return kind in types and "number" not in types


def _first(action: Action, errors: list[Any]) -> Fault:
    """The fault to tell of several: by the order of arguments, a lacking one before a wrong one."""
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
    _, _, path, error = min(found, key=lambda f: (f[0], f[1]))
    field = _field(action, path)
    return Fault("invalid", field, f"{_shown(field)}: {_told(error)}")


def _told(error: Any) -> str:
    """The message without the value, which may be a secret, or long."""
    name = error.kind.name
    if name == "required":
        return "is required"
    if name == "additionalProperties":
        return "is not a member here"
    value = getattr(error.kind, "value", None)
    rules = {
        "minimum": "at least {}", "maximum": "at most {}", "exclusiveMinimum": "more than {}", "exclusiveMaximum": "less than {}",
        "minLength": "at least {} characters long", "maxLength": "at most {} characters long",
        "minItems": "at least {} items", "maxItems": "at most {} items",
    }  # fmt: skip
    limits = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"}
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


def _field(action: Action, path: tuple[str | int, ...]) -> str:
    """A path inside the arguments as REST spells it."""
    if not path:
        return BODY
    param = action.param(str(path[0]))
    first = param.wire if param else str(path[0])
    return ".".join([first, *(str(p) for p in path[1:])])


def _shown(name: str) -> str:
    clean = "".join(c if c.isprintable() else "?" for c in name[:80])
    return clean or "the empty name"


def _inexpressible(value: Any) -> tuple[tuple[str | int, ...], str] | None:
    """Where a value holds what no JSON schema can judge: a lone surrogate, a number beyond a double."""
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
