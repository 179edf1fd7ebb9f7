"""Looks at the payments server that show its bugs."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import combinations
from queue import Empty, SimpleQueue
from typing import Any

import httpx

from evaluation.foreign.probes import Probes

PROBES = Probes()

VERSION = {"Api-Version": "2026-10-01"}
ONE = ("cp_test_AccountOne00000000000000", "")
TWO = ("cp_test_AccountTwo00000000000000", "")
OPERATOR = ("cp_op_Operator0000000000000000", "")
ADA, BO = "/customers/cus_Aaaaaaaaaaaaaaaaaaaaaaa1", "cus_Bbbbbbbbbbbbbbbbbbbbbbb1"
CUPS, MORE = "pay_Aaaaaaaaaaaaaaaaaaaaaaa1", "pay_Aaaaaaaaaaaaaaaaaaaaaaa2"
HEADERS = {**VERSION, "Authorization": "Basic " + base64.b64encode(f"{ONE[0]}:".encode()).decode()}
PAYMENT = {"amount": "57", "currency": "gbp", "customer": ADA[-28:], "source": "tok_ok"}
SUMMARY = {
    "report_type": "payments.summary",
    "parameters[interval_start]": "0",
    "parameters[interval_end]": "99999999999",
    "parameters[currency]": "eur",
}


@contextmanager
def _told(
    api: httpx.Client, status: int | None = 204
) -> Iterator[tuple[str, "SimpleQueue[tuple[Any, bytes]]"]]:
    """An endpoint for payments: its secret, and the messages that it gets."""
    got: SimpleQueue[tuple[Any, bytes]] = SimpleQueue()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            if status is None:
                return  # the connection ends without an answer
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        form = {
            "url": f"http://127.0.0.1:{server.server_port}/",
            "enabled_events[]": ["payment.succeeded", "payment.refunded"],
        }
        secret: str = api.post("/webhook_endpoints", data=form).json()["secret"]
        yield secret, got
        server.shutdown()


@PROBES.of("created-lt-inclusive", right=0, buggy=2)
def _created_lt(api: httpx.Client) -> object:
    made = api.get(f"/payments/{CUPS}").json()["created"]
    return len(api.get(f"/payments?created[lt]={made}").json()["data"])


@PROBES.of("has-more-when-full", right=(True, False), buggy=(True, True))
def _has_more(api: httpx.Client) -> object:
    return tuple(api.get(f"/payments?limit={limit}").json()["has_more"] for limit in (1, 2))


@PROBES.of("if-match-ignored", right=(412, "Ada Lund"), buggy=(200, "B"))
def _if_match(api: httpx.Client) -> object:
    answer = api.post(ADA, data={"name": "B"}, headers={"If-Match": '"old"'})
    return answer.status_code, api.get(ADA).json()["name"]


@PROBES.of("missing-customer-500", right=404, buggy=500)
def _missing_customer(api: httpx.Client) -> object:
    return api.post("/payments", data={**PAYMENT, "customer": "cus_" + "x" * 24}).status_code


@PROBES.of("name-not-cleared", right=(200, None), buggy=(200, "Ada Lund"))
def _name_not_cleared(api: httpx.Client) -> object:
    return api.post(ADA, data={"name": ""}).status_code, api.get(ADA).json()["name"]


@PROBES.of("declined-payment-kept", right=(402, 2), buggy=(402, 3))
def _declined(api: httpx.Client) -> object:
    status = api.post("/payments", data={**PAYMENT, "source": "tok_declined"}).status_code
    return status, len(api.get("/payments").json()["data"])


@PROBES.of("event-without-metadata", right={"order": "7"}, buggy={})
def _event_without_metadata(api: httpx.Client) -> object:
    with _told(api) as (_, got):
        made = api.post("/payments", data={**PAYMENT, "metadata[order]": "7"}).json()
        assert made["metadata"] == {"order": "7"}
        return json.loads(got.get(timeout=10)[1])["data"]["metadata"]


@PROBES.of("key-with-other-fields", right=(201, 400), buggy=(201, 201))
def _key_with_other_fields(api: httpx.Client) -> object:
    key = {"Idempotency-Key": "k"}
    forms = [PAYMENT, {**PAYMENT, "amount": "5700"}]
    return tuple(api.post("/payments", data=form, headers=key).status_code for form in forms)


@PROBES.of("refund-of-another-account", right=(404, 0), buggy=(201, 1))
def _refund_of_another(api: httpx.Client) -> object:
    status = api.post("/refunds", data={"payment": CUPS, "amount": "1"}, auth=TWO).status_code
    return status, api.get(f"/payments/{CUPS}").json()["amount_refunded"]


@PROBES.of("status-by-last-refund", right=(5000, "refunded"), buggy=(5000, "partially_refunded"))
def _status_by_last(api: httpx.Client) -> object:
    assert api.post("/refunds", data={"payment": MORE}).status_code == 201
    payment = api.get(f"/payments/{MORE}").json()
    return payment["amount_refunded"], payment["status"]


@PROBES.of("cursor-with-plus", right=set(), buggy={"not in the pattern", "cursor_invalid"})
def _cursor_with_plus(api: httpx.Client) -> object:
    for letter in "bcd":
        assert api.post("/customers", data={"email": f"{letter}@example.com"}).status_code == 201
    seen, text = set(), "example.com"
    # A plus is in a quarter of the cursors, and each text makes another one: of 66, some surely have it.
    for start, end in combinations(range(len(text) + 1), 2):
        query = {"query": f'email~"{text[start:end]}"', "limit": "1"}
        cursor = api.get("/customers/search", params=query).json()["next_page"]
        if cursor is None:
            continue
        if "+" in cursor or "/" in cursor:
            seen.add("not in the pattern")
        path = f"/customers/search?{httpx.QueryParams(query)}&page={cursor}"
        if (answer := api.get(path)).status_code != 200:
            seen.add(answer.json()["error"]["code"])
    return seen


@PROBES.of("refunds-race", right=False, buggy=True)
def _refunds_race(api: httpx.Client) -> object:
    form, together = {"payment": CUPS, "amount": "1000"}, threading.Barrier(4, timeout=30)

    def refund(_: int) -> int:
        api.get(f"/payments/{CUPS}")  # opens the connection, so that the four refunds arrive together
        together.wait()
        return api.post("/refunds", data=form).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(refund, range(4)))
    assert 201 in statuses
    return api.get(f"/payments/{CUPS}").json()["amount_refunded"] > 1200


@PROBES.of("report-in-floats", right=(57, 57), buggy=(57, 56))
def _report_in_floats(api: httpx.Client) -> object:
    amount = api.post("/payments", data=PAYMENT).json()["amount"]
    form = {
        "report_type": "payments.summary",
        "parameters[interval_start]": "0",
        "parameters[interval_end]": "99999999999",
        "parameters[currency]": "gbp",
    }
    run = api.post("/report_runs", data=form).json()["id"]
    assert api.post("/clock", data={"advance_s": "30"}, auth=OPERATOR).status_code == 200
    return amount, api.get(f"/report_runs/{run}").json()["result"]["gross"]


@PROBES.of("signature-over-own-json", right=(True, True), buggy=(True, False))
def _signature(api: httpx.Client) -> object:
    fits = []
    with _told(api) as (secret, got):
        for text in ("tea", "café"):
            assert api.post("/payments", data={**PAYMENT, "description": text}).status_code == 201
            headers, body = got.get(timeout=10)
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
            fits.append(headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode())
    return tuple(fits)


@PROBES.of("tag-without-metadata", right=(True, True, 200), buggy=(True, False, 304))
def _tag_without_metadata(api: httpx.Client) -> object:
    tags = [api.get(ADA).headers["etag"]]
    for form in ({"name": "B"}, {"metadata[a]": "b"}):
        tags.append(api.post(ADA, data=form).headers["etag"])
    late = api.get(ADA, headers={"If-None-Match": tags[1]}).status_code
    return tags[0] != tags[1], tags[1] != tags[2], late


@PROBES.of("charset-refused", right=201, buggy=415)
def _charset(api: httpx.Client) -> object:
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    return api.post("/customers", content="email=a@example.com", headers=form).status_code


@PROBES.of("metadata-merged", right={"b": "2"}, buggy={"a": "1", "b": "2"})
def _metadata_merged(api: httpx.Client) -> object:
    api.post(ADA, data={"metadata[a]": "1"})
    return api.post(ADA, data={"metadata[b]": "2"}).json()["metadata"]


@PROBES.of("plus-stays", right="Ada Berg", buggy="Ada+Berg")
def _plus(api: httpx.Client) -> object:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return api.post(ADA, content="name=Ada+Berg", headers=form).json()["name"]


@PROBES.of("revoked-key-works", right=401, buggy=200)
def _revoked(api: httpx.Client) -> object:
    return api.get("/payments", auth=("cp_test_Revoked00000000000000000", "")).status_code


@PROBES.of("and-as-or", right=0, buggy=1)
def _and_as_or(api: httpx.Client) -> object:
    query = {"query": 'email:"ada@example.com" AND name:"Bo"'}
    return len(api.get("/customers/search", params=query).json()["data"])


@PROBES.of("answer-of-another-account", right=(True, None), buggy=(False, "true"))
def _answer_of_another(api: httpx.Client) -> object:
    key = {"Idempotency-Key": "k"}
    form = {"email": "a@example.com"}
    mine, other = (api.post("/customers", data=form, headers=key, auth=auth) for auth in (ONE, TWO))
    return mine.json()["id"] != other.json()["id"], other.headers.get("idempotent-replayed")


@PROBES.of("one-tag-only", right=304, buggy=200)
def _one_tag(api: httpx.Client) -> object:
    tags = f'"old", {api.get(ADA).headers["etag"]}'
    return api.get(ADA, headers={"If-None-Match": tags}).status_code


@PROBES.of("poll-without-retry-after", right=True, buggy=False)
def _poll(api: httpx.Client) -> object:
    form = {
        "report_type": "payments.summary",
        "parameters[interval_start]": "0",
        "parameters[interval_end]": "1",
        "parameters[currency]": "gbp",
    }
    return "retry-after" in api.get(api.post("/report_runs", data=form).headers["location"][3:]).headers


@PROBES.of("event-before-refund", right=7, buggy=0)
def _event_before_refund(api: httpx.Client) -> object:
    with _told(api) as (_, got):
        assert api.post("/refunds", data={"payment": CUPS, "amount": "7"}).status_code == 201
        return json.loads(got.get(timeout=10)[1])["data"]["amount_refunded"]


@PROBES.of("message-id-per-attempt", right=1, buggy=2)
def _message_id(api: httpx.Client) -> object:
    with _told(api, 500) as (_, got):
        assert api.post("/payments", data=PAYMENT).status_code == 201
        return len({got.get(timeout=10)[0]["webhook-id"] for _ in range(2)})


def _report(api: httpx.Client, currency: str) -> str:
    """Start a report over all payments of a currency, and return its id."""
    form = {
        "report_type": "payments.summary",
        "parameters[interval_start]": "0",
        "parameters[interval_end]": "99999999999",
        "parameters[currency]": currency,
    }
    run: str = api.post("/report_runs", data=form).json()["id"]
    return run


@PROBES.of("partial-refund-not-told", right=["partially_refunded", "refunded"], buggy=["refunded"])
def _partial_refund(api: httpx.Client) -> object:
    told = []
    with _told(api) as (_, got):
        for amount in ("7", ""):
            assert api.post("/refunds", data={"payment": CUPS, "amount": amount}).status_code == 201
            with suppress(Empty):  # waits for each message: two on their way at once may overtake each other
                told.append(json.loads(got.get(timeout=5)[1])["data"]["status"])
    return told


@PROBES.of("remaining-before-call", right=599, buggy=600)
def _remaining(api: httpx.Client) -> object:
    match = re.search(r"r=(\d+)", api.get("/payments").headers["ratelimit"])
    assert match
    return int(match[1])


@PROBES.of("star-matches-nothing", right=304, buggy=200)
def _star(api: httpx.Client) -> object:
    return api.get(ADA, headers={"If-None-Match": "*"}).status_code


@PROBES.of("timestamp-in-milliseconds", right=(10, True), buggy=(13, False))
def _timestamp(api: httpx.Client) -> object:
    with _told(api) as (secret, got):
        assert api.post("/payments", data=PAYMENT).status_code == 201
        headers, body = got.get(timeout=10)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)
        fits = headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
        return len(headers["webhook-timestamp"]), fits


@PROBES.of("headers-not-replayed", right=[True, True], buggy=[True, False])
def _headers_replayed(api: httpx.Client) -> object:
    form, key = {"email": "a@example.com"}, {"Idempotency-Key": "k"}
    answers = [api.post("/customers", data=form, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    return ["location" in answer.headers and "etag" in answer.headers for answer in answers]


@PROBES.of("key-of-another-path", right=(201, 201), buggy=(201, 400))
def _key_of_another_path(api: httpx.Client) -> object:
    key = {"Idempotency-Key": "k"}
    first = api.post("/customers", data={"email": "a@example.com"}, headers=key)
    return first.status_code, api.post("/payments", data=PAYMENT, headers=key).status_code


@PROBES.of("more-without-filters", right=(1, False), buggy=(1, True))
def _more_without_filters(api: httpx.Client) -> object:
    page = api.get("/payments?status=partially_refunded").json()  # the older payment is a succeeded one
    return len(page["data"]), page["has_more"]


@PROBES.of("report-adds-currencies", right=1200, buggy=6200)
def _report_adds(api: httpx.Client) -> object:
    run = _report(api, "eur")
    assert api.post("/clock", data={"advance_s": "30"}, auth=OPERATOR).status_code == 200
    return api.get(f"/report_runs/{run}").json()["result"]["gross"]


@PROBES.of("cursor-of-another-query", right=400, buggy=200)
def _cursor_of_another(api: httpx.Client) -> object:
    assert api.post("/customers", data={"email": "c@example.com"}).status_code == 201
    query = {"query": 'email~"example"', "limit": "1"}
    cursor = api.get("/customers/search", params=query).json()["next_page"]
    return api.get("/customers/search", params={"query": 'email~"com"', "page": cursor}).status_code


@PROBES.of("redirect-is-delivery", right=2, buggy=1)
def _redirect(api: httpx.Client) -> object:
    with _told(api, 307) as (_, got):
        assert api.post("/payments", data=PAYMENT).status_code == 201
        got.get(timeout=10)
        try:
            got.get(timeout=10)
        except Empty:
            return 1
        return 2


@PROBES.of("unknown-key-500", right=401, buggy=500)
def _unknown_key(api: httpx.Client) -> object:
    return api.get(f"/payments/{CUPS}", auth=("cp_test_Nobody000000000000000000", "")).status_code


@PROBES.of("run-read-is-201", right=(202, 200), buggy=(202, 201))
def _run_read(api: httpx.Client) -> object:
    made = api.post("/report_runs", data=SUMMARY)
    return made.status_code, api.get(f"/report_runs/{made.json()['id']}").status_code


@PROBES.of("missing-without-body", right=(404, 20404), buggy=(404, None))
def _missing_without_body(api: httpx.Client) -> object:
    answer = api.get(f"/payments/pay_{'z' * 24}")
    return answer.status_code, answer.json()["error"]["code"] if answer.content else None


@PROBES.of("bad-cursor-500", right=400, buggy=500)
def _bad_cursor(api: httpx.Client) -> object:
    return api.get("/customers/search", params={"query": 'name~"a"', "page": "abc"}).status_code


@PROBES.of("url-without-path-refused", right=(201, 201), buggy=(400, 201))
def _url_without_path(api: httpx.Client) -> object:
    forms = (
        {"url": f"https://shop.example{path}", "enabled_events[]": "payment.refunded"} for path in ("", "/")
    )
    return tuple(api.post("/webhook_endpoints", data=form).status_code for form in forms)


@PROBES.of("change-of-new-customer-lost", right=(200, "B", "B"), buggy=(200, None, None))
def _change_lost(api: httpx.Client) -> object:
    path = f"/customers/{api.post('/customers', data={'email': 'new@example.com'}).json()['id']}"
    answer = api.post(path, data={"name": "B"})
    told = answer.json()["name"] if answer.content else None
    return answer.status_code, told, api.get(path).json()["name"]


@PROBES.of("change-of-payer-503", right=200, buggy=503)
def _change_of_payer(api: httpx.Client) -> object:
    return api.post(ADA, data={"name": "B"}).status_code


@PROBES.of("empty-report-500", right=(202, 202), buggy=(202, 500))
def _empty_report(api: httpx.Client) -> object:
    far = {**SUMMARY, "parameters[interval_start]": "99999999998"}
    return tuple(api.post("/report_runs", data=form).status_code for form in (SUMMARY, far))


@PROBES.of("limit-ignored", right=(1, True), buggy=(2, False))
def _limit_ignored(api: httpx.Client) -> object:
    page = api.get("/payments?limit=1").json()
    return len(page["data"]), page["has_more"]


@PROBES.of("key-ignored", right=(True, "true"), buggy=(False, None))
def _key_ignored(api: httpx.Client) -> object:
    key = {"Idempotency-Key": "k"}
    first, second = (api.post("/payments", data=PAYMENT, headers=key) for _ in range(2))
    return first.json()["id"] == second.json()["id"], second.headers.get("idempotent-replayed")


@PROBES.of("invalid-param-is-html", right=(400, "application/json"), buggy=(400, "text/html"))
def _invalid_param(api: httpx.Client) -> object:
    answer = api.get("/payments?limit=0")
    return answer.status_code, answer.headers["content-type"].partition(";")[0]


def _attempts(api: httpx.Client, status: int | None) -> int:
    """The attempts of one message within seven seconds of the first."""
    with _told(api, status) as (_, got):
        assert api.post("/payments", data=PAYMENT).status_code == 201
        first = got.get(timeout=10)[0]["webhook-id"]
        count, end = 1, time.monotonic() + 7
        while (left := end - time.monotonic()) > 0:
            try:
                assert got.get(timeout=left)[0]["webhook-id"] == first
            except Empty:
                break
            count += 1
    return count


@PROBES.of("only-200-is-delivery", right=(1, 1), buggy=(1, 2))
def _only_200(api: httpx.Client) -> object:
    return _attempts(api, 200), _attempts(api, 202)


@PROBES.of("lost-is-sent-at-once", right=2, buggy=4)
def _lost(api: httpx.Client) -> object:
    return _attempts(api, None)


@PROBES.of("missing-code-is-status", right=(404, 20404), buggy=(404, 404))
def _missing_code(api: httpx.Client) -> object:
    answer = api.get(f"/payments/pay_{'z' * 24}")
    return answer.status_code, answer.json()["error"]["code"]


@PROBES.of("clock-of-everybody", right=403, buggy=200)
def _clock_of_everybody(api: httpx.Client) -> object:
    return api.post("/clock", data={"advance_s": "1"}).status_code


@PROBES.of("new-customer-is-forbidden", right=(201, 200), buggy=(403, 200))
def _new_customer(api: httpx.Client) -> object:
    made = api.post("/customers", data={"email": "a@example.com"})
    return made.status_code, api.get(ADA).status_code
