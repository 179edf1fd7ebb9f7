"""The documents server keeps its prose: tokens, uploads, versions, pages, streams, the order of checks."""

import base64
import csv
import hashlib
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from evaluation.foreign.serving import serving, why_missing

pytestmark = pytest.mark.matrix

PLANS = "/workspaces/atlas/folders/plans"
ROOF = f"{PLANS}/documents/doc_aaaaaaaaaaaaaaaaaaa1"
JSON = {"Content-Type": "application/json"}
PATCH = {"Content-Type": "application/merge-patch+json"}
MARKDOWN = {"Content-Type": "text/markdown"}
FORM = {"grant_type": "client_credentials"}


def token(url: str, client: str = "client_main", secret: str = "main-secret-0001", **more: str) -> str:
    answer = httpx.post(f"{url}/oauth2/token", data={**FORM, **more}, auth=(client, secret))
    assert answer.status_code == 200, answer.text
    given: str = answer.json()["access_token"]
    return given


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


@contextmanager
def calling(*options: str) -> Iterator[httpx.Client]:
    if why := why_missing("documents"):
        pytest.skip(why)
    with (
        serving("documents", options=options) as url,
        httpx.Client(base_url=url, headers=bearer(token(url)), timeout=600) as client,
    ):
        yield client


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    with calling() as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx.Client]:
    """A server for the tests that change nothing."""
    with calling("--bucket", "100000") as client:
        yield client


def base(api: httpx.Client) -> str:
    return f"{api.base_url}".rstrip("/")


def error(answer: httpx.Response) -> tuple[int, str, str | None]:
    fault = answer.json()["error"]
    assert set(fault) == {"status", "code", "message", "pointer"}
    assert fault["status"] == answer.status_code
    return answer.status_code, fault["code"], fault["pointer"]


def upload(api: httpx.Client, name: str, content: bytes = b"x", **metadata: Any) -> httpx.Response:
    parts: list[tuple[str, Any]] = [("file", ("f", content, "text/plain")), ("name", (None, name))]
    if metadata:
        parts.append(("metadata", (None, json.dumps(metadata), "application/json")))
    return api.post(f"{PLANS}/documents", files=parts)


def advance(api: httpx.Client, seconds: int) -> None:
    operator = bearer(token(base(api), "client_operator", "operator-secret-0004"))
    assert api.post("/clock", json={"advance_s": seconds}, headers=operator).status_code == 200


def changes(api: httpx.Client, **query: int) -> list[tuple[str | None, str, dict[str, Any]]]:
    """The id, kind and data of each event."""
    answer = api.get("/workspaces/atlas/changes", params=query)
    assert answer.headers["content-type"] == "text/event-stream"
    found = []
    for block in answer.text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        found.append((lines.get("id"), lines["event"], json.loads(lines["data"])))
    return found


# tokens


def test_tokens(shared: httpx.Client) -> None:
    url = f"{base(shared)}/oauth2/token"
    main = {"client_id": "client_main", "client_secret": "main-secret-0001"}
    answer = httpx.post(url, data={**FORM, **main, "scope": "documents.write documents.read", "other": "x"})
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert re.fullmatch("pd_test_[A-Za-z0-9]{40}", body.pop("access_token"))
    assert body == {"token_type": "Bearer", "expires_in": 3600, "scope": "documents.read documents.write"}

    def refused(status: int, code: str, **request: Any) -> None:
        answer = httpx.post(url, **request)
        assert (answer.status_code, answer.json()["error"]) == (status, code)
        assert set(answer.json()) == {"error", "error_description"}
        assert ("www-authenticate" in answer.headers) == (status == 401)

    refused(400, "invalid_request", json=FORM)
    refused(400, "invalid_request", data=FORM)
    refused(400, "invalid_request", data=main)
    refused(400, "invalid_request", data={**FORM, **main}, auth=("client_main", "main-secret-0001"))
    refused(400, "invalid_request", data={**FORM, **main, "scope": ""})
    refused(400, "invalid_request", data={**FORM, **main, "scope": ["documents.read"] * 2})
    refused(401, "invalid_client", data={**FORM, **main, "client_secret": "x"})
    refused(401, "invalid_client", data={"grant_type": "password"}, auth=("x", "y"))
    refused(401, "invalid_client", data=FORM, headers={"Authorization": "Bearer x"})
    refused(400, "unsupported_grant_type", data={**main, "grant_type": "password", "scope": "x"})
    refused(400, "invalid_scope", data={**FORM, **main, "scope": "operator"})


