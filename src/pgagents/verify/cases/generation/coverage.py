"""Turn Schemathesis' coverage values into our own calls, with live ids in the other arguments.

Each call is classified anew as valid or invalid by the request that is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.jsonschema.schema import closure
from pgagents.model.argument import Param
from pgagents.source.origin import plain
from pgagents.verify.cases.as_sent import is_invalid, is_sendable, takes_any_text, takes_lists_only
from pgagents.verify.cases.boundary import opaque
from pgagents.verify.cases.locations import around_names, places
from pgagents.verify.cases.readings import readings_of, split_items
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.declared_refusals import find_refusal
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.projections.documents import build_file
from pgagents.verify.projections.schema import schema_of_parameter
from pgagents.verify.values.generators import Varied, coverage, document
from pgagents.verify.wire.call import Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint

FULL = "openapi/openapi.json"
MOST_ENDPOINTS = 40
"""The most endpoints for which Schemathesis generates values in a run: it takes about 20 ms for each."""
ALONE = "alone"
"""The argument's name while Schemathesis generates values for one argument alone."""

KEYWORDS = {
    "value_below_minimum": "minimum",
    "value_above_maximum": "maximum",
    "string_below_min_length": "minLength",
    "string_above_max_length": "maxLength",
    "invalid_pattern": "pattern",
    "invalid_enum_value": "enum",
    "invalid_format": "format",
    "incorrect_type": "type",
    "object_missing_required_property": "required",
    "missing_parameter": "required",
    "array_below_min_items": "minItems",
    "array_above_max_items": "maxItems",
    "non_unique_items": "uniqueItems",
}


@dataclass(frozen=True, slots=True)
class VariedCall:
    """A call in which one argument holds a coverage value."""

    param: str
    input: Mapping[str, Any]
    valid: bool
    keyword: str
    says: str
    shown: str
    key: str


def list_varied_calls(setting: Setting, endpoint: Endpoint) -> tuple[VariedCall, ...]:
    """Return the coverage calls of an endpoint, computed once a run; empty if the seed did not choose the
    endpoint.
    """
    if not setting.fuzz:
        return ()
    chosen = setting.compute_once(
        ("varied places", setting.seed), lambda: choose_places(setting.endpoints, setting.seed)
    )
    if endpoint.place not in chosen:
        return ()
    return setting.compute_once(
        ("varied", endpoint.place), lambda: tuple(_make_varied_calls(setting, endpoint))
    )


def choose_places(endpoints: Iterable[Endpoint], seed: int) -> frozenset[str]:
    """Return the places of at most MOST_ENDPOINTS of these endpoints, chosen by the seed.

    Over many seeds each endpoint is chosen equally often, whatever order the document has: a hash decides.
    Every n-th endpoint would be the same kind of call where each resource has n of them.
    """
    places = (endpoint.place for endpoint in endpoints)
    ranked = sorted(places, key=lambda place: sha256(f"{seed} {place}".encode()).digest())
    return frozenset(ranked[:MOST_ENDPOINTS])


def _make_varied_calls(setting: Setting, endpoint: Endpoint) -> list[VariedCall]:
    template = template_of(setting.model, endpoint.action)
    found: dict[str, VariedCall] = {}
    tied = around_names(setting) if endpoint.action.effect == "write" else places(setting)
    for varied in _values(setting, endpoint):
        param = endpoint.action.param(varied.param)
        if param is None or not _may_vary(endpoint, template, param):
            continue
        given = _lay_in(setting, template, param, varied)
        if varied.valid and (
            varied.param in tied or _may_be_refused(setting, endpoint, template, param, varied)
        ):
            continue
        call = ordinary(endpoint, template, "invalid", "", input=given)
        if (
            not is_sendable(endpoint, param, given.get(varied.param))
            or is_invalid(setting, call) == varied.valid
        ):
            continue
        if varied.valid and find_refusal(endpoint.action, given) is not None:
            continue
        if varied.valid and isinstance(given.get(varied.param), str) and not takes_any_text(setting, param):
            given[varied.param] = next(
                (r for r in readings_of(varied.value) if not isinstance(r, str)), varied.value
            )
        shown = "left out" if varied.left_out else repr(varied.value)[:60]
        key, keyword = f"{varied.param} {shown}", KEYWORDS.get(varied.scenario, "type")
        made = VariedCall(varied.param, given, varied.valid, keyword, varied.says, shown, key)
        found.setdefault(key, made)
    return list(found.values())


def _may_vary(endpoint: Endpoint, template: RequestTemplate, param: Param) -> bool:
    """True unless an argument is an id, a file, a key, a tag, a signature or another value made anew."""
    action = endpoint.action
    return (
        not param.refers_to
        and param.file is None
        and not isinstance(template.input.get(str(param.name)), UniqueValue | Signature)
        and param.name not in (action.idempotency, action.if_match)
    )


def _lay_in(setting: Setting, template: RequestTemplate, param: Param, varied: Varied) -> dict[str, Any]:
    """Return the template's arguments with the varied one replaced or left out."""
    given = dict(template.input)
    if varied.left_out:
        given.pop(varied.param, None)
        return given
    given[varied.param] = varied.value
    if (
        isinstance(varied.value, str)
        and param.as_text
        and param.odd_style
        and takes_lists_only(setting, param)
    ):
        given[varied.param] = split_items(param, varied.value)  # Schemathesis has joined the items
    return given


