"""An import asks at most one question an action, and lint finds nothing else in what it wrote."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.importer.catalogue import Choice, Imported
from pgagents.importer.default_surfaces import list_plain
from pgagents.importer.text import render_yaml
from pgagents.lint.rule import rules
from pgagents.lint.run import lint
from pgagents.verify.run.run import contracts

FOREIGN = sorted((Path(__file__).parents[2] / "evaluation/foreign").glob("*/openapi.yaml"))
DECIDE = "# TODO decide: "


def query(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string"}, **more}


def questions(made: Imported) -> dict[str, list[str]]:
    """The questions of each action, read from the text."""
    found: dict[str, list[str]] = {name: [] for name in made.data["actions"]}
    lines = made.text.splitlines()
    start = lines.index("actions:")
    waiting: list[str] = []
    name = ""
    for line in lines[start + 1 :]:
        if line[:2] == "  " and line[2:3] not in (" ", "#", "") and line.endswith(":"):
            name = line.strip(" :")
            found[name] += waiting
            waiting = []
        elif line[:1] not in (" ", ""):
            break
        elif DECIDE in line:
            (waiting if line[2] == "#" else found[name]).append(line.partition(DECIDE)[2])
    return found


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.parent.name)
def test_lint_finds_only_what_a_question_names(path: Path) -> None:
    made = imported(path)
    asked = questions(made)
    assert max(map(len, asked.values())) == 1
    model = load_text(made.text)
    lines = {action.name: model.source.locate(action.origin).line for action in model.actions}
    every = lint(model).found
    assert [d for d in every if d.severity != "note"] == [], "what an import asks about is a note"
    found = [d for d in every if d.id in rules() and rules()[d.id].severity != "note"]
    assert found
    for one in found:
        name = max((name for name in lines if lines[name] <= one.span.line), key=lambda n: lines[n])
        assert asked[name], one
        assert one.id not in ("catalogue/unconfirmed-write", "openai/dropped-arguments"), one


@pytest.mark.parametrize("path", FOREIGN, ids=lambda path: path.parent.name)
def test_no_contract_is_lost_by_what_an_import_adds(path: Path) -> None:
    """The same catalogue with all actions on every surface that builds, and nothing inferred, has no more."""
    made = imported(path)
    plain = copy.deepcopy(made.data)
    plain.pop("groups", None)
    plain["surfaces"] |= {name: {"actions": "all"} for name in list_plain() if name not in made.without}
    for action in plain["actions"].values():
        for key in ("confirm", "texts"):
            action.pop(key, None)
        for argument in action.get("input", {}).values():
            argument.pop("description", None)
    before = {contract.id for contract in contracts(load_text(render_yaml(plain)))}
    now = {contract.id for contract in contracts(load_text(made.text))}
    assert len(now) > 400
    kept_from = {f"{n.split('`')[1]}@{note.at[1]}" for note in made.notes if "without `" in (n := str(note))}
    lost = {id for id in before - now if id.rpartition("/")[2] not in kept_from}
    assert lost == set()
    assert now - before == set()


def test_what_one_action_lacks_is_one_question() -> None:
    body = {"content": {"application/json": {"schema": {"properties": {"colour": {"type": "string"}}}}}}
    found = operation(operationId="searchBooks", summary="Please search", requestBody=body)
    made = imported(openapi({"/search": {"post": found}}))
    (asked,) = questions(made)["search_books"]
    assert "does it only read, as `search` says?" in asked
    assert "describe `colour`" in asked
    assert "say in the third person" in asked


@pytest.mark.parametrize(
    ("method", "path", "question"),
    [
        ("get", "/orders/{id}/cancel", "does this GET act? its path says `cancel`"),
        ("post", "/refunds", "does it move money? its path says `refunds`"),
        ("post", "/books", ""),
        ("delete", "/books/{id}", ""),
    ],
)
def test_only_a_name_that_suggests_another_answer_is_asked_about(
    method: str, path: str, question: str
) -> None:
    text = "Does something to a thing that is described at length"
    done = operation(operationId="doIt", summary="Do it", description=text)
    made = imported(openapi({path: {method: done}}))
    asked = questions(made)["do_it"]
    assert asked == [] if not question else question in asked[0]
    action = made.model.actions[0]
    assert action.effect == "write"
    assert str(action.confirm_body).startswith("Do it")
    assert str(action.confirm_body).endswith("?")
    assert ("impossible to undo" in str(action.confirm_body)) == (method == "delete")


def test_a_question_to_the_user_names_what_a_model_gives() -> None:
    """An Express app's tools asked for `{if_match}`, which no tool takes, 2026-12-01."""
    given = [
        {"name": name, "in": place, "required": True, "schema": {"type": "string"}}
        for name, place in (("id", "path"), ("If-Match", "header"), ("shelf", "query"))
    ]
    made = imported(openapi({"/books/{id}": {"delete": operation(parameters=given)}}))
    (action,) = made.model.actions
    assert "{id}" in str(action.confirm_body)
    assert "{shelf}" in str(action.confirm_body)
    assert "match" not in str(action.confirm_body)


