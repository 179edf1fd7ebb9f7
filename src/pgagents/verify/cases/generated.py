"""Draw random calls of whole actions, with live ids in the arguments that name something.

Each call is classified anew as valid or invalid by the request that is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.http import Json, read_json
from pgagents.base.jsonschema.schema import closure
from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.values import find_format
from pgagents.report.report import GENERATED
from pgagents.verify.cases.as_sent import (
    is_invalid,
    is_sendable,
    takes_any_text,
)
from pgagents.verify.fixtures.own_schemas import readings_of
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import makes, target_of
from pgagents.verify.projections import build_file, schema_of_parameter
from pgagents.verify.setting import Setting
from pgagents.verify.values.combining import list_given_up, random_inputs
from pgagents.verify.values.generators import MOST_CHOICES, MOST_S, MOST_STILL_S, document
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

FULL = "openapi/openapi.json"
MOST_ENDPOINTS = 40
"""The most endpoints with random calls in a run: drawing them takes about 20 ms for each."""


def choose_places(endpoints: Iterable[Endpoint], seed: int) -> frozenset[str]:
    """Return the places of at most MOST_ENDPOINTS of these endpoints, chosen by the seed.

    Over many seeds each endpoint is chosen equally often, whatever order the document has: a hash decides.
    Every n-th endpoint would be the same kind of call where each resource has n of them.
    """
    places = (endpoint.place for endpoint in endpoints)
    ranked = sorted(places, key=lambda place: sha256(f"{seed} {place}".encode()).digest())
    return frozenset(ranked[:MOST_ENDPOINTS])


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


# -- random calls.
#
# Other cases vary one argument of an ordinary call. Varying all at once reveals problems that depend on a
# combination of values. Arguments that name an instance, an address or a person keep their ordinary
# values.


ADDRESSES = frozenset(
    ("uri", "url", "uri-reference", "iri", "email", "idn-email", "hostname", "idn-hostname")
)
"""Formats of addresses. A random address might belong to somebody."""
ROUNDS = 3
"""The most times that as many calls as are wanted are generated, because some cannot be used."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class DrawnCall:
    """A random call. `wrong` maps the arguments that make it invalid to the keywords that they break."""

    call: Call
    wrong: Mapping[str, str]


def list_drawn_calls(setting: Setting, endpoint: Endpoint, *, valid: bool) -> tuple[DrawnCall, ...]:
    """Return the random calls of a REST endpoint, as many as the plan has room for, computed once a run."""
    if setting.drawn_for is not None and endpoint.place not in setting.drawn_for:
        return ()
    if not setting.drawn or endpoint.place not in list_drawn_places(setting)[0]:
        return ()
    key = ("drawn", endpoint.place, valid, setting.seed, setting.drawn)
    return setting.compute_once(key, lambda: tuple(_draw_calls(setting, endpoint, valid=valid)))


def list_drawn_places(setting: Setting) -> tuple[frozenset[str], int]:
    """Return the places of the endpoints with random calls, and the number of those that could have some."""

    def choose() -> tuple[frozenset[str], int]:
        able = [endpoint for endpoint in setting.endpoints if _may_draw(setting, endpoint)]
        return choose_places(able, setting.seed), len(able)

    return setting.compute_once(("drawn places", setting.seed, setting.drawn_writes), choose)


