"""A call without the client certificate is refused, and so is one with a certificate of another authority.

Each endpoint that needs the certificate is called on a connection without one. The first endpoint is also
called with a certificate that another authority signed. The server may refuse the handshake, or the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.base.http import Silence
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Connection
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "client_certificate"
CASES: dict[str, tuple[Connection, str]] = {
    "missing": ("none", "without a client certificate"),
    "other_authority": ("other", "with a client certificate of another authority"),
}
REFUSALS = (400, 401, 403, 421, 495, 496)
"""Statuses with which servers and gateways refuse a connection without the right certificate.

495 and 496 are nginx's own.
"""
HINDERED = ("timeout", "too-large")
"""Kinds of silence that do not show a refusal."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract for each endpoint that needs the certificate, and one for the first of them."""
    certificate = setting.model.certificate
    for detail, endpoint in _cases(setting):
        says = f"{endpoint.action.name} called {CASES[detail][1]} is refused"
        origin = certificate.origin if certificate is not None else ("security",)
        yield promise(NAME, detail, endpoint, says, origin, endpoint.action.cite)


def _cases(setting: Setting) -> Iterator[tuple[str, Endpoint]]:
    for index, endpoint in enumerate(d for d in setting.endpoints if d.certificate):
        yield "missing", endpoint
        if index == 0:
            yield "other_authority", endpoint


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Return that a contract is untested if no connection can have a certificate, else None."""
    del contract
    if setting.strangers:
        return None
    return Verdict.UNTESTED, "needs a server with TLS, and the client certificate (--cert FILE)"


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for detail, endpoint in _cases(setting) if setting.strangers else ():
        connection, what = CASES[detail]
        call = ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "auth",
            f"a call {what}",
            connection=connection,
        )
        contract = f"{NAME}/{detail}/{endpoint.place}"
        writes = endpoint.action.effect == "write"
        yield Probe(
            contract, 6, (contract,), 1, partial(_run, call, contract, what), (endpoint,), "main", writes
        )


def _run(call: Call, contract: str, what: str) -> Conversation:
    exchange: Exchange = yield call
    answer = exchange.answer
    if isinstance(answer, Silence) and answer.kind in HINDERED:
        yield judge_untested(contract, f"no answer came: {exchange.outcome}")
    elif isinstance(answer, Silence) or answer.status in REFUSALS:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, f"a call {what} is refused", exchange.outcome)


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract)
