"""The Content-Type of every answer is right: a success has the media type that its action documents, an error
is JSON.

Every answer with a body is judged, except documents. A JSON type may have a suffix
(`application/problem+json`) unless the catalogue fixes `json`; its charset may only be UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.decoding.medium import fits, is_json
from pgagents.model.action import JSON, Action
from pgagents.model.contract import Contract
from pgagents.verify.check.check import (
    Check,
    Judgement,
    is_documented_answer,
    judge_broken,
    judge_kept,
    promise,
    promise_at,
)
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint, framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "content_type"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint and each surface's framework."""
    origin = ("behaviour", "content_type") if setting.model.source.has(("behaviour", "content_type")) else ()
    for endpoint in setting.endpoints:
        says = f"answers of {endpoint.action.name} are {_describe_types(endpoint)}"
        yield promise(NAME, "", endpoint, says, origin or endpoint.action.origin, endpoint.action.cite)
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "error answers of the framework are application/json", origin)


def _describe_types(endpoint: Endpoint) -> str:
    others = _others(endpoint.action) if endpoint.on_rest else []
    return " and ".join([*others, f"errors {JSON}"]) if others else JSON


def _others(action: Action) -> list[str]:
    """Return the media types of the action's successes that are not JSON."""
    return list(
        dict.fromkeys(
            o.content_type for o in action.outputs if o.schema is not None and not is_json(o.content_type)
        )
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a body, except documents."""
    response = exchange.response
    if response is None or not response.body or exchange.call.intent == "document" or exchange.sent_on:
        return
    contract = f"{NAME}/{exchange.place}"
    text = response.header("Content-Type") or ""
    promised = _find_expected_type(exchange)
    fixed = memory.model.behaviour.content_type == "json"
    right = _is_json(text, promised, fixed=fixed) if is_json(promised) else fits(text, promised)
    if not right and not is_documented_answer(exchange, memory.model):
        return
    yield (
        judge_kept(contract)
        if right
        else judge_broken(contract, f"Content-Type: {promised}", f"Content-Type: {text or 'none'}")
    )


def _find_expected_type(exchange: Exchange) -> str:
    """Return the media type that the answer should have."""
    endpoint = exchange.call.endpoint
    if exchange.output is None or exchange.output.schema is None or endpoint is None or not endpoint.on_rest:
        return JSON
    return exchange.output.content_type if exchange.output.content_type != "*/*" else JSON


def _is_json(text: str, promised: str, *, fixed: bool) -> bool:
    kind, _, rest = text.partition(";")
    kind, charset = kind.strip().lower(), rest.replace(" ", "").replace('"', "").lower()
    right = (
        kind == JSON
        or fits(text, promised)
        or (not fixed and kind.startswith("application/") and kind.endswith("+json"))
    )
    return right and charset in ("", "charset=utf-8", "charset=utf8")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=3,
    skips_unavailable=True,
)
