"""A redirect keeps the method, the body, the host and TLS; there is none if `behaviour.redirects` is `never`.

Every redirect that no operation documents is judged, whichever check made the call. A POST to a path with a
slash added is tried, because servers often redirect it, and a read where no path takes a POST without an id.
After 301 and 302 clients may send a GET in place of a POST alone (RFC 9110, 15.4.2), so other writes, and
303, are only odd. So are a POST that is answered 302 to another path, which is its result, and a read that
goes on at another host for now, such as a file. The host may also be that of the API's published address, as
WordPress redirects to its `siteurl`. A call whose key is refused may lead to a login.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from urllib.parse import SplitResult, urljoin, urlsplit

from pgagents.report.contract import Rank
from pgagents.verify.cases.paths import fits_template, of_ours
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

PLACE, DETAIL = f"@{REST}", "calls"
"""Of the only case: it is about all calls."""
KEEPING = (307, 308)
"""The statuses after which a client repeats method and body (RFC 9110, 15.4.8 and 15.4.9)."""
CHANGING = (301, 302)
"""The statuses after which a client may send a GET in place of a POST (RFC 9110, 15.4.2 and 15.4.3)."""

FOUND = 302
TEMPORARY = (FOUND, 303, 307)
UNJUDGED = ("auth", "document")
"""Intents of calls that may be redirected anywhere: a login (RFC 6749, 3.1), or a page for people."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case about all calls, if there are any.

    A call is sent to a path with a slash added, which servers redirect most often: Django (`APPEND_SLASH`),
    Flask and FastAPI. Unless such paths are unknown ones, so is each write to our own instances, because each
    service behind a gateway may have its own router.
    """
    del roles
    behaviour, called = setting.model.behaviour, _find_called(setting)
    if called is None:
        return
    attempt = Attempt(
        partial(_send, endpoint=called),
        endpoints=(called,),
        writes=called.method != "GET",  # whatever takes a POST at the other path may be no read
        optional=True,
    )
    further = [
        Attempt(
            partial(_send, endpoint=endpoint),
            endpoints=(endpoint,),
            writes=True,
            suffix=str(endpoint.action.name),
        )
        for endpoint in (of_ours(setting) if behaviour.trailing_slash != "unknown" else ())
    ]
    says, origin = "a redirect keeps method, body, host and TLS", ("api", "server")
    if behaviour.redirects == "never":
        says, origin = "no call is redirected", ("behaviour", "redirects")
    yield Case(None, says, origin, attempt, DETAIL, place=PLACE, further=further)


def _find_called(setting: Setting) -> Endpoint | None:
    """Return a POST to a path without an id, if possible one that reads; else a read. None if there is
    neither.
    """
    posts = [d for d in setting.endpoints if d.method == "POST" and d.ordinary and "{" not in d.path]
    reads = [d for d in setting.endpoints if d.on_rest and d.ordinary and d.action.effect == "read"]
    return min(posts, key=lambda d: d.action.effect == "write", default=None) or min(
        reads, key=lambda d: (d.action.costs, "{" in d.path), default=None
    )


def _send(trial: Trial, endpoint: Endpoint) -> None:
    """Send a call that `watch` judges to its path with a slash added. A server may carry it out, so it has
    the run's mark.
    """
    why = f"{endpoint.method} to a path with a slash added"
    template = template_of(trial.model, endpoint.action)
    trial.ask(ordinary(endpoint, template, "framework", why, raw=Raw(slash=True)))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every redirect of a call, whichever check made the call."""
    setting, call = memory.setting, exchange.call
    trial = CHECK.find_trial(setting, PLACE, DETAIL)
    if trial is None or exchange.response is None:
        return
    if not 300 <= exchange.status < 400:
        if call.raw.slash and not exchange.void:
            failed = exchange.status >= 500
            yield trial.untested(f"{call.why} got {exchange.outcome}") if failed else trial.kept()
    # Spring Security and ASP.NET answer a call without a key with a redirect to their login, on any host
    elif exchange.status != 304 and call.intent not in UNJUDGED and not _is_documented(exchange, setting):
        yield _judge_redirect(trial, exchange)


def _is_documented(exchange: Exchange, setting: Setting) -> bool:
    """True if an action with this method and path documents the redirect."""
    alike = (
        d
        for d in setting.endpoints
        if d.on_rest and d.method == exchange.request.method and fits_template(exchange.request.path, d.path)
    )
    return any(output.status == exchange.status for endpoint in alike for output in endpoint.action.outputs)


def _judge_redirect(trial: Trial, exchange: Exchange) -> Judgement:
    setting = trial.setting
    location, method = exchange.header("location"), exchange.request.method
    redirect = f"{exchange.status} to {(location or 'nowhere')[:120]}"
    if setting.model.behaviour.redirects == "never":
        return trial.broken("an answer, no redirect", redirect)
    if not location:
        return trial.untested(f"a redirect without Location leads nowhere: {exchange.outcome}")
    base, reads = exchange.base or setting.url or str(setting.model.api.server), method in ("GET", "HEAD")
    try:
        there = urlsplit(urljoin(f"{base}/", location))
    except ValueError:
        return trial.broken("a redirect within the host, over TLS", redirect)
    if not (_stays(base, location) or _stays(str(setting.model.api.server), location)):
        broken = trial.broken("a redirect within the host, over TLS", redirect)
        # files of a storage have a signed link there, as at GitHub and in a registry of containers
        stored = reads and exchange.status in TEMPORARY and there.scheme == "https"
        return broken.with_rank(Rank.ODD) if stored else broken
    if exchange.status in KEEPING or reads:
        return trial.kept()
    broken = trial.broken(f"307 or 308, after which a client repeats the {method}", redirect)
    # `redirect_to` of Rails, Django and Laravel shows what a POST has made
    same = there.path.rstrip("/").endswith(exchange.request.path.rstrip("/"))
    changes = method == "POST" and exchange.status in CHANGING and (same or exchange.status != FOUND)
    return broken if changes else broken.with_rank(Rank.ODD)


def _stays(base: str, location: str) -> bool:
    """True if a redirect stays on the same host and keeps TLS, or begins it, as RFC 6797, 7.2, asks."""
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
