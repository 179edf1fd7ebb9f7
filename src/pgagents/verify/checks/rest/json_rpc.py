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
from pgagents.report.contract import Contract, Rank
from pgagents.verify.cases.invalid import invalid_cases_of
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

NAME = "json_rpc"
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


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts of each JSON-RPC dispatcher."""
    for dispatcher in setting.model.dispatchers if _first(setting) else ():
        if not dispatcher.json_rpc:
            continue
        at = f"@{dispatcher.surface}"
        says = "each answer has the version, the request's id, and either a result or an error"
        yield promise_at(NAME, "message", at, says, dispatcher.origin, dispatcher.cite)
        for detail, (number, what) in NUMBERS.items():
            if detail != "invalid_params" or _has_invalid_cases(setting, dispatcher):
                says = f"{what} gets the error {number}"
                yield promise_at(NAME, detail, at, says, dispatcher.origin, dispatcher.cite)
        says = "a notification, which has no id, gets no message"
        yield promise_at(NAME, "notification", at, says, dispatcher.origin, dispatcher.cite)


def _first(setting: Setting) -> list[Endpoint]:
    """Return an endpoint of each JSON-RPC dispatcher, a read if it has one."""
    found: dict[str, Endpoint] = {}
    for endpoint in setting.endpoints:
        known = found.get(endpoint.surface)
        if endpoint.json_rpc is not None and (known is None or known.action.effect == "write"):
            found[endpoint.surface] = endpoint if endpoint.action.effect == "read" or known is None else known
    return list(found.values())


def _has_invalid_cases(setting: Setting, dispatcher: Dispatcher) -> bool:
    here = (one for one in setting.endpoints if one.surface == dispatcher.surface)
    return any(invalid_cases_of(setting, one) for one in here)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield a probe for each error, whose request is a correct one with one change, and one for a
    notification.
    """
    del roles
    edits: Mapping[str, Edit] = {
        "parse_error": lambda body: body[:-1],
        "invalid_request": lambda body: _change(body, method=7),  # in no version; many servers take 1.0 too
        "unknown_method": lambda body: _change(body, method="pgv_no_such_method"),
    }
    for endpoint in _first(setting):
        for detail, edit in edits.items():
            contract = f"{NAME}/{detail}@{endpoint.surface}"
            yield Probe(
                contract, 5, (contract,), 1, partial(_run, setting, endpoint, detail, edit), (endpoint,)
            )
        if endpoint.action.effect == "read":
            contract = f"{NAME}/notification@{endpoint.surface}"
            run = partial(_notify, setting, endpoint, contract)
            yield Probe(contract, 5, (contract,), 1, run, (endpoint,))


def _change(body: bytes, **members: Any) -> bytes:
    """Return a request with some members replaced; None removes one."""
    changed = {**read_json(body).value, **members}
    return json_bytes({k: v for k, v in changed.items() if v is not None})


def _run(setting: Setting, endpoint: Endpoint, detail: str, edit: Edit) -> Conversation:
    number, what = NUMBERS[detail]
    template = template_of(setting.model, endpoint.action)
    exchange: Exchange = yield ordinary(endpoint, template, "framework", what, raw=Raw(edit=edit))
    answer = exchange.response
    message = read_json(answer.body).value if answer is not None and answer.status == OK else None
    if isinstance(message, Mapping) and "result" in message and message.get("error") is None:
        contract = f"{NAME}/{detail}@{endpoint.surface}"
        yield judge_broken(contract, f"the error {number} for {what}", "a result")


def _notify(setting: Setting, endpoint: Endpoint, contract: str) -> Conversation:
    template = template_of(setting.model, endpoint.action)
    raw = Raw(edit=lambda body: _change(body, id=None))
    exchange: Exchange = yield ordinary(endpoint, template, "framework", "a notification", raw=raw)
    answer = exchange.response
    if answer is None or exchange.limited or answer.status >= 500:
        return
    silent = answer.status in SILENT and not answer.body.strip()
    said = f"{answer.status} with {len(answer.body):,} bytes"
    yield judge_kept(contract) if silent else judge_broken(contract, "no message", said)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the message in each answer, and the number of each error."""
    endpoint, answer = exchange.call.endpoint, exchange.response
    if endpoint is None or endpoint.json_rpc is None or answer is None or answer.status != OK:
        return
    if exchange.request.method != endpoint.method or not answer.body:
        return
    kind, id = _classify(endpoint, exchange, memory.model.errors.framework.invalid)
    if kind == UNPROMISED:
        return
    message = read_json(answer.body).value
    contract = f"{NAME}/message@{endpoint.surface}"
    problem = _find_problem(message, id, strict=kind in ("", "unknown_method", "invalid_params"))
    if problem:
        yield judge_broken(contract, "a message of JSON-RPC 2.0 with the request's id", problem)
        return
    yield judge_kept(contract)
    if kind in NUMBERS and "error" in message:
        number, what = NUMBERS[kind]
        said = message["error"]["code"]
        contract = f"{NAME}/{kind}@{endpoint.surface}"
        yield (
            judge_kept(contract)
            if said == number
            else judge_broken(contract, f"the error {number} for {what}", f"the error {said}")
        )


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


def _find_problem(message: Any, id: Any, *, strict: bool) -> str:
    """Return why a message is no answer to the request; empty if it is one."""
    if not isinstance(message, Mapping):
        return "it is no object"
    if message.get("jsonrpc") != VERSION:
        return f"jsonrpc is {str(message.get('jsonrpc'))[:20]!r}"
    if ("result" in message) == ("error" in message):
        return "it has a result and an error" if "result" in message else "it has neither result nor error"
    said = message.get("id")
    right = said == id and isinstance(said, bool) == isinstance(id, bool)  # 7 and 7.0 are the same number
    if "id" not in message or (not right and (strict or said is not None)):
        return f"its id is {str(said)[:40]!r}, and the request's is {str(id)[:40]!r}"
    error = message.get("error")
    if "error" in message:
        whole = isinstance(error, Mapping) and isinstance(error.get("message"), str)
        number = error.get("code") if isinstance(error, Mapping) else None
        if not whole or isinstance(number, bool) or not _is_whole(number):
            return "its error has no whole number as code, or no message"
    return ""


def _is_whole(number: Any) -> bool:
    """True for a whole number in any form of JSON: -32602 and -32602.0 are one number."""
    return isinstance(number, int) or (isinstance(number, float) and number.is_integer())


CHECK = Check(
    NAME, __doc__, promises, watch=watch, probes=probes, turn=4, overlap="all", rank=Rank.UNDOCUMENTED
)
