"""A link that answers give to the API's own host leads somewhere, and what stands there tells no secret.

Claimed where an example shows such a link. It is followed without a key: a page that wants its reader to sign in is as good,
one that is not there, or fails, is not. What leads to another host is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pgagents.contract import Contract
from pgagents.source import Pointer
from pgagents.verify.call import Call, Raw, Recall
from pgagents.verify.check import Conversation, Judgement, Probe, broken, kept, promise_at, untested
from pgagents.verify.door import REST
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.seen import Seen

NAME = "links_lead"
GONE = (404, 410)
SHORTEST = 8
"""A secret of fewer characters may stand in a page by chance."""
Noted = dict[str, tuple[str, frozenset[str]]]
"""By the member's name: the link, and the secrets that were told beside it."""


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each member that holds such links."""
    for name, origin in _links(setting).items():
        yield promise_at(NAME, name, f"@{REST}", f"the link that answers give as {name} leads to a page that is there", origin)


def _links(setting: Setting) -> Mapping[str, Pointer]:
    """Members whose schema says `uri`, that no argument dictates, and that an example shows on the API's own host."""

    def found() -> dict[str, Pointer]:
        given = {str(p.name) for a in setting.model.actions for p in a.params}
        links: dict[str, Pointer] = {}
        for door in setting.doors:
            schema = door.action.success.schema
            names = set(_uris(schema, setting, 0)) - given if schema is not None else set()
            for example in door.action.examples:
                for name, value in _members(example.output):
                    if name in names and isinstance(value, str) and _path(setting, value):
                        links.setdefault(name, door.action.success.origin)
        return links

    return setting.kept(NAME, found)


def _uris(schema: Mapping[str, Any], setting: Setting, depth: int) -> Iterator[str]:
    if depth > 8:
        return
    schema = setting.named(schema)
    for name, member in (schema.get("properties") or {}).items():
        if setting.named(member).get("format") == "uri":
            yield str(name)
        yield from _uris(member, setting, depth + 1)
    for part in (schema.get("items"), *(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
        if isinstance(part, Mapping):
            yield from _uris(part, setting, depth + 1)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member of every object inside."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield str(name), member
            yield from _members(member)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)


def _path(setting: Setting, link: str) -> str:
    """Path and query of a link to the API's own host; empty for another one."""
    try:
        parts = urlsplit(link)
        own = {urlsplit(url).netloc for url in (str(setting.model.api.server), setting.url) if url}
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or parts.netloc not in own:
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Note the first link of each member."""
    noted: Noted = memory.notes.setdefault(NAME, {})
    names = _links(memory.setting)
    if seen.fits and seen.success and len(noted) < len(names):
        members = list(_members(seen.body))
        secrets = frozenset(v for k, v in members if k in memory.model.secrets and isinstance(v, str) and len(v) >= SHORTEST)
        for name, value in members:
            if name in names and isinstance(value, str):
                noted.setdefault(name, (value, secrets))
    yield from ()


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One request for each member, behind what tells the link."""
    del roles
    for name in _links(setting):
        contract = f"{NAME}/{name}@{REST}"
        yield Probe(contract, 4, (contract,), 1, _run(setting, name, contract), ())


def _run(setting: Setting, name: str, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        noted: Noted = (yield Recall(NAME)) or {}
        if name not in noted:
            yield untested(contract, f"no answer told a {name}")
            return
        link, secrets = noted[name]
        path = _path(setting, link)
        if not path:
            yield kept(contract)
            return
        seen: Seen = yield Call(
            None, {}, "document", f"the link that {name} gave", twist="none", raw=Raw("GET", path, (("Accept", "*/*"),))
        )
        if seen.error:
            yield broken(contract, f"the page of {name}", seen.outcome)
        elif not seen.void:
            yield _judged(contract, name, seen, secrets)

    return run


def _judged(contract: str, name: str, seen: Seen, secrets: frozenset[str]) -> Judgement:
    text = seen.response.body.decode("utf-8", "replace") if seen.response else ""
    if seen.status in GONE or seen.status >= 500:
        return broken(contract, f"{name} leads to a page", f"what it leads to is answered {seen.outcome}")
    if any(secret in text for secret in secrets):
        return broken(contract, f"the page of {name} tells no secret", "it tells one")
    return kept(contract)
