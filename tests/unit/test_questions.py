"""Questions: each has lines that load over the document, and what has a line is not asked again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from pgagents.cli import suggest
from pgagents.cli.inputs.catalogue import load_path
from pgagents.cli.inputs.document import load_api
from pgagents.cli.main import cli
from pgagents.importer.questions.asking import MOST, list_questions
from pgagents.importer.questions.question import Question, open_view
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.selection import may_write

SHOP = Path(__file__).parents[1] / "catalogues" / "shop.yaml"
SCHEMA = Path(__file__).parents[2] / "schemas" / "questions.schema.json"
ERRORS = {"409": {"description": "In conflict"}, "404": {"description": "Not there"}}
LINE = {"type": "object", "properties": {"price": {"type": "number"}, "quantity": {"type": "integer"}}}
ORDER = {
    "type": "object",
    "required": ["id", "state", "total", "lines"],
    "properties": {
        "id": {"type": "string"},
        "customer_id": {"type": "string"},
        "cartRef": {"type": "string"},
        "state": {"type": "string", "enum": ["open", "working", "done", "paid"]},
        "total": {"type": "number", "description": "Sum of the lines, rounded to cents."},
        "lineCount": {"type": "integer"},
        "lines": {"type": "array", "items": LINE},
    },
}
CUSTOMER = {
    "type": "object",
    "required": ["id", "email"],
    "properties": {"id": {"type": "string"}, "email": {"type": "string", "format": "email"}},
}
TIME = {"type": "string", "format": "date-time"}


def operation(
    id: str, answer: Any = None, *, status: int = 200, about: str = "", **more: Any
) -> dict[str, Any]:
    content = {"content": {"application/json": {"schema": answer}}} if answer is not None else {}
    found: dict[str, Any] = {
        "operationId": id,
        "responses": {str(status): {"description": "Done", **content}, **ERRORS},
    }
    return {**found, **({"description": about} if about else {}), **more}


def body(required: list[str], **members: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": members}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def asked(**schemas: Any) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def named(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]


STATE = ORDER["properties"]["state"]  # type: ignore[index]  # a dict
PAGE = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": ORDER}, "next_cursor": {"type": "string"}},
}
MAKE = body(["customer_id"], customer_id={"type": "string"}, starts_at=TIME, ends_at=TIME)
TEXT = {"type": "string"}
FILTERS = asked(cartRef=TEXT, state=STATE, min_total={"type": "number"}, cursor=TEXT)
CUSTOMERS = {"type": "array", "items": CUSTOMER}
JOIN, ALONE = body(["email"], email=CUSTOMER["properties"]["email"]), "The address must be unique."  # type: ignore[index]
STALE = {**ERRORS, "204": {"description": "Removed"}, "412": {"description": "Changed since"}}
ONE, PAY = "/orders/{order_id}", "Pay it. Only a done order may be paid."
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1"},
    "paths": {
        "/customers": {
            "get": operation("listCustomers", CUSTOMERS, parameters=asked(q={"type": "string"})),
            "post": operation("createCustomer", CUSTOMER, status=201, requestBody=JOIN, about=ALONE),
        },
        "/customers/{customer_id}": {
            "get": operation("getCustomer", CUSTOMER, parameters=named("customer_id")),
            "delete": operation("deleteCustomer", status=204, parameters=named("customer_id")),
        },
        "/orders": {
            "get": operation("listOrders", PAGE, parameters=FILTERS),
            "post": operation("createOrder", ORDER, status=201, requestBody=MAKE),
        },
        ONE: {
            "get": operation("getOrder", ORDER, parameters=named("order_id")),
            "delete": operation("deleteOrder", status=204, parameters=named("order_id"), responses=STALE),
        },
        f"{ONE}/pay": {"post": operation("payOrder", ORDER, parameters=named("order_id"), about=PAY)},
        f"{ONE}/export": {"post": operation("exportOrder", ORDER, status=202, parameters=named("order_id"))},
    },
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
}  # fmt: skip
DOCUMENT["paths"][ONE]["get"]["responses"]["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}  # type: ignore[index]
SAID = {
    "server", "contact", "keys", "code", "costs", "states", "unique", "sum", "tenant", "pages", "filter",
    "tag", "job", "times", "echo", "sentence",
}  # fmt: skip


def write(folder: Path, lines: str = "") -> Path:
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    path = folder / "pgagents.yaml"
    path.write_text(f"pgagents: 1\nopenapi: ./openapi.json\n{lines}\n", encoding="utf-8")
    return path


def ask(path: Path) -> tuple[Question, ...]:
    return list_questions(open_view(load_api(path, None)))


def test_shapes_and_sentences_raise_questions_with_their_places(tmp_path: Path) -> None:
    found = ask(write(tmp_path))
    assert {question.kind for question in found} == SAID
    assert len(found) <= MOST
    assert next(q for q in found if q.because.startswith("Only a done")).at == (
        "actions",
        "pay_order",
        "description",
    )


def test_a_sentence_about_a_sum_asks_for_a_law(tmp_path: Path) -> None:
    said = "`total` is the sum of quantity × price of all parts."  # money as texts, which no shape tells
    bill = {"type": "object", "properties": {"total": {"type": "string"}}}
    paths = {"/orders/{order_id}/bill": {"get": operation("getBill", bill, about=said)}}
    paths["/orders/{order_id}/bill"]["get"]["parameters"] = named("order_id")
    whole = {**DOCUMENT, "paths": {**DOCUMENT["paths"], **paths}}  # type: ignore[dict-item]  # a dict
    path = write(tmp_path)
    path.with_name("openapi.json").write_text(json.dumps(whole), encoding="utf-8")
    assert [q.asks for q in ask(path) if q.because == said] == ["Is this promised, and by which line: a law?"]


def test_job_is_shown_by_what_its_call_makes(tmp_path: Path) -> None:
    export = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "enum": ["queued", "done", "failed"]},
        },
    }
    paths = {
        "/exports": {"post": operation("startExport", export, status=202)},
        "/exports/{export_id}": {"get": operation("getExport", export, parameters=named("export_id"))},
    }
    whole = {**DOCUMENT, "paths": {**DOCUMENT["paths"], **paths}}  # type: ignore[dict-item]  # a dict
    path = write(tmp_path)
    path.with_name("openapi.json").write_text(json.dumps(whole), encoding="utf-8")
    (job,) = (q for q in ask(path) if q.kind == "job" and q.at[1] == "start_export")
    assert "job: {resource: export, done: [done], failed: [failed], within_s: 60}" in job.lines
    own = "made_by: {action: start_export}, state: status, states: [queued, done, failed], initial: queued"
    assert own in job.asks
    written = f"pgagents: 1\nopenapi: ./openapi.json\nresources: {{export: {{{own}}}}}\n{job.lines}\n"
    path.write_text(written, encoding="utf-8")
    made = load_api(path, None).action("start_export")
    assert made is not None
    assert made.job is not None


def test_no_more_are_asked_than_anybody_answers(tmp_path: Path) -> None:
    whole = {**DOCUMENT, "paths": {**DOCUMENT["paths"]}}  # type: ignore[dict-item]  # a dict
    for number in range(MOST):
        about = f"Answers at most {number} things."
        whole["paths"][f"/more{number}"] = {"get": operation(f"more{number}", CUSTOMER, about=about)}  # type: ignore[index]
    path = write(tmp_path)
    path.with_name("openapi.json").write_text(json.dumps(whole), encoding="utf-8")
    assert len(ask(path)) == MOST == 40


def test_each_line_loads_and_what_has_one_is_not_asked_again(tmp_path: Path) -> None:
    found = [question for question in ask(write(tmp_path)) if question.complete]
    assert len(found) >= 12
    for number, question in enumerate(found):
        folder = tmp_path / str(number)
        folder.mkdir()
        again = ask(write(folder, question.lines))
        assert (question.kind, question.at) not in {(one.kind, one.at) for one in again}, question.lines


def test_the_command_prints_the_same_for_people_and_for_programs(tmp_path: Path) -> None:
    path = write(tmp_path)
    said = CliRunner().invoke(cli, ["questions", str(path)])
    done = CliRunner().invoke(cli, ["questions", str(path), "--json"])
    assert (said.exit_code, done.exit_code) == (0, 0)
    data = json.loads(done.stdout)
    Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(data)
    for question in data["questions"]:
        assert question["asks"] in said.stdout
        assert question["place"]["file"].endswith(("openapi.json", "pgagents.yaml"))
        assert question["lines"].splitlines()[0].endswith(":")


def test_the_first_of_them_are_the_comments_of_an_import(tmp_path: Path) -> None:
    path = write(tmp_path)
    done = CliRunner().invoke(cli, ["import", str(path.with_name("openapi.json")), "--out", "-"])
    for question in ask(path)[:2]:
        assert f"# {question.asks}" in done.stdout


def test_a_server_is_only_read_whatever_the_key_says(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_path(SHOP)
    seen: list[Options] = []
    keys = Identities({"main": f"{model.find_key_prefix('test')}0123456789abcdef"})

    def accompany(*given: Any) -> int:
        seen.append(Options(**given[4]))  # the limits of the run
        return 0

    monkeypatch.setattr(suggest, "accompany", accompany)
    CliRunner().invoke(cli, ["questions", str(SHOP), "--url", "http://127.0.0.1:1"])
    assert may_write(model, keys, Options())
    assert not may_write(model, keys, seen[0])


@pytest.mark.parametrize("given", [["--openapi", "missing.json"], ["nothing.yaml"]])
def test_a_file_that_is_not_there_is_one_message(given: list[str]) -> None:
    done = CliRunner().invoke(cli, ["questions", *given])
    assert done.exit_code != 0
    assert not done.stdout


def test_a_post_that_makes_is_not_taken_for_a_read(tmp_path: Path) -> None:
    changed = json.loads(json.dumps(DOCUMENT))
    search = changed["paths"]["/customers"]["post"]
    search["operationId"] = "searchCustomers"
    del search["responses"]["201"]
    for status, asked_about in (("201", False), ("200", True)):
        search["responses"] = {status: {"description": "Done"}, **ERRORS}
        (tmp_path / "openapi.json").write_text(json.dumps(changed), encoding="utf-8")
        path = tmp_path / "pgagents.yaml"
        path.write_text("pgagents: 1\nopenapi: ./openapi.json\n", encoding="utf-8")
        assert ("reads" in {question.kind for question in ask(path)}) is asked_about


def test_a_line_about_tenants_needs_no_second_line_about_the_other_customer(tmp_path: Path) -> None:
    model = load_api(write(tmp_path, "resources: {customer: {tenant: true}}"), None)
    assert "second" in model.source.data["auth"]["roles"]
    named = "auth: {roles: {main: {description: One}, other: {description: Another, project: other}}}"
    own = load_api(write(tmp_path, f"resources: {{customer: {{tenant: true}}}}\n{named}"), None)
    assert set(own.source.data["auth"]["roles"]) == {"main", "other"}
    assert "roles" not in load_api(write(tmp_path), None).source.data["auth"]


PERSON = {"name": {"type": "string"}, "email": {"type": "string", "format": "email"}}
CHIP = {"type": "string", "description": "The chip's number, unique in the practice"}


@pytest.mark.parametrize(
    ("members", "proposed"),
    [
        (PERSON, "email"),
        ({"name": {"type": "string"}, "phone": {"type": "string"}}, ""),
        ({"name": {"type": "string"}, "chip": CHIP, "born": {"type": "string", "format": "date"}}, "chip"),
        ({"amount": {"type": "number"}, "note": {"type": "string"}}, ""),
        ({"name": {"type": "string"}, "color": {"type": "string"}}, "name"),
        ({"starts_at": {**TIME, "description": "No two overlap"}}, ""),
        ({"guestName": TEXT, "countryCode": TEXT, "ownerEmail": {**TEXT, "format": "email"}}, ""),
        ({"customerNumber": TEXT, "color": TEXT}, "customerNumber"),
    ],
)
def test_amounts_times_and_names_of_persons_are_not_proposed_as_unique(
    members: dict[str, Any], proposed: str, tmp_path: Path
) -> None:
    made = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, **members}}
    document: Any = json.loads(json.dumps(DOCUMENT))
    post = document["paths"]["/customers"]["post"]
    post["requestBody"] = body([], **members)
    post["responses"]["201"]["content"]["application/json"]["schema"] = made
    post.pop("description", None)
    get = document["paths"]["/customers/{customer_id}"]["get"]
    get["responses"]["200"]["content"]["application/json"]["schema"] = made
    path = write(tmp_path)
    (tmp_path / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    lines = [line for question in ask(path) if question.kind == "unique" for line in question.answer]
    found = [line.partition("members: [")[2].partition("]")[0] for line in lines if "customer" in line]
    assert found == [proposed] * bool(proposed)


def test_an_argument_that_asks_for_a_state_is_proposed_as_the_move(tmp_path: Path) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    for path in (f"{ONE}/pay", f"{ONE}/export"):
        del document["paths"][path]
    change = operation("updateOrder", ORDER, parameters=named("order_id"), requestBody=body([], state=STATE))
    document["paths"][ONE]["patch"] = change
    path = write(tmp_path)
    path.with_name("openapi.json").write_text(json.dumps(document), encoding="utf-8")
    [states] = [question for question in ask(path) if question.kind == "states"]
    path.write_text(f"pgagents: 1\nopenapi: ./openapi.json\n{states.lines}\n", encoding="utf-8")
    [move] = load_path(path).resources["order"].moves
    assert (move.to, move.input["state"], move.otherwise.name) == ("paid", "paid", "CONFLICT")
    assert "states" not in {question.kind for question in ask(path)}


def test_a_sum_of_what_no_call_reads_is_proposed_as_a_law_of_its_list(tmp_path: Path) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    del document["paths"][ONE]["get"]
    path = write(tmp_path)
    path.with_name("openapi.json").write_text(json.dumps(document), encoding="utf-8")
    sums = [question for question in ask(path) if question.kind == "sum"]
    assert sums
    for question in sums:
        path.write_text(f"pgagents: 1\nopenapi: ./openapi.json\n{question.lines}\n", encoding="utf-8")
        [listing] = [action for action in load_path(path).actions if action.name == "list_orders"]
        assert next(law.name for law in listing.laws).endswith("-of-lines")


def ask_about(folder: Path, paths: dict[str, Any]) -> list[Question]:
    (folder / "openapi.json").write_text(json.dumps({**DOCUMENT, "paths": paths}), encoding="utf-8")
    path = folder / "pgagents.yaml"
    path.write_text("pgagents: 1\nopenapi: ./openapi.json\n", encoding="utf-8")
    return list(ask(path))


def test_lists_whose_pages_are_guessed_are_one_question(tmp_path: Path) -> None:
    listed = {
        "type": "object",
        "properties": {"items": {"type": "array", "items": ORDER}, "total": {"type": "integer"}},
    }
    number = {"type": "integer", "minimum": 1, "default": 1}
    pages = asked(page=number, per_page={**number, "maximum": 50, "default": 20})
    paths = {f"/{name}": {"get": operation(f"list_{name}", listed, parameters=pages)} for name in ("a", "b")}
    (found,) = [question for question in ask_about(tmp_path, paths) if question.kind == "pages"]
    assert [line.partition(":")[0] for line in found.answer] == ["list_a", "list_b"]
    assert all("total: response.total" in line for line in found.answer)


def test_a_sentence_about_an_argument_is_asked_once_with_its_words(tmp_path: Path) -> None:
    said = "Only orders in this state."
    filters = [{**asked(state=STATE)[0], "description": said}]
    orders = {"type": "array", "items": ORDER}
    found = ask_about(tmp_path, {"/orders": {"get": operation("listOrders", orders, parameters=filters)}})
    assert [question.kind for question in found if question.because == said] == ["filter"]


def test_a_call_that_makes_another_thing_needs_a_state_that_its_words_name(tmp_path: Path) -> None:
    """An invoice is not a state, though one state is left that no other call leads to."""
    visit = {"type": "object", "properties": {"id": {"type": "string"}, "state": {"type": "string"}}}
    visit["properties"]["state"]["enum"] = ["open", "started", "lost"]  # type: ignore[index]  # a dict
    one, id = "/visits/{visit_id}", named("visit_id")
    about = "Of a `started` visit."
    paths = {
        "/visits": {"post": operation("createVisit", visit, status=201, requestBody=body([]))},
        one: {"get": operation("getVisit", visit, parameters=id)},
        f"{one}/start": {"post": operation("startVisit", visit, parameters=id)},
        f"{one}/invoice": {
            "post": operation("issueInvoice", CUSTOMER, status=201, parameters=id, about=about)
        },
    }
    (found,) = [question for question in ask_about(tmp_path, paths) if question.kind == "states"]
    assert "issue_invoice: {from: [started], otherwise: CONFLICT}" in found.lines


def test_a_line_about_what_is_unique_answers_the_sentence_too(tmp_path: Path) -> None:
    line = "resources: {customer: {unique: [{members: [email], otherwise: CONFLICT}]}}"
    asked_first, asked_then = ask(write(tmp_path)), ask(write(tmp_path, line))
    assert ALONE in [question.because for question in asked_first]
    assert ALONE not in [question.because for question in asked_then]


def test_a_read_that_may_lag_is_asked_for_its_seconds_once(tmp_path: Path) -> None:
    said = "It may lag behind writes."
    reads = {
        "/customers": {"get": operation("listCustomers", CUSTOMERS, about=said)},
        "/orders": {"get": operation("listOrders", PAGE, about="Eventually consistent.")},
    }
    lines = [question.lines for question in ask_about(tmp_path, reads) if "second" in question.asks]
    assert lines == ["behaviour:\n  reads_lag_s: SECONDS"]
    path = tmp_path / "pgagents.yaml"
    path.write_text(path.read_text("utf-8") + lines[0].replace("SECONDS", "2"), encoding="utf-8")
    assert not [question for question in ask(path) if "second" in question.asks]


def test_the_call_that_ends_an_instance_is_proposed_as_its_move_and_its_sentence_not_asked_again(
    tmp_path: Path,
) -> None:
    """Of a warehouse's reservation only a law was asked, though its document showed the move, 2026-12-01."""
    booking = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {"id": TEXT, "status": {"type": "string", "enum": ["open", "cancelled"]}},
    }
    one, only = "/bookings/{booking_id}", "Only an open booking can be cancelled."
    paths = {
        "/bookings": {
            "get": operation("listBookings", {"type": "array", "items": booking}),
            "post": operation("createBooking", booking, status=201, requestBody=body([], seat=TEXT)),
        },
        one: {"get": operation("getBooking", booking, parameters=named("booking_id"))},
        f"{one}/cancel": {
            "post": operation("cancelBooking", booking, parameters=named("booking_id"), about=only)
        },
    }
    for item in paths.values():
        if "get" in item:
            del item["get"]["responses"]["409"]  # what each call may answer tells of none
    found = ask_about(tmp_path, paths)
    (states,) = [question for question in found if question.kind == "states"]
    assert "cancel_booking: {from: [open], to: cancelled" in states.answer[0]
    assert only not in [question.because for question in found]
