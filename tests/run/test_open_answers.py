"""An answer may have any type if its document says `*/*`, and any status if it says `default` or `4XX`.

Then only the answer's own Content-Type says how to read it, and a crash alone has a wrong status.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import imported, openapi
from language_table import FILE, base, vendor_files
from pgagents.base.http import Request, Response
from pgagents.base.writing import to_yaml
from pgagents.catalogue.decoding.medium import accept_of
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.diff.compare import compare
from pgagents.generate.build import build
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify

URL = "http://127.0.0.1:1"
BOOK = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
BYTES = {"type": "string", "format": "binary"}
ERROR = {"description": "No", "content": {"application/json": {"schema": {"type": "object"}}}}
PNG = b"\x89PNG\r\n\x1a\n...IEND"


def get(schema: dict[str, Any] | None, media: str = "*/*") -> dict[str, Any]:
    content = {media: {} if schema is None else {"schema": schema}}
    return {
        "get": {
            "operationId": "getIt",
            "summary": "Get it",
            "responses": {"200": {"description": "It", "content": content}, "404": ERROR},
        }
    }


def model(schema: dict[str, Any] | None, media: str = "*/*") -> Model:
    return imported(openapi({"/it": get(schema, media)})).model


def verdicts(found: Model, answer: Response) -> dict[str, str]:
    """Verify a server with one answer for its only path, and JSON for every other."""
    now = [1_776_000_000.0]

    def handler(request: Request) -> Response:
        known = request.path == "/it" and request.method in ("GET", "HEAD")
        return answer if known else Response(404, (("Content-Type", "application/json"),), b"{}")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        found, handler, Identities({}), Options(live=False),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    return {
        f"{result.contract.check}/{result.contract.detail}": str(result.verdict.value)
        for result in report.results
        if result.contract.place == "get_it@rest"
    }


def told(media: str, body: bytes) -> Response:
    return Response(200, (("Content-Type", media),) if media else (), body)


@pytest.mark.parametrize(
    ("schema", "answer", "body"),
    [
        ({"type": "string"}, told("text/plain;charset=UTF-8", b"hello"), "kept"),
        ({"type": "string"}, told("text/html", b""), "kept"),
        ({"type": "string"}, told("", b"hello"), "kept"),
        ({"type": "string"}, told("application/json", b'"hello"'), "kept"),
        (BYTES, told("image/png", PNG), "kept"),
        (BYTES, told("application/octet-stream", b"\xff\xfe"), "kept"),
        (BYTES, told("application/json", b'{"a": 1}'), "kept"),
        (BOOK, told("application/json", b'{"id": "1"}'), "kept"),
        (BOOK, told("application/hal+json", b'{"id": "1"}'), "kept"),
        (BOOK, told("application/xml", b"<book><id>1</id></book>"), "untested"),
        (None, told("text/csv", b"a,b\r\n"), "kept"),
    ],
)
def test_answer_of_any_type_is_right_in_each(schema: dict[str, Any], answer: Response, body: str) -> None:
    """No type is promised, so that text, bytes, XML and JSON are not a finding."""
    found = verdicts(model(schema), answer)
    assert found["content_type/"] not in ("broken", "odd")
    assert found["response_schema/200"] == body


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        (BOOK, told("application/json", b'{"id": 1}')),
        (BOOK, told("application/json", b"<book/>")),
        (BOOK, told("", b"")),
        ({"type": "string", "maxLength": 3}, told("text/plain", b"hello")),
        ({"type": "string"}, told("application/json", b"hello")),
        (BYTES, told("image/png", b"<p>Sorry</p>")),
    ],
)
def test_body_of_any_type_is_held_to_its_schema_and_its_own_type(
    schema: dict[str, Any], answer: Response
) -> None:
    assert verdicts(model(schema), answer)["response_schema/200"] == "broken"


def test_answer_of_one_type_is_held_to_it() -> None:
    """A document that names JSON promises JSON."""
    found = verdicts(model({"type": "string"}, "application/json"), told("text/plain", b"hello"))
    assert found["content_type/"] == "broken"


def test_error_beside_an_answer_of_any_type_is_json() -> None:
    page = Response(404, (("Content-Type", "text/html"),), b"<p>No</p>")
    assert verdicts(model({"type": "string"}), page)["content_type/"] == "broken"


@pytest.mark.parametrize(
    ("schema", "media", "accept"),
    [
        (BOOK, "*/*", "application/json, */*;q=0.8"),
        (BYTES, "*/*", "*/*"),
        (BOOK, "application/json", "application/json"),
    ],
)
def test_call_takes_any_type_where_each_is_right(schema: dict[str, Any], media: str, accept: str) -> None:
    assert accept_of(model(schema, media).actions[0]) == accept


def notes(media: str) -> Model:
    """The catalogue of the tests, in which reading a note answers this media type."""
    data = base()
    data["actions"]["get_note"]["output"][200]["content_type"] = media
    return load_text(to_yaml(data).decode(), FILE)


def test_documents_of_an_answer_of_any_type() -> None:
    """The full document says any type; a vendor that reads JSON alone is told JSON, and loses no action."""
    built = build(notes("*/*"))
    types = {}
    for vendor, path in (("openapi", "openapi/openapi.json"), ("openai", "openai/openapi.json")):
        document = json.loads(vendor_files(built, vendor)[path])
        types[vendor] = list(document["paths"]["/notes/{note_id}"]["get"]["responses"]["200"]["content"])
    assert types == {"openapi": ["*/*"], "openai": ["application/json"]}
    plugin = json.loads(vendor_files(built, "copilot")["copilot/ai-plugin.json"])
    assert "getNote" in [function["name"] for function in plugin["functions"]]
    full = json.loads(vendor_files(built, "openapi")["openapi/openapi.json"])
    again = imported(full, offering=False).data["actions"]["get_note"]["output"][200]
    assert again["content_type"] == "*/*"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("*/*", "application/json", []), ("application/json", "*/*", ["breaking"])],
)
def test_an_answer_of_any_type_may_become_one_of_a_type(old: str, new: str, told: list[str]) -> None:
    found = [c for c in compare(notes(old), notes(new)) if c.id == "content-type"]
    assert [c.severity for c in found] == told


DONE = {"description": "Done"}


def read(responses: dict[str, Any]) -> Model:
    """Return the catalogue of an API with one read that has these responses."""
    taken = {"operationId": "doIt", "summary": "Do it", "responses": responses}
    return imported(openapi({"/names": {"get": taken}})).model


def judge(found: Model, status: int, media: str = "application/json") -> dict[str, str]:
    """Verify a server that answers each call of the only action with one status."""
    now = [1_776_000_000.0]

    def handler(request: Request) -> Response:
        known = request.path == "/names" and request.method in ("GET", "HEAD")
        return Response(status if known else 404, (("Content-Type", media),), b"{}")

    def sleep(seconds: float) -> None:
        now[0] += seconds

    report = verify(
        found, handler, Identities({}), Options(live=False),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip
    return {
        r.contract.check: str(r.verdict.value)
        for r in report.results
        if r.contract.place == "do_it@rest" and r.contract.check in ("documented_status", "no_crashes")
    }


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        ({"default": DONE}, 201),
        ({"default": DONE}, 404),
        ({"200": DONE, "default": ERROR}, 415),
        ({"200": DONE, "default": ERROR}, 202),
        ({"2XX": DONE, "4XX": ERROR}, 204),
        ({"2XX": DONE, "4XX": ERROR}, 410),
        ({"2xx": DONE, "4xx": ERROR}, 410),
    ],
)
def test_status_of_a_documented_class_is_documented(responses: dict[str, Any], status: int) -> None:
    found = judge(read(responses), status)
    answered = "kept" if status < 300 else "untested"  # no success came, so that nothing is held to be kept
    assert found == {"documented_status": answered, "no_crashes": answered}


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        ({"200": DONE, "404": ERROR}, 410),
        ({"200": DONE}, 201),
        ({"2XX": DONE}, 410),
        ({"200": DONE, "4XX": ERROR}, 204),
        ({"200": DONE, "4XX": ERROR}, 302),
    ],
)
def test_status_of_no_documented_class_is_a_finding(responses: dict[str, Any], status: int) -> None:
    assert judge(read(responses), status)["documented_status"] == "broken"


@pytest.mark.parametrize("responses", [{"default": DONE}, {"200": DONE, "default": ERROR}])
@pytest.mark.parametrize("status", [500, 501, 507])
def test_crash_under_default_is_a_finding(responses: dict[str, Any], status: int) -> None:
    """A document's `default` is not a promise to crash (decision 0080). A 501 says what is not there."""
    assert judge(read(responses), status)["no_crashes"] == ("odd" if status == 501 else "broken")


