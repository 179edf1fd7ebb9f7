"""Choose the types and the address of the webhooks that are registered, and find how a webhook is deleted."""

from __future__ import annotations

from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint

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
