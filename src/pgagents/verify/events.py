"""Parse deliveries to our receiver as events, and find changes that events or audit rows announce.

The deliveries are parsed once for all checks that judge them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.base.http import read_json
from pgagents.base.places import value_at
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import schemes
from pgagents.catalogue.model.model import Audit, Model
from pgagents.catalogue.model.resource import Resource, id_text, is_scalar
from pgagents.report.contract import Verdict
from pgagents.report.reason import Reason
from pgagents.verify.answers.bodies import find_malformed_time
from pgagents.verify.answers.hints import RECEIVER
from pgagents.verify.answers.observation import ANSWER, TOLD, Body, Place
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import OPERATOR, Endpoint
from pgagents.verify.wire.receiver import MOVED, REFUSED, Delivery

NEEDS_RECEIVER = Reason("needs somewhere to send events to: add --receiver auto, or --receiver URL", RECEIVER)


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery, parsed as an event.

    `problem` says why the delivery is not an event; empty if it is one.
    """

    delivery: Delivery
    body: Any
    problem: str
    id: str | None
    type: str | None
    data: Any

    @property
    def refused(self) -> bool:
        """True if our receiver answered with an error or a redirect, so that the server must send it
        again.
        """
        return self.delivery.answered in (REFUSED, MOVED)


@dataclass(frozen=True, slots=True)
class Heard:
    """All events for one registered address, in order, and the secret of that registration."""

    secret: str
    events: tuple[Event, ...]


def unheard(setting: Setting) -> tuple[Verdict, str] | None:
    """Return the verdict and reason for contracts about events if the run has no receiver, else None."""
    return None if setting.receiver is not None else (Verdict.NOT_SELECTED, NEEDS_RECEIVER)


def read(model: Model, delivery: Delivery) -> Event:
    """Read a delivery as an event."""
    hooks = model.webhooks
    found = read_json(delivery.body)
    body = found.value if isinstance(found.value, Mapping) else {}
    problem = found.problem or ("" if isinstance(found.value, Mapping) else "the body is not an object")
    type = body.get(hooks.type_at)
    id = body.get(hooks.id_at) if hooks.id_at else delivery.header(name_of_id(model))
    return Event(
        delivery,
        found.value,
        problem,
        str(id) if is_scalar(id) else None,
        type if isinstance(type, str) else None,
        body.get(hooks.data_at),
    )


def name_of_id(model: Model) -> str:
    """Return the member of the envelope, or the header, that holds an event's id."""
    hooks = model.webhooks
    return str(hooks.id_at or schemes()[hooks.signature.scheme].id_header)


def refusal_of(model: Model) -> int:
    """Return the status with which our receiver refuses a delivery: a redirect if the scheme demands one."""
    signature = model.webhooks.signature
    redirect = signature is not None and schemes()[signature.scheme].redirect_refuses
    return MOVED if redirect else REFUSED


def misfit(setting: Setting, event: Event) -> str:
    """Return how an event violates the envelope or the schema of its type; empty if it does not."""
    hooks = setting.model.webhooks
    if event.problem:
        return event.problem
    known = hooks.events.get(event.type or "")
    for name, value in (
        (hooks.envelope, event.body),
        (known.data if known is not None else None, event.data),
    ):
        if name is None:
            continue
        error = next(iter(setting.envelope(name).iter_errors(value)), None)
        if error is not None:
            return f"{name} does not fit at /{'/'.join(map(str, error.instance_path))}: {error.message}"[:200]
        late = find_malformed_time(setting, value, setting.model.schemas[name])
        if late is not None:
            return f"of {name}, {late[1]}, where {late[0]}"
    return ""


def same(answered: Any, told: Any) -> bool:
    """True if two values agree in the members that both have; times are compared as times.

    An empty object does not agree with an object that has members.
    """
    if isinstance(answered, Mapping) and isinstance(told, Mapping):
        both = answered.keys() & told.keys()
        return bool(answered) == bool(told) and all(same(answered[name], told[name]) for name in both)
    if isinstance(answered, list) and isinstance(told, list):
        return len(answered) == len(told) and all(map(same, answered, told))
    return bool(answered == told) or epoch(answered) == epoch(told)


# -- traces of a change: events at our receiver, and rows of the audit.
#
# Only evidence of a change counts: event types that writing actions alone cause, and rows of writing
# actions. Each of our calls explains one event of each of its types and one row. Each kind of event or
# row that exceeds these gets a place in the observation. So late deliveries, repeated deliveries and a
# complete audit add no place.


BOX = "hints"
LOOK_S, MOST_LOOK_S = 0.5, 5.0
"""Seconds for which events are awaited: the first if the catalogue gives no `webhooks.within_s`, the second
at most. A right server sends none, so waiting longer is wasted.
"""


