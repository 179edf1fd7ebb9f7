"""An import offers every vendor what it takes: all actions, or those of the resources that matter most."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.base.jsonschema.schema import cycles
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.importer.choice import MOST_CHOSEN, choose, rank_resources
from pgagents.importer.default_surfaces import list_plain
from pgagents.importer.operations import ImportedAction
from pgagents.importer.surfaces import find_objections
from pgagents.lint.run import lint

UNHOSTED = {"ai_plugin"}
"""Surfaces that no import has, as a manifest names the URL of a document that somebody hosts."""
PLURALS = ("books", "shelves", "readers", "loans", "fines", "rooms")


def resource(
    path: str, name: str, methods: str = "list get create update delete", **more: Any
) -> dict[str, Any]:
    """The paths of a resource with these operations."""
    told = {"description": f"Works on the {name} of the town's library, one after the other", **more}
    ways = {"list": ("get", path), "create": ("post", path), "get": ("get", f"{path}/{{{name}_id}}")}
    ways |= {"update": ("patch", f"{path}/{{{name}_id}}"), "delete": ("delete", f"{path}/{{{name}_id}}")}
    found: dict[str, Any] = {}
    for word in methods.split():
        method, at = ways[word]
        found.setdefault(at, {})[method] = operation(
            operationId=f"{word}_{name}", summary=f"{word} {name}", **told
        )
    return found


def large(**more: Any) -> dict[str, Any]:
    """A document with more operations than any vendor takes, most of which read something small."""
    paths = {f"/small{n}": {"get": operation(operationId=f"small{n}")} for n in range(120)}
    for name in PLURALS:
        paths |= resource(f"/v1/{name}", name)
    for n in range(9):
        paths[f"/v1/rooms/{{rooms_id}}/chair{n}"] = {"get": operation(operationId=f"chair{n}")}
    return openapi({**paths, **more})


def test_usual_actions_of_resources_are_chosen_and_the_one_with_most_operations_first() -> None:
    made = imported(large())
    chosen = made.data["groups"]["agents"]
    assert len(chosen) == MOST_CHOSEN
    cycle = ("list", "get", "create", "update", "delete")
    assert chosen[:10] == [f"{word}_{noun}" for noun in ("rooms", "books") for word in cycle]
    assert made.chosen.startswith("20 of 159 actions: rooms (5), books (5), shelves (5), readers (5)")
    assert len(made.data["actions"]) == 159


def test_every_vendor_gets_its_file_and_one_line_changes_the_choice() -> None:
    made = imported(large())
    assert made.without.keys() == UNHOSTED
    assert {name: s["actions"] for name, s in made.data["surfaces"].items()} == {
        "rest": "all", **dict.fromkeys([*list_plain(), "mcp"], "agents"), "copilot": "agents_of_copilot",
    }  # fmt: skip
    text = made.text.replace("openai: {actions: agents}", "openai: {actions: [small1]}")
    model = load_text(text)
    assert [a.name for a in model.surfaces["openai"].actions] == ["small1"]
    assert [d for d in build(model).diagnostics if d.severity == "error"] == []


@pytest.mark.matrix
def test_what_is_deprecated_or_for_administrators_is_not_chosen() -> None:
    more = resource("/admin/keys", "keys") | resource("/v1/scrolls", "scrolls", deprecated=True)
    for n in range(9):
        more[f"/admin/keys/{{keys_id}}/part{n}"] = {"get": operation(operationId=f"part{n}")}
        more[f"/v1/scrolls/{{scrolls_id}}/part{n}"] = {"get": operation(operationId=f"piece{n}")}
    chosen = imported(large(**more)).data["groups"]["agents"]
    assert not [name for name in chosen if "keys" in name or "scrolls" in name]
    assert chosen[0] == "list_rooms"


def choose_of(paths: dict[str, Any], most: int = 8, about: str = "") -> list[str]:
    """The names of the actions that agents are offered of a document with these paths."""
    made = imported(openapi(paths), offering=False)
    actions = [
        ImportedAction(name, operation_of(action), action) for name, action in made.data["actions"].items()
    ]
    return [one.name for one in choose(rank_resources(actions, about), most, frozenset())]


def operation_of(action: dict[str, Any]) -> Any:
    """The parts of an operation that the choice reads: its method and path."""
    method, _, path = action["http"].partition(" ")
    return SimpleNamespace(method=method, path=path)


def test_resource_that_does_not_fit_whole_is_there_with_its_reads() -> None:
    paths = {**resource("/a", "a"), **resource("/b", "b"), **resource("/c", "c")}
    paths |= {f"/a/{{a_id}}/part{n}": {"get": operation(operationId=f"part{n}")} for n in range(3)}
    paths["/b/{b_id}/part"] = {"get": operation(operationId="part_of_b")}
    assert choose_of(paths, 12)[10:] == ["list_c", "get_c"]
    assert [name for name in choose_of(paths, 10) if "delete" in name] == ["delete_a", "delete_b"]


def test_slash_at_the_end_of_paths_hides_no_resource() -> None:
    """Django writes one behind each path."""
    plain = {**resource("/api/tasks", "tasks"), **resource("/api/projects", "projects")}
    plain["/api/projects/{projects_id}/import"] = {"post": operation(operationId="import_tasks")}
    slashed = {f"{path}/": item for path, item in plain.items()}
    assert choose_of(slashed) == choose_of(plain)
    assert choose_of(slashed)[:5] == [
        f"{word}_projects" for word in ("list", "get", "create", "update", "delete")
    ]
    assert choose_of(slashed)[5] == "import_tasks"


def test_what_the_api_says_that_it_is_about_comes_first_and_what_installs_or_signs_in_not_at_all() -> None:
    paths = {**resource("/plugins", "plugins"), **resource("/invoices", "invoices")}
    paths |= {
        f"/plugins/{{plugins_id}}/part{n}": {"get": operation(operationId=f"part{n}")} for n in range(3)
    }
    paths |= {
        f"/{word}": {"post": operation(operationId=f"do_{word}")}
        for word in ("login", "signup", "install", "permissions")
    }
    assert choose_of(paths, 5, "Sends invoices to your customers")[0] == "list_invoices"
    assert choose_of(paths, 5)[0] == "list_plugins"
    assert not [name for name in choose_of(paths, 30) if name.startswith("do_")]


USERS = {
    **resource("/users/api/v1/user", "user"),
    "/users/api/v1/user/{user_id}/admin": {"put": operation(operationId="make_admin")},
    **resource("/users/api/v1/user/{user_id}/wallet", "wallet_of_user"),
    **resource("/api/v1/payments", "payment", "list get create"),
    **resource("/api/v1/assets", "asset", "list get"),
}


def test_users_who_get_rights_and_what_is_theirs_come_last() -> None:
    chosen = choose_of(USERS, most=6)
    assert set(chosen[:5]) == {"list_payment", "get_payment", "create_payment", "list_asset", "get_asset"}
    assert len(chosen) == 6, "there is room for one more"


@pytest.mark.parametrize(
    ("paths", "about"),
    [
        (USERS, "Users and their rights"),
        ({path: one for path, one in USERS.items() if not path.endswith("/admin")}, ""),
    ],
)
def test_users_whom_the_api_is_about_or_whom_nobody_gives_rights_keep_their_place(
    paths: dict[str, Any], about: str
) -> None:
    assert {"list_user", "get_user"} <= set(choose_of(paths, most=6, about=about))


def test_word_that_most_paths_share_hides_nothing() -> None:
    inside = {**resource("/api/admin/features", "features"), **resource("/api/admin/segments", "segments")}
    outside = {
        "/health": {"get": operation(operationId="health")},
        **resource("/api/client", "client", "get"),
    }
    assert {name.rpartition("_")[2] for name in choose_of({**outside, **inside})} == {"features", "segments"}
    several = {
        **resource("/features", "features"),
        **resource("/segments", "segments"),
        **resource("/admin/keys", "keys"),
    }
    assert not [name for name in choose_of(several, 12) if "keys" in name]


def test_resource_that_others_name_comes_before_one_that_stands_alone() -> None:
    names = {"name": "project_id", "in": "query", "schema": {"type": "integer"}}
    paths = {**resource("/lonely", "lonely"), **resource("/projects", "projects")}
    paths |= {f"/x{n}": {"get": operation(operationId=f"x{n}", parameters=[names])} for n in range(9)}
    assert choose_of(paths)[0] == "list_projects"


def test_first_resource_has_what_else_is_done_to_an_instance() -> None:
    paths = {**resource("/users", "users"), **resource("/groups", "groups")}
    paths["/users/{users_id}/server"] = {"post": operation(operationId="start_server")}
    paths["/users/{users_id}/settings"] = {"put": operation(operationId="put_settings")}
    paths["/users/{users_id}/notes"] = {"post": operation(operationId="post_note")}
    assert choose_of(paths) == [
        *(f"{word}_users" for word in ("list", "get", "create", "update", "delete")), "start_server",
        *(f"{word}_groups" for word in ("list", "get")),
    ]  # fmt: skip


def test_action_that_asks_a_model_for_a_secret_is_not_chosen_and_asked_about_where_all_are_offered() -> None:
    body = {
        "content": {"application/json": {"schema": {"properties": {"client_secret": {"type": "string"}}}}}
    }
    secret = {
        f"/v1/tokens{n}": {"post": operation(operationId=f"token{n}", requestBody=body)} for n in range(2)
    }
    for n in range(9):
        secret[f"/v1/tokens0/part{n}"] = {"get": operation(operationId=f"part{n}")}
    made = imported(large(**secret))
    assert "token0" not in made.data["groups"]["agents"]
    assert made.without.keys() == UNHOSTED
    few = imported(openapi(secret))
    assert {s["actions"] for s in few.data["surfaces"].values()} == {"all"}
    assert "argument `client_secret` of `token0` is a secret" in few.text


def test_secret_that_every_operation_may_take_rules_none_of_them_out() -> None:
    """Google's documents list `access_token` among the parameters of every operation."""
    token = {"name": "access_token", "in": "query", "schema": {"type": "string"}}
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}", parameters=[token])} for n in range(31)}
    made = imported(openapi(paths))
    assert made.without.keys() == UNHOSTED
    assert len(made.data["groups"]["agents"]) == MOST_CHOSEN


