"""Faults of idempotency keys."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from dataclasses import replace

from faults.helpers import error_at
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, successful
from pgagents.sandbox.idempotency import LIVES_S, resource_of


@fault("idempotency_key_lifetime").edit_requests
def idempotency_forgotten_early(context: Context, request: Request) -> Request:
    """An idempotency key is forgotten after one hour, whatever the catalogue promises."""
    told = context.model.idempotency
    lives_s = told.lives_s if told is not None and told.lives_s else LIVES_S
    with context.front.store.lock, context.front.store.transaction():
        context.front.store.run(
            "DELETE FROM idempotency WHERE dies_at <= ?", context.front.clock.now() + lives_s - 3600.0
        )
    return request


@fault(
    "idempotency",
    also={"idempotency_key_lifetime": "what is forgotten at once is forgotten after a day, too"},
).handle_requests
def idempotency_ignored(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A repeated idempotency key makes a second instance."""
    found = handler(request)
    with context.front.store.transaction():
        context.front.store.run("DELETE FROM idempotency")
    return found


@fault("idempotency").edit_requests
def idempotency_of_other_body(context: Context, request: Request) -> Request:
    """A repeated idempotency key with another body counts as a new call."""
    asked = context.reader.parse(request)
    param = asked.action.param(asked.action.idempotency) if asked and asked.action.idempotency else None
    if asked is None or param is None:
        return request
    given = context.reader.arguments(request)
    mark = hashlib.sha256(
        json_bytes(sorted((k, str(v)) for k, v in given.items() if k != param.name))
    ).hexdigest()[:12]
    value = given.get(str(param.name)) if asked.dispatcher else request.header(param.wire)
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z0-9_-]{1,64}", value):
        return request
    own = hashlib.sha256(f"{value}-{mark}".encode()).hexdigest()[:40]
    if asked.dispatcher is not None:
        return context.reader.with_arguments(request, {**given, str(param.name): own})
    return request.with_header(param.wire, own)


@fault("idempotency").handle_requests
def idempotency_races(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Two concurrent calls with one idempotency key both take effect."""
    makes = {str(r.made_by.action.name) for r in context.model.resources.values() if r.made_by}
    running: set[str] = context.memory.setdefault("running", set())
    lock = context.memory.setdefault("lock", threading.Lock())
    action = context.reader.action(request)
    param = action.param(action.idempotency) if action and action.idempotency else None
    key = request.header(param.wire) if param is not None else None
    if action is None or param is None or not key or str(action.name) not in makes:
        return handler(request)
    with lock:
        alone = key not in running
        running.add(key)
    if not alone:
        return handler(request.with_header(param.wire, None))
    time.sleep(0.05)  # long enough for a twin that was sent at the same time
    try:
        return handler(request)
    finally:
        with lock:
            running.discard(key)


@fault(
    "idempotency",
    also={
        "idempotency_key_lifetime": (
            "a key that is tried shortly before its time is over is free too, where what it made has "
            "ended by then"
        )
    },
).edit_answers
def key_freed_by_the_end(context: Context, request: Request, answer: Response) -> Response:
    """An idempotency key may be used again once the instance that it made has ended."""
    undo = {r.undone_by.action.name for r in context.model.resources.values() if r.undone_by}
    asked = context.reader.parse(request)
    if asked is None or asked.action.name not in undo or not successful(answer):
        return answer
    over = {*asked.path.values(), resource_of(json.loads(answer.body) if answer.body else {})}
    with context.front.store.lock, context.front.store.transaction():
        for id in sorted(over):
            context.front.store.run("DELETE FROM idempotency WHERE resource = ?", id)
    return answer


@fault("idempotency", needs=("idempotency-mismatch-code",)).edit_answers
def mismatch_as_invalid(context: Context, _request: Request, answer: Response) -> Response:
    """A used idempotency key with other arguments is refused as an invalid argument."""
    told = context.model.error_reader.read(answer.status, data_of(answer)).code
    if told is None or answer.status < 400 or told.name != context.model.idempotency.otherwise:
        return answer
    invalid = context.model.codes[context.model.errors.framework.invalid]
    body = error_at(data_of(answer), invalid.code_at, invalid.value)
    return replace(answer, status=invalid.status, body=json_bytes(body))
