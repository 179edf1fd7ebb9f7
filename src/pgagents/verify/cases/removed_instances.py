"""Find an instance in reads and lists, before and after its removal, and recognise it among others.

Also ids that no instance has, and the arguments that take one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pgagents.base.cel.expression import Expression, member_of
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.action import ActionCall, Param
from pgagents.catalogue.model.resource import Resource
from pgagents.verify.fixtures.instance import at_path, is_gone, is_missing, is_random_id
from pgagents.verify.fixtures.marks import find_marks, occurs_in
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.lists import PageRequest, follow_pages, may_go_on
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_PAGES = 10
"""The most pages of a list on which an instance is looked for before it is removed."""
Reader = tuple[ActionCall, Endpoint]
"""A call that reads or lists instances, with its endpoint."""


def read_instance(
    endpoint: Endpoint, call: ActionCall, resource: Resource, body: Mapping[str, Any], why: str
) -> Call:
    """Return the call that reads or lists the instance with this body."""
    return Call(endpoint, call.input, "explore", why, subject=resource, made=body)


def find_page(
    setting: Setting,
    resource: Resource,
    reader: Reader,
    body: Mapping[str, Any],
    purpose: str = "to be removed",
) -> tuple[Exchange, PageRequest | None]:
    """Return the page of a list that contains an instance, with its request; the request is None if no page
    does. `purpose` follows the resource's name where a call says why it is made.
    """
    listed, endpoint = reader
    call = read_instance(endpoint, listed, resource, body, f"a list with a {resource.name} {purpose}")
    for more, seen in follow_pages(setting, call, ask, MOST_PAGES):
        if find_item(resource, listed, seen, body) is not None:
            return seen, more
    return seen, None


def request_page(
    reader: Reader, resource: Resource, body: Mapping[str, Any], more: PageRequest, why: str
) -> Call:
    """Return the call that requests a page of a list, with the arguments or the URL in `more`."""
    call, endpoint = reader
    return replace(
        read_instance(endpoint, call, resource, body, why), input={**call.input, **more.input}, raw=more.raw
    )


def find_item(
    resource: Resource, call: ActionCall, seen: Exchange, body: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the item of a list with an instance's id; None if there is none."""
    items = at_path(call, seen) if seen.success else None
    id = resource.id_of(body)
    found = (item for item in items if isinstance(item, Mapping)) if isinstance(items, list) else ()
    return next((item for item in found if id is not None and resource.id_of(item) == id), None)


def is_listed(resource: Resource, call: ActionCall, seen: Exchange, body: Mapping[str, Any]) -> bool:
    """True if a list contains an instance without marking it as removed. An item without data of it does not
    count.
    """
    item = find_item(resource, call, seen, body)
    if item is None or resource.gone_when is None:
        return item is not None
    read = resource.gone_when.paths
    told = {path[0] for name in ("resource", resource.name) for path in read.get(name, ()) if path}
    return told <= item.keys() and not is_gone(resource, item)


def is_there(resource: Resource, read: ActionCall, seen: Exchange) -> bool:
    """True if an answer contains the instance, and does not mark it as removed."""
    body = at_path(read, seen) if seen.success else None
    return seen.success and not (isinstance(body, Mapping) and is_gone(resource, body))


def is_same(resource: Resource, made: Exchange, body: Mapping[str, Any], shown: Any) -> bool:
    """True if an answer contains the instance that was made, and not another one with the same id."""
    return has_random_id(resource, body) or any(
        occurs_in(value, shown) for value in _own_values(resource, made)
    )


def has_random_id(resource: Resource, body: Mapping[str, Any]) -> bool:
    """True if the instance has a random id, which no other instance will ever have."""
    id = resource.id_of(body)
    return isinstance(id, str) and is_random_id(id)


def is_nobodys_now(setting: Setting, resource: Resource, body: Mapping[str, Any]) -> bool:
    """Return True if a call that names a removed instance reaches no other one that got its id.

    A random id is never given again. Any other is read just before the call: it must be missing, or shown as
    removed, or with a mark of the removed instance. That holds on this machine too, which may be a tunnel.
    Where nothing reads it, a whole list must lack it.
    """
    if has_random_id(resource, body):
        return True
    for call in resource.read_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is None:
            continue
        why = f"to see that nobody got the id of a removed {resource.name}"
        seen = ask(read_instance(endpoint, call, resource, body, why))
        if not seen.success:
            return is_missing(resource, seen)
        return _is_removed(resource, body, at_path(call, seen))
    for call in resource.listed_by:
        endpoint = setting.find_usable_lead(str(call.action.name))
        if endpoint is None:
            continue
        last, page = find_page(setting, resource, (call, endpoint), body)
        items = at_path(call, last) if last.success else None
        if page is not None:
            return _is_removed(resource, body, find_item(resource, call, last, body))
        return isinstance(items, list) and not may_go_on(last, items)
    return False


def _is_removed(resource: Resource, body: Mapping[str, Any], shown: Any) -> bool:
    """True if what has the id of a removed instance is marked as removed, or has a mark of that instance."""
    if isinstance(shown, Mapping) and is_gone(resource, shown):
        return True
    return any(occurs_in(mark, shown) for mark in find_marks(dict(body)))


def _own_values(resource: Resource, made: Exchange) -> Iterator[Any]:
    """Yield the values in a create that only this run sends: marks, and values that replace marks."""
    written = resource.made_by.input if resource.made_by is not None else {}
    for name, value in made.input.items():
        if isinstance(template := written.get(name), Expression) and member_of(template, (FRESH,)):
            yield value
        yield from find_marks(value)


def call_with_ids(setting: Setting, endpoint: Endpoint, named: Mapping[str, Any], what: str) -> Call:
    """Return an ordinary call with these ids. Its other ids may be of any instances."""
    given = {**template_of(setting.model, endpoint.action).input, **named}
    others = {
        str(p.name): InstanceRef(str(p.refers_to), member=p.refers_member)
        for p in endpoint.params
        if p.refers_to and isinstance(given.get(str(p.name)), Expression)
    }
    return Call(endpoint, {**given, **others}, "absent", what)


# -- ids that no instance has


UNUSED_NUMBER = 2_147_483_629
"""A prime just below the largest id of a column of 32 bits, which a server has hardly ever reached."""
UNUSED_UUID = "7f3c9a1e-5b2d-4064-9d17-c41b6e2f8a53"
"""A random UUID, drawn once."""


def find_absent_id(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource
) -> str | int | float | None:
    """Return an id that no instance has; None if none is known.

    An inferred resource has a number or a UUID that hardly any server has. Only reads get it, because a write
    could hit an instance of others.
    """
    if resource.absent is not None or not resource.inferred:
        return resource.find_absent_value(param)
    if endpoint.action.effect != "read" or not (endpoint.leads and endpoint.on_rest and param.required):
        return None
    schema = setting.resolve_schema(param.schema)
    unused: str | int = UNUSED_UUID if schema.get("format") == "uuid" else UNUSED_NUMBER
    fitting = isinstance(unused, str) or types_of(schema) == ("integer",)
    return unused if fitting and setting.test_argument(endpoint, param).is_valid(unused) else None


def list_references(setting: Setting) -> Sequence[tuple[Endpoint, Param, Resource]]:
    """Return each argument that is an id of an instance, with its endpoint and the resource."""

    def find() -> Iterator[tuple[Endpoint, Param, Resource]]:
        for endpoint in setting.every_endpoint:
            for param in endpoint.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is not None:
                    yield endpoint, param, resource

    return setting.compute_once("references to instances", lambda: tuple(find()))
