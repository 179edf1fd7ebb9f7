"""An error names the wrong argument by its name, by a JSON pointer, or by a list of steps."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Request, Response
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
