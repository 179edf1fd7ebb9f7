"""Faults of authentication: which credentials are accepted, and how a wrong one is refused."""

from __future__ import annotations

from dataclasses import replace

from faults.helpers import error_at, find_any_secret, with_secret, without_text
from pgagents.base.http import Handler, Request, Response, Silence, read_json
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.fault_declaration import Context, Find, fault
from pgagents.sandbox.fault_helpers import data_of, read_by_id, repairs
from pgagents.sandbox.keys import (
    UNLIMITED_PER_MINUTE,
    Key,
    digest,
    find_secret,
    find_secret_of,
    find_text,
    has_credential,
)


def _able_key(context: Context, id: str) -> Key:
    """Return a test key without a rate limit, on the plan with the most scopes."""
    plans = context.model.auth.plans
    plan = max(plans, key=lambda name: len(plans[name]), default=None)
    return Key(
        id, "made", "main", plan, context.front.keyring.scopes(plan), "test", per_minute=UNLIMITED_PER_MINUTE
    )


@fault(
    "key_authentication",
    also={
        "oauth_clients": "an unknown client is answered with 403 as well",
        "oauth_grants": "a revoked token is answered with 403 too",
    },
).edit_answers
def auth_401_as_403(context: Context, _request: Request, answer: Response) -> Response:
    """A call without a key is refused with 403 instead of 401."""
    if answer.status != 401:
        return answer
    body = error_at(
        data_of(answer), context.model.errors.code_at, framework_code(context.model, "no_scope").name
    )
    return replace(answer.with_header("WWW-Authenticate", None), status=403).with_json(body)


@fault("key_authentication")
def auth_any_key(handler: Handler, context: Context) -> Handler:
    """Any token with the prefix of a key is accepted as a key."""
    ring = context.front.keyring
    token = ring.mint(_able_key(context, "key_any"))
    own = context.model.credential.prefixes if context.model.credential is not None else {}
    prefixes = tuple(own) or ("pgv", ring.prefix("test"))

    def repair(request: Request) -> Request:
        given = find_any_secret(context.model, request)
        if given.startswith(prefixes) and ring.find(given) is None:
            return with_secret(context.model, request, token)
        return request

    return repairs(handler, repair)


@fault(
    "key_authentication",
    also={
        "oauth_grants": "a token without the scope, and one that was revoked, are taken for that key",
        "audit_trail": "what calls without a key did stands in the rows of that key",
        "token_scopes": "a token without the scope is taken for that key",
        "oauth_lifetimes": "a token that is dead is taken for that key",
    },
)
def auth_ignored(handler: Handler, context: Context) -> Handler:
    """Every call is served, with or without a key."""
    ring = context.front.keyring
    token = ring.mint(_able_key(context, "key_open_door"))

    def repair(request: Request) -> Request:
        given = find_secret(context.model, request)
        known = given is not None and ring.find(given) is not None
        return request if known else with_secret(context.model, request, token)

    return repairs(handler, repair)


@fault("key_authentication")
def auth_one_action_open(handler: Handler, context: Context) -> Handler:
    """One read by id does not require a key."""
    ring = context.front.keyring
    victim = read_by_id(context.model)
    token = ring.mint(_able_key(context, "key_side_door"))

    def repair(request: Request) -> Request:
        if has_credential(context.model, request) or context.reader.action(request) is not victim:
            return request
        return with_secret(context.model, request, token)

    return repairs(handler, repair)


@fault("key_authentication", needs=("servers",))
def second_server_open(handler: Handler, context: Context) -> Handler:
    """Another server of the API, such as an upload host, does not ask for a key."""
    ring = context.front.keyring
    token = ring.mint(_able_key(context, "key_second_server"))

    def repair(request: Request) -> Request:
        action = context.reader.action(request)
        if action is None or action.server is None or has_credential(context.model, request):
            return request
        return with_secret(context.model, request, token)

    return repairs(handler, repair)


@fault("key_authentication", needs=("both-schemes",))
def any_scheme_enough(handler: Handler, context: Context) -> Handler:
    """A call with a valid key of one scheme passes where another, or two together, are needed."""
    ring = context.front.keyring
    tokens = {
        name: ring.mint(replace(_able_key(context, f"key_any_{name}"), scheme=name))
        for name in context.model.credentials
    }

    def repair(request: Request) -> Request:
        given = [find_secret_of(credential, request) for credential in context.model.credentials.values()]
        if any(secret is not None and ring.find(secret) for secret in given):
            for name, secret in zip(tokens, given, strict=True):
                if secret is None:
                    request = with_secret(context.model, request, tokens[name], name)
        return request

    return repairs(handler, repair)


@fault("key_authentication").find_keys
def auth_revoked_works(context: Context, find: Find, token: str) -> Key | None:
    """A revoked key still works."""
    dead = context.store.row("SELECT 1 FROM api_key WHERE hash = ? AND revoked_at IS NOT NULL", digest(token))
    return _able_key(context, "key_undead") if dead else find(token)


@fault(
    "response_headers",
    also={"oauth_clients": "nor does the answer name a scheme by which a client may prove itself"},
).edit_answers
def auth_scheme_missing(_context: Context, _request: Request, answer: Response) -> Response:
    """A 401 lacks the WWW-Authenticate header."""
    return answer.with_header("WWW-Authenticate", None)


