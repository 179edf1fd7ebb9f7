"""Each action sends its event once and in time, with the state after the action and no secret, to each
webhook for that type and to no other.

Our webhooks are registered, also one of another project. Then instances are made and changed, and deliveries
are awaited. The first delivery is answered with an error, so that it must be sent again (`again_within_s`); a
repeated one counts once, as Stripe's guide says of events. Refused actions send nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.resource import Id, Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.event_steps import ExpectedEvent, act, is_caused, steps_of, types_of
from pgagents.verify.check_registry import collect
from pgagents.verify.events import (
    Event,
    Heard,
    misfit,
    read,
    refusal_of,
    same,
    unheard,
)
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.judgement import Judgement, conclude, judge_untested
from pgagents.verify.promise import RECEIVER, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import got
from pgagents.verify.wire.receiver import Delivery, Inbox

ONCE, PRIVATE, ALONE, OWN = "once", "private", "alone", "own"
"""The details of the contracts about all events. The detail of any other is the type of events."""
BOX = "events"
THEIRS = f"{BOX}-of-another"
Trials = Mapping[str, Trial]
"""The trials of the probe by their details."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each type of event that an action sends, and several about all events.

    One probe tries them all, and covers the other checks on events: the same deliveries show all of it, and
    are awaited once. Without a key of another project, the contract about its events is left to a probe that
    names the key.
    """
    hooks = setting.model.webhooks
    if hooks is None:
        return
    settled = unheard(setting)
    attempt = _make_attempt(setting, roles) if settled is None else None
    alone = replace(attempt, role="second", probe=f"event_delivery/{THEIRS}", covers=()) if attempt else None
    case = partial(Case, None, settled=settled, place="@rest")
    for type, event in hooks.events.items():
        if is_caused(setting, type):
            sender = " or ".join(event.by) or f"the end of a {event.about}"
            says = f"{sender} sends {type} within {hooks.within_s} s: the {event.about} as the action left it"
            origin, cite = ("webhooks", "events", type), event.cite or hooks.cite
            yield case(says, origin, attempt, type, cite)
    for detail, says, at in _list_promises(setting) if steps_of(setting) else ():
        how = alone if detail == OWN and "second" not in roles else attempt
        yield case(says, ("webhooks", *at), how, detail, hooks.cite)


def _list_promises(setting: Setting) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield detail, promise and origin of each contract about all events."""
    registered = ("registered_by",)
    yield ONCE, "each action sends its event once, a refused one none", ("events",)
    yield PRIVATE, "events contain no secret", ("events",)
    yield ALONE, "a webhook hears the types of events that it asked for and no others", registered
    if "second" in setting.model.auth.roles and _are_of_projects(setting):
        yield OWN, "a webhook hears nothing of another project", registered


def _make_attempt(setting: Setting, roles: frozenset[str]) -> Attempt | None:
    """Return the attempt that tries all cases; None if nothing can be registered, or nothing is sent."""
    hooks, receiver, steps = setting.model.webhooks, setting.receiver, steps_of(setting)
    endpoint = setting.find_lead(str(hooks.registered_by))
    if endpoint is None or receiver is None or not steps:
        return None
    own = "second" in roles and any(detail == OWN for detail, _, _ in _list_promises(setting))
    others = tuple(
        contract.id
        for check in collect().values()
        if check.hear is not None
        for contract in check.promises(setting)
    )
    return Attempt(
        # an operator moves the clock to the end of a job
        together=partial(_try, receiver=receiver, endpoint=endpoint, others=others, timed=OPERATOR in roles),
        cost=len(steps) + len(types_of(steps)) + 2 * own,
        writes=True,
        endpoints=(endpoint, *(setting.get_lead(str(action.name)) for _, _, action, _ in steps)),
        probe=f"event_delivery/{BOX}",
        covers=others,
    )


def _try(
    trials: Sequence[Trial], receiver: Inbox, endpoint: Endpoint, others: Sequence[str], *, timed: bool
) -> None:
    tried, setting = {trial.case.detail: trial for trial in trials}, trials[0].setting
    steps = steps_of(setting)
    boxes = {type: f"{BOX}-{type}" if index else BOX for index, type in enumerate(types_of(steps))}
    registered, problem = _register(setting, receiver, endpoint, boxes)
    if problem:
        for contract in (*(trial.contract for trial in trials), *others):
            conclude(judge_untested(contract, problem))
        return
    theirs = _register_of_another(setting, receiver.open(THEIRS), endpoint) if OWN in tried else None
    expected: list[ExpectedEvent] = []
    secrets: set[str] = set()
    act(setting, steps, expected, secrets, timed=timed)
    arrivals = Arrivals(setting, receiver, expected, boxes, theirs)
    arrivals.wait()
    heard = {type: arrivals.read_box(box) for type, box in boxes.items()}
    conclude(_judge_events(tried, expected, heard, secrets))
    conclude(_judge_apart(tried, arrivals, heard))
    for type, events in heard.items():
        conclude(_judge_deliveries(Heard(registered[type], events), setting))


