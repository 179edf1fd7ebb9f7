"""The payments server keeps its prose: sums, pages, jobs, signatures, repeats, the order of checks."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from evaluation.foreign.serving import serving, why_missing

pytestmark = pytest.mark.matrix

ONE = ("cp_test_AccountOne00000000000000", "")
TWO = ("cp_test_AccountTwo00000000000000", "")
OPERATOR = ("cp_op_Operator0000000000000000", "")
VERSION = {"Api-Version": "2026-10-01"}
ADA = "cus_Aaaaaaaaaaaaaaaaaaaaaaa1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@contextmanager
def calling() -> Iterator[httpx.Client]:
    if why := why_missing("payments"):
        pytest.skip(why)
    with serving("payments") as url, httpx.Client(base_url=url, headers=VERSION, auth=ONE) as client:
        yield client


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    with calling() as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx.Client]:
    """A server for tests that change nothing, or nothing that another one sees."""
    with calling() as client:
        yield client


def error(answer: httpx.Response) -> tuple[int, str | int, str | None]:
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"type", "code", "message", "param"}
    return answer.status_code, body["error"]["code"], body["error"]["param"]


def pay(api: httpx.Client, amount: int = 1000, **more: str) -> dict[str, Any]:
    form = {"amount": str(amount), "currency": "gbp", "customer": ADA, "source": "tok_ok", **more}
    answer = api.post("/payments", data=form)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def advance(api: httpx.Client, seconds: int) -> None:
    assert api.post("/clock", data={"advance_s": str(seconds)}, auth=OPERATOR).status_code == 200


def post(api: httpx.Client, path: str, body: str | bytes, **headers: str) -> httpx.Response:
    return api.post(path, content=body, headers={**FORM, **headers})


def test_first_data(shared: httpx.Client) -> None:
    page = shared.get("/payments").json()
    assert [payment["id"][-1] for payment in page["data"]] == ["2", "1"]
    assert (page["object"], page["url"], page["has_more"]) == ("list", "/v1/payments", False)
    assert page["data"][0]["status"] == "partially_refunded"
    assert page["data"][0]["amount_refunded"] == page["data"][0]["refunds"][0]["amount"] == 1500
    assert shared.get(f"/customers/{ADA}").json()["name"] == "Ada Lund"
    assert error(shared.get(f"/customers/{ADA}", auth=TWO)) == (404, 20404, None)
    assert shared.get("/payments", auth=TWO).json()["data"] == []


def test_customer_is_made_from_a_nested_form(shared: httpx.Client) -> None:
    body = (
        "email=x%40example.com&name=&address[line1]=A+b&address%5Bcity%5D=Oslo&address[country]=NO"
        "&locales[1]=de&locales[0]=en&metadata[order]=7&&"
    )
    answer = post(shared, "/customers", body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/customers/{made['id']}"
    assert made["address"] == {"line1": "A b", "city": "Oslo", "postal_code": None, "country": "NO"}
    assert (made["locales"], made["metadata"], made["name"]) == (["en", "de"], {"order": "7"}, None)
    got = shared.get(f"/customers/{made['id']}")
    assert (got.json(), got.headers["etag"]) == (made, answer.headers["etag"])


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("email=x", "param_invalid", "email"),
        ("email=", "param_invalid", "email"),
        ("", "param_missing", "email"),
        ("email=x&colour=red", "param_unknown", "colour"),
        ("address[street]=x", "param_unknown", "address[street]"),
        ("email=a@b.c&address[line1]=x&address[city]=y", "param_missing", "address[country]"),
        ("email=a@b.c&address=x", "param_invalid", "address"),
        ("email=a@b.c&name[x]=x", "param_invalid", "name[x]"),
        ("email=a@b.c&name=x&name=y", "param_invalid", "name"),
        ("email=a@b.c&locales=en", "param_invalid", "locales"),
        ("email=a@b.c&locales[0]=en&locales[2]=de", "param_invalid", "locales[2]"),
        ("email=a@b.c&locales[]=en&locales[1]=de", "param_invalid", "locales[1]"),
        ("email=a@b.c&locales[]=en&locales[]=en", "param_invalid", "locales[]"),
        ("email=a@b.c&locales[]=", "param_invalid", "locales[]"),
        ("email=a@b.c&metadata[A]=x", "param_invalid", "metadata[A]"),
        ("email=a@b.c&metadata[a]=", "param_invalid", "metadata[a]"),
        ("email=a@b.c&name=%01", "param_invalid", "name"),
        ("email=%zz", "body_malformed", None),
        ("email=%ff", "body_malformed", None),
    ],
)
def test_wrong_forms(shared: httpx.Client, body: str, code: str, param: str | None) -> None:
    assert error(post(shared, "/customers", body)) == (400, code, param)


def test_tags_guard_changes(api: httpx.Client) -> None:
    path = f"/customers/{ADA}"
    tag = api.get(path).headers["etag"]
    unchanged = api.get(path, headers={"If-None-Match": f'"x", W/{tag}'})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", tag)
    assert api.get(path, headers={"If-None-Match": "x"}).status_code == 200
    assert api.get(path, headers={"If-None-Match": "*"}).status_code == 304
    for wrong in ('"x"', f"W/{tag}", tag.strip('"'), ""):
        assert error(post(api, path, "name=B", **{"If-Match": wrong})) == (412, "tag_mismatch", None)
    same = post(api, path, "name=Ada+Lund", **{"If-Match": tag})
    assert (same.status_code, same.headers["etag"]) == (200, tag)
    advance(api, 100)
    changed = post(api, path, "name=&metadata[a]=b&locales[]=en", **{"If-Match": tag})
    assert changed.headers["etag"] != tag
    assert (changed.json()["name"], changed.json()["metadata"]) == (None, {"a": "b"})
    assert changed.json()["updated"] >= changed.json()["created"] + 100
    emptied = post(api, path, "metadata=&locales=").json()
    assert (emptied["metadata"], emptied["locales"]) == ({}, [])
    assert error(post(api, path, "email=")) == (400, "param_invalid", "email")
    assert error(post(api, "/customers/cus_x", "name=x", **{"If-Match": "x"})) == (404, 20404, None)


def test_refunds_add_up(api: httpx.Client) -> None:
    payment = pay(api, 1000)
    refund = api.post("/refunds", data={"payment": payment["id"], "amount": "400"})
    assert refund.status_code == 201
    assert "location" not in refund.headers
    assert error(api.post("/refunds", data={"payment": payment["id"], "amount": "601"})) == (
        409,
        "refund_too_large",
        None,
    )
    now = api.get(f"/payments/{payment['id']}").json()
    assert (now["status"], now["amount_refunded"], now["refunds"]) == (
        "partially_refunded",
        400,
        [refund.json()],
    )
    assert api.post("/refunds", data={"payment": payment["id"]}).json()["amount"] == 600
    assert api.get(f"/payments/{payment['id']}").json()["status"] == "refunded"
    assert error(api.post("/refunds", data={"payment": payment["id"]})) == (409, "already_refunded", None)
    for none in ("pay_x", "\x01", "pay_" + "x" * 24):
        assert error(api.post("/refunds", data={"payment": none})) == (404, 20404, "payment")


def test_refunds_at_the_same_time(api: httpx.Client) -> None:
    payment = pay(api, 1000)
    form = {"payment": payment["id"], "amount": "300"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/refunds", data=form), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert api.get(f"/payments/{payment['id']}").json()["amount_refunded"] == 900


def test_at_most_twenty_refunds(api: httpx.Client) -> None:
    payment = pay(api, 1000)
    form = {"payment": payment["id"], "amount": "1"}
    assert [api.post("/refunds", data=form).status_code for _ in range(21)] == [201] * 20 + [409]


def test_declined_card(api: httpx.Client) -> None:
    form = {"amount": "50", "currency": "eur", "customer": ADA, "source": "tok_declined"}
    assert error(api.post("/payments", data=form)) == (402, "card_declined", "source")
    assert error(api.post("/payments", data={**form, "customer": "cus_x"})) == (404, 20404, "customer")
    assert len(api.get("/payments").json()["data"]) == 2


def test_idempotency(api: httpx.Client) -> None:
    body = f"amount=100&currency=eur&customer={ADA}&source=tok_ok"
    key = {"Idempotency-Key": "k1"}
    first, again = post(api, "/payments", body, **key), post(api, "/payments", body, **key)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert first.headers["request-id"] != again.headers["request-id"]
    assert error(post(api, "/payments", body.replace("100", "101"), **key))[1] == "idempotency_mismatch"
    theirs = api.post("/payments", content=body, headers={**FORM, **key}, auth=TWO)
    assert theirs.status_code == 404  # their key, and not their customer
    assert len(api.get("/payments").json()["data"]) == 3
    assert error(post(api, "/payments", body, **{"Idempotency-Key": "a b"}))[1] == "idempotency_key_invalid"
    declined = body.replace("tok_ok", "tok_declined")
    for replayed in (None, "true"):
        answer = post(api, "/payments", declined, **{"Idempotency-Key": "k2"})
        assert (answer.status_code, answer.headers.get("idempotent-replayed")) == (402, replayed)
    assert error(post(api, "/payments", "amount=1", **{"Idempotency-Key": "k3"}))[0] == 400
    assert post(api, "/payments", body, **{"Idempotency-Key": "k3"}).status_code == 201
    advance(api, 24 * 3600)
    assert post(api, "/payments", body, **key).json()["id"] != first.json()["id"]


def test_pages_of_payments(api: httpx.Client) -> None:
    made = [pay(api, 100 + n)["id"] for n in range(5)]
    wanted, seen, after = made[::-1], [], None
    while True:
        query = {"limit": "2", "created[gte]": "0", **({"starting_after": after} if after else {})}
        page = api.get("/payments", params=query).json()
        seen += [payment["id"] for payment in page["data"]]
        pay(api, 50)  # stands before the first page
        if not page["has_more"]:
            break
        after = seen[-1]
    assert seen[:5] == wanted
    assert len(seen) == 7
    assert error(api.get("/payments?starting_after=pay_x")) == (400, "cursor_invalid", "starting_after")
    assert error(api.get("/payments?limit=")) == (400, "param_invalid", "limit")
    assert error(api.get("/payments?created[gt]=1")) == (400, "param_unknown", "created[gt]")
    assert error(api.get("/payments?limit=1&limit=1")) == (400, "param_invalid", "limit")
    assert len(api.get("/payments?status=partially_refunded").json()["data"]) == 1


def test_search(api: httpx.Client) -> None:
    for count in range(5):
        post(api, "/customers", f"email=c{count}@example.org&name=Carl")
    query = 'name:"cARL" AND email~"EXAMPLE.org"'
    seen, page = [], None
    while True:
        asked = {"query": query, "limit": "2", **({"page": page} if page else {})}
        found = api.get("/customers/search", params=asked).json()
        assert found["total_count"] == 5
        assert found["has_more"] == (found["next_page"] is not None)
        seen += [customer["email"] for customer in found["data"]]
        page, last = found["next_page"], page
        if not page:
            break
    assert seen == [f"c{n}@example.org" for n in (4, 3, 2, 1, 0)]
    other = {"query": 'name:"x"', "page": last}
    assert error(api.get("/customers/search", params=other)) == (400, "cursor_invalid", "page")
    for wrong in ("name", 'name:""', 'name:"a"  AND name:"b"', 'name:"a" AND name:"b" AND name:"c"'):
        both = {"query": wrong, "page": "x"}
        assert error(api.get("/customers/search", params=both)) == (400, "query_invalid", "query")
    assert error(api.post("/customers/search")) == (405, "method_unknown", None)


@pytest.mark.parametrize(
    ("report", "ended"), [("payments.summary", "succeeded"), ("payments.unavailable", "failed")]
)
def test_report_run(api: httpx.Client, report: str, ended: str) -> None:
    body = (
        f"report_type={report}&parameters[interval_start]=0&parameters[interval_end]=99999999999"
        "&parameters[currency]=usd"
    )
    started = post(api, "/report_runs", body)
    assert (started.status_code, started.headers["retry-after"], started.json()["status"]) == (
        202,
        "30",
        "pending",
    )
    path = started.headers["location"].removeprefix("/v1")
    api.post("/refunds", data={"payment": "pay_Aaaaaaaaaaaaaaaaaaaaaaa2"})
    advance(api, 12)
    running = api.get(path)
    assert running.json()["status"] == "running"
    assert 10 <= int(running.headers["retry-after"]) <= 18
    advance(api, 18)
    done = api.get(path)
    assert "retry-after" not in done.headers
    assert (done.json()["status"], done.json()["ended"]) == (ended, started.json()["created"] + 30)
    summary = {"payments_count": 1, "gross": 5000, "refunded": 1500, "net": 3500}
    assert done.json()["result"] == (summary if ended == "succeeded" else None)
    assert done.json()["error"] == (None if ended == "succeeded" else "report_unavailable")
    backwards = body.replace("interval_start]=0", "interval_start]=99999999999")
    assert error(post(api, "/report_runs", backwards)) == (400, "param_invalid", "parameters[interval_end]")


class Receiver(BaseHTTPRequestHandler):
    """Notes the messages; refuses the first of them."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        messages = self.server.messages  # type: ignore[attr-defined]
        messages.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(500 if len(messages) == 1 else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def test_webhooks_are_signed_and_tried_again(api: httpx.Client) -> None:
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    messages: list[tuple[dict[str, str], bytes]] = []
    receiver.messages = messages  # type: ignore[attr-defined]
    threading.Thread(target=receiver.serve_forever, daemon=True).start()

    def wait_for(count: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while len(messages) < count and time.monotonic() < end:
            time.sleep(0.05)
        assert len(messages) == count

    try:
        url = f"http://127.0.0.1:{receiver.server_port}/hook"
        body = f"url={url}&enabled_events[]=payment.succeeded&enabled_events[]=report_run.ended"
        endpoint = post(api, "/webhook_endpoints", body).json()
        advance(api, 3600)
        payment = pay(api)
        wait_for(2, 8)
        api.post("/refunds", data={"payment": payment["id"]})  # not enabled
        start = "&parameters[interval_start]=0&parameters[interval_end]=1&parameters[currency]=usd"
        run = post(api, "/report_runs", "report_type=payments.summary" + start).json()
        advance(api, 30)
        wait_for(3, 5)
        for headers, sent in messages:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + sent
            secret = base64.b64decode(endpoint["secret"].removeprefix("whsec_"))
            assert len(secret) == 32
            digest = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{digest}"
            assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        (first, body_1), (second, body_2), (third, body_3) = messages
        assert first["webhook-id"] == second["webhook-id"] != third["webhook-id"]
        assert body_1 == body_2
        assert json.loads(body_1)["type"] == "payment.succeeded"
        assert json.loads(body_1)["data"] == payment
        ended = json.loads(body_3)
        assert (ended["type"], ended["data"]["id"], ended["data"]["status"]) == (
            "report_run.ended",
            run["id"],
            "succeeded",
        )
        removed = api.delete(f"/webhook_endpoints/{endpoint['id']}")
        assert removed.json() == {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}
        assert error(api.delete(f"/webhook_endpoints/{endpoint['id']}")) == (404, 20404, None)
        pay(api)
        time.sleep(0.5)
        assert len(messages) == 3
    finally:
        receiver.shutdown()
        receiver.server_close()


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://a.example/x?y=1", True),
        ("https://a.example:8443", True),
        ("http://localhost:1/x", True),
        ("http://127.0.0.1", True),
        ("http://a.example/", False),
        ("http://127.0.0.1.example/", False),
        ("https://u@a.example/", False),
        ("https://a.example/#x", False),
        ("https:///x", False),
        ("https://a.example/a b", False),
    ],
)
def test_urls_of_endpoints(shared: httpx.Client, url: str, taken: bool) -> None:
    answer = shared.post("/webhook_endpoints", data={"url": url, "enabled_events[]": "payment.refunded"})
    assert (answer.status_code == 201) == taken
    if taken:
        shared.delete(f"/webhook_endpoints/{answer.json()['id']}")
    else:
        assert error(answer) == (400, "param_invalid", "url")


