"""Proofs of who calls: credentials, certificates, the authorization code flow, and signatures."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pgagents.base import registry
from pgagents.base.http import Request
from pgagents.base.places import Pointer

AUTHORIZATION = "Authorization"
COOKIE = "Cookie"
PLACEHOLDER = "{key}"
Place = Literal["header", "query", "cookie"]
_COOKIE_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*\Z")
"""Matches a value that a cookie can have unchanged (RFC 6265, 4.1.1)."""


@dataclass(frozen=True, slots=True)
class TokenExchange:
    """The exchange of `client_id:client_secret` for an access token (RFC 6749, 4.4)."""

    token_url: str
    """The token endpoint: a URL, or a path on the API's server."""
    scopes: Mapping[str, str]
    audience: str = ""
    in_body: bool = False
    """True if id and secret are sent in the body instead of a header (RFC 6749, 2.3.1)."""

    def find_path(self, server: str) -> str:
        """Return the path of the token endpoint below the API's server; empty if it is on another host."""
        return find_path_below(self.token_url, server)

    def find_place(self, server: str) -> str:
        """Return the path of the token endpoint, without its host."""
        return self.find_path(server) or urlsplit(self.token_url).path

    def find_url(self, server: str) -> str:
        """Return the URL of the token endpoint."""
        return find_url_of(self.token_url, server)


def find_path_below(url: str, server: str) -> str:
    """Return the path of a URL or path below the API's server; empty if it is on another host."""
    base = server.rstrip("/")
    if url.startswith("/"):
        return url
    return url.removeprefix(base) if url.startswith(f"{base}/") else ""


def find_url_of(url: str, server: str) -> str:
    """Return a URL as it is, and a path on the API's server as a URL."""
    return f"{server.rstrip('/')}{url}" if url.startswith("/") else url


@dataclass(frozen=True, slots=True)
class Credential:
    """One way in which a call authenticates. The secret itself is never part of it."""

    name: str
    """The scheme's name under `auth.schemes`."""
    kind: str
    """The scheme's `type`."""
    wire: str
    """The name of the header, query parameter or cookie that carries the secret."""
    lead: str
    """The text before the secret there, such as `Bearer `."""
    openapi: Mapping[str, Any]
    """The security scheme in OpenAPI, without its description."""
    noun: str = "API key"
    """The noun in questions to a person for the secret."""
    how: str = "in a header"
    """The secret's place, in words that follow `sent`."""
    tail: str = ""
    """The text behind the secret."""
    place: Place = "header"
    encoded: bool = False
    """True if the secret is `user:password`, and the header has its Base64 (RFC 7617)."""
    any_case: bool = False
    """True if `lead` is an HTTP authentication scheme, which may be written in any letter case (RFC 9110)."""
    description: str = ""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Beginnings of secrets, each with its mode, `test` or `live`."""
    exchange: TokenExchange | None = None
    """The exchange of the secret for an access token; None if calls carry the secret itself."""
    by_users: bool = False
    """True if users sign in to get a token (OAuth 2.0, authorization code)."""
    issue_at: str | None = None
    """The URL where people get a key."""
    also_accepted: frozenset[str] = frozenset()
    """Other forms of the same secret that the server accepts. No check expects them to be refused."""
    inferred: bool = False
    """True if the document does not say which calls need it. An expected refusal is then only a guess."""

    @property
    def origin(self) -> Pointer:
        """Return the scheme's place in the catalogue."""
        return ("auth", "schemes", self.name)

    @property
    def pair(self) -> bool:
        """Return whether the secret is an id and a password with a colon between them."""
        return self.encoded or self.exchange is not None

    @property
    def header(self) -> str:
        """Return the request header that holds the secret: `Cookie` for a cookie, empty for the query."""
        return {"header": self.wire, "cookie": COOKIE, "query": ""}[self.place]

    @property
    def word(self) -> str:
        """Return the word before the secret, such as `Bearer`; empty if there is none."""
        return self.lead.strip()

    @property
    def framed(self) -> bool:
        """Return True if text surrounds the secret in its place. OpenAPI has no member for this text."""
        return bool(self.lead or self.tail) and not self.any_case

    def value(self, secret: str) -> str:
        """Return the text to send for a secret, with its prefix and encoding."""
        return self.wrap(encode(secret) if self.encoded else secret)

    def wrap(self, presented: str) -> str:
        """Return `presented` with the credential's prefix and suffix around it."""
        return f"{self.lead}{presented}{self.tail}"

    def add_to(self, request: Request, secret: str) -> Request:
        """Return the request with this secret."""
        return add_value(self, request, self.value(secret))

    def find_value(self, request: Request) -> str:
        """Return the text in the credential's place of a request, as it was sent; empty if there is none."""
        return next(
            (value for name, value in _list_values(self, request) if name == _fold(self, self.wire)), ""
        )

    def is_given(self, request: Request) -> bool:
        """Return whether a request has any value in the credential's place."""
        return any(name == _fold(self, self.wire) for name, _ in _list_values(self, request))

    def list_secrets(self, secret: str) -> dict[str, str]:
        """Return the texts to mask for a secret, each mapped to the name of its part.

        The whole secret has an empty name. Parts are `base64`, `password`, and `user` if there is no
        password.
        """
        if not self.pair:
            return {secret: ""}
        user, _, password = secret.partition(":")
        part = {password: "password"} if password else {user: "user"}
        return {**part, encode(secret): "base64", secret: ""}

    def show(self, placeholder: str = "KEY") -> str:
        """Return the credential as documents show it, with a placeholder for the secret."""
        shown = "ACCESS_TOKEN" if self.exchange is not None or self.by_users else placeholder
        value = self.wrap("BASE64(user:password)" if self.encoded else shown)
        if self.place == "query":
            return f"?{self.wire}={value}"
        return f"{COOKIE}: {self.wire}={value}" if self.place == "cookie" else f"{self.wire}: {value}"

    def find_problem(self, secret: str) -> str:
        """Return why a secret cannot be sent, without repeating it; empty if it can."""
        if not self.pair:
            plain = secret.isascii() and secret.isprintable() and " " not in secret
            if self.place == "cookie" and plain and not _COOKIE_VALUE.match(secret):
                return "characters that no cookie has (RFC 6265)"
            return "" if secret and plain else "characters that no key has"
        if ":" not in secret:
            how = "HTTP Basic takes `user:password`" if self.encoded else f"it is `{self.noun}`"
            return f"no colon, and {how}"
        return "" if secret.isprintable() and secret != ":" else "characters that HTTP Basic does not take"

    def find_mode(self, secret: str) -> str | None:
        """Return the mode of a secret by its longest known prefix, such as `test`; None if no prefix is
        known.
        """
        longest = sorted(self.prefixes, key=len, reverse=True)
        return next((self.prefixes[prefix] for prefix in longest if secret.startswith(prefix)), None)

    def find_prefix(self, mode: str) -> str:
        """Return the first prefix of a mode; empty if there is none."""
        return next((prefix for prefix, its in self.prefixes.items() if its == mode), "")


