"""A server that does what its document leaves unsaid breaks nothing.

Examples are counters in a list, a secret that lists leave out, and what a write makes besides.
"""

from __future__ import annotations

from typing import Any

import pytest

from importing import answering, imported, openapi
from pgagents.base.http import Request, Response, read_json
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.wire.exchange import Exchange
from small_api import KEY, accepting, answer, verified

TEXT = {"type": "string", "maxLength": 40}
REFUSED = {"description": "Refused", "content": {"application/json": {"schema": {"type": "object"}}}}


def get(schema: dict[str, Any] | None, *refusals: int, **more: Any) -> dict[str, Any]:
    """Return a GET that answers a schema; without one, its document names only refusals."""
    refused = {str(status): REFUSED for status in (401, *refusals)}
    return {"get": {"responses": (answering(schema) if schema else {}) | refused, **more}}


def model(paths: dict[str, Any]) -> Model:
    scheme = {"key": {"type": "http", "scheme": "bearer"}}
    return imported(openapi(paths, components={"securitySchemes": scheme}, security=[{"key": []}])).model


class Server:
    """Answers GET by path; `answers` maps a path to a function of the request, or to a body."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.may = answers, accepting(KEY)

    def __call__(self, request: Request) -> Response:
        if not self.may(request):
            return answer(401, {})
        name, _, rest = request.path.strip("/").partition("/")
        if name not in self.answers:
            return answer(404, {})
        if request.method != "GET":
            return answer(405, {}, Allow="GET")
        found = self.answers[name](request, rest)
        return found if isinstance(found, Response) else answer(200, found)


def told(report: Report) -> dict[str, str]:
    return {r.contract.id: r.verdict.value for r in report.results if r.verdict.value in ("broken", "odd")}


def test_a_refusal_of_an_operation_without_a_documented_success_is_odd_at_most() -> None:
    """Its document may show how errors look; a bare 200 in its place would be the importer's guess."""
    server = Server(error=lambda *_: answer(404, {}))
    verdicts = told(verified(model({"/error": get(None, 404)}), server))
    assert verdicts["valid_calls/ordinary/get_error@rest"] == "odd"
    assert set(verdicts.values()) == {"odd"}
    shown = get(None, 404)
    shown["get"]["responses"]["200"] = {"description": "Fine"}
    assert told(verified(model({"/error": shown}), server))["valid_calls/ordinary/get_error@rest"] == "broken"


# -- counters


FULL = {"name": "full", "in": "query", "schema": {"type": "boolean", "default": True}}
COUNTER = {"type": "object", "required": ["name", "value"], "properties": {"name": TEXT, "value": TEXT}}


class Counters:
    """Counts the time, which goes on between calls. `usual` is what it does without the argument."""

    def __init__(self, usual: bool = True, runs: bool = True) -> None:
        self.usual, self.runs, self.calls = usual, runs, 0

    def __call__(self, request: Request, rest: str) -> Any:
        del rest
        self.calls += 1
        query = dict(request.query)
        if query.get("full", "true") not in ("true", "false"):
            return answer(400, {})
        full = query["full"] == "true" if "full" in query else self.usual
        spent = str(self.calls) if self.runs else "0"
        kinds = ("reads", "writes") if full else ("reads", "evictions")
        return [{"name": name, "value": spent} for name in kinds]


@pytest.mark.parametrize(
    ("counters", "verdict"),
    [(Counters(), "untested"), (Counters(runs=False), "kept"), (Counters(False, runs=False), "broken")],
    ids=["running", "still", "another-default"],
)
def test_counters_that_go_on_show_no_other_default(counters: Counters, verdict: str) -> None:
    listed = {"type": "array", "items": COUNTER}
    document = model({"/statistics": get(listed, 400, parameters=[FULL], operationId="list_statistics")})
    report = verified(document, Server(statistics=counters), only=("default_values/full",))
    assert [r.verdict.value for r in report.results if r.contract.check == "default_values"] == [verdict]


# -- secrets of lists


def hooks(secret: str, shown: str, name: str = "deploys") -> Server:
    hook = {"id": "h1", "name": "deploys", "signing_key": secret}

    def find(request: Request, rest: str) -> Any:
        del request
        if not rest:
            return [{**hook, "signing_key": shown, "name": name}]
        return hook if rest == "h1" else answer(404, {})

    return Server(hooks=find)


HOOK = {
    "type": "object",
    "required": ["id", "name", "signing_key"],
    "properties": {"id": TEXT, "name": TEXT, "signing_key": TEXT},
}