@pytest.mark.parametrize(
    ("path", "id", "effect"),
    [
        ("/runs/search/run", "run_search_api_runs_search_run_get", "read"),
        ("/runs/{run_id}/info", "run_params", "read"),
        ("/jobs/{id}/run", "run_job", "write"),
        ("/Runs/search", "run_search", "read"),
        ("/API/Runs/{run_id}/info", "runParams", "read"),
        ("/runs/{run_id}/run", "run_run", "write"),
        ("/runs/{run_id}/run-now", "run_thing", "write"),
        ("/runs/{run_id}:run", "run_thing", "write"),
        ("/runs/{run_id}/run/state", "run_state", "read"),
    ],
)
def test_word_that_names_a_collection_of_the_path_is_no_verb(path: str, id: str, effect: str) -> None:
    made = imported(openapi({path: {"get": operation(operationId=id, summary="A run")}}))
    assert [str(action.effect) for action in made.model.actions] == [effect]


@pytest.mark.parametrize(
    ("path", "id", "effect"),
    [
        ("/auth/sign-out", "signOut", "write"),
        ("/auth/sign-out", "endSession", "write"),
        ("/log-out", "endSession", "write"),
        ("/api/log_out", "log_out_api_log_out_get", "write"),
        ("/Account/LogOff", "accountEnd", "write"),
        ("/signoff", "accountEnd", "write"),
        ("/v1/jobs/{id}:cancel", "jobsCall", "write"),
        ("/v1/jobs:purge", "jobsCall", "write"),
        ("/v1/{name}:cancelOperation", "operationsCall", "write"),
        ("/send:preview", "mailCall", "read"),
        ("/sign-in", "signIn", "read"),
        ("/logs/{id}", "getLog", "read"),
        ("/log-outputs", "logOutputs", "read"),
        ("/v1/jobs/{id}:describe", "jobsCall", "read"),
        ("/v1/jobs/{id}:{version}", "jobsCall", "read"),
        ("/v1/runs:search", "runsCall", "read"),
    ],
)
def test_verb_of_two_words_or_behind_a_colon_suggests_a_change(path: str, id: str, effect: str) -> None:
    """A GET that ends a session or cancels a job is not a read, however its verb is written."""
    made = imported(openapi({path: {"get": operation(operationId=id)}}))
    assert [str(action.effect) for action in made.model.actions] == [effect]


def test_optional_argument_of_a_read_that_would_end_a_session_is_left_out() -> None:
    wanted = [query("log_out", type="boolean"), query("log_level"), query("sign_in_after")]
    made = imported(openapi({"/books": {"get": operation(parameters=wanted)}}))
    assert list(made.data["actions"]["get_book"]["input"]) == ["log_level", "sign_in_after"]


FLAG = {"type": "boolean"}


