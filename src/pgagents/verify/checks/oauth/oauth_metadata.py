"""The OAuth server's metadata agree with the catalogue, with each other, and with the endpoints that exist.

Both documents are read: RFC 8414 (the authorization server) and RFC 9728 (the API that accepts its tokens).
Each endpoint must refuse a call without parameters (RFC 6749, 5.2). The authorization endpoint may also ask
for a login first, or show its refusal as a page. A 401 or 403 must not name metadata or scopes that do not
exist. A document may leave out scopes (RFC 8414, 2; RFC 9728, 2), but must not name unknown ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import PKCE
from pgagents.report.contract import Contract, Rank
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import find_redirect_target, make_get, make_post, parse_redirect, refusal

NAME = "oauth_metadata"
SERVER, RESOURCE, CHALLENGE = f"{NAME}/server@rest", f"{NAME}/resource@rest", f"{NAME}/challenge@rest"
SCOPE = f"{NAME}/challenge_scope@rest"
UNAUTHORIZED, REFUSED = 401, (401, 403)
PAGES = ("text/html", "application/xhtml+xml")
STANDARD = frozenset(("openid", "profile", "email", "address", "phone", "offline_access"))
"""Scopes of OpenID Connect (Core, 5.4 and 11), which an API need not list among its own."""
_NAMED = re.compile(r'resource_metadata="([^"]*)"')
_MEMBER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
ENDPOINTS = {
    "authorize": "authorization_endpoint",
    "token": "token_endpoint",
    "revoke": "revocation_endpoint",
}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each document, for the metadata and scopes in a 401 or 403, and for each
    endpoint.
    """
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    if oauth.metadata:
        says = f"{oauth.metadata} lists the endpoints, scopes and methods that there are (RFC 8414)"
        yield promise_at(NAME, "server", "@rest", says, oauth.place("metadata"), oauth.cite)
    if oauth.resource_metadata:
        at = oauth.place("resource_metadata")
        yield promise_at(
            NAME,
            "resource",
            "@rest",
            f"{oauth.resource_metadata} names this API and that server (RFC 9728)",
            at,
            oauth.cite,
        )
        says = "where a 401 names the API's metadata, it is that document"
        yield promise_at(NAME, "challenge", "@rest", says, at, oauth.cite)
    if _has_scopes(setting):
        says = (
            "where a refusal names scopes in WWW-Authenticate, they are those that can be asked for (RFC "
            "6750, 3)"
        )
        yield promise_at(NAME, "challenge_scope", "@rest", says, (*oauth.origin, "scopes"), oauth.cite)
    for key in ENDPOINTS:
        if path := getattr(oauth, key):
            yield promise_at(
                NAME,
                f"endpoint/{key}",
                "@rest",
                f"{path} is there, and refuses a call without parameters",
                oauth.place(key),
                oauth.cite,
            )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for both documents, one for a call without a key, and one for each endpoint."""
    del roles
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    endpoint = _reader(setting)
    told = tuple(
        c for c, there in ((CHALLENGE, oauth.resource_metadata), (SCOPE, _has_scopes(setting))) if there
    )
    if told and endpoint is not None:
        call = ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "auth",
            "a call without a key",
            twist="none",
        )
        yield Probe(told[0], 3, told, 1, lambda: _asking(call), (), "", optional=True)
    covers = [c for c, path in ((SERVER, oauth.metadata), (RESOURCE, oauth.resource_metadata)) if path]
    if covers:
        yield Probe(
            f"{NAME}/documents", 3, tuple(covers), len(covers), partial(_documents, setting, oauth), (), ""
        )
    for key in ENDPOINTS:
        if path := getattr(oauth, key):
            contract = f"{NAME}/endpoint/{key}@rest"
            yield Probe(contract, 5, (contract,), 1, partial(_endpoint, key, path, contract), (), "")


def _has_scopes(setting: Setting) -> bool:
    """True if the catalogue has scopes, and calls that may be refused for a missing scope."""
    oauth = setting.model.own_code_flow
    return oauth is not None and bool(oauth.scopes) and any(action.key for action in setting.model.actions)


def _reader(setting: Setting) -> Endpoint | None:
    """Return the first REST read that needs a key and no id, or None. One that costs money comes last."""
    rest = [
        d
        for d in setting.endpoints
        if d.dispatcher is None and d.action.key and d.action.effect == "read" and "{" not in d.path
    ]
    return min(rest, key=lambda d: d.action.costs, default=None)


def _asking(call: Call) -> Conversation:
    """Send the call, which the watcher judges."""
    yield call


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the metadata and scopes that a refusal names. It may leave out both, but must not name wrong
    ones.
    """
    if exchange.status not in REFUSED or exchange.call.intent == "document":
        return
    oauth = memory.model.own_code_flow
    if oauth is None:
        return
    said = exchange.header("www-authenticate") or ""
    if _has_scopes(memory.setting):
        known = {*oauth.scopes, *memory.model.auth.scopes, *STANDARD}  # scopes of plans are known, too
        told = [found[2] or found[3] or "" for found in _MEMBER.finditer(said) if found[1].lower() == "scope"]
        strange = [name for names in told for name in names.split() if name not in known]
        expected = f"scopes out of {', '.join(sorted(known - STANDARD))}"
        yield judge_broken(SCOPE, expected, f"scope {strange[0][:80]}") if strange else judge_kept(SCOPE)
    if not oauth.resource_metadata or exchange.status != UNAUTHORIZED:
        return
    named = _NAMED.search(said)
    wanted = [base + oauth.resource_metadata for base in _bases(memory.setting)]
    if named is None or named[1] in wanted:
        yield judge_kept(CHALLENGE)
    else:
        yield judge_broken(
            CHALLENGE, f"resource_metadata is {wanted[0]}", "it is {value}", value=named[1][:200]
        )


