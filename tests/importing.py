"""Shared parts of the tests of `pgagents import`: small documents of every edition, and a way to import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.importer.catalogue import Choice, Imported, catalogue
from pgagents.importer.document import References, read


def fetch(location: str) -> bytes:
    """Files alone."""
    try:
        return Path(location).read_bytes()
    except OSError as error:
        raise PgagentsError(f"cannot read {location}: {error.strerror}") from None


def imported(
    document: dict[str, Any] | str | Path,
    choice: Choice | None = None,
    *,
    allowed: bool = False,
    offering: bool = True,
) -> Imported:
    """The catalogue of a document: data, a text, or a file."""
    if isinstance(document, Path):
        raw, location = document.read_bytes(), str(document.resolve())
    else:
        raw = (document if isinstance(document, str) else json.dumps(document)).encode()
        location = "/nowhere/openapi.json"
    return catalogue(
        References(read(raw, location, Path(location).name), fetch, allowed=allowed),
        choice,
        offering=offering,
    )


def openapi(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An OpenAPI 3.1 document with these paths."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Library", "version": "1.2.0", "contact": {"email": "a@library.example"}},
        "servers": [{"url": "https://library.example"}],
        "paths": paths,
        **more,
    }


def operation(**more: Any) -> dict[str, Any]:
    """An operation that answers 200 with a book."""
    book = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    answer = {"description": "The book", "content": {"application/json": {"schema": book}}}
    return {"operationId": "getBook", "summary": "Get a book", "responses": {"200": answer}, **more}


SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Old Library", "version": "v2"},
    "host": "old.library.example",
    "basePath": "/api/v2",
    "schemes": ["http", "https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "securityDefinitions": {
        "Bearer": {"type": "apiKey", "name": "Authorization", "in": "header", "description": "`Bearer KEY`"},
        "basic": {"type": "basic"},
    },
    "security": [{"Bearer": []}, {"basic": []}],
    "paths": {
        "/books": {
            "get": {
                "operationId": "listBooks",
                "parameters": [
                    {
                        "name": "tags",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "csv",
                    },
                    {
                        "name": "limit",
                        "in": "query",
                        "type": "integer",
                        "maximum": 50,
                        "exclusiveMaximum": True,
                        "default": 10,
                    },
                ],
                "responses": {
                    "200": {
                        "description": "Books",
                        "schema": {"type": "array", "items": {"$ref": "#/definitions/Book"}},
                    }
                },
            },
            "post": {
                "operationId": "addBook",
                "parameters": [
                    {"name": "book", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Book"}}
                ],
                "responses": {
                    "201": {
                        "description": "Added",
                        "examples": {"application/json": {"id": 1, "title": "A"}},
                        "schema": {"$ref": "#/definitions/Book"},
                    }
                },
            },
        },
        "/books/{bookId}/cover": {
            "parameters": [{"name": "bookId", "in": "path", "required": True, "type": "integer"}],
            "post": {
                "operationId": "uploadCover",
                "parameters": [
                    {
                        "name": "cover",
                        "in": "body",
                        "required": True,
                        "schema": {
                            "type": "object",
                            "required": ["url"],
                            "properties": {"url": {"type": "string"}},
                        },
                    }
                ],
                "responses": {"204": {"description": "Stored"}, "404": {"description": "No such book"}},
            },
        },
    },
    "definitions": {
        "Book": {
            "type": "object",
            "required": ["title"],
            "properties": {
                "id": {"type": "integer", "readOnly": True},
                "title": {"type": "string"},
                "of": {"$ref": "#/definitions/Author"},
            },
        },
        "Author": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "books": {"type": "array", "items": {"$ref": "#/definitions/Book"}},
            },
        },
    },
}


def holding(schema: Any, **more: Any) -> dict[str, Any]:
    """A JSON body of this schema."""
    return {"content": {"application/json": {"schema": schema, **more}}}


def answering(schema: Any, **more: Any) -> dict[str, Any]:
    """Responses: 200 with a body of this schema."""
    return {"200": {"description": "It", **holding(schema, **more)}}


def taking(schema: Any) -> dict[str, Any]:
    """A required body of this schema."""
    return {"required": True, **holding(schema)}
