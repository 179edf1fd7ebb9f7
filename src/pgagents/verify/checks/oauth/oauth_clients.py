"""A client with a secret is refused with any other secret, with `invalid_client` as in RFC 6749, 5.2.

No user is needed: an invented code is exchanged with a wrong secret, in the body and by the Basic scheme. The
error must be about the client, and after Basic be a 401 with WWW-Authenticate.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import SHORTEST, OAuthClient, add_credentials, make_post, refusal

NAME = "oauth_clients"
SECRET, BASIC = f"{NAME}/secret@{REST}", f"{NAME}/basic@{REST}"
UNKNOWN = "invalid_client"
UNAUTHORIZED = 401
_BASIC_CHALLENGE = re.compile(r"(?:^|,)\s*basic(?:\s|,|$)", re.I)
"""The Basic scheme as one of several challenges (RFC 9110, 11.6.1)."""
METHODS, BASIC_METHOD = "token_endpoint_auth_methods_supported", "client_secret_basic"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield two contracts: a wrong secret is refused, and a wrong secret under Basic is answered as in RFC
    6749.
    """
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    at = oauth.place("token")
    says = f"a client that has a secret is refused with another one, as {UNKNOWN}"
    yield promise_at(NAME, "secret", f"@{REST}", says, at, oauth.cite)
    says = (
        "a client that is not known by the Basic scheme is answered 401 with that scheme in "
        "WWW-Authenticate (RFC 6749, 5.2)"
    )
    yield promise_at(NAME, "basic", f"@{REST}", says, at, oauth.cite)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract if no client has a secret."""
    del contract
    if _client(setting) is None:
        return (
            Verdict.NOT_SELECTED,
            "needs a registered OAuth client with a secret: add `oauth` to the --env file",
        )
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with a wrong secret by the Basic scheme, and one with a wrong secret in the body."""
    del roles
    oauth, client = setting.model.own_code_flow, _client(setting)
    if oauth is not None and client is not None:
        yield Probe(BASIC, 5, (BASIC,), 1, partial(_basic, oauth, client), (), "")
        yield Probe(SECRET, 5, (SECRET,), 1, partial(_secret, oauth, client), (), "")


def _client(setting: Setting) -> OAuthClient | None:
    """Return the first registered client that has a secret, or None."""
    ours = setting.oauth
    return next(
        (c for c in (ours, ours.other if ours is not None else None) if c is not None and c.secret), None
    )


def _exchange(oauth: Any, client: OAuthClient, why: str, *, basic: bool = False) -> Call:
    """Return the exchange of an invented code, with the client's secret in the body or by the Basic scheme
    (RFC 6749, 2.3.1).
    """
    given = {
        "grant_type": "authorization_code",
        "code": "pgv-no-code",
        "redirect_uri": client.redirect_uri,
        "code_verifier": "v" * SHORTEST,
    }
    if not basic:
        return make_post(oauth.token, add_credentials(client, given), why)
    told = base64.b64encode(
        f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}".encode()
    ).decode()
    return make_post(oauth.token, given, why, {"Authorization": f"Basic {told}"})


def _with_another(client: OAuthClient) -> OAuthClient:
    """Return the client with a wrong secret. A report may show it."""
    return replace(client, secret=f"pgv-{sha256(client.client_id.encode()).hexdigest()}")


def _basic(oauth: Any, client: OAuthClient) -> Conversation:
    exchange: Exchange = yield _exchange(
        oauth, _with_another(client), "a client with another secret, by the Basic scheme", basic=True
    )
    if exchange.void:
        return
    scheme = exchange.header("www-authenticate") or ""
    problem = refusal(exchange, UNKNOWN)
    if not problem and (exchange.status != UNAUTHORIZED or not _BASIC_CHALLENGE.search(scheme)):
        problem = f"{exchange.status} with WWW-Authenticate: {scheme[:80] or 'missing'}"
    if not problem:
        yield judge_kept(BASIC)
    elif not exchange.success and (yield from _by_form_alone(oauth)):
        yield Judgement(BASIC, Verdict.NOT_APPLICABLE, "the server's metadata do not name the Basic scheme")
    else:
        expected = f"{UNAUTHORIZED} {UNKNOWN} with WWW-Authenticate: Basic"
        yield _judge_accepted(BASIC, exchange, expected, problem)


def _by_form_alone(oauth: Any) -> Generator[Call, Exchange, bool]:
    """True if the server's metadata exclude the Basic scheme. Without an entry, it is supported (RFC 8414,
    2).
    """
    if not oauth.metadata:
        return False
    raw = Raw("GET", oauth.metadata)
    exchange = yield Call(None, {}, "document", f"the metadata at {oauth.metadata}", role="", raw=raw)
    methods = exchange.body.get(METHODS) if exchange.success and isinstance(exchange.body, Mapping) else None
    return isinstance(methods, list) and BASIC_METHOD not in methods


def _secret(oauth: Any, client: OAuthClient) -> Conversation:
    exchange: Exchange = yield _exchange(oauth, _with_another(client), "a client with another secret")
    if not exchange.void:
        problem = refusal(exchange, UNKNOWN)
        expected = f"{UNKNOWN} for another secret"
        yield (_judge_accepted(SECRET, exchange, expected, problem) if problem else judge_kept(SECRET))


def _judge_accepted(contract: str, exchange: Exchange, expected: str, problem: str) -> Judgement:
    """Return the break by a wrong secret. One that is refused in another form exposes nothing."""
    broken = judge_broken(contract, expected, problem)
    return broken if exchange.success else broken.with_rank(Rank.UNDOCUMENTED)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="all",
    rank=Rank.EXPOSED,
)