def _may_be_refused(
    setting: Setting, endpoint: Endpoint, template: RequestTemplate, param: Param, varied: Varied
) -> bool:
    """True if a server may refuse a valid value, because the argument's meaning is not in its schema."""
    return (
        (not param.required and opaque(setting, endpoint, param))
        or param.schema.get("type") == "object"
        or varied.left_out
        or isinstance(template.input.get(varied.param), Expression)
    )


def _values(setting: Setting, endpoint: Endpoint) -> Iterator[Varied]:
    """Yield the values that Schemathesis generates for each argument by itself.

    It varies one argument at a time, so values are generated only once for an argument that several actions
    have.
    """
    whole, names = document_of(setting, endpoint)
    (operation,) = (o for item in whole["paths"].values() for o in item.values())
    schemas = whole["components"]["schemas"]
    for parameter in operation["parameters"]:
        place = parameter["in"]
        if "content" in parameter:
            name = names.get((place, parameter["name"]))
            yield from _vary_member(
                schema_of_parameter(parameter), schemas, name, required=parameter["required"]
            )
            continue
        alone = {
            **{k: v for k, v in parameter.items() if k != "description"},
            "name": ALONE,
            "schema": bare(schema_of_parameter(parameter)),
        }
        path = f"/alone/{{{ALONE}}}" if place == "path" else "/alone"
        spec = document(path, "get", [alone], None, _collect_schemas(alone["schema"], schemas))
        yield from _vary_param(spec, place, names.get((place, parameter["name"])))
    body = _body_schema(operation) or {}
    for name, member in body.get("properties", {}).items():
        required = name in body.get("required", ())
        yield from _vary_member(member, schemas, names.get(("body", name)), required=required)


def _vary_member(
    schema: Any, schemas: Mapping[str, Any], name: str | None, *, required: bool
) -> Iterator[Varied]:
    """Yield the values of an argument that is sent as JSON, with its type."""
    one = {"type": "object", "properties": {ALONE: bare(schema)}, "additionalProperties": False}
    sent = one | ({"required": [ALONE]} if required else {})
    spec = document("/alone", "post", [], sent, _collect_schemas(one, schemas))
    yield from _vary_param(spec, "body", name)


def _vary_param(spec: Mapping[str, Any], place: str, name: str | None) -> Iterator[Varied]:
    if name is not None:
        yield from (replace(v, param=name) for v in coverage(spec, {(place, ALONE): ALONE}))


def _collect_schemas(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {name: bare(schemas[name]) for name in closure(schema, schemas)}


def bare(schema: Any) -> Any:
    """Return the schema without titles and descriptions, so that schemas with the same meaning are equal."""
    if isinstance(schema, Mapping):
        return {
            k: bare(v)
            for k, v in schema.items()
            if not (k in ("description", "title") and isinstance(v, str))
        }
    return [bare(v) for v in schema] if isinstance(schema, list) else schema


def document_of(setting: Setting, endpoint: Endpoint) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """Return an OpenAPI document of one operation, and the argument name for each (place, name on the wire).

    REST operations are taken from the generated document. A dispatcher's action gets a document from its own
    schema, because Schemathesis makes only empty values for the dispatcher's published schema, a union.
    """
    if endpoint.on_rest:
        found = _extract_operation(setting, endpoint)
        if found is not None:
            return found, {(p.place, p.wire): str(p.name) for p in endpoint.params}
    schemas = {str(k): plain(v) for k, v in setting.model.schemas.items()}
    members = {str(p.name): plain(p.schema) for p in endpoint.params}
    needed = [str(p.name) for p in endpoint.params if p.required]
    body: dict[str, Any] | None = None
    if members:
        body = {
            "type": "object",
            "properties": members,
            "additionalProperties": False,
            **({"required": needed} if needed else {}),
        }
    return document(endpoint.path, endpoint.method, [], body, schemas), {
        ("body", name): name for name in members
    }


def _body_schema(operation: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema of an operation's body, of whatever media type; None if it has no body."""
    content = operation.get("requestBody", {}).get("content", {})
    return next((media.get("schema") for media in content.values()), None)


def _extract_operation(setting: Setting, endpoint: Endpoint) -> dict[str, Any] | None:
    """Return the endpoint's operation from the full OpenAPI document, alone and without security.

    None if the document lacks it.
    """
    published = build_file(setting, FULL)
    whole = published.data if published is not None else {}
    paths = whole.get("paths", {})
    operation = paths.get(str(endpoint.path), {}).get(endpoint.method.lower())
    if operation is None:
        return None
    body = _body_schema(operation)
    components = whole.get("components", {}).get("schemas", {})
    params = [
        {k: v for k, v in p.items() if k not in ("example", "examples")}
        for p in operation.get("parameters", [])
    ]
    needed = closure(
        {"allOf": [*(schema_of_parameter(p) for p in params), *([body] if body else [])]}, components
    )
    return document(endpoint.path, endpoint.method, params, body, {name: components[name] for name in needed})
