"""Declare faults and variations: decorated functions that change how a sandbox or an MCP server behaves."""

from __future__ import annotations

import inspect
import random
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.deliver import Courier
from pgagents.sandbox.fault_helpers import (
    RequestedAction,
    RequestReader,
    data_of,
    edits,
    is_hosted,
    repairs,
    replace_method,
    successful,
)
from pgagents.sandbox.front import Front
from pgagents.sandbox.keys import Key
from pgagents.sandbox.limits import Limits
from pgagents.sandbox.store import Store


@dataclass(frozen=True)
class Context:
    """The parts of a running sandbox that a fault or variation may read and replace.

    A fault may replace `domain`, `decoder` or `limits` of `front`. `courier` sends events. `sleep` waits
    before an answer. Each fault has its own `memory`, which lasts from call to call.
    """

    model: Model
    front: Front
    rng: random.Random
    courier: Courier
    sleep: Callable[[float], None] = time.sleep
    memory: dict[str, Any] = field(default_factory=dict)
    reader: RequestReader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", RequestReader(self.model))

    @property
    def store(self) -> Store:
        """Return the sandbox's store."""
        return self.front.store


Wrap = Callable[[Handler, Context], Handler]
Find = Callable[[str], Key | None]
"""A function that returns the key of a token, or None."""
Put = Callable[..., str]
"""A function that puts an event into the outbox, by type and data. Options are `tenant` and `subject`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A deliberate mistake of a sandbox, which proves that a check finds it.

    The checks in `breaks` must find the fault. Those in `also` may find it too, each for the given reason.
    `needs` names the rows of `tests/language.yaml` whose catalogues show the fault. The word `limits` there
    is no row: it means that only a run with bursts (`--limits`) shows the fault. It is empty if Park Graph
    shows the fault. The checks in `by_list` must find a fault of an MCP server that is judged by its own list
    of tools, without a catalogue. A fault is `odd` if its checks only advise against it.
    """

    kind: str
    name: str
    description: str
    wrap: Wrap
    breaks: frozenset[str] = frozenset()
    also: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    by_list: frozenset[str] = frozenset()
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Variation:
    """Odd but legal behaviour that no check may report.

    `point` names the behaviour key of the catalogue that must be open. If it is None, the variation is always
    legal.
    """

    kind: str
    name: str
    description: str
    wrap: Wrap
    point: str | None = None


T = TypeVar("T")


