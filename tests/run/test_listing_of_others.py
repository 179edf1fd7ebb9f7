"""`pgagents listing` with documents that others wrote: what a real change breaks, and what not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from pgagents.cli.main import main
from pgagents.submit.listing_guard import Reason, StoreOutcome
from pgagents.submit.listing_report import GuardReport, render_text

Document = dict[str, Any]
Answers = Mapping[str, tuple[int, Any]]
ANSWERS: Answers = {
    "/boards": (200, [{"id": "b1", "size": 4}]),
    "/boards/b1": (200, {"id": "b1", "size": 4}),
    "/status": (200, {"up": True}),
}
"""The answers of the server by path. It answers any other path with 404."""


def _answer(schema: Document) -> Document:
    return {"200": {"description": "Found", "content": {"application/json": {"schema": schema}}}}


BOARD = {"$ref": "#/components/schemas/Board"}
APPROVED: Document = {
    "openapi": "3.1.0",
    "info": {"title": "Boards", "version": "1.0.0", "description": "Boards of a shop."},
    "servers": [{"url": "https://boards.example"}],
    "paths": {
        "/boards": {
            "get": {
                "operationId": "listBoards",
                "summary": "List boards",
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": ["integer", "null"], "minimum": 1}}
                ],
                "responses": _answer({"type": "array", "items": BOARD}),
            }
        },
        "/boards/{board_id}": {
            "get": {
                "operationId": "getBoard",
                "summary": "Get a board",
                "parameters": [
                    {"name": "board_id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": _answer(BOARD),
            }
        },
        "/status": {
            "get": {
                "operationId": "getStatus",
                "summary": "Say if the server is up",
                "responses": _answer(
                    {"type": "object", "required": ["up"], "properties": {"up": {"type": "boolean"}}}
                ),
            }
        },
        "/status/reset": {
            "post": {
                "operationId": "resetStatus",
                "summary": "Reset the counters",
                "responses": {"204": {"description": "Done"}},
            }
        },
    },
    "components": {
        "schemas": {
            "Board": {
                "type": "object",
                "required": ["id", "size"],
                "properties": {"id": {"type": "string"}, "size": {"type": "integer"}},
            }
        }
    },
}


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """Run a server with these answers; yield its address."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path.partition("?")[0], (404, {"detail": "none"}))
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Guard:
    """Builds the approved files once, and judges a new document on a server."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str] | None) -> None:
        self.folder, self._capsys = folder, capsys
        if not (folder / "approved").exists():
            self._import("old", APPROVED)
            assert main(["build", str(folder / "old.yaml"), "--out", str(folder / "approved")]) == 0

    def _import(self, name: str, document: Document) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(document))
        words = [str(self.folder / f"{name}.json"), "--full", "--force", "--out"]
        assert main(["import", *words, str(self.folder / f"{name}.yaml")]) == 0

    def write(self, change: Callable[[Document], object]) -> Path:
        """Write the catalogue of a changed document."""
        document = deepcopy(APPROVED)
        change(document)
        self._import("new", document)
        return self.folder / "new.yaml"

    def judge(self, change: Callable[[Document], object], answers: Answers, *more: str) -> dict[str, Any]:
        """The outcome of the GPT, with the number of requests."""
        assert self._capsys is not None
        catalogue = self.write(change)
        self._capsys.readouterr()
        with serving({**ANSWERS, **answers}) as url:
            words = ["listing", str(self.folder / "approved"), str(catalogue), "--url", url]
            main([*words, "--json", *more])
        data = json.loads(self._capsys.readouterr().out)
        found: dict[str, Any] = next(one for one in data["stores"] if one["store"] == "gpt")
        return {**found, "requests": data["requests"]}


@pytest.fixture
def guard(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Guard:
    monkeypatch.chdir(tmp_path)
    return Guard(tmp_path, capsys)


def _rename(document: Document) -> None:
    """Give an operation another operationId, and its placeholder another name."""
    item = document["paths"].pop("/boards/{board_id}")
    item["get"] |= {"operationId": "readBoard"}
    item["get"]["parameters"][0]["name"] = "key"
    document["paths"]["/boards/{key}"] = item


def _drop(path: str) -> Callable[[Document], object]:
    return lambda document: document["paths"].pop(path)


def _require(member: str) -> Callable[[Document], object]:
    """Give a board another member, and no `size`."""

    def change(document: Document) -> None:
        board = document["components"]["schemas"]["Board"]
        board["properties"] = {"id": {"type": "string"}, member: {"type": "integer"}}
        board["required"] = ["id", member]

    return change


def _forbid_null(document: Document) -> None:
    document["paths"]["/boards"]["get"]["parameters"][0]["schema"] = {"type": "integer", "minimum": 1}


KEPT: Mapping[str, Callable[[Document], object]] = {
    "nothing": lambda _: None,
    "names alone": _rename,
    "null in a query": _forbid_null,
}


@pytest.mark.parametrize("kind", KEPT)
def test_change_that_no_call_meets_is_kept_without_a_call(kind: str, guard: Guard) -> None:
    found = guard.judge(KEPT[kind], {})
    assert (found["outcome"], found["reasons"], found["not_tried"]) == ("kept", [], [])
    assert found["requests"] == 0


def test_operation_that_only_left_the_offer_is_kept_without_a_call(
    guard: Guard, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = guard.write(lambda _: None)
    text = catalogue.read_text()
    offer = text.replace("  openai: {actions: all}", "  openai: {actions: [get_status]}")
    assert offer != text
    catalogue.write_text(offer)
    capsys.readouterr()
    assert main(["listing", "approved", str(catalogue), "--json"]) == 0
    stores = {one["store"]: one for one in json.loads(capsys.readouterr().out)["stores"]}
    assert (stores["gpt"]["outcome"], stores["gpt"]["reasons"]) == ("kept", [])


@pytest.mark.parametrize(
    ("status", "outcome", "by"),
    [(410, "held", "call"), (404, "held", "call"), (400, "held", "manifest"), (200, "kept", "")],
)
def test_status_of_an_operation_that_the_document_lost(
    status: int, outcome: str, by: str, guard: Guard
) -> None:
    body = ANSWERS["/status"][1] if status == 200 else {"detail": "no"}
    found = guard.judge(_drop("/status"), {"/status": (status, body)})
    assert found["outcome"] == outcome
    assert [one["by"] for one in found["reasons"]] == ([by] if by else [])
    assert found["calls"] == (status != 400)
    assert [one["why"] for one in found["not_tried"]] == (
        ["the server refuses the call, whose values may be made up: 400"] if status == 400 else []
    )


def test_server_that_fails_at_a_changed_operation_is_held_by_the_call(guard: Guard) -> None:
    found = guard.judge(_require("width"), {"/boards": (500, {"detail": "it failed"})})
    reasons = [one for one in found["reasons"] if one["by"] == "call"]
    assert [(one["subject"], one["answer"]) for one in reasons] == [
        ("listBoards", "the server fails at an ordinary call: 500")
    ]


def test_answer_that_fits_neither_document_is_not_blamed_on_the_change(guard: Guard) -> None:
    answers = {"/boards": (200, [{"id": 7}]), "/boards/b1": (200, {"id": 7})}
    found = guard.judge(_require("width"), answers)
    assert {one["by"] for one in found["reasons"]} == {"manifest"}
    answers = {"/boards": (200, [{"id": "b1", "width": 4}])}
    found = guard.judge(_require("width"), answers)
    assert "call" in {one["by"] for one in found["reasons"]}


def test_write_that_only_the_approved_document_has_can_be_allowed(
    guard: Guard, capsys: pytest.CaptureFixture[str]
) -> None:
    change = _drop("/status/reset")
    found = guard.judge(change, {}, "--allow-writes")
    (why,) = [one["why"] for one in found["not_tried"]]
    assert "--allow reset_status would call it" in why
    found = guard.judge(change, {"/status/reset": (410, {})}, "--allow-writes", "--allow", "reset_status")
    assert [(one["subject"], one["by"]) for one in found["reasons"]] == [("resetStatus", "call")]
    words = ["listing", "approved", "new.yaml", "--allow", "reset_statos"]
    capsys.readouterr()
    assert main(words) == 2
    assert "--allow reset_statos: there is no such action" in capsys.readouterr().err


def test_many_reasons_of_one_kind_are_few_lines() -> None:
    reasons = [Reason("held", "operation-removed", f"op{n}", "is gone", "manifest") for n in range(9)]
    reasons.append(Reason("held", "operation-removed", "shown", "is gone", "call", words="410"))
    store = StoreOutcome("gpt", "GPTs", "held", tuple(reasons))
    text = render_text(GuardReport("approved", "a server", (store,)))
    assert text.count("is gone") == 4
    assert "  and 6 more [operation-removed]: op3, op4, op5, op6, op7, op8; --json has all" in text
    assert "shown: is gone" in text
