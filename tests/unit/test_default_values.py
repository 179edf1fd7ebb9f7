"""A default is tried wherever a document writes it: in the argument, or in the schema that it names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import pytest

from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.verify.run.run import contracts
from small_api import NOTES, Notes, answer, catalogue, verified

ORDER = "Order: {type: string, enum: [asc, desc]%s}"


@pytest.mark.parametrize(
    ("argument", "inside", "said"),
    [
        ("{$ref: Order}", ", default: asc", "asc"),
        ("{$ref: Order, default: desc}", "", "desc"),
        ("{$ref: Order, default: desc}", ", default: asc", "desc"),
        ("{type: string, enum: [asc, desc], default: asc}", "", "asc"),
        ("{$ref: Order}", "", ""),
    ],
)
def test_default_is_found_in_each_place(argument: str, inside: str, said: str) -> None:
    text = NOTES.replace("schemas:\n", f"schemas:\n  {ORDER % inside}\n", 1)
    listed = "    http: GET /notes\n    effect: read\n"
    assert listed in text
    text = text.replace(listed, f"{listed}    input: {{order: {argument}}}\n", 1)
    found = [c.says for c in contracts(load_text(text, "notes.yaml")) if c.check == "default_values"]
    assert found == ([f"list_notes without order answers as with order {said}"] if said else [])


@pytest.mark.parametrize(
    ("argument", "inside", "made", "advice"),
    [
        ("{$ref: Order}", ", default: asc", True, True),
        ("{$ref: Order}", ", default: asc", False, False),
        ("{$ref: Order, default: desc}", "", True, False),
    ],
)
def test_a_default_of_a_schema_that_creates_take_may_be_meant_for_them(
    argument: str, inside: str, made: bool, advice: bool
) -> None:
    text = NOTES.replace("schemas:\n", f"schemas:\n  {ORDER % inside}\n", 1)
    taken = "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}\n"
    assert taken in text
    text = text.replace(taken, taken.replace("true}}", "true}, order: {$ref: Order}}")) if made else text
    listed = "    http: GET /notes\n    effect: read\n"
    text = text.replace(listed, f"{listed}    input: {{order: {argument}}}\n", 1)
    found = [c.advice for c in contracts(load_text(text, "notes.yaml")) if c.check == "default_values"]
    assert found == [advice]


LIST, SIZE = "    http: GET /notes\n    effect: read\n", "{type: integer, minimum: 1, default: 2}"
ITEMS = "{notes: {type: array, items: {$ref: Note}}"
ROWS = [{"id": f"n{number}", "text": "Rake"} for number in range(5)]


@pytest.mark.parametrize(
    ("repeat", "refuses", "verdict"),
    [
        (lambda given: given, False, Verdict.KEPT),
        (lambda given: given or 2, False, Verdict.KEPT),
        (lambda given: given or 3, False, Verdict.BROKEN),
        (lambda given: 10**400 + (given or 0), False, Verdict.KEPT),
        (lambda given: given, True, Verdict.UNTESTED),
    ],
    ids=["what was sent", "what applies", "another default", "a number that no double holds", "refused"],
)
def test_a_repeated_argument_is_compared_if_both_answers_repeat_it(
    repeat: Callable[[int | None], Any], refuses: bool, verdict: Verdict
) -> None:
    def sized(server: Notes, request: Request) -> Response | None:
        del server
        if request.method != "GET" or request.path != "/notes":
            return None
        size = next(map(int, parse_qs(request.target.partition("?")[2]).get("size", [])), None)
        if refuses and size not in (None, 2):
            return answer(400, {"error": "size"})
        return answer(200, {"notes": ROWS[: size or 2], "size": repeat(size)})

    model = catalogue(
        NOTES,
        (LIST, f"{LIST}    input: {{size: {SIZE}}}\n"),
        (ITEMS, f"{{size: {{type: [integer, 'null']}}, {ITEMS[1:]}"),
    )
    (result,) = [
        one
        for one in verified(model, Notes(odd=sized), only=("default_values",)).results
        if one.contract.check == "default_values"
    ]
    assert result.verdict is verdict


def test_a_list_of_another_length_each_time_has_no_other_default() -> None:
    """A feed of suggestions has as many as it finds."""
    asked = count()

    def suggesting(server: Notes, request: Request) -> Response | None:
        del server
        listed = request.method == "GET" and request.path == "/notes"
        return answer(200, {"notes": ROWS[: 1 + next(asked) % 4]}) if listed else None

    model = catalogue(NOTES, (LIST, f"{LIST}    input: {{size: {SIZE}}}\n"))
    report = verified(model, Notes(odd=suggesting), only=("default_values",), exclusive=True)
    (result,) = [one for one in report.results if one.contract.check == "default_values"]
    assert result.verdict is Verdict.UNTESTED
