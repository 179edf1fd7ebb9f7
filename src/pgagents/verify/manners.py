"""How other clients than this one send a call: header names in small letters, another Accept, a long User-Agent, headers of their own.

A server must answer all of them alike. Calls are sent now in one manner and now in another, so that it costs no request; an equal call
is always sent in the same one. What an answer may rightly depend on is left alone: no manner asks a correct call for a language,
and none says where a call comes from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from zlib import crc32

from pgagents.verify.call import Call, Raw
from pgagents.verify.door import MCP, OPERATOR
from pgagents.wire import Request

Manner = tuple[tuple[str, str], ...]
PLAIN: Manner = ()
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
SMALL = "small letters"
"""A manner's only entry where it writes every header's name so, as HTTP/2 does."""
MANNERS: tuple[Manner, ...] = (
    PLAIN,
    (("Accept", "*/*"),),
    ((SMALL, ""),),
    (("Accept", "application/json, text/plain, */*"), ("User-Agent", f"{BROWSER} {'pgv/1.0 ' * 64}".strip()), ("Sec-Fetch-Mode", "cors")),
    (("Accept", "application/json;q=0.9, */*;q=0.1"), ("X-Requested-With", "XMLHttpRequest"), ("X-Pgv-Unknown", "1")),
    (("Connection", "keep-alive"), ("Cache-Control", "no-cache"), ("Priority", "u=3, i")),
)
LANGUAGES = ("de-CH, de;q=0.9, en;q=0.1", "", "*", "fr", "zh-Hant-TW, ja;q=0.5", "en-US, en;q=0.5")
"""What a call that is to be refused asks for; empty: nothing."""
REFUSED = frozenset(("invalid", "absent", "illegal", "auth", "scope"))
CORRECT = frozenset(("valid", "explore"))


def in_manner(request: Request, call: Call, names: Iterable[str], seed: int) -> Request:
    """The request as one of the clients would send it; `names` are the arguments that it has."""
    door = call.door
    if door is None or door.surface in (MCP, OPERATOR) or call.plain or call.burst or call.beside or _own(call):
        return request
    if call.intent not in REFUSED and call.intent not in CORRECT:
        return request
    said = "" if call.intent in CORRECT else call.why  # answers to equal correct calls are shared, whatever they were made for
    number = crc32("/".join((str(seed), door.place, said, *sorted(names))).encode())
    for name, value in MANNERS[number % len(MANNERS)]:
        request = _in_small_letters(request) if name == SMALL else request.with_header(name, value)
    if call.intent in REFUSED and (language := LANGUAGES[number // len(MANNERS) % len(LANGUAGES)]):
        request = request.with_header("Accept-Language", language)
    return request


def _own(call: Call) -> bool:
    """Whether its headers are what it is about, or are part of what a server may compare when it is repeated."""
    repeated = call.door is not None and call.door.action.idempotency in call.input
    return call.raw != Raw() or repeated


def _in_small_letters(request: Request) -> Request:
    return replace(request, headers=tuple((name.lower(), value) for name, value in request.headers))
