"""The library server keeps what its prose promises: states, pages, counts, the order of checks, headers."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest

from evaluation.foreign.serving import serving, why_missing

pytestmark = pytest.mark.matrix

STAFF = "lib_test_StaffMain000000000000000"
OTHER = "lib_test_StaffTwo0000000000000000"
READER = "lib_test_Reader000000000000000000"
OPERATOR = "lib_op_Operator0000000000000000"


@contextmanager
def calling() -> Iterator[httpx.Client]:
    if why := why_missing("library"):
        pytest.skip(why)
    with serving("library") as url, httpx.Client(base_url=url, headers={"X-API-Key": STAFF}) as client:
        yield client


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    with calling() as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx.Client]:
    """A server for the tests that change nothing."""
    with calling() as client:
        yield client


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert set(body) == {"type", "title", "status", "detail"} | (
        {"errors"} if answer.status_code == 422 else set()
    )
    return answer.status_code, body["type"].removeprefix("https://lending.example/problems/")


def advance(api: httpx.Client, seconds: int) -> None:
    assert api.post("/clock", json={"advance_s": seconds}, headers={"X-API-Key": OPERATOR}).status_code == 200


def test_first_data(shared: httpx.Client) -> None:
    page = shared.get("/titles").json()
    assert [(title["id"], title["copies"], title["available"]) for title in page["titles"]] == [
        (1, 3, 2),
        (2, 1, 1),
        (3, 2, 2),
    ]
    assert {name: page[name] for name in ("page", "per_page", "total", "pages")} == {
        "page": 1,
        "per_page": 20,
        "total": 3,
        "pages": 1,
    }
    other = shared.get("/titles", headers={"X-API-Key": OTHER}).json()
    assert [title["title"] for title in other["titles"]] == ["Harbour Lights"]
    assert shared.get("/patrons/2").json()["ready_holds"] == 1
    (hold,) = shared.get("/holds").json()["holds"]
    assert (hold["title_id"], hold["patron_id"], hold["copy_id"], hold["hours"]) == (1, 2, 1, 24)
    assert problem(shared.get("/titles/4")) == (404, "not-found")
    assert problem(shared.get("/patrons/3")) == (404, "not-found")


def test_hold_is_placed_cancelled_and_final(api: httpx.Client) -> None:
    placed = api.post("/holds", json={"title_id": 1, "patron_id": 1, "hours": 2, "note": "window"})
    hold = placed.json()
    assert (placed.status_code, placed.headers["location"]) == (201, f"/v1/holds/{hold['id']}")
    assert (hold["copy_id"], hold["state"], hold["ended_at"], hold["reason"]) == (2, "ready", None, None)
    length = datetime.fromisoformat(hold["expires_at"]) - datetime.fromisoformat(hold["placed_at"])
    assert length.total_seconds() == 7200
    assert api.get("/titles/1").json()["available"] == 1
    assert [copy["hold_id"] for copy in api.get("/titles/1/copies").json()] == [1, hold["id"], None]
    assert [copy["number"] for copy in api.get("/titles/1/copies?free=false").json()] == [1, 2]
    assert problem(api.post("/holds", json={"title_id": 1, "patron_id": 1})) == (409, "already-held")
    cancelled = api.post(f"/holds/{hold['id']}/cancel", json={"reason": "moved"}).json()
    assert cancelled == {**hold, "state": "cancelled", "ended_at": cancelled["ended_at"], "reason": "moved"}
    assert api.get(f"/holds/{hold['id']}").json() == cancelled
    assert problem(api.post(f"/holds/{hold['id']}/cancel", json={})) == (409, "hold-ended")
    assert api.get("/titles/1").json()["available"] == 2
    assert api.get("/patrons/1").json()["ready_holds"] == 0


def test_hold_expires_by_the_clock(api: httpx.Client) -> None:
    advance(api, 24 * 3600)
    hold = api.get("/holds/1").json()
    assert (hold["state"], hold["ended_at"], hold["reason"]) == ("expired", hold["expires_at"], None)
    assert problem(api.post("/holds/1/cancel", json={})) == (409, "hold-ended")
    assert api.get("/titles/1").json()["available"] == 3
    assert api.get("/holds?states=expired,cancelled").json()["total_records"] == 1
    assert api.get("/holds?states=ready").json()["holds"] == []


def test_capacity_and_limits_of_a_patron(api: httpx.Client) -> None:
    for count in range(5):
        title = api.post("/titles", json={"title": f"T{count}", "authors": ["A"], "copies": 1}).json()
        assert api.post("/holds", json={"title_id": title["id"], "patron_id": 1}).status_code == 201
    assert problem(api.post("/holds", json={"title_id": 3, "patron_id": 1})) == (409, "patron-limit")
    assert problem(api.post("/holds", json={"title_id": title["id"], "patron_id": 2})) == (
        409,
        "no-copy-free",
    )


def test_last_copy_goes_to_one(api: httpx.Client) -> None:
    patrons = [
        api.post("/patrons", json={"name": "P", "email": f"p{n}@example.com"}).json()["id"] for n in range(8)
    ]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda patron: api.post("/holds", json={"title_id": 2, "patron_id": patron}), patrons)
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert api.get("/titles/2").json()["available"] == 0


def test_removed_title_is_gone(api: httpx.Client) -> None:
    assert problem(api.delete("/titles/1")) == (409, "title-in-use")
    api.post("/holds/1/cancel", json={})
    answer = api.delete("/titles/1")
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (api.get("/titles/1"), api.delete("/titles/1"), api.get("/titles/1/copies")):
        assert problem(gone) == (410, "gone")
    assert problem(api.post("/holds", json={"title_id": 1, "patron_id": 99})) == (410, "gone")
    assert problem(api.post("/holds", json={"title_id": 2, "patron_id": 99})) == (404, "not-found")
    assert api.get("/holds?title_id=1").json()["total_records"] == 1
    assert api.get("/titles").json()["total"] == 2
    assert problem(api.get("/titles/1", headers={"X-API-Key": OTHER})) == (404, "not-found")


def test_pages_filters_and_orders(shared: httpx.Client) -> None:
    assert [title["id"] for title in shared.get("/titles?sort=-id").json()["titles"]] == [3, 2, 1]
    assert [title["id"] for title in shared.get("/titles?sort=year").json()["titles"]] == [1, 2, 3]
    assert [title["id"] for title in shared.get("/titles?subjects=history,maps").json()["titles"]] == [2]
    assert [title["id"] for title in shared.get("/titles", params={"q": "MAPS of"}).json()["titles"]] == [2]
    page = shared.get("/titles?page=2&per_page=2").json()
    assert ([title["id"] for title in page["titles"]], page["total"], page["pages"]) == ([3], 3, 2)
    assert shared.get("/titles?page=10000").json()["titles"] == []
    assert shared.get("/titles?q=nothing").json()["pages"] == 0
    assert shared.get("/titles?colour=red").status_code == 200


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("page=0", "query:page"),
        ("page=01", "query:page"),
        ("page=%2B1", "query:page"),
        ("page=1&page=1", "query:page"),
        ("page=", "query:page"),
        ("subjects=a,,b", "query:subjects"),
        ("subjects=a,a", "query:subjects"),
        ("sort=title", "query:sort"),
        ("q=", "query:q"),
        ("q=%01", "query:q"),
    ],
)
def test_wrong_query_is_invalid(shared: httpx.Client, query: str, at: str) -> None:
    answer = shared.get(f"/titles?{query}")
    assert problem(answer) == (422, "invalid")
    assert {fault["at"].split("/")[0] for fault in answer.json()["errors"]} == {at}


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "/title"),
        ({"title": "T", "authors": ["A"], "copies": "1"}, "/copies"),
        ({"title": "T", "authors": ["A"], "copies": True}, "/copies"),
        ({"title": "T", "authors": ["A"], "copies": 1.5}, "/copies"),
        ({"title": "T", "authors": ["A"], "copies": 51}, "/copies"),
        ({"title": "T", "authors": ["A", ""], "copies": 1}, "/authors/1"),
        ({"title": "T", "authors": ["A"], "copies": 1, "a/b": 1}, "/a~1b"),
        ({"title": "T", "authors": ["A"], "copies": 1, "subjects": ["a", "a"]}, "/subjects"),
        ({"title": "T", "authors": ["A"], "copies": 1, "subjects": None}, "/subjects"),
        ({"title": "T\n", "authors": ["A"], "copies": 1}, "/title"),
        ([], ""),
        ("text", ""),
    ],
)
def test_wrong_body_is_invalid(shared: httpx.Client, body: object, at: str) -> None:
    answer = shared.post("/titles", json=body)
    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["at"] == at
    assert shared.get("/titles").json()["total"] == 3


def test_whole_floats_and_astral_texts_are_taken(api: httpx.Client) -> None:
    body = json.dumps({"title": "\U0001f4da" * 200, "authors": [" A "], "copies": 2.0})
    answer = api.post("/titles", content=body, headers={"Content-Type": "application/json; charset=UTF-8"})
    assert answer.status_code == 201
    assert (answer.json()["title"], answer.json()["authors"]) == ("\U0001f4da" * 200, [" A "])
    assert api.get(answer.headers["location"].removeprefix("/v1")).json() == answer.json()


def test_order_of_checks(shared: httpx.Client) -> None:
    """Each call has every later fault too."""
    path, big = "/holds/9999/cancel", b"{" * 65_537
    json_type = {"Content-Type": "application/json"}

    def send(content: bytes, headers: dict[str, str]) -> tuple[int, str]:
        return problem(shared.post(path, content=content, headers=headers))

    assert problem(shared.post("/nowhere", content=big, headers={"X-API-Key": ""})) == (404, "no-such-path")
    wrong_method = shared.put(path, content=big, headers={"X-API-Key": ""})
    assert problem(wrong_method) == (405, "method-not-allowed")
    assert wrong_method.headers["allow"] == "POST, OPTIONS"
    assert send(big, {"X-API-Key": ""}) == (401, "key-missing")
    assert send(big, {"X-API-Key": "lib_test_Revoked00000000000000000"}) == (401, "key-unknown")
    assert send(big, {"X-API-Key": READER}) == (403, "not-allowed")
    assert send(big, {"X-API-Key": OPERATOR}) == (403, "not-allowed")
    assert send(big, {}) == (413, "too-large")
    assert send(b"{", {}) == (415, "wrong-type")
    assert send(b"{", {"Content-Type": "application/json; charset=latin-1"}) == (415, "wrong-type")
    for malformed in (b"{", b"", b"\xff", b'{"reason": NaN}', b'{"reason": "\\ud800"}', b"{} {}"):
        assert send(malformed, json_type) == (400, "malformed")
    assert send(b'{"why": 1}', json_type) == (422, "invalid")
    assert send(b"{}", json_type) == (404, "not-found")
    assert send(b"{}" + b" " * 65_534, json_type) == (404, "not-found")


def test_heads_options_and_headers(shared: httpx.Client) -> None:
    ids = set()
    for path in (
        "/titles",
        "/titles/1",
        "/titles/1/copies",
        "/patrons/1",
        "/holds",
        "/holds/1",
        "/reserves/1",
    ):
        got, head = shared.get(path), shared.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"] == "application/json"
        ids |= {got.headers["x-request-id"], head.headers["x-request-id"]}
        assert got.headers["cache-control"] == "no-store"
        options = shared.options(path, headers={"X-API-Key": ""})
        assert options.status_code == 204
        assert {"GET", "HEAD", "OPTIONS"} <= set(options.headers["allow"].split(", "))
    assert len(ids) == 14


def test_former_path_is_deprecated(shared: httpx.Client) -> None:
    assert shared.get("/reserves/1").json() == shared.get("/holds/1").json()
    for asked, headers in (("1", {}), ("99", {}), ("x%20y", {}), ("1", {"X-API-Key": ""})):
        answer = shared.get(f"/reserves/{asked}", headers=headers)
        assert answer.headers["deprecation"] == "@1767225600"
        assert answer.headers["sunset"] == "Wed, 30 Jun 2027 23:59:59 GMT"
        assert answer.headers["link"] == f'</v1/holds/{asked}>; rel="successor-version"'
    assert "deprecation" not in shared.get("/holds/1").headers


@pytest.mark.parametrize("path", ["/titles/", "//titles", "/Titles", "/titles/1/", "/titles%0A", "/docs"])
def test_paths_are_exact(shared: httpx.Client, path: str) -> None:
    assert problem(httpx.get(f"{shared.base_url}".rstrip("/") + path)) == (404, "no-such-path")


@pytest.mark.parametrize("id", ["0", "01", "+1", "1.0", "2147483648", "x"])
def test_other_ids_are_not_found(shared: httpx.Client, id: str) -> None:
    assert problem(shared.get(f"/titles/{id}")) == (404, "not-found")


def test_addresses_are_unique_within_a_library(api: httpx.Client) -> None:
    patron = {"name": "N", "email": "NORA@example.com"}
    assert problem(api.post("/patrons", json=patron)) == (409, "email-taken")
    assert api.post("/patrons", json=patron, headers={"X-API-Key": OTHER}).status_code == 201


def test_limit() -> None:
    if why := why_missing("library"):
        pytest.skip(why)
    with serving("library", options=("--bucket", "3")) as url:
        with httpx.Client(headers={"X-API-Key": STAFF}) as client:
            answers = [client.get(f"{url}/titles") for _ in range(60)]
        limited = [answer for answer in answers if answer.status_code == 429]
        assert limited
        assert all(problem(answer) == (429, "limit") for answer in limited)
        assert all(("retry-after" in answer.headers) == (answer in limited) for answer in answers)
        assert {answer.headers["retry-after"] for answer in limited} == {"1"}
        assert httpx.get(f"{url}/titles", headers={"X-API-Key": READER}).status_code == 200
