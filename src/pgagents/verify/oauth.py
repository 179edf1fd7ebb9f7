"""Request codes and tokens as an OAuth client, call by call.

If there is no code or token, a text says why.
A user's consent is given through the server's own form, with the fields of the `--env` file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

from pgagents.base.cel.expression import Expression
from pgagents.catalogue.model.credential import PKCE
from pgagents.verify.fixtures.request_template import evaluate_arguments, find_given, template_of
from pgagents.verify.judgement import Judgement, judge_broken, judge_kept
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, Raw
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got
from pgagents.verify.wire.oauth import (
    OAuthClient,
    add_credentials,
    challenge,
    find_redirect_target,
    leads_to,
    make_get,
    make_post,
    parse_redirect,
    verifier,
)

UNAUTHORIZED = 401
LEEWAY_S = 330.0
"""Seconds after which a token that is over must be refused: Spring Security lets clocks differ by 60 s, and
.NET's `ClockSkew` by 300.
"""
ROOT = "http://127.0.0.1"
"""The base URL of a run without one."""
TOKEN_COST = 3
"""The number of requests that one token takes: authorization request, consent, exchange."""


@dataclass(slots=True)
class Granting:
    """A client that requests codes and tokens.

    `codes` counts the requested codes. Each code has a verifier of its own.
    """

    setting: Setting
    client: OAuthClient
    codes: int = 0

    @property
    def oauth(self) -> Any:
        """The OAuth section of the catalogue."""
        return self.setting.model.own_code_flow

    @property
    def verifier(self) -> str:
        """The verifier of the code that was requested last."""
        return verifier(self.setting.seed, self.codes)

    def code(
        self,
        scope: str,
        *,
        challenged: bool = True,
        method: str = "",
        consent: Mapping[str, str] | None = None,
        why: str = "",
    ) -> Code:
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
        return authorize(base, self.oauth.authorize, client, params, why)

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

    def request_token(self, scope: str, why: str) -> tuple[Exchange | None, str]:
        """Request a token for a scope; return the token endpoint's answer and an empty text.

        If there is no token, return None and the reason. An exchange that was put off may have used its code
        up, so that its repeat is refused; then another code is exchanged.
        """
        for _ in range(2):
            code = self.code(scope, why=why)
            if not code.text:
                return None, f"no code: {code.problem}"
            exchange = ask(self.exchange(code, why, more={"code_verifier": self.verifier}))
            if isinstance(got(exchange.body, "access_token"), str):
                return exchange, ""
            if not exchange.repeats:
                break
        return None, f"no token: {exchange.outcome}"

    def revoke_grant(self, exchange: Exchange) -> None:
        """Revoke the refresh token of a token answer, or else its access token."""
        token = got(exchange.body, "refresh_token") or got(exchange.body, "access_token")
        if self.oauth.revoke and isinstance(token, str):
            ask(self.revoke(token, "what was granted ends"))


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


# -- consent without a user


MOST_PAGES = 4
MAX_PAGE = 60_000
STATE = "pgv+1%2B&a=b/~"
"""A state whose value changes if a server decodes or encodes it once too often.

Any visible character is legal (RFC 6749, A.5).
"""


@dataclass(slots=True)
class Form:
    """The first form of a page that is sent by POST: its target, its values, and the names of its fields."""

    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Code:
    """The result of an authorization request: a code, or the problem why there is none.

    `error` is the server's error code, if it sent one.
    """

    text: str = ""
    problem: str = ""
    error: str = ""
    state: str = ""
    put_off: bool = False
    """True if the server was too busy to answer, or did not."""


class _Reader(HTMLParser):
    """HTML parser that finds the first form with the method POST."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and told.get("method", "").lower() == "post":
            self.form, self._inside = Form(told.get("action", "")), True
        elif self._inside and self.form is not None and (name := told.get("name")):
            self.form.names.add(name)
            if tag == "input" and told.get("type", "text").lower() not in (
                "checkbox",
                "radio",
                "submit",
                "button",
                "image",
            ):
                self.form.values[name] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def form_of(page: str) -> Form | None:
    """Return the first form of a page with the method POST; None if it has none."""
    reader = _Reader()
    try:
        reader.feed(page)
    except (AssertionError, ValueError):  # HTMLParser raises these for invalid markup
        return None
    return reader.form


def text_of(exchange: Exchange) -> str:
    """Return the text of the page in an answer, at most MAX_PAGE bytes of it."""
    return exchange.response.body[:MAX_PAGE].decode("utf-8", "replace") if exchange.response else ""


def authorize(base: str, path: str, client: OAuthClient, params: Mapping[str, str], why: str) -> Code:
    """Request a code as the client, and consent as its user.

    `path` is the authorization endpoint below `base`, the URL of the API's server. A link to another host, or
    to a path that is not below the base, is not followed.
    """
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": STATE,
        **params,
    }
    cookies: dict[str, str] = {}
    exchange = ask(make_get(path, query, why, client.headers))
    for _ in range(MOST_PAGES):
        location = find_redirect_target(exchange)
        if location is not None and leads_to(location, client.redirect_uri):
            return _read_code(location)
        _keep(cookies, exchange)
        headers = {
            **client.headers,
            **({"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}),
        }
        if location is not None:
            onward = _within(base, path, location)
            if onward is None:
                return Code(problem=f"it leads to {location[:120]}, where nobody can follow")
            exchange = ask(make_get(onward, {}, why, headers))
            continue
        form = form_of(text_of(exchange)) if exchange.success else None
        if form is None:
            more = ", and no form to fill in" if exchange.success else ""
            return Code(problem=f"{exchange.outcome}{more}", put_off=exchange.void)
        target = _within(base, path, form.action)
        if target is None:
            return Code(problem=f"its form goes to {form.action[:120]}")
        filled = {**form.values, **{k: v for k, v in client.consent.items() if k in form.names}}
        exchange = ask(make_post(target, filled, why, headers))
    return Code(problem=f"no code after {MOST_PAGES} pages")


def _read_code(location: str) -> Code:
    """Read the code, or the error in its place, from the URL of the final redirect."""
    told = parse_redirect(location)
    problem = "" if told.get("code") else f"error {told.get('error')}"
    error = told.get("error", "")
    return Code(
        told.get("code", ""), problem, error, told.get("state", ""), error == "temporarily_unavailable"
    )


def _within(base: str, path: str, reference: str) -> str | None:
    """Return the target of a page's link; None if the target is not below the base."""
    server = base.rstrip("/")
    try:
        url = urldefrag(urljoin(f"{server}{path}", reference)).url
    except ValueError:
        return None
    return url.removeprefix(server) if url.startswith(f"{server}/") else None


def _keep(cookies: dict[str, str], exchange: Exchange) -> None:
    """Store the cookies of an answer as a browser would; they are sent only to this server."""
    headers: Any = exchange.response.headers if exchange.response else ()
    for name, value in headers:
        if name.lower() == "set-cookie" and "=" in value:
            key, _, text = value.partition(";")[0].partition("=")
            cookies[key.strip()] = text.strip()