@pytest.mark.parametrize(
    ("server", "told_of"),
    [
        (hooks("c2VjcmV0", ""), ()),
        (hooks("c2VjcmV0", "********"), ()),
        (hooks("c2VjcmV0", "b3RoZXI="), ("get_hook", "list_hooks")),
        (hooks("c2VjcmV0", "", name=""), ("get_hook", "list_hooks")),
    ],
    ids=["empty", "masked", "another", "other-member"],
)
def test_a_list_may_leave_a_secret_out(server: Server, told_of: tuple[str, ...]) -> None:
    one = {"name": "hook_id", "in": "path", "required": True, "schema": TEXT}
    document = model({
        "/hooks": get({"type": "array", "items": HOOK}, operationId="list_hooks"),
        "/hooks/{hook_id}": get(HOOK, 404, parameters=[one], operationId="get_hook"),
    })  # fmt: skip
    report = verified(document, server, only=("consistent_representations",))
    assert tuple(sorted(f.contract.action for f in report.findings)) == told_of


PART = {"type": "object", "properties": {"name": TEXT, "plans": {"type": "array"}, "on": {"type": "boolean"}}}
FLAG = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": TEXT, "parts": {"type": "array", "items": PART}},
}


@pytest.mark.parametrize(("listed", "told_of"), [(True, ()), (False, ("get_flag", "list_flags"))])
def test_the_parts_of_a_list_s_item_may_show_less(listed: bool, told_of: tuple[str, ...]) -> None:
    """Unleash 8.2.0 lists a flag's environments with other members than its read shows."""

    def find(request: Request, rest: str) -> Any:
        del request
        whole = {"id": "f1", "parts": [{"name": "test", "on": True, "plans": []}]}
        return whole if rest else [{"id": "f1", "parts": [{"name": "test", "on": listed}]}]

    one = {"name": "flag_id", "in": "path", "required": True, "schema": TEXT}
    document = model({
        "/flags": get({"type": "array", "items": FLAG}, operationId="list_flags"),
        "/flags/{flag_id}": get(FLAG, 404, parameters=[one], operationId="get_flag"),
    })  # fmt: skip
    report = verified(document, Server(flags=find), only=("consistent_representations",))
    assert tuple(sorted({str(f.contract.action) for f in report.findings})) == told_of


# -- an id that is listed, and that its own read refuses


@pytest.mark.parametrize(
    ("own", "other", "verdict"),
    [(422, 422, "untested"), (200, 422, "kept"), (200, 404, "kept"), (200, 200, "odd")],
    ids=["refused-as-it-is", "no-encoding", "not-there", "found"],
)
def test_the_other_case_of_an_id_finds_nothing(own: int, other: int, verdict: str) -> None:
    """An id may be an encoding, which its other case breaks; and one that is refused itself says nothing."""

    def find(request: Request, rest: str) -> Any:
        del request
        if not rest:
            return [{"id": "SOA-EDIT", "name": "a"}]
        status = own if rest == "SOA-EDIT" else other if rest.upper() == "SOA-EDIT" else 404
        return answer(status, {"id": "SOA-EDIT", "name": "a"} if status == 200 else {})

    kind = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT}}
    one = {"name": "kind_id", "in": "path", "required": True, "schema": TEXT}
    document = model({
        "/kinds": get({"type": "array", "items": kind}, operationId="list_kinds"),
        "/kinds/{kind_id}": get(kind, 404, 422, parameters=[one], operationId="get_kind"),
    })  # fmt: skip
    report = verified(document, Server(kinds=find), only=("id_comparison/get_kind",))
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    assert verdicts["id_comparison/get_kind@rest"] == verdict


# -- a read that wants one of several arguments


MARKS = {"type": "object", "required": ["marks"], "properties": {"marks": {"type": "array", "items": TEXT}}}
SPANS = {"type": "array", "items": TEXT, "default": []}
NAMED = [
    {"name": name, "in": "query", "schema": schema}
    for name, schema in (("span", SPANS), ("author", TEXT), ("color", TEXT))
]


@pytest.mark.parametrize(("wants", "bare"), [(("span", "author"), "broken"), ((), "kept")])
def test_a_read_is_asked_for_what_its_refusal_names(wants: tuple[str, ...], bare: str) -> None:
    """Its call as the document has it is one finding; all others carry the first argument that was named."""

    def find(request: Request, rest: str) -> Any:
        del rest
        query = dict(request.query)
        if wants and not any(query.get(name) for name in wants):
            return answer(422, {"detail": "At least one of span or author must be supplied"})
        return {"marks": []}

    document = model({"/marks": get(MARKS, 422, parameters=NAMED, operationId="list_marks")})
    report = verified(document, Server(marks=find), only=("valid_calls",))
    judged = ((r.contract.id.split("/"), r.verdict.value) for r in report.results)
    verdicts = {
        id[1]: verdict for id, verdict in judged if (id[0], id[-1]) == ("valid_calls", "list_marks@rest")
    }
    assert verdicts.pop("minimal") == verdicts.pop("values") == bare
    assert {*verdicts.values()} == {"kept"}, verdicts


# -- conflicts, and what a write makes besides


LABEL = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT}}


def post(operation: str, schema: dict[str, Any], **refusals: Any) -> dict[str, Any]:
    body = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
    return {
        "post": {
            "operationId": operation,
            "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
            "responses": answering(schema) | {"401": REFUSED, "422": REFUSED} | refusals,
        }
    }


