"""A Postman collection v2.1 with one request for each action.

npm postman-collection and newman 6.2.2, tried 2026-11-26.
They read an address from `host`, `path` and `query`; `raw` is for people.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.generate.collections import (
    Auth,
    Collection,
    CollectionRequest,
    Field,
    Payload,
    collect,
)
from pgagents.generate.target import Target, View

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"


def view(model: Model) -> View:
    """Return the members of the collection. Requests are in folders by their first tags."""
    collection = collect(model, model.surfaces["postman"])
    return View(
        {
            "info": {
                "name": model.api.title,
                "description": model.api.for_people,
                "version": model.api.version,
                "schema": SCHEMA,
            },
            "item": list_items(collection),
            "variable": [
                {"key": v.name, "value": v.value, "description": v.description} for v in collection.variables
            ],
        },
        collection.losses,
    )


def list_items(collection: Collection) -> list[dict[str, Any]]:
    """Return the requests, those with a tag in a folder of its name."""
    tags = dict.fromkeys(request.tag for request in collection.requests)
    ordered = sorted(collection.requests, key=lambda request: list(tags).index(request.tag))
    found: list[dict[str, Any]] = []
    for tag, requests in groupby(ordered, key=lambda request: request.tag):
        items = [_write_item(request) for request in requests]
        found += [{"name": tag, "item": items}] if tag else items
    return found


def _write_item(request: CollectionRequest) -> dict[str, Any]:
    headers = [_write_pair(field) for field in request.headers]
    url: dict[str, Any] = {
        "raw": request.url,
        "host": [f"{{{{{request.server}}}}}"],
        "path": list(request.segments),
    }
    if request.query:
        url["query"] = [_write_pair(field) for field in request.query]
    if request.variables:
        url["variable"] = [_write_pair(field) for field in request.variables]
    written: dict[str, Any] = {
        "method": request.method,
        "description": request.description,
        "header": headers,
        "auth": _write_auth(request.auth),
        "url": url,
    }
    if request.payload is not None:
        written["body"] = _write_body(request.payload)
    return {"name": request.title, "request": written, "response": []}


def _write_pair(field: Field) -> dict[str, Any]:
    pair: dict[str, Any] = {"key": field.name, "value": field.value}
    if field.description:
        pair["description"] = field.description
    return {**pair, "disabled": True} if field.off else pair


def _write_auth(auth: Auth) -> dict[str, Any]:
    values = {
        "none": {},
        "bearer": {"token": auth.secret},
        "basic": {"username": auth.user, "password": auth.secret},
        "apikey": {"key": auth.name, "value": auth.secret, "in": auth.place},
    }[auth.kind]
    if auth.kind == "none":
        return {"type": "noauth"}
    return {
        "type": auth.kind,
        auth.kind: [{"key": key, "value": value, "type": "string"} for key, value in values.items()],
    }


def _write_body(payload: Payload) -> dict[str, Any]:
    if payload.kind == "form":
        return {"mode": "urlencoded", "urlencoded": [_write_pair(field) for field in payload.fields]}
    if payload.kind == "multipart":
        parts = [
            {**{k: v for k, v in _write_pair(field).items() if k != "value"}, "type": "file", "src": []}
            if field.file
            else {**_write_pair(field), "type": "text"}
            for field in payload.fields
        ]
        return {"mode": "formdata", "formdata": parts}
    if payload.kind == "file":
        return {"mode": "file", "file": {}}
    language = "json" if payload.kind == "json" else "text"
    return {"mode": "raw", "raw": payload.text, "options": {"raw": {"language": language}}}


TARGET = Target("Postman collection (v2.1)", ("postman/collection.json",), view, surface="postman")
