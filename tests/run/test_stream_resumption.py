"""A stream that is resumed from its last id shows what was made since, whatever its closing event has."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from language_table import model_of
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.inprocess import inside
from pgagents.report.contract import Verdict
from verifying import run

CONTRACT = "stream_resumption/watch_notes@rest"


@dataclass
class Watched:
    """The notes of a sandbox with a stream of their own. `closing` is added to the last number as the id of a
    closing event; None for a closing event without an id. `back` events come again after each resumption.
    """

    inner: Handler
    closing: int | None
    back: int = 0
    numbers: list[int] = field(default_factory=lambda: [1, 2, 3])

    def __call__(self, request: Request) -> Response | Silence:
        answer = self.inner(request)
        if not isinstance(answer, Response) or not 200 <= answer.status < 300:
            return answer
        if request.method == "POST":
            self.numbers.append(self.numbers[-1] + 1)
        return answer if request.path != "/notes/events" else self.stream(request)

    def stream(self, request: Request) -> Response:
        last = int(request.header("Last-Event-ID") or 0)
        last -= self.back if last else 0
        shown = [f'id: {n}\nevent: changed\ndata: {{"number":{n}}}\n\n' for n in self.numbers if n > last]
        close = "" if self.closing is None else f"id: {self.numbers[-1] + self.closing}\n"
        text = "".join([*shown, f"{close}event: end\ndata: bye\n\n"])
        return Response(200, (("Content-Type", "text/event-stream"),), text.encode())


def verified(closing: int | None, back: int = 0) -> tuple[Verdict, str]:
    """The verdict on the resumption of a stream, and what the finding says."""
    model = model_of("stream-resumed")
    opened = inside(model)
    report = run(
        model,
        keys={**opened.keys, "main": opened.sandbox.tokens["test"]},
        handler=Watched(opened.sandbox.handler, closing, back),
        only=["stream_resumption"],
        allow_writes=True,
        exclusive=True,
    )
    found = {result.contract.id: result.verdict for result in report.results}
    return found[CONTRACT], report.findings[0].actual if report.findings else ""


@pytest.mark.parametrize(("closing", "verdict"), [(None, "kept"), (0, "kept"), (1, "broken")])
def test_closing_event_may_not_have_the_id_of_the_next_one(closing: int | None, verdict: str) -> None:
    found, said = verified(closing)
    assert found is Verdict(verdict)
    assert bool(closing) is ("does not come" in said)


def test_event_with_the_id_that_resumes_may_not_come_again() -> None:
    found, said = verified(None, back=1)
    assert found is Verdict.BROKEN
    assert "comes again" in said
