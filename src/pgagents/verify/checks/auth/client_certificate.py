"""A call without the client certificate is refused, and so is one with a certificate of another authority.

Each endpoint that needs the certificate is called on a connection without one. The first endpoint is also
called with a certificate that another authority signed. The server may refuse the handshake, or the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.base.http import Silence
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.promise import Attempt, Case, Trial, Untested, conclude, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Connection

REFUSALS = (400, 401, 403, 421, 495, 496)
"""Statuses with which servers and gateways refuse a connection without the right certificate.

495 and 496 are nginx's own.
"""
HINDERED = ("timeout", "too-large")
"""Kinds of silence that do not show a refusal."""
NO_TLS = (Verdict.UNTESTED, "needs a server with TLS, and the client certificate (--cert FILE)")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint that needs the certificate, and a second one for the first of them."""
    del roles
    certificate = setting.model.certificate
    origin = certificate.origin if certificate is not None else ("security",)
    for index, endpoint in enumerate(d for d in setting.endpoints if d.certificate):
        wrong: dict[str, tuple[Connection, str]] = {"missing": ("none", "without a client certificate")}
        if index == 0:
            wrong["other_authority"] = ("other", "with a client certificate of another authority")
        for detail, (connection, what) in wrong.items():
            says = f"{endpoint.action.name} called {what} is refused"
            attempt = Attempt(partial(_try, connection=connection, what=f"a call {what}"))
            settled = None if setting.strangers else NO_TLS
            yield Case(endpoint, says, origin, attempt, detail, settled=settled)


def _try(trial: Trial, connection: Connection, what: str) -> None:
    exchange = trial.ask(trial.call("auth", what, connection=connection))
    answer = exchange.answer
    if isinstance(answer, Silence) and answer.kind in HINDERED:
        raise Untested(f"no answer came: {exchange.outcome}")
    if isinstance(answer, Silence) or answer.status in REFUSALS:
        conclude(trial.kept())
    else:
        conclude(trial.broken(f"{what} is refused", exchange.outcome))


CHECK = make_check("client_certificate", __doc__, cases, rank=Rank.EXPOSED)
