"""Faults of webhook events, and of incoming calls that others sign."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.catalogue.model.credential import schemes
from pgagents.sandbox import deliver
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.deliver import sign
from pgagents.sandbox.fault_declaration import Context, Put, fault
from pgagents.sandbox.fault_helpers import data_of, edits, objects
from pgagents.sandbox.keys import word
from pgagents.sandbox.outbox import TIMES, Delivery


@fault("event_schema").change_server
def event_ids_by_second(context: Context) -> None:
    """Two events of one type in the same second have the same id, so a receiver drops one of them."""

    def make_id(delivery: Delivery) -> str:
        event = json.loads(delivery.body)
        hooks = context.model.webhooks
        parts = [event[name] for name in (hooks.type_at, *TIMES) if name in event]
        return f"evt_{''.join(c for c in ''.join(map(str, parts)) if c.isalnum())}"

    _rename(context, make_id)


def _rename(context: Context, make_id: Callable[[Delivery], str]) -> None:
    """Give deliveries the ids that a function makes, in the member or the header that has them."""
    hooks, compose = context.model.webhooks, context.courier.compose
    if hooks is None or not hooks.id_at:
        context.courier.id_of = make_id
        return
    context.courier.compose = lambda delivery: json_bytes(
        {**json.loads(compose(delivery)), hooks.id_at: make_id(delivery)}
    )


_FIT = "https://hooks.example.com/fit"


@fault("webhook_ssrf", needs=("webhook-unsigned",)).replace_actions
def internal_receiver_taken(context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A receiver with an address inside the server's own network is accepted."""
    hooks, result = context.model.webhooks, inner(call)
    if hooks is None or call.action.name != hooks.registered_by or not isinstance(result, Refusal):
        return result
    url = str(call.input.get(hooks.url, ""))
    if result.field != hooks.url or not url.startswith("https:"):
        return result
    made = inner(replace(call, input={**call.input, hooks.url: _FIT}, headers=[]))
    for found in objects(made) if not isinstance(made, Refusal) else ():
        found.update({name: url for name, value in found.items() if value == _FIT})
    return result if isinstance(made, Refusal) else made


