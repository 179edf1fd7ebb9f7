"""Each action sends its event once, with the state after the action, to each webhook for that type and to no
other.

Our webhooks are registered: also one that is deleted, one of another project, and one for each version of the
envelope. Then instances are made and changed, and deliveries are awaited. The first delivery is answered with
an error, so that it must be sent again. Refused actions send nothing, and no event holds a secret.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.resource import Id, Resource
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.event_steps import ExpectedEvent, act, is_caused, steps_of, types_of
from pgagents.verify.events import (
    Event,
    Heard,
    box_of,
    count_alike,
    is_about,
    judge_deliveries,
    judge_version,
    list_event_contracts,
    list_taken,
    misfit,
    read,
    refusal_of,
    register_versions,
    same,
    shows,
    unheard,
    usual_version,
)
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_accepted,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.receiver import Delivery, Inbox

NAME = "event_delivery"
ONCE = f"{NAME}/once@rest"
PRIVATE = f"{NAME}/private@rest"
EACH = f"{NAME}/each@rest"
ALONE = f"{NAME}/alone@rest"
OWN = f"{NAME}/own@rest"
DELETED = f"{NAME}/deleted@rest"
WIDEST = f"{NAME}/widest@rest"
BOX = "events"
THEIRS, GONE = f"{BOX}-of-another", f"{BOX}-deleted"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each type of event that an action sends, and several about all events."""
    hooks = setting.model.webhooks
    if hooks is None:
        return
    for type, event in hooks.events.items():
        if is_caused(setting, type):
            sender = " or ".join(event.by) or f"the end of a {event.about}"
            says = f"{sender} sends {type} within {hooks.within_s} s: the {event.about} as the action left it"
            cite = event.cite or hooks.cite
            yield promise_at(NAME, type, "@rest", says, ("webhooks", "events", type), cite)
    for detail, says, at in _details(setting) if steps_of(setting) else ():
        yield promise_at(NAME, detail, "@rest", says, ("webhooks", *at), hooks.cite)