@dataclass(slots=True)
class Traces:
    """Counts events and audit rows about changes to the instances of a resource.

    `types` maps each type of event to the actions that cause it. `members` are the members of a row that
    refer to an instance. Either is empty if the catalogue declares none, or if the run has no access.
    """

    setting: Setting
    resource: Resource
    types: Mapping[str, frozenset[str]]
    members: tuple[str, ...]
    calls: Counter[str] = field(default_factory=Counter)
    """The calls by action, since the instance was made, that may have left a row."""
    changes: Counter[str] = field(default_factory=Counter)
    """Those calls that may have changed the instance, and so caused an event."""
    hears: bool = False
    """True once our webhook is registered."""
    unlisted: bool = False
    """True once listing the audit's rows has failed."""

    @property
    def cost(self) -> int:
        """The number of requests for registering the webhook, and for listing the audit once."""
        return 2 * bool(self.types) + bool(self.members)

    def listen(self) -> None:
        """Register a webhook, which is removed when the probe ends."""
        receiver, hooks = self.setting.receiver, self.setting.model.webhooks
        endpoint = find_registration(self.setting) if self.types else None
        if receiver is None or endpoint is None:
            return
        param = endpoint.action.param(str(hooks.types))
        schema = self.setting.resolve_schema(param.schema) if param is not None else {}
        asked = list(self.types)[: schema.get("maxItems", len(self.types))]
        given = {hooks.url: receiver.open(BOX), hooks.types: asked}
        why = "a webhook that hears of changes"
        made = ask(Call(endpoint, given, "explore", why, fresh=True, apart=True))
        self.hears = made.success

    def begin(self, states: Iterable[str] = (), tried: Action | None = None) -> None:
        """Forget all calls, then note those that made the instance and moved it to one of `states`.

        The calls that moved it were not of the action `tried`.
        """
        self.calls.clear()
        self.changes.clear()
        kin = list_kin(self.setting, self.resource)
        makers = {r.made_by.action.name for r in kin if r.made_by is not None}
        moved = {m.action.name for m in self.resource.moves if m.to in states and m.action is not tried}
        for name in makers | moved:
            self.calls[str(name)] += 1
            self.changes[str(name)] += 1

    def note(self, action: Action, *, changes: bool = True) -> None:
        """Note a call. `changes` is false if the call may leave a row, but must not change the instance."""
        self.calls[str(action.name)] += 1
        self.changes[str(action.name)] += changes

    def without(self, action: Action) -> Traces:
        """Return a copy; it does not look at the audit if the action lists the audit's rows."""
        audit = self.setting.model.audit
        lists = audit is not None and audit.listed_by.action is action
        return replace(self, members=()) if lists else self

    def observe(self, body: Body) -> dict[Place, Any]:
        """Return a place for each type of event, and for each action of rows, that came more often than our
        calls explain.
        """
        id = self.resource.id_of(body)
        if id is None:
            return {}
        found: dict[Place, Any] = {}
        if self.hears:
            ask(Sleep(self._wait_s(), quiet=True))
            found = self._count_events(id_text(id))
        if self.members:
            found |= self._count_rows(id_text(id))
        return found

    def _wait_s(self) -> float:
        """Return the seconds for which events are awaited: the catalogue's number, within bounds."""
        written = value_at(self.setting.model.source.data, ("webhooks", "within_s"))
        return LOOK_S if not isinstance(written, int) else min(float(written), MOST_LOOK_S)

    def say_unseen(self) -> str:
        """Return where this run could not look for changes, as the reason of a kept hint; empty if it looked
        everywhere.
        """
        return "; ".join(why for why in map(self.find_reason, ("events", "the audit")) if why)

    def find_reason(self, source: str) -> str:
        """Return why `events` or `the audit` were not looked at; empty if they were."""
        why = self._explain_events() if source == "events" else self._explain_audit()
        return f"{source} {'were' if source == 'events' else 'was'} not looked at: {why}" if why else ""

    def _explain_events(self) -> str:
        setting = self.setting
        if self.hears:
            return ""
        if setting.model.webhooks is None or not setting.model.webhooks.events:
            return "the catalogue declares none"
        if not list_types(setting, self.resource):
            return f"none tells of changes of a {self.resource.name} alone"
        if setting.receiver is None:
            return "no receiver listens (--receiver)"
        known = find_registration(setting) is not None
        return "the webhook was not accepted" if known else "no webhook can be added and removed"

    def _explain_audit(self) -> str:
        audit = self.setting.model.audit
        if audit is None:
            return "the catalogue declares none"
        if not list_members(self.setting, self.resource):
            return f"its rows name no {self.resource.name}"
        if audit.role not in self.setting.roles:
            return f"it needs --identity {audit.role}=ENVVAR"
        if not self.members:
            return "the action itself lists it"
        return "it could not be listed" if self.unlisted else ""

    def _count_events(self, id: str) -> dict[Place, Any]:
        receiver = self.setting.receiver
        came: dict[str, set[Any]] = {}
        for delivery in receiver.deliveries(BOX) if receiver is not None else ():
            event = read(self.setting.model, delivery)
            about = self.resource.id_of(event.data) if isinstance(event.data, Mapping) else None
            if (
                event.type is not None
                and event.type in self.types
                and about is not None
                and id_text(about) == id
            ):
                came.setdefault(event.type, set()).add(event.id or event.delivery.body)
        return {
            (TOLD, ANSWER, type): f"an event {type} came, and no call that may change it accounts for it"
            for type, ids in came.items()
            if len(ids) > sum(self.changes[name] for name in self.types[type])
        }

    def _count_rows(self, id: str) -> dict[Place, Any]:
        audit: Audit | None = self.setting.model.audit
        assert audit is not None
        action, why = audit.listed_by.action, "whether a change was recorded"
        endpoint = self.setting.find_lead(str(action.name))
        endpoint = endpoint or Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
        exchange = ask(
            Call(endpoint, audit.listed_by.input, "explore", why, role=audit.role, owner=audit.role)
        )
        rows = at_path(audit.listed_by, exchange) if exchange.success and audit.listed_by.at else None
        self.unlisted |= not isinstance(rows, list)
        writes = {str(a.name) for a in self.setting.model.actions if not a.hints.read_only.value}
        told: Counter[str] = Counter()
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping) and any(str(row.get(member)) == id for member in self.members):
                told[str(row.get(audit.action))] += 1
        return {
            (TOLD, ANSWER, name): f"the audit has a row of {name} about it, and no call accounts for it"
            for name, number in told.items()
            if name in writes and number > self.calls[name]
        }


