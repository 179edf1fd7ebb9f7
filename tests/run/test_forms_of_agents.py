"""What coding agents met on a right server of forms: a wrong value is wrong alone, and each rule is heard."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

from importing import answering, openapi
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

KEY, OTHER, URL = "test_k1a2b3c4d5e6f70819", "test_k2b3c4d5e6f7081920", "http://127.0.0.1:1"
WORD = {"type": "string", "pattern": "^[a-z]{1,20}$"}
CARD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "dependentRequired": {"place[town]": ["place[land]"], "place[land]": ["place[town]"]},
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 40},
        "place[town]": WORD,
        "place[land]": WORD,
        "tags[]": {"type": "array", "minItems": 1, "maxItems": 3, "items": WORD},
    },
}
SPAN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["begin", "end"],
    "properties": {
        "begin": {"type": "integer", "minimum": 0, "maximum": 900},
        "end": {"type": "integer", "minimum": 1, "maximum": 1000},
    },
}
SHOWN = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "state": {}}}
LINES = """
auth: {roles: {second: {description: Somebody else, project: second}}}
behaviour: {replay: same, unknown_member: refused}
idempotency: {otherwise: key_reused, of: project}
errors:
  inferred: false
  code_at: code
  field_at: param
  always: [wrong, lacking, no_key]
  framework: {invalid: wrong, no_key: no_key, missing: lacking, unknown: wrong, bad_body: wrong}
  codes:
    BAD_REQUEST: null
    NOT_FOUND: null
    UNAUTHORIZED: null
    no_key: {status: 401, meaning: There is no key}
    absent: {status: 404, meaning: There is none}
    wrong: {status: 400, meaning: A field is wrong}
    lacking: {status: 400, meaning: A field is missing}
    key_reused: {status: 400, meaning: The key came with other fields}
    markup: {status: 400, meaning: It has markup, when: 'input.q.contains("<")'}
actions:
  search: {errors: [markup]}
  make_card: {errors: [key_reused], input: {place_town: {description: Where}}}
  make_span: {errors: [key_reused]}
  close_card: {errors: [key_reused, absent], input: {id: {refers_to: card}}}
  get_card: {errors: [absent], input: {id: {refers_to: card}}}
resources:
  card:
    inferred: false
    made_by: {action: make_card, input: {name: =fresh.text}}
    read_by: {action: get_card, input: {id: =resource.id}}
    missing: absent
    state: state
    states: [open, closed]
    initial: open
    moves: {close_card: {from: [open], to: closed, input: {id: =resource.id}, otherwise: key_reused}}
