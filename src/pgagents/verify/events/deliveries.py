"""Parse deliveries to our receiver as events, once for all checks that judge them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.http import read_json
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Model
from pgagents.model.resource import is_scalar
from pgagents.model.signature import schemes
from pgagents.verify.answers.timestamps import find_malformed_time
from pgagents.verify.check.check import Judgement, collect
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.receiver import MOVED, REFUSED, Delivery

NEEDS_RECEIVER = "needs somewhere to send events to: add --receiver auto, or --receiver URL"


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery, parsed as an event.

    `problem` says why the delivery is no event; empty if it is one. `version` is the version of the webhook's
    envelope; empty for the usual one.
    """

    delivery: Delivery
    body: Any
    problem: str
    id: str | None
    type: str | None
    data: Any
    version: str = ""

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


def _form_of(model: Model, version: str) -> Any:
    """Return the object that names the members with type, id and data: the webhooks, or one of their
    versions.
    """
    return model.webhooks.versions[version] if version else model.webhooks


def read(model: Model, delivery: Delivery, version: str = "") -> Event:
    """Read a delivery as an event, by the usual envelope or by that of a version."""
    hooks = _form_of(model, version)
    found = read_json(delivery.body)
    body = found.value if isinstance(found.value, Mapping) else {}
    problem = found.problem or ("" if isinstance(found.value, Mapping) else "the body is no object")
    type = body.get(hooks.type_at)
    id = body.get(hooks.id_at) if hooks.id_at else delivery.header(name_of_id(model))
    return Event(
        delivery,
        found.value,
        problem,
        str(id) if is_scalar(id) else None,
        type if isinstance(type, str) else None,
        body.get(hooks.data_at),
        version,
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
        (_form_of(setting.model, event.version).envelope, event.body),
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


def judge_deliveries(heard: Heard, setting: Setting) -> Iterator[Judgement]:
    """Yield the judgements of all checks that have a `hear`."""
    for check in collect().values():
        if check.hear is not None:
            yield from check.hear(heard, setting)


def list_event_contracts(setting: Setting) -> tuple[str, ...]:
    """Return the contract ids of all checks that have a `hear`."""
    promised: list[Contract] = [
        c for check in collect().values() if check.hear is not None for c in check.promises(setting)
    ]
    return tuple(c.id for c in promised)
