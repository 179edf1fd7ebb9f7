"""A server of ours that a run starts calls the address of the run, whatever its own catalogue names."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from calling import answered, served
from pgagents.base.http import Request, Response

pytest.importorskip("mcp")

PROGRAM = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
KEY = "shop-key-1234"


def describe(title: str, scheme: str = "key") -> str:
    item = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    listed = {
        "description": "All",
        "content": {"application/json": {"schema": {"type": "array", "items": item}}},
    }
    read = {
        "operationId": "list_orders",
        "summary": "List orders",
        "parameters": [
            {
                "name": "state",
                "in": "query",
                "schema": {"anyOf": [{"enum": ["open", "paid"]}, {"type": "null"}]},
            }
        ],
        "responses": {"200": listed, "401": {"description": "No key"}, "422": {"description": "No"}},
    }
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": title, "version": "1"},
            "security": [{scheme: []}],
            "components": {
                "securitySchemes": {scheme: {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
            },
            "paths": {"/orders": {"get": read}},
        }
    )


@pytest.mark.parametrize(
    ("title", "scheme", "names"),
    [
        ("Orders", "key", False),
        ("Another title", "key", False),
        ("Orders", "key", True),
        ("Orders", "token", True),
    ],
)
def test_the_server_that_a_catalogue_or_an_option_names_gets_no_request(
    tmp_path: Path, title: str, scheme: str, names: bool
) -> None:
    asked: list[str] = []

    def record(request: Request) -> Response:
        asked.append(request.target)
        return answered(200, [])

    def right(request: Request) -> Response:
        if dict(request.headers).get("X-API-Key", dict(request.headers).get("x-api-key")) != KEY:
            return answered(401, {"detail": "key?"})
        if request.path != "/orders":
            return answered(404, {"detail": "nothing"})
        if not set(parse_qs(request.target.partition("?")[2]).get("state", [])) <= {"open", "paid"}:
            return answered(422, {"detail": "state"})
        return answered(200, [{"id": "o1"}])

    document, other = tmp_path / "openapi.json", tmp_path / "other.json"
    document.write_text(describe("Orders"))
    other.write_text(describe(title, scheme))
    with served(record) as elsewhere, served(right) as url:
        short = tmp_path / "short.yaml"
        short.write_text(f'pgagents: 1\nopenapi: ./other.json\napi: {{server: "{elsewhere}"}}\n')
        done = subprocess.run(
            [
                *PROGRAM,
                "verify",
                "--openapi",
                str(document),
                "--url",
                url,
                "--report",
                "found.json",
                "--mcp-stdio",
                shlex.join([*PROGRAM, "mcp", str(short), *(("--url", elsewhere) if names else ())]),
                "--profile",
                "smoke",
            ],
            env={**os.environ, "PGAGENTS_TOKEN": KEY},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert not asked, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    at_tools = [one["contract"] for one in found["findings"] if one["contract"].endswith("@mcp")]
    assert not at_tools, done.stdout
    assert any(r["contract"].endswith("list_orders@mcp") and r["verdict"] == "kept" for r in found["results"])
