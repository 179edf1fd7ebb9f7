"""A server of which only a document is known: what people repeat by accident, what frameworks convert, a 500
that the document lists, and pages whose cursor skips an item. Each has a twin that is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import imported, openapi
from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.base.places import Source
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Rank, Verdict
from pgagents.report.formats import text
from pgagents.report.report import Finding, Report
from pgagents.verify.cases.coercion import is_coerced
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import verify
from pgagents.verify.wire.call import Call

URL = "http://127.0.0.1:1"
PAGE = 2


def says(schema: dict[str, Any] | None, status: str = "200", *others: int) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
    refused = {str(other): {"description": "No"} for other in (400, 404, 409, *others)}
    return {"responses": {status: {"description": "So", **content}, **refused}}


@cache
def model(*, removes: bool, named: str = "pk") -> Model:
    given = {
        "email": {"type": "string", "minLength": 1, "maxLength": 60},
        "age": {"type": "integer", "minimum": 0},
    }
    one = {"type": "object", "required": ["id", "email"], "properties": {"id": {"type": "integer"}, **given}}
    page = {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": one},
            "next_cursor": {"type": "string", "nullable": True},
        },
    }
    body = {"type": "object", "required": ["email"], "properties": given}
    holder = {"name": named, "in": "path", "required": True, "schema": {"type": "integer"}}
    sizes = [
        {"name": "cursor", "in": "query", "schema": {"type": "string"}},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
    ]
    item: dict[str, Any] = {"parameters": [holder], "get": says(one, "200", 500)}
    if removes:
        item["delete"] = says(None, "204")
    paths = {
        "/customers": {
            "get": {"parameters": sizes, **says(page)},
            "post": {
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                **says(one, "201"),
            },
        },
        f"/customers/{{{named}}}": item,
    }
    return imported(openapi(paths)).model


class Shop:
    """Keeps customers. `twice` is the status of a second customer with one e-mail address."""

    def __init__(
        self,
        twice: int = 409,
        *,
        convert: Callable[[Any], Any] = lambda age: age if type(age) is int else None,
        skips: int = 0,
        breaks: bool = False,
        needs_body: bool = False,
        wants_address: bool = False,
    ) -> None:
        self.kept: dict[int, dict[str, Any]] = {
            n: {"id": n, "email": f"old{n}@x", "age": 1} for n in range(1, 6)
        }
        self.twice, self.convert, self.skips, self.breaks = twice, convert, skips, breaks
        self.made = self.empty = 0
        self.needs_body, self.wants_address = needs_body, wants_address

    def __call__(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        if path == "/customers" and request.method == "GET":
            return self._list(dict(part.partition("=")[::2] for part in query.split("&")))
        if path == "/customers" and request.method == "POST":
            return self._make(request)
        last = path.removeprefix("/customers/")
        if not last.isdecimal() or int(last) not in self.kept:
            return self._say(404)
        if request.method == "GET":
            return self._say(500) if self.breaks else self._say(200, self.kept[int(last)])
        if request.method == "DELETE":
            del self.kept[int(last)]
            return Response(204, (), b"")
        return self._say(405)

    def _make(self, request: Request) -> Response:
        if self.needs_body and request.body in (b"", b"null"):
            self.empty += 1
            return self._say(500)
        body = read_json(request.body or b"").value
        email = body.get("email") if isinstance(body, dict) else None
        if not isinstance(email, str) or not 1 <= len(email.encode("utf-16-le")) // 2 <= 60:
            return self._say(400)  # as JavaScript, Java and C# count
        if self.wants_address and not re.fullmatch(r"[\w.+-]+@[\w.-]+\.[a-z]+", email):
            return self._say(400)
        age = self.convert(body["age"]) if "age" in body else 0
        if age is None or age < 0:
            return self._say(400)
        equal = next((one for one in self.kept.values() if one["email"] == body["email"]), None)
        if equal is not None and self.twice != 201:
            return self._say(self.twice, equal if self.twice == 200 else None)
        self.made += 1
        id = 100 + self.made
        self.kept[id] = {"id": id, "email": body["email"], "age": age}
        return self._say(201, self.kept[id])

    def _list(self, query: dict[str, str]) -> Response:
        limit, cursor = query.get("limit") or str(PAGE), query.get("cursor") or "0"
        if not limit.isdecimal() or not 1 <= int(limit) <= 100 or not cursor.isdecimal():
            return self._say(400)
        rows = [row for id, row in sorted(self.kept.items()) if id > int(cursor)]
        page, more = rows[: int(limit)], rows[int(limit) :]
        following = str(more[0]["id"] if self.skips else page[-1]["id"]) if more else None
        return self._say(200, {"items": page, "next_cursor": following})

    def _say(self, status: int, body: Any = None) -> Response:
        return Response(status, (("Content-Type", "application/json"),), json_bytes(body or {"detail": "no"}))


def run(
    shop: Callable[[Request], Response],
    *,
    removes: bool = True,
    only: tuple[str, ...] = (),
    told: Model | None = None,
) -> Report:
    now = [1_776_000_000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return verify(
        told or model(removes=removes), shop, Identities({}),
        Options(live=False, allow_writes=True, only=only),
        clock=lambda: now[0], sleep=sleep, wall=lambda: "2026-04-12T13:20:00Z", url=URL, timer=lambda: now[0],
    )  # fmt: skip


def ranks(report: Report, check: str) -> set[Rank]:
    return {f.rank for f in report.findings if f.contract.check == check}


@pytest.mark.parametrize("removes", [True, False], ids=["can be removed", "stays"])
@pytest.mark.parametrize(("twice", "found"), [(500, {Rank.CRASH}), (409, set()), (201, set()), (200, set())])
def test_a_create_that_crashes_when_it_is_sent_once_more_is_found(
    twice: int, found: set[Rank], removes: bool
) -> None:
    shop = Shop(twice)
    report = run(shop, removes=removes)
    assert ranks(report, "no_crashes") == found
    assert all(f.stable is not False for f in report.findings), "the equal one is made anew"
    others = {f.contract.check for f in report.findings if not f.is_mild} - {"no_crashes"}
    assert others == ({"documented_status"} if twice == 200 else set())
    assert shop.made <= 5 if not removes else set(shop.kept) == set(range(1, 6))


class Locking(Shop):
    """After a create that crashed its connection keeps the lock, so that the next create crashes too."""

    locked = False

    def _make(self, request: Request) -> Response:
        if self.locked:
            self.locked = False
            return self._say(500)
        answer = super()._make(request)
        self.locked = answer.status == 500
        return answer


def test_the_crash_of_a_create_that_is_sent_once_more_costs_one_other_contract() -> None:
    report, usual = run(Locking(500)), run(Shop(409))
    assert ranks(report, "no_crashes") == {Rank.CRASH}
    assert report.findings[0].when == ""
    assert count_untried(report) <= count_untried(usual) + 1, "one create came while the table was locked"


class Floating(Shop):
    """Counts in a language whose only numbers are floats: its ids are `101.0`, its paths `/customers/101`."""

    def _say(self, status: int, body: Any = None) -> Response:
        answer = super()._say(status, body)
        return replace(answer, body=re.sub(rb'"id":(\d+)', rb'"id":\1.0', answer.body))


def test_what_has_a_whole_float_as_its_id_is_the_runs_own() -> None:
    shop = Floating()
    report = run(shop)
    assert not [finding for finding in report.findings if not finding.is_mild]
    assert set(shop.kept) == set(range(1, 6))
    assert count_untried(report) <= count_untried(run(Shop()))


def count_untried(report: Report) -> int:
    return sum(result.verdict is Verdict.UNTESTED for result in report.results)


@pytest.mark.parametrize("needs_body", [True, False])
@pytest.mark.parametrize("removes", [True, False], ids=["can be removed", "stays"])
def test_a_create_of_nothing_is_sent_where_what_it_makes_can_be_removed(
    removes: bool, needs_body: bool
) -> None:
    shop = Shop(needs_body=needs_body)
    report = run(shop, removes=removes, only=("no_crashes/",))
    assert ranks(report, "no_crashes") == ({Rank.CRASH} if removes and needs_body else set())
    assert bool(shop.empty) == (removes and needs_body)


@pytest.mark.parametrize("skips", [1, 0])
def test_an_item_that_the_servers_own_cursor_skips_is_wrong(skips: int) -> None:
    report = run(Shop(skips=skips))
    assert ranks(report, "pagination") == ({Rank.WRONG} if skips else set())
    assert all(f.when == "" for f in report.findings if f.contract.check == "pagination"), "no page is why"
    assert ("/customers?limit=" in text.render(report, model(removes=True).source)) == bool(skips)


def to_number(age: Any) -> Any:
    try:
        return int(age) if float(age).is_integer() else None
    except (TypeError, ValueError):
        return None


@pytest.mark.parametrize(
    ("convert", "found"),
    [
        (to_number, {Rank.COERCED}),
        (lambda age: age if type(age) is int else 0, {Rank.LAX}),
        (lambda age: age if type(age) is int else None, set()),
    ],
    ids=["converts", "takes all", "refuses"],
)
def test_what_a_framework_converts_is_only_coerced(convert: Callable[[Any], Any], found: set[Rank]) -> None:
    report = run(Shop(convert=convert), only=("invalid_input/type/age",))
    assert ranks(report, "invalid_input") == found
    assert report.exit_code == (1 if Rank.LAX in found else 0)


def test_what_a_vendors_schema_refuses_and_a_framework_converts_is_only_coerced() -> None:
    shop = Shop(convert=lambda age: 0 if age is None else to_number(age))
    report = run(shop, only=("honours_manifest/refuses",))
    assert ranks(report, "honours_manifest") == {Rank.COERCED}


@pytest.mark.parametrize(("limit", "converts"), [("", True), ("7", True), ("x", False)])
def test_an_empty_text_in_a_query_is_a_missing_argument(limit: str, converts: bool) -> None:
    known = model(removes=True)
    action = next(a for a in known.actions if a.param("limit") is not None)
    sent = cast(Call, SimpleNamespace(endpoint=SimpleNamespace(action=action), input={"limit": limit}))
    assert is_coerced(known, sent, "limit") is converts


@pytest.mark.parametrize(
    ("name", "value", "converts"),
    [
        ("note", None, True),
        ("title", None, False),
        ("note", 7, True),
        ("note", True, True),
        ("note", [], False),
        ("note", "x" * 10, False),
        ("age", 1.5, True),
        ("age", 200.5, False),
        ("age", float("nan"), False),
    ],
)
def test_what_jackson_makes_right_is_a_habit(name: str, value: Any, converts: bool) -> None:
    """Spring takes null for a missing member, 7 for its text and 1.5 for 1 (Jackson 2 as it comes)."""
    text, age = {"type": "string", "maxLength": 9}, {"type": "integer", "maximum": 150}
    body = {"type": "object", "required": ["title"], "properties": {"title": text, "note": text, "age": age}}
    taken = {"required": True, "content": {"application/json": {"schema": body}}}
    paths = {"/pets": {"post": {"operationId": "add", "requestBody": taken, **says({}, "201")}}}
    known = imported(openapi(paths, security=[])).model
    of = SimpleNamespace(action=known.actions[0])
    sent = cast(Call, SimpleNamespace(endpoint=of, input={name: value}))
    assert is_coerced(known, sent, name) is converts


def test_a_500_that_the_document_lists_is_told_below_all_findings() -> None:
    report = run(Shop(breaks=True))
    assert ranks(report, "no_crashes") == {Rank.DOCUMENTED}
    shown = text.render(report, model(removes=True).source)
    assert "\ndocumented  GET /customers/" in shown
    assert " of 1  DOCUMENTED" not in shown


def test_mild_findings_are_shown_in_two_lines_and_habits_in_one() -> None:
    report = run(Shop(breaks=True, convert=to_number))
    (mild,) = (f for f in report.findings if f.rank is Rank.DOCUMENTED)
    several = tuple(replace(mild, rank=Rank.ODD) for _ in range(12))
    source: Source = model(removes=True).source
    shown = text.render(replace(report, findings=(*report.findings, *several)), source)
    assert shown.count("\nodd") == 9
    assert "and 3 more such: --odd shows them" in shown
    assert shown.count("\ncoerced ") == len(
        {f.contract.check for f in report.findings if f.rank is Rank.COERCED}
    )
    whole = text.render(report, source, odd=True)
    assert "\ncoerced " not in whole
    assert "  COERCED  " in whole


def test_mild_findings_of_one_kind_are_one_and_leave_room_for_others() -> None:
    """Superset 6.1.0: ten documented 500s, four by one number, hid that it shows the parts of others."""
    report = run(Shop(breaks=True))
    (mild,) = (f for f in report.findings if f.rank is Rank.DOCUMENTED)
    *before, last = mild.exchanges

    def called(why: str, finding: Finding = mild) -> Finding:
        return replace(finding, exchanges=(*before, replace(finding.exchanges[-1], why=why)))

    wide = [called(f"{name} of 2 to the power of 63") for name in ("pk", "id", "pk")]
    plain, strange = called("an ordinary call"), [called(f"the pet {n} once more") for n in range(9)]
    told = "422 is not what was promised"
    refused = replace(
        mild, rank=Rank.ODD, actual=told, exchanges=(*before, replace(last, answer=Response(422)))
    )
    shown = replace(mild, rank=Rank.ODD, exchanges=(*before, replace(last, answer=Response(200))))
    findings = (*strange, *wide, plain, refused, refused, shown, *(called("x", shown) for _ in range(4)))
    printed = text.render(replace(report, findings=findings), model(removes=True).source)
    lines = [line for line in printed.splitlines() if line.startswith(("documented  ", "odd  "))]
    assert [line.partition(" ")[0] for line in lines] == ["documented"] * 5 + ["odd"] * 5
    assert "an ordinary call" in lines[0]
    assert "63); so do 2 more" in lines[1]
    assert "422" not in "".join(lines)
    assert re.findall("and .* more such", printed) == ["and 8 more such"]


REFUSAL = {
    "code": "invalid",
    "message": "The body is wrong.",
    "details": [{"at": "toBin", "why": "is needed here"}],
}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (422, json_bytes({"error": REFUSAL}), 'answered  {"at": "toBin", "why": "is needed here"}'),
        (400, json_bytes({"detail": "Not now, please."}), 'answered  {"detail": "Not now, please."}'),
        (500, json_bytes({"detail": "Not now, please."}), ""),
        (422, json_bytes({"code": "invalid"}), ""),
        (422, b"<p>no way</p>", ""),
    ],
)
def test_an_odd_refusal_is_told_with_its_own_reason(status: int, body: bytes, said: str) -> None:
    """A depot of 2026-11-29: "answers 422 (two calls at once)" said nothing of the bin that was lacking."""
    report = run(Shop(breaks=True))
    (mild,) = (f for f in report.findings if f.rank is Rank.DOCUMENTED)
    last = replace(mild.exchanges[-1], answer=Response(status, (), body))
    odd = replace(mild, rank=Rank.ODD, exchanges=(*mild.exchanges[:-1], last))
    printed = text.render(replace(report, findings=(odd,)), model(removes=True).source)
    lines = [line.strip() for line in printed.splitlines() if "answered  " in line]
    assert lines == [said] * bool(said)


def test_a_text_named_email_is_sent_as_an_address_where_the_document_gives_no_format() -> None:
    told, usual = run(Shop(wants_address=True)), run(Shop())
    assert not [finding for finding in told.findings if not finding.is_mild]
    assert count_untried(told) <= count_untried(usual) + 1


def test_a_scheme_that_is_read_in_one_letter_case_is_a_habit() -> None:
    scheme = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    items = says({"type": "array", "items": {"type": "integer"}}, "200", 401)
    told = imported(openapi({"/items": {"get": items}}, components=scheme, security=[{"key": []}])).model

    def serve(request: Request) -> Response:
        known = request.header("Authorization") == "Bearer test_k9f4c1e7a2b58d3066f1"
        return Response(
            200 if known else 401, (("Content-Type", "application/json"),), b"[1]" if known else b"{}"
        )

    report = verify(
        told, serve, Identities({"main": "test_k9f4c1e7a2b58d3066f1"}), Options(live=False),
        clock=lambda: 0.0, sleep=lambda _: None, wall=lambda: "2026-04-12T13:20:00Z", url=URL,
        timer=lambda: 0.0,
    )  # fmt: skip
    assert ranks(report, "key_authentication") == {Rank.COERCED}
    assert "the scheme is read in one letter case" in text.render(report, told.source)


@cache
def talks(*, says: str = "Accept a proposed talk", declined: bool = False) -> Model:
    given = {"title": {"type": "string", "minLength": 1, "maxLength": 60}, "minutes": {"type": "integer"}}
    state = {"status": {"type": "string", "enum": ["proposed", "accepted", "declined"]}}
    one = {
        "type": "object",
        "required": ["id", "status", *given],
        "properties": {"id": {"type": "integer"}, **given, **state},
    }
    body = {"type": "object", "required": [*given], "properties": given}
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}
    held = {"parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]}
    pages = [
        {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1, "minimum": 1}},
        {"name": "per_page", "in": "query", "schema": {"type": "integer", "default": 20, "minimum": 1}},
    ]

    def answers(schema: dict[str, Any] | None, status: str = "200") -> dict[str, Any]:
        content = {"content": {"application/json": {"schema": schema}}} if schema is not None else {}
        refused = {str(other): {"description": "No"} for other in (400, 404)}
        return {"responses": {status: {"description": "So", **content}, **refused}}

    accept = answers(one)
    accept["responses"]["409"] = {"description": "Conflict"}
    paths = {
        "/talks": {
            "get": {"parameters": pages, **answers({"type": "array", "items": one})},
            "post": {**sent, **answers(one, "201")},
        },
        "/talks/{id}": {
            **held,
            "get": answers(one),
            "put": {**sent, **answers(one)},
            "delete": answers(None, "204"),
        },
        "/talks/{id}/accept": {**held, "post": {"summary": says, **accept}},
    }
    if declined:
        paths["/talks/{id}/decline"] = {**held, "post": {"summary": "Decline a proposed talk", **accept}}
    return imported(openapi(paths)).model


class Talks:
    """Keeps talks. `bug` is what it does wrong; none if it is empty."""

    def __init__(self, bug: str = "") -> None:
        self.bug, self.last = bug, 3
        self.kept = {n: self.make(n, {"title": f"Old {n}", "minutes": 5}) for n in range(1, 4)}

    def make(self, id: int, body: Any) -> dict[str, Any]:
        return {"id": id, "title": body["title"], "minutes": body["minutes"], "status": "proposed"}

    def __call__(self, request: Request) -> Response:
        path, _, query = request.target.partition("?")
        word = [*path.split("/"), "", ""][2:4]
        if path == "/talks" and request.method == "GET":
            return self.list(dict(part.partition("=")[::2] for part in query.split("&") if part))
        body = read_json(request.body or b"").value
        title = body.get("title") if isinstance(body, dict) else None
        fits = isinstance(title, str) and 0 < len(title) <= 60 and type(body.get("minutes")) is int
        if path == "/talks" and request.method == "POST":
            if not fits:
                return self.say(400)
            self.last += 1
            self.kept[self.last] = self.make(self.last, body)
            return self.say(201, self.kept[self.last])
        talk = self.kept.get(int(word[0])) if word[0].isascii() and word[0].isdecimal() else None
        if talk is None:
            return self.say(404)
        if word[1] == "accept" and request.method == "POST":
            wrongly = ("declined",) if self.bug == "accepts declined" else ()
            if talk["status"] not in ("proposed", *wrongly) and self.bug != "accepts twice":
                return self.say(409)
            talk["status"] = "accepted"
            return self.say(200, talk)
        if word[1] == "decline" and request.method == "POST":
            if talk["status"] != "proposed":
                return self.say(409)
            talk["status"] = "declined"
            return self.say(200, talk)
        if request.method == "PUT":
            return self.put(talk, body) if fits else self.say(400)
        if request.method == "DELETE":
            del self.kept[talk["id"]]
            return Response(204, (), b"")
        return self.say(200, talk) if request.method == "GET" and not word[1] else self.say(405)

    def put(self, talk: dict[str, Any], body: dict[str, Any]) -> Response:
        shown = {**talk, **{name: body[name] for name in ("title", "minutes")}}
        if self.bug == "rounds":
            shown["minutes"] = round(shown["minutes"] / 5) * 5
        talk |= {"title": shown["title"]} if self.bug == "loses minutes" else shown
        return self.say(200, shown)

    def list(self, query: dict[str, str]) -> Response:
        numbers = [query.get(name) or usual for name, usual in (("page", "1"), ("per_page", "20"))]
        if not all(n.isascii() and n.isdecimal() and len(n) < 9 and int(n) for n in numbers):
            return self.say(400)
        page, each = map(int, numbers)
        skipped = (page - 1) * each + (1 if self.bug == "skips" and page > 1 else 0)
        return self.say(200, list(self.kept.values())[skipped : skipped + each])

    def say(self, status: int, body: Any = None) -> Response:
        content = json_bytes(body if body is not None else {"detail": "no"})
        return Response(status, (("Content-Type", "application/json"),), content)


@pytest.mark.parametrize(
    ("bug", "says", "check", "found"),
    [
        ("skips", "Accept a proposed talk", "pagination", {Rank.WRONG}),
        ("loses minutes", "Accept a proposed talk", "partial_changes", {Rank.WRONG}),
        ("rounds", "Accept a proposed talk", "partial_changes", set()),
        ("accepts twice", "Accept a proposed talk", "state_transitions", {Rank.ODD}),
        ("accepts twice", "Accept a talk", "state_transitions", set()),  # nobody said where it begins
        ("accepts twice", "Accept a talk, not only a proposed talk", "state_transitions", set()),
    ],
)
def test_a_bug_that_people_ship_is_found_from_the_document(
    bug: str, says: str, check: str, found: set[Rank]
) -> None:
    told, server, right = talks(says=says), Talks(bug), Talks()
    assert ranks(run(server, told=told, only=(f"{check}/",)), check) == found
    assert set(server.kept) == {1, 2, 3}
    kept = run(right, told=told, only=(f"{check}/",))
    assert not kept.findings
    assert any(r.verdict is Verdict.KEPT for r in kept.results if r.contract.check == check)


def test_a_guessed_move_that_is_not_refused_is_shown_by_the_call_that_is_wrong() -> None:
    """A carsharing app, 2026-11-30: the line named the booking by which the guess was tried afterwards."""
    told = talks(declined=True)
    report = run(Talks("accepts declined"), told=told, only=("state_transitions/",))
    [found] = report.findings
    assert found.contract.id == "state_transitions/talk/declined/accept_talk@rest"
    last = found.exchanges[-1]
    assert isinstance(last.answer, Response)
    assert (last.answer.status, last.why) == (200, "accept_talk of a talk that is declined")
    assert not run(Talks(), told=told, only=("state_transitions/",)).findings


@pytest.mark.parametrize(
    ("body", "found"), [({"detail": "no"}, {Rank.UNDOCUMENTED}), ({"error": "no"}, set())]
)
def test_an_error_body_without_a_member_that_its_own_schema_requires_is_firm(
    body: dict[str, str], found: set[Rank]
) -> None:
    one = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    error = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
    refused = {"description": "No", "content": {"application/json": {"schema": error}}}
    held = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    read = says(one)
    read["responses"] = {"200": read["responses"]["200"], "404": refused}
    listed = says({"type": "array", "items": one})
    told = imported(
        openapi({"/things": {"get": listed}, "/things/{id}": {"parameters": [held], "get": read}})
    ).model

    def serve(request: Request) -> Response:
        last = request.target.partition("?")[0].removeprefix("/things").strip("/")
        known: Any = {"": [{"id": 1}], "1": {"id": 1}}.get(last)
        return Response(
            200 if known else 404, (("Content-Type", "application/json"),), json_bytes(known or body)
        )

    report = run(serve, told=told, only=("error_envelope/", "absent_id/"))
    assert ranks(report, "error_envelope") == found
