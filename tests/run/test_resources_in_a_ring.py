"""Resources that are made by calls which need each other: their contracts are untested, and the run ends."""

from __future__ import annotations

from typing import Any

from importing import holding, imported, openapi, taking
from pgagents.base.http import Response
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from small_api import verified
from verifying import SHOP, run

FOUND = "found_by: {action: search_products, input: {q: kettle}, at: response.products, where:"
MADE = (
    "made_by: {action: place_order, input: {product_id: =order.product_id, quantity: 2}, at: response.order}"
)


def test_resources_that_need_each_other_leave_what_needs_them_untested() -> None:
    text = SHOP.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if FOUND in line)
    report = run(load_text(text.replace(line.strip(), MADE), "ring.yaml"))
    reasons = [str(r.reason) for r in report.results if r.verdict is Verdict.UNTESTED]
    assert any("needs another one of them" in reason for reason in reasons)
    assert not any("internal error" in reason for reason in reasons)
    assert (report.exit_code, report.findings) == (3, ())


def test_collections_that_stand_below_each_other_end_a_run() -> None:
    """`/shops/{shop_id}/boats` and `/boats/{boat_id}/shops` are within each other."""
    kind = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    name = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}

    def operation(status: str, answer: Any) -> dict[str, Any]:
        return {"responses": {status: {"description": "It", **holding(answer)}}}

    def below(one: str, above: str, many: str) -> dict[str, Any]:
        given, own = (
            {"parameters": [{"in": "path", "name": n, "required": True, "schema": {"type": "string"}}]}
            for n in (f"{above}_id", f"{one}_id")
        )
        item = {"get": operation("200", kind), "delete": {"responses": {"204": {"description": "Gone"}}}}
        create = operation("201", kind) | {"requestBody": taking(name)}
        listed = operation("200", {"type": "array", "items": kind})
        return {
            f"/{above}s/{{{above}_id}}/{many}": given | {"get": listed, "post": create},
            f"/{many}/{{{one}_id}}": own | item,
        }

    document = openapi(below("shop", "boat", "shops") | below("boat", "shop", "boats"))
    model = load_text(imported(document).text, "ring.yaml")
    assert {name: one.within for name, one in model.resources.items()} == {"shop": "boat", "boat": "shop"}
    report = verified(model, lambda _: Response(404), allow_writes=True)
    assert not any("internal error" in str(result.reason) for result in report.results)
