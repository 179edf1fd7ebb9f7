"""Answers have the headers that the catalogue declares, with values that satisfy their schemas.

A repeated header counts as one with all values joined (RFC 9110, 5.3), which is no valid number or id. Hosted
documents need the headers of all answers; answers to CORS preflights, often sent by a proxy, only those for
https. A header whose schema is a list or an object must be there, and its value is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.base.http import LISTS, Response
from pgagents.catalogue.model.answers import AnswerHeader
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Header, Model
from pgagents.report.contract import FRAMEWORK, Contract
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise, promise_at
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import REST, Endpoint, framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "response_headers"
MOST_KNOWN = 5_000
"""The number of header values whose verdict is cached."""
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_BROKEN = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
"""Numbers as JSON writes them. Servers send nanoseconds, and fractions with every digit that they know."""
_FLAGS = {"true": True, "false": False}
_EVERYWHERE = {"all", "success", "error", "keyed", 401}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each header and endpoint.

    Headers of single statuses (except 401) have one for each framework.
    """
    for header in setting.model.headers:
        says = f"{header.name} is there and right: {header.description}"
        for endpoint in setting.endpoints:
            if _at_endpoint(header, endpoint):
                yield promise(NAME, header.name, endpoint, says, header.origin, header.cite)
        for place in framework_places(setting.model):
            if _at_framework(header, place):
                yield promise_at(NAME, header.name, place, says, header.origin, header.cite)
    for endpoint, status, own, _ in _list_own_headers(setting):
        says = f"{own.name} is right in an answer {status}: {own.description}"
        yield promise(NAME, f"{status}/{own.name}", endpoint, says, own.origin, endpoint.action.cite)


def _list_own_headers(setting: Setting) -> Iterator[tuple[Endpoint, int, AnswerHeader, str]]:
    """Yield the headers of single answers, each with its contract. Only REST has them."""
    for endpoint in setting.endpoints:
        for output in endpoint.action.outputs if endpoint.on_rest else ():
            for header in output.headers:
                contract = f"{NAME}/{output.status}/{header.name}/{endpoint.place}"
                yield endpoint, output.status, header, contract


def _is_expected(setting: Setting, header: Header, exchange: Exchange) -> bool:
    """True if the header is judged on this exchange: always for an action, rarely for a document."""
    if exchange.call.intent != "document":
        return True
    if "all" not in header.on or exchange.call.surface != REST:
        return False
    return exchange.call.raw.target in setting.model.api.hosted.values() or (
        header.https and exchange.request.method == "OPTIONS"
    )


def _at_endpoints(header: Header) -> bool:
    return bool(set(header.on) & _EVERYWHERE)


def _at_endpoint(header: Header, endpoint: Endpoint) -> bool:
    return _at_endpoints(header) and (endpoint.action.key or not set(header.on) <= {"keyed", 401})


def _at_framework(header: Header, place: str) -> bool:
    return bool(set(header.on) - {"success", 401, 426}) and (_at_endpoints(header) or place.endswith("@rest"))


