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

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.paging import make_several
from pgagents.verify.promise import Attempt, Case, Conversation, Judgement, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

HEADER = "last-event-id"
LEAST = 2
"""The fewest events with ids of which one is in the middle."""
MOST_MAKES = 2
"""The most resources of which an instance is made to cause a new event."""
Event = tuple[str, str]
"""An event's id and its name."""
Makers = list[tuple[Resource, Endpoint]]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each event stream with an argument in the header `Last-Event-ID`.

    One attempt only reads, and another one makes an instance first.
    """
    del roles
    for endpoint in setting.endpoints:
        if not endpoint.on_rest or endpoint.action.success.events is None:
            continue
        for param in endpoint.params:
            if param.place != "header" or param.wire.lower() != HEADER:
                continue
            name, makers = str(param.name), _list_makers(setting, endpoint)
            attempt = Attempt(partial(_resume_in_middle, header=name), cost=2, writes=False)
            changed = Attempt(
                partial(_resume_after_change, header=name, makers=makers),
                stage=7,
                cost=4 + 2 * MOST_MAKES,
                writes=True,
                endpoints=(endpoint, *(maker for _, maker in makers)),
                suffix="after a change",
            )
            says = f"{endpoint.action.name} goes on after the event that {param.name} names"
            origin = endpoint.action.origin
            yield Case(endpoint, says, origin, attempt, further=[changed] if makers else ())


def _list_makers(setting: Setting, endpoint: Endpoint) -> Makers:
    """Return resources whose new instances may cause an event: those inside the stream's own resource."""
    about = {p.refers_to for p in endpoint.params if p.required and p.refers_to}
    makers = []
    for resource in setting.model.resources.values():
        maker = setting.find_lead(str(resource.made_by.action.name)) if resource.made_by else None
        if maker is not None and about <= {p.refers_to for p in maker.params}:
            makers.append((resource, maker))
    return makers[:MOST_MAKES]


def _resume_in_middle(trial: Trial, header: str) -> Conversation:
    whole = yield from _read(trial, {}, "a stream from its begin")
    if whole is None or len(whole) < LEAST:
        yield trial.untested(f"the stream has fewer than {LEAST} events with an id")
        return
    middle = (len(whole) - 1) // 2
    last = whole[middle][0]
    resumed = yield from _read(trial, {header: last}, f"a stream after {last}")
    if resumed is None:
        yield trial.untested("the resumed stream was not answered with events")
        return
    yield _judge(trial, last, whole[: middle + 1], whole[middle + 1 :], resumed)


def _resume_after_change(trial: Trial, header: str, makers: Makers) -> Conversation:
    before = yield from _read(trial, {}, "a stream before a change")
    if not before:
        return
    for resource, maker in makers:
        assert resource.made_by is not None
        yield from make_several(resource, resource.made_by, maker, 1, "a new event")
        after = yield from _read(trial, {}, "a stream after a change")
        new = [event for event in after or () if event not in before]
        if not new:
            continue
        last = before[-1][0]
        why = f"a stream after {last}, the last id that it gave"
        resumed = yield from _read(trial, {header: last}, why)
        if resumed is not None:
            yield _judge(trial, last, [], new, resumed)
        return


def _read(trial: Trial, further: Mapping[str, Any], why: str) -> Generator[Any, Any, list[Event] | None]:
    """Read a stream with its required arguments and `further` ones; return its events that have an id.

    None if there is no stream to judge.
    """
    needed = trial.template.list_needed(trial.action)
    answer: Exchange = yield Call(trial.endpoint, {**needed, **further}, "explore", why)
    if not answer.success or not answer.fits or not isinstance(answer.body, list):
        return None
    events = [event for event in answer.body if isinstance(event, Mapping) and event.get("id")]
    return [(str(event["id"]), str(event.get("event", ""))) for event in events]


def _judge(
    trial: Trial, last: str, before: list[Event], further: list[Event], resumed: list[Event]
) -> Judgement:
    """Judge a stream that was resumed after the id `last`. The whole stream has the events `before` up to it
    and `further` ones after it.
    """
    expected = f"after the id {last}, each of the {len(further)} events behind it and none before"
    for id, name in (event for event in further if event not in resumed):
        return trial.broken(expected, f"event {{id}}, `{name}`, does not come", id=id)
    for id, name in (event for event in before if event in resumed):
        return trial.broken(expected, f"event {{id}}, `{name}`, comes again", id=id)
    return trial.kept()


CHECK = make_check("stream_resumption", __doc__, cases, rank=Rank.WRONG)
