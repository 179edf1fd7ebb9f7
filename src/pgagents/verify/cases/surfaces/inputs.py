"""Choose the arguments with which two surfaces are called, and the edits that use a former name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pgagents.http import json_bytes, read_json
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.arguments import fit_to_surface
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint

REFUSED = 300
"""The lowest status that is no success."""


def list_inputs(setting: Setting, endpoint: Endpoint) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the arguments to compare, each with its name: ordinary ones, minimal ones and others.

    Only the reads of tools are called with all numbers at their least and greatest, too.
    """
    template = template_of(setting.model, endpoint.action)
    found: list[tuple[str, Mapping[str, Any]]] = [
        ("ordinary", {**_unset_flags(setting, endpoint), **template.input})
    ]
    wanted = (
        "minimal",
        *(("low", "high") if endpoint.form is not None and endpoint.action.effect == "read" else ()),
    )
    found += [
        (name, given)
        for name, given, _ in boundary_values(setting, endpoint)
        if name in wanted and dict(given) != dict(template.input)
    ]
    return found


def _unset_flags(setting: Setting, endpoint: Endpoint) -> dict[str, bool]:
    """Return a read's optional flags as false. In a query that is a text, which some servers take for
    true.
    """
    if endpoint.action.effect != "read" or (rest := setting.lead_of(endpoint)) is None:
        return {}
    taken = {str(p.name) for p in endpoint.params}
    flags = (
        p
        for p in rest.params
        if not p.required
        and p.place == "query"
        and types_of(setting.resolve_schema(p.schema)) == ("boolean",)
    )
    return {str(p.name): False for p in flags if str(p.name) in taken}


def make_rename_edit(endpoint: Endpoint, name: str) -> Callable[[bytes], bytes]:
    """Return an edit that replaces the action's name in the call's body."""

    def edit(body: bytes) -> bytes:
        said = read_json(body).value
        if endpoint.dispatcher is not None:
            return json_bytes({**said, endpoint.dispatcher.selector: name})
        return json_bytes({**said, "params": {**said["params"], "name": name}})

    return edit


def fit_input(setting: Setting, endpoint: Endpoint, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the arguments for a surface with fewer values, with its own defaults and allowed values."""
    narrowed = endpoint.offered.narrow.get(endpoint.action.name, {}) if endpoint.offered is not None else {}
    if not narrowed:
        return given
    defaults = {
        name: one.param.schema["default"]
        for name, one in narrowed.items()
        if "default" in one.param.schema and name not in given
    }
    fitted = fit_to_surface(setting.model, Call(endpoint, given, "valid", ""), dict(given))
    return {**defaults, **fitted}


def use_example_instances(setting: Setting, rest: Endpoint, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a read's arguments with the found instances in its example, which have most data.

    They need not exist on every server.
    """
    example = (
        next((e.input for e in rest.action.examples if e.status < REFUSED), {})
        if rest.action.effect == "read"
        else {}
    )
    found = {
        n
        for n, v in given.items()
        if isinstance(v, InstanceRef) and setting.model.resources[v.resource].made_by is None
    }
    return {**given, **{name: example[name] for name in found & example.keys()}}
