"""Web pages of the catalogue's origins may call the API, and no other page may read or use a user's cookies.

Preflight requests, answers and refusals must have the right CORS headers (the Fetch standard, 3.2). Where any
origin may call, every page may read, and none may have the permission for cookies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from pgagents.report.contract import Rank
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, conclude, judge_broken, judge_kept
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import low
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

ORIGIN = ("browsers",)
STRANGER = "https://pgv.example"
TOO_LARGE = 413
HEADER = "header "
"""Prefix in the catalogue (`limits.end_user`) of a header that names the end user."""
SIMPLE_METHODS = ("GET", "HEAD", "POST")
SAFE_HEADERS = frozenset(("accept", "accept-language", "content-language"))
SAFE_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Headers and body types that every page may send without a question (Fetch, 2.2.2)."""
ANSWERED, REFUSED, STRANGERS = (
    f"cors_policy/{detail}@{REST}" for detail in ("answer", "refusal", "strangers")
)
"""The contracts that are judged in other calls than their own, too."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a preflight for each kind of endpoint, and cases of answers, refusals and unknown origins."""
    del roles
    browsers, reader = setting.model.browsers, _reader(setting)
    if browsers is None or reader is None:
        return
    cite = browsers.cite
    for endpoint in _endpoints(setting):
        asks = f"a browser that asks whether a page may call {endpoint.action.name}"
        says = f"{asks} gets the answer that it may, without a key"
        attempt = Attempt(_preflight, writes=False, endpoints=())
        yield Case(endpoint, says, ORIGIN, attempt, "preflight", cite)
    attempt = Attempt(together=partial(_read, reader=reader), endpoints=(reader,))
    says = "a page may read the answer to its call"
    yield Case(None, says, ORIGIN, attempt, "answer", cite, place=f"@{REST}")
    if reader.needs_key:
        says = "a page may read why its call was refused"
        keyless = Attempt(partial(_read_without_key, reader=reader), endpoints=(reader,))
        yield Case(None, says, ORIGIN, keyless, "refusal", cite, place=f"@{REST}")
    says = "no page may act with the user's cookies"
    if _origin(setting) != STRANGER:
        attempt = Attempt(partial(_read_as_stranger, reader=reader), endpoints=(reader,))
        says = "a page of an origin that is not named may not read, nor act with the user's cookies"
    yield Case(None, says, ORIGIN, attempt, "strangers", cite, place=f"@{REST}")


def _endpoints(setting: Setting) -> list[Endpoint]:
    """Return one endpoint of each kind, as one middleware answers for all: a read, a write with a body, one
    with a preflight, and a dispatcher's. All are of the API's own server, to which the questions go.
    """
    rest = [d for d in setting.home_endpoints if d.dispatcher is None and d.ordinary]
    writers = [d for d in rest if any(p.place == "body" for p in d.params)]
    others = [d for d in rest if d.method not in SIMPLE_METHODS]
    reader = _reader(setting)
    dispatched = [d for d in setting.home_endpoints if d.dispatcher is not None]
    return list(
        {
            d.place: d for d in [*([reader] if reader else []), *writers[:1], *others[:1], *dispatched[:1]]
        }.values()
    )


