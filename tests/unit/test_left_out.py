"""The page on what the language leaves out is the importer's word, and what must be on it is."""

from __future__ import annotations

import pytest

from left_out import cases, said_of

CASES = cases()


@pytest.mark.parametrize("id", sorted(CASES))
def test_case_says_what_to_do_instead(id: str) -> None:
    case = CASES[id]
    assert set(case) == {"what", "document", "said", "instead"}
    assert len(case["instead"].split()) > 5
    assert case["instead"].endswith(".")


@pytest.mark.parametrize("id", ["xml", "aws-signatures", "hmac", "csrf", "graphql", "odata"])
def test_what_other_apis_do_and_agents_cannot_is_on_the_page(id: str) -> None:
    case = CASES[id]
    assert case["said"] == "none" or said_of(case)


def test_importer_says_something_of_most_cases() -> None:
    told = [id for id, case in CASES.items() if case["said"] != "none"]
    silent = [id for id in told if not said_of(CASES[id])]
    assert len(silent) <= len(told) / 2, silent
