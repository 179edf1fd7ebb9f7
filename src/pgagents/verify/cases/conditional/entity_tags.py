"""Choose the reads and writes that take an entity tag, and the tags that they are sent with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.resource import Resource
from pgagents.verify.cases.optional_arguments import choose_optional
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.values.schema_values import high, low, matches
from pgagents.verify.wire.call import Call, EntityTag, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

OTHER, WEAK = '"pgv-no-such-version"', "W/"


def list_lone_arguments(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return the optional arguments of the body with a value for each, if no other argument must be sent."""
    body = [p for p in endpoint.params if p.place == "body"]
    if any(p.required and not p.refers_to for p in body):
        return {}
    names = {str(p.name) for p in body}
    return {name: value for name, value in choose_optional(setting, endpoint).items() if name in names}


def is_tag_required(endpoint: Endpoint) -> bool:
    """True if a write must be sent with a tag."""
    return any(p.required for p in endpoint.params if p.name == endpoint.action.if_match)


def list_reads(setting: Setting) -> list[tuple[Resource, Endpoint]]:
    """Return the REST reads with tags, each with its resource."""
    return [
        (resource, endpoint)
        for resource in setting.model.resources.values()
        for read in resource.read_by
        if read.action.etag and (endpoint := setting.endpoint(str(read.action.name), REST)) is not None
    ]


def list_writes(setting: Setting) -> list[tuple[Resource, Endpoint, Endpoint]]:
    """Return the REST writes that take a tag and keep the instance, each with its resource and read.

    The tag is that of the changed instance. So a create has none, although it contains the id of the new
    instance's container.
    """
    found = []
    for endpoint in setting.endpoints:
        if (
            endpoint.action.if_match is None
            or not endpoint.on_rest
            or setting.model.is_removal(endpoint.action)
        ):
            continue
        target = target_of(setting, endpoint.action)
        reads = [(r, e) for r, e in list_reads(setting) if target is not None and r is target.resource]
        found += [(resource, reader, endpoint) for resource, reader in reads[:1]]
    return found


def make_read(
    setting: Setting,
    reader: Endpoint,
    body: Mapping[str, Any],
    why: str,
    known: str = "",
) -> Call:
    """Return a read of the instance with this body, with `known` as its If-None-Match; empty for none."""
    raw = Raw(headers=(("If-None-Match", known),)) if known else Raw()
    template = template_of(setting.model, reader.action)
    return ordinary(reader, template, "explore", why, made=body, raw=raw)


def changes_instance(resource: Resource, reader: Endpoint, call: Call, first: Exchange) -> bool:
    """True if a write gives a member another value than the read before it showed."""
    read = next((one for one in resource.read_by if one.action is reader.action), None)
    shown = at_path(read, first)
    params = call.endpoint.params if call.endpoint is not None else ()
    sent = [p for p in params if p.place == "body" and not p.refers_to and str(p.name) in call.input]
    return isinstance(shown, Mapping) and any(
        p.wire in shown and shown[p.wire] != call.input[str(p.name)] for p in sent
    )


def make_write(
    setting: Setting,
    resource: Resource,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    tag: str,
    turn: int,
    why: str,
) -> Call:
    """Return a write with a tag. In each turn, the texts of its body have other values.

    These are the required texts, or without any, those of the example.
    """
    template = template_of(setting.model, endpoint.action)
    choose = (low, high)[turn]
    sent = [p for p in endpoint.params if p.place == "body" and not p.refers_to]
    needed = [p for p in sent if p.required] or [p for p in sent if str(p.name) in template.input]
    texts = {str(p.name): choose(p.schema, setting.model.schemas) for p in needed}
    ids = resource.values_for(endpoint.params, body)
    given = {**template.input, **texts, **ids, str(endpoint.action.if_match): EntityTag(tag)}
    return ordinary(endpoint, template, "explore", why, input=given, made=body, subject=resource)


def may_be_sent(setting: Setting, endpoint: Endpoint, tags: str) -> bool:
    """True if the catalogue allows this value for the read's If-None-Match."""
    named = (p for p in endpoint.params if p.place == "header" and p.wire.lower() == "if-none-match")
    return all(matches(setting.resolve_schema(p.schema), tags) for p in named)


def find_other_tag(setting: Setting, endpoint: Endpoint, tag: str) -> str:
    """Return a tag that differs from the read's tag, in a form that the catalogue allows; empty without
    one.
    """
    turned = tag.translate(str.maketrans("0123456789", "1234567890"))
    return next((t for t in (OTHER, turned) if t != tag and may_be_sent(setting, endpoint, t)), "")
