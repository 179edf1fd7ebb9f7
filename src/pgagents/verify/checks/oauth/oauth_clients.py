"""A client with a secret is refused with any other secret, with `invalid_client` as in RFC 6749, 5.2.

No user is needed: an invented code is exchanged with a wrong secret, in the body and by the Basic scheme. The
error must be about the client, whose proof comes before the code (RFC 6749, 4.1.3), and after Basic be a 401
with WWW-Authenticate, unless the server's metadata leave the scheme out (RFC 8414, 2).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from urllib.parse import quote

from pgagents.catalogue.model.credential import CodeFlow
from pgagents.report.contract import Rank, Verdict
from pgagents.report.reason import without_env
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import CLIENT, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import SHORTEST, OAuthClient, add_credentials, gives_token, make_post, refusal

UNKNOWN = "invalid_client"
UNAUTHORIZED = 401
_BASIC_CHALLENGE = re.compile(r"(?:^|,)\s*basic(?:\s|,|$)", re.I)
"""The Basic scheme as one of several challenges (RFC 9110, 11.6.1)."""
METHODS, BASIC_METHOD = "token_endpoint_auth_methods_supported", "client_secret_basic"
NEEDS_CLIENT = (
    Verdict.NOT_SELECTED,
    without_env("a registered OAuth client with a secret", "oauth"),
)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for a wrong secret in the body, and one for a wrong secret by the Basic scheme."""
    del roles
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    client = _find_client(setting)
    settled = None if client is not None else NEEDS_CLIENT
    basic = (
        "a client that is not known by the Basic scheme is answered 401 with that scheme in "
        "WWW-Authenticate (RFC 6749, 5.2)"
    )
    for detail, says, run in (
        ("secret", f"a client that has a secret is refused with another one, as {UNKNOWN}", _try_secret),
        ("basic", basic, _try_basic),
    ):
        attempt = Attempt(partial(run, oauth=oauth, client=client), role="") if client is not None else None
        yield Case(None, says, oauth.place("token"), attempt, detail, oauth.cite, settled, place=f"@{REST}")


def _find_client(setting: Setting) -> OAuthClient | None:
    """Return the first registered client that has a secret, with a wrong one that a report may show."""
    ours = setting.oauth
    for client in (ours, ours.other) if ours is not None else ():
        if client is not None and client.secret:
            return replace(client, secret=f"pgv-{sha256(client.client_id.encode()).hexdigest()}")
    return None


def _try_secret(trial: Trial, oauth: CodeFlow, client: OAuthClient) -> None:
    parameters = add_credentials(client, _exchange_of_a_code(client))
    answer = trial.ask(make_post(oauth.token, parameters, "a client with another secret"))
    if not answer.void:
        problem = refusal(answer, UNKNOWN)
        broken = trial.broken(f"{UNKNOWN} for another secret", problem)
        conclude(_rank(broken, answer) if problem else trial.kept())


def _rank(broken: Judgement, answer: Exchange) -> Judgement:
    """Return the break by a wrong secret. An answer without a token exposes nothing."""
    return broken if gives_token(answer) else broken.with_rank(Rank.UNDOCUMENTED)


def _try_basic(trial: Trial, oauth: CodeFlow, client: OAuthClient) -> None:
    pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"  # RFC 6749, 2.3.1
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    why = "a client with another secret, by the Basic scheme"
    answer = trial.ask(make_post(oauth.token, _exchange_of_a_code(client), why, headers))
    if answer.void:
        return
    expected = f"{UNAUTHORIZED} {UNKNOWN} with WWW-Authenticate: Basic"
    scheme = answer.header("www-authenticate") or ""
    problem = refusal(answer, UNKNOWN)
    if not problem and answer.status == UNAUTHORIZED and _BASIC_CHALLENGE.search(scheme):
        conclude(trial.kept())
    elif not gives_token(answer) and _takes_forms_alone(oauth):
        conclude(trial.not_applicable("the server's metadata do not name the Basic scheme"))
    elif problem:
        conclude(_rank(trial.broken(expected, problem), answer))
    else:
        claim, shown = "{status} with WWW-Authenticate: {scheme}", scheme[:80] or "missing"
        conclude(_rank(trial.broken(expected, claim, status=answer.status, scheme=shown), answer))


def _exchange_of_a_code(client: OAuthClient) -> dict[str, str]:
    """Return the parameters that exchange an invented code."""
    return {
        "grant_type": "authorization_code",
        "code": "pgv-no-code",
        "redirect_uri": client.redirect_uri,
        "code_verifier": "v" * SHORTEST,
    }


def _takes_forms_alone(oauth: CodeFlow) -> bool:
    """True if the server's metadata exclude the Basic scheme. Without an entry, it is supported (RFC 8414,
    2).
    """
    if not oauth.metadata:
        return False
    raw = Raw("GET", oauth.metadata)
    answer = ask(Call(None, {}, "document", f"the metadata at {oauth.metadata}", role="", raw=raw))
    if answer.void:
        raise Untested(f"the metadata were not read: {answer.outcome}")
    methods = answer.body.get(METHODS) if answer.success and isinstance(answer.body, Mapping) else None
    return isinstance(methods, list) and BASIC_METHOD not in methods


CHECK = make_check("oauth_clients", __doc__, cases, stage=5, overlap="all", aid=CLIENT, rank=Rank.EXPOSED)
