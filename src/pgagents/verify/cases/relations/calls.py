"""Make the calls that a relation compares: the base arguments, and the same with one argument changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.law import Relation
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.endpoint import Endpoint


def list_bases(setting: Setting, endpoint: Endpoint, relation: Relation) -> list[dict[str, Any]]:
    """Return two variants of the other arguments: one with all relations at their widest, and the
    example's.
    """
    base = dict(template_of(setting.model, endpoint.action).input)
    wide = dict(base)
    for other in endpoint.action.relations:
        if (also := endpoint.action.param(other.widen)) is not None and other.widen != relation.widen:
            wide[other.widen] = high(also.schema, setting.model.schemas)
    return [wide, base]


def find_bounds(setting: Setting, endpoint: Endpoint, relation: Relation) -> tuple[Any, Any]:
    """Return the least and the greatest value of the widened argument."""
    param = endpoint.action.param(relation.widen)
    assert param is not None
    return low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)


def list_narrowed(setting: Setting, endpoint: Endpoint, relation: Relation) -> list[dict[str, Any]]:
    """Return the narrow calls to try in turn. A default is tried first, by leaving the argument out."""
    template, schemas = template_of(setting.model, endpoint.action), setting.model.schemas
    param = endpoint.action.param(relation.widen)
    assert param is not None
    schema = setting.resolve_schema(param.schema)
    least, given = low(schema, schemas), template.input.get(relation.widen)
    values: list[Any] = [least]
    if isinstance(given, int | float):
        whole = "integer" in types_of(schema)
        values = [values[0] if whole else max(values[0], round(given / 4, 3)), given]
    usual = schema.get("default")
    if (
        isinstance(usual, int | float)
        and not isinstance(usual, bool)
        and usual < high(schema, schemas)
        and usual != least
    ):
        values = [None, *values] if "number" in types_of(schema) else values
    return [
        replace_argument(endpoint, others, relation.widen, value)
        for others in list_bases(setting, endpoint, relation)
        for value in values
    ]


def find_another(
    setting: Setting, endpoint: Endpoint, relation: Relation, narrow: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the narrow call with the example's value, to which other items belong; empty if the value is the
    same.
    """
    own = template_of(setting.model, endpoint.action).input.get(relation.widen)
    differs = relation.fits is not None and own is not None and own != narrow.get(relation.widen)
    return [replace_argument(endpoint, dict(narrow), relation.widen, own)] if differs else []


def replace_argument(endpoint: Endpoint, given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return the arguments with one replaced (None removes it), in the catalogue's order.

    So equal calls are equal requests.
    """
    found = {**given, name: value}
    declared = [str(p.name) for p in endpoint.params]
    return {k: found[k] for k in sorted(found, key=declared.index) if k != name or value is not None}
