"""Looks at the documents server that show its bugs."""

import base64
import csv
import io
import re
import time

import httpx

from evaluation.foreign.probes import Probes

PROBES = Probes()

PLANS = "/workspaces/atlas/folders/plans"
ROOF, EAST = (f"{PLANS}/documents/doc_aaaaaaaaaaaaaaaaaaa{number}" for number in (1, 2))
_BASIC = "Basic " + base64.b64encode(b"client_main:main-secret-0001").decode()
PATCH = {"Content-Type": "application/merge-patch+json"}


def log_in(url: str, client: str = "client_main", secret: str = "main-secret-0001") -> dict[str, str]:
    """The header of a new token."""
    form = {"grant_type": "client_credentials"}
    answer = httpx.post(f"{url}/oauth2/token", data=form, auth=(client, secret))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _log_in(api: httpx.Client, client: str, secret: str) -> dict[str, str]:
    return log_in(f"{api.base_url}".rstrip("/"), client, secret)


def _import(api: httpx.Client, name: str) -> str:
    """Make a document, and return its id."""
    answer = api.post(
        f"{PLANS}/imports", params={"name": name}, content="x", headers={"Content-Type": "text/markdown"}
    )
    made: str = answer.json()["document"]["@id"]
    return made


def _rows(api: httpx.Client) -> list[list[str]]:
    return list(csv.reader(io.StringIO(api.get("/workspaces/atlas/documents.csv").text, newline="")))


def _next_page(answer: httpx.Response) -> str:
    match = re.fullmatch(r'<(.*)>; rel="next"', answer.headers["link"])
    assert match
    return match[1]


@PROBES.of("delete-again-404", right=(200, 200), buggy=(200, 404))
def _delete_again(api: httpx.Client) -> object:
    return api.delete(ROOF).status_code, api.delete(ROOF).status_code


@PROBES.of("html-for-malformed-json", right=(400, "application/json"), buggy=(400, "text/html"))
def _html(api: httpx.Client) -> object:
    answer = api.put(PLANS, content="{", headers={"Content-Type": "application/json"})
    return answer.status_code, answer.headers["content-type"].partition(";")[0]


@PROBES.of("link-to-same-page", right=False, buggy=True)
def _link(api: httpx.Client) -> object:
    first = api.get(f"{PLANS}/documents?limit=1")
    return api.get(_next_page(first)).json() == first.json()


@PROBES.of("null-ignored", right=(None, []), buggy=("The roof", ["draft"]))
def _null_ignored(api: httpx.Client) -> object:
    assert api.patch(ROOF, content='{"description": null, "labels": null}', headers=PATCH).status_code == 200
    document = api.get(ROOF).json()["document"]
    return document["description"], document["labels"]


@PROBES.of("reader-patches", right=(403, "The roof"), buggy=(200, "mine"))
def _reader_patches(api: httpx.Client) -> object:
    reader = _log_in(api, "client_reader", "reader-secret-0003")
    answer = api.patch(ROOF, content='{"description": "mine"}', headers={**PATCH, **reader})
    return answer.status_code, api.get(ROOF).json()["document"]["description"]


@PROBES.of("csv-unescaped", right=[7, 7, 7], buggy=[7, 7, 8])
def _csv_unescaped(api: httpx.Client) -> object:
    return [len(row) for row in _rows(api)]


@PROBES.of("deleted-exported", right=1, buggy=2)
def _deleted_exported(api: httpx.Client) -> object:
    assert api.delete(ROOF).status_code == 200
    return len(_rows(api)) - 1


@PROBES.of("last-event-id-ignored", right=["4"], buggy=["1", "2", "3", "4"])
def _last_event_id(api: httpx.Client) -> object:
    stream = api.get("/workspaces/atlas/changes", headers={"Last-Event-ID": "3"}).text
    return re.findall("^id: (.*)$", stream, re.MULTILINE)


@PROBES.of(
    "media-type-kept", right=("image/png", "image/png"), buggy=("text/plain; charset=utf-8", "text/plain")
)
def _media_type(api: httpx.Client) -> object:
    assert api.put(f"{ROOF}/content", content=b"x", headers={"Content-Type": "image/png"}).status_code == 200
    served = api.get(f"{ROOF}/content").headers["content-type"]
    return served, api.get(ROOF).json()["document"]["media_type"]


@PROBES.of("token-never-expires", right=(200, 401), buggy=(200, 200))
def _token(api: httpx.Client) -> object:
    before = api.get(ROOF).status_code
    operator = _log_in(api, "client_operator", "operator-secret-0004")
    assert api.post("/clock", json={"advance_s": 3600}, headers=operator).status_code == 200
    return before, api.get(ROOF).status_code