def find_traces(setting: Setting, resource: Resource) -> Traces:
    """Return the Traces of a resource; its `types` or `members` are empty where the run cannot look."""
    heard = setting.receiver is not None and find_registration(setting) is not None
    types = list_types(setting, resource) if heard else {}
    audit = setting.model.audit
    members = list_members(setting, resource) if audit is not None and audit.role in setting.roles else ()
    return Traces(setting, resource, types, members)


def say_unheard(setting: Setting) -> str:
    """Return where this run does not look for changes, as the end of a reason; empty if it looks everywhere.

    Only sources that the catalogue declares are named.
    """
    model = setting.model
    told = []
    if find_registration(setting) is not None and setting.receiver is None:
        told.append("events are not heard (--receiver)")
    if model.audit is not None and model.audit.role not in setting.roles:
        told.append(f"the audit is not read (--identity {model.audit.role}=ENVVAR)")
    return "".join(f"; {one}" for one in told)


def find_registration(setting: Setting) -> Endpoint | None:
    """Return the endpoint that registers a webhook, if a registered webhook can be removed again."""
    hooks = setting.model.webhooks
    if hooks is None:
        return None
    name = str(hooks.registered_by)
    removable = any(
        r.made_by is not None and str(r.made_by.action.name) == name and r.undone_by is not None
        for r in setting.model.resources.values()
    )
    return setting.find_usable_lead(name) if removable else None


def list_types(setting: Setting, resource: Resource) -> dict[str, frozenset[str]]:
    """Return the types of events that show a change of the resource, each with the actions that cause it.

    A type that a reading action causes too only shows that a call was made. A type that time causes too may
    come at any moment.
    """
    hooks = setting.model.webhooks
    kin = {one.name for one in list_kin(setting, resource)}
    reads = {str(a.name) for a in setting.model.actions if a.hints.read_only.value}
    timed = {move.to for move in resource.moves_by_time}
    by_time = {str(move.action.name) for move in resource.moves if move.to in timed}
    return {
        str(type): frozenset(map(str, event.by))
        for type, event in (hooks.events.items() if hooks is not None else ())
        if event.about in kin and event.by and not (reads | by_time) & set(map(str, event.by))
    }


def list_members(setting: Setting, resource: Resource) -> tuple[str, ...]:
    """Return the members of the audit's rows that refer to an instance of the resource."""
    audit = setting.model.audit
    kin = {one.name for one in list_kin(setting, resource)}
    return tuple(member for member, name in audit.about.items() if name in kin) if audit is not None else ()


def list_kin(setting: Setting, resource: Resource) -> list[Resource]:
    """Return the resources whose instances have the same ids, because the same actions read them."""
    readers = {call.action.name for call in resource.read_by}
    return [
        other
        for other in setting.model.resources.values()
        if other is resource or any(call.action.name in readers for call in other.read_by)
    ]