"""


def model(lines: str = LINES) -> Model:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "pattern": "^[!-~]{1,99}$"},
    }
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    q = {"name": "q", "in": "query", "required": True, "schema": {"type": "string", "maxLength": 60}}
    made = {"201": answering(SHOWN)["200"]}
    no = {str(status): {"description": "No"} for status in (400, 401, 404)}
    paths = {
        "/search": {"get": {"operationId": "search", "parameters": [q], "responses": answering(SHOWN) | no}},
        "/cards": {
            "post": {
                "operationId": "make_card",
                "parameters": [key],
                "requestBody": _form(CARD),
                "responses": made | no,
            }
        },
        "/cards/{id}": {
            "get": {"operationId": "get_card", "parameters": [id], "responses": answering(SHOWN) | no}
        },
        "/cards/{id}/close": {
            "post": {
                "operationId": "close_card",
                "parameters": [id, key],
                "responses": answering(SHOWN) | no,
            }
        },
        "/spans": {
            "post": {
                "operationId": "make_span",
                "parameters": [key],
                "requestBody": _form(SPAN),
                "responses": made | no,
            }
        },
    }
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return over(lines, openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}]))


def _form(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def is_word(text: str) -> bool:
    return 0 < len(text) <= 20 and text.isascii() and text.isalpha() and text.islower()


def is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and least <= int(text) <= most


class Cards:
    """A right server: keys are of one path, and `begin` comes before `end`, which no schema says."""

    def __init__(self) -> None:
        self.cards: dict[str, dict[str, Any]] = {}
        self.used: dict[tuple[str, str, str], tuple[bytes, Response]] = {}
        self.ids = count(1)

    def __call__(self, request: Request) -> Response:
        who = (request.header("Authorization") or "").removeprefix("Bearer ")
        if who not in (KEY, OTHER):
            return say(401, code="no_key")
        path, _, query = request.target.partition("?")
        if path == "/search":
            return self._search(dict(parse_qsl(query, keep_blank_values=True)))
        if request.method == "GET":
            known = self.cards.get(path.removeprefix("/cards/"))
            return say(200, **known) if known else say(404, code="absent")
        key = request.header("Idempotency-Key")
        if key is not None and not (
            0 < len(key) < 100 and key.isascii() and key.isprintable() and " " not in key
        ):
            return say(400, code="wrong", param="Idempotency-Key")
        if path.endswith("/close"):
            card = self.cards.get(path.split("/")[2])
            done = {**card, "state": "closed"} if card else None
            problem = None if done else say(404, code="absent")
        else:
            pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
            problem = self._find_problem(pairs, path)
            done = {"id": f"c{next(self.ids)}", "state": "open"}
        if problem is not None:
            return problem
        if key is not None and (who, path, key) in self.used:
            body, answer = self.used[who, path, key]
            return answer if body == request.body else say(400, code="key_reused", param="Idempotency-Key")
        assert done is not None
        if path != "/spans":
            self.cards[done["id"]] = done
        answer = say(200 if path.endswith("/close") else 201, **done)
        if key is not None:
            self.used[who, path, key] = (request.body, answer)
        return answer

    def _search(self, given: Mapping[str, str]) -> Response:
        if "q" not in given:
            return say(400, code="lacking", param="q")
        if len(given["q"]) > 60:
            return say(400, code="wrong", param="q")
        return say(400, code="markup", param="q") if "<" in given["q"] else say(200, id="found")

    def _find_problem(self, pairs: list[tuple[str, str]], path: str) -> Response | None:
        given = dict(pairs)
        names = list(SPAN["properties"] if path == "/spans" else CARD["properties"])  # type: ignore[call-overload]
        if strange := next((name for name in given if name not in names), None):
            return say(400, code="wrong", param=strange)
        if path == "/spans":
            for name, least, most in (("begin", 0, 900), ("end", 1, 1000)):
                if name not in given:
                    return say(400, code="lacking", param=name)
                if not is_number(given[name], least, most):
                    return say(400, code="wrong", param=name)
            return None if int(given["begin"]) < int(given["end"]) else say(400, code="wrong", param="end")
        if "name" not in given:
            return say(400, code="lacking", param="name")
        if not 0 < len(given["name"]) <= 40:
            return say(400, code="wrong", param="name")
        here, there = "place[town]", "place[land]"
        for name, other in ((here, there), (there, here)):  # what is missing comes before what is wrong
            if name in given and other not in given:
                return say(400, code="lacking", param=other)
        for name in (here, there):
            if name in given and not is_word(given[name]):
                return say(400, code="wrong", param=name)
        tags = [value for name, value in pairs if name == "tags[]"]
        good = len(tags) <= 3 and all(map(is_word, tags))
        return None if good else say(400, code="wrong", param="tags[]")


def say(status: int, **body: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), json_bytes(body))


def run(server: Cards, *only: str, lines: str = LINES) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        model(lines), server, Identities({"main": KEY, "second": OTHER}),
        Options(live=False, allow_writes=True, only=only, allow=("make_card", "make_span")),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict) for result in report.results}


def test_a_right_server_of_forms_breaks_nothing() -> None:
    only = ("invalid_input", "error_names_field", "arbitrary_text", "idempotency")
    report = run(Cards(), *only, lines=LINES.replace("of: project", "of: project, per_action: true"))
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    said = verdicts(report)
    for contract in (
        "invalid_input/pattern/place_town/make_card@rest",  # with the land that it wants beside it
        "error_names_field/place_town/make_card@rest",
        "error_names_field/tags.1/make_card@rest",  # of `tags[]`
        "idempotency/other_action/make_card@rest",
        "idempotency/mismatch/make_card@rest",
    ):
        assert said.get(contract) == "kept", (contract, said.get(contract))
    # its other `begin` comes after its `end`, so that it is refused with a new key, too
    assert said["idempotency/mismatch/make_span@rest"] == "untested"


def test_keys_of_each_action_are_wrong_only_where_a_line_says_that_actions_share_them() -> None:
    shared = LINES.replace("of: project", "of: project, per_action: false")
    report = run(Cards(), "idempotency", lines=LINES)
    assert [f.contract.id for f in report.findings] == []
    report = run(Cards(), "idempotency/other_action", lines=shared)
    assert [(f.contract.id, str(f.rank), f.expected) for f in report.findings] == [
        ("idempotency/other_action/make_card@rest", "wrong", "400 key_reused: the key was used by make_card")
    ]


class SharedKeys(Cards):
    """A wrong server: a key that one path has used is refused at another."""

    def __call__(self, request: Request) -> Response:
        key, path = request.header("Idempotency-Key"), request.target
        if key is not None and any(k == key and at != path for _, at, k in self.used):
            return say(400, code="key_reused", param="Idempotency-Key")
        return super().__call__(request)


def test_keys_of_all_actions_are_wrong_where_each_action_has_its_own() -> None:
    lines = LINES.replace("of: project", "of: project, per_action: true")
    report = run(SharedKeys(), "idempotency/other_action", lines=lines)
    assert [(f.contract.id, str(f.rank)) for f in report.findings] == [
        ("idempotency/other_action/make_card@rest", "wrong")
    ]
