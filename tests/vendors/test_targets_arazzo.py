"""Workflows as Arazzo: every value leads somewhere, every condition is said or listed as lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from language_table import rows
from offering import OFFERING, park, shop
from pgagents.base.cel.parser import parse
from pgagents.base.cel.rewrite import Place, criteria, parse_kept, pointer
from pgagents.base.errors import PgagentsError
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Step, Workflow
from pgagents.generate.build import build, plan, targets
from pgagents.generate.target import Loss, Target


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _document(model: Model) -> Any:
    built = build(model, only=["arazzo"])
    assert not [d for d in built.diagnostics if d.severity == "error"], built.diagnostics
    return next(json.loads(a.data) for a in built.artifacts() if a.path.endswith(".json"))


def _losses(model: Model) -> tuple[Loss, ...]:
    target = targets()["arazzo/workflows"]
    assert isinstance(target, Target)
    return target.view(model).losses


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _steps(model: Model, workflow: Workflow) -> list[Step]:
    """Those that the contract has; the operator's own operations are not in it."""
    return [step for step in workflow.steps if step.action in model.actions]


def _told(model: Model) -> list[Workflow]:
    """All but those that verify alone runs."""
    return [workflow for workflow in model.workflows if not workflow.only_verify]


def test_every_workflow_and_every_step_of_the_contract_is_there(model: Model) -> None:
    said = {w["workflowId"]: [s["stepId"] for s in w["steps"]] for w in _document(model)["workflows"]}
    assert said == {
        workflow.name: [step.name for step in _steps(model, workflow)] for workflow in _told(model)
    }
    left_out = {
        step.origin
        for workflow in _told(model)
        for step in workflow.steps
        if step not in _steps(model, workflow)
    }
    left_out |= {workflow.origin for workflow in model.workflows if workflow.only_verify}
    assert left_out <= {loss.origin for loss in _losses(model)}


def test_every_operation_is_one_of_the_contract(model: Model) -> None:
    contract = next(a for a in build(model, only=["openapi"]).artifacts() if a.path == "openapi/openapi.json")
    operations = {
        (operation["operationId"], parameter["name"]): parameter["in"]
        for item in json.loads(contract.data)["paths"].values()
        for operation in item.values()
        for parameter in [{"name": "", "in": ""}, *operation.get("parameters", ())]
    }
    for workflow in _document(model)["workflows"]:
        for step in workflow["steps"]:
            assert (step["operationId"], "") in operations
            for parameter in step.get("parameters", ()):
                if parameter["name"] != "Authorization":
                    assert operations[step["operationId"], parameter["name"]] == parameter["in"]


def test_every_expression_leads_to_what_there_is(model: Model) -> None:
    """An output of a step before, or an input; each key is an input that must be given."""
    seen = 0
    for workflow in _document(model)["workflows"]:
        inputs = workflow.get("inputs", {"properties": {}})
        assert any(name.endswith("token") for name in inputs.get("required", ()))
        before: dict[str, set[str]] = {}
        for step in workflow["steps"]:
            for text in _texts([step.get("parameters"), step.get("requestBody"), step["successCriteria"]]):
                for name, output in re.findall(r"\$steps\.(\w+)\.outputs\.(\w+)", text):
                    assert output in before[name]
                    seen += 1
                for name in re.findall(r"\$inputs\.(\w+)", text):
                    assert name in inputs["properties"]
            before[step["stepId"]] = set(step.get("outputs", ()))
    assert seen


def test_what_cel_says_is_said_or_listed(model: Model) -> None:
    """Each part of each condition is a criterion or a loss at its line."""
    lost = {(loss.origin, loss.constraint) for loss in _losses(model)}
    for workflow, said in zip(_told(model), _document(model)["workflows"], strict=True):
        for step, node in zip(_steps(model, workflow), said["steps"], strict=True):
            assert node["successCriteria"][0] == {"condition": f"$statusCode == {step.status}"}
            places = [(*step.origin, "expect", index) for index in range(len(step.expect))]
            parts = sum(len(list(criteria(expression.tree, lambda _: None))) for expression in step.expect)
            choices = sum(1 for origin, _ in lost if origin[:-1] == (*step.origin, "keep"))
            said_here = len(node["successCriteria"]) - 1
            lost_here = sum(1 for origin, _ in lost if origin in places)
            assert said_here + lost_here >= parts
            assert choices or said_here + lost_here == parts
            for index in range(len(step.expect_timed)):
                assert any(origin == (*step.origin, "expect_timed", index) for origin, _ in lost)
            assert bool(step.after_s) == any(origin == (*step.origin, "after_s") for origin, _ in lost)


def test_a_choice_falls_where_the_documented_answer_has_it() -> None:
    """The transcript's driver takes the second lot of the list, and the step says by which it may be
    taken.
    """
    find = _document(park())["workflows"][0]["steps"][0]
    assert find["outputs"]["lot_id"] == "$response.body#/lots/1/id"
    assert {"condition": "$response.body#/lots/1/name == 'Lionshead Public Parking'"} in find[
        "successCriteria"
    ]
    assert "narrowed" in {loss.went for loss in _losses(park()) if loss.origin[-2:] == ("keep", "lot")}


