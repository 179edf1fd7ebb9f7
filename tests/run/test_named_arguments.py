"""An error names the wrong argument by its name, by a JSON pointer, or by a list of steps."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from small_api import Notes, answer, verified, with_resource

WRITES = "error_names_field/text/create_note@rest"


@pytest.mark.parametrize(
    ("named", "verdict"),
    [
        ("text", Verdict.KEPT),
        ("/text", Verdict.KEPT),
        ("#/text", Verdict.KEPT),
        ("/data/attributes/text", Verdict.KEPT),
        (["body", "text"], Verdict.KEPT),
        ("/texts", Verdict.BROKEN),
        ("/other/text", Verdict.BROKEN),
        (["body", "id"], Verdict.BROKEN),
    ],
)
def test_a_pointer_to_an_argument_names_it(named: Any, verdict: Verdict) -> None:
    def refuse(_: Notes, request: Request) -> Response | None:
        wrong = request.method == "POST" and Notes.text(request) is None
        return answer(422, {"detail": "wrong", "errors": [{"at": named}]}) if wrong else None

    model = with_resource(("  code_at: null\n", "  code_at: null\n  field_at: errors.0.at\n"))
    report = verified(model, Notes(odd=refuse), only=("error_names_field", "invalid_input"))
    found = {
        r.contract.id: r.verdict for r in report.results if r.contract.id.startswith("error_names_field")
    }
    assert found.get(WRITES) is verdict, found


TEXT = "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
LINES = (
    "      lines: {type: array, items: {type: object, required: [count],"
    " properties: {count: {type: integer}}}}\n"
)
TAGS = "      tags: {type: array, items: {type: string, minLength: 1}}\n"


@pytest.mark.parametrize(
    ("field", "named", "verdict"),
    [
        ("tags.1", "tags.{}", Verdict.KEPT),
        ("tags.1", "tags[{}]", Verdict.KEPT),
        ("tags.1", "$.tags[{}]", Verdict.KEPT),
        ("tags.1", "/tags/{}", Verdict.KEPT),
        ("tags.1", "tags", Verdict.KEPT),
        ("tags.1", "tag[{}]", Verdict.BROKEN),
        ("tags.1", "text", Verdict.BROKEN),
        ("lines.1.count", "lines[{}].count", Verdict.KEPT),
        ("lines.1.count", "lines[{}].number", Verdict.BROKEN),
    ],
)
def test_an_item_of_a_list_is_named_as_frameworks_write_it(field: str, named: str, verdict: Verdict) -> None:
    list_name, _, member = field.partition(".1")

    def find_wrong(body: Any) -> str | None:
        items = body.get(list_name) if isinstance(body, dict) else None
        if items is None:
            return None
        if not isinstance(items, list):
            return list_name
        inner = [item.get("count") if member and isinstance(item, dict) else item for item in items]
        right = (
            (lambda v: isinstance(v, int) and not isinstance(v, bool))
            if member
            else (lambda v: bool(v) and isinstance(v, str))
        )
        return next((named.format(n) for n, value in enumerate(inner) if not right(value)), None)

    def refuse(_: Notes, request: Request) -> Response | None:
        if request.method not in ("POST", "PUT"):
            return None
        at = find_wrong(read_json(request.body).value) or ("text" if Notes.text(request) is None else None)
        return answer(422, {"detail": "wrong", "errors": [{"at": at}]}) if at else None

    model = with_resource(
        ("  code_at: null\n", "  code_at: null\n  field_at: errors.0.at\n"),
        (TEXT, TEXT + TAGS + LINES),
    )
    report = verified(model, Notes(odd=refuse), only=("error_names_field", "invalid_input"))
    found = {
        r.contract.id: r.verdict for r in report.results if r.contract.id.startswith("error_names_field")
    }
    told = {id.split("/")[1]: verdict for id, verdict in found.items() if f"/{list_name}" in id}
    assert told.get(field) is verdict, told