@dataclass(frozen=True, slots=True)
class Misuse:
    """A wrong member of a scheme. `member` is empty if the whole scheme is wrong."""

    member: str
    message: str
    help: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One `type` of schemes. A module under `credentials/` ends with `KIND = Kind(…)`.

    `make` returns the credential of a scheme from its name and its members in the catalogue. `read_openapi`
    returns these members for a security scheme of OpenAPI 3 or Swagger 2; None if it has another type. `noun`
    names the kind in an import's messages. `find_misuses` checks `members`, the keys that only this type
    allows.
    """

    make: Callable[[str, Mapping[str, Any]], Credential]
    read_openapi: Callable[[Mapping[str, Any]], dict[str, Any] | None]
    noun: str
    members: tuple[str, ...] = ()
    find_misuses: Callable[[Mapping[str, Any]], Iterator[Misuse]] = lambda _: iter(())


def list_parameters(exchange: TokenExchange, scopes: Collection[str] | None = None) -> dict[str, str]:
    """Return the parameters of a token request except the client's own.

    It asks for these scopes, or for all known ones if none are given.
    """
    found = {"grant_type": "client_credentials"}
    wanted = exchange.scopes if scopes is None else scopes
    if wanted:
        found["scope"] = " ".join(wanted)
    return {**found, "audience": exchange.audience} if exchange.audience else found


def add_value(credential: Credential, request: Request, value: str) -> Request:
    """Return the request with this text in the credential's place.

    A cookie is appended to existing cookies.
    """
    if credential.place == "query":
        pair = f"{quote(credential.wire, safe='')}={quote(value, safe='')}"
        return replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{pair}")
    if credential.place == "cookie":
        others = request.header(COOKIE)
        value = f"{others}; {credential.wire}={value}" if others else f"{credential.wire}={value}"
        return request.with_header(COOKIE, value)
    return replace(request, headers=(*request.headers, (credential.wire, value)))


def _list_values(credential: Credential, request: Request) -> Iterator[tuple[str, str]]:
    """Yield the names and values of all headers, query parameters or cookies of a request."""
    if credential.place == "query":
        yield from request.query
    elif credential.place == "header":
        yield from ((name.lower(), value) for name, value in request.headers)
    else:
        for name, line in request.headers:
            for pair in line.split(";") if name.lower() == "cookie" else ():
                yield pair.partition("=")[0].strip(), pair.partition("=")[2].strip()


def _fold(credential: Credential, name: str) -> str:
    """Return a name in the form in which names are compared: headers in lower case."""
    return name.lower() if credential.place == "header" else name


def encode(secret: str) -> str:
    """Return the Base64 of `user:password`."""
    return base64.b64encode(secret.encode()).decode("ascii")


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the kinds of credentials by `type`."""
    return {
        name: module.KIND for name, module in registry.collect("pgagents.catalogue.model.credentials").items()
    }


def make(name: str, scheme: Mapping[str, Any]) -> Credential:
    """Return the credential of a checked scheme; `scheme` has the members that the catalogue may write."""
    return kinds()[str(scheme["type"])].make(name, scheme)


