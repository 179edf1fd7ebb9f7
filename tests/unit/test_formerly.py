"""Old names of actions: offered beside the new ones until a day, wherever a name alone says what is
called.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from calling import Script, World, answered, client_of, run
from inprocess import inside
from offering import renamed, shop, shop_text
from pgagents.base.errors import InputError
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli import doctor
from pgagents.cli.main import main
from pgagents.diff.change import Change
from pgagents.diff.compare import compare
from pgagents.generate.build import build, targets
from pgagents.generate.target import Target
from pgagents.lint.run import lint
from pgagents.mcp.server import prompts
from pgagents.mcp.tools import tools
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.check_registry import collect
from pgagents.verify.run.run import contracts
from verifying import ids
from verifying import run as verified

DAY = "2099-12-31"
NAMES = [
    "search_products",
    "find_products",
    "get_product",
    "place_order",
    "order_product",
    "buy",
    "cancel_order",
]
LISTS = (
    "gemini/functions.json", "gemini/functions.jsonschema.json",
    "xai/tools.chat.json", "xai/tools.responses.json",
    "openai/tools.chat.json", "openai/tools.responses.json",
    "openai/tools.chat.strict.json", "openai/tools.responses.strict.json",
    "anthropic/tools.json", "anthropic/tools.strict.json", "perplexity/tools.json", "mcp/tools.json",
)  # fmt: skip
KEPT = {"find_products": "search_products", "order_product": "place_order", "buy": "place_order"}


@pytest.fixture(scope="module")
def files() -> dict[str, Any]:
    """Everything that is built of the shop with old names, by path; texts as they are."""
    built = build(renamed())
    assert [d for d in built.diagnostics if d.severity == "error"] == []
    data = {f.path: f.data.decode() for f in built.files if not f.path.endswith(".png")}
    return {path: json.loads(text) if path.endswith(".json") else text for path, text in data.items()}


def _listed(document: Any) -> list[dict[str, Any]]:
    """The functions of a list, without the wrapping that some vendors have around each."""
    found = (
        document if isinstance(document, list) else document.get("tools") or document["functionDeclarations"]
    )
    return [{k: v for k, v in one.get("function", one).items() if k != "type"} for one in found]


# what is built


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_an_old_name_right_behind_the_new_one_with_the_same_arguments(
    files: dict[str, Any], path: str
) -> None:
    found = _listed(files[path])
    assert [one["name"] for one in found] == NAMES
    by_name = {one["name"]: one for one in found}
    for old, new in KEPT.items():
        day = DAY if old == "find_products" else "2099-06-30"
        assert (
            by_name[old]["description"] == f"Deprecated until {day}: use {new}. {by_name[new]['description']}"
        )
        told = {"name", "title", "description"}
        assert {k: v for k, v in by_name[old].items() if k not in told} == {
            k: v for k, v in by_name[new].items() if k not in told
        }


def test_an_mcp_tool_of_an_old_name_keeps_the_hints_and_the_question(files: dict[str, Any]) -> None:
    tool = next(t for t in files["mcp/tools.json"]["tools"] if t["name"] == "buy")
    assert tool["title"] == "Place an order (old name)"
    assert tool["annotations"]["readOnlyHint"] is False
    assert tool["_meta"] == {"example.shop/confirm": "Do you want to order this and pay for it?"}
    assert files["copilot/mcp-plugin.json"]["runtimes"][0]["run_for_functions"] == NAMES


def test_a_dispatcher_takes_both_names(files: dict[str, Any]) -> None:
    media = files["openapi/openapi.json"]["paths"]["/agents/ask"]["post"]["requestBody"]["content"][
        "application/json"
    ]
    selector = media["schema"]["properties"]["tool"]
    assert selector["enum"] == NAMES
    assert selector["description"].startswith(
        "get_product is deprecated; find_products is the old name of search_products, good until 2099"
    )
    assert [one["properties"]["tool"]["enum"] for one in media["schema"]["oneOf"]] == [
        [name] for name in NAMES
    ]
    assert media["examples"]["find_products"]["value"] == {
        "tool": "find_products",
        "with": {"q": "kettle", "limit": 5},
    }


def test_what_documents_of_operations_cannot_offer_is_a_listed_loss(files: dict[str, Any]) -> None:
    for id in ("openai/openapi", "copilot/openapi", "copilot/ai_plugin", "copilot/ai_plugin_v24"):
        target = targets()[id]
        assert isinstance(target, Target)
        lost = [loss.detail for loss in target.view(renamed()).losses if "formerly" in loss.origin]
        assert [d.split("`")[1] for d in lost] == ["findProducts", "orderProduct", "buy"], id
    operation = files["openapi/openapi.json"]["paths"]["/products"]["get"]
    assert operation["x-formerly"] == [{"operationId": "findProducts", "until": DAY}]
    assert "findProducts is the old name of searchProducts" in files["openai/gpt-builder.md"]
    assert "find_products is the old name of search_products, good until 2099-12-31." in files["web/llms.txt"]


def test_an_operation_id_that_is_written_down_did_not_change() -> None:
    one = shop(
        actions__search_products__formerly={"find_products": DAY},
        actions__search_products__operation_id="findProducts",
    )
    made = build(one)
    assert not any(
        "formerly" in f.data.decode() for f in made.files if f.path.startswith(("openapi/", "openai/openapi"))
    )
    assert "actions.search_products.formerly" not in next(
        f.data.decode() for f in made.files if f.path == "pgagents/losses.md"
    )


def test_a_name_that_a_surface_kept_is_no_old_name_there() -> None:
    one = shop(
        actions__search_products__formerly={"find_products": DAY},
        actions__search_products__texts={"gemini": {"name": "find_products"}},
    )
    listed = {
        a.path: [f["name"] for f in _listed(json.loads(a.data))] for a in build(one).files if a.path in LISTS
    }
    assert listed["gemini/functions.json"].count("find_products") == 1
    assert "search_products" not in listed["gemini/functions.json"]
    assert listed["xai/tools.chat.json"][:2] == ["search_products", "find_products"]


def test_a_long_description_is_cut_behind_an_old_name_so_that_both_fit() -> None:
    one = shop(
        actions__search_products__formerly={"find_products": DAY},
        actions__search_products__description="word " * 204,
    )
    old = next(
        f for f in _listed(json.loads(_file(one, "openai/tools.chat.json"))) if f["name"] == "find_products"
    )
    assert old["description"].endswith("…")
    assert len(old["description"]) <= 1024


def test_old_names_take_no_strict_budget_from_new_ones() -> None:
    given = {f"o{n}": {"type": "string", "description": "A word."} for n in range(12)}
    of = {"title": "T", "description": "D.", "effect": "read", "input": given, "output": {200: None}}
    actions = {"a": {**of, "http": "GET /a", "formerly": {"z": DAY}}, "b": {**of, "http": "GET /b"}}
    one = shop(actions=actions, surfaces={"anthropic": {}}, resources={}, workflows={}, groups={})
    strict = {
        t["name"]: t.get("strict") for t in _listed(json.loads(_file(one, "anthropic/tools.strict.json")))
    }
    assert (strict["a"], strict["b"], bool(strict["z"])) == (True, True, False)


def test_deprecated_is_said_in_every_format(files: dict[str, Any]) -> None:
    for path in LISTS:
        assert next(f for f in _listed(files[path]) if f["name"] == "get_product")["description"].startswith(
            "Deprecated. "
        ), path
    for path in ("openapi/openapi.json", "openai/openapi.json"):
        assert [o for o in _operations(files[path]) if o.get("deprecated")] == [
            o for o in _operations(files[path]) if "getP" in o["operationId"]
        ]
    assert (
        yaml.safe_load(files["copilot/openapi-3.0.yaml"])["paths"]["/products/{product_id}"]["get"][
            "deprecated"
        ]
        is True
    )
    plugin = {f["name"]: f["description"] for f in files["copilot/ai-plugin.json"]["functions"]}
    assert plugin["getProduct"].startswith("Deprecated. ")
    assert "Deprecated. Get one product" in files["web/llms.txt"]
    assert "Deprecated: Look at a product" in files["openai/gpt-builder.md"]


def _file(model: Model, path: str) -> bytes:
    return next(f.data for f in build(model).files if f.path == path)


def _operations(document: Any) -> list[dict[str, Any]]:
    return [operation for item in document["paths"].values() for operation in item.values()]


# what is called


def test_the_client_calls_the_action_by_either_name() -> None:
    server = Script(answered(200, {"products": []}))
    client = client_of(renamed(), server, factory=World())

    async def talk() -> list[Any]:
        xai = client.surface("xai")
        return [
            await client.tool(xai, "search_products", {"q": "tea"}),
            await client.tool(xai, "find_products", {"q": "tea"}),
            await client.call("find_products", {"q": "tea"}),
        ]

    answers = run(talk)
    assert answers[0] == answers[1]
    assert {(request.method, request.target.partition("?")[0]) for request in server.asked} == {
        ("GET", "/products")
    }
    assert len(server.asked) == 3


def test_the_command_line_calls_the_action_by_its_old_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(shop_text(actions__place_order__formerly={"buy": DAY}), encoding="utf-8")
    code = main(
        [
            "call",
            "buy",
            "quantity=99",
            "product_id=p-1",
            "--catalogue",
            str(file),
            "--url",
            "http://127.0.0.1:9",
            "--yes",
        ]
    )
    assert code == 2
    assert "invalid_arguments" in capsys.readouterr().out, (
        "the new name's schema refused it before anything was sent"
    )


def test_an_mcp_servers_prompts_speak_of_the_new_names() -> None:
    offered = tools(renamed())
    assert list(offered) == NAMES
    assert offered["buy"].action is offered["place_order"].action
    gift = {
        "title": "Buy a kettle",
        "steps": {"find": {"action": "search_products", "input": {"q": "kettle"}}},
    }
    assert (
        "1. `search_products`: Search products"
        in prompts(renamed(workflows={"gift": gift}), offered)["gift"].text
    )


# what is verified


def _contracts(model: Model) -> list[str]:
    return [c.id for c in contracts(model) if "surface_equivalence/as_" in c.id]


def _against(server: Model, claimed: Model) -> Report:
    """Verify the sandbox of one catalogue by another."""
    opened = inside(server)
    chosen = tuple(c.id for c in contracts(claimed) if c.surface == "desk")
    return verified(claimed, handler=opened.sandbox.handler, keys=opened.keys, only=chosen)


def test_there_is_one_contract_for_each_old_name_of_a_dispatcher() -> None:
    assert [id for id in _contracts(renamed()) if id.endswith("@desk")] == [
        "surface_equivalence/as_find_products/search_products@desk",
        "surface_equivalence/as_order_product/place_order@desk",
        "surface_equivalence/as_buy/place_order@desk",
    ]
    assert _contracts(shop()) == []
    assert "surface_equivalence" in collect()


def test_a_server_that_answers_old_names_keeps_all() -> None:
    report = verified(renamed())
    assert ids(report, Verdict.BROKEN) == ids(report, Verdict.UNTESTED) == []
    assert {id for id in _contracts(renamed()) if id.endswith("@desk")} <= set(ids(report, Verdict.KEPT))
    assert any(c.contract.surface == "gemini" and c.verdict is Verdict.KEPT for c in report.results), (
        "lists with old names are promises too"
    )


def test_a_server_that_forgot_an_old_name_breaks_its_contract_alone() -> None:
    report = _against(shop(), renamed())
    assert ids(report, Verdict.BROKEN) == [id for id in _contracts(renamed()) if id.endswith("@desk")]


# what is read, and told


@pytest.mark.parametrize(
    ("formerly", "said"),
    [
        ({"get_product": DAY}, "also the name of action `get_product`"),
        ({"Place_Order": DAY}, "also the name of action `place_order`"),
        ({"search_products": DAY}, "also the name of action `search_products`"),
        ({"bye": DAY}, "also a former name of `cancel_order`"),
        ({"old": "2027-02-30"}, "not a day of the calendar"),
        ({"old": "soon"}, "`soon` stands here"),
        ({"old name": DAY}, "not a name that is allowed"),
    ],
)
def test_an_old_name_is_one_actions_and_ends_on_a_day(formerly: dict[str, str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        shop(actions__search_products__formerly=formerly, actions__cancel_order__formerly={"BYE": DAY})
    assert any(said in d.message for d in caught.value.diagnostics), [
        d.message for d in caught.value.diagnostics
    ]


def test_lint_and_doctor_warn_once_a_day_is_past_and_what_is_built_stays_the_same(tmp_path: Path) -> None:
    text = shop_text(actions__search_products__formerly={"find_products": "2027-03-01"})
    model = load_text(text, "shop.yaml")
    found = {
        day: [d for d in lint(model, today=day).found if d.id == "catalogue/past-former-name"]
        for day in (date(2027, 3, 1), date(2027, 3, 2))
    }
    (warned,) = found[date(2027, 3, 2)]
    assert found[date(2027, 3, 1)] == []
    assert (warned.severity, "find_products" in warned.message, warned.span.line > 1) == (
        "warning",
        True,
        True,
    )
    assert [d for d in lint(model).found if d.id == warned.id] == [], "without a clock nothing depends on it"
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "shop.yaml").write_text(text, encoding="utf-8")
    assert doctor.catalogue(tmp_path, date(2027, 3, 1)).state == "ok"
    assert doctor.catalogue(tmp_path, date(2027, 3, 2)).state == "bad"
    assert main(["explain", warned.id]) == 0


def test_an_old_name_that_another_action_has_on_a_surface_is_found() -> None:
    model = shop(
        actions__search_products__formerly={"look": DAY},
        actions__get_product__texts={"gemini": {"name": "Look"}},
    )
    (one,) = [d for d in lint(model).found if d.id == "catalogue/same-function-name"]
    assert "`gemini`" in one.message


# what changed


def _changes(old: Model, new: Model) -> set[tuple[str, str]]:
    return {(c.severity, c.id) for c in compare(old, new)}


def _renamed_to(name: str, **more: Any) -> Model:
    """The shop whose search has another name, in every place that names it."""
    return load_text(
        shop_text().replace("search_products", name).replace(f"  {name}:\n", f"  {name}:\n{_lines(more)}", 1),
        "new.yaml",
    )


def _lines(more: dict[str, Any]) -> str:
    return "".join(f"    {key}: {json.dumps(value)}\n" for key, value in more.items())


def test_a_new_name_breaks_agents_and_one_beside_the_old_may() -> None:
    same = {"operation_id": "searchProducts"}
    assert ("breaking", "action-renamed") in _changes(shop(), _renamed_to("find_things", **same))
    kept = _changes(shop(), _renamed_to("find_things", formerly={"search_products": DAY}, **same))
    assert ("may break", "action-renamed") in kept
    assert not any(severity == "breaking" for severity, _ in kept)
    moved = _changes(shop(), _renamed_to("find_things", formerly={"search_products": DAY}))
    assert ("breaking", "operation-renamed") in moved, "an OpenAPI document has no place for the old id"


def test_an_old_name_may_come_and_not_go() -> None:
    dated = [
        shop(actions__search_products__formerly=f)
        for f in ({}, {"find_products": DAY}, {"find_products": "2098-01-01"})
    ]
    none, late, early = dated
    assert _changes(none, late) == {("addition", "old-name-added")}
    assert _changes(late, none) == {("breaking", "old-name-dropped")}
    assert _changes(late, early) == {("may break", "old-name-day")}
    assert _changes(early, late) == {("wording", "old-name-day")}


def test_a_change_tells_the_day() -> None:
    found: list[Change] = compare(
        shop(), _renamed_to("find_things", formerly={"search_products": DAY}, operation_id="searchProducts")
    )
    assert any(DAY in c.message for c in found if c.id == "action-renamed")
