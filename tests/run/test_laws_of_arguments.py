"""A law whose condition needs an argument is tried with a value that an item has, without an example."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.load import load_text
from small_api import KEY, verified

ROOMS = """
pgagents: 1
api:
  {id: rooms, title: Rooms, version: 1.0.0, server: "https://api.example.com", contact: a@example.com,
   for_people: Rooms., for_models: Rooms of a house.}
auth: {schemes: {key: {description: A key, prefixes: {test_: test}}}}
errors:
  envelope: Error
  code_at: null
  message_at: detail
  always: [UNAUTHORIZED]
  codes:
    UNAUTHORIZED: {status: 401, meaning: No key}
    REFUSED: {status: 422, meaning: A wrong argument}
  framework: {invalid: REFUSED, no_key: UNAUTHORIZED}
schemas:
  Error: {type: object, properties: {detail: {type: string}}, required: [detail]}
  Room:
    type: object
    properties: {id: {type: string}, beds: {type: integer}, floor: {type: string}}
    required: [id, beds, floor]
actions:
  list_rooms:
    title: List rooms
    description: Lists the rooms of the house.
    http: GET /rooms
    effect: read
    input:
      min_beds: {type: integer, minimum: 1, maximum: 900}
      floor: {type: string, maxLength: 20}
    output: {200: {type: object, properties: {rooms: {type: array, items: {$ref: Room}}}, required: [rooms]}}
    errors: [REFUSED]
    laws:
      enough: {when: has(input.min_beds), that: "response.rooms.all(r, r.beds >= input.min_beds)"}
      there: {when: has(input.floor), that: "response.rooms.all(r, r.floor == input.floor)"}
"""
HELD = [
    {"id": "a", "beds": 1, "floor": "hall"},
    {"id": "b", "beds": 2, "floor": "attic"},
    {"id": "c", "beds": 3, "floor": "cellar"},
]


class Rooms:
    """Lists rooms. `ignored` is an argument that it does not heed."""

    def __init__(self, ignored: str) -> None:
        self.ignored = ignored
        self.targets: list[str] = []

    def __call__(self, request: Request) -> Response:
        self.targets.append(request.target)
        if request.header("Authorization") != f"Bearer {KEY}":
            return self._answer(401, {"detail": "no key"})
        asked = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        beds, floor = asked.get("min_beds", []), asked.get("floor", [])
        if len(beds) > 1 or not all(
            text.isascii() and text.isdecimal() and 1 <= int(text) <= 900 for text in beds
        ):
            return self._answer(422, {"detail": "min_beds"})
        if len(floor) > 1 or any(len(text) > 20 for text in floor):
            return self._answer(422, {"detail": "floor"})
        rooms = [
            room
            for room in HELD
            if self.ignored == "min_beds" or all(room["beds"] >= int(text) for text in beds)
            if self.ignored == "floor" or all(room["floor"] == text for text in floor)
        ]
        return self._answer(200, {"rooms": rooms})

    def _answer(self, status: int, body: Any) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


@pytest.mark.parametrize(
    ("ignored", "enough", "there"),
    [("", "kept", "kept"), ("min_beds", "broken", "kept"), ("floor", "kept", "broken")],
)
def test_a_condition_on_an_argument_is_met_with_what_an_item_has(
    ignored: str, enough: str, there: str
) -> None:
    server = Rooms(ignored)
    report = verified(load_text(ROOMS), server, only=("law",))
    verdicts = {result.contract.id: result.verdict.value for result in report.results}
    assert (verdicts["law/enough/list_rooms@rest"], verdicts["law/there/list_rooms@rest"]) == (enough, there)


def test_the_value_is_the_middle_one_so_that_the_answer_is_neither_empty_nor_everything() -> None:
    server = Rooms("")
    verified(load_text(ROOMS), server, only=("law",))
    assert "/rooms?floor=cellar" in server.targets


def test_an_item_whose_member_is_an_object_is_no_value_and_no_error_of_ours() -> None:
    """Objects have no order, and so no middle one."""
    text = (
        ROOMS.replace("http: GET /rooms", "http: POST /rooms")
        .replace(
            "floor: {type: string, maxLength: 20}", "floor: {type: object, properties: {at: {type: integer}}}"
        )
        .replace("floor: {type: string}", "floor: {type: object, properties: {at: {type: integer}}}")
    )

    def answer(request: Request) -> Response:
        keyed = request.header("Authorization") == f"Bearer {KEY}"
        rooms = [{**room, "floor": {"at": number}} for number, room in enumerate(HELD)]
        body = {"rooms": rooms} if keyed else {"detail": "no key"}
        return Response(200 if keyed else 401, (("Content-Type", "application/json"),), json_bytes(body))

    report = verified(load_text(text), answer, only=("law",))
    assert [result.reason for result in report.results if "internal error" in result.reason] == []


@pytest.mark.parametrize(("ignored", "verdict"), [("", "kept"), ("floor", "broken")])
def test_a_condition_on_an_id_is_met_with_what_an_item_has(ignored: str, verdict: str) -> None:
    place = "resources: {place: {id: floor, found_by: {action: list_rooms, at: response.rooms}}}\n"
    text = ROOMS.replace("maxLength: 20}", "maxLength: 20, refers_to: place}") + place
    report = verified(load_text(text), Rooms(ignored), only=("law",))
    verdicts = {result.contract.id: result.verdict.value for result in report.results}
    assert verdicts["law/there/list_rooms@rest"] == verdict
