"""What several faults need: actions of a role, errors, secrets, forms of OAuth, and rows of the database."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from pgagents.base.http import Request
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import lists, objects
from pgagents.sandbox.keys import decode_pair, find_text


def list_action(model: Model) -> Action:
    """Return the first action that finds instances in a list, or else the first action."""
    found = (r.found_by.action for r in model.resources.values() if r.found_by)
    return next(found, model.actions[0])


def make_action(model: Model) -> Action:
    """Return the first action that makes an instance, or else the first action."""
    return next((r.made_by.action for r in model.resources.values() if r.made_by), model.actions[0])


def error_at(data: Any, at: str | None, value: Any) -> Any:
    """Return a copy of an error body with another value at a path such as `error.code`.

    `data` is returned unchanged if `at` is None, or if the path leads through a value that is not an object.
    """
    body = json.loads(json.dumps(data))
    if at is None or not isinstance(body, dict):
        return body
    *path, last = at.split(".")
    inner = body
    for step in path:
        inner = inner.setdefault(step, {})
        if not isinstance(inner, dict):  # another envelope, such as OAuth's
            return body
    inner[last] = value
    return body


def with_numbers_as_text(value: Any) -> Any:
    """Return JSON data with each number as a string."""
    if isinstance(value, dict):
        return {k: with_numbers_as_text(v) for k, v in value.items()}
    if isinstance(value, list):
        return [with_numbers_as_text(v) for v in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def asks_endpoint(context: Context, request: Request, place: str) -> bool:
    """Return whether a request goes to this endpoint of the OAuth server, named as in the catalogue."""
    oauth = context.model.code_flow
    return oauth is not None and request.path == getattr(oauth, place)


def read_form(context: Context, request: Request, place: str) -> dict[str, str]:
    """Return the form sent to this endpoint of the OAuth server; empty for all other requests."""
    return (
        dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if asks_endpoint(context, request, place)
        else {}
    )


def holds_instances(context: Context) -> bool:
    """True if the sandbox keeps all instances in one table; a domain of its own has its own tables."""
    return context.store.row("SELECT 1 FROM sqlite_master WHERE name = 'instance'") is not None


def run_sql(context: Context, sql: str, *values: str | bytes) -> None:
    """Run a statement on the sandbox's database, in a transaction of its own."""
    with context.store.transaction():
        context.store.run(sql, *values)


def find_any_secret(model: Model, request: Request) -> str:
    """Return the text in any credential's place without its prefix, for servers that ignore the prefix."""
    for credential in model.credentials.values():
        last = (find_text(credential, request) or "").rpartition(" ")[2]
        if last:
            return (decode_pair(last) or last) if credential.encoded else last
    return ""


def with_secret(model: Model, request: Request, secret: str, scheme: str = "") -> Request:
    """Return the request with this secret as its only one, in the form of a scheme; by default the first."""
    credential = model.credentials.get(scheme) or model.credential
    if credential is None:
        return request
    shown = base64.b64encode(secret.encode()).decode("ascii") if credential.encoded else secret
    value = f"{credential.lead}{shown}{credential.tail}"
    if credential.place == "header":
        return request.with_header(credential.wire, value)
    if credential.place == "cookie":
        return request.with_header("Cookie", f"{credential.wire}={value}")
    path, _, query = request.target.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != credential.wire]
    return replace(request, target=f"{path}?{urlencode([*kept, (credential.wire, value)])}")


def without_text(credential: Credential, request: Request) -> Request:
    """Return the request without the text in the credential's place. Other cookies are removed too."""
    if credential.place != "query":
        return request.with_header(credential.header, None)
    path, _, query = request.target.partition("?")
    kept = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != credential.wire]
    return replace(request, target=f"{path}?{urlencode(kept)}" if kept else path)


def carry_out_late(context: Context, inner: Domain, call: AcceptedCall, lag_s: float) -> Any:
    """Carry out an action on a store whose reads show what was made only after so many seconds."""
    made: dict[str, float] = context.memory.setdefault("made", {})
    result, now, kinds = inner(call), context.front.clock.now(), context.model.resources.values()
    if isinstance(result, Refusal):
        return result
    for resource in kinds:
        if resource.made_by is not None and resource.made_by.action is call.action:
            made |= {str(found[resource.id]): now for found in objects(result) if resource.id in found}
    hidden = {id for id, at in made.items() if now < at + lag_s and call.action.effect == "read"}
    for resource in kinds if hidden else ():
        id, missing = resource.id_named(call.action.params, call.input), resource.missing
        if str(id) in hidden and missing is not None:
            return Refusal(missing.name, "It is not there")
        for items in lists(result):
            items[:] = [item for item in items if str(item.get(resource.id)) not in hidden]
    return result
