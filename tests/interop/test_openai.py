"""The GPT builder's first stage, as far as public reports show it: openapi-pydantic 0.5 for 3.1.

The messages below are those that users pasted from the builder (read 2026-11-20). This package prints them to
the letter, so it is taken for the builder's own. It is pinned below 0.6, which words the first one otherwise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest
from openapi_pydantic.v3.v3_1 import OpenAPI

pytestmark = pytest.mark.interop

LEAST: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "https://a.example"}],
    "paths": {},
    "components": {"schemas": {}},
}
FLOW = {"authorizationUrl": "https://a.example/a", "tokenUrl": "https://a.example/t", "scopes": ["read"]}
OAUTH = {"OAuth2": {"type": "oauth2", "flows": {"authorizationCode": FLOW}}}
SCOPES_MESSAGE = (
    "('components', 'securitySchemes', 'OAuth2', 'SecurityScheme', 'flows', 'authorizationCode', 'scopes'): "
    "Input should be a valid dictionary"
)
ENUM_MESSAGE = (
    "('components', 'parameters', 'preferParams', 'Parameter', 'schema', 'Schema', 'enum'): "
    "List should have at least 1 item after validation, not 0"
)
EMPTY_ENUM = {"preferParams": {"name": "Prefer", "in": "header", "schema": {"type": "string", "enum": []}}}


def messages(document: Any) -> list[str]:
    """Return the messages that the builder shows in red."""
    try:
        OpenAPI.model_validate(document)
    except pydantic.ValidationError as error:
        return [f"{found['loc']}: {found['msg']}" for found in error.errors()]
    return []


def test_generated_document_gives_no_message(generated: Path) -> None:
    document = json.loads((generated / "openai/openapi.json").read_text(encoding="utf-8"))
    assert messages(document) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"openapi": "3.0.3"}, "('openapi',): Input should be '3.1.1' or '3.1.0'"),
        ({"components": {"schemas": {}, "securitySchemes": OAUTH}}, SCOPES_MESSAGE),
        ({"components": {"schemas": {}, "parameters": EMPTY_ENUM}}, ENUM_MESSAGE),
    ],
    ids=["version", "scopes", "empty-enum"],
)
def test_messages_are_those_that_users_report(change: dict[str, Any], message: str) -> None:
    assert messages(LEAST) == []
    assert message in messages({**LEAST, **change})
