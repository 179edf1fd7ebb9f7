"""A JSON-RPC dispatcher answers with messages of JSON-RPC 2.0.

Each answer has the version, the request's id, and either a result or an error. Unreadable requests, requests
that are no JSON-RPC, and those without a method get the protocol's error numbers. A notification gets no
message. Batches are not sent. https://www.jsonrpc.org/specification, read 2026-11-21.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes, read_json
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.actions import actions_by_name
from pgagents.report.contract import Rank
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Attempt, Case, Conversation, Judgement, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    OK,
    PARSE_ERROR,
    UNKNOWN_METHOD,
    VERSION,
    Endpoint,
)
from pgagents.verify.wire.exchange import Exchange

NUMBERS = {
    "parse_error": (PARSE_ERROR, "a body that is no JSON"),
    "invalid_request": (INVALID_REQUEST, "JSON that is no request of JSON-RPC 2.0"),
    "unknown_method": (UNKNOWN_METHOD, "a method that does not exist"),
    "invalid_params": (INVALID_PARAMS, "invalid arguments"),
}
UNPROMISED = "unpromised"
"""The kind of requests without a promised error: batches, bytes that some servers cannot read,
notifications.
"""
SILENT = (200, 202, 204)
"""Statuses of answers to a notification."""
Edit = Callable[[bytes], bytes]


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each JSON-RPC dispatcher: all its messages, each error, and a notification.

    The request of an error is a correct one with one change.
    """
    del roles
    edits: Mapping[str, Edit] = {
        "parse_error": lambda body: body[:-1],
        "invalid_request": lambda body: _change(body, method=7),  # in no version; many servers take 1.0 too
        "unknown_method": lambda body: _change(body, method="pgv_no_such_method"),
    }
    endpoints = _index_endpoints(setting)
    for dispatcher in setting.model.dispatchers if endpoints else ():
        if not dispatcher.json_rpc:
            continue
        make_case = partial(
            Case, None, origin=dispatcher.origin, cite=dispatcher.cite, place=f"@{dispatcher.surface}"
        )
        says = "each answer has the version, the request's id, and either a result or an error"
        yield make_case(says=says, detail="message")
        endpoint = endpoints.get(dispatcher.surface)
        for kind, (number, what) in NUMBERS.items():
            if kind == "invalid_params" and not _has_invalid_cases(setting, dispatcher):
                continue
            attempt = None
            if endpoint is not None and kind in edits:
                run = partial(_send_wrong, endpoint=endpoint, edit=edits[kind])
                attempt = Attempt(run, stage=5, writes=False, endpoints=(endpoint,))
            yield make_case(says=f"{what} gets the error {number}", detail=kind, attempt=attempt)
        attempt = None
        if endpoint is not None and endpoint.action.effect == "read":
            run = partial(_notify, endpoint=endpoint)
            attempt = Attempt(run, stage=5, writes=False, endpoints=(endpoint,))
        says = "a notification, which has no id, gets no message"
        yield make_case(says=says, detail="notification", attempt=attempt)


def _index_endpoints(setting: Setting) -> dict[str, Endpoint]:
    """Return an endpoint of each JSON-RPC dispatcher by its surface, a read if it has one."""
    chosen: dict[str, Endpoint] = {}
    for endpoint in setting.endpoints:
        known = chosen.get(endpoint.surface)
        if known is not None and (known.action.effect == "read" or endpoint.action.effect == "write"):
            continue
        if endpoint.json_rpc is not None:
            chosen[endpoint.surface] = endpoint
    return chosen


def _has_invalid_cases(setting: Setting, dispatcher: Dispatcher) -> bool:
    here = (endpoint for endpoint in setting.endpoints if endpoint.surface == dispatcher.surface)
    return any(invalid_cases_of(setting, endpoint) for endpoint in here)


def _change(body: bytes, **members: Any) -> bytes:
    """Return a request with some members replaced; None removes one."""
    changed = {**read_json(body).value, **members}
    return json_bytes({k: v for k, v in changed.items() if v is not None})


def _send_wrong(trial: Trial, endpoint: Endpoint, edit: Edit) -> Conversation:
    """Judge a result; the watcher judges errors."""
    number, what = NUMBERS[trial.case.detail]
    template = template_of(trial.model, endpoint.action)
    answer: Exchange = yield ordinary(endpoint, template, "framework", what, raw=Raw(edit=edit))
    response = answer.response
    message = read_json(response.body).value if response is not None and response.status == OK else None
    if isinstance(message, Mapping) and "result" in message and message.get("error") is None:
        yield trial.broken(f"the error {number} for {what}", "a result")


