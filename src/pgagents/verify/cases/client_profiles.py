"""Client profiles: ways in which different HTTP clients send the same call.

They differ in lower-case header names, Accept, a long User-Agent, additional headers, and the order of a
body's members. A server must treat them all alike. Each call is sent with one profile, so profiles cost no
requests; equal calls get equal profiles. No profile changes what an answer may depend on: correct calls
request no language and name no origin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from zlib import crc32

from pgagents.http import Request, read_json
from pgagents.model.answers.output import JSON
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP, OPERATOR

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
        or call.raw != Raw()
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
    for name, value in CLIENT_PROFILES[number % len(CLIENT_PROFILES)]:
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
    if call.intent in REFUSED and (language := LANGUAGES[number // len(CLIENT_PROFILES) % len(LANGUAGES)]):
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
