"""Calls through tools that meet the conditions of laws: further reads, and a second removal of an
instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.model.resource import Resource
from pgagents.verify.check.check import Conversation, Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import list_further_reads, ordinary
from pgagents.verify.laws.laws import list_laws
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def list_tool_probes(setting: Setting, check: str) -> Iterator[Probe]:
    """Yield optional calls through tools whose ordinary call may not meet the condition of a law."""
    for endpoint in setting.tools:
        laws = [law for law in list_laws(endpoint) if law.when is not None]
        if endpoint.leads or not laws:
            continue
        covers = tuple(f"{check}/{law.name}/{endpoint.place}" for law in laws)
        if endpoint.action.effect != "write":
            for why, template in list_further_reads(setting.model, endpoint.action):
                run, at = read_once(ordinary(endpoint, template, "explore", why)), f"{why}/{endpoint.place}"
                yield Probe(f"{check}/{at}", 6, covers, 1, run, (endpoint,), "main", optional=True)
        elif (resource := _find_kept(setting, endpoint)) is not None:
            covers = tuple(c for c, law in zip(covers, laws, strict=True) if "before" in law.names)
            run, at = partial(_remove_twice, resource, endpoint), f"removed again/{endpoint.place}"
            if covers:
                yield Probe(f"{check}/{at}", 6, covers, 2, run, (endpoint,), "main", True, optional=True)


def read_once(call: Call) -> Callable[[], Conversation]:
    """Return a conversation of one call, whose answer the laws judge."""

    def run() -> Conversation:
        yield call

    return run


def _find_kept(setting: Setting, endpoint: Endpoint) -> Resource | None:
    """Return the resource whose removed instances can still be read, if a call of the endpoint removes
    one.
    """
    for resource in setting.model.resources.values():
        undo = resource.undone_by
        if undo is not None and undo.action is endpoint.action and resource.made_by is not None:
            return resource if resource.removes and resource.gone_when is not None else None
    return None


def _remove_twice(resource: Resource, endpoint: Endpoint) -> Conversation:
    """Remove an instance twice. The server may refuse the second call; else the laws hold."""
    assert resource.undone_by is not None
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    for why in ("is removed", "is removed again"):
        done: Exchange = yield Call(
            endpoint, resource.undone_by.input, "explore", f"a {resource.name} {why}",
            subject=resource, made=body,
        )  # fmt: skip
        if not done.success:
            return