@fault("key_authentication", needs=("wrong-key-code",)).edit_answers
def wrong_key_as_missing(context: Context, request: Request, answer: Response) -> Response:
    """A wrong key is refused as if there were none."""
    wrong, missing = (framework_code(context.model, kind) for kind in ("wrong_key", "no_key"))
    if answer.status != wrong.status or not find_any_secret(context.model, request):
        return answer
    id = answer.header("x-request-id") or ""
    return answers.make_refusal(context.model, missing, "Send a key", id)


@fault("key_authentication").edit_requests
def basic_accepted(context: Context, request: Request) -> Request:
    """The authorization scheme is not checked, so a key is accepted after any scheme."""
    credential = context.model.credential
    given = find_text(credential, request) if credential is not None else None
    word = (given or "").partition(" ")[0]
    token = find_any_secret(context.model, request)
    return with_secret(context.model, request, token) if token and token != word else request


@fault(
    "key_authentication",
    also={"oauth_clients": "a form, which is not JSON, is refused as well where it comes without a key"},
).handle_requests
def body_before_key(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An unreadable body without a key is refused for the body instead of with 401."""
    found = handler(request)
    if (
        not isinstance(found, Response)
        or found.status != framework_code(context.model, "no_key").status
        or not request.body
    ):
        return found
    if has_credential(context.model, request) or not read_json(request.body).problem:
        return found
    id = found.header(answers.request_id_header(context.model)) or ""
    refused = answers.make_refusal(
        context.model, framework_code(context.model, "bad_body"), "is not JSON", id, field="body"
    )
    kept = tuple(h for h in found.headers if h[0].lower() not in ("content-type", "www-authenticate"))
    return Response(refused.status, (*refused.headers, *kept), refused.body)


@fault("workflow_runs").find_keys
def dead_key_remembered(context: Context, find: Find, token: str) -> Key | None:
    """A key that worked once is cached, so it still works after it is deleted."""
    known: dict[str, Key] = context.memory
    found = find(token)
    if found is not None:
        known[token] = found
    return known.get(token)


@fault("response_headers").edit_answers
def dead_token_unchallenged(_context: Context, request: Request, answer: Response) -> Response:
    """A 401 for a dead access token lacks the WWW-Authenticate header."""
    of_token = answer.status == 401 and (request.header("authorization") or "").startswith("Bearer oat_")
    return answer.with_header("WWW-Authenticate", None) if of_token else answer


@fault("key_authentication", needs=("either-scheme",)).edit_requests
def further_scheme_refused(context: Context, request: Request) -> Request:
    """Only the first scheme is read, although another one is enough too."""
    for credential in list(context.model.credentials.values())[1:]:
        request = without_text(credential, request)
    return request


@fault("key_authentication").find_keys
def key_cut_to_width(_context: Context, find: Find, token: str) -> Key | None:
    """Keys are compared by their first 40 characters, so anything after them is ignored."""
    return find(token) or find(token[:40])


@fault("key_authentication").edit_requests
def key_in_query_accepted(context: Context, request: Request) -> Request:
    """A key is accepted in the query, where every log records it."""
    given = dict(request.query)
    token = next((given[n] for n in ("access_token", "key") if n in given), None)
    if {"user", "password"} <= given.keys():
        token = f"{given['user']}:{given['password']}"
    if token is None or has_credential(context.model, request):
        return request
    return with_secret(context.model, request, token)


@fault("key_authentication", needs=("query-key",)).edit_requests
def key_in_header_accepted(context: Context, request: Request) -> Request:
    """A key that belongs into the query or a cookie is accepted in a header too."""
    credential = context.model.credential
    if credential is None or credential.place == "header" or has_credential(context.model, request):
        return request
    given = request.header("x-api-key") or request.header("authorization") or ""
    secret = given.rpartition(" ")[2]
    return with_secret(context.model, request, secret) if secret else request


@fault("key_authentication").find_keys
def key_minds_no_case(context: Context, find: Find, token: str) -> Key | None:
    """Keys are compared without regard to case, as many databases compare texts."""
    met: dict[str, str] = context.memory
    key = find(token)
    if key is not None:
        met[token.lower()] = token
    return key or find(met.get(token.lower(), token))


@fault("key_authentication", odd=True).edit_requests
def key_scheme_minds_case(context: Context, request: Request) -> Request:
    """The authorization scheme is compared with regard to case, so a client that writes `bearer` is
    refused.
    """
    credential = context.model.credential
    given = (find_text(credential, request) if credential is not None else None) or ""
    if credential is None or not given or given.startswith(credential.lead):
        return request
    return request.with_header(credential.wire, "Other")


@fault("key_authentication").edit_requests
def key_without_scheme_accepted(context: Context, request: Request) -> Request:
    """A key is accepted without the scheme's name before it."""
    credential = context.model.credential
    given = find_text(credential, request) if credential is not None else None
    if credential is None or not credential.word or given is None or " " in given.strip():
        return request
    return with_secret(context.model, request, find_any_secret(context.model, request))


@fault("key_authentication", needs=("optional-key",)).handle_requests
def optional_key_required(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call without a key is refused although its key is optional."""
    found = handler(request)
    if not isinstance(found, Response) or found.status >= 400 or has_credential(context.model, request):
        return found
    id = found.header(answers.request_id_header(context.model)) or ""
    return answers.make_refusal(context.model, framework_code(context.model, "no_key"), "Send a key", id)
