"""A second instance with the same values in members that are unique is refused, with the declared code.

An instance is made, and the making call is sent again with the same values in these members and everything
else as usual. Only a refusal with the declared code keeps the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgagents.model.contract import Contract
from pgagents.model.model import Resource, Unique
from pgagents.verify.check.check import Check, Conversation, Probe, judge_refused, judge_untested, promise
from pgagents.verify.check.memory import Setting
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


def _cases(setting: Setting) -> Iterator[tuple[Resource, Unique, Endpoint]]:
    for resource in setting.model.resources.values():
        for unique in resource.unique:
            for endpoint in setting.endpoints:
                if resource.made_by is not None and endpoint.action is resource.made_by.action:
                    yield resource, unique, endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for resource, unique, endpoint in _cases(setting):
        contract = f"{NAME}/{resource.name}/{'+'.join(unique.members)}/{endpoint.place}"
        run = _run(resource, unique, endpoint, contract)
        yield Probe(contract, 3, (contract,), 2, run, (endpoint,), "main", True)


def _run(resource: Resource, unique: Unique, endpoint: Endpoint, contract: str) -> Callable[[], Conversation]:
    def run() -> Conversation:
        states = (resource.initial,) if resource.initial else ()
        there: Mapping[str, Any] = yield InstanceRef(resource.name, states)
        if any(name not in there for name in unique.members):
            yield judge_untested(contract, f"no answer shows {' and '.join(unique.members)}")
            return
        assert resource.made_by is not None
        same = {name: there[name] for name in unique.members}
        why = f"a second {resource.name} with the same {' and '.join(unique.members)}"
        exchange: Exchange = yield Call(
            endpoint,
            {**resource.made_by.input, **same},
            "illegal",
            why,
            surface=endpoint.surface,
        )
        yield from judge_refused(exchange, contract, [unique.otherwise], why)

    return run


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
