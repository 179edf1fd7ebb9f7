"""Random calls of whole actions: Schemathesis generates all arguments, and live ids replace those that name
instances.

Other cases vary one argument of an ordinary call. Varying all at once reveals problems that depend on a
combination of values. Arguments that name an instance, an address or a person keep their ordinary values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.http import Json, read_json
from pgagents.jsonschema.schema import closure
from pgagents.model.argument import Param
from pgagents.report.report import GENERATED
from pgagents.verify.cases.as_sent import is_invalid, is_sendable, takes_any_text
from pgagents.verify.cases.generation.coverage import choose_places, document_of
from pgagents.verify.cases.readings import readings_of
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import makes, target_of
from pgagents.verify.values.generators import random_inputs
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.endpoint import Endpoint

ADDRESSES = frozenset(
    ("uri", "url", "uri-reference", "iri", "email", "idn-email", "hostname", "idn-hostname")
)
"""Formats of addresses. A random address might belong to somebody."""
MORE = 2
"""The number of calls to generate for each one wanted, because some cannot be used."""

_MISSING = object()


@dataclass(frozen=True, slots=True)
class DrawnCall:
    """A random call. `wrong` maps the arguments that make it invalid to the keywords that they break."""

    call: Call
    wrong: Mapping[str, str]


def list_drawn_calls(setting: Setting, endpoint: Endpoint, *, valid: bool) -> tuple[DrawnCall, ...]:
    """Return the random calls of a REST endpoint, as many as the plan has room for, computed once a run."""
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
    """True if a write makes an instance or names the one that it changes, and costs nothing. It is no GET.

    The gate lets such a write pass only for instances of this run.
    """
    action = endpoint.action
    if action.costs or action.may_name_none or action.method == "GET":
        return False
    return makes(setting.model, action) or target_of(setting, action) is not None


def _draw_calls(setting: Setting, endpoint: Endpoint, *, valid: bool) -> Iterator[DrawnCall]:
    template = template_of(setting.model, endpoint.action)
    free = {str(p.name): p for p in endpoint.params if is_free(setting, endpoint, p, template)}
    spec, names = document_of(setting, endpoint)
    seed, found = setting.seed, 0
    for given in random_inputs(spec, names, setting.drawn * MORE, seed, valid=valid):
        laid = _lay_in(setting, endpoint, template, free, given)
        call = ordinary(
            endpoint,
            template,
            "explore" if valid else "invalid",
            GENERATED,
            input=laid,
            standard=True,
        )
        if found == setting.drawn or not all(is_sendable(endpoint, p, laid.get(n)) for n, p in free.items()):
            continue
        if is_invalid(setting, call) == valid:
            continue
        wrong = {} if valid else find_wrong(setting, call)
        if valid or wrong:
            found += 1
            yield DrawnCall(call, wrong)


def _lay_in(
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
    """Return the value that a JSON text of Schemathesis means; what is no JSON stays as it is."""
    read = read_json(value.encode("utf-8", "replace")) if isinstance(value, str) else Json(value)
    return value if read.problem else read.value


def is_free(setting: Setting, endpoint: Endpoint, param: Param, template: RequestTemplate) -> bool:
    """True if an argument may have any value: it names nothing, and holds no mark of the run."""
    action, name = endpoint.action, str(param.name)
    if param.refers_to or param.file is not None or name in (action.idempotency, action.if_match):
        return False
    if name not in template.input and any(name in group for group in action.either):
        return False  # exactly one group must be given
    usual = template.input.get(name)
    if isinstance(usual, Expression | InstanceRef | UniqueValue | Signature | RelativeTime):
        return False
    schema = setting.resolve_schema(param.schema)
    if makes(setting.model, action) and "string" in types_of(schema) and "enum" not in schema:
        return False
    return not _names_somebody(setting, param)


def _names_somebody(setting: Setting, param: Param) -> bool:
    """True if an argument's schema, or a schema inside it, is an address."""
    inside = [param.schema, *(setting.model.schemas[n] for n in closure(param.schema, setting.model.schemas))]
    stack: list[Any] = list(inside)
    while stack:
        here = stack.pop()
        if isinstance(here, Mapping):
            if here.get("format") in ADDRESSES:
                return True
            stack.extend(here.values())
        elif isinstance(here, list):
            stack.extend(here)
    return False


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
    readings = list(readings_of(value)) if isinstance(value, str) else [value]
    error = next(iter(setting.test_argument(endpoint, param).iter_errors(readings[-1])), None)
    return str(error.schema_path[-1]) if error is not None and error.schema_path else "type"
