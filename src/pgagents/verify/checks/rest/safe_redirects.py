"""Calls are not redirected. Where redirects are allowed, they keep the method, the body, the host and TLS.

Every redirect of a call is judged, whichever check made the call. A POST to a path with a slash added is
tried, because servers often redirect it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

from pgagents.report.contract import Rank
from pgagents.verify.cases.paths import fits_template, of_ours
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Attempt,
    Case,
    Judgement,
    Trial,
    conclude,
    judge_broken,
    judge_kept,
    make_check,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

CONTRACT = f"safe_redirects/calls@{REST}"
"""The only contract: it is about all calls."""
KEEPING = (307, 308)
"""The statuses after which a client repeats method and body (RFC 9110, 15.4.8 and 15.4.9)."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case about all calls.

    A POST is sent to a path with a slash added, which servers redirect most often. If the catalogue leaves
    such paths open, each write to our own instances is sent there, too. Each service may have its own router.
    """
    del roles
    poster, behaviour = _find_poster(setting), setting.model.behaviour
    if poster is None:
        return
    writes = poster.action.effect == "write"
    post = partial(_post, endpoint=poster)
    attempt = Attempt(post, endpoints=(poster,), writes=writes, optional=True)
    further = [
        Attempt(
            partial(_write, endpoint=endpoint),
            cost=2,
            endpoints=(endpoint,),
            writes=True,
            suffix=str(endpoint.action.name),
        )
        for endpoint in (of_ours(setting) if behaviour.trailing_slash != "unknown" else ())
    ]
    says, origin = "a redirect keeps method, body, host and TLS", ("api", "server")
    if behaviour.redirects == "never":
        says, origin = "no call is redirected", ("behaviour", "redirects")
    yield Case(None, says, origin, attempt, "calls", place=f"@{REST}", further=further)


def _find_poster(setting: Setting) -> Endpoint | None:
    """Return a POST endpoint, or None. An endpoint that only reads is preferred."""
    posts = [d for d in setting.endpoints if d.method == "POST" and d.ordinary and "{" not in d.path]
    return min(posts, key=lambda d: d.action.effect == "write", default=None)


def _post(trial: Trial, endpoint: Endpoint) -> None:
    template = template_of(trial.model, endpoint.action)
    edit = (lambda _: b"{}") if endpoint.action.effect == "write" else None
    raw = Raw(target=f"{endpoint.path}/", edit=edit)
    why = "a POST to a path with a slash added"
    answer = trial.ask(ordinary(endpoint, template, "framework", why, raw=raw))
    if not answer.void and not 300 <= answer.status < 400:
        conclude(trial.kept())


def _write(trial: Trial, endpoint: Endpoint) -> None:
    template = template_of(trial.model, endpoint.action)
    why = f"{endpoint.method} to a path with a slash added"
    trial.ask(ordinary(endpoint, template, "framework", why, raw=Raw(slash=True)))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every redirect of a call, whichever check made the call."""
    setting, call = memory.setting, exchange.call
    poster = setting.compute_once((CONTRACT, "poster"), lambda: _find_poster(setting))
    if poster is None or exchange.response is None:
        return
    redirected = 300 <= exchange.status < 400
    if call.raw.slash and not exchange.void and not redirected:
        yield judge_kept(CONTRACT)
    judged = redirected and exchange.status != 304 and call.intent != "document"
    if judged and not _is_documented(exchange, setting):
        yield _judge_redirect(exchange, setting)


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
    redirect = f"{exchange.status} to {(location or 'nowhere')[:120]}"
    if setting.model.behaviour.redirects == "never":
        return judge_broken(CONTRACT, "an answer, no redirect", redirect)
    method = exchange.request.method
    if exchange.status not in KEEPING and method not in ("GET", "HEAD"):
        return judge_broken(CONTRACT, f"307 or 308, after which a client repeats the {method}", redirect)
    if not _stays(exchange.base or setting.url or str(setting.model.api.server), location or ""):
        return judge_broken(CONTRACT, "a redirect within the host, over TLS", redirect)
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


CHECK = make_check("safe_redirects", __doc__, cases, stage=5, watch=watch, rank=Rank.WRONG)
