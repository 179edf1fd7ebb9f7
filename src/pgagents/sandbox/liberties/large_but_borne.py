"""The widest search answers with as many characters as an assistant's host just takes, counted as characters and not as bytes."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None
CHARACTERS = 99_999


def wrap(handler: Handler, context: Context) -> Handler:
    """Fill the answer up with a note of letters that take two bytes each."""
    reader = meddle.Reader(context.model)
    victim = meddle.list_action(context.model)

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        if not meddle.successful(answer) or not isinstance(data, dict) or not meddle.widest(reader, victim, request):
            return answer
        body = answer.with_json({**data, "note": ""}).body.decode()
        missing = CHARACTERS - len(body)
        filled = body.replace('"note":""', f'"note":"{"é" * missing}"') if missing > 0 else body
        return replace(answer, body=filled.encode())

    return meddle.edits(handler, edit)
