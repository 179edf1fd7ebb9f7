"""Change an instance, then make the reads that show another side of it, such as its content.

Also read once more what an unusual write made or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pgagents.model.argument import Param
from pgagents.model.resource import Resource
from pgagents.verify.check.check import Conversation
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

MOST_READS = 4
CRASHED = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource with the ways to make, show and change an instance, and its reads besides `read_by`."""

    resource: Resource
    maker: Endpoint
    reader: Endpoint
    change: Endpoint
    reads: tuple[Endpoint, ...]

    @property
    def cost(self) -> int:
        """The number of requests of the conversation."""
        return 3 + len(self.reads)


def list_changed(setting: Setting) -> Iterator[Changed]:
    """Yield each resource that has further reads over REST, and a call that changes its members.

    A change that costs money, makes an instance or ends one is left out.
    """
    resources = setting.model.resources.values()
    others = {call.action.name for r in resources for call in (r.made_by, r.undone_by) if call is not None}
    rest = [endpoint for endpoint in setting.endpoints if endpoint.on_rest and endpoint.leads]
    by_action = {str(endpoint.action.name): endpoint for endpoint in rest}
    for resource in setting.model.resources.values():
        if resource.made_by is None or not resource.read_by or len(resource.ids) != 1:
            continue
        maker = by_action.get(str(resource.made_by.action.name))
        reader = by_action.get(str(resource.read_by[0].action.name))
        told = {str(call.action.name) for call in (*resource.read_by, *resource.listed_by)}
        about = [endpoint for endpoint in rest if _find_id(endpoint, resource) is not None]
        reads = [e for e in about if e.action.only_reads and str(e.action.name) not in told]
        change = next((e for e in about if e.action.name not in others and _changes(e)), None)
        if maker is not None and reader is not None and change is not None and reads:
            yield Changed(resource, maker, reader, change, tuple(reads[:MOST_READS]))


def _find_id(endpoint: Endpoint, resource: Resource) -> Param | None:
    """Return the last argument of the path, if it is the id of an instance of the resource; else None."""
    last = next((p for p in reversed(endpoint.params) if p.place == "path"), None)
    return last if last is not None and last.refers_to == resource.name else None


def _changes(endpoint: Endpoint) -> bool:
    """True if the call alters the instance in its path; another call may make a new one instead."""
    action = endpoint.action
    alters = endpoint.method in ("PUT", "PATCH") or endpoint.path.endswith("}")
    written = any(param.place == "body" for param in endpoint.params)
    return action.effect == "write" and not action.costs and alters and written


def read_changed(setting: Setting, case: Changed) -> Callable[[], Conversation]:
    """Return a conversation that makes an instance, changes it and reads it. The checks' watchers judge the
    answers.
    """
    made_by, resource = case.resource.made_by, case.resource
    assert made_by is not None

    def run() -> Conversation:
        template = template_of(setting.model, made_by.action)
        given = {**template.input, **made_by.input}
        why = f"a {resource.name} to change"
        made: Exchange = yield ordinary(
            case.maker, template, "valid", why, input=given, fresh=True, subject=None
        )
        body = at_path(made_by, made)
        if not made.success or not isinstance(body, Mapping) or resource.id not in body:
            return
        shown = resource.read_by[0].input
        yield Call(case.reader, shown, "valid", "to show that it is ours", subject=resource, made=body)
        changed: Exchange = yield _about(setting, case.change, resource, body, f"to change a {resource.name}")
        for read in case.reads if changed.success else ():
            yield _about(setting, read, resource, body, f"a read of a changed {resource.name}")

    return run


def read_written(setting: Setting, exchange: Exchange) -> Conversation:
    """Read the instance that a write made or changed; do nothing where the answer does not show it.

    A write that crashed may have changed its instance all the same.
    """
    endpoint = exchange.call.endpoint
    if (
        endpoint is None
        or endpoint.action.effect != "write"
        or not (exchange.success or exchange.status >= CRASHED)
    ):
        return
    resource, body = _find_written(setting, endpoint, exchange)
    if resource is None or not resource.read_by or not all(id in body for id in resource.ids):
        return
    read = resource.read_by[0]
    reader = setting.find_usable_lead(str(read.action.name))
    if reader is not None and reader.on_rest:
        why = f"the {resource.name} of a generated call"
        yield Call(reader, read.input, "explore", why, subject=resource, made=body)


def _find_written(
    setting: Setting, endpoint: Endpoint, exchange: Exchange
) -> tuple[Resource | None, Mapping[str, object]]:
    """Return the resource that a call made or changed, and what is known of the instance."""
    for resource in setting.model.resources.values():
        made_by = resource.made_by
        if made_by is not None and made_by.action is endpoint.action:
            body = at_path(made_by, exchange) if exchange.success else None
            return (resource, body) if isinstance(body, Mapping) else (None, {})
    target = target_of(setting, endpoint.action)
    if target is None or len(target.named) != 1 or len(target.resource.ids) != 1:
        return None, {}
    given = exchange.input.get(str(target.named[0].name))
    return (target.resource, {target.resource.id: given}) if given is not None else (None, {})


def _about(
    setting: Setting, endpoint: Endpoint, resource: Resource, body: Mapping[str, object], why: str
) -> Call:
    template, id = template_of(setting.model, endpoint.action), _find_id(endpoint, resource)
    assert id is not None
    given = {**template.input, str(id.name): body[resource.id]}
    return ordinary(endpoint, template, "explore", why, input=given, subject=resource, made=body)
