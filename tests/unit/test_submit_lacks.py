"""A submission lacks the cases and hints that a run could not try, or showed to be untrue."""

from __future__ import annotations

import pytest

from pgagents.catalogue.model.listing import cases_of
from pgagents.submit.evidence import (
    CaseOutcome,
    CaseProof,
    HintProof,
    Outcome,
    ToolProof,
    find_case_lacks,
    find_hint_lacks,
)
from pgagents.submit.store import find_store
from verifying import ROOT, model

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"


@pytest.mark.parametrize(
    ("outcome", "why", "message", "help"),
    [
        ("kept", "", "", ""),
        ("broken", "it answered 500", "does not come out as it says: it answered 500", "correct the server"),
        ("untested", "no key", "could not be tried: no key", "--allow-writes, lets the run try it"),
        ("untested", "add --allow place_hold", "could not be tried: add --allow place_hold", ""),
    ],
)
def test_case_that_is_not_kept_is_lacking(outcome: CaseOutcome, why: str, message: str, help: str) -> None:
    case = cases_of(model(LIBRARY), "openai")[0]
    lacks = list(find_case_lacks((CaseProof(case, outcome, why),)))
    assert len(lacks) == bool(message)
    for lack in lacks:
        assert message in lack.message
        assert help in lack.help
        assert bool(lack.help) is bool(help)
        assert lack.origin == case.origin


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ("held", ""),
        ("claimed", ""),
        ("no claim", ""),
        ("broken", "and it is not so: three more holds"),
        ("untested", "and it could not be tried: three more holds"),
    ],
)
def test_hint_that_is_broken_or_was_not_tried_is_lacking(outcome: Outcome, message: str) -> None:
    action = next(a for a in model(LIBRARY).actions if a.effect == "write")
    hint = action.hints.idempotent
    proof = HintProof("idempotent", True, "a reason", True, outcome, "three more holds", hint)
    _, store = find_store("openai")
    tool = ToolProof(str(action.name), "", action, (proof,))
    lacks = list(find_hint_lacks((tool,), store))
    assert len(lacks) == bool(message)
    for lack in lacks:
        assert message in lack.message
        assert lack.origin == hint.origin
