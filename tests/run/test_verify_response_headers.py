"""Headers of answers, whose texts may stand for true and false."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from small_api import NOTES, Notes, catalogue, verified

ALL = """
headers:
  X-Cache-Hit: {description: Tells whether the answer was cached, "on": all, schema: SCHEMA}
surfaces:"""


def find_verdicts(model: Model, text: str, name: str = "X-Cache-Hit") -> set[str]:
    """The verdicts about headers, if each answer has this text in its header. Without a text it has none."""
    server = Notes()

    def handler(request: Request) -> Response:
        answer = server(request)
        more = ((name, text),) if text else ()
        return replace(answer, headers=(*answer.headers, *more))

    report = verified(model, handler)
    found = [r.verdict.value for r in report.results if r.contract.id.startswith("response_headers/")]
    return set(found) - {"untested", "not_selected"}


@pytest.mark.parametrize(
    ("const", "text", "verdict"),
    [
        ("no-store, private", "private,no-store", "kept"),
        ("no-store, private", "private, no-store, max-age=0", "kept"),
        ("no-store", "private, No-Store", "kept"),
        ("no-store, private", "no-store", "broken"),
        ("no-store, private", "no-store-private", "broken"),
    ],
)
def test_parts_of_a_list_may_have_any_order(const: str, text: str, verdict: str) -> None:
    of = ALL.replace("X-Cache-Hit", "Cache-Control").replace("SCHEMA", f'{{type: string}}, const: "{const}"')
    assert find_verdicts(catalogue(NOTES, ("\nsurfaces:", of)), text, "Cache-Control") == {verdict}


def with_header(schema: str) -> Model:
    """The catalogue in which every answer has the header."""
    return catalogue(NOTES, ("\nsurfaces:", ALL.replace("SCHEMA", schema)))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("{type: boolean}", "true"),
        ("{type: boolean}", "false"),
        ("{type: boolean}", "True"),  # bool.ToString() of .NET
        ("{type: boolean}", "?0"),  # RFC 9651, 3.3.6
        ("{type: string}", "true"),
        ("{type: [boolean, string]}", "stale"),
        ("{type: number}", "0.0003108978271484375"),
        ("{type: number}", "4.76837158203125e-05"),
        ("{type: number}", "12"),
        ("{type: integer}", "1790000000000000000"),
    ],
)
def test_header_that_fits_its_schema_is_right(schema, text):
    assert find_verdicts(with_header(schema), text) == {"kept"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("{type: boolean}", "maybe"),
        ("{type: boolean}", "1"),
        ("{type: boolean}", "?2"),
        ("{type: boolean, const: true}", "false"),
        ("{type: integer}", "true"),
        ("{type: integer}", "0.0003108978271484375"),
        ("{type: number}", "NaN"),
        ("{type: number}", "4.7e"),
        ("{type: number}", "0.5 s"),
        ("{type: number, maximum: 1}", "1790000000000000000"),
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


def test_header_of_single_successes_is_held_for_each_endpoint_that_has_one() -> None:
    """`on: [200, 201]` is not a framework's: nothing was held of an action."""
    said = 'headers:\n  X-Kind: {description: Its kind, "on": [200, 201], schema: {type: string}}\nsurfaces:'
    model = catalogue(NOTES.replace("\nsurfaces:", f"\n{said}", 1))
    contracts = {
        r.contract.id: str(r.verdict)
        for r in verified(model, Notes(), only=("response_headers",), allow_writes=True).results
        if r.contract.id.startswith("response_headers/X-Kind/")
    }
    places = {id.rpartition("/")[2] for id in contracts}
    assert "create_note@rest" in places
    assert not any(place.startswith("framework") for place in places)
    assert "broken" in contracts.values()


@pytest.mark.parametrize(
    ("name", "schema", "text", "verdict"),
    [
        ("Last-Modified", "{type: string, format: date-time}", "Sat, 28 Nov 2026 20:51:00 GMT", "kept"),
        ("Expires", "{type: string, format: date-time}", "Sat, 28 Nov 2026 20:51:00 GMT", "kept"),
        ("Last-Modified", "{type: string, format: date-time}", "2026-11-28T20:51:00Z", "kept"),
        ("Last-Modified", "{type: string, format: date-time}", "yesterday", "broken"),
        ("Expires", "{type: string, format: date-time}", "Sat, 31 Feb 99999 20:51:00 GMT", "broken"),
        ("X-Valid-Until", "{type: string, format: date-time}", "Sat, 28 Nov 2026 20:51:00 GMT", "broken"),
    ],
)
def test_times_of_http_have_the_form_of_http(name: str, schema: str, text: str, verdict: str) -> None:
    """A document says `date-time` of Last-Modified, and RFC 9110, 8.8.2 says another form."""
    model = catalogue(NOTES, ("\nsurfaces:", ALL.replace("X-Cache-Hit", name).replace("SCHEMA", schema)))
    assert find_verdicts(model, text, name) == {verdict}


@pytest.mark.parametrize(("name", "verdict"), [("Set-Cookie", "kept"), ("X-Cookie", "broken")])
def test_each_cookie_has_a_line_of_its_own(name: str, verdict: str) -> None:
    """A load balancer adds its own cookie; only cookies are not joined (RFC 9110, 5.3)."""
    schema = '{type: string, pattern: "^SID=[^,]*$"}'
    model = catalogue(NOTES, ("\nsurfaces:", ALL.replace("X-Cache-Hit", name).replace("SCHEMA", schema)))
    server = Notes()

    def handler(request: Request) -> Response:
        answer = server(request)
        return replace(answer, headers=(*answer.headers, (name, "AWSALB=1; Path=/"), (name, "SID=2")))

    report = verified(model, handler)
    found = {r.verdict.value for r in report.results if r.contract.id.startswith("response_headers/")}
    assert found - {"untested", "not_selected"} == {verdict}
