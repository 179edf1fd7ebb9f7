"""A call whose hint claims a closed world sends nothing to an address in its arguments.

The address of the run's receiver is put into a URL argument. If the receiver gets a request, the contract is
broken. If it gets none, that proves nothing, so the contract is never kept: it is not applicable. Without a
receiver it is not selected.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.answers.hints import STAGE, HintedCall, find_hinted_call, find_made
from pgagents.verify.answers.observation import observe
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_broken, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.receiver import Inbox

NAME = "hint_closed_world"
WAITS_S = (0.2, 1.0)
URLS = ("uri", "url", "uri-reference", "iri")
CLAIMED = "not shown: claimed, and nothing came to the receiver"
NEEDS_RECEIVER = "needs an address where calls would arrive: add --receiver auto, or --receiver URL"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each URL argument of an action whose hint claims a closed world."""
    for endpoint, param in _cases(setting):
        says = f"{endpoint.action.name} sends nothing to the address in {param.name}"
        origin = endpoint.action.hints.open_world.origin
        yield promise(NAME, str(param.name), endpoint, says, origin, endpoint.action.cite)


def _cases(setting: Setting) -> Iterator[tuple[Endpoint, Param]]:
    hooks = setting.model.webhooks
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        if endpoint is None or action.hints.open_world.value or action.signed is not None:
            continue
        if hooks is not None and action.name == hooks.registered_by:
            continue  # a webhook's address is called on purpose
        for param in endpoint.params:
            schema = setting.resolve_schema(param.schema)
            if schema.get("format") in URLS and param.refers_to is None and not schema.get("enum"):
                yield endpoint, param


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Return that the contract is not selected if no receiver listens."""
    del contract
    return (Verdict.NOT_SELECTED, NEEDS_RECEIVER) if setting.receiver is None else None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    receiver = setting.receiver
    for endpoint, param in _cases(setting) if receiver is not None else ():
        assert receiver is not None
        contract = f"{NAME}/{param.name}/{endpoint.place}"
        run = partial(_run, setting, receiver, endpoint, param, contract)
        writes = endpoint.action.effect == "write"
        yield Probe(contract, STAGE, (contract,), 1, run, (endpoint,), "main", writes)


def _run(setting: Setting, receiver: Inbox, endpoint: Endpoint, param: Param, contract: str) -> Conversation:
    name = f"closed-{endpoint.action.name}-{param.name}"
    template = template_of(setting.model, endpoint.action)
    given: dict[str, Any] = {**template.input, str(param.name): receiver.open(name)}
    call: Call = ordinary(endpoint, template, "explore", "an address that nobody should call", input=given)
    exchange: Exchange = yield call
    hinted = find_hinted_call(setting, endpoint)
    body = find_made(hinted, exchange) if isinstance(hinted, HintedCall) else None
    if isinstance(hinted, HintedCall) and body is not None:
        yield from observe(hinted.sources, [body], "whether reading it calls the address")
    for seconds in WAITS_S:
        if receiver.deliveries(name):
            break
        yield Sleep(seconds, quiet=True)
    if receiver.deliveries(name):
        actual = f"the receiver got a request at the address in {param.name}"
        yield judge_broken(contract, "no request to the address that was given", actual)
    else:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, CLAIMED)


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract)
