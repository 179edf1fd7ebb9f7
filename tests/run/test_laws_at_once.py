"""A bound of a resource holds when two calls take all that there is at once."""

from __future__ import annotations

import threading
import time

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from small_api import KNOWN, NOTES, Notes, answer, catalogue, verified

TAKE = """
  take_pages:
    title: Take pages
    description: Takes pages out of a note.
    http: POST /notes/{note_id}/taken
    effect: write
    destructive: true
    input:
      note_id: {type: string, minLength: 1, maxLength: 40, required: true}
      pages: {type: integer, minimum: 1, maximum: 100, required: true}
    output: {200: {$ref: Note}}
    errors: [NOT_FOUND, REFUSED, TOO_MANY]
"""
LAW = "    laws: {enough: 'read.left >= 0.0'}\n"


class Pages(Notes):
    """Notes of seven pages; with `careless` the number is read before another call has written it."""

    careless = False
    lock = threading.Lock()

    def plainly(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if len(parts) == 3 and parts[1] in self.notes and request.method == "POST" and self.key(request):
            return self.take(parts[1], read_json(request.body).value)
        return super().plainly(request)

    def take(self, id: str, body: object) -> Response:
        """Take pages, if there are as many."""
        pages = body.get("pages") if isinstance(body, dict) else None
        if type(pages) is not int or not 1 <= pages <= 100:
            return answer(422, {"detail": "pages"})
        seen = self.notes[id]["left"]
        if self.careless:
            time.sleep(0.05)  # long enough for a call that was sent at the same time
        with self.lock:
            left = seen if self.careless else self.notes[id]["left"]
            if left < pages:
                return answer(409, {"detail": "too many"})
            self.notes[id]["left"] -= pages
            return answer(200, self.notes[id])

    def make(self, id: str, text: str) -> Response:
        self.notes[id] = {"id": id, "text": text, "left": 7}
        return answer(201, self.notes[id])


def judge(server: Pages, pages: str = "minimum: 1, ") -> Verdict:
    """Return what is said of the bound; `pages` is a part of the argument's schema."""
    whole = NOTES.replace("\nsurfaces:", TAKE + "surfaces:").replace(
        "note_id: {type: string, minLength: 1, maxLength: 40, required: true}",
        "note_id: {type: string, minLength: 1, maxLength: 40, required: true, refers_to: note}",
    )
    model = catalogue(
        whole.replace("integer, minimum: 1, maximum: 100", f"integer, {pages}maximum: 100") + KNOWN + LAW,
        ("text: {type: string}}\n    required: [id, text]",
         "text: {type: string}, left: {type: integer}}\n    required: [id, text]"),
        ("    NOT_FOUND: {", "    TOO_MANY: {status: 409, meaning: Not as many are left}\n    NOT_FOUND: {"),
    )  # fmt: skip
    report = verified(model, server, only=("concurrent_calls/law",), allow_writes=True)
    [found] = [
        r for r in report.results if r.contract.id == "concurrent_calls/law/note/enough/take_pages@rest"
    ]
    return found.verdict


@pytest.mark.parametrize("careless", [True, False])
def test_two_calls_at_once_keep_a_bound(careless: bool) -> None:
    """A server that looks once more as it writes is right."""
    server = Pages()
    server.careless = careless
    assert judge(server) is (Verdict.BROKEN if careless else Verdict.KEPT)


def test_where_nothing_is_left_nothing_can_be_taken_twice() -> None:
    class Empty(Pages):
        """A note has no pages at first, of which nothing is taken twice."""

        def make(self, id: str, text: str) -> Response:
            self.notes[id] = {"id": id, "text": text, "left": 0}
            return answer(201, self.notes[id])

        def take(self, id: str, body: object) -> Response:
            del body
            return answer(200, self.notes[id])

    assert judge(Empty(), "") is Verdict.UNTESTED


def test_a_number_that_is_left_out_where_it_is_zero_says_nothing_of_its_bound() -> None:
    class Omitting(Pages):
        """Go leaves out a zero that is `omitempty`, and a smaller number is shown as nothing, too."""

        def take(self, id: str, body: object) -> Response:
            del body
            self.notes[id].pop("left", None)
            return answer(200, self.notes[id])

    assert judge(Omitting()) is Verdict.UNTESTED