class Declared(Generic[T]):
    """A decorator that makes a fault or variation from a function, using its name and docstring.

    The decorator itself takes a function from handler to handler. Its methods take shorter functions for
    common changes.
    """

    def __init__(self, make: Callable[[str, str, Wrap], T]) -> None:
        self._make = make

    def __call__(self, wrap: Wrap) -> T:
        return self._declare(wrap, wrap)

    def edit_answers(self, edit: Callable[[Context, Request, Response], Response]) -> T:
        """Change every answer."""
        return self._declare(
            edit, lambda handler, context: edits(handler, lambda *given: edit(context, *given))
        )

    def edit_data(self, edit: Callable[[Context, Request, Any], Any]) -> T:
        """Change the JSON of every successful answer that has some, except hosted documents.

        The function returns None to leave an answer unchanged.
        """
        return self._json(edit, successful)

    def edit_errors(self, edit: Callable[[Context, Request, Any], Any]) -> T:
        """Change the JSON of every error that has some.

        The function returns None to leave an answer unchanged.
        """
        return self._json(edit, lambda answer: answer.status >= 400)

    def _json(self, edit: Callable[[Context, Request, Any], Any], chosen: Callable[[Response], bool]) -> T:
        def apply_edit(context: Context, request: Request, answer: Response) -> Response:
            data = data_of(answer) if chosen(answer) and not is_hosted(context.model, request) else None
            told = edit(context, request, data) if data is not None else None
            return answer if told is None else answer.with_json(told)

        return self._declare(
            edit, lambda handler, context: edits(handler, lambda *given: apply_edit(context, *given))
        )

    def edit_requests(self, repair: Callable[[Context, Request], Request]) -> T:
        """Change every request before the server sees it."""
        return self._declare(
            repair, lambda handler, context: repairs(handler, lambda request: repair(context, request))
        )

    def edit_arguments(
        self, repair: Callable[[Context, RequestedAction, dict[str, Any]], dict[str, Any]]
    ) -> T:
        """Change the arguments of every request for an action; see `RequestReader.arguments`."""

        def apply_edit(context: Context, request: Request) -> Request:
            asked = context.reader.parse(request)
            if asked is None:
                return request
            given = context.reader.arguments(request)
            turned = repair(context, asked, given)
            return context.reader.with_arguments(request, turned) if turned != given else request

        return self._declare(
            repair, lambda handler, context: repairs(handler, lambda request: apply_edit(context, request))
        )

    def handle_requests(self, answer: Callable[[Context, Handler, Request], Response | Silence]) -> T:
        """Answer every request with a function, which gets the original handler."""

        def wrap(handler: Handler, context: Context) -> Handler:
            return lambda request: answer(context, handler, request)

        return self._declare(answer, wrap)

    def replace_actions(self, act: Callable[[Context, Domain, AcceptedCall], Any]) -> T:
        """Carry out actions with a function, which gets the original domain and the call."""
        return self._declare(act, lambda handler, context: _replace_domain(handler, context, act))

    def edit_results(self, *actions: str) -> Callable[[Callable[[Context, AcceptedCall, Any], Any]], T]:
        """Change the results of these actions unless they are refused.

        The function gets the call and the result.
        """

        def declare(edit: Callable[[Context, AcceptedCall, Any], Any]) -> T:
            def act(context: Context, inner: Domain, call: AcceptedCall) -> Any:
                found = inner(call)
                return (
                    found
                    if call.action.name not in actions or isinstance(found, Refusal)
                    else edit(context, call, found)
                )

            return self._declare(edit, lambda handler, context: _replace_domain(handler, context, act))

        return declare

    def change_server(self, change: Callable[[Context], None]) -> T:
        """Change parts of the server before it answers its first request."""

        def wrap(handler: Handler, context: Context) -> Handler:
            change(context)
            return handler

        return self._declare(change, wrap)

    def replace_limits(self, limits: type[Limits]) -> T:
        """Replace the server's rate limits by a class that is the fault or variation itself."""

        def wrap(handler: Handler, context: Context) -> Handler:
            context.front.limits = limits(context.model)
            return handler

        return self._declare(limits, wrap)

    def find_keys(self, find: Callable[[Context, Find, str], Key | None]) -> T:
        """Look up keys with a function, which gets the original look-up and the token."""

        def wrap(handler: Handler, context: Context) -> Handler:
            ring, inner = context.front.keyring, context.front.keyring.find
            replace_method(ring, "find", lambda token: find(context, inner, token))
            return handler

        return self._declare(find, wrap)

    def send_events(self, send: Callable[[Context, Put, str, Any], str]) -> T:
        """Put events into the outbox with a function.

        It gets the original function, the event's type and its data.
        """

        def wrap(handler: Handler, context: Context) -> Handler:
            outbox, inner = context.courier.outbox, context.courier.outbox.put

            def put(type: str, data: Any, at: float, **whose: Any) -> str:
                return send(
                    context,
                    lambda kind, content, **others: inner(kind, content, at, **{**whose, **others}),
                    type,
                    data,
                )

            replace_method(outbox, "put", put)
            return handler

        return self._declare(send, wrap)

    def _declare(self, function: Callable[..., Any], wrap: Wrap) -> T:
        return self._make(function.__name__.replace("_", "-"), inspect.getdoc(function) or "", wrap)


def _replace_domain(
    handler: Handler, context: Context, act: Callable[[Context, Domain, AcceptedCall], Any]
) -> Handler:
    domain = context.front.domain

    def inner(call: AcceptedCall) -> Any:
        return deepcopy(domain(call))  # rows of a list are the whole process's, and a fault may change them

    context.front.domain = lambda call: act(context, inner, call)
    return handler


def fault(
    *breaks: str,
    also: Mapping[str, str] | None = None,
    needs: Sequence[str] = (),
    odd: bool = False,
) -> Declared[Fault]:
    """Return a decorator that declares a fault; `breaks` names the checks that must find it."""
    checks, wanted = frozenset(breaks), frozenset(needs)
    return Declared(
        lambda name, says, wrap: Fault("faults", name, says, wrap, checks, also or {}, wanted, odd=odd)
    )


def variation(point: str | None = None) -> Declared[Variation]:
    """Return a decorator that declares a variation.

    It is legal if this behaviour key of the catalogue is open; without a key it is always legal.
    """
    return Declared(lambda name, says, wrap: Variation("variations", name, says, wrap, point))