def test_a_value_that_arazzo_cannot_compute_is_asked_for() -> None:
    find = {
        "action": "search_products",
        "input": {"q": "kettle"},
        "keep": {"product": "response.products[size(response.products) - 1.0]"},
    }
    look = {"action": "get_product", "input": {"product_id": "=find.product.id"}}
    model = shop(workflows={"last": {"title": "The last one", "steps": {"find": find, "look": look}}})
    workflow = _document(model)["workflows"][0]
    assert workflow["steps"][1]["parameters"][0]["value"] == "$inputs.look_product_id"
    assert "look_product_id" in workflow["inputs"]["required"]
    assert ("client", ("workflows", "last", "steps", "look", "input", "product_id")) in {
        (loss.went, loss.origin) for loss in _losses(model)
    }


def test_a_choice_in_an_answer_of_json_rpc_is_tested_under_its_result() -> None:
    chosen = "response.notes.filter(n, n.text == 'Buy milk' && size(response.notes) > 0)[0]"
    text = rows()["json-rpc"].text()
    for old, new in (
        ("found: response.notes[0]\n", f'found: "{chosen}"\n'),
        ("        - size(response.notes) > 0\n        - response.notes[0].text == 'Buy milk'\n", ""),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    find = _document(load_text(text))["workflows"][0]["steps"][2]
    assert [str(one["condition"]) for one in find["successCriteria"]][-2:] == [
        "$response.body#/result/notes/0/text == 'Buy milk'",
        "$response.body#/result/notes/0 != null",
    ]


def test_a_text_that_looks_like_an_expression_is_given_as_an_input() -> None:
    find = {"action": "search_products", "input": {"q": "$statusCode"}}
    workflow = _document(shop(workflows={"odd": {"title": "Odd", "steps": {"find": find}}}))["workflows"][0]
    assert workflow["steps"][0]["parameters"][0]["value"] == "$inputs.find_q"
    assert workflow["inputs"]["properties"]["find_q"] == {"type": "string", "default": "$statusCode"}


def test_a_catalogue_without_workflows_has_no_such_file() -> None:
    model = shop(workflows={})
    assert "arazzo/workflows" not in plan(model)
    assert [d for d in build(model).diagnostics if d.severity == "error"] == []
    with pytest.raises(PgagentsError, match="nothing for `arazzo`"):
        plan(model, ["arazzo"])


# what CEL says


def _path(path: Place) -> str | None:
    return pointer(path[1:]) if path[0] == "response" and len(path) > 1 else None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('response.a.b == "x"', ["$response.body#/a/b == 'x'"]),
        ("response.a >= 1 && response.b != null", ["$response.body#/a >= 1", "$response.body#/b != null"]),
        ("response.ok", ["$response.body#/ok == true"]),
        ("!response.ok", ["$response.body#/ok == false"]),
        ("response.a == response.b", ["$response.body#/a == $response.body#/b"]),
        ("size(response.items) >= 1", ["$response.body#/items/0 != null"]),
        ("size(response.items) > 0", ["$response.body#/items/0 != null"]),
        (
            'response.items.exists(i, i.name == "a && b" && i.n > 2.5)',
            ["$.items[?(@.name == 'a && b' && @.n > 2.5)]"],
        ),
        ("size(response.items) <= 3", [None]),
        ("cents(response.a) == 600", [None]),
        ("response.a == other.b", [None]),
        ("response.a == 1 || response.b == 2", [None]),
        ("response.a ? response.b == 1 : response.c == 2", [None]),
        ("response.items.all(i, i.ok)", [None]),
        ("response.items.exists(i, i.id == response.a)", [None]),
        ("response.items.exists(i, cents(i.n) == 1 && i.ok)", [None]),
        (
            "(response.a == 1 && (response.b == -2.5))",
            ["$response.body#/a == 1", "$response.body#/b == -2.5"],
        ),
        ("size( response.items )>0.0", ["$response.body#/items/0 != null"]),
        ("response.items .exists( i, ( i.ok ) )", ["$.items[?(@.ok == true)]"]),
        (
            "response.items.exists(i, i[0] == 1 && !i.tags[1].ok)",
            ["$.items[?(@[0] == 1 && @.tags[1].ok == false)]"],
        ),
        ("response.a in [1]", [None]),
        ("response['a b'] == 1", [None]),
        ("response.a == 1u", [None]),
        ("response.a + 1.0 == 2.0", [None]),
        ("response.a == response.b.exists(i, i.c == 1)", [None]),
    ],
)
def test_a_condition_is_said_exactly_or_not_at_all(text: str, said: list[str | None]) -> None:
    assert [criterion and criterion.condition for _, criterion in criteria(parse(text), _path)] == said


def test_text_stands_in_single_quotes() -> None:
    (part,) = criteria(parse('response.a == "it\'s"'), _path)
    assert part[1]
    assert part[1].condition == "$response.body#/a == 'it''s'"


def test_only_a_path_or_a_first_item_is_kept() -> None:
    assert parse_kept(parse("response.session")) == ("session",)
    assert parse_kept(parse("response.items[0].id")) == ("items", 0, "id")
    assert parse_kept(parse("size(response.items)")) is None
    assert parse_kept(parse("other.session")) is None


def test_workflows_that_only_verify_runs_make_no_empty_document() -> None:
    """A description without a workflow is none: Arazzo 1.0.1 wants at least one."""
    row = rows()["job"]
    names = [workflow.name for workflow in load_text(row.text(), "notes.yaml").workflows]
    assert names
    model = load_text(row.text({"workflows": {name: {"only_verify": True} for name in names}}), "notes.yaml")
    assert "arazzo/workflows" not in plan(model)
    assert [d.message for d in build(model).diagnostics if d.severity == "error"] == []
    with pytest.raises(PgagentsError, match="nothing for `arazzo`") as caught:
        plan(model, ["arazzo"])
    assert "only_verify" in str(caught.value.help)