def _details(setting: Setting) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield detail, promise and origin of each contract about all events."""
    registered = ("registered_by",)
    yield "once", "each action sends its event once, a refused one none", ("events",)
    if len(types_of(steps_of(setting))) > 1:
        yield "each", "an event goes to each webhook that asked for its type", registered
    for value, version in setting.model.webhooks.versions.items():
        says = f"a webhook of version {value} hears events as {version.envelope}"
        yield f"version/{value}", says, ("versions", value)
    yield "private", "events contain no secret", ("events",)
    yield "alone", "a webhook hears the types of events that it asked for and no others", registered
    if find_webhook_remover(setting) is not None:
        yield "widest", "a webhook for every type of event at the longest address is taken", registered
        yield "deleted", "a webhook that was deleted hears nothing", registered
    if "second" in setting.model.auth.roles and find_webhook_resource(setting) is not None:
        yield "own", "a webhook hears nothing of another project", registered


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless a receiver listens."""
    del contract
    return unheard(setting)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe that covers every check on events, and one for another project if it needs a key of
    its own.
    """
    hooks, receiver = setting.model.webhooks, setting.receiver
    endpoint = setting.find_lead(str(hooks.registered_by)) if hooks else None
    steps = steps_of(setting) if endpoint else ()
    if endpoint is None or receiver is None or not steps:
        return
    endpoints = (endpoint, *(setting.get_lead(str(action.name)) for _, _, action, _ in steps))
    own = any(c.id == OWN for c in promises(setting))
    both = own and "second" in roles
    covers = tuple(id for id in list_event_contracts(setting) if both or id != OWN)
    cost = len(steps) + len(types_of(steps)) + 3 + 2 * both + len(hooks.versions)
    timed = OPERATOR in roles
    run = partial(_run, setting, receiver, endpoint, another=both, timed=timed)
    yield Probe(f"{NAME}/{BOX}", 3, covers, cost, run, endpoints, "main", True)
    if own and not both:
        run = partial(_run, setting, receiver, endpoint, another=True, timed=timed)
        yield Probe(f"{NAME}/{THEIRS}", 3, (OWN,), cost, run, endpoints, "second", True)


def _run(
    setting: Setting, receiver: Inbox, endpoint: Endpoint, *, another: bool, timed: bool
) -> Conversation:
    steps = steps_of(setting)
    boxes = {type: f"{BOX}-{type}" if index else BOX for index, type in enumerate(types_of(steps))}
    tellers = yield from _register(setting, receiver, endpoint, boxes)
    if tellers is None:
        return
    first, *_ = types = list(boxes)
    versions = yield from register_versions(setting, receiver, endpoint, first)
    yield from _register_and_delete(setting, receiver, endpoint, types)
    theirs: tuple[Resource, Id] | None = None
    if another:
        theirs = yield from register_of_another(setting, receiver.open(THEIRS), endpoint, types)
    told: list[ExpectedEvent] = []
    secrets: set[str] = set()
    yield from act(setting, steps, told, secrets, timed=timed)
    arrivals = Arrivals(setting, receiver, told, boxes, versions)
    yield from arrivals.wait()
    heard = {type: arrivals.read_box(box) for type, box in boxes.items()}
    yield from _judge_events(setting, told, heard, secrets)
    yield from _apart(arrivals, heard, theirs, another=another)
    for type, events in heard.items():
        yield from judge_deliveries(Heard(tellers[type], events), setting)
    mine = [one for one in told if one.type == first]
    for version, secret in versions.items():
        came = arrivals.read_box(box_of(version), version)
        yield from judge_version(setting, version, mine, heard[first], came)
        yield from judge_deliveries(Heard(secret, came), setting)


def _register(
    setting: Setting, receiver: Inbox, endpoint: Endpoint, boxes: Mapping[str, str]
) -> Generator[Any, Any, dict[str, str] | None]:
    """Register a webhook for each type of event; return their secrets, or None if one was refused.

    The first webhook refuses its first delivery, if the server must send it again.
    """
    hooks = setting.model.webhooks
    tellers: dict[str, str] = {}
    for type, box in boxes.items():
        refusals = 1 if hooks.again_within_s and not tellers else 0
        address = receiver.open(box, refusals=refusals, refusal=refusal_of(setting.model))
        asked = choose_types(setting, list(boxes), type)
        given = {hooks.url: address, hooks.types: asked, **usual_version(setting)}
        why = f"a webhook for {' and '.join(asked)} alone"
        made: Exchange = yield Call(endpoint, given, "valid", why, fresh=True)
        if not made.success:
            reason = f"no webhook could be registered at {address}: {made.outcome}{_hint(receiver)}"
            for contract in list_event_contracts(setting):
                yield judge_untested(contract, reason)
            return None
        tellers[type] = str(got(made.body, hooks.secret_at or "") or "")
    return tellers


def _register_and_delete(
    setting: Setting, receiver: Inbox, endpoint: Endpoint, types: list[str]
) -> Conversation:
    """Register a webhook for all events, with the longest possible address, then delete it."""
    kind, ending, hooks = (
        find_webhook_resource(setting),
        find_webhook_remover(setting),
        setting.model.webhooks,
    )
    if kind is None or kind.made_by is None or kind.undone_by is None or ending is None:
        return
    address = receiver.open(GONE)
    given = {
        hooks.url: lengthen_address(setting, endpoint, address),
        hooks.types: limit_types(setting, list(hooks.events)),
    }
    made: Exchange = yield Call(
        endpoint,
        given,
        "valid",
        "a webhook for everything at the longest address, which is deleted again",
        fresh=True,
    )
    yield from judge_accepted(made, WIDEST, made.call.why)
    if not made.success:
        made = yield Call(
            endpoint,
            {hooks.url: address, hooks.types: types},
            "valid",
            "a webhook that is deleted again",
            fresh=True,
        )
    body = at_path(kind.made_by, made) if kind.made_by.at is not None and made.success else None
    if not isinstance(body, Mapping):
        yield judge_untested(DELETED, f"no webhook was made: {made.outcome}")
        return
    gone: Exchange = yield Call(
        ending, kind.undone_by.input, "valid", "the webhook is deleted", subject=kind, made=body
    )
    if not gone.success:
        yield judge_untested(DELETED, f"it could not be deleted: {gone.outcome}", sticky=True)


def _apart(
    arrivals: Arrivals,
    heard: Mapping[str, tuple[Event, ...]],
    theirs: tuple[Resource, Id] | None,
    *,
    another: bool,
) -> Iterator[Judgement]:
    """Judge that no webhook received events of other types, of another project, or after its deletion."""
    setting = arrivals.setting
    for type, events in heard.items():
        asked = choose_types(setting, list(heard), type)
        other = next((e.type for e in events if e.type not in asked and not e.problem), None)
        expected = f"a webhook for {type} hears {type} alone"
        yield judge_broken(ALONE, expected, f"it heard {other}") if other is not None else judge_kept(ALONE)
    if find_webhook_remover(setting) is not None:
        late = arrivals.read_box(GONE)
        yield (
            judge_broken(DELETED, "nothing comes after the deletion", f"{late[0].type} came")
            if late
            else judge_kept(DELETED)
        )
    if not another:
        return
    mine = [(one.resource, one.id) for one in arrivals.expected if one.id is not None]
    foreign = [e for e in arrivals.read_box(THEIRS) if any(shows(setting, e, *one) for one in mine)]
    if theirs is not None:
        foreign += [e for events in heard.values() for e in events if shows(setting, e, *theirs)]
    if foreign:
        yield judge_broken(
            OWN, "events of one project go to its own webhooks", f"{foreign[0].type} went to another's"
        ).with_rank(Rank.EXPOSED)
    elif theirs is None:
        yield judge_untested(OWN, "another project could register no webhook, or make nothing")
    else:
        yield judge_kept(OWN)


def _hint(receiver: Inbox) -> str:
    return (
        "; a server elsewhere cannot send to this machine: give --receiver URL" if receiver.loopback else ""
    )


def hear(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Judge nothing, because the probe itself compares the events with the answers of the actions."""
    del heard, setting
    yield from ()


