"""Group boundary cases that fit into one call, and join their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.verify.cases.boundary import fills_a_page
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.endpoint import Endpoint

UNKNOWN_QUERY, UNKNOWN = "unknown_query", "pgv_unknown"


def join_inputs(usual: Mapping[str, Any], cases: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the arguments of one call with several boundary cases. The first case wins."""
    joint = dict(usual)
    for name, given in reversed([*cases.items()]):
        joint.update({k: v for k, v in given.items() if k not in usual or v != usual[k]})
        joint = {k: v for k, v in joint.items() if k in given or k == UNKNOWN or name != "minimal"}
    return joint


def group_cases(setting: Setting, endpoint: Endpoint, names: list[str]) -> list[list[str]]:
    """Group boundary cases that fit into one call.

    The case with all arguments at their greatest stays alone, because its answer contains most data. So does
    the least value of an argument that a relation widens.
    """
    alone = [r for r in endpoint.action.relations if not fills_a_page(setting, endpoint, r)]
    widened = {f"low_{r.widen}" for r in alone if "integer" in types_of(_find_schema(endpoint, r.widen))}
    lows = [n for n in names if (n == "low" or n.startswith("low_") or n == "place_low") and n not in widened]
    joints = [lows, ["place_high", "minimal"] if not endpoint.action.relations else []]
    groups = [group for group in joints if len(group) > 1 and set(group) <= set(names)]
    least = next(iter(lows), "")
    if UNKNOWN_QUERY in names:
        others = [
            n
            for n in names
            if n not in ("high", "around_now", UNKNOWN_QUERY) and not any(n in g for g in groups)
        ]
        bare = next((n for n in (*others, "high", "around_now") if n in names), "")
        into = groups[0] if groups else [least or bare] if least or bare else []
        groups = [[*into, UNKNOWN_QUERY], *(g for g in groups if g is not into)] if into else groups
    taken = {name for group in groups for name in group}
    return [*groups, *([n] for n in names if n not in taken)]


def _find_schema(endpoint: Endpoint, name: str) -> Mapping[str, Any]:
    param = endpoint.action.param(name)
    return param.schema if param else {}


def has_query(endpoint: Endpoint) -> bool:
    """True if an argument stands in the query."""
    return any(p.place == "query" for p in endpoint.params)


def find_unknown_query(
    setting: Setting, endpoint: Endpoint, template: RequestTemplate
) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the case of an unknown query parameter, with its arguments and its purpose.

    Empty if servers may refuse the parameter, or if the endpoint has a body or no query.
    """
    if setting.model.behaviour.unknown_query != "ignored" or not endpoint.on_rest or not has_query(endpoint):
        return {}
    if any(p.place == "body" for p in endpoint.params):
        return {}
    return {UNKNOWN_QUERY: ({**template.input, UNKNOWN: "1"}, "a call with an unknown query parameter")}
