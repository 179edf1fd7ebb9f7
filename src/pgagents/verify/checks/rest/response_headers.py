"""Answers have the headers that the catalogue declares, with values that satisfy their schemas.

A repeated header counts as one with all values joined (RFC 9110, 5.3), which is not a valid number or id; of
cookies, each line may be the declared one. Hosted documents need the headers of all answers; answers to CORS
preflights, often sent by a proxy, only those for https. A header whose schema is a list or an object must be
there, and its value is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from pgagents.base.http import LISTS, Response
from pgagents.catalogue.model.answers import AnswerHeader
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Header, Model
from pgagents.report.contract import FRAMEWORK, Rank
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import REST, Endpoint, framework_places
from pgagents.verify.wire.exchange import BEHIND, Exchange

MOST_KNOWN = 5_000
"""The number of header values whose verdict is cached: most answers repeat a few."""
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_BROKEN = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
"""Numbers as JSON writes them. Servers send nanoseconds, and fractions with every digit that they know. More
digits are not a number of anybody's, and thousands an error of Python's.
"""
_FLAGS = {"true": True, "false": False, "?1": True, "?0": False}
"""Flags as documents write them, in any case (ASP.NET sends `True`), and as RFC 9651 does."""
_DATES = ("date", "expires", "last-modified", "retry-after", "sunset")
"""Headers whose times HTTP writes in a form of its own (RFC 9110, 5.6.7), whatever a document says."""
_COOKIE = "set-cookie"
BEFORE = (408, 414, 431, *BEHIND)
"""Statuses of what stands before the API, without its headers: the parser of Node, nginx, a gateway."""
_EVERYWHERE = {"all", "success", "error", "keyed", 401}


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each header and endpoint; a header of single statuses has one for each endpoint that
    succeeds with one of them, and for each framework that refuses with one.

    Headers of single answers, which only REST has, come last.
    """
    del roles
    for header in setting.model.headers:
        says = f"{header.name} is there and right: {header.description}"
        for endpoint in setting.endpoints:
            keyed = endpoint.action.key or not set(header.on) <= {"keyed", 401}
            if _is_of_success(header, endpoint) or (_is_everywhere(header) and keyed):
                yield Case(endpoint, says, header.origin, detail=header.name, cite=header.cite)
        for place in framework_places(setting.model):
            told = not (_is_everywhere(header) and _is_of_operations(header, setting.model))
            if told and _is_of_framework(header, place):
                yield Case(None, says, header.origin, detail=header.name, cite=header.cite, place=place)
    for endpoint in setting.endpoints:
        for output in endpoint.action.outputs if endpoint.on_rest else ():
            for own in output.headers:
                says = f"{own.name} is right in an answer {output.status}: {own.description}"
                yield Case(endpoint, says, own.origin, detail=f"{output.status}/{own.name}")


def _is_everywhere(header: Header) -> bool:
    return bool(set(header.on) & _EVERYWHERE)


def _is_of_operations(header: Header, model: Model) -> bool:
    """True if a document says where a header stands: in answers of its operations, and of nothing else."""
    return model.source.is_from_document((*header.origin, "on"))


def _is_of_success(header: Header, endpoint: Endpoint) -> bool:
    """True if an endpoint succeeds over REST with a status that the header is said for."""
    return endpoint.on_rest and any(output.status in header.on for output in endpoint.action.outputs)


