"""Faults of conditional calls: tags that are ignored, and tags that never change."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import successful


@fault("conditional_calls", needs=("etag",)).edit_requests
def known_version_sent_again(_context: Context, request: Request) -> Request:
    """A read ignores If-None-Match, and sends what its caller has."""
    return request.with_header("If-None-Match", None)


@fault("conditional_calls", needs=("etag",)).edit_requests
def any_version_is_known(_context: Context, request: Request) -> Request:
    """A read takes every tag in If-None-Match for that of the present version."""
    known = request.header("if-none-match")
    return request if known is None else request.with_header("If-None-Match", "*")


@fault("conditional_calls", needs=("if-match",)).replace_actions
def stale_write_done(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A write is done whatever its If-Match is, so the change of somebody else is lost."""
    name = call.action.if_match
    if name is None or name not in call.input:
        return inner(call)
    return inner(replace(call, input={**call.input, name: "*"}))


@fault("conditional_calls", needs=("if-match",)).handle_requests
def two_at_once_with_one_tag(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Two writes at the same time are both compared with the tag from before them, so one change is lost."""
    tag = request.header("if-match")
    if tag is None or tag == "*":
        return handler(request)
    key = (request.path, tag)
    lock = context.memory.setdefault("lock", threading.Lock())
    running: Counter[Any] = context.memory.setdefault("running", Counter())
    done: set[Any] = context.memory.setdefault("done", set())
    with lock:
        running[key] += 1
    time.sleep(0.02)  # long enough for a write that was sent at the same time
    with lock:
        answer = handler(request.with_header("If-Match", "*") if key in done else request)
        if isinstance(answer, Response) and successful(answer):
            done.add(key)
        running[key] -= 1
        if not running[key]:
            done.discard(key)
    return answer


@fault("conditional_calls", needs=("if-match",)).edit_answers
def tag_never_changes(context: Context, request: Request, answer: Response) -> Response:
    """The tag is that of the first version, for ever."""
    tag = answer.header("etag")
    if tag is None or not successful(answer):
        return answer
    first: dict[str, str] = context.memory.setdefault("first", {})
    return answer.with_header("ETag", first.setdefault(request.path, tag))


@fault(
    "conditional_calls", also={"valid_calls": "a right write has none"}, needs=("if-match-optional",)
).replace_actions
def condition_required(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A write without If-Match is refused as if its tag were old, though it may be left out."""
    name, stale = call.action.if_match, call.action.stale
    if name is None or stale is None or name in call.input:
        return inner(call)
    return Refusal(stale.name, "Send If-Match")


@fault("conditional_calls", needs=("if-match",)).edit_requests
def condition_not_required(context: Context, request: Request) -> Request:
    """A write without the If-Match that it needs is done."""
    action = context.reader.action(request)
    lacks = action is not None and action.if_match is not None and request.header("if-match") is None
    return request.with_header("If-Match", "*") if lacks else request
