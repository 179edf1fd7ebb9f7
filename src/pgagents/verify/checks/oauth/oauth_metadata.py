"""The OAuth server's metadata agree with the catalogue, with each other, and with the endpoints that exist,
and so do a refusal's metadata and scopes.

Both documents are read: RFC 8414 (the authorization server) and RFC 9728 (the API that accepts its tokens).
Each endpoint must refuse a call without parameters (RFC 6749, 5.2). The authorization endpoint may also ask
for a login first, or show its refusal as a page. A 401 or 403 must not name metadata or scopes that do not
exist. A document may leave out scopes (RFC 8414, 2; RFC 9728, 2), but must not name unknown ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.catalogue.model.credential import PKCE, CodeFlow
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import find_redirect_target, make_get, make_post, parse_redirect, refusal

SERVER, RESOURCE, CHALLENGE, CHALLENGE_SCOPE = "server", "resource", "challenge", "challenge_scope"
PLACE = "@rest"
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
Difference = tuple[str, str, Any]
"""The expectation that a document does not meet, the member that differs, and its value."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each document, of the metadata and scopes in a 401 or 403, and of each endpoint.

    One probe reads both documents, and one makes a call without a key, which the watcher judges.
    """
    del roles
    oauth = setting.model.own_code_flow
    if oauth is None:
        return
    case = partial(Case, None, cite=oauth.cite, place=PLACE)
    paths = {SERVER: oauth.metadata, RESOURCE: oauth.resource_metadata}
    documents = Attempt(
        together=partial(_read_documents, oauth=oauth),
        stage=3,
        cost=sum(map(bool, paths.values())),
        role="",
        probe="oauth_metadata/documents",
    )
    reader = _find_reader(setting)
    keyless = None
    if reader is not None:
        keyless = Attempt(together=partial(_call_keyless, reader), stage=3, role="", optional=True)
    if oauth.metadata:
        says = f"{oauth.metadata} lists the endpoints, scopes and methods that there are (RFC 8414)"
        yield case(says, oauth.place("metadata"), documents, SERVER)
    if oauth.resource_metadata:
        origin = oauth.place("resource_metadata")
        says = f"{oauth.resource_metadata} names this API and that server (RFC 9728)"
        yield case(says, origin, documents, RESOURCE)
        yield case("where a 401 names the API's metadata, it is that document", origin, keyless, CHALLENGE)
    if oauth.scopes and any(action.key for action in setting.model.actions):
        says = (
            "where a refusal names scopes in WWW-Authenticate, they are those that can be asked for (RFC "
            "6750, 3)"
        )
        yield case(says, (*oauth.origin, "scopes"), keyless, CHALLENGE_SCOPE)
    for key in ENDPOINTS:
        if path := getattr(oauth, key):
            attempt = Attempt(partial(_try_endpoint, key=key, path=path), role="")
            says = f"{path} is there, and refuses a call without parameters"
            yield case(says, oauth.place(key), attempt, f"endpoint/{key}")


# -- what a refusal names


def _find_reader(setting: Setting) -> Endpoint | None:
    """Return the first REST read that needs a key and no id, or None. One with `costs` comes last."""
    reads = [
        endpoint
        for endpoint in setting.endpoints
        if endpoint.dispatcher is None
        and endpoint.action.key
        and endpoint.action.effect == "read"
        and "{" not in endpoint.path
    ]
    return min(reads, key=lambda endpoint: endpoint.action.costs, default=None)


def _call_keyless(reader: Endpoint, trials: Sequence[Trial]) -> None:
    template = template_of(trials[0].model, reader.action)
    ask(ordinary(reader, template, "auth", "a call without a key", twist="none"))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the metadata and scopes that a refusal names. It may leave out both, but must not name wrong
    ones.
    """
    oauth = memory.model.own_code_flow
    if exchange.status not in REFUSED or exchange.call.intent == "document" or oauth is None:
        return
    header = exchange.header("www-authenticate") or ""
    scope = CHECK.find_trial(memory.setting, PLACE, CHALLENGE_SCOPE)
    if scope is not None:
        known = {*oauth.scopes, *memory.model.auth.scopes, *STANDARD}  # scopes of plans are known, too
        members = [match for match in _MEMBER.finditer(header) if match[1].lower() == "scope"]
        names = [name for match in members for name in (match[2] or match[3] or "").split()]
        strange = [name for name in names if name not in known]
        expected = f"scopes out of {', '.join(sorted(known - STANDARD))}"
        yield scope.broken(expected, "scope {name}", name=strange[0][:80]) if strange else scope.kept()
    challenge = CHECK.find_trial(memory.setting, PLACE, CHALLENGE)
    if challenge is None or exchange.status != UNAUTHORIZED:
        return
    named = _NAMED.search(header)
    wanted = [base + oauth.resource_metadata for base in _list_bases(memory.setting)]
    if named is None or named[1] in wanted:
        yield challenge.kept()
    else:
        expected = f"resource_metadata is {wanted[0]}"
        yield challenge.broken(expected, "it is {value}", value=named[1][:200])


# -- the two documents


def _list_bases(setting: Setting) -> list[str]:
    """Return the URLs under which the API may describe itself: the one that was called, and the catalogue's
    server. A server behind a proxy, or one that is tried on localhost, knows only its public URL.
    """
    bases = (setting.url, str(setting.model.api.server))
    return list(dict.fromkeys(base.rstrip("/") for base in bases if base))


