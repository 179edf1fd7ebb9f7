"""The token endpoint exchanges a client's id and secret for a bearer token that works until its announced
expiry.

A wrong secret, an unknown client and an unknown grant type are refused as in RFC 6749 (5.2). Answers with a
token may not be stored (5.1). If the answer names no declared scope, a read that needs one must be refused
with the token. A token is tried 30 s after its expiry, if that is at most two minutes away, or if the
operator can move the clock.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import Credential
from pgagents.report.contract import Contract, Rank
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.oauth import bearer, plain
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw, Sleep, Slip, TokenRequest
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import refusal

NAME = "client_credentials"
MARGIN_S = 30.0
"""Seconds between a token's expiry and its next use, because clocks differ by a few seconds."""
MOST_S = 120.0
MOST_MOVED_S = 3650 * 86_400.0
"""Ten years: no clock of an operator is moved further by what a server says."""
STAGE = 9
SAYS = {
    "issued": "client_id and client_secret are exchanged for a bearer token",
    "not_stored": "an answer with a token has Cache-Control: no-store (RFC 6749, 5.1)",
    "wrong_secret": "a wrong client_secret is refused",
    "unknown_client": "an unknown client_id is refused",
    "wrong_grant": "an unknown grant_type is refused",
    "ends": "a token is refused after its expires_in is over",
}
SLIPS: dict[str, tuple[Slip, tuple[str, ...]]] = {
    "wrong_secret": ("secret", ("invalid_client", "invalid_grant")),
    "unknown_client": ("client", ("invalid_client", "invalid_grant")),
    "wrong_grant": ("grant", ("unsupported_grant_type", "unauthorized_client", "invalid_request")),
}
"""Wrong requests, each with the errors that are right for it. Some servers also answer a wrong client with
`invalid_grant`.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts of each token endpoint on the API's own server."""
    for credential, reader in _list_own(setting):
        for case, says in SAYS.items():
            if case != "ends" or reader is not None:
                detail = _detail(setting, case, credential)
                yield promise_at(NAME, detail, f"@{REST}", says, (*credential.origin, "flows"))


def _list_own(setting: Setting) -> list[tuple[Credential, Endpoint | None]]:
    """Return the credentials whose token endpoint is on the API's server.

    Each comes with a read that accepts its tokens and needs nothing else.
    """
    server = str(setting.model.api.server)
    found = []
    for credential in setting.model.credentials.values():
        if credential.exchange is not None and credential.exchange.find_path(server):
            found.append((credential, _find_reader(setting, credential)))
    return found


def _find_reader(setting: Setting, credential: Credential) -> Endpoint | None:
    return next(
        (
            endpoint
            for endpoint in setting.endpoints
            if endpoint.on_rest
            and endpoint.action.only_reads
            and endpoint.method == "GET"
            and endpoint.security == ((credential.name,),)
            and plain(setting, endpoint) is not None
        ),
        None,
    )


def _detail(setting: Setting, case: str, credential: Credential) -> str:
    return case if credential is setting.model.credential else f"{case}-{credential.name}"


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each wrong request, one for the right one, and one for a token's expiry."""
    operated = OPERATOR in roles
    for credential, reader in _list_own(setting):

        def name(case: str, credential: Credential = credential) -> str:
            return f"{NAME}/{_detail(setting, case, credential)}@{REST}"

        for case in SLIPS:
            run = partial(_run_slip, credential, case, name(case))
            yield Probe(name(case), STAGE, (name(case),), 1, run, schemes=(credential.name,))
        issued = partial(_run_issued, setting, credential, reader, name("issued"), name("not_stored"))
        covers = (name("issued"), name("not_stored"))
        yield Probe(name("issued"), 2, covers, 1, issued, schemes=(credential.name,))
        if reader is not None:
            ends = partial(_run_end, setting, credential, reader, name("ends"), operated=operated)
            yield Probe(name("ends"), STAGE, (name("ends"),), 3, ends, schemes=(credential.name,))


def _ask(credential: Credential, why: str, slip: Slip = "") -> Call:
    return Call(None, {}, "document", why, role="", asks=TokenRequest(credential.name, slip=slip))


def _run_slip(credential: Credential, case: str, contract: str) -> Conversation:
    slip, errors = SLIPS[case]
    exchange: Exchange = yield _ask(credential, f"a token request: {SAYS[case]}", slip)
    if not exchange.void:
        wrong = refusal(exchange, *errors)
        expected = f"400 or 401 with the error {' or '.join(errors)}"
        broken = judge_broken(contract, expected, wrong)
        broken = broken if exchange.success else broken.with_rank(Rank.UNDOCUMENTED)
        yield broken if wrong else judge_kept(contract)