def _notify(trial: Trial, endpoint: Endpoint) -> Conversation:
    template = template_of(trial.model, endpoint.action)
    raw = Raw(edit=lambda body: _change(body, id=None))
    answer: Exchange = yield ordinary(endpoint, template, "framework", "a notification", raw=raw)
    response = answer.response
    if response is None or answer.limited or response.status >= 500:
        return
    if response.status in SILENT and not response.body.strip():
        yield trial.kept()
    else:
        actual = "{status} with {size:,} bytes"
        yield trial.broken("no message", actual, status=response.status, size=len(response.body))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the message in each answer, and the number of each error."""
    endpoint, response = exchange.call.endpoint, exchange.response
    if endpoint is None or endpoint.json_rpc is None or response is None or response.status != OK:
        return
    if exchange.request.method != endpoint.method or not response.body:
        return
    kind, id = _classify(endpoint, exchange, memory.model.errors.framework.invalid)
    trial = CHECK.find_trial(memory.setting, f"@{endpoint.surface}", "message")
    if kind == UNPROMISED or trial is None:
        return
    message = read_json(response.body).value
    problem, values = _find_problem(message, id, strict=kind in ("", "unknown_method", "invalid_params"))
    if problem:
        yield trial.broken("a message of JSON-RPC 2.0 with the request's id", problem, **values)
        return
    yield trial.kept()
    trial = CHECK.find_trial(memory.setting, f"@{endpoint.surface}", kind)
    if trial is not None and "error" in message:
        number, what = NUMBERS[kind]
        code = message["error"]["code"]
        if code == number:
            yield trial.kept()
        else:
            yield trial.broken(f"the error {number} for {what}", "the error {code}", code=code)


def _classify(endpoint: Endpoint, exchange: Exchange, invalid: str) -> tuple[str, Any]:
    """Return the protocol's error number for a faulty request, and the request's id.

    The number is empty if the request is right, or if its problem is uncertain.
    """
    try:
        sent = json.loads(exchange.request.body.decode("utf-8"))
    except UnicodeDecodeError:
        return UNPROMISED, None
    except ValueError:
        return "parse_error", None
    except RecursionError:
        return UNPROMISED, None
    if isinstance(sent, list):
        return UNPROMISED, None
    if (
        not isinstance(sent, dict)
        or sent.get("jsonrpc") != VERSION
        or not isinstance(sent.get("method"), str)
    ):
        return "invalid_request", sent.get("id") if isinstance(sent, dict) else None
    if "id" not in sent:
        return UNPROMISED, None
    if read_json(exchange.request.body).problem or set(sent) - {"jsonrpc", "id", "method", "params"}:
        return "unsure", sent["id"]
    assert endpoint.dispatcher is not None
    if sent["method"] not in actions_by_name(endpoint.dispatcher):
        return "unknown_method", sent["id"]
    wrong = exchange.call.intent == "invalid" and exchange.code == invalid
    return "invalid_params" if wrong else "", sent["id"]


def _find_problem(message: Any, id: Any, *, strict: bool) -> tuple[str, dict[str, object]]:
    """Return why a message is no answer to the request, with the values of that claim; empty if it is one."""
    if not isinstance(message, Mapping):
        return "it is no object", {}
    version = message.get("jsonrpc")
    if version != VERSION:
        return "jsonrpc is {version!r}", {"version": str(version)[:20]}
    if ("result" in message) == ("error" in message):
        both = "result" in message
        return "it has a result and an error" if both else "it has neither result nor error", {}
    answered = message.get("id")
    right = answered == id and isinstance(answered, bool) == isinstance(id, bool)  # 7 and 7.0 are one number
    if "id" not in message or (not right and (strict or answered is not None)):
        values: dict[str, object] = {"answered": str(answered)[:40], "sent": str(id)[:40]}
        return "its id is {answered!r}, and the request's is {sent!r}", values
    error = message.get("error")
    if "error" in message:
        whole = isinstance(error, Mapping) and isinstance(error.get("message"), str)
        number = error.get("code") if isinstance(error, Mapping) else None
        if not whole or isinstance(number, bool) or not _is_whole(number):
            return "its error has no whole number as code, or no message", {}
    return "", {}


def _is_whole(number: Any) -> bool:
    """True for a whole number in any form of JSON: -32602 and -32602.0 are one number."""
    return isinstance(number, int) or (isinstance(number, float) and number.is_integer())


CHECK = make_check("json_rpc", __doc__, cases, watch=watch, turn=4, overlap="all", rank=Rank.UNDOCUMENTED)
