"""A call that meets the condition of an error code (`errors.codes.*.when`) is refused with that code.

The arguments are found in the examples and the schemas. Everything else in the call is right, so that no
other code applies.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.fixtures.request_template import list_conditional, make_refused, ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_refused, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "declared_refusals"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each code with a condition and each endpoint that may answer it."""
    for endpoint, code in _cases(setting):
        refused = f"{endpoint.action.name} is refused with {code.name}"
        says = f"{refused} where {code.when.wording if code.when is not None else ''}"
        yield promise(NAME, code.name, endpoint, says, (*code.origin, "when"), code.cite)


def _cases(setting: Setting) -> Iterator[tuple[Endpoint, Code]]:
    for endpoint in setting.endpoints:
        for code in list_conditional(endpoint.action):
            yield endpoint, code


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude a code for whose condition no arguments are found."""
    for endpoint, code in _cases(setting):
        if (code.name, endpoint.place) == (contract.detail, contract.place):
            found = make_refused(setting, endpoint, code)
            why = "no arguments are found for which its condition is true: an example would show them"
            return (Verdict.UNTESTED, why) if found is None else None
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract: a call that meets the code's condition."""
    del roles
    for endpoint, code in _cases(setting):
        given = make_refused(setting, endpoint, code)
        if given is not None:
            contract = f"{NAME}/{code.name}/{endpoint.place}"
            run = partial(_run, setting, endpoint, code, given, contract)
            writes = endpoint.action.effect == "write"
            yield Probe(contract, 5, (contract,), 2 if writes else 1, run, (endpoint,), "main", writes)


def _run(
    setting: Setting, endpoint: Endpoint, code: Code, given: dict[str, Any], contract: str
) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    why = f"a call that is to be refused with {code.name}"
    exchange: Exchange = yield ordinary(endpoint, template, "illegal", why, input=given, fresh=True)
    yield from judge_refused(exchange, contract, [code], why)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
)