def test_token_expires_by_the_clock(api: httpx.Client) -> None:
    advance(api, 3590)
    assert api.get(ROOF).status_code == 200
    later = bearer(token(base(api)))
    advance(api, 10)
    assert error(api.get(ROOF)) == (401, "token_expired", None)
    assert 'error="invalid_token"' in api.get(ROOF).headers["www-authenticate"]
    assert api.get(ROOF, headers=later).status_code == 200


def test_scopes_and_organisations(shared: httpx.Client) -> None:
    reader = bearer(token(base(shared), "client_reader", "reader-secret-0003"))
    refused = shared.delete(ROOF, headers=reader)
    assert error(refused) == (403, "scope_missing", None)
    assert 'error="insufficient_scope", scope="documents.write"' in refused.headers["www-authenticate"]
    assert shared.get(ROOF, headers=reader).status_code == 200
    only_write = bearer(token(base(shared), scope="documents.write"))
    assert error(shared.get(ROOF, headers=only_write)) == (403, "scope_missing", None)
    assert error(shared.post("/clock", json={})) == (403, "scope_missing", None)
    second = bearer(token(base(shared), "client_second", "second-secret-0002"))
    assert error(shared.get(ROOF, headers=second)) == (404, "workspace_not_found", None)
    assert shared.get("/workspaces/borealis/folders/plans/documents", headers=second).status_code == 200


# folders


def test_folder_is_upserted(api: httpx.Client) -> None:
    path = "/workspaces/atlas/folders/new-one"
    made = api.put(path, json={"title": "New", "color": "red"})
    folder = made.json()["folder"]
    assert (made.status_code, folder["number"], folder["documents_count"]) == (201, 3, 0)
    assert made.headers["location"] == "/2.0/folders.info?workspace=atlas&slug=new-one"
    assert folder["@id"] == "atlas/new-one"
    same = api.put(path, json={"title": "New", "color": "red"})
    assert (same.status_code, same.json()["folder"]) == (200, folder)
    assert "location" not in same.headers
    changed = api.put(path, json={"title": "New"}).json()["folder"]
    assert changed == {**folder, "color": None, "updated_at": changed["updated_at"]}
    assert api.get("/folders.info?workspace=atlas&number=3").json() == {"ok": True, "folder": changed}
    assert error(api.put("/workspaces/atlas/folders/No", json={"title": "x"})) == (
        422,
        "invalid",
        "path:slug",
    )
    assert error(api.put("/workspaces/none/folders/no", json={})) == (422, "invalid", "/title")
    assert error(api.put("/workspaces/none/folders/no", json={"title": "x"})) == (
        404,
        "workspace_not_found",
        None,
    )
    assert [kind for _, kind, _ in changes(api, since=4)] == ["folder.created", "folder.updated", "end"]


