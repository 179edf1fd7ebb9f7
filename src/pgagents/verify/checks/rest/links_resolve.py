"""A link to the API's own host leads to an existing page, and the page contains no secret.

Links that an example contains are followed without a key. A page that asks its reader to sign in is right;
404, 410 and 5xx are not. Links to other hosts, or outside the path of the base URL, are not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.answers.bodies import find_own_target
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "links_resolve"
GONE = (404, 410)
SHORTEST = 8
"""Length (characters) from which a secret is searched for in pages; shorter ones stand there by chance."""


@dataclass(frozen=True, slots=True)
class _Link:
    """The endpoint whose answers contain the link, and the resource with the link."""

    endpoint: Endpoint
    resource: Resource


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each member with such links, at the action that makes or finds its resource."""
    for name, link in _links(setting).items():
        action = link.endpoint.action
        says = f"the link that a {link.resource.name} has as {name} leads to a page that is there"
        yield promise(NAME, name, link.endpoint, says, action.success.origin, action.cite)


def _links(setting: Setting) -> Mapping[str, _Link]:
    """Return the `uri` members that no argument sets, and whose example is on the API's own host."""

    def find() -> dict[str, _Link]:
        given = {str(p.name) for a in setting.model.actions for p in a.params}
        links: dict[str, _Link] = {}
        for resource in setting.model.resources.values():
            told = resource.made_by or resource.found_by
            endpoint = setting.find_lead(str(told.action.name)) if told is not None else None
            schema = endpoint.action.success.schema if endpoint is not None else None
            names = set(_uris(schema, setting, 0)) - given if schema is not None else set()
            for example in endpoint.action.examples if endpoint is not None else ():
                for name, value in _members(example.output):
                    if (
                        endpoint is not None
                        and name in names
                        and isinstance(value, str)
                        and _path(setting, value)
                    ):
                        links.setdefault(name, _Link(endpoint, resource))
        return links

    return setting.compute_once(NAME, find)


def _uris(schema: Mapping[str, Any], setting: Setting, depth: int) -> Iterator[str]:
    if depth > 8:
        return
    schema = setting.resolve_schema(schema)
    for name, member in (schema.get("properties") or {}).items():
        if setting.resolve_schema(member).get("format") == "uri":
            yield str(name)
        yield from _uris(member, setting, depth + 1)
    for part in (
        schema.get("items"),
        *(schema.get("allOf") or ()),
        *(schema.get("anyOf") or ()),
        *(schema.get("oneOf") or ()),
    ):
        if isinstance(part, Mapping):
            yield from _uris(part, setting, depth + 1)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of every object at any depth."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield str(name), member
            yield from _members(member)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)


def _path(setting: Setting, link: str) -> str:
    """Return path and query of a link to the API's own server; empty for a link that leads elsewhere."""
    declared = str(setting.model.api.server)
    return find_own_target([url for url in (setting.url, declared) if url], declared, link) or ""


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each member. It follows the link of one instance in each state."""
    del roles
    for name, link in _links(setting).items():
        contract = f"{NAME}/{name}/{link.endpoint.place}"
        writes = link.resource.made_by is not None
        cost = max(1, len(link.resource.states))
        yield Probe(
            contract,
            4,
            (contract,),
            cost,
            _run(setting, name, link, contract),
            (link.endpoint,),
            "main",
            writes,
        )


def _run(setting: Setting, name: str, link: _Link, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        for state in link.resource.states or ("",):
            yield from follow_link(state)

    def follow_link(state: str) -> Conversation:
        body: Mapping[str, Any] = yield InstanceRef(link.resource.name, (state,) if state else ())
        told = next((v for k, v in _members(body) if k == name and isinstance(v, str)), None)
        if told is None:
            yield judge_untested(contract, f"the {link.resource.name} has no {name}")
            return
        path = _path(setting, told)
        if not path:
            yield judge_kept(contract)
            return
        why = f"the link that {name} gave"
        exchange: Exchange = yield Call(
            None, {}, "document", why, twist="none", raw=Raw("GET", path, (("Accept", "*/*"),))
        )
        if exchange.error:
            yield judge_broken(contract, f"the page of {name}", exchange.outcome)
        elif not exchange.void:
            secrets = {
                v
                for k, v in _members(body)
                if k in setting.model.secrets and isinstance(v, str) and len(v) >= SHORTEST
            }
            yield _judge_page(contract, name, exchange, secrets)

    return run


def _judge_page(contract: str, name: str, exchange: Exchange, secrets: Collection[str]) -> Judgement:
    text = exchange.response.body.decode("utf-8", "replace") if exchange.response else ""
    if exchange.status in GONE or exchange.status >= 500:
        return judge_broken(
            contract, f"{name} leads to a page", f"what it leads to is answered {exchange.outcome}"
        )
    if any(secret in text for secret in secrets):
        return judge_broken(contract, f"the page of {name} contains no secret", "it contains one")
    return judge_kept(contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
)
