"""Headers of answers, whose texts may stand for true and false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.http import Request, Response
from pgagents.model.model import Model
from small_api import NOTES, Notes, catalogue, verified

ALL = """
headers:
  X-Cache-Hit: {description: Tells whether the answer was cached, "on": all, schema: SCHEMA}
surfaces:"""


def find_verdicts(model: Model, text: str) -> set[str]:
    """The verdicts about headers, if each answer has this text in its header. Without a text it has none."""
    server = Notes()

    def handler(request: Request) -> Response:
        answer = server(request)
        more = (("X-Cache-Hit", text),) if text else ()
        return replace(answer, headers=(*answer.headers, *more))

    report = verified(model, handler)
    found = [r.verdict.value for r in report.results if r.contract.id.startswith("response_headers/")]
    return set(found) - {"untested"}


def with_header(schema: str) -> Model:
    """The catalogue in which every answer has the header."""
    return catalogue(NOTES, ("\nsurfaces:", ALL.replace("SCHEMA", schema)))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("{type: boolean}", "true"),
        ("{type: boolean}", "false"),
        ("{type: string}", "true"),
        ("{type: [boolean, string]}", "stale"),
    ],
)
def test_header_that_fits_its_schema_is_right(schema, text):
    assert find_verdicts(with_header(schema), text) == {"kept"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("{type: boolean}", "maybe"),
        ("{type: boolean}", "1"),
        ("{type: boolean, const: true}", "false"),
        ("{type: integer}", "true"),
    ],
)
def test_header_with_another_word_is_found(schema, text):
    assert "broken" in find_verdicts(with_header(schema), text)


@pytest.mark.parametrize(
    "schema",
    [
        "{type: array, items: {type: string}}",
        "{type: object, properties: {a: {type: string}}}",
        "{type: [array, 'null'], items: {type: string}}",
        "{$ref: Note}",
    ],
)
def test_value_of_a_header_that_is_a_list_or_an_object_is_not_judged(schema: str) -> None:
    assert find_verdicts(with_header(schema), "a, b") == {"kept"}
    assert find_verdicts(with_header(schema), "") == {"broken"}
