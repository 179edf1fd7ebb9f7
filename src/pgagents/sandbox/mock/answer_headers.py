"""Make the headers of one answer: values demanded by laws, the URL of a new instance, or samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from pgagents.cel.expression import Expression, ExpressionError, compile_node
from pgagents.cel.reading import conjuncts, path_of
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import Infix
from pgagents.http import json_bytes, target, text_of
from pgagents.jsonschema import schema as schemas
from pgagents.model.action import Action
from pgagents.model.answers.output import AnswerHeader
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.laws.repair import NAMES
from pgagents.sandbox.mock.makers import makes
from pgagents.sandbox.mock.sample import sample


def headers_of_answer(model: Model, base: str, call: AcceptedCall, answer: Any) -> Iterator[tuple[str, str]]:
    """Yield the headers that the catalogue lists only for this answer. `base` is the server's URL."""
    known = {name.lower() for name, _ in call.headers}
    for header in call.action.success.headers if call.surface == "rest" else ():
        if header.name.lower() in known:
            continue
        value = _value(model, base, call, header, answer)
        if value is not None:
            yield header.name, value


def _value(model: Model, base: str, call: AcceptedCall, header: AnswerHeader, answer: Any) -> str | None:
    small = header.name.lower()
    asked = _value_by_law(model, call, small, answer)
    if asked is not None:
        return asked
    if small == "location":
        found = _location(model, call, answer)
        check = schemas.validator(header.schema, model.schemas)
        forms = () if found is None else (base + found, urlsplit(base).path + found, found)
        return next((form for form in forms if check.is_valid(form)), next(iter(forms), None))
    if small in ("deprecation", "sunset") and call.action.deprecation is not None:
        return _end(call.action, small)
    if small == "etag":
        return tag_of(answer)
    return text_of(sample(header.schema, model.schemas, call.now))


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