def _reader(setting: Setting) -> Endpoint | None:
    rest = [
        d
        for d in setting.home_endpoints
        if d.dispatcher is None and d.ordinary and d.action.effect == "read" and "{" not in d.path
    ]
    return min(rest, key=lambda d: d.action.costs, default=None)  # those that cost money are for the last


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the CORS headers of other checks' calls from a web page.

    A 413 is left out, because a proxy such as nginx may have sent it.
    """
    setting = memory.setting
    asks = (
        exchange.request.header("Origin") is not None
        and exchange.call.endpoint is not None
        and exchange.call.intent in ("valid", "framework")  # `refusal` judges its own call without a key
    )
    if (
        not asks
        or setting.model.browsers is None
        or _reader(setting) is None
        or exchange.void
        or exchange.status == TOO_LARGE
    ):
        return
    origin = str(exchange.request.header("Origin"))
    if origin == _origin(setting):  # `strangers` asks as a page that may read nothing
        yield _judge_readable(ANSWERED if exchange.success else REFUSED, exchange, origin)


def _origin(setting: Setting) -> str:
    """Return an origin whose pages may call the API."""
    origins = setting.model.browsers.origins
    return STRANGER if origins == "any" else str(origins[0]).rstrip("/")


def _call(trial: Trial, reader: Endpoint, origin: str, why: str, **changes: Any) -> Call:
    """Return a call from a web page of this origin."""
    template = template_of(trial.model, reader.action)
    changes = {"intent": "valid", "raw": Raw(headers=(("Origin", origin),)), **changes}
    return ordinary(reader, template, why=why, **changes)


def _list_requested_headers(setting: Setting, endpoint: Endpoint) -> list[str]:
    """Return the headers for which a browser asks permission, sorted as a browser sends them (Fetch, 4.8).

    These are the key, the body's type, arguments in headers, and the end user's header. A browser asks for
    none that every page may send.
    """
    dispatched = endpoint.dispatcher is not None
    wires = {p.wire.lower() for p in endpoint.params if p.place == "header" and not dispatched}
    typed = any(p.place == "body" for p in endpoint.params)
    special = dispatched or (typed and endpoint.action.content_type not in SAFE_TYPES)
    body = {"content-type"} if special else set()
    told = {
        name.removeprefix(HEADER).strip().lower()
        for name in setting.model.limits.end_user
        if name.startswith(HEADER)
    }
    schemes = next(iter(endpoint.security), ()) if endpoint.needs_key else ()
    own = {c.header.lower() for name in schemes if (c := setting.model.credentials[name]).place == "header"}
    return sorted({*own, *body, *(wires - SAFE_HEADERS), *told})


def _fill_path(setting: Setting, endpoint: Endpoint) -> str:
    """Return the endpoint's path with a value that each placeholder allows.

    Routers that take only numbers, or only UUIDs, know no path with another text there.
    """
    path, model = endpoint.path, setting.model
    for param in (p for p in endpoint.params if p.place == "path"):
        resource = model.resources.get(param.refers_to or "")
        absent = resource.find_absent_value(param) if resource is not None else None
        test = setting.test_argument(endpoint, param)
        tried = (absent, param.wire, 1, low(param.schema, model.schemas))
        value = next((v for v in tried if v not in (None, "") and test.is_valid(v)), param.wire)
        path = path.replace(f"{{{param.wire}}}", quote(str(value), safe=""))
    return path.replace("{", "").replace("}", "")


def _preflight(trial: Trial) -> None:
    """Ask whether the origin, the method and the headers are permitted, as a browser does."""
    endpoint, origin = trial.endpoint, _origin(trial.setting)
    wanted = _list_requested_headers(trial.setting, endpoint)
    asked = (("Access-Control-Request-Headers", ",".join(wanted)),) if wanted else ()
    headers = (("Origin", origin), ("Access-Control-Request-Method", endpoint.method), *asked)
    raw = Raw("OPTIONS", _fill_path(trial.setting, endpoint), headers)
    why = f"a browser's question about {endpoint.method}"
    answer = trial.ask(Call(None, {}, "document", why, role="", raw=raw))
    if answer.void:
        return
    if origin == STRANGER:
        conclude(_judge_credentials(trial.setting, answer))
    conclude(_judge_preflight(trial, answer, origin, wanted))


def _judge_preflight(trial: Trial, answer: Exchange, origin: str, wanted: list[str]) -> Judgement:
    method = trial.endpoint.method
    if not answer.success:
        return trial.broken("2xx without a key", answer.outcome)
    if problem := _explain_block(answer, origin):
        return trial.broken(f"Access-Control-Allow-Origin: {origin} or *", problem)
    methods = {part.upper() for part in _list_permitted(answer, "methods")}
    if method not in (*methods, *SIMPLE_METHODS) and "*" not in methods:  # Fetch, 4.8
        expected = f"Access-Control-Allow-Methods has {method}"
        return trial.broken(expected, ", ".join(sorted(methods)) or "it is missing")
    headers = {part.lower() for part in _list_permitted(answer, "headers")}
    # `*` does not cover Authorization (Fetch, 4.8)
    lacking = [
        name for name in wanted if name not in headers and ("*" not in headers or name == "authorization")
    ]
    if lacking:
        expected = f"Access-Control-Allow-Headers has {lacking[0]}"
        return trial.broken(expected, ", ".join(sorted(headers)) or "it is missing")
    return trial.kept()


def _list_permitted(exchange: Exchange, what: str) -> list[str]:
    """Return the items of an Access-Control-Allow header."""
    return [part.strip() for part in (exchange.header(f"access-control-allow-{what}") or "").split(",")]


def _explain_block(exchange: Exchange, origin: str) -> str:
    """Return why a page of that origin may not read the answer; empty if it may."""
    told = exchange.header("access-control-allow-origin")
    return "" if told in ("*", origin) else f"Access-Control-Allow-Origin: {told or 'is missing'}"


def _read(trials: Sequence[Trial], reader: Endpoint) -> None:
    """Read from a page. Where every origin is allowed, the same answer shows what a stranger may do."""
    trial = trials[0]
    origin = _origin(trial.setting)
    answer = ask(_call(trial, reader, origin, "a call from a web page"))
    if answer.void:
        return
    if origin == STRANGER:
        conclude(_judge_credentials(trial.setting, answer))
    if answer.success:  # a refusal is another contract's, which the watcher judges
        conclude(_judge_readable(trial.contract, answer, origin))


def _read_without_key(trial: Trial, reader: Endpoint) -> None:
    origin, why = _origin(trial.setting), "a call without a key from a web page"
    answer = trial.ask(_call(trial, reader, origin, why, intent="auth", twist="none"))
    if not answer.void:
        conclude(_judge_readable(trial.contract, answer, origin))


def _read_as_stranger(trial: Trial, reader: Endpoint) -> None:
    answer = trial.ask(_call(trial, reader, STRANGER, "a call from a web page of another origin"))
    if not answer.void:
        conclude(_judge_credentials(trial.setting, answer))


def _judge_readable(contract: str, answer: Exchange, origin: str) -> Judgement:
    if problem := _explain_block(answer, origin):
        expected = f"Access-Control-Allow-Origin: {origin} or *"
        return judge_broken(contract, expected, f"{problem} on {answer.status}")
    return judge_kept(contract)


def _judge_credentials(setting: Setting, answer: Exchange) -> Judgement:
    """Judge that an unknown origin may not send cookies.

    Browsers ignore the permission for cookies beside `*`, but only a mistake sends both. Beside the unknown
    origin itself it takes effect.
    """
    browsers = setting.model.browsers
    origin = answer.header("access-control-allow-origin")
    credentials = (answer.header("access-control-allow-credentials") or "").strip().lower() == "true"
    if credentials and origin in ("*", STRANGER):
        expected = "no Access-Control-Allow-Credentials for any origin"
        broken = judge_broken(STRANGERS, expected, f"Access-Control-Allow-Origin: {origin} with credentials")
        return broken.with_rank(Rank.EXPOSED) if origin == STRANGER else broken
    if browsers.origins != "any" and origin in ("*", STRANGER):
        expected = f"only {', '.join(map(str, browsers.origins))} may read"
        return judge_broken(STRANGERS, expected, f"Access-Control-Allow-Origin: {origin}")
    return judge_kept(STRANGERS)


CHECK = make_check(
    "cors_policy",
    __doc__,
    cases,
    stage=5,
    watch=watch,
    watched=frozenset(("answer", "refusal")),
    overlap="all",
    rank=Rank.UNDOCUMENTED,
)