@PROBES.of("bytes-through-text", right=(b"\x89PNG\xff", 5), buggy=(b"\xef\xbf\xbdPNG\xef\xbf\xbd", 9))
def _bytes(api: httpx.Client) -> object:
    png = {"Content-Type": "image/png"}
    size = api.put(f"{ROOF}/content", content=b"\x89PNG\xff", headers=png).json()["document"]["size"]
    return api.get(f"{ROOF}/content").content, size


@PROBES.of("count-lowered-twice", right=(1, 1), buggy=(1, 0))
def _count(api: httpx.Client) -> object:
    for _ in range(2):
        assert api.delete(ROOF).status_code == 200
    listed = api.get(f"{PLANS}/documents").json()["documents"]
    info = api.get("/folders.info?workspace=atlas&slug=plans").json()
    return len(listed), info["folder"]["documents_count"]


@PROBES.of("cursor-counts-items", right=["a", "b"], buggy=["b"])
def _cursor_counts(api: httpx.Client) -> object:
    for name in ("a", "b"):
        _import(api, name)
    page = api.get(f"{PLANS}/documents?limit=2")
    assert api.delete(ROOF).status_code == 200
    return [document["name"] for document in api.get(_next_page(page)).json()["documents"]]


@PROBES.of("info-of-any-workspace", right="workspace_not_found", buggy="borealis/plans")
def _info(api: httpx.Client) -> object:
    info = api.get("/folders.info?workspace=borealis&slug=plans").json()
    return info["folder"]["@id"] if info["ok"] else info["error"]


@PROBES.of("name-in-latin1", right="Génie", buggy="GÃ©nie")
def _name(api: httpx.Client) -> object:
    parts = {"file": ("f", b"x", "text/plain"), "name": (None, "Génie".encode())}
    return api.post(f"{PLANS}/documents", files=parts).json()["document"]["name"]


@PROBES.of("color-kept", right=None, buggy="blue")
def _color_kept(api: httpx.Client) -> object:
    return api.put(PLANS, json={"title": "Plans"}).json()["folder"]["color"]


@PROBES.of("empty-patch-updates", right=True, buggy=False)
def _empty_patch(api: httpx.Client) -> object:
    before = api.get(ROOF).json()["document"]
    time.sleep(0.01)
    return api.patch(ROOF, content="{}", headers=PATCH).json()["document"] == before


@PROBES.of("old-version-is-present", right=(b"hello roof\n", "1"), buggy=(b"new", "1"))
def _old_version(api: httpx.Client) -> object:
    assert (
        api.put(f"{ROOF}/content", content=b"new", headers={"Content-Type": "text/plain"}).status_code == 200
    )
    answer = api.get(f"{ROOF}/content?version=1")
    return answer.content, answer.headers["x-document-version"]


@PROBES.of("patch-clears-omitted", right=("The roof", ["draft"]), buggy=(None, []))
def _patch_clears(api: httpx.Client) -> object:
    changed = api.patch(ROOF, content='{"name": "attic.txt"}', headers=PATCH).json()["document"]
    return changed["description"], changed["labels"]


@PROBES.of("deleted-name-taken", right=201, buggy=409)
def _deleted_name(api: httpx.Client) -> object:
    assert api.delete(ROOF).status_code == 200
    markdown = {"Content-Type": "text/markdown"}
    return api.post(f"{PLANS}/imports?name=roof.txt", content="x", headers=markdown).status_code


@PROBES.of("link-without-include-deleted", right=[1, 1], buggy=[1, 0])
def _link_without(api: httpx.Client) -> object:
    for document in (ROOF, EAST):
        assert api.delete(document).status_code == 200
    first = api.get(f"{PLANS}/documents?limit=1&include_deleted=true")
    second = api.get(_next_page(first))
    return [len(page.json()["documents"]) for page in (first, second)]


@PROBES.of("scope-not-narrowed", right=("documents.read", 403), buggy=("documents.read documents.write", 200))
def _scope(api: httpx.Client) -> object:
    form = {"grant_type": "client_credentials", "scope": "documents.read"}
    token = api.post("/oauth2/token", data=form, auth=("client_main", "main-secret-0001"), headers={}).json()
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    return token["scope"], api.delete(ROOF, headers=bearer).status_code


@PROBES.of("size-in-characters", right=6, buggy=5)
def _size(api: httpx.Client) -> object:
    answer = api.post(
        f"{PLANS}/imports?name=g", content="Génie".encode(), headers={"Content-Type": "text/markdown"}
    )
    return answer.json()["document"]["size"]


@PROBES.of("end-event-with-id", right=["1", "2", "3", "4"], buggy=["1", "2", "3", "4", "5"])
def _end_with_id(api: httpx.Client) -> object:
    return re.findall("^id: (.*)$", api.get("/workspaces/atlas/changes").text, re.MULTILINE)


