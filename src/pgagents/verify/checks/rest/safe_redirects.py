"""Calls are not redirected. Where redirects are allowed, they keep the method, the body, the host and TLS.

Every redirect of a call is judged, whichever check made the call. A POST to a path with a slash added is
tried, because servers often redirect it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

from pgagents.report.contract import Contract
from pgagents.verify.cases.paths import fits_template, of_ours
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
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "safe_redirects"
CONTRACT = f"{NAME}/calls@{REST}"
KEEPING = (307, 308)
"""The statuses after which a client repeats method and body (RFC 9110, 15.4.8 and 15.4.9)."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract about all calls."""
    if _poster(setting) is not None:
        says = (
            "no call is redirected"
            if setting.model.behaviour.redirects == "never"
            else "a redirect keeps method, body, host and TLS"
        )
        yield promise_at(NAME, "calls", f"@{REST}", says, _origin(setting))


def _origin(setting: Setting) -> tuple[str, ...]:
    return ("behaviour", "redirects") if setting.model.behaviour.redirects == "never" else ("api", "server")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe that sends a POST to a path with a slash added, which servers redirect most often.

    If the catalogue leaves such paths open, each write to our own instances is sent there, too. Each service
    may have its own router.
    """
    del roles
    endpoint = _poster(setting)
    if endpoint is not None:
        yield Probe(
            CONTRACT,
            5,
            (CONTRACT,),
            1,
            partial(_run, setting, endpoint),
            (endpoint,),
            "main",
            endpoint.action.effect == "write",
            optional=True,
        )
    for other in (
        of_ours(setting)
        if endpoint is not None and setting.model.behaviour.trailing_slash != "unknown"
        else ()
    ):
        template = template_of(setting.model, other.action)
        call = ordinary(
            other, template, "framework", f"{other.method} to a path with a slash added", raw=Raw(slash=True)
        )
        name = f"{CONTRACT} {other.action.name}"
        yield Probe(name, 5, (CONTRACT,), 2, partial(_run_call, call), (other,), "main", True)


def _poster(setting: Setting) -> Endpoint | None:
    """Return a POST endpoint, or None. An endpoint that only reads is preferred."""
    posts = [d for d in setting.endpoints if d.method == "POST" and d.ordinary and "{" not in d.path]
    return min(posts, key=lambda d: d.action.effect == "write", default=None)


def _run(setting: Setting, endpoint: Endpoint) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    edit = (lambda _: b"{}") if endpoint.action.effect == "write" else None
    call = ordinary(
        endpoint,
        template,
        "framework",
        "a POST to a path with a slash added",
        raw=Raw(target=f"{endpoint.path}/", edit=edit),
    )
    exchange: Exchange = yield replace(call, surface=endpoint.surface)
    if not exchange.void and not 300 <= exchange.status < 400:
        yield judge_kept(CONTRACT)


def _run_call(call: Call) -> Conversation:
    yield call


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every redirect of a call, whichever check made the call."""
    if memory.setting.compute_once((NAME, "poster"), lambda: _poster(memory.setting)) is None:
        return
    if (
        exchange.response is not None
        and exchange.call.raw.slash
        and not exchange.void
        and not 300 <= exchange.status < 400
    ):
        yield judge_kept(CONTRACT)
    if (
        exchange.response is None
        or not 300 <= exchange.status < 400
        or exchange.status == 304
        or exchange.call.intent == "document"
    ):
        return
    if _poster(memory.setting) is not None and not _is_documented(exchange, memory.setting):
        yield _judge_redirect(exchange, memory.setting)


def _is_documented(exchange: Exchange, setting: Setting) -> bool:
    """True if an action with this method and path documents the redirect."""
    alike = (
        d
        for d in setting.endpoints
        if d.on_rest and d.method == exchange.request.method and fits_template(exchange.request.path, d.path)
    )
    return any(output.status == exchange.status for endpoint in alike for output in endpoint.action.outputs)


def _judge_redirect(exchange: Exchange, setting: Setting) -> Judgement:
    location = exchange.header("location")
    told = f"{exchange.status} to {(location or 'nowhere')[:120]}"
    if setting.model.behaviour.redirects == "never":
        return judge_broken(CONTRACT, "an answer, no redirect", told)
    method = exchange.request.method
    if exchange.status not in KEEPING and method not in ("GET", "HEAD"):
        return judge_broken(CONTRACT, f"307 or 308, after which a client repeats the {method}", told)
    if not _stays(exchange.base or setting.url or str(setting.model.api.server), location or ""):
        return judge_broken(CONTRACT, "a redirect within the host, over TLS", told)
    return judge_kept(CONTRACT)


def _stays(base: str, location: str) -> bool:
    """True if a redirect stays on the same host and keeps TLS."""
    try:
        here, there = urlsplit(base), urlsplit(urljoin(f"{base}/", location))
        same_port = _port_of(there) == _port_of(here)
    except ValueError:
        return False
    if (there.hostname, there.username) != (here.hostname, here.username):
        return False
    upgraded = (here.scheme, there.scheme) == ("http", "https")
    return (same_port and there.scheme == here.scheme) or (upgraded and (same_port or _port_of(there) == 443))


def _port_of(parts: SplitResult) -> int | None:
    """Return the port of a URL; that of its scheme if it has none."""
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
)
