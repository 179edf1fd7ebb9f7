"""Make the HTTP request of a call, and the exchange of the call and its answer.

A request has a server, a key or a token, a signature, and the form of the client that it looks like.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit
from zlib import crc32

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler, Request, Response, Silence, read_json
from pgagents.base.text import bare_path
from pgagents.catalogue.encoding.medium import name_of, parse_url
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import JSON
from pgagents.catalogue.model.credential import Credential, schemes
from pgagents.catalogue.model.identity import choose, find_lacking, find_secret, has_all, name_holder
from pgagents.catalogue.model.model import Model
from pgagents.client.environment import CommandSecrets
from pgagents.report.reason import Reason
from pgagents.verify.answers.headers import foreign
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.fixtures.target import list_made_by
from pgagents.verify.run.transmission import Ready, Received, Stop
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Signature, TokenRequest
from pgagents.verify.wire.encode import (
    NOTHING,
    Proof,
    header_of,
    in_header,
    in_query,
    present,
    present_all,
    request_of,
)
from pgagents.verify.wire.endpoint import MCP, OPERATOR
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import Refused, Tokens, present_request

KEYLESS = "-"
"""The role of requests without a key, in whose name limits are counted."""


class RequestMaker:
    """Makes requests with the keys of a run, and renews the keys that expire or are refused.

    `keys` are the secrets by their holders. `now` gives the time of the run in epoch seconds. `send_aside`
    sends a request for a token, which belongs to no call.
    """

    def __init__(
        self,
        setting: Setting,
        keys: Mapping[str, str],
        commands: CommandSecrets | None,
        seed: int,
        *,
        now: Callable[[], float],
        send_aside: Callable[[Call, Request], Response | Silence],
    ) -> None:
        self.model, self.keys, self._servers = setting.model, keys, setting.servers
        self.renewals, self.tokens = Renewals(setting.model, commands), Tokens(setting.model, setting.reach)
        self._seed, self._own_id = seed, foreign(setting)
        self._now, self._send_aside = now, send_aside
        self.on_token: Callable[[str, str], None] = lambda _holder, _token: None
        """Called with each access token before it is used."""
        self.on_key: Callable[[str, str], None] = lambda _holder, _key: None
        """Called with each key that a command printed later, before it is used."""
        self.tag = ""
        """The run's part of its marks, by which a file without a name gets one."""
        self.plainly = False
        """True while no request takes the headers that only some clients send."""

    def make(self, ready: Ready) -> tuple[Request, str]:
        """Return the HTTP request of a call, and the role whose rate limit it uses."""
        call = ready.call
        if call.asks is not None:
            return present_request(self.model, self.keys, call.asks), KEYLESS
        proof = self._prove(call)
        request = request_of(call, self._name_files(call, ready.values), proof)
        if call.endpoint is not None and call.endpoint.server:
            request = replace(request, server=self._servers.get(call.endpoint.server, ""))
        request = self._misplace(call, request)
        if not self.plainly:
            request = in_client_profile(
                request,
                call,
                ready.values,
                self._seed,
                self._own_id,
                pages=self.model.behaviour.content_type == "json",
            )
        return self._sign_request(call, request), call.holder if proof and not call.twist else KEYLESS

    def _name_files(self, call: Call, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the values with a name of the run's own for each file that an author gave none. His laws see
        the file as he wrote it.
        """
        files = [p for p in call.endpoint.known_params if p.file is not None] if call.endpoint else []
        for name in (str(param.name) for param in files):
            file = parse_url(values.get(name))
            if file is not None and not file.name:
                own = name_of(file, f"pgv-{self.tag}-{crc32(file.data)}")
                values = {**values, name: replace(file, name=own).url}
        return values

    def _prove(self, call: Call) -> Proof:
        """Return the credentials of a call; empty if it carries none."""
        if call.endpoint is not None and not call.endpoint.needs_key:
            return NOTHING
        if call.plain:  # whoever listens in on plain http must not hear a key
            return present(self.model.credential, "", "garbage")
        if call.raw.secret:
            names = next((one for one in self._list_alternatives(call) if len(one) == 1), ())
            return present_all((self.model.credentials[name], call.raw.secret) for name in names)
        return present_all(self._list_secrets(call), call.twist, call.twisted) if call.holder else NOTHING

    def find_lacking(self, call: Call) -> str:
        """Return the identity that a call needs and this run lacks; empty if there is none."""
        if call.endpoint is None or not call.endpoint.needs_key or call.schemes is not None or call.twist:
            return ""
        needs = self._list_alternatives(call)
        if () in needs or call.raw.secret or not self.keys:
            return ""
        return find_lacking(self.model, self.keys, call.holder, needs)

    def _list_alternatives(self, call: Call) -> tuple[tuple[str, ...], ...]:
        return call.endpoint.security if call.endpoint is not None else self.model.shared_security

    def _list_secrets(self, call: Call) -> list[tuple[Credential, str]]:
        """Return the credentials of a call, each with the secret of its role."""
        if call.schemes is not None:
            names = call.schemes if has_all(self.model, self.keys, call.holder, call.schemes) else ()
        else:
            names = choose(self.model, self.keys, call.holder, self._list_alternatives(call))
        for name in names:
            self._renew(name_holder(self.model, call.holder, name))
        found = []
        for name in names:
            credential = self.model.credentials[name]
            secret = find_secret(self.model, self.keys, call.holder, name)
            if credential.exchange is not None:
                secret = self._exchange(credential, secret, name_holder(self.model, call.holder, name))
            found.append((credential, secret))
        return found

    def _renew(self, holder: str, *, refused: bool = False) -> bool:
        """Run the command that prints a new key, because the key expired or was refused. Return True if the
        key changed.

        Raises Stop if the main key's command fails, and Unavailable for another key's.
        """
        try:
            new = self.renewals.find_new(self.keys, holder, refused=refused)
        except PgagentsError as error:
            raise (Stop if holder.partition(".")[0] == "main" else Unavailable)(error.message) from None
        if new is None:
            return False
        self.keys = {**self.keys, holder: new}
        self.on_key(holder, new)
        return True

    def renew_refused(self, call: Call, answer: Response | Silence, at: float) -> list[str]:
        """Renew the keys of a call that were refused `at` this time; return what is to be said of each.

        A command prints another key, and a token whose time ended on the way is fetched again.
        """
        if call.twist or call.raw.secret or not call.holder or not isinstance(answer, Response):
            return []
        if self.renewals.commands is None and not self.tokens.known:
            return []
        names = choose(self.model, self.keys, call.holder, self._list_alternatives(call))
        holders = {name_holder(self.model, call.holder, name): self.model.credentials[name] for name in names}
        if not self.renewals.is_refusal(call.holder, answer.status):
            for holder in holders if answer.status < 300 else ():
                self.renewals.confirm(holder)
            return []
        given = [holder for holder in holders if self._renew(holder, refused=True)]
        ended = [holder for holder, credential in holders.items() if self._has_ended(credential, holder, at)]
        return [
            *(f"the key of {one} was refused, and its command gave another" for one in given),
            *(f"the token of {one} ended on the way to the server" for one in ended),
        ]

    def _has_ended(self, credential: Credential, holder: str, at: float) -> bool:
        secret = find_secret(self.model, self.keys, holder.partition(".")[0], credential.name)
        return self.tokens.is_over(credential, secret, at, holder.partition(".")[0])

    def _exchange(self, credential: Credential, secret: str, holder: str) -> str:
        """Return the access token for a client's secret.

        Raises Stop if the main client gets none, and Unavailable for another client.
        """
        asked = Call(None, {}, "document", "a token", role="", asks=TokenRequest(credential.name))
        send = partial(self._send_aside, asked)
        try:
            token = self.tokens.find(credential, secret, self._now(), send, holder.partition(".")[0])
        except Refused as error:
            raise (Stop if holder.partition(".")[0] == "main" else Unavailable)(str(error)) from None
        self.on_token(holder, token)
        return token

    def _misplace(self, call: Call, request: Request) -> Request:
        """Return the request with its key in a wrong place, if the call's twist demands it."""
        if call.twist in ("query", "header"):
            move = in_query if call.twist == "query" else in_header
            for index, (credential, secret) in enumerate(self._list_secrets(call)):
                if credential.name == call.twisted or (not call.twisted and index == 0):
                    request = move(credential, request, secret)
        return request

    def _sign_request(self, call: Call, request: Request) -> Request:
        """Return the request with a signature of its body, if the call needs one."""
        for name, value in call.input.items():
            param = call.endpoint.action.param(name) if call.endpoint else None
            if isinstance(value, Signature) and param is not None:
                scheme = schemes()[call.endpoint.action.signed.scheme] if call.endpoint else None
                assert scheme is not None
                told = header_of(value, scheme, self.keys.get(value.role, ""), request.body, self._now())
                request = request.with_header(param.wire, told)
        return request


# -- the exchange of a call and its answer


CREATED, CRASHED = 201, 500


class ExchangeMaker:
    """Makes exchanges whose errors and limits are read as the catalogue says.

    `bought` has, by action, the number of calls that moved money or sent something, and of those without an
    answer that may have. A repeated call with an idempotency key that was accepted before counts once.
    `acted` has the same for GETs that act by their words and that the caller permitted, and for calls that
    make what is an instance of no resource.
    """

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.bought: dict[str, tuple[int, int]] = {}
        self.acted: dict[str, tuple[int, int]] = {}
        self.log: Callable[[Exchange], None] | None = None
        """Called with each exchange as it was made; None without a log."""
        self._keys: set[tuple[str, str]] = set()
        self._other_creates = _list_other_creates(routes.setting.model)

    def make(self, ready: Ready, received: Received) -> Exchange:
        """Return the exchange of a call; its input has the defaults of the arguments that were left out."""
        call, model = ready.call, self.routes.setting.model
        full = dict(ready.values)
        for param in call.endpoint.params if call.endpoint else ():
            if str(param.name) not in full and "default" in param.schema:
                full[str(param.name)] = param.schema["default"]
        exchange = Exchange(
            received.number,
            call,
            full,
            received.request,
            received.answer,
            seconds=received.seconds,
            sent_at=received.sent_at,
            codes=model.codes,
            errors=model.error_reader,
            limits=model.limit_reader,
            subject=ready.subject,
            base=self.routes.find_base(call),
        )
        exchange.sent = ready.values
        exchange.found = ready.found
        exchange.located = _find_located(exchange, self.routes.setting)
        exchange.overlapped = received.overlapped
        exchange.server_ended = received.server_ended
        exchange.printed = received.printed
        exchange.intention = received.intention
        self._count(exchange)
        if self.log is not None:
            self.log(exchange)
        return exchange

    def _count(self, exchange: Exchange) -> None:
        endpoint, answer = exchange.call.endpoint, exchange.answer
        counts = self._find_counts(endpoint.action) if endpoint is not None else None
        if endpoint is None or counts is None:
            return
        lost = answer.kind != "refused" if isinstance(answer, Silence) else exchange.status >= CRASHED
        if not exchange.success and not lost:
            return
        name = str(endpoint.action.name)
        key = (name, str(exchange.input.get(endpoint.action.idempotency or "", "")))
        if exchange.success and key[1]:
            if key in self._keys:
                return
            self._keys.add(key)
        done, perhaps = counts.get(name, (0, 0))
        counts[name] = (done + 1, perhaps) if exchange.success else (done, perhaps + 1)

    def _find_counts(self, action: Action) -> dict[str, tuple[int, int]] | None:
        """Return where the calls of an action are counted; None if nothing of them stays."""
        if action.costs or action.sends:
            return self.bought
        model = self.routes.setting.model
        undone = (r.undone_by is not None for r in list_made_by(model, action))
        acts = model.withheld.find(str(action.name)) is not None or str(action.name) in self._other_creates
        return self.acted if acts and not any(undone) else None


def _find_located(exchange: Exchange, setting: Setting) -> str:
    """Return the step below the request's own path that the Location of a create without a body names; empty
    if it has none, or names another place. Routers below a prefix leave it out (a Hono app, 2026-11-28).
    """
    told = exchange.header("Location")
    if told is None or exchange.status != CREATED or not exchange.success or exchange.body is not None:
        return ""
    bases = setting.list_bases(exchange.call.endpoint)
    try:
        parts = urlsplit(urljoin(bases[0] + exchange.request.target, told))
        hosts = [base for base in map(urlsplit, bases) if base.netloc.lower() == parts.netloc.lower()]
    except ValueError:
        return ""
    head, _, step = bare_path(parts.path).rpartition("/")
    path = bare_path(unquote(urlsplit(exchange.request.target).path))
    fits = any(f"{base.path.rstrip('/')}{path}".endswith(unquote(head)) for base in hosts)
    return unquote(step) if head and fits else ""


def _list_other_creates(model: Model) -> frozenset[str]:
    """Return the actions that make an instance of no resource, which may stay when all others are removed.

    What is made below the path of a removable instance ends with it. What a body refers to it with may not.
    """
    resources = model.resources.values()
    calls = [call for r in resources for call in (r.made_by, r.undone_by, *r.moves) if call is not None]
    known = {str(call.action.name) for call in calls}
    removable = {r.name for r in resources if r.undone_by is not None}
    return frozenset(
        str(action.name)
        for action in model.actions
        if action.method == "POST"
        and action.effect == "write"
        and any(output.status == CREATED for output in action.outputs)
        and str(action.name) not in known
        and removable.isdisjoint({p.refers_to for p in action.params if p.place == "path"})
    )


# -- the server that a call goes to


@dataclass(frozen=True, slots=True)
class Routes:
    """The ways to the servers of a run. `plain` reaches the target's twin without TLS, if it has one."""

    setting: Setting
    handler: Handler
    plain: Handler | None

    def find_handler(self, call: Call) -> Handler:
        """Return the handler for a call: the target, the target without the caller's own headers, or its
        twin without TLS.
        """
        if call.plain:
            return self.plain or (lambda _: Silence("refused", "no twin"))
        return self.setting.bare or self.handler if call.bare else self.handler

    def find_base(self, call: Call) -> str:
        """Return the base URL of a call to another server than the target; empty for the target itself."""
        if call.surface == MCP and self.setting.mcp is not None:
            return self.setting.mcp.base
        if call.endpoint is not None and call.endpoint.server:
            return self.setting.servers.get(call.endpoint.server, "")
        return self.setting.plain_url if call.plain else ""

    def object_to_server(self, call: Call) -> str:
        """Return why a call has no address: it goes to a server of the API that is unknown here. Empty if it
        has one.
        """
        name = call.endpoint.server if call.endpoint is not None else ""
        if not name or (not call.plain and name in self.setting.servers):
            return ""
        if call.plain:
            return "only the API's own server is called without TLS"
        option = f"--server {name}=URL"
        return Reason(f"the server `{name}` has no address here: add {option}", (option,))


# -- profiles of clients
#
# They differ in lower-case header names, Accept, a long User-Agent, additional headers, and the order of
# a body's members. A server must treat them all alike. Each call is sent with one profile, so profiles
# cost no requests; equal calls get equal profiles. No profile changes what an answer may depend on:
# correct calls request no language and name no origin. A header that is an argument has the call's value, or
# none.


ClientProfile = tuple[tuple[str, str], ...]
PLAIN: ClientProfile = ()
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
SMALL = "small letters"
"""Profile entry: write all header names in lower case, as HTTP/2 does."""
WRITTEN = "written anew"
"""Profile entry: write the JSON body indented, in ASCII, with its last member first."""
OWN_ID = "an id of its own"
"""Profile entry: send a request id of the client's own, in a form that differs from the API's ids."""
ANY = "*/*"
PEOPLE = f"text/html,application/xhtml+xml,application/xml;q=0.9,{ANY};q=0.8"
"""The Accept header of a browser window.

Only calls that must be refused have it, because a correct call may be answered with a web page.
"""
CLIENT_PROFILES: tuple[ClientProfile, ...] = (
    PLAIN,
    (("Accept", ANY),),
    ((SMALL, ""),),
    (
        ("Accept", "application/json, text/plain, */*"),
        ("User-Agent", f"{BROWSER} {'pgv/1.0 ' * 64}".strip()),
        ("Sec-Fetch-Mode", "cors"),
    ),
    (
        ("Accept", "application/json;q=0.9, */*;q=0.1"),
        ("X-Requested-With", "XMLHttpRequest"),
        ("X-Pgv-Unknown", "1"),
        (WRITTEN, ""),
    ),
    (("Connection", "keep-alive"), ("Cache-Control", "no-cache"), ("Priority", "u=3, i"), (OWN_ID, "")),
)
LANGUAGE = "accept-language"
LANGUAGES = ("de-CH, de;q=0.9, en;q=0.1", "", "*", "fr", "zh-Hant-TW, ja;q=0.5", "en-US, en;q=0.5")
"""Accept-Language headers for calls that must be refused; empty sends no header."""
REFUSED = frozenset(("invalid", "absent", "illegal", "auth", "scope"))
CORRECT = frozenset(("valid", "explore"))


def in_client_profile(
    request: Request,
    call: Call,
    names: Iterable[str],
    seed: int,
    own: tuple[str, str] | None = None,
    *,
    pages: bool = True,
) -> Request:
    """Return the request in the form in which one of the clients would send it.

    `names` are the call's arguments; `own` is the header for OWN_ID. `pages` allows a browser window's Accept
    on calls that must be refused. It is true only if the catalogue says that all answers are JSON. An action
    with another media type keeps its own Accept.
    """
    endpoint = call.endpoint
    if (
        endpoint is None
        or endpoint.surface in (MCP, OPERATOR)
        or call.plain
        or call.burst
        or not call.raw.is_empty
    ):
        return request
    if endpoint.action.idempotency in call.input:  # a server may compare the whole request with the first one
        return _in_small_letters(request) if crc32(f"{seed}/{endpoint.place}".encode()) % 2 else request
    if call.beside or (call.intent not in REFUSED and call.intent not in CORRECT):
        return request
    said = (
        "" if call.intent in CORRECT else call.why
    )  # equal correct calls share one answer, whichever probe sent them
    number = crc32("/".join((str(seed), endpoint.place, said, *sorted(names))).encode())
    arguments = endpoint.action.header_names
    for name, value in CLIENT_PROFILES[number % len(CLIENT_PROFILES)]:
        if (own[0] if name == OWN_ID and own is not None else name).lower() in arguments:
            continue
        if name == SMALL:
            request = _in_small_letters(request)
        elif name == WRITTEN:
            request = _rewrite_body(request) if call.intent in CORRECT else request
        elif name == OWN_ID:
            request = request.with_header(*own) if own is not None else request
        elif name != "Accept" or request.header(name) == JSON:
            request = request.with_header(
                name, PEOPLE if value == ANY and pages and call.intent in REFUSED else value
            )
    language = LANGUAGES[number // len(CLIENT_PROFILES) % len(LANGUAGES)]
    if call.intent in REFUSED and language and LANGUAGE not in arguments:
        request = request.with_header("Accept-Language", language)
    return request


def _in_small_letters(request: Request) -> Request:
    return Request(
        request.method,
        request.target,
        tuple([(name.lower(), value) for name, value in request.headers]),
        request.body,
        request.server,
    )


def _rewrite_body(request: Request) -> Request:
    kind = request.media_type
    body = read_json(request.body).value if kind.endswith("json") else None
    if not isinstance(body, dict):
        return request
    return replace(request, body=json.dumps(dict(reversed(body.items())), indent=2, allow_nan=False).encode())


# -- renewal of keys that commands print


@dataclass(frozen=True, slots=True)
class Renewals:
    """The commands that print a run's keys. `commands` is None if no key comes from a command."""

    model: Model
    commands: CommandSecrets | None

    def find_new(self, keys: Mapping[str, str], holder: str, *, refused: bool = False) -> str | None:
        """Return a holder's new key; None if the one in `keys` is still good. Raises PgagentsError."""
        if self.commands is None or holder not in self.commands.commands:
            return None
        if refused:
            self.commands.renew(holder)
        key = self.commands.find(holder)
        return key if key != keys.get(holder) else None

    def confirm(self, holder: str) -> None:
        """Note that a key was not refused, so that its command may run again later."""
        if self.commands is not None:
            self.commands.confirm(holder)

    def is_refusal(self, role: str, status: int) -> bool:
        """Return whether a status means that a key is refused, although the role's key should work."""
        known = self.model.auth.roles.get(role)
        code = self.model.wrong_key
        expected = known is not None and known.revoked
        return code is not None and status == code.status and not expected
