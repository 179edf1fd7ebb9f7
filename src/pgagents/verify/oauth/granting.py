"""Request codes and tokens as an OAuth client, call by call.

Everything here returns a call or is a generator of calls. If there is no code or token, a text says why.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.model.code_flow import PKCE
from pgagents.verify.check.check import Judgement, judge_broken, judge_kept
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import evaluate_arguments, find_given, template_of
from pgagents.verify.oauth.consent import Code, authorize
from pgagents.verify.wire.call import Call, InstanceRef, Raw
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import SHORTEST, OAuthClient, add_credentials, challenge, make_post, verifier

UNAUTHORIZED = 401
ROOT = "http://127.0.0.1"
"""The base URL of a run without one."""
TOKEN_COST = 3
"""The number of requests that one token takes: authorization request, consent, exchange."""


@dataclass(slots=True)
class Granting:
    """A client that requests codes and tokens.

    `codes` counts the requested codes. Each code has a verifier of its own with `length` characters.
    """

    setting: Setting
    client: OAuthClient
    codes: int = 0
    length: int = SHORTEST

    @property
    def oauth(self) -> Any:
        """The OAuth section of the catalogue."""
        return self.setting.model.own_code_flow

    @property
    def verifier(self) -> str:
        """The verifier of the code that was requested last."""
        return verifier(self.setting.seed, self.codes, self.length)

    def code(
        self,
        scope: str,
        *,
        challenged: bool = True,
        method: str = "",
        consent: Mapping[str, str] | None = None,
        why: str = "",
    ) -> Generator[Any, Any, Code]:
        """Request a code with a new challenge.

        `consent` replaces the fields of the consenting user, `method` the challenge's method.
        """
        self.codes += challenged
        params = {"scope": scope}
        if challenged:
            plainly = self.verifier if method == "plain" else challenge(self.verifier)
            params |= {"code_challenge": plainly, "code_challenge_method": method or PKCE}
        client = self.client if consent is None else replace(self.client, consent=consent)
        base = self.setting.url or ROOT
        why = why or "a code for our client"
        return (yield from authorize(base, self.oauth.authorize, client, params, why))

    def exchange(
        self,
        code: Code,
        why: str,
        *,
        client: OAuthClient | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Call:
        """Return the call that exchanges a code for tokens; `more` adds or replaces parameters."""
        given = {
            "grant_type": "authorization_code",
            "code": code.text,
            "redirect_uri": self.client.redirect_uri,
            **(more or {}),
        }
        return make_post(self.oauth.token, add_credentials(client or self.client, given), why)

    def refresh(self, token: str, why: str, **more: str) -> Call:
        """Return the call that exchanges a refresh token for new tokens."""
        return make_post(
            self.oauth.token,
            add_credentials(self.client, {"grant_type": "refresh_token", "refresh_token": token, **more}),
            why,
        )

    def revoke(self, token: str, why: str, hint: str = "") -> Call:
        """Return the call that revokes a token (RFC 7009); `hint` is the token_type_hint."""
        hinted = {"token_type_hint": hint} if hint else {}
        return make_post(self.oauth.revoke, add_credentials(self.client, {"token": token, **hinted}), why)

    def make_call(self, token: str, endpoint: Endpoint, why: str) -> Call:
        """Return an ordinary read with an access token."""
        target = plain(self.setting, endpoint)
        return Call(None, {}, "document", why, role="", raw=Raw("GET", target, bearer(token)))

    def request_token(self, scope: str, why: str) -> Generator[Any, Any, tuple[Exchange | None, str]]:
        """Request a token for a scope; return the token endpoint's answer and an empty text.

        If there is no token, return None and the reason.
        """
        code = yield from self.code(scope, why=why)
        if not code.text:
            return None, f"no code: {code.problem}"
        exchange: Exchange = yield self.exchange(code, why, more={"code_verifier": self.verifier})
        return (
            (exchange, "")
            if isinstance(got(exchange.body, "access_token"), str)
            else (None, f"no token: {exchange.outcome}")
        )

    def revoke_grant(self, exchange: Exchange) -> Generator[Any, Any, None]:
        """Revoke the refresh token of a token answer, or else its access token."""
        token = got(exchange.body, "refresh_token") or got(exchange.body, "access_token")
        if self.oauth.revoke and isinstance(token, str):
            yield self.revoke(token, "what was granted ends")


def challenges(setting: Setting, endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that show a client how to request another token, with the contracts that promise
    them.
    """
    return {
        header.name: f"response_headers/{header.name}/{endpoint.place}"
        for header in setting.model.headers
        if UNAUTHORIZED in header.on and (setting.https or not header.https)
    }


def judge_refused_token(setting: Setting, endpoint: Endpoint, exchange: Exchange) -> Iterator[Judgement]:
    """Judge that a 401 for a refused token has the headers that show a client how to request another."""
    for name, contract in challenges(setting, endpoint).items() if exchange.status == UNAUTHORIZED else ():
        if exchange.header(name) is not None:
            yield judge_kept(contract)
        else:
            yield judge_broken(contract, f"header {name} on a 401", "no such header to a token that is over")


def bearer(token: str) -> tuple[tuple[str, str | None], ...]:
    """Return the Authorization header with an access token."""
    return (("Authorization", f"Bearer {token}"),)


def consenting(setting: Setting) -> OAuthClient | None:
    """Return the client whose user can consent; None if the run has none."""
    client = setting.oauth
    return (
        client
        if client is not None
        and (client.consent or client.headers)
        and setting.model.own_code_flow is not None
        else None
    )


def readers(setting: Setting) -> dict[str, Endpoint]:
    """Map each scope to a read that it allows and that needs no instance."""
    found: dict[str, Endpoint] = {}
    oauth = setting.model.own_code_flow
    for scope, names in oauth.needs.items() if oauth is not None else ():
        for name in names:
            endpoint = setting.find_lead(name)
            if (
                endpoint is not None
                and endpoint.action.effect == "read"
                and scope not in found
                and plain(setting, endpoint) is not None
            ):
                found[scope] = endpoint
    return found


def plain(setting: Setting, endpoint: Endpoint) -> str | None:
    """Return the target of a valid call; None if the call needs a live instance."""
    needed = {str(p.name) for p in endpoint.params if p.required}
    given = evaluate_arguments(setting.model, template_of(setting.model, endpoint.action).input)
    given = {
        name: find_given(setting.model, value, "main") if isinstance(value, InstanceRef) else value
        for name, value in given.items()
        if name in needed or not isinstance(value, InstanceRef)
    }
    if any(isinstance(value, InstanceRef | Expression) for value in given.values()):
        return None
    return request_of(Call(endpoint, given, "valid", ""), given).target


def within(setting: Setting) -> tuple[str, Endpoint] | None:
    """Return a scope and a read that the scope allows, or None."""
    return next(iter(readers(setting).items()), None)


def beyond(setting: Setting) -> tuple[str, Endpoint] | None:
    """Return another scope and a read that only this scope allows, or None."""
    return next(iter(list(readers(setting).items())[1:]), None)
