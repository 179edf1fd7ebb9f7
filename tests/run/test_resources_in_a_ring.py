"""Resources that are made by calls which need each other: their contracts are untested, and the run ends."""

from __future__ import annotations

from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
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