def list_common(scheme: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of Credential that every kind takes from a scheme."""
    return {
        "description": scheme.get("description") or "",
        "prefixes": dict(scheme.get("prefixes") or {}),
        "issue_at": scheme.get("issue_at"),
        "also_accepted": frozenset(scheme.get("also_accepted") or ()),
        "inferred": bool(scheme.get("inferred")),
    }


# -- the authorization code flow


PKCE = "S256"
"""The one method of code challenges; RFC 9700 (2.1.1) advises against `plain`."""
FLOW = "authorization_code"


@dataclass(frozen=True, slots=True)
class CodeFlow:
    """The flow with its endpoints as paths, either below the API's server or on another host."""

    scheme: str
    """The flow's scheme, by its name under `auth.schemes`."""
    carrier: str
    """The scheme that carries a user's token: `scheme` itself, or a bearer scheme beside it."""
    authorize: str
    token: str
    revoke: str
    metadata: str
    resource_metadata: str
    urls: Mapping[str, str]
    """The URL of each endpoint, by its key in the catalogue, such as `token_url`."""
    elsewhere: frozenset[str]
    """The attributes of endpoints that are on another host than the API."""
    pkce_binds: tuple[str, ...]
    """The kinds of clients that must send a challenge; empty if the server has no PKCE."""
    access_s: int | None
    refresh_s: int | None
    refresh_rotates: bool
    scopes: Mapping[str, str]
    needs: Mapping[str, Sequence[str]]
    cite: tuple[str, ...]

    @property
    def origin(self) -> Pointer:
        """Return the flow's place in the catalogue."""
        return ("auth", "schemes", self.scheme, "flows", FLOW)

    @property
    def beside(self) -> bool:
        """Return whether another scheme than the flow's own carries the tokens."""
        return self.carrier != self.scheme

    def place(self, attribute: str) -> Pointer:
        """Return the place of an endpoint in the catalogue, by its attribute."""
        return (*self.origin, ENDPOINTS[attribute])

    def find_scopes(self, action: str) -> list[str]:
        """Return the scopes that a token needs for an action."""
        return [scope for scope, names in self.needs.items() if action in names]

    def at_home(self) -> CodeFlow | None:
        """Return the flow with only the endpoints on the API's own server; None if users cannot sign in
        there.
        """
        if {"authorize", "token"} & self.elsewhere:
            return None
        gone = self.elsewhere
        return replace(
            self,
            revoke="" if "revoke" in gone else self.revoke,
            metadata="" if "metadata" in gone else self.metadata,
            resource_metadata="" if "resource_metadata" in gone else self.resource_metadata,
            elsewhere=frozenset(),
        )


ENDPOINTS = {
    "authorize": "authorization_url",
    "token": "token_url",
    "revoke": "revocation_url",
    "metadata": "metadata_url",
    "resource_metadata": "resource_metadata_url",
}
"""The catalogue's key of each endpoint, by attribute name."""


def make_code_flow(written: Any, scheme: str, carrier: str, server: str) -> CodeFlow:
    """Return the flow of a scheme from its members in the catalogue."""
    given = {name: getattr(written, key) or "" for name, key in ENDPOINTS.items()}
    below = {name: find_path_below(url, server) for name, url in given.items()}
    return CodeFlow(
        scheme,
        carrier,
        **{name: path or urlsplit(given[name]).path for name, path in below.items()},
        urls={ENDPOINTS[name]: find_url_of(url, server) for name, url in given.items() if url},
        elsewhere=frozenset(name for name, path in below.items() if given[name] and not path),
        pkce_binds=tuple(written.pkce_binds),
        access_s=written.access_s,
        refresh_s=written.refresh_s,
        refresh_rotates=written.refresh_rotates,
        scopes=written.scopes,
        needs=written.needs,
        cite=tuple(written.cite),
    )


def takes_user_tokens(flow: CodeFlow | None, credential: Credential) -> bool:
    """Return whether a user's token can be sent where this credential is sent."""
    return flow is not None and flow.carrier == credential.name


# -- signature formats


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """A signature format. All are HMAC-SHA256.

    `content` is the signed text with `{body}`, and optionally `{time}` (epoch seconds) and `{id}` (of the
    message). The header's value is `first` followed by `each` signature, joined with `between`. `form`
    matches the whole value; `pick` finds the signatures in it. Time and id have their own headers if these
    are named. Otherwise the time is the group `time` of `form`.
    """

    name: str
    header: str
    content: str
    first: str
    each: str
    form: str
    pick: str
    says: str
    between: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    coded_secret: bool = False
    """True if the secret is `whsec_` followed by the Base64 of the key."""
    time_header: str = ""
    id_header: str = ""
    redirect_refuses: bool = False
    """True if the scheme's specification says that a redirect counts as a failed delivery."""

    @property
    def timed(self) -> bool:
        """True if the time is signed too, so that an old message can be refused."""
        return "{time}" in self.content


@cache
def schemes() -> Mapping[str, SignatureScheme]:
    """Return all formats by name."""
    found = registry.collect_by_name("pgagents.catalogue.model.signatures")
    return {name: module.SCHEME for name, module in found.items()}
