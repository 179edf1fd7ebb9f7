"""The server made from a catalogue, as a function from a request to its answer."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import Credential, takes_user_tokens
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import answers, grants, idempotency
from pgagents.sandbox import routes as asks
from pgagents.sandbox.answers import (
    HeaderValues,
    framework_code,
    refuse,
    refuse_arguments,
    refuse_by_domain,
    refuse_method,
    refuse_without_condition,
    write_result,
)
from pgagents.sandbox.call import AcceptedCall, Clock, Domain, NotModified, Refusal
from pgagents.sandbox.decode import Arguments, Decoder, Problem
from pgagents.sandbox.grants import Grants
from pgagents.sandbox.keys import (
    Key,
    Keyring,
    challenge,
    find_secret,
    find_secret_of,
    find_text,
    has_credential,
    word,
)
from pgagents.sandbox.limits import Drawn, Limits
from pgagents.sandbox.routes import ParsedRequest, Routes, frame_answer, too_large
from pgagents.sandbox.setting import Hosted, Page, Site
from pgagents.sandbox.store import Store

PEER = ":peer"
"""The pseudo-header with the peer's address. No client can send a name that contains a colon."""
OAUTH_SUB = "oauth sub"
SCHEME = ":scheme"
"""The pseudo-header that is `https` for a call over TLS."""


