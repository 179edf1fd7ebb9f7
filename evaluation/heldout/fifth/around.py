"""Shared parts of these faults: reading arguments more kindly than promised, paths that end in a slash, and
caches.
"""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from evaluation.heldout.around import acts
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes, read_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.surface import Surface
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.fault_declaration import Context

Change = Callable[[dict[str, Any]], Mapping[str, Any]]


class _Kind:
    """A decoder whose arguments are changed before they are judged. `kept`: what is used afterwards is
    what was sent.
    """

    def __init__(
        self, inner: Decoder, action: str, change: Change, surfaces: frozenset[str], kept: bool
    ) -> None:
        self._inner, self._action, self._change, self._surfaces, self._kept = (
            inner,
            action,
            change,
            surfaces,
            kept,
        )

    def request(
        self, action: Action, request: Request, path_values: Mapping[str, str]
    ) -> Arguments | Problem:
        if action.name != self._action or "rest" not in self._surfaces:
            return self._inner.request(action, request, path_values)
        body = read_json(request.body).value if request.body else {}
        if not isinstance(body, dict):  # what cannot be read is refused as ever
            return self._inner.request(action, request, path_values)
        sent = {**path_values, **dict(request.query), **body}
        changed = self._change(dict(sent))
        path = {name: str(changed[name]) for name in path_values}
        if body:
            request = replace(request, body=json_bytes({name: changed[name] for name in body}))
        elif request.query:
            pairs = [(name, changed[name] if value == sent[name] else value) for name, value in request.query]
            request = replace(request, target=request.path + "?" + urlencode(pairs, quote_via=quote))
        return self._used(sent, changed, self._inner.request(action, request, path))

    def members(
        self, action: Action, members: Mapping[str, Any], offered: Surface | None = None
    ) -> Arguments | Problem:
        if action.name != self._action or "dispatcher" not in self._surfaces:
            return self._inner.members(action, members, offered)
        changed = self._change(dict(members))
        return self._used(members, changed, self._inner.members(action, changed, offered))

    def _used(
        self, sent: Mapping[str, Any], changed: Mapping[str, Any], found: Arguments | Problem
    ) -> Arguments | Problem:
        if isinstance(found, Problem) or not self._kept:
            return found
        back = {name: sent[name] for name in found.values if name in sent and sent[name] != changed[name]}
        return replace(found, values={**found.values, **back})


def kind(context: Context, action: str, change: Change, *surfaces: str, kept: bool = False) -> None:
    """Change the arguments of an action before they are judged, on these surfaces (on both where none is
    named).
    """
    chosen = frozenset(surfaces or ("rest", "dispatcher"))
    context.front.decoder = _Kind(context.front.decoder, action, change, chosen, kept)  # type: ignore[assignment]  # does what a decoder does


def one(name: str, change: Callable[[Any], Any]) -> Change:
    """A change of one argument, where it is given."""
    return lambda given: {**given, name: change(given[name])} if name in given else given


def number_of(value: Any) -> Any:
    """A number for a text that is one; everything else as it is."""
    try:
        return (
            json.loads(value) if isinstance(value, str) and type(json.loads(value)) in (int, float) else value
        )
    except ValueError:
        return value


def folded(value: Any) -> Any:
    """A text with look-alikes replaced (NFKC)."""
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


def slashed(
    handler: Handler,
    method: str,
    begins: str,
    answer: Callable[[Request, Request], Response | Silence | None],
) -> Handler:
    """Let `answer` treat calls of this method whose path begins so and ends in a slash: as sent, and
    without the slash.
    """

    def outer(request: Request) -> Response | Silence:
        path, mark, query = request.target.partition("?")
        bare = path[:-1]
        if (
            request.method != method
            or not path.endswith("/")
            or not bare.startswith(begins)
            or bare.endswith("/")
        ):
            return handler(request)
        if "/" in bare[len(begins) :]:
            return handler(request)
        found = answer(request, replace(request, target=bare + mark + query))
        return handler(request) if found is None else found

    return outer


def redirected(handler: Handler, method: str, begins: str, status: int) -> Handler:
    """Send calls with a slash at the end on to the path without it. Who sends no key is refused before."""

    def answer(request: Request, bare: Request) -> Response | Silence:
        found = handler(request)
        if isinstance(found, Silence) or found.status != 404:
            return found
        headers = tuple((name, value) for name, value in found.headers if name.lower() != "content-type")
        return Response(status, (*headers, ("Location", bare.target)))

    return slashed(handler, method, begins, answer)


def cached(context: Context, action: str, until: frozenset[str], lives_s: float) -> None:
    """Answer an action from a cache that knows the arguments and not the key; what `until` names empties
    it.
    """
    kept: dict[str, tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.action.name in until:
            kept.clear()
        if call.action.name != action:
            return inner(call)
        of = json.dumps(dict(call.input), sort_keys=True)
        at, known = kept.get(of, (-lives_s, None))
        if call.now - at < lives_s:
            return copy.deepcopy(known)
        found = inner(call)
        if not isinstance(found, Refusal):
            kept[of] = (call.now, copy.deepcopy(found))
        return found

    acts(context, act)