def _judge_events(
    setting: Setting, told: list[ExpectedEvent], heard: Mapping[str, tuple[Event, ...]], secrets: set[str]
) -> Iterator[Judgement]:
    hooks = setting.model.webhooks
    for one in told:
        contract, mine = f"{NAME}/{one.type}@rest", [e for e in heard[one.type] if is_about(e, one)]
        if not mine:
            came = ", ".join(sorted({e.type or "no event" for e in heard[one.type]})) or "nothing"
            yield judge_broken(
                contract, f"{one.type} about {one.id} within {hooks.within_s} s", f"{came} came"
            )
            continue
        times, due = len(list_taken(mine, one)), count_alike(told, one)
        wrong = [_unlike(setting, one, event) for event in (mine if due > 1 else mine[:1])]
        came_all = len({event.id or event.delivery.body for event in mine})
        if came_all < due:
            yield judge_broken(contract, f"{due} {one.type} about {one.id}", f"{came_all} came")
        elif all(wrong):
            expected = f"{one.type} shows the {one.resource.name} as the action left it"
            yield judge_broken(contract, expected, wrong[-1])
        else:
            yield judge_kept(contract)
        for other in (
            t for t in heard if t != one.type and one.type in choose_types(setting, list(heard), t)
        ):
            there = any(is_about(e, one) for e in heard[other])
            expected = f"each webhook that asked for {one.type} hears of {one.id}"
            yield judge_kept(EACH) if there else judge_broken(EACH, expected, "one of two does")
        if times <= due:
            yield judge_kept(ONCE)
        else:
            expected = f"{due if due > 1 else 'one'} {one.type} about {one.id}"
            yield judge_broken(ONCE, expected, "{times} events of that type came", times=times)
    others = set(
        list_other_types(setting, list(heard))
    )  # an event of another type may rightly hold such a value
    for event in (e for events in heard.values() for e in events if e.type not in others):
        secret = any(json_bytes(value)[1:-1] in event.delivery.body for value in secrets)
        yield (
            judge_broken(PRIVATE, "events contain no secret", f"{event.type} contains one").with_rank(
                Rank.EXPOSED
            )
            if secret
            else judge_kept(PRIVATE)
        )


def _unlike(setting: Setting, told: ExpectedEvent, event: Event) -> str:
    """Return how an event differs from its schemas or from the action's answer; empty if it does not."""
    if wrong := misfit(setting, event):
        return wrong
    different = [m for m, v in told.body.items() if m in event.data and not same(v, event.data[m])]
    if different:
        return f"{different[0]} is {event.data[different[0]]}, the action answered {told.body[different[0]]}"
    return ""


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    hear=hear,
    settled=settle_contract,
    rank=Rank.WRONG,
)


# -- the events that came, and those that are still awaited


