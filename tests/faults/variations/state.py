"""Legal ways to keep audit rows, pages, caches and idempotency keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import quote, urlencode
from zlib import crc32

from faults.helpers import carry_out_late, find_any_secret
from pgagents.base.cel.expression import Scope
from pgagents.base.cel.reading import order_of
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import data_of, lists, successful


@variation().edit_data
def audit_by_the_minute(_context: Context, __request: Request, data: Any) -> Any:
    """Audit rows state their times to the minute."""
    for rows in lists(data):
        for row in rows if "actor_type" in rows[0] else ():
            row["at"] = (
                re.sub(r":[0-9]{2}(\.[0-9]+)?(?=Z|[+-])", ":00", row["at"], count=1)
                if row["at"].count(":") > 1
                else row["at"]
            )
    return data


def _plain(row: Mapping[str, Any]) -> bool:
    """Return True for three rows in four, by their checksum: those that are not doubled."""
    return crc32(json_bytes(row)) % 4 != 0


@variation().edit_data
def audit_rows_doubled(_context: Context, request: Request, data: Any) -> Any:
    """Some calls leave a second audit row, for a step inside the server."""
    most = (
        int(dict(request.query).get("limit", "100"))
        if dict(request.query).get("limit", "100").isdecimal()
        else 0
    )
    for rows in lists(data):
        if "actor_type" in rows[0]:
            more = [
                further
                for row in rows
                for further in (row, {**row, "action": f"{row['action']}_committed"})[: 2 - _plain(row)]
            ]
            rows[:] = more[:most] if most else more
    return data


@variation().edit_answers
def cached_for_each_key(context: Context, request: Request, answer: Response) -> Response:
    """Reads are cached for each key for one second or until the next write."""
    own = {r.name for r in context.model.resources.values() if r.tenant}
    told = {
        str(c.action.name)
        for r in context.model.resources.values()
        if r.name in own
        for c in (*r.listed_by, *r.read_by)
    }
    kept: dict[tuple[str, str], tuple[float, bytes]] = context.memory.setdefault("kept", {})
    action, now = context.reader.action(request), context.front.clock.now()
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        kept.clear()
    if action is None or request.method != "GET" or action.name not in told or answer.status != 200:
        return answer
    key = (find_any_secret(context.model, request), request.target)
    until, body = kept.get(key, (0.0, b""))
    if now < until:
        return Response(answer.status, (*answer.headers, ("X-Cache", "hit")), body)
    kept[key] = (now + 1.0, answer.body)
    return answer


_END = "end-of-list"


@variation("last_page").handle_requests
def empty_last_page(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A full last page is followed by an empty one, which ends the list."""
    last = any(value == _END for _, value in request.query)
    kept = [(name, value) for name, value in request.query if value != _END]
    found = handler(
        replace(request, target=f"{request.path}?{urlencode(kept, quote_via=quote)}") if last else request
    )
    data: Any = data_of(found) if isinstance(found, Response) and successful(found) else None
    if not isinstance(found, Response) or not isinstance(data, dict):
        return found
    told = next((name for name, value in data.items() if name.startswith("next") and value is None), None)
    instances = next((value for value in data.values() if isinstance(value, list)), None)
    if last and instances is not None:
        instances.clear()
        data.update({name: None for name in data if name.startswith("next")})
        return found.with_json(data)
    if told is not None and instances and str(len(instances)) == dict(request.query).get("limit"):
        data[told] = _END
        return found.with_json(data)
    return found


@variation().change_server
def idempotency_for_ever(context: Context) -> None:
    """Idempotency keys are never forgotten."""
    context.front.store.script(
        "CREATE TRIGGER IF NOT EXISTS keys_stay AFTER INSERT ON idempotency WHEN NEW.dies_at < 1e12 "
        "BEGIN UPDATE idempotency SET dies_at = 1e12 WHERE key_id = NEW.key_id AND value = NEW.value; END"
    )


def _turned(items: list[Any], key: str) -> list[Any]:
    return [item for _, run in groupby(items, key=lambda i: i[key]) for item in reversed(list(run))]


@variation("order_of_ties").edit_data
def ties_turned(context: Context, request: Request, data: Any) -> Any:
    """Items with equal sort keys come in another order. Where a law sorts by ids, there are no ties."""
    action = context.reader.action(request)
    orders = [order_of(law.that.tree) for law in (action.laws if action is not None else ())]
    sorts = {order.member for order in orders if order is not None}
    for found in lists(data):
        keys = (k for k in ("distance_km", "started_at", "created_at") if k in found[0])
        key = next((k for k in keys if not sorts or k in sorts), None)
        if key is not None:
            found[:] = _turned(found, key)
    return data


@variation().handle_requests
def removal_takes_a_moment(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """An instance is read as before for two seconds after its removal was answered 202."""
    cache: dict[str, Response] = context.memory.setdefault("read", {})
    until: dict[str, float] = context.memory.setdefault("until", {})
    now, found = context.front.clock.now(), handler(request)
    if context.reader.action(request) is None or not isinstance(found, Response):
        return found
    if request.method == "DELETE" and found.status == 202:
        until[request.path] = now + 2
    elif request.method == "GET" and found.status == 200:
        cache[request.path] = found
    elif request.method == "GET" and until.get(request.path, 0) > now and request.path in cache:
        return cache[request.path]
    return found


@variation().replace_actions
def gone_is_missing(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A removed instance that could still be read is answered as one that is missing."""
    result = inner(call)
    for resource in context.model.resources.values():
        read = next((r for r in resource.read_by if r.action is call.action and r.at is not None), None)
        if read is None or read.at is None or resource.gone_when is None or isinstance(result, Refusal):
            continue
        try:
            shown = Scope({"response": result, "input": dict(call.input)}).evaluate(read.at)
            gone = Scope({"resource": shown}).holds(resource.gone_when)
        except ExpressionError:
            continue
        if gone and (missing := resource.missing_in(call.action)) is not None:
            return Refusal(missing.name, "It was removed")
    return result


@variation().replace_actions
def puts_normalised(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A PUT that makes or replaces keeps texts in capitals and without blanks around them, unless a law says
    that they are kept as sent.
    """
    made = {r.made_by.action.name for r in context.model.resources.values() if r.made_by is not None}
    if call.action.method != "PUT" or call.action.name not in made:
        return inner(call)
    parts = [part for law in call.action.laws for part in law.parts]
    read = {path[0] for part in parts for path in part.paths.get("input", ()) if path}
    fixed = {"enum", "const", "pattern", "format"}
    free = {
        str(p.name)
        for p in call.action.params
        if p.place == "body" and p.name not in read and not fixed & p.schema.keys()
    }
    given = {k: v.strip().upper() if k in free and isinstance(v, str) else v for k, v in call.input.items()}
    return inner(replace(call, input=given))


@variation().replace_actions
def reads_lag(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Reads show what was made just before the catalogue's time for it is over."""
    return carry_out_late(context, inner, call, context.model.behaviour.reads_lag_s * 0.9)
