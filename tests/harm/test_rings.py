"""A store of so many rows drops its oldest one for each new one: a run stops after the first."""

from __future__ import annotations

from typing import Any

import pytest

from harm.test_lenient_servers import NOTE, OTHERS, Notes, Schema, document, model_of, run

HELD = 5
"""The rows of a page. The newest come first."""
WHOLE: Schema = {"type": "integer", "minimum": 0}


class Ring(Notes):
    """The list has pages and says how many notes there are; `most` are kept."""

    def __init__(self, by: str, most: int) -> None:
        super().__init__(lambda text: int(text) if text.isdecimal() and len(text) < 9 else 0)
        self.by, self.most = by, most

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if path == "/notes" and method == "GET":
            text = str(given.get(self.by, "0" if self.by == "offset" else "1"))
            if not text.isdecimal() or len(text) > 8 or (self.by == "page" and int(text) < 1):
                return 400, {"error": "bad"}
            begin = int(text) if self.by == "offset" else (int(text) - 1) * HELD
            newest = sorted(self.notes.values(), key=lambda note: -int(note["id"]))
            return 200, {"items": newest[begin : begin + HELD], "total": len(newest)}
        status, answer = super().answer(method, path, body, given)
        while len(self.notes) > self.most:
            del self.notes[min(self.notes)]
        return status, answer


def paged(by: str) -> Schema:
    made = document({}, {})
    listed = made["paths"]["/notes"]["get"]
    listed["parameters"] = [{"name": by, "in": "query", "schema": {**WHOLE, "minimum": int(by == "page")}}]
    listed["responses"]["200"]["content"]["application/json"]["schema"] = {
        "type": "object",
        "required": ["items", "total"],
        "properties": {"items": {"type": "array", "items": NOTE}, "total": WHOLE},
    }
    return made


@pytest.mark.parametrize("by", ["page", "offset"])
def test_a_run_stops_after_one_row_that_a_ring_drops(by: str) -> None:
    """The oldest stands on the last page, and nothing was told: nine of sixty went."""
    server = Ring(by, OTHERS)
    alarm = run(model_of(paged(by)), server, 0).footer.alarm
    assert alarm is not None
    assert alarm.rows[0].name == "note 1"
    assert sum(n <= OTHERS for n in server.notes) == OTHERS - 1


@pytest.mark.parametrize("by", ["page", "offset"])
def test_a_list_whose_pages_move_on_stops_no_run(by: str) -> None:
    server = Ring(by, 1_000)
    assert run(model_of(paged(by)), server, 0).footer.alarm is None
    assert not server.changed()
    assert len(server.bodies) > 20