@PROBES.of("export-of-first-page", right=26, buggy=25)
def _export_first(api: httpx.Client) -> object:
    for number in range(24):
        _import(api, f"n{number}")
    return len(_rows(api)) - 1


@PROBES.of("deleted-changes", right=(409, "The roof"), buggy=(200, "new"))
def _deleted_changes(api: httpx.Client) -> object:
    assert api.delete(ROOF).status_code == 200
    answer = api.patch(ROOF, content='{"description": "new"}', headers=PATCH)
    return answer.status_code, api.get(ROOF).json()["document"]["description"]


@PROBES.of("made-is-200", right=(201, True), buggy=(200, False))
def _made(api: httpx.Client) -> object:
    answer = api.put("/workspaces/atlas/folders/new", json={"title": "New"})
    return answer.status_code, "location" in answer.headers


@PROBES.of("own-name-taken", right=200, buggy=409)
def _own_name(api: httpx.Client) -> object:
    return api.patch(ROOF, content='{"name": "roof.txt"}', headers=PATCH).status_code


APP = ("app_web", "web-secret-0005")
CALLBACK = {"redirect_uri": "https://web.example/callback"}


def _ask(api: httpx.Client, **more: str) -> httpx.Response:
    query = {"response_type": "code", "client_id": APP[0], **CALLBACK, "state": "s", **more}
    return api.get("/oauth2/authorize", params=query)


def _allow(api: httpx.Client) -> str:
    """Let a user allow the app, and return the code."""
    ticket = re.search(r'name="ticket" value="(\w+)"', _ask(api).text)
    assert ticket
    form = {"ticket": ticket[1], "decision": "allow", "user": "u"}
    location = httpx.URL(api.post("/oauth2/authorize", data=form).headers["location"])
    return location.params["code"]


def _exchange(api: httpx.Client, **form: str) -> httpx.Response:
    return api.post("/oauth2/token", data=form, auth=APP)


@PROBES.of("state-lost-on-error", right=("invalid_scope", "s"), buggy=("invalid_scope", None))
def _state(api: httpx.Client) -> object:
    found = httpx.URL(_ask(api, scope="none").headers["location"]).params
    return found["error"], found.get("state")


@PROBES.of("code-used-again", right=[200, 400], buggy=[200, 200])
def _code_again(api: httpx.Client) -> object:
    form = {"grant_type": "authorization_code", "code": _allow(api), **CALLBACK}
    return [_exchange(api, **form).status_code for _ in range(2)]


@PROBES.of("largest-file-refused", right=(201, 413), buggy=(413, 413))
def _largest(api: httpx.Client) -> object:
    def upload(size: int) -> int:
        file, name = ("f", b"x" * size, "text/plain"), (None, f"n{size}".encode())
        return api.post(f"{PLANS}/documents", files={"file": file, "name": name}).status_code

    return upload(1_048_576), upload(1_048_577)


@PROBES.of("last-row-open", right=True, buggy=False)
def _last_row(api: httpx.Client) -> object:
    return api.get("/workspaces/atlas/documents.csv").text.endswith("Z\r\n")


@PROBES.of("name-normalised", right="Ge\u0301nie", buggy="G\u00e9nie")
def _name_normalised(api: httpx.Client) -> object:
    document = _import(api, "Ge\u0301nie")
    name: str = api.get(f"{PLANS}/documents/{document}").json()["document"]["name"]
    return name


@PROBES.of("change-lost-after-replay", right=True, buggy=False)
def _change_lost(api: httpx.Client) -> object:
    for number in range(5):  # the call that makes the change may be late
        with api.stream("GET", "/workspaces/atlas/changes?since=4&wait_s=1") as stream:
            made = _import(api, f"late{number}")
            if made not in stream.read().decode():
                return False
    return True


@PROBES.of("reuse-ends-nothing", right=(400, 401), buggy=(400, 200))
def _reuse(api: httpx.Client) -> object:
    form = {"grant_type": "authorization_code", "code": _allow(api), **CALLBACK}
    first = _exchange(api, **form).json()
    second = _exchange(api, **form).status_code
    bearer = {"Authorization": f"Bearer {first['access_token']}"}
    return second, api.get(ROOF, headers=bearer).status_code


@PROBES.of("cursor-ignored", right=[EAST[-24:]], buggy=[ROOF[-24:]])
def _cursor_ignored(api: httpx.Client) -> object:
    page = api.get(_next_page(api.get(f"{PLANS}/documents?limit=1")))
    return [document["@id"] for document in page.json()["documents"]]


