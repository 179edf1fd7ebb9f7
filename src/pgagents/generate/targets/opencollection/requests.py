"""The requests of an OpenCollection: one file for each action, named by it.

npm @usebruno/cli 4.1.0, tried 2026-11-26: the query stands in the address as well, path variables only in
`params`. With `encodeUrl` it would encode an address twice, and with `followRedirects` it would send a key
to another address.
"""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.generate.collections import Auth, CollectionRequest, Field, Payload, collect
from pgagents.generate.target import Target, View

SETTINGS = {"encodeUrl": False, "followRedirects": False}
_RESERVED = ("folder", "collection", "opencollection")
"""Names of files that a client reads as something else."""


def view(model: Model) -> View:
    """Return the members of each request's file."""
    collection = collect(model, model.surfaces["opencollection"])
    several = {
        f"{request.name}-request" if request.name in _RESERVED else request.name: {
            "info": _describe(request, number),
            "http": _write_call(request),
            "settings": SETTINGS,
            "docs": request.description,
        }
        for number, request in enumerate(collection.requests, 1)
    }
    return View({}, collection.losses, several=several)


def _describe(request: CollectionRequest, number: int) -> dict[str, Any]:
    info: dict[str, Any] = {"name": request.title, "type": "http", "seq": number}
    return {**info, "tags": [request.tag]} if request.tag else info


def _write_call(request: CollectionRequest) -> dict[str, Any]:
    query = "&".join(f"{field.name}={field.value}" for field in request.query if not field.off)
    call: dict[str, Any] = {
        "method": request.method,
        "url": request.url + (f"?{query}" if query else ""),
    }
    headers = [_write_pair(field) for field in request.headers]
    payload = request.payload
    if payload is not None and payload.kind not in ("multipart", "form"):
        headers.append({"name": "Content-Type", "value": payload.content_type})
    if headers:
        call["headers"] = headers
    params = [_write_pair(field, type="path") for field in request.variables]
    params += [_write_pair(field, type="query") for field in request.query]
    if params:
        call["params"] = params
    if payload is not None:
        call["body"] = _write_body(payload)
    return {**call, "auth": _write_auth(request.auth)}


def _write_pair(field: Field, **more: Any) -> dict[str, Any]:
    pair: dict[str, Any] = {"name": field.name, "value": field.value, **more}
    if field.description:
        pair["description"] = field.description
    return {**pair, "disabled": True} if field.off else pair


def _write_auth(auth: Auth) -> Any:
    match auth.kind:
        case "bearer":
            return {"type": "bearer", "token": auth.secret}
        case "basic":
            return {"type": "basic", "username": auth.user, "password": auth.secret}
        case "apikey":
            return {"type": "apikey", "key": auth.name, "value": auth.secret, "placement": auth.place}
        case _:
            return {"type": "none"}


def _write_body(payload: Payload) -> dict[str, Any]:
    if payload.kind == "form":
        return {"type": "form-urlencoded", "data": [_write_pair(field) for field in payload.fields]}
    if payload.kind == "multipart":
        parts = [
            {**_write_pair(field), "type": "file", "value": []}
            if field.file
            else _write_pair(field, type="text")
            for field in payload.fields
        ]
        return {"type": "multipart-form", "data": parts}
    if payload.kind == "file":
        return {"type": "file", "data": []}
    return {"type": "json" if payload.kind == "json" else "text", "data": payload.text}


TARGET = Target(
    "Requests of the OpenCollection", ("opencollection/requests/*.yml",), view, surface="opencollection"
)
