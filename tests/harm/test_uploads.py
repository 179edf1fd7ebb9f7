"""The names of uploaded files, by which servers keep them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from harm.loopback import loopback
from harm.test_harm_module import run_module
from harm.test_lenient_servers import Schema, model_of, run
from importing import imported
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text


class Files:
    """Keeps each file under the name that it came with."""

    def __init__(self) -> None:
        names = ("file.bin", "file", "file.txt", "upload.bin")
        self.files = {name: {"id": name, "size": 7} for name in names}
        self.at_start = dict(self.files)
        self.uploads = 0

    def __call__(self, request: Request) -> Response:
        status, answer = self.answer(request.method, request.target.partition("?")[0], request.body)
        content = b"" if answer is None else json.dumps(answer).encode()
        return Response(status, (("Content-Type", "application/json"),), content)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/files" and method == "GET":
            return 200, list(self.files.values())
        name = path.removeprefix("/files/")
        found = re.search(rb'filename="([^"]+)"', body) if path == "/files" and method == "POST" else None
        if found:
            self.uploads += 1
            name = found[1].decode()
            self.files[name] = {"id": name, "size": len(body)}
            return 201, self.files[name]
        if path == "/files":
            return (400, {"error": "no file"}) if method == "POST" else (405, {"error": "method"})
        if name not in self.files:
            return 404, {"error": "none"}
        if method == "DELETE":
            del self.files[name]
            return 204, None
        return (200, self.files[name]) if method == "GET" else (405, {"error": "method"})


def files() -> Schema:
    row = {"type": "object", "required": ["id", "size"]}
    row["properties"] = {"id": {"type": "string"}, "size": {"type": "integer"}}
    form = {"type": "object", "required": ["file"]}
    title = {"type": "string", "maxLength": 60}
    form["properties"] = {"file": {"type": "string", "format": "binary"}, "title": title}

    def answers(status: str, schema: Schema) -> Schema:
        refused = {"description": "Refused"}
        content = {"content": {"application/json": {"schema": schema}}}
        return {"responses": {status: {"description": "Done", **content}, "400": refused, "404": refused}}

    sent = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    at = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    gone = {"responses": {"204": {"description": "Gone"}, "404": {"description": "None"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Files", "version": "1"},
        "paths": {
            "/files": {
                "get": {"operationId": "list_files", **answers("200", {"type": "array", "items": row})},
                "post": {"operationId": "upload_file", "requestBody": sent, **answers("201", row)},
            },
            "/files/{id}": {
                "parameters": [at],
                "get": {"operationId": "get_file", **answers("200", row)},
                "delete": {"operationId": "delete_file", **gone},
            },
        },
    }


def test_an_uploaded_file_has_a_name_of_the_runs_own() -> None:
    """`file.bin` of somebody was overwritten where a server keeps a file under the name that it came with."""
    server = Files()
    run(model_of(files()), server, 0)  # type: ignore[arg-type]
    assert server.uploads > 5
    assert server.files == server.at_start


def test_a_file_that_an_author_gave_no_name_has_one_of_the_runs_own(tmp_path: Path) -> None:
    """`file.bin` of somebody was overwritten by each upload of an author's catalogue."""
    path = tmp_path / "files.json"
    path.write_text(json.dumps(files()), encoding="utf-8")
    text = re.sub(r"\n *inferred: true", "", imported(path).text)
    authored = text.replace('"=fresh.value"', '"data:application/octet-stream;base64,aGVsbG8="')
    server = Files()
    run(load_text(authored, "files.yaml"), server, 0)  # type: ignore[arg-type]
    assert server.uploads > 1
    assert {name: server.files.get(name) for name in server.at_start} == server.at_start


def test_the_generated_module_uploads_under_names_of_its_own(tmp_path: Path) -> None:
    server = Files()
    with loopback(server) as url:
        run_module(
            model_of(files()),
            tmp_path / "out",
            url,
            PGAGENTS_ALLOW_WRITES="1",
            PGAGENTS_EXAMPLES="20",
        )
    assert server.uploads
    assert {name: server.files.get(name) for name in server.at_start} == server.at_start
