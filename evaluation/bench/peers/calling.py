"""Call a server and see both sides: the MCP client's, and the API's through a front that writes down what
arrives.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.bench.peers.document import Operation
from evaluation.bench.peers.front import Front, Planned, Seen
from evaluation.bench.peers.keywords import members
from evaluation.bench.stdio import Talk

HERE = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
STAY = {"lot_id": "lot_lionshead", "plate": "CO-7891", "hours": 2}
KEY_HEADER = "idempotency-key"
PATIENCE_S = 45.0
WRONG = (
    ("limit 500, at most 25", "searchParking", HERE | {"limit": 500}),
    ('lat "north", a number', "searchParking", HERE | {"lat": "north"}),
    ("no lat, required", "searchParking", {"lng": -106.3742}),
    ('status "parked", not in the enum', "listSessions", {"status": "parked"}),
    ("plate against its pattern", "createSession", STAY | {"plate": "not a plate!"}),
    ("an unknown member of vehicle", "createSession", STAY | {"vehicle": {"wheels": 4}}),
)
ROWS = {
    "noise": ("lines on stdout that are not a message", "during all calls below"),
    "unknown_query": (
        "unknown argument of a GET",
        "`colour` beside a good search: refused before any call, dropped, or sent on",
    ),
    "unknown_body": ("unknown argument of a POST", "the same beside a good session to start"),
    "wrong": ("invalid arguments refused before the call", "; ".join(what for what, *_ in WRONG)),
    "wrong_said": ("… and the refusal is an error", "`isError`, or an error of the protocol"),
    "climb": ("`../health` as a path argument", "refused, sent encoded, or sent as it is"),
    "error": ("API error is `isError`", "a session that is not there, 404"),
    "error_says": (
        "… and says",
        "which of status, `code` and request id of the API's answer stand in the result",
    ),
    "structured": ("`structuredContent`", "of a search and a start: present, and the API's JSON"),
    "valid": ("… valid by the listed `outputSchema`", "as JSON Schema 2020-12, both"),
    "text": ("text block is the API's JSON", "the first text block, parsed"),
    "empty": ("answer 204", "to a release, without body"),
    "wait": (
        "429 with `Retry-After: 1`",
        "the first answer to a search; what the client gets, after how many requests",
    ),
    "broken": ("API breaks every connection", "what the client gets; then a good call"),
    "idempotency": (
        "idempotency key",
        "in the requests of two starts, the first of which is answered 503 once",
    ),
    "asked_key": ("… asked of the model", "whether the tool has an input for it"),
    "key": ("API key where the document asks for it", "the one given to the server, on a search"),
    "open": ("API key where `security: []`", "on the health operation"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """The outcome of one call: the client's side, and the requests that reached the API."""

    message: Mapping[str, Any]
    seen: Sequence[Seen]

    @property
    def result(self) -> Mapping[str, Any]:
        """The tool's result; empty where there is none."""
        return self.message.get("result") or {}

    @property
    def error(self) -> bool:
        """True if a client learns that the call failed."""
        return "error" in self.message or bool(self.result.get("isError"))

    @property
    def words(self) -> str:
        """All of it as one text."""
        return json.dumps(self.message, ensure_ascii=False)

    @property
    def text(self) -> str:
        """The first text block."""
        return next(
            (block["text"] for block in self.result.get("content", ()) if block.get("type") == "text"), ""
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls operations by their ids, with flat arguments that are put where the tool wants them."""

    talk: Talk
    front: Front
    tools: Mapping[str, Mapping[str, Any]]

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Reply:
        """Call, and wait for the answer; no tool, no answer in time and a dead server give an empty reply."""
        before = len(self.front.seen)
        tool = self.tools.get(operation)
        if tool is None:
            return Reply({}, ())
        try:
            message = self.talk.call(
                tool["name"], place_arguments(tool.get("inputSchema", {}), arguments), PATIENCE_S
            )
        except (TimeoutError, EOFError, BrokenPipeError):
            message = {}
        return Reply(message, self.front.since(before))


def place_arguments(schema: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments where the tool's input has members of their names; an unknown one stands beside
    the last known one.
    """
    places = sorted((place for place, _ in members(schema, schema)), key=len)
    given: dict[str, Any] = {}
    inner: tuple[str, ...] = ()
    for name, value in arguments.items():
        found = next(
            (place for place in places if len(place) <= 2 and place[-1].split("__")[0] == name), None
        )
        inner = found[:-1] if found else inner
        into = given
        for step in inner:
            into = into.setdefault(step, {})
        into[found[-1] if found else name] = value
    return given


def calling(caller: Caller, operations: Sequence[Operation], key: str) -> dict[str, str]:
    """A cell for each of ROWS."""
    return {
        "unknown_query": _describe_unknown(caller.call("searchParking", HERE | {"colour": "red"})),
        "unknown_body": _describe_unknown(
            caller.call("createSession", STAY | {"plate": "CO-1", "colour": "red"})
        ),
        **_wrong(caller),
        "climb": _climb(caller.call("checkAvailability", {"lot_id": "../health"})),
        **_error(caller.call("getSession", {"session_id": "sess_doesnotexist"})),
        **_answers(caller),
        **_try_planned_answers(caller),
        **_idempotency(caller),
        **_keys(caller, operations, key),
        "noise": str(len(caller.talk.noise)),
    }


def _describe_unknown(reply: Reply) -> str:
    if not reply.message:
        return "no answer"
    if not reply.seen:
        return "refused" if reply.error else "refused, without `isError`"
    sent = any("colour" in seen.path or b"colour" in seen.body for seen in reply.seen)
    return "sent on" if sent else "dropped, call made"


def _wrong(caller: Caller) -> dict[str, str]:
    replies = [caller.call(operation, arguments) for _, operation, arguments in WRONG]
    refused = [reply for reply in replies if not reply.seen and reply.message]
    errors = sum(reply.error for reply in refused)
    return {
        "wrong": f"{len(refused)} of {len(replies)}",
        "wrong_said": f"{errors} of {len(refused)}" if refused else "–",
    }


def _climb(reply: Reply) -> str:
    if not reply.seen:
        return "refused"
    path = reply.seen[0].path
    return f"sent as `{path}`" if "%2f" not in path.lower() else "sent encoded"


def _error(reply: Reply) -> dict[str, str]:
    body = json.loads(reply.seen[-1].answer) if reply.seen else {}
    error = body.get("error", {})
    sought = {"status": "404", "code": error.get("code", "?"), "request id": error.get("request_id", "?")}
    said = [what for what, value in sought.items() if value in reply.words]
    return {"error": _yes(reply.error), "error_says": ", ".join(said) or "none of them"}


def _answers(caller: Caller) -> dict[str, str]:
    import jsonschema

    structured, valid, text = [], [], []
    for operation, arguments in (("searchParking", HERE), ("createSession", STAY | {"plate": "CO-2"})):
        reply = caller.call(operation, arguments)
        told = json.loads(reply.seen[-1].answer) if reply.seen else object()
        given = reply.result.get("structuredContent")
        schema = caller.tools.get(operation, {}).get("outputSchema")
        structured.append("none" if given is None else "as the API's" if given == told else "another")
        if schema is not None and given is not None:
            valid.append(_yes(jsonschema.Draft202012Validator(schema).is_valid(given)))
        text.append(_yes(_parse(reply.text) == told))
    return {"structured": _one(structured), "valid": _one(valid), "text": _one(text)}


def _try_planned_answers(caller: Caller) -> dict[str, str]:
    plan = caller.front.plan
    plan.append(Planned(204, {}, b""))
    released = caller.call("releaseHold", {"hold_id": "hold_1"})
    plan.clear()
    plan.append(
        Planned(429, {"Retry-After": "1", "Content-Type": "application/json"}, _problem("RATE_LIMITED"))
    )
    limited = caller.call("searchParking", HERE)
    plan.clear()
    plan.extend([Planned(0, {}, b"")] * 50)
    began = time.monotonic()
    broken = caller.call("searchParking", HERE)
    took_s = time.monotonic() - began
    plan.clear()
    again = caller.call("searchParking", HERE)
    alive = "next call good" if not again.error and again.result else "next call fails"
    told = "no answer" if not broken.message else "an error" if broken.error else "a result without `isError`"
    tries = "1 request" if len(broken.seen) == 1 else f"{len(broken.seen)} requests"
    return {
        "empty": "no answer" if not released.message else "an error" if released.error else "a result",
        "wait": _describe_wait(limited),
        "broken": f"{told} after {tries}, {took_s:.1f} s; {alive}",
    }


def _describe_wait(reply: Reply) -> str:
    if len(reply.seen) < 2:
        return "the error, after 1 request" if reply.error else "a result without `isError`, after 1 request"
    gap_s = reply.seen[1].at - reply.seen[0].at
    return (
        f"{'the error' if reply.error else 'the lots'}, after {len(reply.seen)} requests, {gap_s:.1f} s apart"
    )


def _idempotency(caller: Caller) -> dict[str, str]:
    caller.front.plan.append(
        Planned(503, {"Retry-After": "1", "Content-Type": "application/json"}, _problem("UNAVAILABLE"))
    )
    first = caller.call("createSession", STAY | {"plate": "CO-3"})
    caller.front.plan.clear()
    second = caller.call("createSession", STAY | {"plate": "CO-4"})
    ones, others = ([seen.headers.get(KEY_HEADER, "") for seen in reply.seen] for reply in (first, second))
    listed = any(
        place[-1].lower() == KEY_HEADER
        for place, _ in members(*[caller.tools.get("createSession", {}).get("inputSchema", {})] * 2)
    )
    if not ones or not others or not all([*ones, *others]):
        said = "none sent"
    else:
        new = "another for each call" if set(ones).isdisjoint(others) else "one for both calls"
        said = f"sent, {new}" + (", kept on the retry" if len(ones) > 1 and len(set(ones)) == 1 else "")
    return {"idempotency": said, "asked_key": _yes(listed)}


def _keys(caller: Caller, operations: Sequence[Operation], key: str) -> dict[str, str]:
    search = caller.call("searchParking", HERE)
    sent = any(seen.headers.get("authorization") == f"Bearer {key}" for seen in search.seen)
    free = next(operation for operation in operations if operation.open)
    open = caller.call(free.id, {})
    reached = any("authorization" in seen.headers for seen in open.seen)
    return {
        "key": _yes(sent, "sent", "not sent"),
        "open": _yes(reached, "sent", "not sent") if open.seen else "no call made",
    }


def _problem(code: str) -> bytes:
    return json.dumps(
        {"error": {"code": code, "message": "Planned by the comparison", "request_id": "req_planned"}}
    ).encode()


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _one(cells: Sequence[str]) -> str:
    return "–" if not cells else cells[0] if len(set(cells)) == 1 else ", ".join(cells)


def _yes(truth: bool, yes: str = "yes", no: str = "no") -> str:
    return yes if truth else no