def _judge_deliveries(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Yield the judgements of all checks that have a `hear`."""
    for check in collect().values():
        if check.hear is not None:
            yield from check.hear(heard, setting)


# -- webhooks for each type, and one of another project


def _register(
    setting: Setting, receiver: Inbox, endpoint: Endpoint, boxes: Mapping[str, str]
) -> tuple[dict[str, str], str]:
    """Register a webhook for each type of event; return their secrets, and why one was refused, if one was.

    The first webhook refuses its first delivery, if the server must send it again; one is enough, and Shopify
    removes a webhook that refuses several.
    """
    hooks = setting.model.webhooks
    secrets: dict[str, str] = {}
    for type, box in boxes.items():
        refusals = 1 if hooks.again_within_s and not secrets else 0
        address = receiver.open(box, refusals=refusals, refusal=refusal_of(setting.model))
        asked = choose_types(setting, list(boxes), type)
        arguments = {hooks.url: address, hooks.types: asked}
        why = f"a webhook for {' and '.join(asked)} alone"
        made = ask(Call(endpoint, arguments, "valid", why, fresh=True))
        if not made.success:
            elsewhere = "; a server elsewhere cannot send to this machine: give --receiver URL"
            hint = elsewhere if receiver.loopback else ""
            return secrets, f"no webhook could be registered at {address}: {made.outcome}{hint}"
        secrets[type] = str(got(made.body, hooks.secret_at or "") or "")
    return secrets, ""


# -- the judgement of the events that came


def _judge_events(
    tried: Trials, expected: list[ExpectedEvent], heard: Mapping[str, tuple[Event, ...]], secrets: set[str]
) -> Iterator[Judgement]:
    once, private, types = tried[ONCE], tried[PRIVATE], list(heard)
    setting = once.setting
    for event in expected:
        mine = [came for came in heard[event.type] if is_about(came, event)]
        yield _judge_event(tried[event.type], event, mine, heard[event.type], count_alike(expected, event))
        times, due = len(list_taken(mine, event)), count_alike(expected, event)
        if not times:
            continue
        if times <= due:
            yield once.kept()
        else:
            says = f"{due if due > 1 else 'one'} {event.type} about {event.id}"
            yield once.broken(says, "{times} events of that type came", times=times)
    others = list_other_types(setting, types)  # an event of another type may rightly hold such a value
    for came in (came for events in heard.values() for came in events if came.type not in others):
        secret = any(json_bytes(value)[1:-1] in came.delivery.body for value in secrets)
        says = "events contain no secret"
        # the address that hears it may be anybody's, and keeps it in its logs
        broken = private.broken(says, f"{came.type} contains one").with_rank(Rank.EXPOSED)
        yield broken if secret else private.kept()


def _judge_event(
    trial: Trial, expected: ExpectedEvent, mine: Sequence[Event], heard: Sequence[Event], due: int
) -> Judgement:
    """Judge `mine`, which are the events of `heard` about the expected one. It is due so many times.

    Of several that are due, each shows another state, and webhooks have no order (Stripe), so one must fit.
    """
    what, within_s = f"{expected.type} about {expected.id}", trial.model.webhooks.within_s
    if not mine:
        return trial.broken(f"{what} within {within_s} s", f"{_name_types(heard)} came")
    count = len({event.id or event.delivery.body for event in mine})
    if count < due:
        return trial.broken(f"{due} {what}", "{count} came", count=count)
    differences = [
        (problem, {}) if (problem := misfit(trial.setting, event)) else _find_difference(expected, event)
        for event in (mine if due > 1 else mine[:1])
    ]
    if not all(claim for claim, _ in differences):
        return trial.kept()
    claim, values = differences[-1]
    says = f"{expected.type} shows the {expected.resource.name} as the action left it"
    return trial.broken(says, claim, **values)


def _name_types(events: Sequence[Event]) -> str:
    return ", ".join(sorted({event.type or "no event" for event in events})) or "nothing"


def _find_difference(expected: ExpectedEvent, event: Event) -> tuple[str, dict[str, Any]]:
    """Return the first member of an event that differs from the action's answer, as a claim with its values;
    empty if none does. An event may show a part of the instance, as its schema says. A volatile member, such
    as a link that is signed anew, is not compared, but for the state in which a job has ended.
    """
    left_out = {*expected.resource.volatile, *expected.resource.reads_change} - {expected.resource.state}
    for name, answered in expected.body.items():
        if name in event.data and name not in left_out and not same(answered, event.data[name]):
            claim = f"{name} is {{sent}}, the action answered {{answered}}"
            return claim, {"sent": event.data[name], "answered": answered}
    return "", {}


def _judge_apart(
    tried: Trials, arrivals: Arrivals, heard: Mapping[str, tuple[Event, ...]]
) -> Iterator[Judgement]:
    """Judge that no webhook received events of other types, or of another project."""
    alone, setting, theirs = tried[ALONE], arrivals.setting, arrivals.theirs
    for type, events in heard.items():
        asked = choose_types(setting, list(heard), type)
        # GitHub sends a ping to each new webhook, whatever it asked for
        others = (str(e.type) for e in events if e.type not in asked)
        other = next((type for type in others if is_caused(setting, type)), None)
        asked_for = " and ".join(asked)
        says = f"a webhook for {asked_for} hears {asked_for} alone"
        if other is not None:
            yield alone.broken(says, f"it heard {other}")
        else:
            yield alone.kept() if events else alone.untested("a webhook heard nothing")
    if OWN not in tried:
        return
    own = tried[OWN]
    mine = [(event.resource, event.id) for event in arrivals.expected if event.id is not None]
    foreign = [e for e in arrivals.read_box(THEIRS) if any(shows(setting, e, *shown) for shown in mine)]
    if theirs is not None:
        foreign += [e for events in heard.values() for e in events if shows(setting, e, *theirs)]
    if foreign:
        says = "events of one project go to its own webhooks"
        yield own.broken(says, f"{foreign[0].type} went to another's").with_rank(Rank.EXPOSED)
    elif theirs is None:
        yield own.untested("another project could register no webhook, or make nothing that sends an event")
    elif not (any(heard.values()) and arrivals.have_theirs_come()):
        yield own.untested("ours or another project's webhook heard nothing, so that it hears of no other")
    else:
        yield own.kept()


CHECK = make_check("event_delivery", __doc__, cases, stage=3, aid=RECEIVER, rank=Rank.WRONG)


# -- the events that came, and those that are still awaited


LOOK_S = 0.5
"""Seconds between two looks at what came, so that a run does not wait all of `within_s`."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The events that are expected, and the boxes of our receiver to which they come.

    `boxes` maps each type of event to the box of its webhook. `theirs` is what another project has made; None
    if it has no webhook.
    """

    setting: Setting
    receiver: Inbox
    expected: Sequence[ExpectedEvent]
    boxes: Mapping[str, str]
    theirs: tuple[Resource, Id] | None = None
    _parsed: dict[str, tuple[tuple[Delivery, ...], tuple[Event, ...]]] = field(default_factory=dict)
    """The deliveries that a box held at the last look, and their events."""

    def read_box(self, box: str) -> tuple[Event, ...]:
        """Return the events that came to a box.

        A delivery is parsed at the first look only: a run that waits looks at all of them again and again.
        """
        deliveries, (held, events) = self.receiver.deliveries(box), self._parsed.get(box, ((), ()))
        if deliveries != held:
            known, model = dict(zip(held, events, strict=True)), self.setting.model
            events = tuple([known.get(each) or read(model, each) for each in deliveries])
            self._parsed[box] = deliveries, events
        return events

    def wait(self) -> None:
        """Wait for the expected events as long as `within_s` says, then a little longer for others, which are
        sent with them: events of another type, or for another webhook.
        """
        looks, seen, patience_s = 0, None, 0.0
        while True:
            boxes = [self.read_box(box) for box in (*self.boxes.values(), THEIRS)]
            if boxes != seen:  # most looks find nothing new
                seen, patience_s = boxes, 0.0 if self._have_all_come() else self._find_patience_s()
            if looks * LOOK_S >= patience_s:
                break
            looks += 1
            ask(Sleep(LOOK_S, quiet=True))
        ask(Sleep(LOOK_S, quiet=True))

    def _find_patience_s(self) -> float:
        """Return how many seconds to wait for deliveries. A second delivery is awaited only if the first was
        refused.
        """
        hooks = self.setting.model.webhooks
        refused = any(event.refused for box in self.boxes.values() for event in self.read_box(box))
        return float(hooks.within_s + (hooks.again_within_s or 0 if refused else 0))

    def _have_all_come(self) -> bool:
        """True if each action's event has come, and each refused delivery has come again."""
        for type, box in self.boxes.items():
            events, asked = self.read_box(box), choose_types(self.setting, list(self.boxes), type)
            again = {e.id for e in events if not e.refused}
            awaited = (event for event in self.expected if event.type in asked)
            if not all(
                len(list_taken(events, event)) >= count_alike(self.expected, event) for event in awaited
            ) or any(e.id not in again for e in events if e.refused):
                return False
        return self.theirs is None or self.have_theirs_come()

    def have_theirs_come(self) -> bool:
        """True if another project's webhook has heard of what was made there."""
        events, theirs = self.read_box(THEIRS), self.theirs
        return theirs is not None and any(shows(self.setting, event, *theirs) for event in events)


# -- events about an expected one


def is_about(event: Event, expected: ExpectedEvent) -> bool:
    """True if an event has the type of the expected one, and shows its instance."""
    return (
        event.type == expected.type
        and isinstance(event.data, Mapping)
        and expected.resource.id_of(event.data) == expected.id
    )


def shows(setting: Setting, event: Event, resource: Resource, id: Id) -> bool:
    """True if an event shows an instance.

    An id that is a text may stand anywhere in the event. A number, as databases count them, means it in the
    data of such events alone.
    """
    if isinstance(id, str):
        return json_bytes(id) in event.delivery.body
    known = setting.model.webhooks.events.get(event.type or "")
    about = known is not None and known.about == resource.name
    return about and isinstance(event.data, Mapping) and resource.id_of(event.data) == id


def count_alike(expected: Sequence[ExpectedEvent], event: ExpectedEvent) -> int:
    """Return how many of the expected events have the type of one of them, and are about its instance."""
    return sum(
        (other.type, other.resource.name, other.id) == (event.type, event.resource.name, event.id)
        for other in expected
    )


def list_taken(events: Sequence[Event], event: ExpectedEvent) -> set[str | bytes]:
    """Return the ids of the events about an expected one that our receiver took; without ids, their bodies.

    An event that was delivered twice counts once.
    """
    return {e.id or e.delivery.body for e in events if is_about(e, event) and not e.refused}


# -- types of webhooks


def list_other_types(setting: Setting, types: list[str]) -> list[str]:
    """Return the types of events that no action causes by the catalogue, such as GitHub's `ping`."""
    return [type for type in setting.model.webhooks.events if type not in types]


def choose_types(setting: Setting, types: list[str], type: str) -> list[str]:
    """Return the types that the webhook for `type` registers.

    The first webhook also registers the types that no action causes, which `event_schema` judges. The second
    one also registers the first one's type: `event_schema` compares the ids where one receiver hears both.
    """
    others = list_other_types(setting, types) if type == types[0] else types[:1] if type == types[1] else []
    return limit_types(setting, [type, *others])


def limit_types(setting: Setting, types: list[str]) -> list[str]:
    """Return as many of these types as one webhook may register by the argument's `maxItems`."""
    endpoint = setting.find_lead(str(setting.model.webhooks.registered_by))
    param = endpoint.action.param(str(setting.model.webhooks.types)) if endpoint is not None else None
    return (
        types[: setting.resolve_schema(param.schema).get("maxItems", len(types))]
        if param is not None
        else types
    )


def _are_of_projects(setting: Setting) -> bool:
    """True if webhooks are a resource of the catalogue; else nothing says that one is a project's own."""
    made = (resource.made_by for resource in setting.model.resources.values())
    return any(call is not None and call.action.name == setting.model.webhooks.registered_by for call in made)


def _register_of_another(setting: Setting, address: str, endpoint: Endpoint) -> tuple[Resource, Id] | None:
    """Register a webhook of another project, and make one instance there, which sends an event.

    Return the resource and the instance's id, or None.
    """
    hooks, steps = setting.model.webhooks, steps_of(setting)
    # one event is enough, and other steps need what this project has made
    makes = (step for step in steps if step[1].made_by and step[2] is step[1].made_by.action)
    type, resource, maker, _ = next(makes, (None, None, None, None))
    if type is None or resource is None or maker is None or resource.made_by is None:
        return None
    theirs = partial(Call, intent="valid", role="second", owner="second", fresh=True)
    types = limit_types(setting, list(dict.fromkeys((type, *types_of(steps)))))
    made = ask(theirs(endpoint, {hooks.url: address, hooks.types: types}, why="another project's webhook"))
    if not made.success:
        return None
    why = f"another project's {resource.name}"
    instance = ask(theirs(setting.get_lead(str(maker.name)), resource.made_by.input, why=why))
    read = instance.success and resource.made_by.at is not None
    body = at_path(resource.made_by, instance) if read else None
    id = resource.id_of(body) if isinstance(body, Mapping) else None
    return (resource, id) if id is not None else None