def test_at_most_sixteen_endpoints(api: httpx.Client) -> None:
    form = {"url": "https://a.example", "enabled_events[0]": "payment.refunded"}
    answers = [api.post("/webhook_endpoints", data=form) for _ in range(17)]
    assert [answer.status_code for answer in answers] == [201] * 16 + [409]


def test_order_of_checks(shared: httpx.Client) -> None:
    """Each call has every later fault too."""
    path, big = "/payments", "x" * 32_769
    basic = httpx.BasicAuth

    def send(where: str, body: str, auth: httpx.Auth | None = None, **headers: str) -> tuple[int, str | int]:
        request = httpx.Request(
            "POST", f"{shared.base_url}".rstrip("/") + where, content=body, headers=headers
        )
        with httpx.Client() as client:
            return error(client.send(request, auth=auth))[:2]

    one = basic(*ONE)
    assert send("/nowhere", big) == (404, "path_unknown")
    assert send("/payments/x", big) == (405, "method_unknown")
    assert send(path, big) == (401, "key_missing")
    for wrong in ("Bearer x", "Basic !", "Basic", "", "Basic " + base64.b64encode(ONE[0].encode()).decode()):
        assert send(path, big, Authorization=wrong) == (401, "key_invalid")
    assert send(path, big, basic(ONE[0], "x")) == (401, "key_invalid")
    assert send(path, big, basic("cp_test_Revoked00000000000000000", "")) == (401, "key_invalid")
    assert send(path, big, basic(*OPERATOR)) == (403, "forbidden")
    assert send("/clock", big, one) == (403, "forbidden")
    assert send(path, big, one) == (400, "version_missing")
    assert send(path, big, one, **{"Api-Version": "2026-10-02"}) == (400, "version_unknown")
    assert send(path, big, one, **VERSION) == (413, "body_too_large")
    assert send(path, "%", one, **VERSION) == (415, "content_type")
    assert send(path, "%", one, **VERSION, **FORM) == (400, "body_malformed")
    assert send(path, "x", one, **VERSION, **FORM) == (400, "param_unknown")