@pytest.mark.parametrize(("status", "verdict"), [(409, "untested"), (422, "broken")])
def test_a_conflict_says_nothing_also_where_two_kinds_are_documented(status: int, verdict: str) -> None:
    other = {"type": "object", "required": ["code"], "properties": {"code": TEXT}}
    conflict = {"description": "Stale", "content": {"application/json": {"schema": other}}}
    document = model({
        "/labels": post("create_label", LABEL, **{"409": REFUSED}),
        "/sessions": post("create_session", LABEL, **{"409": conflict}),
    })  # fmt: skip

    def server(request: Request) -> Response:
        if not accepting(KEY)(request):
            return answer(401, {})
        return answer(status if request.method == "POST" else 405, {}, Allow="POST")

    may = {"allow_writes": True, "allow": ("create_label",)}
    report = verified(document, server, only=("valid_calls/ordinary/create_label",), **may)
    found = {r.contract.id: r.verdict.value for r in report.results}
    assert found["valid_calls/ordinary/create_label@rest"] == verdict


PAGE = {
    "type": "object",
    "required": ["data", "next_cursor"],
    "properties": {
        "data": {"type": "array", "items": LABEL},
        "next_cursor": {"type": ["string", "null"], "maxLength": 40},
    },
}
CURSOR = {"name": "cursor", "in": "query", "schema": TEXT}


class Experiments:
    """Makes a project for each experiment. With `leaves`, a refused project is there all the same."""

    def __init__(self, *, leaves: bool = False) -> None:
        self.leaves, self.may = leaves, accepting(KEY)
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"projects": {}, "experiments": {}}
        self.made = 0

    def __call__(self, request: Request) -> Response:
        kind, _, id = request.path.strip("/").partition("/")
        if not self.may(request):
            return answer(401, {})
        if kind not in self.rows:
            return answer(404, {})
        rows = self.rows[kind]
        if id:
            return self._answer_one(request, rows, id)
        if request.method == "GET" and dict(request.query).get("cursor"):
            return answer(422, {})
        if request.method == "GET":
            return answer(200, {"data": [*rows.values()], "next_cursor": None})
        if request.method != "POST":
            return answer(405, {}, Allow="GET, POST")
        given = read_json(request.body).value
        name = given.get("name") if isinstance(given, dict) else None
        right = isinstance(name, str) and len(name) <= 40 and set(given) == {"name"}
        if right or self.leaves:
            row = self._make(kind, str(name))
        if right and kind == "experiments":
            self._make("projects", "made besides")
        return answer(200, row) if right else answer(422, {})

    def _make(self, kind: str, name: str) -> dict[str, Any]:
        self.made += 1
        row = self.rows[kind][f"{self.made}"] = {"id": f"{self.made}", "name": name}
        return row

    def _answer_one(self, request: Request, rows: dict[str, dict[str, Any]], id: str) -> Response:
        if request.method not in ("GET", "DELETE"):
            return answer(405, {}, Allow="GET, DELETE")
        if id not in rows:
            return answer(404, {})
        return answer(200, rows.pop(id) if request.method == "DELETE" else rows[id])


def experiments() -> Model:
    paths: dict[str, Any] = {}
    for kind in ("project", "experiment"):
        path = f"/{kind}s/{{{kind}_id}}"
        one = {"name": f"{kind}_id", "in": "path", "required": True, "schema": TEXT}
        listed = get(PAGE, 422, operationId=f"list_{kind}s", parameters=[CURSOR])
        paths[f"/{kind}s"] = listed | post(f"create_{kind}", LABEL)
        read = get(LABEL, 404, operationId=f"get_{kind}")
        gone = {"delete": read["get"] | {"operationId": f"delete_{kind}"}}
        paths[path] = read | gone | {"parameters": [one]}
    return model(paths)


@pytest.mark.parametrize("leaves", [False, True], ids=["right", "leaves"])
def test_what_a_write_makes_besides_is_not_blamed_on_a_refusal(leaves: bool) -> None:
    only = ("valid_calls", "no_effect_of_refusals")
    report = verified(experiments(), Experiments(leaves=leaves), allow_writes=True, only=only)
    blamed = {id for id, verdict in told(report).items() if id.startswith("no_effect_of_refusals")}
    assert bool(blamed) is leaves


class OneId(Experiments):
    """Gives every row the same id."""

    def _make(self, kind: str, name: str) -> dict[str, Any]:
        self.made = 0
        return super()._make(kind, name)


@pytest.mark.parametrize("beside", [False, True])
def test_an_id_that_comes_again_beside_other_calls_may_be_free_again(
    monkeypatch: pytest.MonkeyPatch, beside: bool
) -> None:
    """The answer that tells of the first one's removal may come after that of the create."""
    monkeypatch.setattr(Exchange, "overlapped", property(lambda _: beside, lambda *_: None))
    report = verified(experiments(), OneId(), allow_writes=True, only=("valid_calls", "id_comparison"))
    again = {id for id in told(report) if id.startswith("id_comparison/made")}
    assert bool(again) is not beside
