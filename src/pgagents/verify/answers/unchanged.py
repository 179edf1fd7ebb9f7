"""Read an instance before and after a refused or failed call, and check that the call changed nothing."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange

Body = Mapping[str, Any]


def reread(setting: Setting, resource: Resource, body: Body, why: str) -> Call | None:
    """Return a call that reads an instance; None if no action reads it."""
    read = resource.read_by[0] if resource.read_by else None
    endpoint = setting.find_lead(str(read.action.name)) if read else None
    return (
        Call(endpoint, read.input, "valid", why, subject=resource, made=body)
        if endpoint is not None and read is not None
        else None
    )


def find_resource(resource: Resource, exchange: Exchange) -> Body | None:
    """Return the instance in the answer of a read; None if the answer is an error or was found faulty."""
    body = (
        at_path(resource.read_by[0], exchange)
        if resource.read_by and exchange.success and exchange.fits
        else None
    )
    return body if isinstance(body, Mapping) else None


def differing(before: Body, after: Body) -> list[str]:
    """Return the members that both bodies have, but with different values."""
    return [name for name, value in before.items() if name in after and after[name] != value]


def change(setting: Setting, resource: Resource, before: Body, why: str) -> Generator[Any, Any, str | None]:
    """Read an instance again and describe its first changed member.

    Return an empty text if none changed, None if the instance could not be read. Volatile members do not
    count.
    """
    call = reread(setting, resource, before, why)
    if call is None:
        return None
    first: Exchange = yield call
    after = find_resource(resource, first)
    if after is None:
        return None
    different = differing(before, after)
    if not different:
        return ""
    second: Exchange = yield reread(setting, resource, before, "whether it changes by itself")
    again = find_resource(resource, second)
    moving = set(differing(after, again)) if again is not None else set(different)
    lasting = [name for name in different if name not in moving]
    return f"{lasting[0]} was {before[lasting[0]]!r} and is {after[lasting[0]]!r}" if lasting else ""