def test_headers_of_all_answers(shared: httpx.Client) -> None:
    seen = set()
    for path in ("/payments", f"/customers/{ADA}", "/payments/pay_x"):
        for answer in (shared.get(path), shared.head(path)):
            assert answer.headers["api-version"] == "2026-10-01"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["ratelimit-policy"] == '"default";q=600;w=60'
            seen.add(answer.headers["request-id"])
        assert answer.content == b""
    assert len(seen) == 6
    unknown = shared.get("/nowhere")
    assert "ratelimit" not in unknown.headers
    assert unknown.headers["api-version"] == "2026-10-01"


@pytest.mark.parametrize("path", ["/payments/", "//payments", "/Payments", "/payments%0A"])
def test_paths_are_exact(shared: httpx.Client, path: str) -> None:
    assert error(httpx.get(f"{shared.base_url}".rstrip("/") + path)) == (404, "path_unknown", None)


def test_limit() -> None:
    if why := why_missing("payments"):
        pytest.skip(why)
    with serving("payments", options=("--quota", "3")) as url:
        answers = [httpx.get(f"{url}/payments", headers=VERSION, auth=ONE) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 3 + [429] * 2
        left = [answer.headers["ratelimit"].split(";")[1] for answer in answers]
        assert left == ["r=2", "r=1", "r=0", "r=0", "r=0"]
        assert [("retry-after" in answer.headers) for answer in answers] == [False] * 3 + [True] * 2
