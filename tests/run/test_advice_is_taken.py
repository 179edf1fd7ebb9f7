"""Each option and line that a report advises is taken as it is printed."""

from __future__ import annotations

import json
import shlex
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from calling import answered, served
from importing import answering, openapi, taking
from overlaying import over
from pgagents.base.errors import InputError
from pgagents.base.http import Request, Response
from pgagents.cli.main import main

TEXT = {"type": "string", "minLength": 1, "maxLength": 40}
NOTE = {
    "type": "object",
    "required": ["id", "title"],
    "properties": {"id": {"type": "integer"}, "title": TEXT},
}
NEW = {
    "type": "object",
    "required": ["title", "plan"],
    "properties": {
        "title": TEXT, "plan": TEXT, "replace_all": {"type": "boolean"},
        "role": {"enum": ["reader", "admin"]},
    },
}  # fmt: skip
ID = [{"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}}]
MISSING = {str(s): {"description": "No"} for s in (401, 404, 422)}
KEY = "key-of-ada-12"


def document() -> dict[str, Any]:
    """Notes with options that may reach others, a GET that acts, jobs that nothing makes, and two schemes."""
    schemes = {
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "basic": {"type": "http", "scheme": "basic"},
    }
    get = {"operationId": "get_note", "responses": answering(NOTE) | MISSING}
    return openapi(
        {
            "/notes": {
                "get": {
                    "operationId": "list_notes",
                    "responses": answering({"type": "array", "items": NOTE}) | MISSING,
                },
                "post": {
                    "operationId": "create_note", "requestBody": taking(NEW),
                    "responses": {"201": answering(NOTE)["200"], **MISSING},
                },
            },
            "/notes/{note_id}": {"parameters": ID, "get": get},
            "/notes/{note_id}/del": {
                "parameters": ID, "get": {"operationId": "drop_note", "responses": answering(NOTE) | MISSING},
            },
            "/jobs/{job_id}": {
                "parameters": [{**ID[0], "name": "job_id"}],
                "get": {"operationId": "get_job", "responses": answering(NOTE) | MISSING},
            },
        },
        components={"securitySchemes": schemes},
        security=[{"header": []}, {"basic": []}],
    )  # fmt: skip


def answer_notes(request: Request) -> Response:
    """Answer as a server that takes no note of a plan that it does not know."""
    if request.header("X-API-Key") != KEY:
        return answered(401, {"detail": "key?"})
    if request.path == "/notes":
        return answered(200, [{"id": 3, "title": 4}]) if request.method == "GET" else answered(422, {})
    return answered(200, {"id": 3, "title": "x"}) if request.path == "/notes/3" else answered(404, {})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("advice")
    file, report = folder / "openapi.json", folder / "report.json"
    file.write_text(json.dumps(document()))
    with served(answer_notes) as url:
        line = ["verify", "--openapi", str(file), "--url", url, "--allow-writes"]

        def call(*words: str) -> tuple[int, str]:
            said = StringIO()
            with redirect_stdout(said), redirect_stderr(said), pytest.MonkeyPatch.context() as patch:
                for name, value in (("PGAGENTS_TOKEN", KEY), ("KEY_OF_IT", KEY), ("XDG_CACHE_HOME", folder)):
                    patch.setenv(name, str(value))
                return main([*line, *words]), said.getvalue()

        done = call("--report", str(report), "--profile", "smoke")
        assert report.exists(), done
        yield call, json.loads(report.read_text())


def test_each_option_is_taken(run: Any) -> None:
    call, report = run
    footer = report["footer"]
    allowed = [one for each in footer["withheld"].get("arguments", ()) for one in each["allow"]]
    allowed += [each["action"] for each in footer["withheld"]["calls"] if each["action"]]
    assert {"create_note.replace_all", "drop_note"} <= set(allowed)
    only = [finding["contract"] for finding in report["findings"]]
    assert only
    lines = [*(f"--allow {one}" for one in allowed), *(f"--only {one}" for one in only)]
    lines.append("--identity main.header=KEY_OF_IT")
    done = {line: call("--plan", *shlex.split(line)) for line in lines}
    assert {line: said for line, (code, said) in done.items() if code == 2} == {}


def test_a_request_names_the_variable_that_has_the_key(run: Any, tmp_path: Path) -> None:
    call, report = run
    (told, *_) = report["findings"]
    file = tmp_path / "report.json"
    call("--identity", "main.header=KEY_OF_IT", "--only", told["contract"], "--report", str(file))
    (finding, *_) = json.loads(file.read_text())["findings"]
    assert "$PGAGENTS_TOKEN" in told["curl"]
    assert "$KEY_OF_IT" in finding["curl"]
    assert "PGAGENTS_TOKEN" not in finding["curl"]
    shown = StringIO()
    with redirect_stdout(shown):
        main(["report", "show", str(file)])
    assert "$KEY_OF_IT" in shown.getvalue()


def test_each_line_is_taken(run: Any) -> None:
    _, report = run
    lines = [lift["line"] for lift in report["footer"].get("lifts", ())]
    assert lines
    refusals = {}
    for line in lines:
        try:
            assert over(line.replace("ID", "3").replace("VALUE", "gold"), document()).resources
        except InputError as error:
            refusals[line] = [problem.message for problem in error.diagnostics]
    assert refusals == {}
