"""A server that does what its document leaves unsaid breaks nothing.

Examples are counters in a list, a secret that lists leave out, and an id that its own read refuses.
"""

from __future__ import annotations

from typing import Any

import pytest

from importing import answering, imported, openapi
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
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


# -- an id that is listed, and that its own read refuses


@pytest.mark.parametrize(("refuses", "verdict"), [(True, "untested"), (False, "broken")])
def test_an_id_that_is_refused_as_it_is_says_nothing_of_its_other_case(refuses: bool, verdict: str) -> None:
    def find(request: Request, rest: str) -> Any:
        del request
        if not rest:
            return [{"id": "SOA-EDIT", "name": "a"}]
        if refuses or rest != "SOA-EDIT":
            return answer(422, {})
        return {"id": "SOA-EDIT", "name": "a"}

    kind = {"type": "object", "required": ["id", "name"], "properties": {"id": TEXT, "name": TEXT}}
    one = {"name": "kind_id", "in": "path", "required": True, "schema": TEXT}
    document = model({
        "/kinds": get({"type": "array", "items": kind}, operationId="list_kinds"),
        "/kinds/{kind_id}": get(kind, 404, 422, parameters=[one], operationId="get_kind"),
    })  # fmt: skip
    report = verified(document, Server(kinds=find), only=("id_comparison/get_kind",))
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    assert verdicts["id_comparison/get_kind@rest"] in (verdict, "odd" if verdict == "broken" else verdict)
