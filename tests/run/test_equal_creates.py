"""Creates that are repeated to prove what a run made come to an end."""

from __future__ import annotations

import pytest

from pgagents.base.http import Request, Response
from pgagents.verify.fixtures import proof
from small_api import Notes, answer, verified, with_resource

CUT = 20
"""Characters that the server keeps of a text: the run's mark loses its number."""
MOST_CREATES = 300
WITH_KIND = (
    "required: true}}\n    output: {201: {$ref: Note}}",
    "required: true}, kind: {type: string, enum: [a, b], required: true}}\n    output: {201: {$ref: Note}}",
)


@pytest.mark.parametrize("equal", [proof.MOST_EQUAL, 10_000])
def test_server_that_cuts_the_mark_of_a_text_gets_no_endless_creates(
    equal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing proves whose its notes are, and each equal create would need a proof of its own.

    With 10,000 equal creates allowed, the bound of clean-up ends them alone.
    """
    monkeypatch.setattr(proof, "MOST_EQUAL", equal)
    creates = [0]

    def cut(server: Notes, request: Request) -> Response | None:
        if request.method != "POST" or request.path != "/notes" or (text := server.text(request)) is None:
            return None
        creates[0] += 1
        if creates[0] > MOST_CREATES:
            return answer(503, {"detail": "enough"})
        return server.make(f"id-{creates[0]}", text[:CUT])

    model = with_resource(WITH_KIND, ("input: {text: hello}", "input: {text: =fresh.text, kind: a}"))
    report = verified(model, Notes(odd=cut))
    assert 1 < creates[0] < MOST_CREATES
    assert any("nothing shows that this run made the note" in one for one in report.footer.left_behind)
