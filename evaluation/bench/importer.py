"""Measures `pgagents import` and `pgagents diff`: a made document of 1,000 operations."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any


def make_document(operations: int) -> dict[str, Any]:
    """An OpenAPI 3.1 document as a large company's is: paths with several methods, shared schemas,
    parameters, errors, examples.
    """
    paths: dict[str, Any] = {}
    for n in range(operations // 2):
        item = {"$ref": f"#/components/schemas/Shelf{n % 200}"}
        answer = {
            "description": "The shelf",
            "content": {"application/json": {"schema": item, "example": _cache(n)}},
        }
        refused = {name: {"$ref": "#/components/responses/Refused"} for name in ("400", "401", "404")}
        parameters = [
            {
                "name": "shelf_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "maxLength": 40},
                "description": "The shelf's id",
            },
            {
                "name": "page",
                "in": "query",
                "schema": {"type": "integer", "minimum": 1, "default": 1},
                "description": "Which page",
            },
            {
                "name": "tags",
                "in": "query",
                "schema": {"type": "array", "items": {"type": "string"}},
                "description": "Only with these tags",
            },
        ]
        paths[f"/v1/rooms/{n}/shelves/{{shelf_id}}"] = {
            "parameters": parameters,
            "get": {
                "operationId": f"getShelf{n}",
                "summary": f"Get a shelf of room {n}",
                "tags": [f"room {n % 20}"],
                "responses": {"200": answer, **refused},
            },
            "put": {
                "operationId": f"putShelf{n}",
                "summary": f"Change a shelf of room {n}",
                "tags": [f"room {n % 20}"],
                "requestBody": {"required": True, "content": {"application/json": {"schema": item}}},
                "responses": {"200": answer, **refused},
            },
        }
    schemas = {f"Shelf{n}": _cache_schema(n) for n in range(200)}
    fault = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Warehouse", "version": "1.0.0"},
        "servers": [{"url": "https://warehouse.example"}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Fault": fault},
            "responses": {
                "Refused": {
                    "description": "No",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}},
                }
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _cache(n: int) -> dict[str, Any]:
    return {"id": f"s-{n}", "pieces": n, "boxes": [{"id": f"b-{n}", "weight_kg": 1.5}]}


def _cache_schema(n: int) -> dict[str, Any]:
    box = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "weight_kg": {"type": "number", "minimum": 0}},
    }
    members = {
        "id": {"type": "string"},
        "pieces": {"type": "integer", "minimum": 0},
        "boxes": {"type": "array", "items": box},
    }
    return {
        "type": "object",
        "required": ["id"],
        "properties": {**members, "next": {"$ref": f"#/components/schemas/Shelf{(n + 1) % 200}"}},
    }


def measure(operations: int = 1_000) -> Iterator[tuple[str, str, str, bool]]:
    """Rows of the bench's table: import of a document, and a comparison of what it gave with itself and
    with a change.
    """
    from pgagents.catalogue.load import load_text
    from pgagents.diff.compare import compare
    from pgagents.importer.catalogue import catalogue
    from pgagents.importer.document import References, read

    raw = json.dumps(make_document(operations)).encode()
    begun = time.process_time()
    made = catalogue(References(read(raw, "/made.json", "made.json"), _nothing))
    took = time.process_time() - begun
    yield (
        f"import of {len(made.data['actions']):,} operations ({len(raw) / 1e6:.1f} MB)",
        f"{took:.2f} s",
        "< 3 s",
        took < 3,
    )
    changed = load_text(made.text.replace("maxLength: 40", "maxLength: 30"))
    begun = time.process_time()
    found = compare(made.model, changed)
    took = time.process_time() - begun
    yield (
        f"diff of {len(made.data['actions']):,} actions ({len(found):,} changes)",
        f"{took:.2f} s",
        "(none)",
        True,
    )


def _nothing(location: str) -> bytes:
    raise AssertionError(f"the made document refers to nothing outside, and not to {location}")


if __name__ == "__main__":
    for row in measure():
        print(*row, file=sys.stdout)
