"""An event stream that is resumed by `Last-Event-ID` continues after that event, without a gap or a
repetition.

A stream is read to its end, and again from an event in its middle. Then something is made, and the stream is
resumed from its last id, as by a client that lost its connection. New events that the whole stream contains
must be sent. A client misses a change if the closing event before it had the same id.

https://html.spec.whatwg.org/multipage/server-sent-events.html, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.cases.paging import make_several
from pgagents.verify.fixtures.request_template import template_of
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
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "stream_resumption"
HEADER = "last-event-id"
LEAST = 2
"""The fewest events with ids of which one is in the middle."""
MOST_MAKES = 2
"""The most resources of which an instance is made to cause a new event."""
COST = 4 + 2 * MOST_MAKES
Event = tuple[str, str]
"""An event's id and its name."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each event stream with an argument in the header `Last-Event-ID`."""
    for endpoint, param in _list_streams(setting):
        says = f"{endpoint.action.name} goes on after the event that {param.name} names"
        yield promise(NAME, "", endpoint, says, endpoint.action.origin, endpoint.action.cite)


def _list_streams(setting: Setting) -> Iterator[tuple[Endpoint, Param]]:
    for endpoint in setting.endpoints:
        if not endpoint.on_rest or endpoint.action.success.events is None:
            continue
        for param in endpoint.params:
            if param.place == "header" and param.wire.lower() == HEADER:
                yield endpoint, param


def _list_makers(setting: Setting, endpoint: Endpoint) -> list[tuple[Resource, Endpoint]]:
    """Return resources whose new instances may cause an event: those inside the stream's own resource."""
    about = {p.refers_to for p in endpoint.params if p.required and p.refers_to}
    found = []
    for resource in setting.model.resources.values():
        maker = setting.find_lead(str(resource.made_by.action.name)) if resource.made_by else None
        if maker is not None and about <= {p.refers_to for p in maker.params}:
            found.append((resource, maker))
    return found[:MOST_MAKES]


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield two probes for each contract: one only reads, and the other makes an instance first."""
    del roles
    for endpoint, param in _list_streams(setting):
        contract = f"{NAME}/{endpoint.place}"
        run = partial(_run_from_middle, setting, endpoint, param, contract)
        yield Probe(contract, 6, (contract,), 2, run, (endpoint,), "main", False)
        makers = _list_makers(setting, endpoint)
        if makers:
            name, run = (
                f"{contract} after a change",
                partial(_run_after_change, setting, endpoint, param, contract),
            )
            endpoints = (endpoint, *(maker for _, maker in makers))
            yield Probe(name, 7, (contract,), COST, run, endpoints, "main", True)


def _run_from_middle(setting: Setting, endpoint: Endpoint, param: Param, contract: str) -> Conversation:
    whole = yield from _read(setting, endpoint, {}, "a stream from its begin")
    if whole is None or len(whole) < LEAST:
        yield judge_untested(contract, f"the stream has fewer than {LEAST} events with an id")
        return
    middle = (len(whole) - 1) // 2
    last = whole[middle][0]
    resumed = yield from _read(setting, endpoint, {str(param.name): last}, f"a stream after {last}")
    if resumed is None:
        yield judge_untested(contract, "the resumed stream was not answered with events")
        return
    yield _judge(contract, last, whole[: middle + 1], whole[middle + 1 :], resumed)


def _run_after_change(setting: Setting, endpoint: Endpoint, param: Param, contract: str) -> Conversation:
    before = yield from _read(setting, endpoint, {}, "a stream before a change")
    if not before:
        return
    for resource, maker in _list_makers(setting, endpoint):
        assert resource.made_by is not None
        yield from make_several(resource, resource.made_by, maker, 1, "a new event")
        after = yield from _read(setting, endpoint, {}, "a stream after a change")
        new = [event for event in after or () if event not in before]
        if not new:
            continue
        last = before[-1][0]
        why = f"a stream after {last}, the last id that it gave"
        resumed = yield from _read(setting, endpoint, {str(param.name): last}, why)
        if resumed is not None:
            yield _judge(contract, last, [], new, resumed)
        return


def _read(
    setting: Setting, endpoint: Endpoint, further: Mapping[str, Any], why: str
) -> Generator[Any, Any, list[Event] | None]:
    """Read a stream with its required arguments and `further` ones; return its events that have an id.

    None if there is no stream to judge.
    """
    given = template_of(setting.model, endpoint.action).list_needed(endpoint.action)
    exchange: Exchange = yield Call(endpoint, {**given, **further}, "explore", why)
    if not exchange.success or not exchange.fits or not isinstance(exchange.body, list):
        return None
    found = [event for event in exchange.body if isinstance(event, Mapping) and event.get("id")]
    return [(str(event["id"]), str(event.get("event", ""))) for event in found]


def _judge(
    contract: str, last: str, seen: list[Event], further: list[Event], resumed: list[Event]
) -> Judgement:
    """Judge a stream that was resumed after the id `last`. The whole stream has `seen` before it and
    `further` after it.
    """
    expected = f"after the id {last}, each of the {len(further)} events behind it and none before"
    lost = [event for event in further if event not in resumed]
    if lost:
        return judge_broken(contract, expected, f"event {lost[0][0]}, `{lost[0][1]}`, does not come")
    again = [event for event in seen if event in resumed]
    if again:
        return judge_broken(contract, expected, f"event {again[0][0]}, `{again[0][1]}`, comes again")
    return judge_kept(contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
