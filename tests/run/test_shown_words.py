"""A placeholder of a read that names no instance gets the words that other answers show."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.fixtures.shown_words import MOST_TRIED
from shelves import TEXT, described
from small_api import answer, verified

ROW: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "integer"}, "shelf": TEXT}}
COLUMNS = ["id", "title", "writers.name", "owners.name", "pages"]


def document() -> dict[str, Any]:
    def takes(name: str) -> dict[str, Any]:
        return {"name": name, "in": "path", "required": True, "schema": TEXT}

    body = {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}
    listed = {"type": "object", "properties": {"rows": {"type": "array", "items": ROW}}}
    return openapi(
        {
            "/books": {"get": {"responses": described(200, listed)}},
            "/books/related/{column_name}": {
                "parameters": [takes("column_name")],
                "get": {"responses": described(200, ROW)},
                "put": {**body, "responses": described(200, ROW)},
            },
            "/kinds/{colour}/samples": {
                "parameters": [takes("colour")],
                "get": {"responses": described(200, ROW)},
            },
            "/plans/{shelf}/picture": {
                "parameters": [takes("shelf")],
                "get": {"responses": described(200, ROW)},
            },
        }
    )


@pytest.mark.parametrize(
    ("shown", "taken", "most"),
    [
        ({"list_columns": COLUMNS}, {"owners", "north"}, 2),
        ({"label_columns": dict.fromkeys(COLUMNS, "A")}, {"owners", "north"}, 2),
        ({"columns": [{"name": name} for name in COLUMNS]}, {"owners", "north"}, 2),
        ({"columns": [f"c{n}" for n in range(40)]}, {"north"}, MOST_TRIED),
        ({"tags": COLUMNS}, {"north"}, 0),
    ],
)
def test_read_takes_a_word_that_a_list_shows(shown: dict[str, Any], taken: set[str], most: int) -> None:
    """Superset 6.1.0 and its `/related/{column_name}`, 2026-11-29: 410 contracts waited for an example."""
    asked, written = list[str](), list[str]()

    def serve(request: Request) -> Response:
        word = request.path.removesuffix("/picture").rpartition("/")[2]
        if request.path == "/books" and request.method == "GET":
            return answer(200, {"rows": [{"id": 1, "shelf": "north"}], **shown})
        if request.path.startswith("/kinds/"):
            return answer(400, {"detail": f"Invalid colour: {request.path.split('/')[2]}"})
        if request.method != "GET":
            written.append(word)
            return answer(404, {"detail": "none"})
        if word not in taken:
            asked.append(word)
            return answer(404, {"detail": "none"})
        return answer(200, {"id": 1})

    report = verified(imported(document()).model, serve, keys={}, allow_writes=True)
    verdicts = {result.contract.id: result.verdict for result in report.results}
    listed = {name.partition(".")[0] for name in COLUMNS} | {f"c{n}" for n in range(40)}
    found = verdicts["valid_calls/ordinary/get_book_related@rest"] is Verdict.KEPT
    assert found is ("owners" in taken)
    assert (
        verdicts["valid_calls/ordinary/get_plan_picture@rest"] is Verdict.KEPT
    )  # a row shows its member `shelf`
    assert len(listed & {*asked}) <= most
    assert len([word for word in asked if word in listed]) <= most
    assert not {*written} & listed
    assert not [f for f in report.findings if f.contract.check == "valid_calls"]
