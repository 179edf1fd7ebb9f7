"""The token endpoint exchanges a client's id and secret for a bearer token that ends when it says so.

A wrong secret, an unknown client and an unknown grant type are refused as in RFC 6749 (5.2). Answers with a
token may not be stored (5.1). If the answer names other scopes than the declared ones, a read that needs one
must be refused with the token (5.1). A token is tried some minutes after its expiry, as clocks differ, if the
operator can move the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import Credential
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.fixtures.instance import is_double
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.judgement import Untested, conclude, demand
from pgagents.verify.oauth import LEEWAY_S, bearer, plain
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw, Slip, TokenRequest
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import gives_token, refusal

MOST_MOVED_S = 3650 * 86_400.0
"""Ten years: no clock of an operator is moved further by what a server says, which may be any number."""
NO_CLOCK = (Verdict.NOT_APPLICABLE, "the API has no clock that an operator could move")
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
"""Wrong requests, each with the errors that are right for it by RFC 6749 (5.2), of which servers choose
differently: a wrong client is `invalid_client` to one and `invalid_grant` to another.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each token endpoint on the API's own server: another's, such as Auth0's, gets no
    wrong requests of ours. One request is tried for a token and for how it may be stored.
    """
    del roles
    for credential in setting.model.credentials.values():
        if credential.exchange is None or not credential.exchange.find_path(str(setting.model.api.server)):
            continue
        reader = _find_reader(setting, credential)
        schemes = (credential.name,)
        issue = Attempt(together=partial(_issue, credential, reader), stage=2, schemes=schemes)
        attempts = {"issued": issue, "not_stored": issue}
        for detail, (slip, errors) in SLIPS.items():
            run = partial(_try_slip, credential=credential, what=SAYS[detail], slip=slip, errors=errors)
            attempts[detail] = Attempt(run, schemes=schemes)
        if reader is not None:
            end = partial(_try_end, credential=credential, reader=reader)
            attempts["ends"] = Attempt(end, cost=3, schemes=schemes, role=OPERATOR)
        suffix = "" if credential is setting.model.credential else f"-{credential.name}"
        origin = (*credential.origin, "flows")
        for detail, attempt in attempts.items():
            settled = NO_CLOCK if detail == "ends" and setting.model.clock is None else None
            place = f"@{REST}"
            yield Case(None, SAYS[detail], origin, attempt, f"{detail}{suffix}", settled=settled, place=place)


def _find_reader(setting: Setting, credential: Credential) -> Endpoint | None:
    """Return a read that accepts the credential's tokens and needs nothing else."""
    for endpoint in setting.endpoints:
        takes = endpoint.security == ((credential.name,),)
        reads = endpoint.on_rest and endpoint.action.only_reads and endpoint.method == "GET"
        if takes and reads and plain(setting, endpoint) is not None:
            return endpoint
    return None


def _request_token(credential: Credential, why: str, slip: Slip = "") -> Call:
    return Call(None, {}, "document", why, role="", asks=TokenRequest(credential.name, slip=slip))


def _try_slip(trial: Trial, credential: Credential, what: str, slip: Slip, errors: tuple[str, ...]) -> None:
    answer = trial.ask(_request_token(credential, f"a token request: {what}", slip))
    if not answer.void:
        problem = refusal(answer, *errors)
        expected = f"400 or 401 with the error {' or '.join(errors)}"
        broken = trial.broken(expected, problem)
        broken = broken if gives_token(answer) else broken.with_rank(Rank.UNDOCUMENTED)
        conclude(broken if problem else trial.kept())