def _place(header: Header, exchange: Exchange) -> str:
    """Return the place of the contract by which an answer is judged; empty if nothing was promised."""
    place = exchange.place if _at_endpoints(header) else f"{FRAMEWORK}@{REST}"
    endpoint = exchange.call.endpoint
    promised = (
        _at_framework(header, place)
        if place.startswith(f"{FRAMEWORK}@")
        else endpoint is not None and _at_endpoint(header, endpoint)
    )
    return place if promised else ""


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer that must have one of the headers."""
    response = exchange.response
    if response is None:
        return
    repeated = _find_repeated_headers(response)
    if exchange.success:
        yield from _judge_own_headers(exchange, memory, repeated)
    kinds = _list_kinds(exchange, memory.model)
    for header, contract in memory.setting.compute_once(
        (NAME, exchange.place), lambda: _list_promised_headers(memory.setting, exchange)
    ):
        if kinds.isdisjoint(header.on) or not _is_expected(memory.setting, header, exchange):
            continue
        text = repeated.get(header.name.lower()) or response.header(header.name)
        if text is None:
            expected, actual = f"header {header.name} on a {exchange.status}", "no such header on {status}"
            yield judge_broken(contract, expected, actual, status=exchange.status)
        elif _holds_many(header.schema, memory.setting) or _fits(header, text, memory):
            yield judge_kept(contract)
        else:
            wanted = header.const or "a value that satisfies its schema"
            expected = f"{header.name}: {wanted}"
            yield judge_broken(contract, expected, f"{header.name}: {{value}}", value=text[:120])


def _judge_own_headers(
    exchange: Exchange, memory: Memory, repeated: Mapping[str, str]
) -> Iterator[Judgement]:
    """Judge the headers that the catalogue declares for this answer alone."""
    own: dict[tuple[str, int], list[tuple[AnswerHeader, str]]] = memory.setting.compute_once(
        (NAME, "own"), lambda: _group(memory.setting)
    )
    for header, contract in own.get((exchange.place, exchange.status), ()):
        text = repeated.get(header.name.lower()) or exchange.header(header.name)
        if text is None and header.required:
            expected = f"header {header.name} on a {exchange.status}"
            yield judge_broken(contract, expected, "no such header in this answer")
        elif text is not None and _holds_many(header.schema, memory.setting):
            yield judge_kept(contract)
        elif text is not None:
            test = memory.setting.test(("header", contract), header.schema)
            if any(test.is_valid(value) for value in _readings(header.schema, text)):
                yield judge_kept(contract)
            else:
                expected = f"{header.name}: a value that satisfies its schema"
                yield judge_broken(contract, expected, f"{header.name}: {{value}}", value=text[:120])


def _group(setting: Setting) -> dict[tuple[str, int], list[tuple[AnswerHeader, str]]]:
    found: dict[tuple[str, int], list[tuple[AnswerHeader, str]]] = {}
    for endpoint, status, header, contract in _list_own_headers(setting):
        found.setdefault((endpoint.place, status), []).append((header, contract))
    return found


def _find_repeated_headers(response: Response) -> dict[str, str]:
    """Return the headers that were sent more than once: values joined, names in lower case."""
    names = [name.lower() for name, _ in response.headers]
    if len(set(names)) == len(names):
        return {}
    return {
        name: ", ".join(v for k, v in response.headers if k.lower() == name)
        for name in names
        if names.count(name) > 1
    }


def _list_promised_headers(setting: Setting, exchange: Exchange) -> list[tuple[Header, str]]:
    """Return the headers promised for an exchange's place, each with its contract."""
    found = [
        (header, _place(header, exchange))
        for header in setting.model.headers
        if setting.https or not header.https
    ]
    return [(header, f"{NAME}/{header.name}/{place}") for header, place in found if place]


def _list_kinds(exchange: Exchange, model: Model) -> set[str | int]:
    """Return the words and the status under which a catalogue declares headers of this answer."""
    kinds: set[str | int] = {"all", exchange.status}
    if exchange.success:
        kinds.add("success")
    if exchange.status >= 400:
        kinds.add("error")
    if exchange.status != 401 and not exchange.call.twist and find_proof(model, exchange.request):
        kinds.add("keyed")
    return kinds


def _fits(header: Header, text: str, memory: Memory) -> bool:
    if header.const is not None:
        return header.const == text or _contains(header.name, text, header.const)
    known: dict[tuple[str, str], bool] = memory.notes.setdefault((NAME, "fits"), {})
    fits = known.get((header.name, text))
    if fits is None:
        test = memory.setting.test(("header", header.name), header.schema)
        fits = any(test.is_valid(value) for value in _readings(header.schema, text))
        if len(known) < MOST_KNOWN:
            known[header.name, text] = fits
    return fits


def _contains(name: str, text: str, const: str) -> bool:
    """True if a header's text has the constant among its parts.

    The parts of a header that is a list may have any order and any spaces (RFC 9110, 5.6.1).
    """
    parts = {part.strip().lower() for part in text.split(",")}
    wanted = const.split(",") if name.lower() in LISTS else [const]
    return {part.strip().lower() for part in wanted} <= parts


def _holds_many(schema: Mapping[str, Any], setting: Setting) -> bool:
    """True for the schema of a list or an object. It does not say how a text is split into its parts."""
    schema = setting.resolve_schema(schema)
    declared = schema.get("type")
    types = {declared} if isinstance(declared, str) else set(declared or ())
    if not types:
        return "items" in schema or "properties" in schema
    return types <= {"array", "object", "null"} and types != {"null"}


def _readings(schema: Mapping[str, Any], text: str) -> list[Any]:
    """Return the values that a header's text may stand for: the text, a number, true or false."""
    found: list[Any] = [text] if schema.get("type") not in ("integer", "number") else []
    if _WHOLE.fullmatch(text.strip()):
        found.append(int(text))
    elif _BROKEN.fullmatch(text.strip()):
        found.append(float(text))
    elif text.strip() in _FLAGS:
        found.append(_FLAGS[text.strip()])
    return found


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=3,
    of_any_input=True,
    skips_unavailable=True,
)