def test_port_that_https_has_anyway_keeps_no_vendor_away() -> None:
    made = imported(
        openapi({"/a": {"get": operation()}}, servers=[{"url": "https://library.example:443/v1"}])
    )
    assert made.data["api"]["server"] == "https://library.example"
    assert made.without.keys() == UNHOSTED


def test_header_that_chatgpt_drops_keeps_one_action_from_it_and_not_the_others() -> None:
    header = {"name": "X-Shop", "in": "header", "required": True, "schema": {"type": "string"}}
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(3)}
    paths["/b"] = {"get": operation(operationId="b", parameters=[header])}
    made = imported(openapi(paths))
    model = load_text(made.text)
    assert [a.name for a in model.surfaces["openai"].actions] == ["a0", "a1", "a2"]
    assert len(model.surfaces["gemini"].actions) == 4
    alone = imported(openapi({"/b": paths["/b"]}))
    assert "openai" not in alone.data["surfaces"]
    assert "which GPT Actions cannot send" in alone.without["openai"]


def test_actions_that_are_refused_for_one_schema_are_named_in_the_order_of_their_names() -> None:
    """A set would name them in another order with each start of Python."""
    options = {"options": {"$ref": "#/components/schemas/Options"}}
    holds = {"type": "object", "required": ["options"], "properties": options}
    body = {"required": True, "content": {"application/json": {"schema": holds}}}
    paths = {f"/a{n}": {"post": operation(operationId=f"a{n}", requestBody=body)} for n in range(6)}
    paths |= {f"/b{n}": {"get": operation(operationId=f"b{n}")} for n in range(8)}
    made = imported(openapi(paths, components={"schemas": {"Options": {"type": "object"}}}))
    assert re.findall(r"# inferred: without `(a\d)`: its `options` holds", made.text) == [
        f"a{n}" for n in range(6)
    ]