@pytest.mark.parametrize(
    ("argument", "sent"),
    [
        (query("turn", schema={"enum": ["on", "off"]}), False),
        (query("command"), False),
        (query("mark_seen", schema={"type": "boolean"}), False),
        (query("updateSeen", schema={"type": "boolean"}), False),
        (query("peek_and_lock", schema={"type": "boolean"}), False),
        (query("autoAck", schema={"type": "boolean"}), False),
        (query("op", schema={"enum": ["peek", "dequeue"]}), False),
        (query("autoack", schema={"type": "boolean"}), False),
        (query("autocommit", schema={"type": "boolean"}), False),
        (query("no_ack", schema={"type": "boolean"}), False),
        (query("markread", schema={"type": "boolean"}), False),
        (query("set_read", schema={"type": "boolean"}), False),
        (query("do_lock", schema={"type": "boolean"}), False),
        (query("peek", schema={"type": "boolean", "default": True}), False),
        (query("ackmode", schema={"enum": ["ack_requeue_true", "ack_requeue_false"]}), False),
        (query("mode", schema={"enum": ["peek", "dequeue"]}), False),
        (query("receive_mode", schema={"enum": ["peekLock", "receiveAndDelete"]}), False),
        (query("visibility_timeout", schema={"type": "integer"}), False),
        (query("visibilityTimeout", schema={"type": "integer"}), False),
        (query("final", schema=FLAG, description="If true, the messages are marked as read."), False),
        (query("final", schema=FLAG, description="Whether to delete what is returned"), False),
        (query("final", schema=FLAG, description="If set, acknowledges them"), False),
        (query("final", schema=FLAG, description="If true, deleted ones are returned, too"), True),
        (query("final", schema=FLAG, description="Whether the message is marked as read"), True),
        (query("final", schema=FLAG, description="If true, those that are deleted are included"), True),
        (query("document", schema={"type": "boolean"}), True),
        (query("mode", schema={"enum": ["walking", "compact"]}), True),
        (query("visibility", schema={"enum": ["public", "private"]}), True),
        (query("read", schema={"type": "boolean"}), True),
        (query("op", schema={"enum": ["eq", "like"]}), True),
        (query("operation"), True),
        (query("auto_lock", schema={"type": "string"}), True),
        (query("mark"), True),
        (query("update_state", schema={"type": "string"}), True),
        (query("action", schema={"enum": ["stat", "delete"]}), False),
        (query("action", schema={"type": "string", "default": "reboot"}), False),
        (query("action", schema={"enum": ["created", "deleted"]}), True),
        (query("method", schema={"enum": ["average", "sum"]}), True),
        (query("turn_costs", type="boolean"), True),
        (query("action"), True),
    ],
)
def test_optional_argument_that_chooses_an_action_is_never_sent(argument: dict[str, Any], sent: bool) -> None:
    made = imported(openapi({"/relays/{id}": {"get": operation(parameters=[argument])}}))
    action = made.data["actions"]["get_book"]
    assert (action["effect"], argument["name"] in action["input"]) == ("read", sent), action


@pytest.mark.parametrize(
    ("path", "name", "values", "sent"),
    [
        ("/audit", "operation", ["create", "update", "delete"], True),
        ("/audit-logs", "action", ["CREATE", "READ", "UPDATE", "DELETE"], True),
        ("/notes/{id}/history", "op", ["insert", "remove"], True),
        ("/notes", "operation", ["create", "update", "delete"], False),
        ("/logs", "action", ["list", "delete"], False),
        ("/logs", "action", ["get", "create", "delete"], False),
        ("/events", "op", ["create", "dequeue"], False),
        ("/logs", "action", ["delete"], False),
    ],
)
def test_a_filter_of_records_by_what_was_done_is_sent(
    path: str, name: str, values: list[str], sent: bool
) -> None:
    argument = query(name, schema={"type": "string", "enum": values})
    made = imported(openapi({path: {"get": operation(operationId="show", parameters=[argument])}}))
    assert (name in made.data["actions"]["show"].get("input", {})) == sent


