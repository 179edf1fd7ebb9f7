"""Web pages may call the API as the catalogue says, and no unknown page may act with a user's cookies.

Preflight requests, answers and refusals must have the right CORS headers (the Fetch standard, 3.2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from pgagents.report.contract import Contract
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    promise,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import low
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "cors_policy"
ORIGIN = ("browsers",)
STRANGER = "https://pgv.example"
TOO_LARGE = 413
HEADER = "header "
"""Prefix in the catalogue of a header that names the end user."""
SIMPLE_METHODS = ("GET", "HEAD", "POST")
SAFE_HEADERS = frozenset(("accept", "accept-language", "content-language"))
SAFE_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""Headers and body types that every page may send without a question (Fetch, 2.2.2)."""
ANSWERED, REFUSED, STRANGERS = f"{NAME}/answer@{REST}", f"{NAME}/refusal@{REST}", f"{NAME}/strangers@{REST}"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a preflight contract for each kind of endpoint, and contracts about answers, refusals and unknown
    origins.
    """
    browsers, reader = setting.model.browsers, _reader(setting)
    if browsers is None or reader is None:
        return
    for endpoint in _endpoints(setting):
        says = (
            f"a browser that asks whether a page may call {endpoint.action.name} gets the answer that "
            "it may, without a key"
        )
        yield promise(NAME, "preflight", endpoint, says, ORIGIN, browsers.cite)
    yield promise_at(
        NAME, "answer", f"@{REST}", "a page may read the answer to its call", ORIGIN, browsers.cite
    )
    if reader.needs_key:
        yield promise_at(
            NAME, "refusal", f"@{REST}", "a page may read why its call was refused", ORIGIN, browsers.cite
        )
    says = "a page of an origin that is not named may not act with the user's cookies"
    yield promise_at(NAME, "strangers", f"@{REST}", says, (*ORIGIN, "credentials"), browsers.cite)


def _endpoints(setting: Setting) -> list[Endpoint]:
    """Return one endpoint of each kind: a read, a write with a body, one with a preflight, and a
    dispatcher's. All are of the API's own server, to which the questions go.
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

    A 413 is left out, because a proxy may have sent it.
    """
    setting = memory.setting
    asks = (
        exchange.request.header("Origin") is not None
        and exchange.call.endpoint is not None
        and exchange.call.intent in ("valid", "framework")
    )
    if (
        not asks
        or setting.model.browsers is None
        or _reader(setting) is None
        or exchange.void
        or exchange.status == TOO_LARGE
    ):
        return
    contract = ANSWERED if exchange.success else REFUSED
    if problem := _explain_block(exchange, str(exchange.request.header("Origin"))):
        yield judge_broken(
            contract,
            f"Access-Control-Allow-Origin: {exchange.request.header('Origin')} or *",
            f"{problem} on {exchange.status}",
        )
    else:
        yield judge_kept(contract)


def _origin(setting: Setting) -> str:
    """Return an origin whose pages may call the API."""
    origins = setting.model.browsers.origins
    return STRANGER if origins == "any" else str(origins[0]).rstrip("/")


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one call for each contract."""
    del roles
    reader = _reader(setting)
    if setting.model.browsers is None or reader is None:
        return
    for endpoint in _endpoints(setting):
        contract = f"{NAME}/preflight/{endpoint.place}"
        yield Probe(contract, 5, (contract,), 1, partial(_preflight, setting, endpoint, contract), ())
    call = ordinary(
        reader,
        template_of(setting.model, reader.action),
        "valid",
        "a call from a web page",
        raw=_from(_origin(setting)),
    )
    covers = (ANSWERED, STRANGERS) if _origin(setting) == STRANGER else (ANSWERED,)
    yield Probe(ANSWERED, 5, covers, 1, partial(_read, setting, call, ANSWERED), (reader,))
    if reader.needs_key:
        keyless = replace(call, intent="auth", twist="none", why="a call without a key from a web page")
        yield Probe(REFUSED, 5, (REFUSED,), 1, partial(_read, setting, keyless, REFUSED), (reader,))
    if _origin(setting) != STRANGER:
        stranger = replace(call, why="a call from a web page of another origin", raw=_from(STRANGER))
        yield Probe(STRANGERS, 5, (STRANGERS,), 1, partial(_strange, setting, stranger), (reader,))