def _is_of_framework(header: Header, place: str) -> bool:
    refused = (on for on in header.on if not isinstance(on, int) or on >= 400)
    # a key is missing (401) or a version is old (426) in calls of actions alone
    return bool(set(refused) - {"success", 401, 426}) and (_is_everywhere(header) or place.endswith("@rest"))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer that must have one of the headers."""
    response, setting = exchange.response, memory.setting
    if response is None or exchange.status in BEFORE:
        return
    repeated = _find_repeated_headers(response)
    if exchange.success:
        yield from _judge_own_headers(exchange, memory, repeated)
    kinds = _list_kinds(exchange, memory.model)
    no_operation = exchange.call.endpoint is None or bool(exchange.call.raw.slash)
    for header in memory.model.headers:
        if kinds.isdisjoint(header.on) or not _is_expected(setting, header, exchange):
            continue
        if no_operation and _is_of_operations(header, memory.model):
            continue
        own = _is_everywhere(header) or exchange.success
        place = exchange.place if own else f"{FRAMEWORK}@{REST}"
        trial = CHECK.find_trial(setting, place, header.name)
        if trial is None:
            continue
        text = repeated.get(header.name.lower()) or response.header(header.name)
        if text is None:
            expected, actual = f"header {header.name} on a {exchange.status}", "no such header on {status}"
            yield trial.broken(expected, actual, status=exchange.status)
        elif _holds_many(header.schema, setting) or _fits(header, text, memory):
            yield trial.kept()
        else:
            expected = f"{header.name}: {header.const or 'a value that satisfies its schema'}"
            yield trial.broken(expected, f"{header.name}: {{value}}", value=text[:120])


def _is_expected(setting: Setting, header: Header, exchange: Exchange) -> bool:
    """True if the header is judged on this exchange: always for an action, rarely for a document."""
    if header.https and not setting.https:  # such as Strict-Transport-Security (RFC 6797, 7.2)
        return False
    if exchange.call.intent != "document":
        return True
    if "all" not in header.on or exchange.call.surface != REST:
        return False
    hosted = exchange.call.raw.target in setting.model.api.hosted.values()
    return hosted or (header.https and exchange.request.method == "OPTIONS")


def _judge_own_headers(
    exchange: Exchange, memory: Memory, repeated: Mapping[str, str]
) -> Iterator[Judgement]:
    """Judge the headers that the catalogue declares for this answer alone."""
    for header in exchange.output.headers if exchange.output is not None else ():
        trial = CHECK.find_trial(memory.setting, exchange.place, f"{exchange.status}/{header.name}")
        if trial is None:
            continue
        text = repeated.get(header.name.lower()) or exchange.header(header.name)
        if text is None:
            if header.required:
                expected = f"header {header.name} on a {exchange.status}"
                yield trial.broken(expected, "no such header in this answer")
            continue
        test = memory.setting.test(("header", trial.contract), header.schema)
        readings = _readings(header, text)
        if _holds_many(header.schema, memory.setting) or any(test.is_valid(value) for value in readings):
            yield trial.kept()
        else:
            expected = f"{header.name}: a value that satisfies its schema"
            yield trial.broken(expected, f"{header.name}: {{value}}", value=text[:120])


def _find_repeated_headers(response: Response) -> dict[str, str]:
    """Return the headers that were sent more than once: values joined, names in lower case."""
    names = [name.lower() for name, _ in response.headers]
    if len(set(names)) == len(names):
        return {}
    return {
        name: ("\n" if name == _COOKIE else ", ").join(v for k, v in response.headers if k.lower() == name)
        for name in names
        if names.count(name) > 1
    }


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
    known: dict[tuple[str, str], bool] = memory.notes.setdefault(("response_headers", "fits"), {})
    fits = known.get((header.name, text))
    if fits is None:
        test = memory.setting.test(("header", header.name), header.schema)
        fits = any(test.is_valid(value) for value in _readings(header, text))
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


def _readings(header: Header | AnswerHeader, text: str) -> list[Any]:
    """Return the values that a header's text may stand for: the text, a number, true or false."""
    lines = text.split("\n")  # of several cookies
    readings: list[Any] = lines if header.schema.get("type") not in ("integer", "number") else []
    if _WHOLE.fullmatch(text.strip()):
        readings.append(int(text))
    elif _BROKEN.fullmatch(text.strip()):
        readings.append(float(text))
    elif text.strip().lower() in _FLAGS:
        readings.append(_FLAGS[text.strip().lower()])
    elif header.name.lower() in _DATES:
        readings += _read_date(text)
    return readings


def _read_date(text: str) -> list[str]:
    try:
        return [parsedate_to_datetime(text).strftime("%Y-%m-%dT%H:%M:%SZ")]
    except (TypeError, ValueError, IndexError, OverflowError):
        return []


CHECK = make_check(
    "response_headers",
    __doc__,
    cases,
    watch=watch,
    turn=3,
    of_any_input=True,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
