"""A fresh value may be a member of an object argument with which an instance is made."""

from __future__ import annotations

import pytest

from loading import load_once
from pgagents.report.contract import Verdict
from verifying import ROOT, ids, run

PARCELS = ROOT / "tests" / "catalogues" / "parcels.yaml"
USUAL = """made_by:
      action: create_shipment
      input: {reference: =fresh.text, to: {kind: point, point_id: pt-1}"""


@pytest.mark.matrix
def test_an_instance_is_made_with_a_fresh_member_of_an_object() -> None:
    text = PARCELS.read_text(encoding="utf-8")
    assert USUAL in text
    of = load_once(text.replace(USUAL, USUAL.replace("pt-1", "=fresh.slug")), str(PARCELS))
    report = run(of, only=("read_after_write/",))
    assert report.footer.notes == ()
    assert len(ids(report, Verdict.KEPT)) > 1
    assert report.findings == ()