class Front:
    """Route, authenticate, limit, validate and answer calls by the catalogue.

    A fault may replace `domain`, `decoder` or `limits`; each is looked up again for every call.
    """

    def __init__(
        self,
        model: Model,
        domain: Domain,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        rng: random.Random,
        site: Site,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.model = model
        self.domain = domain
        self.store = store
        self.keyring = keyring
        self.clock = clock
        self.rng = rng
        self.site = site
        self.log = log
        self.decoder = Decoder(model)
        self.limits = Limits(model)
        self.grants = Grants(store, keyring, rng) if model.code_flow else None
        self.own_tools = model.find_own_tools("")
        """The route by which our MCP server reaches actions that only it offers. Its path is secret."""
        if self.own_tools is not None:
            self.own_tools = model.find_own_tools(f"/.tools-{word(rng, 20)}")
        self.routes = Routes(model, self.own_tools)
        self.hosted = Hosted(model, log)
        self._end_users = [
            name.removeprefix("header ").strip()
            for name in model.limits.end_user
            if name.startswith("header ")
        ]
        self._agents = _agent_headers(model)
        self._id_header = answers.request_id_header(model)
        self._values = HeaderValues(model, rng)
        self.exceeds: Callable[[Request, int | None], bool] = too_large
        """A function that returns True if a request's body is over a limit."""

    def __call__(self, request: Request) -> Response:
        """Answer a request. It never raises an exception: an internal error becomes a 500 without details."""
        with self.store.lock:
            now = self.clock.now()
            request_id = self._values.make_request_id()
            drawn: list[Drawn] = []
            try:
                answer = self._answer(request, request_id, now, drawn)
            except Exception:  # the caller gets an envelope, and the operator the traceback
                self.log(f"{request_id} {request.method} {request.path}\n{traceback.format_exc()}")
                answer = refuse(
                    self.model,
                    "crashed",
                    "Something went wrong on our side; quote the request id to support",
                    request_id,
                )
            return self._finish(request, answer, request_id, drawn, now)

    def plaintext(self, request: Request) -> Response:
        """Return the refusal of a call without TLS."""
        return self._unread(request, "plaintext", "Plaintext HTTP is refused; use TLS 1.3")

    def refuse_malformed(self, request: Request) -> Response:
        """Return the refusal of bytes that are not an HTTP request; `request` has the pseudo-headers only."""
        return self._unread(request, "bad_body", "This is not an HTTP request")

    def refuse_uncommitted(self, request: Request) -> Response:
        """Return the error for a call whose writes could not be committed and were undone."""
        return self._unread(
            request, "crashed", "Something went wrong on our side; quote the request id to support"
        )

    def _unread(self, request: Request, kind: str, message: str) -> Response:
        """Refuse a call before reading it. It counts against the limit of calls without a key."""
        with self.store.lock:
            now = self.clock.now()
            request_id = self._values.make_request_id()
            drawn: list[Drawn] = []
            self._keyless(request, request_id, now, drawn)
            refused = refuse(self.model, kind, message, request_id)
            return self._finish(request, refused, request_id, drawn, now)

    def _finish(
        self, request: Request, answer: Response, request_id: str, drawn: list[Drawn], now: float
    ) -> Response:
        headers = [*answer.headers, (self._id_header, request_id)]
        if drawn:
            told = drawn[0]
            if told.wait_s and answer.status != framework_code(self.model, "limited").status:
                told = replace(told, wait_s=0.0)
            headers += self.limits.headers(told, now)
        keyed = has_credential(self.model, request)
        secure = request.header(SCHEME) == "https"
        constants = self._values.list_constants(answer.status, keyed=keyed, secure=secure)
        headers += [due for due in constants if answer.header(due[0]) is None]
        known = {name.lower() for name, _ in headers}
        headers += self._values.make_due(answer.status, known, keyed=keyed, secure=secure)
        answer = Response(answer.status, tuple(headers), answer.body)
        if request.header("origin") and self._for_browsers(request.path):
            answer = add_headers(answer)
        return Response(answer.status, answer.headers) if request.method == "HEAD" else answer

    def _answer(self, request: Request, request_id: str, now: float, drawn: list[Drawn]) -> Response:
        if is_preflight(request) and (methods := self._for_browsers(request.path)):
            return self._keyless(request, request_id, now, drawn) or preflight(self.model, methods)
        if self.hosted.has(request.path):
            return self._public(request, request_id, now, drawn)
        request = self._as_get(request)
        asked = asks.read(request, self.routes, self._is_too_large)
        page = self.site.page(request.path) if asked.match is None else None
        if page is not None:
            return self._page(request, page, request_id, now, drawn)
        needs = self._find_needs(asked)
        admission = self._admit(request, needs, now)
        key = admission.key
        agent = self._is_agent(request, asked, key)
        end_user = self._end_user(request, key)
        peer = request.header(PEER) or ""
        level = self.limits.draw(asked.action, key, agent=agent, end_user=end_user, peer=peer, now=now)
        if level is not None:
            drawn.append(level)
        if admission.refused:
            return self._refuse_key(request, needs, request_id)
        if level is not None and level.wait_s:
            return refuse(self.model, "limited", "Too many calls; wait as Retry-After says", request_id)
        refused_early = self._framework(request, asked, key, request_id)
        if refused_early is not None:
            return refused_early
        assert asked.match is not None
        assert asked.action is not None or isinstance(asked.members, Problem)
        arguments = self._arguments(request, asked)
        if isinstance(arguments, Problem):
            return self._refuse_arguments(asked, arguments, request_id)
        assert asked.action is not None
        surface, attribution = (
            (asked.dispatcher.surface, asked.dispatcher.attribution) if asked.dispatcher else ("rest", {})
        )
        call = AcceptedCall(
            asked.action, arguments.values, key, now,
            surface, agent, attribution, end_user, request, arguments.given,
        )  # fmt: skip
        answer = self._run(call, request_id)
        return answer if asked.message is None else frame_answer(asked.message, answer, refused=False)

    def _refuse_key(self, request: Request, needs: tuple[tuple[str, ...], ...], request_id: str) -> Response:
        """Return the refusal of a call whose key is missing or wrong."""
        said = f"Send a key: {describe_need(self.model, needs)}"
        given = find_secret(self.model, request)
        refused = refuse(self.model, "wrong_key" if given else "no_key", said, request_id)
        error = "invalid_token" if given else None
        return add_challenge(self.model, refused, needs, self.site.setting.address.url, error)

    def _refuse_arguments(self, asked: ParsedRequest, problem: Problem, request_id: str) -> Response:
        lacking = refuse_without_condition(self.model, asked, problem, request_id)
        refused = lacking or refuse_arguments(self.model, problem, asked, request_id)
        if asked.message is None or problem.kind == "wrong_type":
            return refused
        return frame_answer(asked.message, refused, refused=True)

    def _as_get(self, request: Request) -> Request:
        """Return HEAD of an action as GET if the catalogue allows it. `_finish` removes the body."""
        if request.method != "HEAD" or self.model.behaviour.head != "as_get":
            return request
        match = self.routes.match(request.path)
        read = match.methods.get("GET") if match is not None else None
        streams = read is not None and read.action is not None and read.action.success.events is not None
        return request if read is None or streams else replace(request, method="GET")

    def _for_browsers(self, path: str) -> tuple[str, ...]:
        """Return the methods with which a web page of another origin may call a path.

        There are none for the operator's endpoints, and for pages on which a user decides.
        """
        if self.hosted.has(path):
            return ("GET",)
        match = self.routes.match(path)
        if match is not None:
            return tuple(method for method, endpoint in match.methods.items() if not endpoint.operator)
        page = self.site.page(path)
        return page.methods if page is not None and page.open else ()

    def _keyless(self, request: Request, request_id: str, now: float, drawn: list[Drawn]) -> Response | None:
        """Count a call without a key against its peer's limit.

        Return the refusal if the limit is exceeded.
        """
        level = self.limits.draw(
            None, None, agent=False, end_user=None, peer=request.header(PEER) or "", now=now
        )
        if level is None:
            return None
        drawn.append(level)
        return (
            refuse(self.model, "limited", "Too many calls; wait as Retry-After says", request_id)
            if level.wait_s
            else None
        )

    def _page(
        self, request: Request, page: Page, request_id: str, now: float, drawn: list[Drawn]
    ) -> Response:
        """Answer a call of a page, which needs no key."""
        limited = self._keyless(request, request_id, now, drawn)
        if limited is not None:
            return limited
        readable = request.method == "HEAD" and "GET" in page.methods
        if request.method not in page.methods and not readable:
            return refuse_method(self.model, request.method, page.methods, request_id)
        if self._is_too_large(request):
            return self._refuse_large(request_id)
        return self.site.answer(page, request, now) or refuse(
            self.model, "unknown_path", "There is nothing at this path", request_id
        )

    def _is_too_large(self, request: Request, action: Action | None = None) -> bool:
        """Return whether a body is over the limit of its action, or over the common limit."""
        limits = self.model.limits.max_body_bytes
        return self.exceeds(request, limits if action is None else action.max_body_bytes)

    def _refuse_large(self, request_id: str, action: Action | None = None) -> Response:
        most = self.model.limits.max_body_bytes if action is None else action.max_body_bytes
        return refuse(self.model, "too_large", f"The body is larger than {most:,} bytes", request_id)

    def _public(self, request: Request, request_id: str, now: float, drawn: list[Drawn]) -> Response:
        """Answer a call of a hosted document, which needs no key."""
        limited = self._keyless(request, request_id, now, drawn)
        if limited is not None:
            return limited
        if request.method not in ("GET", "HEAD"):
            return refuse(
                self.model, "wrong_method", "This document can only be read", request_id
            ).with_header("Allow", "GET")
        return self.hosted.answer(request)

    def _find_needs(self, asked: ParsedRequest) -> tuple[tuple[str, ...], ...]:
        """Return the alternatives of a request's action, or the common ones if it names no action."""
        if asked.endpoint is not None and asked.action is not None:
            shared = asked.dispatcher is not None and asked.action.key
            return self.model.shared_security if shared else asked.action.security
        return self.model.shared_security

    def _admit(self, request: Request, needs: tuple[tuple[str, ...], ...], now: float) -> Admission:
        """Return the API key or the access token of a request."""

        def find(token: str) -> Key | None:
            return self.keyring.find(token) or (self.grants.key(token, now) if self.grants else None)

        def issued(token: str) -> Key | None:
            return self.keyring.find_issued(token, now) or (
                self.grants.key(token, now) if self.grants else None
            )

        return admit(self.model, request, needs, find, issued)

    def _end_user(self, request: Request, key: Key | None) -> str | None:
        """Return the end user for whom an agent calls, or None.

        The user of an OAuth token counts before headers.
        """
        if key is not None and key.sub is not None and OAUTH_SUB in self.model.limits.end_user:
            return key.sub
        return next((v for name in self._end_users if (v := request.header(name))), None)

    def _is_agent(self, request: Request, asked: ParsedRequest, key: Key | None) -> bool:
        """Return whether an agent makes the call: by its key, by a dispatcher, or by a header."""
        by_key = key is not None and (
            key.integration is not None or key.group is not None or key.granted is not None
        )
        marked = any(request.header(name) == value for name, value in self._agents)
        return by_key or asked.dispatcher is not None or marked

    def _framework(
        self, request: Request, asked: ParsedRequest, key: Key | None, request_id: str
    ) -> Response | None:
        """Return the refusal before arguments are validated, or None: wrong path, method, size or rights."""
        if asked.match is None:
            return refuse(self.model, "unknown_path", "There is nothing at this path", request_id)
        if asked.endpoint is None:
            return refuse_method(self.model, request.method, sorted(asked.match.methods), request_id)
        own = asked.action if asked.dispatcher is None else None
        if self._is_too_large(request, own):
            return self._refuse_large(request_id, own)
        needs, base = self._find_needs(asked), self.site.setting.address.url
        return refuse_forbidden(self.model, asked, key, needs, base, request_id)

    def _arguments(self, request: Request, asked: ParsedRequest) -> Arguments | Problem:
        if isinstance(asked.members, Problem):
            return asked.members
        assert asked.action is not None
        assert asked.match is not None
        if asked.members is not None:
            offered = asked.dispatcher.offered if asked.dispatcher is not None else None
            return self.decoder.members(asked.action, asked.members, offered)
        return self.decoder.request(asked.action, request, asked.match.values)

    def _run(self, call: AcceptedCall, request_id: str) -> Response:
        """Carry out a call in one transaction, or repeat the answer for the same idempotency key."""
        action = call.action
        with self.store.transaction(owed=call.surface != "rest" or action.effect != "read"):
            value = call.input.get(action.idempotency) if action.idempotency else None
            hash = idempotency.fingerprint(action, call.input) if value else b""
            owner = idempotency.find_owner(self.model, action, call.key)
            if value:
                found = idempotency.earlier(self.store, owner, value, hash, call.now)
                if found is not None:
                    return self._replay(call, found, request_id)
            result = self.domain(call)
            if isinstance(result, Refusal):
                return refuse_by_domain(self.model, action, result, request_id)
            if isinstance(result, NotModified):
                return Response(304, tuple(call.headers))
            answer = write_result(call, result)
            if value:
                kept = answer if self.model.behaviour.replay == "same" else Response(answer.status)
                lives_s = self.model.idempotency.lives_s or idempotency.LIVES_S
                idempotency.remember(
                    self.store, owner, value, hash, kept, idempotency.resource_of(result), call.now + lives_s
                )
            return answer

    def _replay(self, call: AcceptedCall, found: idempotency.Earlier, request_id: str) -> Response:
        """Answer a call whose idempotency key was used before."""
        if found.same and self.model.behaviour.replay == "same":
            return found.answer
        return idempotency.refuse_reuse(self.model, call.action, found, request_id)


def _agent_headers(model: Model) -> list[tuple[str, str]]:
    """Return the headers, with values, by which surfaces of the catalogue mark calls of agents."""
    surfaces = model.source.data.get("surfaces") or {}
    return [pair for surface in surfaces.values() for pair in (surface or {}).get("headers", {}).items()]


# -- the key of a call


FindKey = Callable[[str], Key | None]


@dataclass(frozen=True, slots=True)
class Admission:
    """The key of a call, or None. `refused` is true if the call needs a valid one."""

    key: Key | None
    refused: bool


def admit(
    model: Model, request: Request, alternatives: Iterable[tuple[str, ...]], find: FindKey, issued: FindKey
) -> Admission:
    """Return the admission of a request whose action allows these alternatives. An empty one needs no key.

    `find` finds keys, `issued` the access tokens of clients. A wrong key is refused even if none is needed.
    """
    needs = list(alternatives)
    for names in needs:
        chosen = [model.credentials[name] for name in names]
        keys = [_find_key(c, model, request, find if c.exchange is None else issued) for c in chosen]
        found = [key for key in keys if key is not None]
        if names and len(found) == len(names) and len({key.tenant for key in found}) == 1:
            return Admission(found[0], refused=False)
    tried = any(find_text(model.credentials[name], request) is not None for one in needs for name in one)
    return Admission(None, refused=bool(needs) and (() not in needs or tried))


def describe_need(model: Model, alternatives: Iterable[tuple[str, ...]]) -> str:
    """Describe the credentials of a call by its first alternative."""
    names = next((one for one in alternatives if one), ())
    return " and ".join(model.credentials[name].show("<key>") for name in names)


def _find_key(credential: Credential, model: Model, request: Request, find: FindKey) -> Key | None:
    """Return the valid key in a request that was made for this scheme and is sent in its form."""
    secret = find_secret_of(credential, request)
    key = find(secret) if secret is not None else None
    if key is None:
        return None
    if key.granted is not None:
        return key if takes_user_tokens(model.code_flow, credential) else None
    first = next(iter(model.credentials))
    return key if (key.scheme or first) == credential.name else None


# -- calls that a key may make


def refuse_forbidden(
    model: Model,
    asked: ParsedRequest,
    key: Key | None,
    needs: tuple[tuple[str, ...], ...],
    base: str,
    request_id: str,
) -> Response | None:
    """Return the refusal of a call that its key may not make, or None.

    `needs` are the alternatives of the call's credentials, `base` is the URL of the sandbox.
    """
    guarded = asked.endpoint is not None and asked.endpoint.operator and model.credential is not None
    if guarded and (key is None or not key.operator):
        return refuse(model, "no_scope", "Only the operator's key may do this", request_id)
    for scope in (
        asked.dispatcher.scope if asked.dispatcher else None,
        asked.action.scope if asked.action else None,
    ):
        if scope is not None and key is not None and scope not in key.scopes:
            said = f"The key's plan does not include {scope}"
            return refuse(model, "no_scope", said, request_id, scope=scope)
    lacks = grants.lacking(model, asked.action, key)
    if lacks is None:
        return None
    said = f"The token was not granted {lacks}" if lacks else "No token may do this"
    refused = refuse(model, "no_scope", said, request_id, scope=lacks or None)
    return add_challenge(model, refused, needs, base, "insufficient_scope", lacks)


# -- how to prove who calls


def find_challenge(model: Model, alternatives: Iterable[tuple[str, ...]]) -> str | None:
    """Return WWW-Authenticate with the challenges of all HTTP schemes; None if there are none."""
    names = dict.fromkeys(name for one in alternatives for name in one)
    return ", ".join(c for name in names if (c := challenge(model.credentials[name]))) or None


def add_challenge(
    model: Model,
    refused: Response,
    needs: tuple[tuple[str, ...], ...],
    base: str,
    error: str | None,
    scope: str | None = None,
) -> Response:
    """Return the refusal with a challenge: the declared one, or else the scheme's.

    `base` is the URL of the sandbox. `error` and `scope` are for a bearer token that does not suffice.
    """
    declared = next((h.const for h in model.headers if h.name.lower() == "www-authenticate"), None)
    if declared is not None:
        return refused.with_header("WWW-Authenticate", declared)
    names = next((one for one in needs if one), ())
    if [model.credentials[name].word for name in names] != ["Bearer"]:
        return refused.with_header("WWW-Authenticate", find_challenge(model, needs))
    said = grants.challenge(model.code_flow, base, error=error, scope=scope)
    return refused.with_header("WWW-Authenticate", said)


# -- CORS


LIVES_S = 600
_SIMPLE = ("cache-control", "content-length", "content-type")


def is_preflight(request: Request) -> bool:
    """Return whether a request is a CORS preflight."""
    return (
        request.method == "OPTIONS"
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
    )


def preflight(model: Model, methods: Iterable[str]) -> Response:
    """Return the answer to a preflight for a path with these methods."""
    headers = (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", ", ".join(sorted({"GET" if m == "HEAD" else m for m in methods}))),
        ("Access-Control-Allow-Headers", ", ".join(_list_headers(model))),
        ("Access-Control-Max-Age", str(LIVES_S)),
    )
    return Response(204, headers)


def add_headers(answer: Response) -> Response:
    """Return the answer with the CORS headers that allow pages of any origin to read it and its headers."""
    if answer.header("access-control-allow-origin") is not None:
        return answer
    told = sorted({name for name, _ in answer.headers if name.lower() not in _SIMPLE}, key=str.lower)
    return Response(
        answer.status,
        (
            *answer.headers,
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", ", ".join(told)),
        ),
        answer.body,
    )


def _list_headers(model: Model) -> list[str]:
    """List the headers that a page may send: key, content type, header arguments and those that name an
    end user.
    """
    named = {p.wire for action in model.actions for p in action.params if p.place == "header"}
    named |= set(model.api.request_headers)
    named |= {
        name.removeprefix("header ").strip() for name in model.limits.end_user if name.startswith("header ")
    }
    own = [c.wire for c in model.credentials.values() if c.place == "header"]
    return [*dict.fromkeys(own), "Content-Type", *sorted(named, key=str.lower)]