@PROBES.of("any-document-is-the-last", right=ROOF[-24:], buggy=EAST[-24:])
def _any_document(api: httpx.Client) -> object:
    return api.get(ROOF).json()["document"]["@id"]


@PROBES.of("folder-told-as-document", right=(404, "folder_not_found"), buggy=(404, "document_not_found"))
def _folder_told(api: httpx.Client) -> object:
    answer = api.get("/workspaces/atlas/folders/none/documents")
    return answer.status_code, answer.json()["error"]["code"]


@PROBES.of("state-error-with-status-0", right=(409, 409), buggy=(409, 0))
def _status_0(api: httpx.Client) -> object:
    answer = api.patch(ROOF, json={"name": 'plan, "east".md'}, headers=PATCH)
    return answer.status_code, answer.json()["error"]["status"]


@PROBES.of("scope-told-as-none", right=("documents.read documents.write", 200), buggy=("", 200))
def _scope_told(api: httpx.Client) -> object:
    form = {"grant_type": "client_credentials"}
    answer = api.post("/oauth2/token", data=form, headers={"Authorization": _BASIC}).json()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    return answer["scope"], api.get(ROOF, headers=headers).status_code


@PROBES.of("export-folder-ignored", right=(0, 404), buggy=(2, 404))
def _export_folder(api: httpx.Client) -> object:
    export = "/workspaces/atlas/documents.csv?folder="
    rows = api.get(f"{export}empty").text.splitlines()[1:]
    return len(rows), api.get(f"{export}none").status_code


@PROBES.of("link-with-other-scheme", right="http", buggy="https")
def _link_scheme(api: httpx.Client) -> object:
    return httpx.URL(_next_page(api.get(f"{PLANS}/documents?limit=1"))).scheme


@PROBES.of("content-after-change-500", right=(200, 200, 200), buggy=(200, 500, 200))
def _content_after_change(api: httpx.Client) -> object:
    before = api.get(f"{ROOF}/content").status_code
    assert api.patch(ROOF, json={"description": "new"}, headers=PATCH).status_code == 200
    after = api.get(f"{ROOF}/content").status_code
    text = {"Content-Type": "text/plain"}
    assert api.put(f"{ROOF}/content", content=b"x", headers=text).status_code == 200
    return before, after, api.get(f"{ROOF}/content").status_code


@PROBES.of("put-again-409", right=(201, 200, 200), buggy=(201, 409, 409))
def _put_again(api: httpx.Client) -> object:
    first, second = (api.put("/workspaces/atlas/folders/new", json={"title": "New"}) for _ in range(2))
    return first.status_code, second.status_code, api.put(PLANS, json={"title": "New"}).status_code


@PROBES.of("count-is-0", right=(2, 0), buggy=(0, 0))
def _count_is_0(api: httpx.Client) -> object:
    found = (api.get(f"/folders.info?workspace=atlas&slug={slug}").json() for slug in ("plans", "empty"))
    return tuple(info["folder"]["documents_count"] for info in found)


@PROBES.of("head-is-404", right=(200, 200), buggy=(200, 404))
def _head_is_404(api: httpx.Client) -> object:
    return api.get(ROOF).status_code, api.head(ROOF).status_code


@PROBES.of("reader-refused", right=(200, 200), buggy=(403, 200))
def _reader_refused(api: httpx.Client) -> object:
    reader = _log_in(api, "client_reader", "reader-secret-0003")
    return api.get(ROOF, headers=reader).status_code, api.get(ROOF).status_code


@PROBES.of("unknown-token-without-body", right=(401, "token_invalid"), buggy=(401, None))
def _unknown_token(api: httpx.Client) -> object:
    answer = api.get(ROOF, headers={"Authorization": "Bearer nobody"})
    return answer.status_code, answer.json()["error"]["code"] if answer.content else None


@PROBES.of("token-of-user-unknown", right=(200, 200), buggy=(200, 401))
def _token_of_user(api: httpx.Client) -> object:
    answer = _exchange(api, grant_type="authorization_code", code=_allow(api), **CALLBACK)
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return answer.status_code, api.get(ROOF, headers=bearer).status_code


@PROBES.of("label-ignored", right=["draft"], buggy=[])
def _label_ignored(api: httpx.Client) -> object:
    query, markdown = {"name": "n", "label": "draft"}, {"Content-Type": "text/markdown"}
    answer = api.post(f"{PLANS}/imports", params=query, content="x", headers=markdown)
    labels: list[str] = answer.json()["document"]["labels"]
    return labels


@PROBES.of("patch-500", right=(200, 200), buggy=(200, 500))
def _patch_500(api: httpx.Client) -> object:
    bodies = ("{}", '{"description": "new"}')
    return tuple(api.patch(ROOF, content=body, headers=PATCH).status_code for body in bodies)