LOOK_S = 0.5
"""Seconds between two looks at what came."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The events that are expected, and the boxes of our receiver to which they come.

    `boxes` maps each type of event to the box of its webhook, `versions` each version of the envelope to the
    secret of its webhook.
    """

    setting: Setting
    receiver: Inbox
    expected: Sequence[ExpectedEvent]
    boxes: Mapping[str, str]
    versions: Mapping[str, str]
    _parsed: dict[tuple[str, str], dict[Delivery, Event]] = field(default_factory=dict)
    """The deliveries that a box and version held at the last look, each with its event."""

    def read_box(self, box: str, version: str = "") -> tuple[Event, ...]:
        """Return the events that came to a box, read by the usual envelope or by that of a version.

        A delivery is parsed at the first look only: a run that waits looks at all of them again and again.
        """
        deliveries, before = self.receiver.deliveries(box), self._parsed.get((box, version), {})
        parsed = {d: before.get(d) or read(self.setting.model, d, version) for d in deliveries}
        self._parsed[box, version] = parsed
        return tuple(parsed[d] for d in deliveries)

    def wait(self) -> Conversation:
        """Wait for the expected events as long as they may take, then a little longer for others."""
        looks = 0
        while looks * LOOK_S < self._find_patience_s() and not self._have_all_come():
            looks += 1
            yield Sleep(LOOK_S, quiet=True)
        yield Sleep(LOOK_S, quiet=True)

    def _find_patience_s(self) -> float:
        """Return how many seconds to wait for deliveries. A second delivery is awaited only if the first was
        refused.
        """
        hooks = self.setting.model.webhooks
        refused = any(event.refused for box in self.boxes.values() for event in self.read_box(box))
        return float(hooks.within_s + (hooks.again_within_s or 0 if refused else 0))

    def _have_all_come(self) -> bool:
        """True if each action's event has come, in each version too, and each refused delivery has come
        again.
        """
        wanted = sum(one.type == next(iter(self.boxes), "") for one in self.expected)
        if any(len(self.receiver.deliveries(box_of(version))) < wanted for version in self.versions):
            return False
        for type, box in self.boxes.items():
            events, asked = self.read_box(box), choose_types(self.setting, list(self.boxes), type)
            again = {e.id for e in events if not e.refused}
            awaited = (one for one in self.expected if one.type in asked)
            if not all(
                len(list_taken(events, one)) >= count_alike(self.expected, one) for one in awaited
            ) or any(e.id not in again for e in events if e.refused):
                return False
        return True


# -- types and addresses of webhooks


LONGEST = 2_048
"""The most characters of an address, even if the schema allows more."""


def list_other_types(setting: Setting, types: list[str]) -> list[str]:
    """Return the types of events that no action causes by the catalogue."""
    return [type for type in setting.model.webhooks.events if type not in types]


def choose_types(setting: Setting, types: list[str], type: str) -> list[str]:
    """Return the types that the webhook for `type` registers.

    The first webhook also registers the types that no action causes. The second one also registers the first
    one's type.
    """
    others = list_other_types(setting, types) if type == types[0] else types[:1] if type == types[1] else []
    return limit_types(setting, [type, *others])


def limit_types(setting: Setting, types: list[str]) -> list[str]:
    """Return as many of these types as one webhook may register."""
    endpoint = setting.find_lead(str(setting.model.webhooks.registered_by))
    param = endpoint.action.param(str(setting.model.webhooks.types)) if endpoint is not None else None
    return (
        types[: setting.resolve_schema(param.schema).get("maxItems", len(types))]
        if param is not None
        else types
    )


def find_webhook_resource(setting: Setting) -> Resource | None:
    """Return the resource whose instances are webhooks; None if the catalogue has none."""
    registered = setting.model.webhooks.registered_by
    return next(
        (r for r in setting.model.resources.values() if r.made_by and r.made_by.action.name == registered),
        None,
    )


def find_webhook_remover(setting: Setting) -> Endpoint | None:
    """Return the endpoint that deletes a webhook."""
    kind = find_webhook_resource(setting)
    return (
        setting.find_lead(str(kind.undone_by.action.name))
        if kind is not None and kind.undone_by is not None
        else None
    )


def lengthen_address(setting: Setting, endpoint: Endpoint, address: str) -> str:
    """Return the address with a query that makes it as long as the schema allows."""
    param = endpoint.action.param(str(setting.model.webhooks.url))
    most = int(setting.resolve_schema(param.schema).get("maxLength", 0)) if param is not None else 0
    return f"{address}?pgv=".ljust(min(most, LONGEST), "x") if most > len(address) + 5 else address


def register_of_another(
    setting: Setting, address: str, endpoint: Endpoint, types: list[str]
) -> Generator[Any, Any, tuple[Resource, Id] | None]:
    """Register a webhook of another project and make an instance there.

    Return the resource and the instance's id, or None.
    """
    hooks, resource = setting.model.webhooks, steps_of(setting)[0][1]
    given = {hooks.url: address, hooks.types: types}
    made: Exchange = yield Call(
        endpoint, given, "valid", "another project's webhook", role="second", owner="second", fresh=True
    )
    if not made.success or resource.made_by is None:
        return None
    maker = setting.get_lead(str(resource.made_by.action.name))
    why = f"another project's {resource.name}"
    instance: Exchange = yield Call(
        maker, resource.made_by.input, "valid", why, role="second", owner="second", fresh=True
    )
    body = (
        at_path(resource.made_by, instance) if resource.made_by.at is not None and instance.success else None
    )
    id = resource.id_of(body) if isinstance(body, Mapping) else None
    return (resource, id) if id is not None else None