def _may_draw(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a REST endpoint has an argument that may have any value, and the run may send such a call."""
    if not endpoint.on_rest:
        return False
    if endpoint.action.effect == "write" and not (setting.drawn_writes and may_vary(setting, endpoint)):
        return False
    template = template_of(setting.model, endpoint.action)
    return any(is_free(setting, endpoint, param, template) for param in endpoint.params)


def may_vary(setting: Setting, endpoint: Endpoint) -> bool:
    """True if a write makes an instance or names the one that it changes, and costs nothing. It is not a GET.

    The gate lets such a write pass only for instances of this run.
    """
    action = endpoint.action
    if action.costs or action.may_name_none or action.method == "GET":
        return False
    return makes(setting.model, action) or target_of(setting, action) is not None


def _draw_calls(setting: Setting, endpoint: Endpoint, *, valid: bool) -> Iterator[DrawnCall]:
    template = template_of(setting.model, endpoint.action)
    free = {str(p.name): p for p in endpoint.params if is_free(setting, endpoint, p, template)}
    spec, names = _leave_free(*document_of(setting, endpoint), free)
    drawn: list[Mapping[str, Any]] = []
    for given in _generate(setting, spec, names, valid=valid):
        laid = _lay_in_generated(setting, endpoint, template, free, given)
        call = ordinary(
            endpoint,
            template,
            "explore" if valid else "invalid",
            GENERATED,
            input=laid,
            standard=True,
        )
        if not all(is_sendable(endpoint, p, laid.get(n)) for n, p in free.items()):
            continue
        if laid in drawn or is_invalid(setting, call) == valid or setting.say_reaching(endpoint.action, laid):
            continue
        wrong = {} if valid else find_wrong(setting, call)
        if valid or wrong:
            drawn.append(laid)
            yield DrawnCall(call, wrong)
            if len(drawn) == setting.drawn:
                break
    lost = list_given_up(spec, names)
    if lost:
        name = str(endpoint.action.name)
        list_undrawn(setting)[name] = f"{', '.join(f'`{one}`' for one in lost)} ({name})"


def list_undrawn(setting: Setting) -> dict[str, str]:
    """Return, by action, its arguments whose random values took too long to draw, as words."""
    return setting.compute_once("arguments not drawn", dict[str, str])


FEW = 3
"""Most actions that `say_undrawn` names."""


def say_undrawn(setting: Setting) -> str:
    """Return a sentence that names the arguments of `list_undrawn` and what lifts it; empty for none."""
    undrawn = list(list_undrawn(setting).values())
    if not undrawn:
        return ""
    more = f" and of {len(undrawn) - FEW:,} more actions" if len(undrawn) > FEW else ""
    return (
        f"no random value is sent of {'; '.join(undrawn[:FEW])}{more}: drawing one takes over "
        f"{MOST_CHOICES:,} choices, {MOST_S:.0f} s of the processor, or {MOST_STILL_S:.0f} s for one choice. "
        "A schema that asks for less lifts it, such as a smaller `minItems` or fewer alternatives"
    )


def _generate(
    setting: Setting, spec: Mapping[str, Any], names: Mapping[tuple[str, str], str], *, valid: bool
) -> Iterator[Mapping[str, Any]]:
    """Yield the arguments of random calls, round after round until the caller has enough."""
    for number in range(ROUNDS):
        yield from random_inputs(spec, names, setting.drawn, setting.seed, valid=valid, turn=number)


def _leave_free(
    spec: dict[str, Any], names: Mapping[tuple[str, str], str], free: Mapping[str, Param]
) -> tuple[dict[str, Any], dict[tuple[str, str], str]]:
    """Return an operation's document and names without what its drawn calls do not need.

    That is its path's words, its texts, and each parameter that is not free. Operations of one shape then
    have equal documents, and their calls are drawn once.
    """
    (item,) = spec["paths"].values()
    ((method, operation),) = item.items()
    needed = {wire: name for wire, name in names.items() if wire[0] == "body" or name in free}
    params = [p for p in operation["parameters"] if (p["in"], p["name"]) in needed]
    path = "".join(f"/{{{p['name']}}}" for p in params if p["in"] == "path") or "/"
    return document(
        path, method, bare(params), bare(_body_schema(operation)), bare(spec["components"]["schemas"])
    ), needed


def _lay_in_generated(
    setting: Setting,
    endpoint: Endpoint,
    template: RequestTemplate,
    free: Mapping[str, Param],
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the generated values of the free arguments, and ordinary values of the others.

    Schemathesis writes path and query values as text, so a text is parsed by the argument's schema.
    """
    found = {name: value for name, value in template.input.items() if name not in free}
    for name, value in given.items():
        if name not in free:
            continue
        found[name] = value
        if free[name].json:
            found[name] = _read_value(value)
        elif isinstance(value, str) and not takes_any_text(setting, free[name]):
            test = setting.test_argument(endpoint, free[name])
            found[name] = next((r for r in readings_of(value) if test.is_valid(r)), value)
    return found


def _read_value(value: Any) -> Any:
    """Return the value that a JSON text of Schemathesis means; what is not JSON stays as it is."""
    read = read_json(value.encode("utf-8", "replace")) if isinstance(value, str) else Json(value)
    return value if read.problem else read.value


def is_free(setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate) -> bool:
    """True if an argument may have any value: it names nothing, and holds no mark of the run."""
    schema = setting.resolve_schema(param.schema)
    if makes(setting.model, endpoint.action) and "string" in types_of(schema) and "enum" not in schema:
        return False
    return names_nothing(setting, endpoint, param, template)


def names_nothing(setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate) -> bool:
    """True if no value of an argument leads to an instance, an address or a person."""
    action, name = endpoint.action, str(param.name)
    if param.refers_to or param.file is not None or name in (action.idempotency, action.if_match):
        return False
    if setting.holds(action, name):
        return False
    if name not in template.input and any(name in group for group in action.either):
        return False  # exactly one group must be given
    usual = template.input.get(name)
    if isinstance(usual, Expression | InstanceRef | UniqueValue | Signature | RelativeTime):
        return False
    return not _names_somebody(setting, param)


def _names_somebody(setting: Setting, param: Param) -> bool:
    """True if an argument, or a schema inside its own, is an address."""
    inside = [param.schema, *(setting.model.schemas[n] for n in closure(param.schema, setting.model.schemas))]
    named = find_format(str(param.name), setting.resolve_schema(param.schema)) in ADDRESSES
    return named or any(part.get("format") in ADDRESSES for schema in inside for part in walk(schema))


def find_wrong(setting: Setting, call: Call) -> dict[str, str]:
    """Return the arguments that make an ordinary call invalid, with the keyword that each breaks."""
    endpoint = call.endpoint
    assert endpoint is not None
    template = template_of(setting.model, endpoint.action)
    found = {}
    for param in endpoint.params:
        name = str(param.name)
        alone = {n: v for n, v in template.input.items() if n != name}
        if name in call.input:
            alone[name] = call.input[name]
        if alone != template.input and is_invalid(
            setting, ordinary(endpoint, template, "invalid", "", input=alone)
        ):
            found[name] = _find_keyword(setting, endpoint, param, alone.get(name, _MISSING))
    return found


def _find_keyword(setting: Setting, endpoint: Endpoint, param: Param, value: Any) -> str:
    """Return the keyword of the argument's schema that a value breaks."""
    if value is _MISSING:
        return "required"
    readings = [r for r in readings_of(value) if r is not None] if isinstance(value, str) else [value]
    error = next(iter(setting.test_argument(endpoint, param).iter_errors(readings[-1])), None)
    return str(error.schema_path[-1]) if error is not None and error.schema_path else "type"


# -- a smaller call that shows the same problem


MOST_TRIES = 12
"""The most requests for reducing one call."""


def shrink(
    exchange: Exchange,
    usual: Mapping[str, Any],
    is_same: Callable[[Exchange], bool],
    setting: Setting,
) -> Exchange:
    """Return the exchange of the smallest call with the same problem as `exchange`. That call is sent last.

    Each argument in turn is left out, or gets its `usual` value. `is_same` decides if an answer shows the
    same problem. A valid call stays valid, and an invalid call stays invalid.
    """
    last, tries, wrong = exchange, 0, is_invalid(setting, exchange.call)
    for name in list(exchange.call.input):
        if name in usual and exchange.call.input[name] == usual[name]:
            continue
        given = {n: v for n, v in exchange.call.input.items() if n != name}
        if name in usual:
            given[name] = usual[name]
        smaller = replace(exchange.call, input=given, again=True, shrunk=True)
        if tries == MOST_TRIES or is_invalid(setting, smaller) != wrong:
            continue
        tries += 1
        answered = ask(smaller)
        last = answered
        if is_same(answered):
            exchange = answered
    if last is not exchange and exchange.call.shrunk:
        exchange = ask(exchange.call)
    return exchange
