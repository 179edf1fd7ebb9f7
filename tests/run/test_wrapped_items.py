"""An instance is found in a list whose items hold it in an object, and read back whatever zone its times
have.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from pgagents.verify.answers.standing import is_equal
from small_api import NOTES, Notes, verified, with_resource


@pytest.mark.parametrize(
    ("made", "read", "equal"),
    [
        ("2026-05-01T10:00:00+02:00", "2026-05-01T08:00:00Z", True),
        ("2026-05-01T08:00:00.123456Z", "2026-05-01T08:00:00.123Z", True),
        ("2026-05-01T10:00:00+02:00", "2026-05-01T10:00:00Z", False),
        ({"at": "2026-05-01T08:00:00.5Z"}, {"at": "2026-05-01T08:00:00Z"}, True),
        ({"city": "Vail", "street": "A"}, {"city": "Vail"}, False),
        (["a", "b"], ["b", "a"], False),
        (["a"], ["a", "b"], False),
        (5, 5.0, True),
        ("5", 5, False),
        ("CO-7891", "CO-7892", False),
        (None, "", False),
    ],
)
def test_a_value_that_is_read_back_is_equal_whatever_form_its_time_has(
    made: Any, read: Any, equal: bool
) -> None:
    assert is_equal(made, read) is equal


HOLDER = "{type: object, properties: {note: {$ref: Note}}, required: [note]}"
TEXT = re.sub(r"(items|20[01]): \{\$ref: Note\}", rf"\1: {HOLDER}", NOTES)
"""The notes, each inside an object."""


@pytest.mark.parametrize(("dropped", "verdict"), [(0, Verdict.KEPT), (99, Verdict.BROKEN)])
def test_an_instance_is_found_in_the_object_that_wraps_it(dropped: int, verdict: Verdict) -> None:
    def wrapped(request: Request) -> Response:
        answered = notes(request)
        body = read_json(answered.body).value
        if answered.status >= 300 or not isinstance(body, dict):
            return answered
        if "notes" in body:
            return answered.with_json({"notes": [{"note": note} for note in body["notes"][dropped:]]})
        return answered.with_json({"note": body})

    notes = Notes()
    model = with_resource(("    absent: no-", "    body_at: note\n    absent: no-"), text=TEXT)
    report = verified(model, wrapped, only=("read_after_write/", "valid_calls/"), exclusive=True)
    told = {r.verdict for r in report.results if r.contract.id.startswith("read_after_write/listed/")}
    assert told == {verdict}