@pytest.mark.parametrize(
    ("responses", "said"),
    [
        ({"default": DONE}, ["2XX", "3XX", "4XX", "5XX"]),
        ({"2XX": DONE, "4XX": ERROR}, ["2XX", "4XX"]),
        ({"200": DONE, "404": ERROR}, None),
    ],
)
def test_catalogue_says_which_classes_a_document_has(responses: dict[str, Any], said: Any) -> None:
    made = imported(openapi({"/names": {"get": {"operationId": "doIt", "responses": responses}}}))
    assert made.data["actions"]["do_it"].get("other_statuses") == said


def test_class_covers_its_own_statuses() -> None:
    data = base()
    data["actions"]["get_note"]["other_statuses"] = ["2XX"]
    action = load_text(to_yaml(data).decode(), FILE).actions[2]
    assert (action.covers(206), action.covers(302), action.covers(404)) == (True, False, False)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ([], ["4XX"], [("may break", "status-added")]),
        (["2XX", "4XX"], ["4XX"], [("addition", "status-removed")]),
        (["4XX", "2XX"], ["2XX", "4XX"], []),
    ],
)
def test_change_of_the_classes_is_told(old: list[str], new: list[str], told: list[tuple[str, str]]) -> None:
    def having(classes: list[str]) -> Model:
        data = base()
        data["actions"]["get_note"]["other_statuses"] = classes
        return load_text(to_yaml(data).decode(), FILE)

    assert [(c.severity, c.id) for c in compare(having(old), having(new))] == told