@pytest.mark.parametrize(
    ("id", "argument", "effect"),
    [
        ("ups", {**query("action"), "required": True}, "write"),
        ("ups", {**query("switchCmd"), "required": True}, "write"),
        ("ups", {**query("op"), "required": True}, "read"),
        ("getUps", {**query("action"), "required": True}, "read"),
        ("ups", query("action"), "read"),
        ("getUps", query("peek", schema={"type": "boolean", "default": False}), "write"),
    ],
)
def test_required_argument_that_chooses_an_action_makes_a_get_a_write(
    id: str, argument: dict[str, Any], effect: str
) -> None:
    found = operation(operationId=id, summary="Power", parameters=[argument])
    made = imported(openapi({"/ups": {"get": found}}))
    assert [str(a.effect) for a in made.model.actions] == [effect]
    assert [get.label for get in made.withheld.gets] == ["GET /ups"] * (effect == "write")


def test_get_that_its_author_marks_as_consequential_is_a_write() -> None:
    marked = operation(**{"x-openai-isConsequential": True})
    made = imported(openapi({"/books": {"get": marked}}))
    assert [str(a.effect) for a in made.model.actions] == ["write"]
    assert "the document marks it `x-openai-isConsequential`" in made.text


def test_author_says_which_gets_act() -> None:
    start = operation(operationId="start", summary="Start")
    document = openapi({"/start": {"get": start}, "/state": {"get": operation()}})
    made = imported(document, Choice(reads=("GET /start",), acts=("getBook",)))
    assert {str(a.name): a.effect for a in made.model.actions} == {"start": "read", "get_book": "write"}


def test_reading_action_has_nothing_to_confirm() -> None:
    assert "confirm" not in imported(openapi({"/books": {"get": operation()}})).data["actions"]["get_book"]


def test_description_is_inferred_from_another_operation_only_where_all_say_the_same() -> None:
    paths = {
        "/a": {
            "get": operation(operationId="a", parameters=[query("shelf", description="A shelf's number")])
        },
        "/b": {"get": operation(operationId="b", parameters=[query("shelf")])},
        "/c": {"get": operation(operationId="c", parameters=[query("hue", description="Its colour")])},
        "/d": {"get": operation(operationId="d", parameters=[query("hue", description="Another colour")])},
        "/e": {"get": operation(operationId="e", parameters=[query("hue")])},
    }
    made = imported(openapi(paths))
    actions = made.data["actions"]
    assert actions["b"]["input"]["shelf"]["description"] == "A shelf's number"
    assert "# inferred: the description, as in `a`" in made.text
    assert "description" not in actions["e"]["input"]["hue"]


def test_description_follows_from_names_types_and_answers() -> None:
    book = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "isbn": {"type": "string", "description": "Its ISBN"}},
    }
    answer = {"200": {"description": "OK", "content": {"application/json": {"schema": book}}}}
    body = {
        "isbn": {"type": "string"},
        "place": {"properties": {"row": {"type": "integer"}}},
        "mood": {"type": "string"},
    }
    sent = {"content": {"application/json": {"schema": {"type": "object", "properties": body}}}}
    change = operation(operationId="changeBook", summary="Change book", responses=answer, requestBody=sent)
    tag = {"name": "If-Match", "in": "header", "schema": {"type": "string"}}
    made = imported(openapi({"/books/{book_id}": {"patch": {**change, "parameters": [tag]}}}))
    action = made.data["actions"]["change_book"]
    told = {name: param.get("description", "") for name, param in action["input"].items()}
    assert told["book_id"] == "The book's id"
    assert told["isbn"] == "Its ISBN"
    assert told["place"] == "An object with `row`"
    assert told["if_match"].startswith("The ETag")
    assert told["mood"] == ""
    assert action["description"] == "Change book. Returns `id` and `isbn`."


def test_text_of_the_document_stays_where_it_says_more_than_the_name() -> None:
    text = "Gives the book that lies on top"
    made = imported(openapi({"/books": {"get": operation(description=text)}}))
    assert made.data["actions"]["get_book"]["description"] == text


def test_schemas_whose_names_differ_in_underscores_get_other_names() -> None:
    schemas = {"order_item": {"type": "object"}, "OrderItem": {"type": "array"}}
    answers = [
        {
            "200": {
                "description": "It",
                "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{n}"}}},
            }
        }
        for n in schemas
    ]
    paths = {f"/{n}": {"get": operation(operationId=f"get{n}", responses=r)} for n, r in enumerate(answers)}
    made = imported(openapi(paths, components={"schemas": schemas}))
    assert [name for name in made.data["schemas"] if "rder" in name] == ["order_item", "OrderItem_2"]


