"""The verify engine: contracts before traffic, the plan, verdicts, safety, what is left, what is told."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from inprocess import inside, verify_sandbox
from lengths import rarely
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.check_registry import collect
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan, verify
from verifying import (
    PARK_GRAPH,
    SHOP,
    URL,
    ids,
    keys_of,
    model,
    noted_run,
    plain_exchanges,
    plain_run,
    run,
    sandbox,
)

WHOLE = Identities(
    dict.fromkeys(("main", "second", "starter", "fleet", "revoked", "operator", "stripe"), "pk_test_x")
)


def test_contracts_are_listed_once_each_with_a_place_in_the_catalogue():
    listed = contracts(model())
    assert len({c.id for c in listed}) == len(listed) > 1000
    assert "invalid_input/maximum/hours/create_session@rest" in {c.id for c in listed}
    assert [c.id for c in listed if not model().source.has(c.origin)] == []
    assert [c.id for c in listed if not c.says.strip() or not c.id.startswith(f"{c.check}/")] == []


@pytest.mark.matrix
def test_the_plan_is_the_same_under_another_hash_seed_and_another_for_another_seed():
    code = (
        "from verifying import model; "
        "from pgagents.verify.run.run import plan; "
        "from pgagents.verify.plan.options import Identities, Options;"
        f"print(plan(model(), Options(seed=4), Identities({dict(WHOLE.keys)!r})).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=str(PARK_GRAPH.parent.parent / "tests"),
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("0", "123")
    }
    assert digests == {plan(model(), Options(seed=4), WHOLE).digest}
    assert digests != {plan(model(), Options(seed=5), WHOLE).digest}


@pytest.mark.matrix
def test_a_run_is_the_same_under_another_hash_seed():
    """Its requests with all values drawn, and each verdict with its reason."""
    code = (
        "import hashlib; from verifying import SHOP, inside, model, noted_run; "
        "from pgagents.verify.plan.options import Options; "
        "report, sent = noted_run(model(SHOP), inside(model(SHOP)), Options()); "
        "calls = [repr((r.method, r.path, r.query, sorted(r.headers), r.body)) for r, _ in sent]; "
        "judged = [repr((r.contract.id, r.verdict, r.reason)) for r in report.results]; "
        "found = [repr((f.contract.id, f.rank, f.actual)) for f in report.findings]; "
        "print(len(sent), hashlib.sha256(chr(10).join([*calls, *judged, *found]).encode()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=str(PARK_GRAPH.parent.parent / "tests"),
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


@pytest.mark.parametrize("path", rarely([SHOP, PARK_GRAPH], SHOP), ids=lambda path: path.stem)
def test_the_same_seed_sends_the_same_requests_in_the_same_order(path):
    """Also those that are sent at the same time."""
    _, before = plain_exchanges(path)
    _, again = noted_run(model(path), inside(model(path)), Options())
    assert [request for request, _ in again] == [request for request, _ in before]


@pytest.mark.matrix
def test_a_standard_run_stays_within_25_requests_an_action_and_surface():
    report = plain_run()
    places = {(r.contract.action, r.contract.surface) for r in report.results if r.contract.action}
    assert report.footer.requests <= 25 * len(places)


def test_smoke_stays_within_60_requests_and_calls_every_action_and_the_rest_is_not_selected():
    report = run(model(), profile="smoke")
    assert report.footer.requests <= 60
    assert report.exit_code == 0
    fits = {
        r.contract.id: r.verdict
        for r in report.results
        if r.contract.check == "response_schema" and r.contract.surface == "rest"
    }
    assert sum(v is Verdict.KEPT for v in fits.values()) >= len(fits) - 2


def test_a_budget_that_ends_early_leaves_contracts_untested_and_nothing_behind():
    report = run(model(), max_requests=90)
    assert report.footer.requests <= 90
    assert "too few requests are left for this probe: give a larger --max-requests" in [
        r.reason for r in report.results
    ]
    assert report.exit_code == 3
    assert report.footer.left_behind == ()


def test_only_reproduces_one_contract():
    wanted = "invalid_input/maximum/hours/create_session@rest"
    report = run(model(), faults=["accept-out-of-range"], only=(wanted,))
    assert ids(report, Verdict.BROKEN) == [wanted]
    assert report.footer.requests < 30
    assert ids(run(model(), only=(wanted,)), Verdict.KEPT) == [wanted]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        ("error-echoes-key", "no_leaks/search_parking@rest"),
        *rarely(
            [
                ("dispatcher-refuses-as-absent", "surface_equivalence/refused/end_session@dispatcher"),
                ("envelope-of-framework", "error_envelope/framework@rest"),
            ]
        ),
    ],
)
def test_only_reproduces_what_another_checks_probe_broke(fault, wanted):
    """`test_faults.py` finds it in a whole run."""
    report = run(model(), faults=[fault], only=(wanted,))
    assert (ids(report, Verdict.BROKEN), report.exit_code) == ([wanted], 1)
    assert report.footer.requests < plain_run().footer.requests / 2


OWN_PROOF = ("used-hold-released", "conversion/used_up/hold/create_session@rest")
ANOTHER_VALUE = ("circle-taken-for-narrow-box", "relation/wider-keeps/fits/search_parking@rest")
ANOTHER_TOKEN = ("dead-token-unchallenged", "response_headers/WWW-Authenticate/search_parking@rest")
EARLIER_ROWS = ("audit-row-changes", "audit_trail/unchanged@rest")


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        OWN_PROOF,
        ANOTHER_VALUE,
        *rarely([ANOTHER_TOKEN, EARLIER_ROWS]),
    ],
)
def test_only_reproduces_what_needs_more_than_the_contracts_own_calls(fault, wanted):
    report = run(model(), faults=[fault], only=(wanted,))
    assert (ids(report, Verdict.BROKEN), report.exit_code) == ([wanted], 1)


def test_only_exceeds_a_limit_for_the_header_that_a_limited_call_alone_has():
    wanted = "response_headers/Retry-After/framework@rest"
    report = run(model(), faults=["retry-after-missing"], only=(wanted,), limits=True)
    assert ids(report, Verdict.BROKEN) == [wanted]


ONLY = ["law", "law/sessions-sum-up/get_fleet_billing@rest", "no_leaks", "error_codes/framework"]


@pytest.mark.parametrize(
    ("only", "seed"), rarely(product(ONLY, [0, 9]), ("law", 0), ("error_codes/framework", 0))
)
def test_only_tries_all_that_a_whole_run_tries(only, seed):
    report = run(model(), seed=seed, only=(only,))
    assert ids(report, Verdict.UNTESTED) == []
    assert (report.findings, report.exit_code) == ((), 0)


def test_only_within_a_small_budget_tries_its_own_probes():
    wanted = "valid_calls/example/vail/search_parking@rest"
    report = run(model(), only=(wanted,), max_requests=12)
    assert report.footer.requests <= 12
    assert ids(report, Verdict.KEPT) == [wanted]


@pytest.mark.matrix
def test_a_missing_identity_leaves_its_contracts_out():
    opened, _ = sandbox(model())
    main = {"main": opened.tokens["unlimited"]}
    only = ("plan_scopes/", "valid_calls/example/vail/search_parking")
    report = run(model(), keys=main, only=only)
    left_out = [
        r for r in report.results if r.verdict is Verdict.NOT_SELECTED and "plan_scopes" in r.contract.id
    ]
    assert left_out
    assert "--identity starter" in left_out[0].reason
    assert report.exit_code == 0


def test_nothing_is_written_with_a_live_key():
    opened, _ = sandbox(model(SHOP))
    key = opened.tokens["unlimited"]
    sent: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        """The sandbox, which takes its test key as a live one."""
        sent.append(request)
        shown = (request.header("Authorization") or "").replace("buy_", "try_")
        return opened.handler(request.with_header("Authorization", shown) if shown else request)

    def written() -> list[Request]:
        """Calls that may write: by a path, or by the dispatcher."""
        return [
            r for r in sent if r.method == "POST" and (r.path.startswith("/orders") or b"_order" in r.body)
        ]

    def judged(report: Report) -> list[str]:
        tried = (Verdict.KEPT, Verdict.UNTESTED)
        return [
            r.contract.id for r in report.results if r.contract.action == "place_order" and r.verdict in tried
        ]

    report = run(model(SHOP), keys={"main": key.replace("try_", "buy_")}, handler=handler)
    assert (written(), judged(report)) == ([], [])
    assert "valid_calls/example/kettles/search_products@rest" in ids(report, Verdict.KEPT)
    again = run(model(SHOP), keys={"main": key}, handler=handler, only=("valid_calls/",))
    assert written()
    assert judged(again)


def test_without_prefixes_the_caller_alone_decides_about_writes():
    """An address says nothing: 127.0.0.1 may be a tunnel to production."""
    from pgagents.verify.plan.selection import may_write

    scheme = model(SHOP).auth.schemes["token"].model_copy(update={"prefixes": {}})
    bare = replace(model(SHOP), auth=model(SHOP).auth.model_copy(update={"schemes": {"token": scheme}}))
    key = Identities({"main": "k"})
    assert not may_write(bare, key, Options())
    assert may_write(bare, key, Options(allow_writes=True))
    assert may_write(model(SHOP), Identities({"main": "try_k"}), Options())
    assert not may_write(model(SHOP), Identities({"main": "buy_k"}), Options())


def test_no_key_is_a_wrong_call():
    with pytest.raises(PgagentsError):
        run(model(), keys={})


def test_a_server_that_never_answers_is_no_finding_and_not_green():
    report = run(model(), handler=lambda _: Silence("refused", "connection refused"))
    assert report.findings == ()
    assert report.exit_code == 3
    assert not report.footer.complete
    assert report.footer.requests < 6


@pytest.mark.parametrize("kind", ["timeout", "reset", "protocol", "tls"])
def test_a_server_without_a_byte_of_an_answer_is_no_finding(kind):
    report = run(model(), handler=lambda _: Silence(kind, "nothing came"))
    assert (report.findings, report.exit_code) == ((), 3)
    assert "never answered" in report.footer.notes[0]


@pytest.mark.parametrize("kind", ["timeout", "reset", "protocol", "too-large"])
def test_a_server_that_breaks_every_answer_off_crashes(kind):
    report = run(model(), handler=lambda _: Silence(kind, "half a body", begun=True))
    assert {f.contract.check for f in report.findings} == {"no_crashes"}
    assert report.exit_code == 1
    assert report.footer.requests < 40
    assert "broke off its last" in report.footer.notes[0]


def test_a_endpoint_that_breaks_its_answers_off_does_not_end_the_run():
    opened, _ = sandbox(model(SHOP))

    def handler(request: Request) -> Response | Silence:
        return (
            Silence("reset", "half a body", begun=True)
            if request.path.endswith("/cancel")
            else opened.handler(request)
        )

    report = run(model(SHOP), handler=handler, keys=keys_of(opened))
    assert report.footer.complete
    assert ids(report, Verdict.BROKEN) == ["no_crashes/cancel_order@rest"]


def test_a_server_that_dies_half_way_leaves_a_list_of_what_was_made():
    opened, _ = sandbox(model())
    count = [0]

    def handler(request: Request) -> Response | Silence:
        count[0] += 1
        return opened.handler(request) if count[0] <= 70 else Silence("refused", "gone")

    report = run(model(), handler=handler, keys=keys_of(opened))
    assert not report.footer.complete
    assert report.footer.left_behind
    assert report.exit_code == 1


def test_an_interrupted_run_undoes_what_it_made():
    opened, _ = sandbox(model())
    count = [0]

    def handler(request: Request) -> Response | Silence:
        count[0] += 1
        if count[0] == 120:
            raise KeyboardInterrupt
        return opened.handler(request)

    def running() -> int:
        asked = Request(
            "GET",
            "/api/v1/sessions?status=active&limit=50",
            (("Authorization", f"Bearer {opened.tokens['unlimited']}"),),
        )
        listed = opened.handler(asked)
        assert isinstance(listed, Response)
        return listed.body.count(b'"id":"sess_')

    before = running()
    report = run(model(), handler=handler, keys=keys_of(opened))
    assert not report.footer.complete
    assert report.footer.left_behind == ()
    assert running() == before


@pytest.mark.matrix
def test_a_limit_is_waited_out_and_never_counted():
    opened, now = sandbox(model())
    waited: list[float] = []
    statuses: list[int] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        statuses.append(answer.status if isinstance(answer, Response) else 0)
        return answer

    report = verify(
        model(),
        handler,
        Identities({"main": opened.tokens["test"]}),
        Options(live=False),
        clock=opened.front.clock.now,
        sleep=sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
    )
    assert report.findings == ()
    assert ids(report, Verdict.UNTESTED) == []
    assert waited
    assert max(waited) <= 60


def test_a_server_that_answers_garbage_is_found_out_and_crashes_nothing():
    chance = random.Random(5)
    bodies = [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"error":1}',
        b'{"a":1,"a":2}',
        b"\xff",
        b"[" * 5000,
        json_bytes({"session": {"id": 5}, "lots": [1]}),
    ]

    def handler(_: Request) -> Response | Silence:
        if chance.random() < 0.05:
            return Silence("protocol", "half a body")
        headers = (
            ("X-RateLimit-Limit", "-1"),
            ("X-RateLimit-Remaining", "x" * 50),
            ("Retry-After", "soon"),
            ("Content-Type", "\x00"),
        )
        return Response(
            chance.choice([200, 201, 204, 301, 400, 404, 418, 429, 500, 503, 599]),
            headers,
            chance.choice(bodies),
        )

    opened, _ = sandbox(model())
    report = run(model(), handler=handler, keys=keys_of(opened))
    assert report.findings
    assert not [n for n in report.footer.notes if "internal" in n or "never listed" in n], report.footer.notes


@pytest.mark.parametrize("status", rarely([400, 401, 405, 418, 429, 500], 401))
@pytest.mark.parametrize("code", ["UNAUTHORIZED", "NO_SUCH_CODE", ""])
@pytest.mark.parametrize("alone", [None, "GET /api/v1/health", "GET /pgv-no-such-path"])
def test_nothing_is_judged_that_was_not_listed(status, code, alone):
    body = json_bytes(
        {"error": {"code": code, "message": "no", "request_id": "r"}} if code else {"no": "envelope"}
    )
    opened, _ = sandbox(model())

    def handler(request: Request) -> Response | Silence:
        if alone is None or f"{request.method} {request.path}" == alone:
            return Response(status, (("Content-Type", "application/json"),), body)
        return opened.handler(request)

    report = run(model(), handler=handler, keys=keys_of(opened), profile="smoke", max_wait_s=0)
    assert [n for n in report.footer.notes if "never listed" in n or "internal" in n] == []


def _told(report: Report) -> str:
    return str(report)


LEAKING = ["secret-in-answer", "error-echoes-key", "auth-ignored", "text-mangled", "end-keeps-state"]


@pytest.mark.parametrize("fault", rarely(LEAKING, "error-echoes-key"))
def test_no_key_and_no_secret_reaches_a_report(fault):
    opened, _ = sandbox(model(), faults=[fault])
    secrets: set[str] = set()

    def handler(request: Request) -> Response | Silence:
        import json

        answer = opened.handler(request)
        if isinstance(answer, Response) and b"client_secret" in answer.body:
            secrets.add(json.loads(answer.body)["session"]["client_secret"])
        return answer

    keys = keys_of(opened)
    report = run(model(), handler=handler, keys=keys)
    assert report.findings
    assert secrets
    text = _told(report)
    assert [role for role, key in keys.items() if key in text] == []
    assert [s for s in secrets if s in text] == []


def test_a_gateways_secret_reaches_no_report():
    secret = "open-sesame-91"
    opened, now = sandbox(model())
    said = json_bytes({"error": {"code": "NOT_FOUND", "message": f"via {secret}", "request_id": "r"}})

    def handler(request: Request) -> Response | Silence:
        if request.path.endswith("/rates"):
            return Response(404, (("Content-Type", f"text/{secret}"), ("X-RateLimit-Limit", secret)), said)
        return (
            Silence("reset", f"{secret} is gone")
            if request.path.endswith("/health")
            else opened.handler(request)
        )

    def told(*secrets: str) -> str:
        report = verify(
            model(),
            handler,
            Identities(keys_of(opened), secrets),
            Options(live=False, profile="smoke"),
            clock=opened.front.clock.now,
            sleep=lambda s: now.__setitem__(0, now[0] + s),
            wall=lambda: "2026-04-18T16:00:00Z",
            url=URL,
        )
        assert len(report.findings) > 2
        return _told(report)

    assert secret in told()
    assert secret not in told(secret)


def test_a_failing_case_is_tried_once_more():
    flaky = [0]
    opened, _ = sandbox(model())

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        if request.target.endswith("/rates") and isinstance(answer, Response) and answer.status == 200:
            flaky[0] += 1
            if flaky[0] == 1:
                return replace(answer, status=500)
        return answer

    report = run(
        model(), handler=handler, keys=keys_of(opened), only=("no_crashes/get_rates",), max_requests=80
    )
    assert [f.stable for f in report.findings if f.contract.check == "no_crashes"] == [False]
    always = run(model(), faults=["accept-out-of-range"], only=("invalid_input/maximum/hours/",))
    assert True in [f.stable for f in always.findings]


@pytest.mark.matrix
def test_a_law_that_meets_only_empty_lists_is_untested():
    def emptied(answer: Response | Silence) -> Response | Silence:
        if isinstance(answer, Response) and answer.status == 200 and b'"lots"' in answer.body:
            return replace(answer, body=b'{"lots":[]}')
        return answer

    opened, _ = sandbox(model())
    report = run(model(), handler=lambda r: emptied(opened.handler(r)), keys=keys_of(opened))
    verdicts = {r.contract.id: r for r in report.results}
    found = verdicts["law/within-radius/search_parking@rest"]
    assert found.verdict is Verdict.UNTESTED


def test_every_exchange_serves_many_contracts_and_time_is_told_apart():
    footer = plain_run().footer
    assert sum(footer.served.values()) > 3 * footer.requests
    assert footer.seconds_generating >= 0
    assert footer.seconds_sending > 0
    assert footer.seconds_judging > 0


def test_an_error_inside_one_check_makes_its_contracts_untested_and_no_finding(monkeypatch):
    from pgagents.verify.checks.rest import error_envelope as check

    def watch(*_: object) -> object:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(check, "CHECK", replace(check.CHECK, watch=watch))
    collect.cache_clear()
    try:
        report = run(model(SHOP))
    finally:
        collect.cache_clear()
    assert report.findings == ()
    reasons = {r.contract.id: r.reason for r in report.results}
    untested = ids(report, Verdict.UNTESTED)
    assert {id.partition("/")[0] for id in untested} == {"error_envelope"}
    assert "internal error" in reasons[untested[0]]
    assert report.exit_code == 3


def test_a_key_that_the_server_refuses_leaves_all_untested_and_nothing_broken():
    opened, _ = sandbox(model())
    report = run(
        model(), handler=opened.handler, keys={**keys_of(opened), "main": "pk_test_not_one_of_yours"}
    )
    counts = report.footer.by_verdict
    assert (report.findings, counts[Verdict.BROKEN], counts[Verdict.KEPT]) == ((), 0, 0)
    assert report.exit_code == 3
    assert report.footer.requests < 10
    assert "refused the key: 401 UNAUTHORIZED" in report.footer.notes[0]


HARMFUL = [
    b"[" * 100_000 + b"]" * 100_000,
    b"a: &a [1]\nb: [*a, *a]\n",
    b"{" * 5_000,
    b"\xff\xfe",
    b"a: [1\n",
]


@pytest.mark.parametrize("body", rarely(HARMFUL, HARMFUL[0]))
def test_a_hosted_document_that_is_made_to_harm_is_a_finding(body: bytes):
    opened, _ = sandbox(model(SHOP))

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        return (
            replace(answer, body=body)
            if request.path.endswith(".yaml") and isinstance(answer, Response)
            else answer
        )

    report = run(model(SHOP), handler=handler, keys=keys_of(opened))
    assert {f.contract.check for f in report.findings} == {"hosted_document"}
    assert report.exit_code == 1


@pytest.mark.matrix
@pytest.mark.parametrize("room", [1, 5, 6, 9])
def test_a_place_that_turns_out_to_be_full_leaves_nothing_untested(room: int) -> None:
    """Others have left so much room at the place that a run books most."""
    usual, exchanges = plain_exchanges()
    booked = Counter(
        read_json(request.body).value["lot_id"]
        for request, answer in exchanges
        if (request.method, request.path) == ("POST", "/api/v1/sessions")
        and isinstance(answer, Response)
        and answer.status == 201
    )

    def sent(method: str, target: str, **body: Any) -> Any:
        headers = (("Authorization", f"Bearer {keys['second']}"), ("Content-Type", "application/json"))
        answer = opened.sandbox.handler(Request(method, target, headers, json_bytes(body) if body else b""))
        assert isinstance(answer, Response)
        assert answer.status in (200, 201)
        return read_json(answer.body).value

    opened = inside(model())
    keys = opened.keys
    first, _ = booked.most_common(1)[0]
    place = model().env["place"]
    lots = sent("GET", f"/api/v1/lots/search?lat={place['lat']}&lng={place['lng']}")["lots"]
    for number in range(next(lot["available"] for lot in lots if lot["id"] == first) - room):
        sent("POST", "/api/v1/sessions", lot_id=first, plate=f"FULL{number}", hours=24)
    report = verify_sandbox(model(), opened, Options())
    assert [(f.contract.id, f.actual) for f in report.findings] == [
        (f.contract.id, f.actual) for f in usual.findings
    ]
    open_ = {r.contract.id: r.reason for r in report.results if r.verdict is Verdict.UNTESTED}
    # A default shows only where the server holds more than it lists by itself; others took what there was.
    assert {
        id: why
        for id, why in open_.items()
        if id not in ids(usual, Verdict.UNTESTED) and not id.startswith("default_values/")
    } == {}


def test_a_list_that_others_have_filled_meanwhile_is_asked_for_what_is_made_last() -> None:
    """Before each instance is first looked for in the list, so many others are made that it stands on a later
    page. Time passes between what the run makes and what they make, as lists are sorted by it.
    """
    opened, now = sandbox(model())
    keys = keys_of(opened)
    place = model().env["place"]
    own = (("Authorization", f"Bearer {keys['main']}"), ("Content-Type", "application/json"))
    lots = read_json(
        opened.handler(Request("GET", f"/api/v1/lots/search?lat={place['lat']}&lng={place['lng']}", own)).body
    ).value["lots"]
    roomy = max((lot for lot in lots if lot["agents_allowed"]), key=lambda lot: lot["available"])
    made = filled = False

    def handler(request: Request) -> Response | Silence:
        nonlocal made, filled
        made = made or (request.method == "POST" and request.path == "/api/v1/sessions")
        answer = opened.handler(request)
        listed = (
            read_json(answer.body).value
            if isinstance(answer, Response) and request.path == "/api/v1/sessions"
            else None
        )
        if (
            request.method == "GET"
            and isinstance(listed, dict)
            and "sessions" in listed
            and made
            and not filled
        ):
            filled = True
            now[0] += 1
            for number in range(60):
                body = json_bytes({"lot_id": roomy["id"], "plate": f"MANY{number}", "hours": 1})
                booked = opened.handler(Request("POST", "/api/v1/sessions", own, body))
                assert isinstance(booked, Response)
                assert booked.status == 201
            answer = opened.handler(request)
            now[0] += 1
        return answer

    report = run(
        model(), handler=handler, keys=keys, only=("read_after_write/listed/session/list_sessions@rest",)
    )
    assert filled
    assert ids(report, Verdict.KEPT) == ["read_after_write/listed/session/list_sessions@rest"]
