"""The caller says by --auth which one he has of two keys that a document takes."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pgagents.base.http import Request, Response
from pgagents.cli.inputs.document import load_document
from pgagents.importer.catalogue import Choice
from pgagents.report.contract import Verdict
from small_api import answer, verified

EITHER = [{"BasicAuth": []}, {"ApiKeyAuth": []}]
SHOWN = {"description": "ok", "content": {"application/json": {"schema": {"type": "array"}}}}


def write_document(folder: Path, security: str) -> str:
    shown = {"operationId": "list_ways", "responses": {"200": SHOWN}}
    schemes = {
        "ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "BasicAuth": {"type": "http", "scheme": "basic"},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Ways", "version": "1"},
        "paths": {"/ways": {"get": shown | ({"security": EITHER} if security == "operation" else {})}},
        "components": {"securitySchemes": schemes},
    } | ({"security": EITHER} if security == "document" else {})
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    return str(file)


def handle(request: Request) -> Response:
    basic = f"Basic {base64.b64encode(b'user:pass').decode()}"
    if request.path != "/ways":
        return answer(404, {"message": "none"})
    if request.method != "GET":
        return answer(405, {"message": "no"}, Allow="GET")
    right = request.header("X-API-Key") == "a-key-of-mine" or request.header("Authorization") == basic
    return answer(200, ["card"]) if right else answer(401, {"message": "who?"})


@pytest.mark.parametrize("security", ["document", "operation"])
@pytest.mark.parametrize(("auth", "key"), [("header:X-API-Key", "a-key-of-mine"), ("basic", "user:pass")])
def test_the_key_that_the_caller_has_is_sent(auth: str, key: str, security: str, tmp_path: Path) -> None:
    model = load_document(write_document(tmp_path, security), Choice(auth=auth))
    report = verified(model, handle, keys={"main": key})
    verdicts = {result.contract.id: result.verdict for result in report.results}
    sent = {
        verdict for id, verdict in verdicts.items() if id.startswith("valid_calls/") and id.endswith("@rest")
    }
    assert sent == {Verdict.KEPT}, verdicts
    assert Verdict.BROKEN not in verdicts.values()