def _read_documents(trials: Sequence[Trial], oauth: CodeFlow) -> None:
    bodies: dict[str, Mapping[str, Any]] = {}
    unread = ""
    for trial in trials:
        path = oauth.metadata if trial.case.detail == SERVER else oauth.resource_metadata
        raw = Raw("GET", path)
        answer = ask(Call(None, {}, "document", f"the metadata at {path}", role="", raw=raw))
        if answer.void:
            unread = answer.outcome if trial.case.detail == SERVER else unread
            continue
        if answer.status == 200 and isinstance(answer.body, Mapping):
            bodies[trial.case.detail] = answer.body
        else:
            problem = answer.json.problem if answer.success else answer.outcome
            conclude(trial.broken(f"200 with a JSON object at {path}", problem))
    for trial in trials:
        body = bodies.get(trial.case.detail)
        if body is None:
            continue
        if trial.case.detail == SERVER:
            difference = _judge_server(trial, oauth, body)
        else:
            difference = _judge_resource(trial, oauth, body, bodies.get(SERVER, {}))
        if difference is None:
            conclude(trial.kept())
        elif unread and difference[1] == "authorization_servers":  # the issuer stands in that document
            conclude(trial.untested(f"the other document was not read: {unread}"))
        else:
            expected, member, value = difference
            conclude(trial.broken(expected, f"{member}: {{value}}", value=value))


def _judge_server(trial: Trial, oauth: CodeFlow, body: Mapping[str, Any]) -> Difference | None:
    issuer, bases = body.get("issuer"), _list_bases(trial.setting)
    if not isinstance(issuer, str) or issuer.removesuffix("/") not in bases:
        return f"issuer is {bases[0]}", "issuer", issuer
    for key, member in ENDPOINTS.items():
        path = getattr(oauth, key)
        wanted = issuer.removesuffix("/") + path if path else ""
        if path and body.get(member) != wanted:
            return f"{member} is {wanted}", member, body.get(member)
    lists = {
        "response_types_supported": ["code"],
        **({"code_challenge_methods_supported": [PKCE]} if oauth.pkce_binds else {}),
        "grant_types_supported": ["authorization_code", *(["refresh_token"] if oauth.refresh_s else [])],
    }
    defaults = {"grant_types_supported": ["authorization_code", "implicit"]}  # RFC 8414, 2
    return _find_lack(body, lists, defaults) or _judge_scopes(oauth, body)


def _judge_resource(
    trial: Trial, oauth: CodeFlow, body: Mapping[str, Any], server: Mapping[str, Any]
) -> Difference | None:
    resource, bases = body.get("resource"), _list_bases(trial.setting)
    if not isinstance(resource, str) or not any(
        resource == base or resource.startswith(f"{base}/") for base in bases
    ):
        return f"resource is {bases[0]} or a path under it", "resource", resource
    issuer = server.get("issuer", next((base for base in bases if resource.startswith(base)), bases[0]))
    servers = body.get("authorization_servers")
    if not isinstance(servers, list) or issuer not in servers:
        expected = f"authorization_servers has {issuer}, the issuer of the other document"
        return expected, "authorization_servers", servers
    methods = {"bearer_methods_supported": ["header"]}  # the member is optional (RFC 9728, 2)
    return _find_lack(body, methods, methods) or _judge_scopes(oauth, body)


def _find_lack(
    body: Mapping[str, Any], lists: Mapping[str, list[str]], defaults: Mapping[str, list[str]]
) -> Difference | None:
    """Return the first list in which an item is missing, or None. For a list that is absent, its default
    counts.
    """
    for member, wanted in lists.items():
        items = body.get(member, defaults.get(member))
        if not isinstance(items, list) or any(item not in items for item in wanted):
            return f"{member} has {', '.join(wanted)}", member, items
    return None


def _judge_scopes(oauth: CodeFlow, body: Mapping[str, Any]) -> Difference | None:
    scopes = body.get("scopes_supported", [])
    texts = isinstance(scopes, list) and all(isinstance(scope, str) for scope in scopes)
    others = set(scopes) - STANDARD if texts else set()
    if texts and (not oauth.scopes or not others or others & set(oauth.scopes)):
        return None
    return f"scopes_supported has scopes out of {', '.join(oauth.scopes)}", "scopes_supported", scopes


# -- the endpoints


def _try_endpoint(trial: Trial, key: str, path: str) -> None:
    if key == "authorize":
        answer = trial.ask(make_get(path, {}, "an authorization request without parameters"))
        expected, problem = "a page that refuses or asks for a login", answer.outcome
        good = _is_authorization_page(answer)
    else:
        answer = trial.ask(make_post(path, {}, f"a call of {path} without parameters"))
        problem = refusal(answer, "invalid_request", "invalid_client", "unsupported_grant_type")
        expected = "400 or 401 with a JSON error (RFC 6749, 5.2)"
        good = not problem and answer.status not in (404, 405)  # these say that nothing is there
    if key == "revoke" and answer.success:
        conclude(trial.not_applicable("each revocation is answered so, as by Doorkeeper"))
    elif not answer.void:
        conclude(trial.kept() if good else trial.broken(expected, problem))


def _is_authorization_page(answer: Exchange) -> bool:
    """True if an authorization request without parameters is refused, or asks a person to sign in.

    A server chooses the form in which it tells the person (RFC 6749, 4.1.2.1). Nobody may get a code.
    """
    location = find_redirect_target(answer)
    if location is not None:
        return not {"code", "access_token"} & parse_redirect(location).keys()
    if answer.success:
        return answer.media_type in PAGES
    return 400 <= answer.status < 500 and answer.status not in (404, 405)


CHECK = make_check(
    "oauth_metadata",
    __doc__,
    cases,
    stage=5,
    watch=watch,
    watched=frozenset((CHALLENGE, CHALLENGE_SCOPE)),
    overlap="all",
    rank=Rank.UNDOCUMENTED,
)
