"""Texts of a create that stay as they were written: those that the server refuses with a mark, and what an
author writes as an expression.
"""

from __future__ import annotations

from pgagents.base.http import Request, Response
from small_api import Notes, answer, verified, with_resource


def list_texts(server: Notes) -> list[str]:
    """Return the texts of the notes that a run created or tried to create, in their order."""
    posts = [request for request in server.log if (request.method, request.path) == ("POST", "/notes")]
    return [text for request in posts if (text := Notes.text(request)) is not None]


def test_a_text_that_is_refused_with_a_mark_goes_as_written_from_then_on() -> None:
    def only_currencies(_: Notes, request: Request) -> Response | None:
        refuses = request.method == "POST" and Notes.text(request) not in ("EUR", "USD", None)
        return answer(422, {"detail": "no currency"}) if refuses else None

    server = Notes(odd=only_currencies)
    report = verified(with_resource(("{text: hello}", "{text: EUR}")), server, only=("read_after_write",))
    texts = list_texts(server)
    assert texts[0].startswith("pgv-")
    assert texts[1:].count("EUR") == len(texts[1:]) > 0
    assert report.footer.left_behind == ()


def test_an_expression_is_never_replaced_by_a_mark() -> None:
    server = Notes()
    verified(with_resource(("{text: hello}", "{text: '=\"EUR\"'}")), server, only=("read_after_write",))
    assert set(list_texts(server)) == {"EUR"}
