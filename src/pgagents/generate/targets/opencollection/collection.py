"""An OpenCollection 1.0.0, which Bruno opens: its name, its environment, and a file for each action.

The environment has base URLs, and each key as a secret without a value.
https://docs.usebruno.com/opencollection-yaml, read 2026-11-26.

npm @usebruno/cli 4.1.0, tried 2026-11-26: the query stands in the address as well, path variables only in
`params`. With `encodeUrl` it would encode an address twice, and with `followRedirects` it would send a key
to another address.
"""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.generate.collections import (
    Auth,
    CollectionRequest,
    Field,
    Payload,
    collect,
    list_variables,
)
from pgagents.generate.target import Target, View

SETTINGS = {"encodeUrl": False, "followRedirects": False}
_RESERVED = ("folder", "collection", "opencollection")
"""Names of files that a client reads as something else."""


ENVIRONMENT = "api"
"""The environment's name, which a person chooses in the client."""


def view_collection(model: Model) -> View:
    """Return title, version and text of the API."""
    return View(
        {
            "info": {"name": model.api.title, "version": model.api.version},
            "docs": {"content": model.api.for_people, "type": "text/markdown"},
        }
    )


def view_environment(model: Model) -> View:
    """Return the variables."""
    variables: list[dict[str, Any]] = [
        {"secret": True, "name": v.name, "description": v.description}
        if v.secret
        else {"name": v.name, "value": v.value, "description": v.description}
        for v in list_variables(model)
    ]
    return View({"name": ENVIRONMENT, "variables": variables})


def view_requests(model: Model) -> View:
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
    call: dict[str, Any] = {"method": request.method, "url": request.url}
    if request.headers:
        call["headers"] = [_write_pair(field) for field in request.headers]
    params = [_write_pair(field, type="path") for field in request.variables]
    params += [_write_pair(field, type="query") for field in request.query]
    if params:
        call["params"] = params
    if request.payload is not None:
        call["body"] = _write_body(request.payload)
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


TARGETS = {
    "opencollection/collection": Target(
        "OpenCollection 1.0.0 (Bruno)",
        ("opencollection/opencollection.yml",),
        view_collection,
        surface="opencollection",
        lists_actions=False,
    ),
    "opencollection/environment": Target(
        "Environment of the OpenCollection",
        (f"opencollection/environments/{ENVIRONMENT}.yml",),
        view_environment,
        surface="opencollection",
        lists_actions=False,
    ),
    "opencollection/requests": Target(
        "Requests of the OpenCollection",
        ("opencollection/requests/*.yml",),
        view_requests,
        surface="opencollection",
    ),
}
