"""Values for optional arguments, which ordinary calls leave out: texts beyond ASCII, and objects of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.declared_refusals import find_refusal
from pgagents.verify.values.schema_values import pattern_text, types_of
from pgagents.verify.wire.endpoint import Endpoint

TEXT = "Zoë 漢 🚗"
"""A text that serializers write in different ways.

So a signature is wrong if it was made over other bytes than those sent.
"""
NAME = "note"


def add_optional(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments, extended by optional ones that take a text or an object of texts.

    Return them unchanged if the extended arguments would meet the condition of an error.
    """
    more = {k: v for k, v in choose_optional(setting, endpoint).items() if k not in given}
    found = {**given, **more}
    return found if find_refusal(endpoint.action, found) is None else dict(given)


def choose_optional(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return values for the optional arguments of an endpoint, as far as values are known."""
    action, found = endpoint.action, dict[str, Any]()
    for param in action.params:
        name = str(param.name)
        if param.required or param.refers_to or param.place == "header" or "default" in param.schema:
            continue
        test = setting.test_argument(endpoint, param)
        value = next((v for v in _list_values(setting, action, param) if test.is_valid(v)), None)
        if value is not None and name not in (action.idempotency, action.if_match):
            found[name] = value
    return found


def _list_values(setting: Setting, action: Action, param: Param) -> Iterator[Any]:
    """Yield values for an argument: a text, an object with a text, then the values of examples."""
    schema = setting.resolve_schema(param.schema)
    kinds = types_of(schema)
    if "string" in kinds and not schema.get("enum") and not schema.get("format"):
        yield TEXT
    items = setting.resolve_schema(schema.get("items") or {})
    if "array" in kinds and not items.get("enum") and "string" in types_of(items):
        yield [TEXT]
    inner = schema.get("additionalProperties")
    if "object" in kinds and isinstance(inner, Mapping) and not schema.get("properties"):
        names = setting.resolve_schema(schema.get("propertyNames") or {})
        pattern = names.get("pattern")
        name = pattern_text(str(pattern), 1, None, longest=False) if pattern else NAME
        yield {NAME: TEXT}
        yield {name: TEXT}
    yield from (
        e.input[str(param.name)] for e in action.examples if e.status < 300 and str(param.name) in e.input
    )
