"""`import --har` finds the operations of an API in recorded traffic, and takes over no value of it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, json_bytes
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.importer.har import Proof, read_har
from pgagents.importer.recording import Recording, Shape, describe_recording, describe_texts
from pgagents.inprocess import inside, verify_sandbox
from pgagents.verify.plan.options import Options
from recording_har import Recorder
from verifying import model

CATALOGUES = Path(__file__).parents[1] / "catalogues"
SECRET = "sk_live_4f9a1c22e8d7"
JSON = ("Content-Type", "application/json")


def record(of: Model, *, binary: bool = False) -> Recorder:
    """Record a whole verification of a mock, the malformed requests with it."""
    opened = inside(of)
    recorder = Recorder(opened.sandbox.handler, binary=binary)
    object.__setattr__(opened.sandbox, "handler", recorder)
    verify_sandbox(of, opened, Options(allow_writes=True, exclusive=True))
    return recorder


def describe(*entries: dict[str, Any]) -> Recording:
    return describe_recording(*read_har({"log": {"entries": list(entries)}}))


def entry(
    target: str, answer: Any = None, *, sent: Any = None, status: int = 200, method: str = "", **headers: str
) -> dict[str, Any]:
    """Return one exchange; `headers` have `_` for `-`."""
    body = b"" if sent is None else json_bytes(sent)
    asked = (*((k.replace("_", "-"), v) for k, v in headers.items()), *((JSON,) if sent is not None else ()))
    found = Response(
        status, (JSON,) if answer is not None else (), json_bytes(answer) if answer is not None else b""
    )
    recorder = Recorder(lambda _: found)
    recorder(Request(method or ("GET" if sent is None else "POST"), target, asked, body))
    return recorder.entries[0]


def plain(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


@pytest.mark.parametrize(("name", "also"), [("notes", set()), ("shop", {("POST", "/agents/ask")})])
def test_operations_of_a_catalogue_are_found_in_its_traffic(
    name: str, also: set[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = model(CATALOGUES / f"{name}.yaml")
    recorder = record(of, binary=name == "shop")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "traffic.har").write_text(json.dumps(recorder.har))
    assert main(["import", "--har", "traffic.har", "--out", "api.yaml"]) == 0
    made = model(tmp_path / "api.yaml")
    wanted = {(action.method, plain(str(action.path))) for action in of.rest_actions}
    assert {(a.method, plain(str(a.path))) for a in made.rest_actions} == wanted | also
    text = (tmp_path / "api.yaml").read_text()
    assert "# inferred: from " in text
    assert all(secret not in text for secret in recorder.secrets)


def test_import_shows_types_and_required_members() -> None:
    document = describe(
        entry(
            "/v1/notes?limit=2&tag=a&tag=b",
            [{"id": 1, "text": "a", "at": "2026-11-22T10:00:00Z", "by": None}],
        ),
        entry(
            "/v1/notes?limit=5",
            [{"id": 2, "text": "b", "at": "2026-11-22T10:00:00Z", "by": "x", "more": 1.5}],
        ),
        entry("/v1/notes", {"id": 3, "text": "c"}, sent={"text": "c", "urgent": True}, status=201),
        entry("/v1/notes", {"id": 4, "text": "c"}, sent={"text": "d"}, status=201),
        entry("/v1/notes", {"error": "no"}, sent={}, status=422),
        entry("/v1/notes/3", {"id": 3, "text": "c"}),
        entry("/v1/notes/3", method="DELETE", status=204),
    ).document
    notes = document["paths"]["/v1/notes"]
    assert [notes["get"]["operationId"], notes["post"]["operationId"]] == ["list_notes", "create_note"]
    assert notes["get"]["parameters"] == [
        {"name": "limit", "in": "query", "schema": {"type": "integer"}, "required": True},
        {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
    ]
    assert notes["get"]["responses"]["200"]["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "text": {"type": "string"},
                "at": {"type": "string", "format": "date-time"},
                "by": {"type": ["string", "null"]},
                "more": {"type": "number"},
            },
            "required": ["id", "text", "at", "by"],
        },
    }
    body = notes["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["text"]
    assert set(notes["post"]["responses"]) == {"201", "422"}
    item = document["paths"]["/v1/notes/{note_id}"]
    assert item["get"]["parameters"][0]["schema"] == {"type": "integer"}
    assert item["delete"]["operationId"] == "delete_note"


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([("/men/al", {"login": "al"}), ("/men/me", {"login": "bob"})], {"/men/{man_id}", "/men/me"}),
        ([("/men/al/keys", []), ("/men/al", {"name": "al"})], {"/men/{man_id}/keys", "/men/{man_id}"}),
        ([("/a/cus_9s6X", {}), ("/a/top-10", {})], {"/a/{a_id}", "/a/top-10"}),
        ([("/v2/orders/17/items/4", {})], {"/v2/orders/{order_id}/items/{item_id}"}),
        ([("/mail/ann@example.com", {})], {"/mail/{mail_id}"}),
        ([("/files/9f8b7c6d-1111-4222-8333-944455566677", {})], {"/files/{file_id}"}),
        ([("/boxes", [{"id": "red-box"}]), ("/boxes/red-box/open", {})], {"/boxes", "/boxes/{box_id}/open"}),
        ([("/colors/red", {"color": "red"}), ("/colors/blue", {"color": "blue"})], {"/colors/{color_id}"}),
        ([("/shops/1/shops/2", {})], {"/shops/{shop_id}/shops/{shop_id_2}"}),
    ],
)  # fmt: skip
def test_ids_in_paths_are_found_by_shape_and_by_return(paths: list[Any], expected: set[str]) -> None:
    assert set(describe(*(entry(path, answer) for path, answer in paths)).document["paths"]) == expected


@pytest.mark.parametrize(
    ("headers", "target", "scheme"),
    [
        ({"Authorization": f"Bearer {SECRET}"}, "/a", {"type": "http", "scheme": "bearer"}),
        ({"Authorization": f"Basic {SECRET}"}, "/a", {"type": "http", "scheme": "basic"}),
        ({"X_API_Key": SECRET}, "/a", {"type": "apiKey", "in": "header", "name": "X-Api-Key"}),
        ({}, f"/a?api_key={SECRET}", {"type": "apiKey", "in": "query", "name": "api_key"}),
        ({"Cookie": f"theme=dark; sid={SECRET}"}, "/a", {"type": "apiKey", "in": "cookie", "name": "sid"}),
    ],
)  # fmt: skip
def test_kind_of_key_is_found_and_no_value_is_kept(
    headers: dict[str, str], target: str, scheme: dict[str, str]
) -> None:
    private = {"name": "Ann Example", "email": "ann@example.com", "card": "4111111111111111"}
    found = describe(entry(target, {"token": SECRET, **private}, **headers), entry("/open", {}))
    assert list(found.document["components"]["securitySchemes"].values()) == [scheme]
    operation = found.document["paths"]["/a"]["get"]
    assert len(operation["security"]) == 1
    assert "parameters" not in operation
    assert found.document["paths"]["/open"]["get"]["security"] == []
    text = json.dumps(found.document)
    assert not [value for value in (SECRET, *private.values()) if value in text]


def test_names_of_people_as_members_become_a_map() -> None:
    answer = {"ann@example.com": {"n": 1}, "bob@example.com": {"n": 2}}
    schema = describe(entry("/a", answer)).document["paths"]["/a"]["get"]["responses"]["200"]
    assert "example.com" not in json.dumps(schema)
    assert schema["content"]["application/json"]["schema"]["additionalProperties"]["required"] == ["n"]


def test_form_bodies_have_fields() -> None:
    one = entry("/tokens", {}, method="POST")
    one["request"]["postData"] = {
        "mimeType": "application/x-www-form-urlencoded; charset=utf-8",
        "params": [{"name": "amount", "value": "12"}, {"name": "to", "value": "ann@example.com"}],
    }
    body = describe(one).document["paths"]["/tokens"]["post"]["requestBody"]["content"]
    fields = body["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert fields == {"amount": {"type": "integer"}, "to": {"type": "string", "format": "email"}}


def test_only_the_host_that_is_called_most_is_taken_and_others_are_named() -> None:
    other = entry("/b", {})
    other["request"]["url"] = "https://metrics.example/b"
    page = entry("/index.html")
    page["response"]["content"] = {"size": 5, "mimeType": "text/html", "text": "<p>a"}
    found = describe(entry("/a", {}), entry("/c", {}), other, page, entry("/d", {"e": 1}, status=404))
    assert set(found.document["paths"]) == {"/a", "/c"}
    assert len([remark for remark in found.remarks if "metrics.example" in remark]) == 1
    assert any("1 entries are no calls" in remark for remark in found.remarks)
    assert any("never succeeded" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "is no HAR"),
        ('{"log": {"entries": {}}}', "is no HAR"),
        ('{"log": {"entries": []}}', "no call of an API"),
        ('{"log": {"entries": [null, 1, {"request": 1, "response": {}}]}}', "no call of an API"),
        ("[]", "is no mapping"),
        ('{"log": ' + "[" * 300 + "]" * 300 + "}", "nested"),
        (json.dumps({"log": {"entries": [{}] * 20_001}}), "at most 20,000 are read"),
    ],
)
def test_what_is_no_recording_is_one_message(
    text: str, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.har").write_text(text)
    assert main(["import", "--har", str(tmp_path / "a.har"), "--out", "-"]) == 2
    shown = capfd.readouterr().err
    assert said in shown
    assert "Traceback" not in shown


MEMBERS = ["request", "response", "url", "method", "status", "content", "text", "mimeType", "headers"]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
ODD = st.recursive(
    LEAVES | st.sampled_from(["https://a/b/1", "GET", "application/json", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=80, deadline=None)
@given(st.lists(ODD, max_size=4))
def test_any_entries_are_read_or_refused(entries: list[Any]) -> None:
    found, others = read_har({"log": {"entries": entries}})
    assert len(found) + others == len(entries)
    with suppress(PgagentsError):
        assert describe_recording(found, others).calls


VALUES = st.recursive(
    LEAVES | st.floats(-2, 2),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=5))
def test_the_schema_of_values_allows_each_of_them(values: list[Any]) -> None:
    from pgagents.base.jsonschema.schema import foreign_validator

    shape = Shape()
    for value in values:
        shape.add(value)
    test = foreign_validator(shape.schema())
    assert all(test.is_valid(value) for value in values)


def test_texts_of_a_query_have_the_narrowest_type() -> None:
    assert describe_texts(["1", "22"]) == {"type": "integer"}
    assert describe_texts(["1", "2.5"]) == {"type": "number"}
    assert describe_texts(["true"]) == {"type": "boolean"}
    assert describe_texts(["2026-11-22"]) == {"type": "string", "format": "date"}
    assert describe_texts(["1", "x"]) == {"type": "string"}


def test_proofs_have_no_value() -> None:
    assert set(Proof.__dataclass_fields__) == {"kind", "place", "name"}


def test_a_name_that_holds_a_key_is_left_out_and_counted() -> None:
    """Some APIs answer with objects by key; then the name of the member is the key."""
    key = "n4Zq81xkT0bb"
    recording = describe(
        entry(
            "/users", {key: 1, "email": "a@b.example", "by": {f"k_{key}": 2, "created_at": 3}}, X_Api_Key=key
        ),
        entry(f"/users/{key}/notes", {"notes": []}, Authorization=f"Bearer {SECRET}"),
        entry("/users", {"id": 3}, sent={"password": "hunter2-9911", "hunter2-9911": 1, SECRET: {"a": 1}}),
        entry(f"/find?{SECRET}=1&q=2", {"items": []}, Cookie="sort=created_at; sid=abc"),
    )
    written = json.dumps(recording.document)
    for secret in (key, SECRET, "hunter2-9911"):
        assert secret not in written
    assert {"email", "created_at", "password", "q"} <= set(re.findall(r'"(\w+)"', written))
    assert "5 names hold a key and are left out" in recording.remarks
