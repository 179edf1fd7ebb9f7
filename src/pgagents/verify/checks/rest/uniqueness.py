"""A second instance with the same values in unique members is refused with the declared code.

An instance is made. Then the create is sent again with the same values in these members, under the same
parent, and otherwise as usual. Only a refusal with the declared code keeps the contract. After the first
instance is removed, the values are free: the same call makes another instance. A change that sends an
instance its own values is no conflict, because no other instance has them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Resource, Unique
from pgagents.report.contract import Contract
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "uniqueness"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each set of unique members and each endpoint that makes the resource."""
    for resource, unique, endpoint in _cases(setting):
        names = " and ".join(unique.members)
        yield promise(
            NAME,
            f"{resource.name}/{'+'.join(unique.members)}",
            endpoint,
            f"{endpoint.action.name} makes no second {resource.name} with the same {names}",
            unique.origin,
            unique.cite or resource.cite,
        )
        if _undoer(setting, resource) is not None and endpoint.leads:
            yield promise(
                NAME,
                _freed(resource, unique),
                endpoint,
                f"{names} of a removed {resource.name} may be used again",
                unique.origin,
                unique.cite or resource.cite,
            )

    for resource, unique, endpoint in _changes(setting):
        names = " and ".join(unique.members)
        yield promise(
            NAME,
            _own(resource, unique),
            endpoint,
            f"{endpoint.action.name} takes the {names} that the {resource.name} has already",
            unique.origin,
            unique.cite or resource.cite,
        )


def _own(resource: Resource, unique: Unique) -> str:
    return f"own/{resource.name}/{'+'.join(unique.members)}"


def _freed(resource: Resource, unique: Unique) -> str:
    return f"freed/{resource.name}/{'+'.join(unique.members)}"


def _undoer(setting: Setting, resource: Resource) -> Endpoint | None:
    """Return the endpoint that removes an instance; None if there is none."""
    return setting.find_lead(str(resource.undone_by.action.name)) if resource.undone_by is not None else None


def _cases(setting: Setting) -> Iterator[tuple[Resource, Unique, Endpoint]]:
    for resource in setting.model.resources.values():
        for unique in resource.unique:
            for endpoint in setting.endpoints:
                if resource.made_by is not None and endpoint.action is resource.made_by.action:
                    yield resource, unique, endpoint


def _changes(setting: Setting) -> Iterator[tuple[Resource, Unique, Endpoint]]:
    """Yield the endpoints that can change unique members of an instance, and may find the new values
    taken.
    """
    for resource in setting.model.resources.values():
        for unique in resource.unique if resource.made_by is not None else ():
            for endpoint in setting.endpoints:
                sent = {str(p.name) for p in endpoint.params if p.place == "body"}
                if (
                    endpoint.leads
                    and endpoint.on_rest
                    and set(unique.members) <= sent
                    and unique.otherwise in endpoint.action.errors
                    and any(p.place == "path" and p.refers_to == resource.name for p in endpoint.params)
                    and not any(p.required and p.name == endpoint.action.if_match for p in endpoint.params)
                ):
                    yield resource, unique, endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for resource, unique, endpoint in _cases(setting):
        contract = f"{NAME}/{resource.name}/{'+'.join(unique.members)}/{endpoint.place}"
        undoer = _undoer(setting, resource) if endpoint.leads else None
        freed = f"{NAME}/{_freed(resource, unique)}/{endpoint.place}" if undoer is not None else ""
        ids = (contract, freed) if freed else (contract,)
        run = partial(_run, resource, unique, endpoint, undoer, ids)
        yield Probe(contract, 3, ids, 2 + 2 * bool(freed), run, (endpoint,), "main", True)
    for resource, unique, endpoint in _changes(setting):
        contract = f"{NAME}/{_own(resource, unique)}/{endpoint.place}"
        run = partial(_send_own, setting, resource, unique, endpoint, contract)
        yield Probe(contract, 5, (contract,), 1, run, (endpoint,), "main", True)


def _run(
    resource: Resource, unique: Unique, endpoint: Endpoint, undoer: Endpoint | None, ids: tuple[str, ...]
) -> Conversation:
    names = " and ".join(unique.members)
    made_by = resource.made_by
    assert made_by is not None
    why = f"a {resource.name} whose {names} nothing else has"
    first: Exchange = yield Call(endpoint, made_by.input, "explore", why, fresh=True)
    body = at_path(made_by, first) if first.success else None
    if not isinstance(body, Mapping) or any(name not in body for name in unique.members):
        for contract in ids:
            yield judge_untested(contract, f"no answer shows {names}: {first.outcome}")
        return
    again = {**made_by.input, **_repeated(unique, endpoint, first.input, body)}
    why = f"a second {resource.name} with the same {names}"
    second: Exchange = yield Call(endpoint, again, "illegal", why)
    yield from judge_refused(second, ids[0], [unique.otherwise], why)
    if undoer is not None:
        yield from _reuse(resource, unique, endpoint, undoer, body, again, ids[1])


def _send_own(
    setting: Setting, resource: Resource, unique: Unique, endpoint: Endpoint, contract: str
) -> Conversation:
    """Send an instance its own values of the unique members."""
    names = " and ".join(unique.members)
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    if any(name not in body for name in unique.members):
        yield judge_untested(contract, f"no answer shows {names}")
        return
    template = template_of(setting.model, endpoint.action)
    given: dict[str, Any] = template.list_needed(endpoint.action) | {n: body[n] for n in unique.members}
    given |= resource.values_for(endpoint.params, body)
    why = f"a {resource.name} with the {names} that it has already"
    exchange: Exchange = yield ordinary(
        endpoint, template, "explore", why, input=given, made=body, subject=resource
    )
    yield _judge_free(exchange, unique, contract, f"{endpoint.action.name} is done")


def _repeated(
    unique: Unique, endpoint: Endpoint, given: Mapping[str, Any], body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a second create: the unique members, and the containers of the first
    instance.
    """
    parents = {str(p.name) for p in endpoint.params if p.place == "path" and p.refers_to}
    same = {name: value for name, value in given.items() if name in parents}
    return {**same, **{name: body[name] for name in unique.members}}


def _judge_free(exchange: Exchange, unique: Unique, contract: str, expected: str) -> Judgement:
    """Judge a call with values that no other instance has. Only a refusal that means they are taken breaks
    it.
    """
    if exchange.success:
        return judge_kept(contract)
    if _is_taken(exchange, unique):
        return judge_broken(contract, expected, exchange.outcome)
    return judge_untested(contract, f"it was refused for another reason: {exchange.outcome}")


def _is_taken(exchange: Exchange, unique: Unique) -> bool:
    """True if the answer means that another instance has the values."""
    if exchange.code in exchange.codes:
        return exchange.code == unique.otherwise.name
    return exchange.status == unique.otherwise.status


def _reuse(
    resource: Resource,
    unique: Unique,
    endpoint: Endpoint,
    undoer: Endpoint,
    body: Mapping[str, Any],
    again: Mapping[str, Any],
    contract: str,
) -> Generator[Any, Any, None]:
    """Remove the first instance, and make a second one with the same values."""
    assert resource.undone_by is not None
    why = f"a {resource.name} whose values are to be free again"
    gone: Exchange = yield Call(undoer, resource.undone_by.input, "valid", why, subject=resource, made=body)
    if not gone.success:
        yield judge_untested(contract, f"it was not removed: {gone.outcome}")
        return
    why = f"a {resource.name} with the values of a removed one"
    third: Exchange = yield Call(endpoint, again, "explore", why)
    yield _judge_free(third, unique, contract, f"another {resource.name} is made")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