@fault("request_signatures").replace_actions
def old_scheme_taken(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A payment event is also accepted with a signature of scheme v0, which the processor uses for tests."""
    signed = call.action.signed
    if signed is not None:
        given = str(call.input[signed.header]).replace("v0=", "v1=")
        call = replace(call, input={**call.input, signed.header: given})
    return inner(call)


def _fits(secret: str, body: bytes, told: int, given: str) -> bool:
    times = range(told - 900, told)
    return any(
        hmac.new(secret.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest() == given for t in times
    )


@fault("request_signatures").handle_requests
def signature_of_another_time(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A signed call is accepted with another timestamp than the signed one, so an old call can be
    replayed.
    """
    signed = [
        str(p.wire) for a in context.model.actions if a.signed for p in a.params if p.name == a.signed.header
    ]
    setting = context.front.site.setting
    for header in signed:
        given = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", request.header(header) or "")
        if given is not None and _fits(setting.stripe_secret, request.body, int(given[1]), given[2]):
            return handler(
                request.with_header(header, sign(setting.stripe_secret, request.body, int(given[1])))
            )
    return handler(request)


def _resign(context: Context, request: Request, *, only_right: bool) -> Request:
    """Return a signed request with a signature of now; `only_right`: only if its own fits its bytes."""
    setting, now = context.front.site.setting, context.front.clock.now()
    action = context.reader.action(request)
    signed = action.signed if action is not None else None
    if action is None or signed is None:
        return request
    scheme = schemes()[signed.scheme]
    names = {"header": signed.header, "time": signed.time, "id": signed.id}
    params = {part: action.param(name) for part, name in names.items() if name is not None}
    given = {part: request.header(p.wire) or "" for part, p in params.items() if p is not None}
    most = params["header"].schema.get("maxLength", 1_000) if params["header"] is not None else 0
    if not given["header"] or len(given["header"]) > most:
        return request
    secret = setting.stripe_secret
    if only_right and deliver.find_error(scheme, given, request.body, secret, now, 1e12):
        return request
    made = deliver.make_headers(scheme, "header", secret, request.body, now, given.get("id", ""))
    for part, param in params.items():
        value = made.get({"time": scheme.time_header, "id": scheme.id_header}.get(part, part))
        request = request.with_header(param.wire, value) if param is not None and value else request
    return request


@fault("request_signatures").edit_requests
def signed_call_replayed(context: Context, request: Request) -> Request:
    """A signed event is accepted however long ago it was signed, so an old one can be replayed."""
    return _resign(context, request, only_right=True)


@fault("request_signatures").edit_requests
def stripe_signature_unchecked(context: Context, request: Request) -> Request:
    """A signed event is accepted without a check of its signature."""
    return _resign(context, request, only_right=False)


@fault("event_signatures", needs=("webhook-signatures",)).change_server
def webhook_signed_before_escaping(context: Context) -> None:
    """Events are signed over JSON with plain characters, and sent with the other ones escaped."""
    make, compose = context.courier.make_headers, context.courier.compose
    context.courier.compose = lambda delivery: json.dumps(json.loads(compose(delivery))).encode()
    context.courier.make_headers = lambda secret, body, *more: make(
        secret, json.dumps(json.loads(body), ensure_ascii=False).encode(), *more
    )


@fault("event_delivery").send_events
def webhook_objects_empty(_context: Context, put: Put, type: str, data: Any) -> str:
    """The objects inside an event's data are empty: the event is put together by hand."""
    shown = {k: {} if isinstance(v, dict) else v for k, v in data.items()} if isinstance(data, dict) else data
    return put(type, shown)


@fault("event_signatures").change_server
def webhook_unsigned(context: Context) -> None:
    """Events come without a signature."""
    context.courier.make_headers = lambda *_: {}


@fault("event_signatures").change_server
def webhook_wrong_secret(context: Context) -> None:
    """Events are signed with another secret than the one that the registration returned."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda secret, *more: make(secret[:-4] + "0000", *more)


@fault("event_signatures").change_server
def webhook_signed_an_hour_ago(context: Context) -> None:
    """The signed time of events is an hour before their delivery."""
    make = context.courier.make_headers
    context.courier.make_headers = lambda secret, body, now, *more: make(secret, body, now - 3600, *more)


@fault("event_delivery").send_events
def webhook_event_missing(_context: Context, put: Put, type: str, data: Any) -> str:
    """The end of a session sends no event."""
    return "" if type == "session.ended" else put(type, data)


@fault("event_delivery").send_events
def webhook_hears_other_projects(_context: Context, put: Put, type: str, data: Any) -> str:
    """An event goes to the webhooks of every project."""
    return put(type, data, tenant=None)


@fault("event_redelivery").change_server
def webhook_id_changes(context: Context) -> None:
    """A retried event has a new id, so its receiver handles it twice."""
    _rename(context, lambda d: "evt_" + word(context.rng, 20) if d.attempts else d.event_id)


@fault("event_delivery")
def webhook_tells_secret(handler: Handler, context: Context) -> Handler:
    """The event of a new session contains the payment's client secret."""
    secrets: dict[str, Any] = {}
    compose = context.courier.compose

    def edit(_: Request, answer: Response) -> Response:
        for found in objects(data_of(answer)):
            if "client_secret" in found and "id" in found:
                secrets[found["id"]] = found["client_secret"]
        return answer

    def telling(delivery: Delivery) -> bytes:
        body = json.loads(compose(delivery))
        if body["data"].get("id") in secrets:
            body["data"]["client_secret"] = secrets[body["data"]["id"]]
        return json_bytes(body)

    context.courier.compose = telling
    return edits(handler, edit)


@fault("event_signatures").change_server
def webhook_time_unsigned(context: Context) -> None:
    """The signature of an event does not cover its timestamp, so an old delivery can be replayed for ever."""

    def sign(secret: str, body: bytes, now: float) -> str:
        return f"t={int(now)},v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"

    context.courier.sign = sign