def _bases(setting: Setting) -> list[str]:
    """Return the URLs under which the API may describe itself: the one that was called, and the catalogue's
    server.
    """
    return list(
        dict.fromkeys(base.rstrip("/") for base in (setting.url, str(setting.model.api.server)) if base)
    )


def _documents(setting: Setting, oauth: Any) -> Conversation:
    found: dict[str, Mapping[str, Any]] = {}
    for contract, path in ((SERVER, oauth.metadata), (RESOURCE, oauth.resource_metadata)):
        if not path:
            continue
        exchange: Exchange = yield Call(
            None, {}, "document", f"the metadata at {path}", role="", raw=Raw("GET", path)
        )
        if exchange.void:
            continue
        if exchange.status == 200 and isinstance(exchange.body, Mapping):
            found[contract] = exchange.body
        else:
            yield judge_broken(
                contract,
                f"200 with a JSON object at {path}",
                exchange.json.problem if exchange.success else exchange.outcome,
            )
    for contract, judge in ((SERVER, _server), (RESOURCE, _resource)):
        if contract in found:
            wrong = judge(setting, oauth, found[contract], found.get(SERVER, {}))
            yield judge_broken(contract, *wrong) if wrong else judge_kept(contract)


def _server(
    setting: Setting, oauth: Any, told: Mapping[str, Any], _: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return the expected and the actual metadata of the server; None if they agree."""
    issuer = told.get("issuer")
    if not isinstance(issuer, str) or issuer.removesuffix("/") not in _bases(setting):
        return f"issuer is {_bases(setting)[0]}", f"issuer: {issuer}"
    for key, member in ENDPOINTS.items():
        path = getattr(oauth, key)
        wanted = issuer.removesuffix("/") + path if path else ""
        if path and told.get(member) != wanted:
            return f"{member} is {wanted}", f"{member}: {told.get(member)}"
    grants = ["authorization_code", *(["refresh_token"] if oauth.refresh_s else [])]
    lists = {
        "response_types_supported": ["code"],
        **({"code_challenge_methods_supported": [PKCE]} if oauth.pkce_binds else {}),
        "grant_types_supported": grants,
    }
    defaults = {"grant_types_supported": ["authorization_code", "implicit"]}
    return _lacking(told, lists, defaults) or _judge_scopes(list(oauth.scopes), told)


def _resource(
    setting: Setting, oauth: Any, told: Mapping[str, Any], server: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return the expected and the actual metadata of the API; None if they agree."""
    resource, bases = told.get("resource"), _bases(setting)
    if not isinstance(resource, str) or not any(
        resource == base or resource.startswith(f"{base}/") for base in bases
    ):
        return f"resource is {bases[0]} or a path under it", f"resource: {resource}"
    issuer = server.get("issuer", next((base for base in bases if resource.startswith(base)), bases[0]))
    servers = told.get("authorization_servers")
    if not isinstance(servers, list) or issuer not in servers:
        return (
            f"authorization_servers has {issuer}, the issuer of the other document",
            f"authorization_servers: {told.get('authorization_servers')}",
        )
    methods = {"bearer_methods_supported": ["header"]}
    return _lacking(told, methods, methods) or _judge_scopes(list(oauth.scopes), told)


def _lacking(
    told: Mapping[str, Any], lists: Mapping[str, list[str]], defaults: Mapping[str, list[str]]
) -> tuple[str, str] | None:
    """Return the first list in which an item is missing, as (expected, actual), or None.

    For a list that is absent, its default counts.
    """
    for member, wanted in lists.items():
        given = told.get(member, defaults.get(member))
        if not isinstance(given, list) or any(item not in given for item in wanted):
            return f"{member} has {', '.join(wanted)}", f"{member}: {given}"
    return None


def _is_authorization_page(exchange: Exchange) -> bool:
    """True if an authorization request without parameters is refused, or asks a person to sign in.

    A server chooses the form in which it tells the person (RFC 6749, 4.1.2.1). Nobody may get a code.
    """
    location = find_redirect_target(exchange)
    if location is not None:
        return not {"code", "access_token"} & parse_redirect(location).keys()
    if exchange.success:
        return exchange.media_type in PAGES
    return 400 <= exchange.status < 500 and exchange.status not in (404, 405)


def _judge_scopes(scopes: list[str], told: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the expected and the actual scopes of a document, or None if it may name these."""
    given = told.get("scopes_supported", [])
    texts = isinstance(given, list) and all(isinstance(one, str) for one in given)
    others = set(given) - STANDARD if texts else set()
    if texts and (not scopes or not others or others & set(scopes)):
        return None
    return f"scopes_supported has scopes out of {', '.join(scopes)}", f"scopes_supported: {given}"


def _endpoint(key: str, path: str, contract: str) -> Conversation:
    if key == "authorize":
        exchange: Exchange = yield make_get(path, {}, "an authorization request without parameters")
        said = exchange.outcome
        good, expected = _is_authorization_page(exchange), "a page that refuses or asks for a login"
    else:
        exchange = yield make_post(path, {}, f"a call of {path} without parameters")
        said = refusal(exchange, "invalid_request", "invalid_client", "unsupported_grant_type")
        good, expected = (
            not said and exchange.status not in (404, 405),
            "400 or 401 with a JSON error (RFC 6749, 5.2)",
        )
    if not exchange.void:
        yield judge_kept(contract) if good else judge_broken(contract, expected, said)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("challenge", "challenge_scope")),
    probes=probes,
    overlap="all",
    rank=Rank.UNDOCUMENTED,
)
