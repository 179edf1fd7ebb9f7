"""Choose the types and addresses of webhooks, register another project's, and find how one is deleted."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pgagents.model.resource import Id, Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.events.steps import steps_of
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

LONGEST = 2_048
"""The most characters of an address, even if the schema allows more."""


def list_other_types(setting: Setting, types: list[str]) -> list[str]:
    """Return the types of events that no action causes by the catalogue."""
    return [type for type in setting.model.webhooks.events if type not in types]


def choose_types(setting: Setting, types: list[str], type: str) -> list[str]:
    """Return the types that the webhook for `type` registers.

    The first webhook also registers the types that no action causes. The second one also registers the first
    one's type.
    """
    others = list_other_types(setting, types) if type == types[0] else types[:1] if type == types[1] else []
    return limit_types(setting, [type, *others])


def limit_types(setting: Setting, types: list[str]) -> list[str]:
    """Return as many of these types as one webhook may register."""
    endpoint = setting.find_lead(str(setting.model.webhooks.registered_by))
    param = endpoint.action.param(str(setting.model.webhooks.types)) if endpoint is not None else None
    return (
        types[: setting.resolve_schema(param.schema).get("maxItems", len(types))]
        if param is not None
        else types
    )


def find_webhook_resource(setting: Setting) -> Resource | None:
    """Return the resource whose instances are webhooks; None if the catalogue has none."""
    registered = setting.model.webhooks.registered_by
    return next(
        (r for r in setting.model.resources.values() if r.made_by and r.made_by.action.name == registered),
        None,
    )


def find_webhook_remover(setting: Setting) -> Endpoint | None:
    """Return the endpoint that deletes a webhook."""
    kind = find_webhook_resource(setting)
    return (
        setting.find_lead(str(kind.undone_by.action.name))
        if kind is not None and kind.undone_by is not None
        else None
    )


def lengthen_address(setting: Setting, endpoint: Endpoint, address: str) -> str:
    """Return the address with a query that makes it as long as the schema allows."""
    param = endpoint.action.param(str(setting.model.webhooks.url))
    most = int(setting.resolve_schema(param.schema).get("maxLength", 0)) if param is not None else 0
    return f"{address}?pgv=".ljust(min(most, LONGEST), "x") if most > len(address) + 5 else address


def register_of_another(
    setting: Setting, address: str, endpoint: Endpoint, types: list[str]
) -> Generator[Any, Any, tuple[Resource, Id] | None]:
    """Register a webhook of another project and make an instance there.

    Return the resource and the instance's id, or None.
    """
    hooks, resource = setting.model.webhooks, steps_of(setting)[0][1]
    given = {hooks.url: address, hooks.types: types}
    made: Exchange = yield Call(
        endpoint, given, "valid", "another project's webhook", role="second", owner="second", fresh=True
    )
    if not made.success or resource.made_by is None:
        return None
    maker = setting.get_lead(str(resource.made_by.action.name))
    why = f"another project's {resource.name}"
    instance: Exchange = yield Call(
        maker, resource.made_by.input, "valid", why, role="second", owner="second", fresh=True
    )
    body = (
        at_path(resource.made_by, instance) if resource.made_by.at is not None and instance.success else None
    )
    id = resource.id_of(body) if isinstance(body, Mapping) else None
    return (resource, id) if id is not None else None
