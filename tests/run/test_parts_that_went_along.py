"""What went with its parent, or says that it has ended, is not left behind."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from shelves import ID, TEXT, described
from small_api import answer, verified

SENT: dict[str, Any] = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
ROW: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": ID, "name": TEXT, "status": TEXT},
}


def buckets() -> dict[str, Any]:
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": SENT}}}}
    paths: dict[str, Any] = {}
    for at, steps in (
        ("/buckets", ("bucket_id",)),
        ("/buckets/{bucket_id}/records", ("bucket_id", "record_id")),
    ):
        params = [{"name": n, "in": "path", "required": True, "schema": ID} for n in steps]
        above = {"parameters": params[:-1]} if params[:-1] else {}
        paths[at] = {
            **above,
            "get": {"responses": described(200, {"type": "array", "items": ROW})},
            "post": {**body, "responses": described(201, ROW)},
        }
        paths[f"{at}/{{{steps[-1]}}}"] = {
            "parameters": params,
            "get": {"responses": described(200, ROW)},
            "delete": {"responses": described(204)},
        }
    return openapi(paths)


class Buckets:
    """Buckets with records. What was in a removed bucket, and the bucket itself, get `hidden`."""

    def __init__(self, hidden: int) -> None:
        self.hidden, self._ids = hidden, count(1)
        self.rows: dict[str, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if parts[0::2] != ["buckets", "records"][: len(parts[0::2])] or len(parts) > 4:
            return answer(404, {"message": "none"})
        if len(parts) > 1 and f"buckets/{parts[1]}" not in self.rows:
            return answer(self.hidden, {"message": "no"})
        key = "/".join(parts)
        if len(parts) % 2:
            if request.method == "GET":
                inside = [k for k in self.rows if k.rpartition("/")[0] == key]
                return answer(200, [self.rows[k] for k in inside])
            body = read_json(request.body or b"{}")
            if request.method != "POST":
                return answer(405, {"message": "no"}, Allow="GET, POST")
            if (
                body.problem
                or not isinstance(body.value, dict)
                or not isinstance(body.value.get("name"), str)
            ):
                return answer(422, {"message": "no"})
            number = next(self._ids)
            self.rows[f"{key}/{number}"] = {"id": number, "name": body.value["name"]}
            return answer(201, self.rows[f"{key}/{number}"])
        if key not in self.rows:
            return answer(404, {"message": "none"})
        if request.method == "GET":
            return answer(200, self.rows[key])
        if request.method != "DELETE":
            return answer(405, {"message": "no"}, Allow="GET, DELETE")
        self.rows = {k: row for k, row in self.rows.items() if k != key and not k.startswith(f"{key}/")}
        return Response(204)


@pytest.mark.parametrize("hidden", [404, 403])
def test_what_was_in_a_removed_bucket_is_not_left_behind(hidden: int) -> None:
    """kinto 26.5, 2026-11-30: eight were named, and none was there."""
    server = Buckets(hidden)
    report = verified(imported(buckets()).model, server, keys={}, allow_writes=True)
    assert not server.rows
    assert report.footer.left_behind == ()


class Silences(Buckets):
    """Keeps what was removed in its list, with the word `ends` as its status."""

    def __init__(self, ends: str) -> None:
        super().__init__(404)
        self.ends = ends

    def __call__(self, request: Request) -> Response:
        row = self.rows.get(request.path.strip("/"))
        if request.method == "DELETE" and row is not None:
            row["status"] = self.ends
            return Response(204)
        return super().__call__(request)


def silences() -> dict[str, Any]:
    document = buckets()
    document["paths"] = {path: at for path, at in document["paths"].items() if "records" not in path}
    return document


@pytest.mark.parametrize("ends", ["expired", "kept"])
def test_what_its_list_says_has_ended_is_not_left_behind(ends: str) -> None:
    """Alertmanager 0.25, 2026-11-30: six silences were named, and each had expired by its removal."""
    server = Silences(ends)
    report = verified(
        imported(silences()).model, server, keys={}, allow_writes=True, only=("read_after_write",)
    )
    assert server.rows
    assert (report.footer.left_behind == ()) is (ends == "expired")
    said = [line for line in report.footer.lasting if "its list says expired" in line]
    assert bool(said) is (ends == "expired")