def _issue(credential: Credential, reader: Endpoint | None, trials: Sequence[Trial]) -> None:
    issued, not_stored = trials
    answer = ask(_request_token(credential, "a token request"))
    if answer.void:
        return
    problem, values = _find_problem(answer)
    if not problem and reader is not None:
        problem, values = _find_unnamed_scope(issued, credential, reader, answer)
    expected = "200 with access_token, token_type Bearer, and a positive expires_in and all scopes, if any"
    broken = issued.broken(expected, problem, **values).with_rank(Rank.UNDOCUMENTED)
    conclude(broken if problem else issued.kept())
    if answer.status == 200:
        control = (answer.header("cache-control") or "").lower()
        if "no-store" in control:
            conclude(not_stored.kept())
        else:
            expected, claim = "Cache-Control: no-store", "Cache-Control: {control}"
            broken = not_stored.broken(expected, claim, control=control or "(none)")
            conclude(broken.with_rank(Rank.UNDOCUMENTED))


def _find_problem(answer: Exchange) -> tuple[str, dict[str, Any]]:
    """Return what is wrong with a token answer by RFC 6749 (5.1), with the values in it; empty if nothing
    is.
    """
    kind, lives_s = got(answer.body, "token_type"), got(answer.body, "expires_in")
    if answer.status != 200 or not isinstance(got(answer.body, "access_token"), str):
        return "{outcome} without an access_token", {"outcome": answer.outcome}
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return "token_type {kind!r}", {"kind": kind}
    if lives_s is not None and not _is_time(lives_s):
        return "expires_in {lives_s!r}", {"lives_s": lives_s}
    return "", {}


def _find_unnamed_scope(
    trial: Trial, credential: Credential, reader: Endpoint, issued: Exchange
) -> tuple[str, dict[str, Any]]:
    """Return a scope that the token has although its answer names none (RFC 6749, 5.1); empty without one.

    An answer without `scope` grants what was requested, and a server may grant less. A named scope may
    contain another one. So only a token with a declared scope, whose answer names none, is a problem.
    """
    named, needed = got(issued.body, "scope"), reader.action.scope
    known = credential.exchange.scopes if credential.exchange is not None else {}
    if not isinstance(named, str) or needed not in known or not known.keys().isdisjoint(named.split()):
        return "", {}
    why = f"a read with a token that is said to lack {needed}"
    answer = demand(trial.ask(_read(trial, reader, got(issued.body, "access_token"), why)))
    values = {"named": named, "needed": needed}
    return ("the scope {named!r}, and a token that has {needed}", values) if answer.success else ("", {})


def _read(trial: Trial, reader: Endpoint, token: Any, why: str) -> Call:
    raw = Raw("GET", plain(trial.setting, reader), bearer(str(token)))
    return Call(None, {}, "document", why, role="", raw=raw)


def _is_time(seconds: Any) -> bool:
    return is_double(seconds) and seconds > 0


def _try_end(trial: Trial, credential: Credential, reader: Endpoint) -> None:
    issued = trial.ask(_request_token(credential, "a token whose time will pass"))
    token, lives_s = got(issued.body, "access_token"), got(issued.body, "expires_in")
    if not isinstance(token, str) or not _is_time(lives_s):
        raise Untested("the server does not say how long a token lives")
    move = time_passes(trial.setting, lives_s + LEEWAY_S) if lives_s <= MOST_MOVED_S else None
    if move is None:
        raise Untested(f"a token lives {str(lives_s)[:40]} s, and no clock is moved so far", excused=True)
    before = trial.ask(_read(trial, reader, token, "a call with a new token"))
    passed = trial.ask(move)
    after = trial.ask(_read(trial, reader, token, "a call with a token that is over"))
    if not passed.success:
        raise Untested(f"the operator's clock was answered {passed.outcome}")
    if not before.success:
        raise Untested(f"a new token was answered {before.outcome}")
    if after.void or (not after.success and not 400 <= after.status < 500):
        raise Untested(f"a token that is over was answered {after.outcome}")
    problem = "{outcome}" if after.success else ""
    conclude(trial.judge(f"a refusal {LEEWAY_S:g} s after {lives_s:g} s", problem, outcome=after.outcome))


CHECK = make_check("client_credentials", __doc__, cases, stage=9, rank=Rank.EXPOSED)
