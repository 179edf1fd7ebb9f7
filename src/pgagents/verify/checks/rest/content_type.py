"""A success has the media type that its action documents, an error that of its code, which is usually JSON.

Every documented answer with a body is judged, except documents, successes of any type (`*/*`, as springdoc
writes it) and errors with an open body. A JSON type may have a suffix (RFC 6839) unless the catalogue fixes
`json`. If the catalogue names a suffix for errors, their type must have it. The charset may only be UTF-8.
Other parameters may have any value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.base.http import media_type_of
from pgagents.catalogue.decoding.medium import fits, is_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import JSON
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import is_documented_answer
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint, framework_places
from pgagents.verify.wire.exchange import Exchange

_PARAMETER = re.compile(r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
"""One parameter of a media type (RFC 9110, 8.3.1). A text in quotes may contain semicolons."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint whose answers have a type, and one for each surface's framework."""
    del roles
    origin = ("behaviour", "content_type") if setting.model.source.has(("behaviour", "content_type")) else ()
    errors = str(setting.model.errors.content_type or "")
    for endpoint in setting.endpoints:
        if _has_type(endpoint.action, errors):
            says = f"answers of {endpoint.action.name} are {_describe_types(endpoint, errors)}"
            yield Case(endpoint, says, origin or endpoint.action.origin)
    for place in framework_places(setting.model) if errors else ():
        yield Case(None, f"error answers of the framework are {errors}", origin, place=place)


def _has_type(action: Action, errors: str) -> bool:
    return bool(errors) or any(o.schema is not None and not o.any_type for o in action.outputs)


def _describe_types(endpoint: Endpoint, errors: str) -> str:
    others = _list_other_types(endpoint.action) if endpoint.on_rest else []
    if not others and errors in (JSON, ""):
        return JSON
    return " and ".join([*(others or [JSON]), *([f"errors {errors}"] if errors else [])])


def _list_other_types(action: Action) -> list[str]:
    """Return the media types, other than JSON alone, of the action's successes."""
    return list(
        dict.fromkeys(
            "of any type" if o.any_type else " or ".join(o.types)
            for o in action.outputs
            if o.schema is not None and (o.any_type or not is_json(o.content_type))
        )
    )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a body, except documents."""
    trial, response = CHECK.find_trial(memory.setting, exchange.place), exchange.response
    if trial is None or response is None or exchange.call.intent == "document" or exchange.sent_on:
        return
    if not (response.body or response.unfinished):
        # each right server with a DELETE answers 204 alone; an event stream stays open, with no end
        if exchange.success and exchange.output is not None and exchange.output.schema is None:
            yield trial.idle(f"a {exchange.status} has no body, and no answer with one came")
        return
    text = response.header("Content-Type") or ""
    promised = _find_expected_type(exchange, memory)
    if not promised:
        return
    fixed = memory.model.behaviour.content_type == "json"
    exact = exchange.refused and media_type_of(promised).endswith("+json")
    several = exchange.output.media if exchange.output is not None else ()
    if several:  # a file comes in the type in which it was sent, as Slack's do
        right, promised = any(fits(text, media) for media in several), " or ".join(several)
    elif is_json(promised):
        right = _is_right_json(text, promised, fixed=fixed, exact=exact)
    else:
        right = fits(text, promised)
    if right:
        yield trial.kept()
    elif is_documented_answer(exchange, memory.model):
        media, separator, parameters = (text or "none").partition(";")
        actual = f"Content-Type: {media}{{parameters}}"
        broken = trial.broken(f"Content-Type: {promised}", actual, parameters=separator + parameters)
        # kinto 26.5: a page in place of JSON is one finding, whichever checks tell it
        yield broken.resting_on("" if fits(media, promised) else "medium")


def _find_expected_type(exchange: Exchange, memory: Memory) -> str:
    """Return the media type that the answer must have; empty if any is allowed."""
    endpoint = exchange.call.endpoint
    if exchange.refused and (endpoint is None or endpoint.on_rest or endpoint.dispatcher is not None):
        return _find_error_type(exchange, memory)
    if endpoint is None:
        return JSON if memory.model.errors.content_type else ""
    if exchange.output is None and endpoint.on_rest and endpoint.action.covers(exchange.status):
        return ""  # a `default`, as gRPC-Gateway's documents have, says nothing of a status's type
    if exchange.output is None or exchange.output.schema is None or not endpoint.on_rest:
        return JSON
    return "" if exchange.output.any_type else exchange.output.content_type


def _find_error_type(exchange: Exchange, memory: Memory) -> str:
    """Return the media type of an error: that of its code. Without a code, it is that of the status, if there
    is only one: ASP.NET answers some errors as problem+json, and the API's own as JSON.
    """
    declared = memory.model.codes.get(exchange.code or "")
    if declared is not None:
        return declared.content_type
    alike = {code.content_type for code in memory.model.codes.values() if code.status == exchange.status}
    if len(alike) > 1:
        return "" if "" in alike else JSON
    return alike.pop() if alike else str(memory.model.errors.content_type or "")


def _is_right_json(text: str, promised: str, *, fixed: bool, exact: bool) -> bool:
    """True if a Content-Type is JSON; with `exact`, only if it is the promised type."""
    kind = text.partition(";")[0].strip().lower()
    right = (
        (kind == JSON and not exact)
        or fits(text, promised)
        or (not fixed and not exact and kind.startswith("application/") and kind.endswith("+json"))
    )
    return right and all(charset in ("utf-8", "utf8") for charset in _list_charsets(text))  # WHATWG's labels


def _list_charsets(text: str) -> list[str]:
    """Return the values of the `charset` parameters of a Content-Type. Other parameters may say anything."""
    parameters = _PARAMETER.findall(text)
    return [value.strip().strip('"').lower() for name, value in parameters if name.lower() == "charset"]


CHECK = make_check(
    "content_type",
    __doc__,
    cases,
    watch=watch,
    turn=3,
    of_any_input=True,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