def test_two_flows_to_one_token_are_alternatives() -> None:
    """Google's documents ask for both of their OAuth schemes in one requirement."""
    scopes = {"scopes": {"books": "See books"}}
    flows = {
        "implicit": {"authorizationUrl": "https://accounts.example/auth", **scopes},
        "authorizationCode": {
            "authorizationUrl": "https://accounts.example/auth",
            "tokenUrl": "https://accounts.example/token",
            **scopes,
        },
    }
    schemes = {f"O{n}": {"type": "oauth2", "flows": {n: flow}} for n, flow in flows.items()}
    both = [{"Oimplicit": ["books"], "OauthorizationCode": ["books"]}]
    made = imported(
        openapi({"/a": {"get": operation(security=both)}}, components={"securitySchemes": schemes})
    )
    assert made.data["security"] == [{"OauthorizationCode": []}]


def test_operation_at_the_path_that_issues_tokens_is_left_out_and_the_scheme_stays() -> None:
    flow = {"tokenUrl": "https://library.example/oauth2/token", "scopes": {}}
    schemes = {"o": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    paths = {"/a": {"get": operation()}, "/oauth2/token": {"post": operation(operationId="token")}}
    made = imported(openapi(paths, security=[{"o": []}], components={"securitySchemes": schemes}))
    assert list(made.data["actions"]) == ["get_book"]
    assert made.data["security"] == [{"o": []}]
    assert made.left_out == 1
    assert "left out: POST /oauth2/token: a client gets its tokens there, so no agent calls it" in made.text


MIRROR = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def mirrors(address: dict[str, Any], **body: Any) -> Imported:
    """The import of an API of mirrors, each of which is made with an address."""
    described = {"description": "The mirror", "content": {"application/json": {"schema": MIRROR}}}
    schema = {"type": "object", "required": ["address"], "properties": {"address": address}}
    sent = {"required": True, "content": {"application/json": {"schema": schema, **body}}}
    named = {"name": "mirror_id", "in": "path", "required": True, "schema": {"type": "string"}}
    text = "Does something to a mirror that is described at length"
    making = operation(operationId="createMirror", description=text, requestBody=sent)
    making["responses"] = {"201": described}
    reading = operation(operationId="getMirror", description=text, parameters=[named])
    reading["responses"] = {"200": described}
    return imported(openapi({"/mirrors": {"post": making}, "/mirrors/{mirror_id}": {"get": reading}}))


UNSURE = {"type": "string", "pattern": "^ftp://", "description": "Where it is"}
INSIDE = {"type": "object", "required": ["address"], "properties": {"address": UNSURE}, "description": "It"}


@pytest.mark.parametrize(("address", "path"), [(UNSURE, "`address`"), (INSIDE, "`address.address`")])
def test_a_value_that_is_not_sure_is_asked_for(address: dict[str, Any], path: str) -> None:
    made = mirrors(address)
    (asked,) = questions(made)["create_mirror"]
    assert f"which value of {path} is right? a run makes one up for a `mirror`" in asked
    assert made.data["resources"]["mirror"]["made_by"]["input"] == {"address": "=fresh.value"}


SHOWN = "ftp://mirror.example/"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ({**UNSURE, "example": SHOWN}, {}),
        ({**UNSURE, "examples": [SHOWN]}, {}),
        (UNSURE, {"example": {"address": SHOWN}}),
    ],
)
def test_an_example_answers_the_question(address: dict[str, Any], body: dict[str, Any]) -> None:
    made = mirrors(address, **body)
    assert questions(made)["create_mirror"] == []
    assert made.data["resources"]["mirror"]["made_by"]["input"] == {"address": SHOWN}


def test_an_example_that_its_own_schema_refuses_does_not() -> None:
    (asked,) = questions(mirrors({**UNSURE, "example": "http://mirror.example/"}))["create_mirror"]
    assert "which value of `address` is right?" in asked
