"""Shared parts of the held-out faults: standing between front and domain, and between the reading of
arguments and their use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.fault_declaration import Context


def acts(context: Context, act: Callable[[Domain, AcceptedCall], Any], *names: str) -> None:
    """Let `act` do what these actions do (all where none is named); it gets the real domain, too."""
    inner = context.front.domain
    context.front.domain = lambda call: (
        act(inner, call) if not names or call.action.name in names else inner(call)
    )


def results(context: Context, edit: Callable[[AcceptedCall, Any], None], *names: str) -> None:
    """Change in place what these actions answer when they do not refuse."""

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if not isinstance(found, Refusal):
            edit(call, found)
        return found

    acts(context, act, *names)


def given(call: AcceptedCall, **values: Any) -> AcceptedCall:
    """The call with other arguments."""
    return replace(call, input={**call.input, **values})


def as_tenant(call: AcceptedCall, tenant: str) -> AcceptedCall:
    """The call as if a key of that project and mode made it."""
    project, _, mode = tenant.rpartition("/")
    assert call.key is not None
    return replace(call, key=replace(call.key, project=project, mode=mode))


def sessions(data: Any) -> Iterator[dict[str, Any]]:
    """Every session in an answer's data."""
    if isinstance(data, dict):
        if "session_code" in data and "plate" in data:
            yield data
        for member in data.values():
            yield from sessions(member)
    elif isinstance(data, list):
        for item in data:
            yield from sessions(item)


class _Reread:
    """A decoder whose arguments are changed once they are judged."""

    def __init__(
        self,
        inner: Decoder,
        change: Callable[[Action, dict[str, Any], frozenset[str], str], Mapping[str, Any]],
    ) -> None:
        self._inner, self._change = inner, change

    def request(
        self, action: Action, request: Request, path_values: Mapping[str, str]
    ) -> Arguments | Problem:
        return self._changed(action, self._inner.request(action, request, path_values), "rest")

    def members(
        self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
    ) -> Arguments | Problem:
        return self._changed(action, self._inner.members(action, members, offered), "dispatcher")

    def _changed(self, action: Action, found: Arguments | Problem, surface: str) -> Arguments | Problem:
        if isinstance(found, Problem):
            return found
        return replace(found, values=self._change(action, dict(found.values), found.given, surface))


def arguments(
    context: Context, change: Callable[[Action, dict[str, Any], frozenset[str], str], Mapping[str, Any]]
) -> None:
    """Change the valid arguments of every call: `change(action, values, names that were given, surface)`."""
    context.front.decoder = _Reread(context.front.decoder, change)  # type: ignore[assignment]  # does what a decoder does


def seeing(handler: Handler) -> tuple[Handler, list[Request]]:
    """The handler, and a list whose one member is the request that it is at."""
    at: list[Request] = []

    def answer(request: Request) -> Response | Silence:
        at[:] = [request]
        return handler(request)

    return answer, at