def test_only_the_documents_that_a_round_changes_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []

    def listen(model: Model, surfaces: Mapping[str, Any], choosing: Collection[str] = ()) -> list[Any]:
        asked.append(set(surfaces))
        return find_objections(model, surfaces, choosing)

    monkeypatch.setattr("pgagents.importer.surfaces.find_objections", listen)
    address = {"description": "See https://example.test/books for what it lists and for how long"}
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(4)}
    paths["/b"] = {"get": operation(operationId="b", **address)}
    made = imported(openapi(paths))
    assert made.data["surfaces"]["copilot"]["actions"] == "all"
    assert {"anthropic", "openai", "copilot"} < asked[0]
    assert asked[1:] == [{"copilot"}]


def test_text_that_is_too_long_for_one_vendor_is_shorter_there_alone() -> None:
    long = "Gives the book that lies on top. " * 20
    made = imported(openapi({"/books": {"get": operation(description=long)}}))
    assert made.without.keys() == UNHOSTED
    action = load_text(made.text).actions[0]
    assert len(str(action.description)) > 600
    text = str(action.texts["openai"].description)
    assert 200 < len(text) <= 300
    assert text.endswith("on top.")


def test_operation_with_a_circular_answer_is_offered_to_the_vendor_that_refuses_circles() -> None:
    """Its schema ends in the document for that vendor."""
    part = {
        "type": "object",
        "properties": {"parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}},
    }
    answer = {
        "200": {
            "description": "It",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Part"}}},
        }
    }
    paths = {f"/a{n}": {"get": operation(operationId=f"a{n}")} for n in range(3)}
    paths["/parts"] = {"get": operation(operationId="parts", responses=answer)}
    made = imported(openapi(paths, components={"schemas": {"Part": part}}))
    model = load_text(made.text)
    for surface in ("openai", "anthropic"):
        assert "parts" in [a.name for a in model.surfaces[surface].actions]
    built = build(model)
    assert [d for d in built.diagnostics if d.id.startswith("openai/openapi")] == []
    (gpt,) = [document.data for document in built.rendered if document.made.id == "openai/openapi"]
    assert not cycles(gpt["components"]["schemas"])


def test_copilot_gets_ten_of_many_and_the_choice_of_others_does_not_heed_its_refusals() -> None:
    many = {path: item for name in (*PLURALS, "maps") for path, item in resource(f"/{name}", name).items()}
    made = imported(openapi(many))
    assert made.data["surfaces"]["copilot"]["actions"] == "agents_of_copilot"
    assert len(made.data["groups"]["agents_of_copilot"]) == 10
    assert made.data["groups"]["agents_of_copilot"] == made.data["groups"]["agents"][:10]
    assert build(made.model).diagnostics == ()


def test_import_of_some_actions_asks_which_ten_copilot_gets() -> None:
    made = imported(openapi({**resource("/a", "a"), **resource("/b", "b"), **resource("/c", "c")}))
    assert {s["actions"] for s in made.data["surfaces"].values()} == {"all"}
    assert "# TODO decide: which 10 of these? Copilot chooses less well among more" in made.text
    assert {d.severity for d in lint(made.model).found} == {"note"}


def test_warning_that_an_import_asks_about_is_a_note_until_the_question_is_removed() -> None:
    bare = {"name": "who", "in": "query", "schema": {"type": "string"}}
    made = imported(openapi({"/books": {"get": operation(parameters=[bare])}}))
    found = {d.id: d for d in lint(made.model).found if d.severity != "note"}
    assert found == {}
    (asked,) = (d for d in lint(made.model).found if d.id == "catalogue/undescribed-argument")
    assert "the TODO above line" in asked.help
    text = "\n".join(line for line in made.text.splitlines() if "# TODO decide: describe `who`" not in line)
    assert "catalogue/undescribed-argument" in {
        d.id for d in lint(load_text(text)).found if d.severity == "warning"
    }
