"""Choose calls that use an idempotency key again: with another body, action, project or API key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.resource import Move
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.locations import around_names
from pgagents.verify.cases.look_alike import free_text
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def suits_other_project(setting: Setting, endpoint: Endpoint) -> bool:
    """True if another project can use the key: the call makes an instance, and needs none."""
    template = template_of(setting.model, endpoint.action)
    return (
        template.makes is not None
        and template.subject is None
        and setting.model.auth.roles.get("second") is not None
    )


def find_other_action(setting: Setting, endpoint: Endpoint) -> tuple[Endpoint, Move] | None:
    """Return another REST action with a key that changes the made instance, with its transition; None without
    one.
    """
    makes = template_of(setting.model, endpoint.action).makes
    for move in (
        makes.moves if makes is not None and endpoint.leads and suits_other_project(setting, endpoint) else ()
    ):
        other = setting.find_lead(str(move.action.name))
        if (
            other is not None
            and move.action.idempotency
            and move.input
            and makes is not None
            and makes.initial in move.origin_states
        ):
            return other, move
    return None


def find_other_key_role(setting: Setting, endpoint: Endpoint) -> str | None:
    """Return a role with another API key of the main project, if idempotency keys belong to one API key; else
    None.
    """
    told, roles = setting.model.idempotency, setting.model.auth.roles
    main = roles.get("main")
    if main is None or told is None or told.of != "key" or find_other_action(setting, endpoint) is None:
        return None
    alike = (
        r
        for r, role in roles.items()
        if r != "main" and role.plan == main.plan and not (role.revoked or role.operator or role.group)
    )
    return next((r for r in alike if (roles[r].project, roles[r].mode) == (main.project, main.mode)), None)


def list_changeable_arguments(setting: Setting, endpoint: Endpoint) -> list[str]:
    """Return arguments that can be changed in a valid call: a number, and an enum or a free text.

    Codes of the instance are left out.
    """
    target, found = target_of(setting, endpoint.action), dict[str, str]()
    codes = {str(param.name) for param, _ in target.also} if target is not None else set()
    for param in endpoint.params:
        schema = setting.resolve_schema(param.schema)
        name, kinds = str(param.name), set(types_of(schema))
        if param.refers_to or name in (*around_names(setting), *codes, endpoint.action.idempotency):
            continue
        if {"number", "integer"} & kinds:
            found.setdefault("number", name)
        elif param.place == "body" and param.file is None and len(_list_choices(schema)) > 1:
            found.setdefault("choice", name)
        elif param.place == "body" and param.file is None and free_text(setting, param.schema):
            found.setdefault("text", name)
    words = [found[kind] for kind in ("choice", "text") if kind in found]
    return [*(found[kind] for kind in ("number",) if kind in found), *words[:1]]


def _list_choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return the texts of an enum; empty for other schemas."""
    return [value for value in schema.get("enum", ()) if isinstance(value, str)]


def list_inputs(setting: Setting, endpoint: Endpoint, edge: str) -> list[Mapping[str, Any]]:
    """Return the arguments of a boundary case, then ordinary ones in case it is refused.

    So the call tests the boundary case, too.
    """
    plain = template_of(setting.model, endpoint.action).input
    return [
        *(given for name, given, _ in boundary_values(setting, endpoint) if name == edge and given != plain),
        plain,
    ]


def choose_other_value(setting: Setting, endpoint: Endpoint, name: str, first: Exchange) -> Any:
    """Return a value of an argument that differs from the call's value."""
    param = endpoint.action.param(name)
    assert param is not None
    edges = [choose(param.schema, setting.model.schemas) for choose in (high, low)]
    values = [*_list_choices(setting.resolve_schema(param.schema)), *edges]
    return next((value for value in values if value != first.input.get(name)), edges[0])
