"""Error messages are in the language that was asked for, which the answer names."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None
WORDS = {"de": "Das geht leider nicht – bitte prüfen", "fr": "Ce n'est pas possible", "zh": "无法处理该请求"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Say it in German, French or Chinese where asked to."""
    model = context.model

    def edit(request: Request, answer: Response) -> Response:
        data = meddle.data_of(answer)
        language = (request.header("accept-language") or "en").partition(",")[0].partition("-")[0].strip().lower()
        if answer.status < 400 or data is None or language not in WORDS:
            return answer
        told = answer.with_json(meddle.error_at(data, model.errors.message_at, WORDS[language]))
        return told.with_header("Content-Language", language)

    return meddle.edits(handler, edit)
