"""A right server has habits of which its document says nothing: reads that count themselves, lists that lag,
plans with few instances, removals that nothing refuses, and tags that are compared as texts. None is accused;
a server that does the same for good is odd.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from small_api import answer

JSON, TEXT, INTEGER = "application/json", {"type": "string"}, {"type": "integer"}
TIME, ID = {"type": "string", "format": "date-time"}, {"type": "string", "format": "uuid"}
ERROR = {"type": "object", "required": ["detail"], "properties": {"detail": TEXT}}
MEMBERS = {"id": ID, "text": TEXT, "views": INTEGER, "seen_at": TIME, "published": {"type": "boolean"}}
POST = {"type": "object", "required": [*MEMBERS], "properties": MEMBERS}
SENT = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": {**TEXT, "minLength": 1, "maxLength": 40}},
}
LAG_S, MOST = 1.0, 4


def told(status: int, schema: Any, *refusals: int) -> dict[str, Any]:
    success = {"description": "So", **({"content": {JSON: {"schema": schema}}} if schema else {})}
    refused = {"description": "No", "content": {JSON: {"schema": ERROR}}}
    return {str(status): success, **{str(code): refused for code in refusals}}


@cache
def model() -> Model:
    body = {"required": True, "content": {JSON: {"schema": SENT}}}
    id = {"name": "post_id", "in": "path", "required": True, "schema": ID}
    known = {"name": "If-None-Match", "in": "header", "schema": TEXT}
    read = told(200, POST, 400, 404)
    read["200"]["headers"] = {"ETag": {"schema": TEXT}}
    every, gone = told(200, {"type": "array", "items": POST}), told(204, None, 400, 404)
    return imported(
        openapi(
            {
                "/posts": {
                    "get": {"operationId": "list_posts", "responses": every},
                    "post": {
                        "operationId": "write_post",
                        "requestBody": body,
                        "responses": told(201, POST, 400, 403, 409, 422),
                    },
                },
                "/posts/{post_id}": {
                    "parameters": [id],
                    "get": {
                        "operationId": "get_post",
                        "parameters": [known],
                        "responses": {**read, "304": {"description": "As before"}},
                    },
                    "delete": {"operationId": "drop_post", "responses": gone},
                },
            }
        )
    ).model


@dataclass
class Posts:
    """The server. `habits` are names of what it does; `now` is its clock, in epoch seconds."""

    habits: frozenset[str]
    refusal: int = 0
    now: list[float] = field(default_factory=lambda: [1_776_000_000.0])
    posts: dict[str, dict[str, Any]] = field(default_factory=dict)
    made_at: dict[str, float] = field(default_factory=dict)
    made: int = 0

    def __call__(self, request: Request) -> Response:
        self.now[0] += 0.3
        parts, body = request.path.strip("/").split("/"), read_json(request.body).value
        if parts[0] != "posts" or len(parts) > 2:
            return answer(404, {"detail": "no such path"})
        allowed = ("GET", "POST") if len(parts) == 1 else ("GET", "DELETE")
        if request.method not in allowed:
            return Response(405, (("Allow", ", ".join(allowed)),), b"")
        if len(parts) == 2:
            return self.one(request, parts[1].lower())
        return answer(200, self.list()) if request.method == "GET" else self.write(body)

    def list(self) -> list[dict[str, Any]]:
        lag = LAG_S if "lagging list" in self.habits else 0.0
        shown = [p for id, p in self.posts.items() if self.made_at[id] <= self.now[0] - lag]
        shown = [p for p in shown if p["published"]] if "shows what is published" in self.habits else shown
        return [] if "lost in the list" in self.habits else shown

    def write(self, body: Any) -> Response:
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or not 1 <= len(text) <= 40:
            return answer(400, {"detail": "wrong"})
        if self.refusal and len(self.posts) >= MOST:
            return answer(self.refusal, {"detail": "a plan has four posts"})
        self.made += 1
        id = str(UUID(int=self.made * 2**70))
        draft = "shows what is published" in self.habits
        self.posts[id] = {"id": id, "text": text, "views": 0, "seen_at": self.time(), "published": not draft}
        self.made_at[id] = self.now[0]
        return answer(201, self.posts[id])

    def one(self, request: Request, id: str) -> Response:
        try:
            UUID(id)  # which takes digits of full width
        except ValueError:
            return answer(400, {"detail": "not an id"})
        if request.method == "DELETE":
            gone = self.posts.pop(id, None)
            lenient = "removes anything" in self.habits
            return Response(204, (), b"") if gone or lenient else answer(404, {"detail": "no such post"})
        if id not in self.posts:
            return answer(404, {"detail": "no such post"})
        post = self.posts[id]
        tag = f'"{crc32(post["text"].encode("utf-8", "replace"))}"'
        if request.header("If-None-Match") == tag:
            return Response(304, (("ETag", tag),), b"")
        if "counting reads" in self.habits:
            post.update(views=post["views"] + 1, seen_at=self.time())
        shown = {**post, "views": 7} if "wrong views" in self.habits else post
        return answer(200, shown).with_header("ETag", tag)

    def time(self) -> str:
        return datetime.fromtimestamp(int(self.now[0]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def report_of(*habits: str, refusal: int = 0) -> Report:
    server = Posts(frozenset(habits), refusal)

    def sleep(seconds: float) -> None:
        server.now[0] += seconds

    return verify(
        model(), server, Identities({}), Options(live=False, allow_writes=True, exclusive=True),
        clock=lambda: server.now[0], sleep=sleep, wall=server.time, url="http://127.0.0.1:1",
        timer=lambda: server.now[0],
    )  # fmt: skip


def list_told(report: Report) -> list[str]:
    """The ids of what is broken or odd."""
    return [r.contract.id for r in report.results if r.verdict in (Verdict.BROKEN, Verdict.ODD)]


@pytest.mark.parametrize(
    "habit", ["counting reads", "lagging list", "removes anything", "shows what is published"]
)
def test_a_habit_accuses_nobody(habit: str) -> None:
    assert list_told(report_of(habit)) == []


@pytest.mark.parametrize("refusal", [403, 409])
def test_a_plan_with_few_instances_is_not_a_broken_promise(refusal: int) -> None:
    assert list_told(report_of(refusal=refusal)) == []


def test_what_stays_wrong_is_told() -> None:
    assert "read_after_write/post/get_post@rest" in list_told(report_of("wrong views"))
    assert "read_after_write/listed/post/list_posts@rest" in list_told(report_of("lost in the list"))