def _run_issued(
    setting: Setting, credential: Credential, reader: Endpoint | None, issued: str, not_stored: str
) -> Conversation:
    exchange: Exchange = yield _ask(credential, "a token request")
    if exchange.void:
        return
    wrong = _find_problem(exchange)
    if not wrong and reader is not None:
        wrong = yield from _find_untold_scope(setting, credential, reader, exchange)
    expected = "200 with access_token, token_type Bearer, and a positive expires_in and all scopes, if any"
    broken = judge_broken(issued, expected, wrong).with_rank(Rank.UNDOCUMENTED)
    yield broken if wrong else judge_kept(issued)
    if exchange.status == 200:
        yield _judge_stored(exchange, not_stored)


def _find_problem(exchange: Exchange) -> str:
    """Return what is wrong with a token answer by RFC 6749 (5.1); empty if nothing is."""
    kind, lives = got(exchange.body, "token_type"), got(exchange.body, "expires_in")
    if exchange.status != 200 or not isinstance(got(exchange.body, "access_token"), str):
        return f"{exchange.outcome} without an access_token"
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return f"token_type {kind!r}"
    if lives is not None and not _is_time(lives):
        return f"expires_in {lives!r}"
    return ""


def _find_untold_scope(
    setting: Setting, credential: Credential, reader: Endpoint, issued: Exchange
) -> Generator[Any, Any, str]:
    """Return a scope that the token has although its answer names none (RFC 6749, 5.1); empty without one.

    An answer without `scope` grants what was requested, and a server may grant less. A named scope may
    contain another one. So only a token with a declared scope, whose answer names none, is a problem.
    """
    told, needed = got(issued.body, "scope"), reader.action.scope
    known = credential.exchange.scopes if credential.exchange is not None else {}
    if not isinstance(told, str) or needed not in known or not known.keys().isdisjoint(told.split()):
        return ""
    raw = Raw("GET", plain(setting, reader), bearer(str(got(issued.body, "access_token"))))
    why = f"a read with a token that is said to lack {needed}"
    exchange: Exchange = yield Call(None, {}, "document", why, role="", raw=raw)
    return f"the scope {told!r}, and a token that has {needed}" if exchange.success else ""


def _is_time(lives: Any) -> bool:
    return isinstance(lives, int | float) and not isinstance(lives, bool) and 0 < lives < math.inf


def _judge_stored(exchange: Exchange, contract: str) -> Judgement:
    said = (exchange.header("cache-control") or "").lower()
    if "no-store" in said:
        return judge_kept(contract)
    broken = judge_broken(contract, "Cache-Control: no-store", f"Cache-Control: {said or '(none)'}")
    return broken.with_rank(Rank.UNDOCUMENTED)


def _run_end(
    setting: Setting, credential: Credential, reader: Endpoint, contract: str, *, operated: bool
) -> Conversation:
    first: Exchange = yield _ask(credential, "a token whose time will pass")
    token, lives = got(first.body, "access_token"), got(first.body, "expires_in")
    if not isinstance(token, str) or not _is_time(lives):
        yield judge_untested(contract, "the server does not say how long a token lives")
        return
    move = time_passes(setting, lives + MARGIN_S) if operated and lives <= MOST_MOVED_S else None
    wait = Sleep(lives + MARGIN_S) if lives <= MOST_S else move
    if wait is None:
        yield judge_untested(contract, f"a token lives {str(lives)[:40]} s, and nothing here waits so long")
        return
    raw = Raw("GET", plain(setting, reader), bearer(token))
    call = Call(None, {}, "document", "a call with a new token", role="", raw=raw)
    before: Exchange = yield call
    passed = yield wait
    after: Exchange = yield Call(None, {}, "document", "a call with a token that is over", role="", raw=raw)
    if isinstance(passed, Exchange) and not passed.success:
        yield judge_untested(contract, f"the operator's clock was answered {passed.outcome}")
    elif not before.success or before.void or after.void:
        yield judge_untested(contract, f"a new token was answered {before.outcome}")
    elif 400 <= after.status < 500:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, f"a refusal {MARGIN_S:g} s after {lives:g} s", after.outcome)


CHECK = Check(NAME, __doc__, promises, probes=probes, rank=Rank.EXPOSED)
