"""A document that describes no answer, as FastAPI's of functions without annotations and many of Express.

What a create answers is found by trying: it is the run's own if a read by its id shows what the run sent.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from verifying import ids

TITLE = {"type": "string", "minLength": 1, "maxLength": 60}
OTHERS = {1: "a lamp of others", 2: "a chair of others"}
Row = dict[str, Any]


@cache
def model(content: str) -> Model:
    """`content` names the answers that have a schema, or says that none has `any`, or not even a body."""
    said = {} if content == "nothing" else {"content": {"application/json": {"schema": {}}}}
    members = {"id": {"type": "integer"}, "title": TITLE}
    whole = {"type": "object", "required": ["id", "title"], "properties": members}
    shown = {"content": {"application/json": {"schema": whole}}}
    read, made = (shown if content == one else said for one in ("the read", "the create"))

    def answers(status: str, **more: Any) -> dict[str, Any]:
        refused = {str(other): {"description": "No"} for other in (400, 404)}
        return {"responses": {status: {"description": "So", **more}, **refused}}

    body = {"type": "object", "required": ["title"], "properties": {"title": TITLE}}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    id = {"name": "product_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    return imported(
        openapi(
            {
                "/products": {"get": answers("200", **said), "post": {**sent, **answers("201", **made)}},
                "/products/{product_id}": {
                    "parameters": [id],
                    "get": answers("200", **read),
                    "put": {**sent, **answers("200", **said)},
                    "delete": answers("204"),
                },
            }
        )
    ).model


def as_it_is(id: int, title: str) -> Row:
    return {"id": id, "title": title}


def of_mongodb(id: int, title: str) -> Row:
    return {"_id": id, "title": title}


def in_an_envelope(id: int, title: str) -> Row:
    return {"ok": True, "data": {"id": id, "title": title}}


def without_the_title(id: int, _: str) -> Row:
    return {"id": id, "kind": "product"}


class Products:
    def __init__(
        self,
        show: Callable[[int, str], Row] = as_it_is,
        *,
        created: Callable[[int], Row] | None = None,
        loses: str = "",
    ) -> None:
        self.rows, self.made = dict(OTHERS), 0
        self.show, self.created, self.loses = show, created, loses

    def __call__(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        last = path.removeprefix("/products").removeprefix("/")
        if not path.startswith("/products") or (
            last and (not last.isdecimal() or int(last) not in self.rows)
        ):
            return self._say(404)
        if request.method == "GET":
            rows = [self.show(id, title) for id, title in self.rows.items()]
            return self._say(200, self.show(int(last), self.rows[int(last)]) if last else rows)
        if request.method == "DELETE" and last:
            del self.rows[int(last)]
            return Response(204, (), b"")
        body = read_json(request.body or b"").value
        title = body.get("title") if isinstance(body, dict) else None
        if not isinstance(title, str) or not 1 <= len(title) <= 60:
            return self._say(400)
        if request.method == "PUT" and last:
            self.rows[int(last)] = self.rows[int(last)] if self.loses == "changes" else title
            return self._say(200, self.show(int(last), title))
        self.made += 1
        self.rows[new := 100 + self.made] = title
        return self._say(201, self.created(self.made) if self.created else self.show(new, title))

    def _say(self, status: int, body: Any = None) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body or {"error": "no"}))

    @property
    def others(self) -> dict[int, str]:
        return {id: title for id, title in self.rows.items() if id in OTHERS}


def run(products: Products, content: str = "any") -> Report:
    return verify(
        model(content), products, Identities({}), Options(live=False, allow_writes=True),
        clock=lambda: 0.0, sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z",
        url="http://127.0.0.1:1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("show", "content"),
    [
        *(
            (show, content)
            for show in (as_it_is, of_mongodb, in_an_envelope)
            for content in ("any", "nothing")
        ),
        *((as_it_is, content) for content in ("the read", "the create")),
    ],
)
def test_what_a_create_answers_is_read_changed_and_removed(
    show: Callable[[int, str], Row], content: str
) -> None:
    products = Products(show)
    report = run(products, content)
    assert [f.contract.id for f in report.findings] == []
    assert products.rows == OTHERS
    assert products.made > 5
    kept = {id.partition("/")[0] for id in ids(report, Verdict.KEPT)}
    assert kept >= {"removals", "partial_changes", "absent_id"}


def test_a_change_that_is_lost_is_found() -> None:
    report = run(Products(loses="changes"))
    assert {f.contract.check for f in report.findings} == {"partial_changes"}


@pytest.mark.parametrize(
    "created",
    [
        pytest.param(lambda number: {"id": number}, id="the id of something else"),
        pytest.param(lambda number: {"owner": {"id": number}}, id="what it belongs to"),
        pytest.param(lambda _: {"ok": True}, id="no id"),
    ],
)
def test_nothing_is_removed_that_a_read_does_not_show_to_be_the_runs(created: Callable[[int], Row]) -> None:
    """The ids of what a create answers are those of rows of others, and no read shows what was sent."""
    products = Products(without_the_title, created=created)
    report = run(products)
    assert products.others == OTHERS
    assert 1 <= products.made <= 5
    assert report.footer.left_behind