def _from(origin: str) -> Raw:
    return Raw(headers=(("Origin", origin),))


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


def _preflight(setting: Setting, endpoint: Endpoint, contract: str) -> Conversation:
    origin, wanted = _origin(setting), _list_requested_headers(setting, endpoint)
    asked = (("Access-Control-Request-Headers", ",".join(wanted)),) if wanted else ()
    headers = (("Origin", origin), ("Access-Control-Request-Method", endpoint.method), *asked)
    path = _fill_path(setting, endpoint)
    exchange: Exchange = yield Call(
        None,
        {},
        "document",
        f"a browser's question about {endpoint.method}",
        role="",
        raw=Raw("OPTIONS", path, headers),
    )
    if exchange.void:
        return
    if origin == STRANGER:
        yield _credentials(setting, exchange)
    yield _judge_preflight(exchange, contract, origin, endpoint.method, wanted)


def _judge_preflight(
    exchange: Exchange, contract: str, origin: str, method: str, wanted: list[str]
) -> Judgement:
    """Judge that the answer to a preflight permits the origin, the method and the `wanted` headers."""
    if not exchange.success:
        return judge_broken(contract, "2xx without a key", exchange.outcome)
    if problem := _explain_block(exchange, origin):
        return judge_broken(contract, f"Access-Control-Allow-Origin: {origin} or *", problem)
    methods = {part.upper() for part in _list_permitted(exchange, "methods")}
    if method not in (*methods, *SIMPLE_METHODS) and "*" not in methods:
        expected = f"Access-Control-Allow-Methods has {method}"
        return judge_broken(contract, expected, ", ".join(sorted(methods)) or "it is missing")
    told = {part.lower() for part in _list_permitted(exchange, "headers")}
    lacking = [name for name in wanted if name not in told and ("*" not in told or name == "authorization")]
    if lacking:
        expected = f"Access-Control-Allow-Headers has {lacking[0]}"
        return judge_broken(contract, expected, ", ".join(sorted(told)) or "it is missing")
    return judge_kept(contract)


def _list_permitted(exchange: Exchange, what: str) -> list[str]:
    """Return the items of an Access-Control-Allow header."""
    return [part.strip() for part in (exchange.header(f"access-control-allow-{what}") or "").split(",")]


def _explain_block(exchange: Exchange, origin: str) -> str:
    """Return why a page of that origin may not read the answer; empty if it may."""
    told = exchange.header("access-control-allow-origin")
    return "" if told in ("*", origin) else f"Access-Control-Allow-Origin: {told or 'is missing'}"


def _read(setting: Setting, call: Call, contract: str) -> Conversation:
    origin = _origin(setting)
    exchange: Exchange = yield call
    if exchange.void:
        return
    if contract == ANSWERED and origin == STRANGER:
        yield _credentials(setting, exchange)
    problem = _explain_block(exchange, origin)
    yield (
        judge_broken(
            contract, f"Access-Control-Allow-Origin: {origin} or *", f"{problem} on {exchange.status}"
        )
        if problem
        else judge_kept(contract)
    )


def _strange(setting: Setting, call: Call) -> Conversation:
    exchange: Exchange = yield call
    if not exchange.void:
        yield _credentials(setting, exchange)


def _credentials(setting: Setting, exchange: Exchange) -> Judgement:
    """Judge that an unknown origin may not send cookies.

    Browsers ignore the permission for cookies beside `*`, but only a mistake sends both. Beside the unknown
    origin itself it takes effect.
    """
    browsers = setting.model.browsers
    origin = exchange.header("access-control-allow-origin")
    credentials = (exchange.header("access-control-allow-credentials") or "").strip().lower() == "true"
    if credentials and origin in ("*", STRANGER):
        return judge_broken(
            STRANGERS,
            "no Access-Control-Allow-Credentials for any origin",
            f"Access-Control-Allow-Origin: {origin} with credentials",
        )
    if browsers.origins != "any" and origin in ("*", STRANGER):
        return judge_broken(
            STRANGERS,
            f"only {', '.join(map(str, browsers.origins))} may read",
            f"Access-Control-Allow-Origin: {origin}",
        )
    return judge_kept(STRANGERS)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("answer", "refusal")),
    probes=probes,
    overlap="all",
)
