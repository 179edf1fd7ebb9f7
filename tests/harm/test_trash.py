"""What a server keeps of removed rows is named, where a list without a resource shows it."""

from __future__ import annotations

from typing import Any

import pytest

from harm.test_lenient_servers import NOTE, Notes, Schema, document, model_of, run


class Trash(Notes):
    """A removed note lies in the trash, where older ones lie too; it is `purged` at once or not."""

    def __init__(self, purged: bool, wraps: bool = False) -> None:
        super().__init__()
        self.purged, self.wraps = purged, wraps
        self.trash: list[dict[str, Any]] = [{"id": 900, "text": "an older one"}]

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        if path == "/trash":
            shown = {"kinds": ["note"], "result": self.trash} if self.wraps else self.trash
            return (200, shown) if method == "GET" else (405, {"error": "method"})
        before = dict(self.notes)
        status, answer = super().answer(method, path, body, given)
        if status == 204 and not self.purged:
            self.trash += [note for number, note in before.items() if number not in self.notes]
        return status, answer


def described(*, wraps: bool = False) -> Schema:
    made = document({}, {})
    rows = {"type": "array", "items": NOTE}
    kinds = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"kinds": kinds, "result": rows}} if wraps else rows
    answers = {"200": {"description": "Done", "content": {"application/json": {"schema": schema}}}}
    made["paths"]["/trash"] = {"get": {"operationId": "show_trash", "responses": answers}}
    return made


@pytest.mark.parametrize("purged", [False, True])
def test_what_lies_in_a_trash_is_named(purged: bool) -> None:
    server = Trash(purged)
    report = run(model_of(described()), server, 0)
    marked = sum("pgv-" in note["text"] for note in server.trash)
    told = [line for line in report.footer.lasting if "GET /trash" in line]
    assert not server.changed()
    assert bool(marked) is not purged
    assert told == ([] if purged else [f"{marked} × row of GET /trash, with a mark of this run"])


@pytest.mark.parametrize(("wraps", "beside"), [(True, False), (False, True)])
def test_each_list_of_a_trash_is_read(wraps: bool, beside: bool) -> None:
    """The rows may be the second list of an answer. A list before may be of a server without address."""
    server, made = Trash(purged=False, wraps=wraps), described(wraps=wraps)
    if beside:
        far = {**made["paths"]["/trash"]["get"], "operationId": "show_far"}
        made["paths"] = {"/far": {"servers": [{"url": "https://far.example"}], "get": far}, **made["paths"]}
        made["servers"] = [{"url": "https://api.example"}]
    report = run(model_of(made), server, 0)
    marked = sum("pgv-" in note["text"] for note in server.trash)
    assert marked
    assert f"{marked} × row of GET /trash, with a mark of this run" in report.footer.lasting