def test_first_call_makes_the_folder_once(api: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        put = lambda n: api.put("/workspaces/atlas/folders/race", json={"title": f"T{n}"})  # noqa: E731
        answers = list(pool.map(put, range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_arguments"),
        ("workspace=atlas", "invalid_arguments"),
        ("workspace=atlas&slug=plans&number=1", "invalid_arguments"),
        ("workspace=atlas&number=0", "invalid_arguments"),
        ("workspace=atlas&number=01", "invalid_arguments"),
        ("workspace=atlas&slug=a&slug=b", "invalid_arguments"),
        ("workspace=none&number=x", "invalid_arguments"),
        ("workspace=borealis&slug=plans", "workspace_not_found"),
        ("workspace=atlas&number=99", "folder_not_found"),
        ("workspace=atlas&slug=NO", "folder_not_found"),
    ],
)
def test_legacy_errors_are_in_a_200(shared: httpx.Client, query: str, code: str) -> None:
    answer = shared.get(f"/folders.info?{query}")
    assert (answer.status_code, answer.json()) == (200, {"ok": False, "error": code})


# documents


def test_upload_and_read_back(api: httpx.Client) -> None:
    content = bytes(range(256))
    made = upload(api, "a b, c.txt", content, description="D", labels=["b", "a"])
    document = made.json()["document"]
    assert made.status_code == 201
    assert made.headers["location"] == f"/2.0{PLANS}/documents/{document['@id']}"
    assert (document["description"], document["labels"], document["version"]) == ("D", ["b", "a"], 1)
    assert (document["size"], document["sha256"]) == (256, hashlib.sha256(content).hexdigest())
    path = made.headers["location"].removeprefix("/2.0")
    assert api.get(path).json() == made.json()
    got = api.get(f"{path}/content")
    assert got.content == content
    assert got.headers["content-disposition"] == "attachment"
    assert got.headers["content-type"].split(";")[0] == "text/plain"
    assert error(upload(api, "a b, c.txt")) == (409, "name_taken", None)
    assert error(api.get(path.replace("plans", "empty"))) == (404, "document_not_found", None)
    assert api.get("/folders.info?workspace=atlas&slug=plans").json()["folder"]["documents_count"] == 3


def test_wrong_uploads(shared: httpx.Client) -> None:
    file, name = ("file", ("f", b"x", "text/plain")), ("name", (None, "n"))

    def send(*parts: Any) -> tuple[int, str, str | None]:
        return error(shared.post(f"{PLANS}/documents", files=parts))

    assert send(file, name, ("colour", (None, "red"))) == (422, "invalid", "part:colour")
    assert send(file, name, name) == (422, "invalid", "part:name")
    assert send(file) == (422, "invalid", "part:name")
    assert send(("file", (None, "x", "text/plain")), name) == (422, "invalid", "part:file")
    assert send(("file", ("f", b"", "text/plain")), name) == (422, "invalid", "part:file")
    assert send(("file", ("f", b"x" * 1_048_577, "text/plain")), name) == (413, "too_large", None)
    assert send(("file", ("f", b"x", "text/html")), name) == (415, "content_type", None)
    assert send(file, ("name", (None, "a/b"))) == (422, "invalid", "part:name")
    assert send(file, name, ("metadata", (None, "{}"))) == (422, "invalid", "part:metadata")
    for wrong in (
        "{",
        "[]",
        '{"labels": ["A"]}',
        '{"labels": ["a", "a"]}',
        '{"x": 1}',
        '{"description": ""}',
    ):
        assert send(file, name, ("metadata", (None, wrong, "application/json"))) == (
            422,
            "invalid",
            "part:metadata",
        )
    without_type = b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n'
    with_name = b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nn\r\n--b--\r\n'
    multipart = {"Content-Type": "multipart/form-data; boundary=b"}
    path = f"{PLANS}/documents"
    assert error(shared.post(path, content=without_type + with_name, headers=multipart))[0] == 415
    assert error(shared.post(path, content=without_type, headers=multipart))[:2] == (400, "body_malformed")
    no_boundary = {"Content-Type": "multipart/form-data"}
    assert error(shared.post(path, content=b"x", headers=no_boundary))[:2] == (400, "body_malformed")
    assert error(shared.post(path, content=b"x" * 1_179_649, headers=multipart))[:2] == (413, "too_large")
    assert len(shared.get(path).json()["documents"]) == 2


def test_versions(api: httpx.Client) -> None:
    before = api.get(ROOF).json()["document"]
    pdf = {"Content-Type": "application/pdf"}
    after = api.put(f"{ROOF}/content", content=b"%PDF", headers=pdf).json()["document"]
    assert (after["version"], after["media_type"], after["size"]) == (2, "application/pdf", 4)
    kept = ("@id", "name", "description", "labels", "created_at", "deleted_at")
    assert all(after[member] == before[member] for member in kept)
    old = api.get(f"{ROOF}/content?version=1")
    assert (old.content, old.headers["x-document-version"]) == (b"hello roof\n", "1")
    new = api.get(f"{ROOF}/content")
    assert (new.content, new.headers["x-document-version"]) == (b"%PDF", "2")
    assert new.headers["content-type"] == "application/pdf"
    for none in ("3", "9007199254740993", "9" * 400):
        assert error(api.get(f"{ROOF}/content?version={none}")) == (404, "version_not_found", None)
    assert error(api.put(f"{ROOF}/content", content=b"", headers=pdf)) == (422, "invalid", "")
    assert error(api.put(f"{ROOF}/content", content=b"x", headers=JSON)) == (415, "content_type", None)
    assert error(api.put(f"{ROOF}/content", content=b"x" * 1_048_577, headers=pdf)) == (
        413,
        "too_large",
        None,
    )


def test_merge_patch(api: httpx.Client) -> None:
    before = api.get(ROOF).json()
    for nothing in ({}, {"name": "roof.txt"}, {"labels": ["draft"]}):
        assert api.patch(ROOF, content=json.dumps(nothing), headers=PATCH).json() == before
    body = json.dumps({"description": None, "labels": None})
    after = api.patch(ROOF, content=body, headers=PATCH).json()["document"]
    assert (after["description"], after["labels"], after["name"]) == (None, [], "roof.txt")
    taken = json.dumps({"name": 'plan, "east".md'})
    assert error(api.patch(ROOF, content=taken, headers=PATCH)) == (409, "name_taken", None)
    assert error(api.patch(ROOF, content="{}", headers=JSON)) == (415, "content_type", None)
    for wrong, pointer in (
        ('{"name": null}', "/name"),
        ('{"labels": ["a", 1]}', "/labels/1"),
        ("[]", ""),
        ("1", ""),
    ):
        assert error(api.patch(ROOF, content=wrong, headers=PATCH)) == (422, "invalid", pointer)
    assert [kind for _, kind, _ in changes(api, since=4)] == ["document.updated", "end"]


def test_deleted_documents_stay_readable(api: httpx.Client) -> None:
    deleted = api.delete(ROOF).json()
    document = deleted["document"]
    assert document["deleted_at"] == document["updated_at"]
    assert api.delete(ROOF).json() == api.get(ROOF).json() == deleted
    assert api.get(f"{ROOF}/content").content == b"hello roof\n"
    assert error(api.patch(ROOF, content="{}", headers=PATCH)) == (409, "document_deleted", None)
    text = {"Content-Type": "text/plain"}
    assert error(api.put(f"{ROOF}/content", content=b"x", headers=text)) == (409, "document_deleted", None)
    listed = api.get(f"{PLANS}/documents").json()["documents"]
    assert [one["@id"][-1] for one in listed] == ["2"]
    assert len(api.get(f"{PLANS}/documents?include_deleted=true").json()["documents"]) == 2
    assert upload(api, "roof.txt").status_code == 201
    kinds = [kind for _, kind, _ in changes(api, since=4)]
    assert kinds == ["document.deleted", "document.created", "end"]


def test_pages_by_link(api: httpx.Client) -> None:
    for count in range(5):
        upload(api, f"n{count}")
    seen, url = [], f"{base(api)}{PLANS}/documents?limit=2"
    while url:
        answer = api.get(url)
        seen += [document["name"] for document in answer.json()["documents"]]
        if len(seen) == 4:
            api.delete(ROOF)
            upload(api, "late")
        url = answer.links.get("next", {}).get("url", "")
    assert seen == ["roof.txt", 'plan, "east".md', "n0", "n1", "n2", "n3", "n4", "late"]
    assert error(api.get(f"{PLANS}/documents?cursor=x")) == (400, "cursor_invalid", None)
    cursor = httpx.URL(api.get(f"{PLANS}/documents?limit=1").links["next"]["url"]).params["cursor"]
    other = api.get("/workspaces/atlas/folders/empty/documents", params={"cursor": cursor})
    assert error(other) == (400, "cursor_invalid", None)
    for wrong in ("limit=0", "limit=101", "limit=1&limit=2", "cursor=", "include_deleted=yes"):
        assert error(api.get(f"{PLANS}/documents?{wrong}")) == (
            422,
            "invalid",
            f"query:{wrong.split('=')[0]}",
        )


def test_export(api: httpx.Client) -> None:
    api.put("/workspaces/atlas/folders/zz", json={"title": "Z"})
    answer = api.get("/workspaces/atlas/documents.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["id", "folder", "name", "media_type", "size", "version", "updated_at"]
    assert [row[2] for row in rows] == ["roof.txt", 'plan, "east".md']
    assert '"plan, ""east"".md"' in answer.text
    only = api.get("/workspaces/atlas/documents.csv?folder=empty").text
    assert only == "id,folder,name,media_type,size,version,updated_at\r\n"
    assert error(api.get("/workspaces/atlas/documents.csv?folder=none")) == (404, "folder_not_found", None)


def test_stream_follows_new_changes(api: httpx.Client) -> None:
    assert [(number, kind) for number, kind, _ in changes(api)] == [
        ("1", "folder.created"),
        ("2", "folder.created"),
        ("3", "document.created"),
        ("4", "document.created"),
        (None, "end"),
    ]
    assert changes(api, since=99) == [(None, "end", {"last": 99})]
    threading.Timer(0.5, upload, (api, "streamed")).start()
    began = time.monotonic()
    new, end = changes(api, since=4, wait_s=2)
    assert 1.9 < time.monotonic() - began < 7
    assert (new[0], new[1], new[2]["version"], end[2]) == ("5", "document.created", 1, {"last": 5})
    resumed = api.get("/workspaces/atlas/changes", headers={"Last-Event-ID": "5"})
    assert resumed.text == 'event: end\ndata: {"last":5}\n\n'
    head = api.head("/workspaces/atlas/changes")
    assert (head.status_code, head.headers["allow"]) == (405, "GET")


def test_import(api: httpx.Client) -> None:
    text = "# Höhe\n\x00".encode()
    made = api.post(f"{PLANS}/imports?name=h.md&label=x", content=text, headers=MARKDOWN)
    document = made.json()["document"]
    assert (made.status_code, document["media_type"], document["labels"]) == (201, "text/markdown", ["x"])
    assert api.get(made.headers["location"].removeprefix("/2.0") + "/content").content == text

    def send(query: str, content: bytes, **headers: str) -> tuple[int, str, str | None]:
        return error(api.post(f"{PLANS}/imports{query}", content=content, headers={**MARKDOWN, **headers}))

    assert send("?name=n", b"\xff") == (400, "body_malformed", None)
    assert send("?name=n", b"") == (422, "invalid", "")
    assert send("", b"x") == (422, "invalid", "query:name")
    assert send("?name=n&label=X", b"x") == (422, "invalid", "query:label")
    assert send("?name=n", b"x" * 100_001) == (413, "too_large", None)
    assert send("?name=h.md", b"x") == (409, "name_taken", None)


# all calls


def test_order_of_checks(shared: httpx.Client) -> None:
    """Each call has every later fault too."""
    path, big = "/workspaces/none/folders/NO", b"{" * 65_537
    reader = bearer(token(base(shared), "client_reader", "reader-secret-0003"))

    def send(where: str, body: bytes, **headers: str) -> tuple[int, str]:
        with httpx.Client() as client:
            return error(client.put(base(shared) + where, content=body, headers=headers))[:2]

    main = {"Authorization": shared.headers["Authorization"]}
    assert send("/nowhere", big) == (404, "path_unknown")
    assert send("/clock", big) == (405, "method_unknown")
    assert send(path, big) == (401, "token_missing")
    assert send(path, big, Authorization="Basic x") == (401, "token_invalid")
    assert send(path, big, Authorization="Bearer pd_test_x") == (401, "token_invalid")
    assert send(path, big, **reader) == (403, "scope_missing")
    assert send(path, big, **main) == (413, "too_large")
    assert send(path, b"{", **main) == (415, "content_type")
    for malformed in (b"{", b"", b"\xff", b'{"title": "\\udc00"}', b"{} {}", b"NaN"):
        assert send(path, malformed, **main, **JSON) == (400, "body_malformed")
    assert send(path, b"{}", **main, **JSON) == (422, "invalid")
    path = path.lower()
    assert send(path, b'{"title": "x", "x": 1}', **main, **JSON) == (422, "invalid")
    assert send(path, b'{"title": "\\ud83d\\ude00"}', **main, **JSON) == (404, "workspace_not_found")
    assert send(path, b'{"title":"x"}' + b" " * 65_523, **main, **JSON) == (404, "workspace_not_found")


def test_headers_of_all_answers(shared: httpx.Client) -> None:
    seen = set()
    for path in (
        ROOF,
        f"{ROOF}/content",
        f"{PLANS}/documents",
        "/workspaces/atlas/documents.csv",
        "/folders.info",
    ):
        got, head = shared.get(path), shared.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
        assert re.fullmatch(r"\d+/100000", got.headers["x-api-calls"])
        seen |= {got.headers["x-trace-id"], head.headers["x-trace-id"]}
    assert len(seen) == 10
    unknown = shared.get("/nowhere")
    assert "x-trace-id" in unknown.headers
    assert "x-api-calls" not in unknown.headers


@pytest.mark.parametrize(
    "path", [f"{ROOF}/", f"/{ROOF}", ROOF.replace("documents", "Documents"), "/workspaces/%ff/changes"]
)
def test_paths_are_exact(shared: httpx.Client, path: str) -> None:
    assert error(httpx.get(base(shared) + path)) == (404, "path_unknown", None)


def test_limit() -> None:
    with calling("--bucket", "3") as api:
        answers = [api.get(ROOF) for _ in range(60)]
        limited = [answer for answer in answers if answer.status_code == 429]
        assert limited
        assert all(answer.headers["x-api-calls"] == "3/3" for answer in limited)
        assert all(("retry-after" in answer.headers) == (answer in limited) for answer in answers)
        assert answers[0].headers["x-api-calls"] == "1/3"


# apps of users

WEB = ("app_web", "web-secret-0005")
WEB_BACK = "https://web.example/callback"
VERIFIER = "a" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def ask(api: httpx.Client, **query: str) -> httpx.Response:
    asked = {
        "response_type": "code",
        "client_id": "app_web",
        "redirect_uri": WEB_BACK,
        "state": "s t",
        **query,
    }
    return api.get("/oauth2/authorize", params={name: value for name, value in asked.items() if value})


def decide(api: httpx.Client, page: httpx.Response, **form: str) -> httpx.Response:
    assert page.status_code == 200, page.text
    ticket = re.search('name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    return api.post(
        "/oauth2/authorize", data={"ticket": ticket[1], "user": "jane", "decision": "allow", **form}
    )


def sent_back(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    return dict(httpx.URL(answer.headers["Location"]).params)


def exchange(api: httpx.Client, code: str, **form: str) -> httpx.Response:
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": WEB_BACK, **form}
    return httpx.post(f"{base(api)}/oauth2/token", data=given, auth=WEB)


def renew(api: httpx.Client, token: str, **form: str) -> httpx.Response:
    given = {"grant_type": "refresh_token", "refresh_token": token, **form}
    return httpx.post(f"{base(api)}/oauth2/token", data=given, auth=WEB)


def status_with(api: httpx.Client, given: str) -> int:
    return httpx.get(f"{base(api)}{ROOF}", headers=bearer(given)).status_code


def test_user_allows_an_app(shared: httpx.Client) -> None:
    back = sent_back(decide(shared, ask(shared, scope="documents.read")))
    assert (back["state"], back["iss"]) == ("s t", base(shared))
    given = exchange(shared, back["code"]).json()
    assert set(given) == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert given["scope"] == "documents.read"
    assert status_with(shared, given["access_token"]) == 200
    made = shared.put(f"{PLANS}", headers=bearer(given["access_token"]), json={"title": "Plans"})
    assert error(made)[:2] == (403, "scope_missing")
    again = renew(shared, given["refresh_token"]).json()
    assert status_with(shared, again["access_token"]) == 200
    assert renew(shared, given["refresh_token"]).json()["error"] == "invalid_grant"
    assert status_with(shared, again["access_token"]) == 401, "a refresh token that is used twice ends all"


def test_code_is_good_once_and_for_its_own_app(shared: httpx.Client) -> None:
    code = sent_back(decide(shared, ask(shared, code_challenge=CHALLENGE, code_challenge_method="S256")))[
        "code"
    ]
    assert exchange(shared, code).json()["error"] == "invalid_grant"
    assert exchange(shared, code, code_verifier="b" * 43).json()["error"] == "invalid_grant"
    other = {"code_verifier": VERIFIER, "redirect_uri": "https://web.example/callback/"}
    assert exchange(shared, code, **other).json()["error"] == "invalid_grant"
    given = exchange(shared, code, code_verifier=VERIFIER).json()
    assert status_with(shared, given["access_token"]) == 200
    assert exchange(shared, code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"
    assert status_with(shared, given["access_token"]) == 401


def test_faults_of_a_request_go_back_or_stay(shared: httpx.Client) -> None:
    assert sent_back(ask(shared, response_type="token"))["error"] == "unsupported_response_type"
    assert sent_back(ask(shared, scope="operator"))["error"] == "invalid_scope"
    assert sent_back(ask(shared, code_challenge=CHALLENGE))["error"] == "invalid_request"
    public = {"client_id": "app_public", "redirect_uri": "http://127.0.0.1:5151/callback"}
    assert sent_back(ask(shared, **public))["error"] == "invalid_request", "a public app without a challenge"
    for wrong in ({"client_id": "nobody"}, {"redirect_uri": f"{WEB_BACK}?a=1"}, {"redirect_uri": ""}):
        page = ask(shared, **wrong)
        assert (page.status_code, "Location" in page.headers) == (400, False)
    assert sent_back(decide(shared, ask(shared), decision="deny"))["error"] == "access_denied"
    page = ask(shared)
    assert decide(shared, page, user="jane doe").status_code == 400
    assert "code" in sent_back(decide(shared, page))
    assert decide(shared, page).status_code == 400, "a ticket is for one answer"


def test_revoked_tokens_end(shared: httpx.Client) -> None:
    given = exchange(shared, sent_back(decide(shared, ask(shared)))["code"]).json()
    url = f"{base(shared)}/oauth2/revoke"
    assert httpx.post(url, data={"token": "unknown"}, auth=WEB).status_code == 200
    assert httpx.post(url, data={}, auth=WEB).json()["error"] == "invalid_request"
    assert httpx.post(url, data={"token": given["refresh_token"]}, auth=("app_web", "no")).status_code == 401
    assert status_with(shared, given["access_token"]) == 200
    assert httpx.post(url, data={"token": given["refresh_token"]}, auth=WEB).status_code == 200
    assert status_with(shared, given["access_token"]) == 401


def test_metadata_names_the_endpoints(shared: httpx.Client) -> None:
    told = httpx.get(f"{base(shared)}/.well-known/oauth-authorization-server").json()
    assert told["token_endpoint"] == f"{base(shared)}/oauth2/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert httpx.get(f"{base(shared)}/.well-known/oauth-protected-resource").json()["resource"] == base(
        shared
    )
