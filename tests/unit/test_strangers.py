"""The file of strangers' findings, and what its command takes for lost and for new."""

from __future__ import annotations

import pytest
from evaluation.strangers import SMALL, compare, list_findings, read_claims
from evaluation.zoo.judging import WORDS
from evaluation.zoo.zoo import NAMES, load

from pgagents.report.contract import Rank

CLAIMS = [claim for claim in read_claims() if claim.server == "items"]
REPORT = {
    "findings": [
        {"contract": "no_crashes/create_item@rest", "rank": "crash", "also": ["no_crashes/update_item@rest"]},
        {"contract": "documented_status/delete_item@rest", "rank": "undocumented", "also": []},
        {"contract": "response_schema/200/get_item@rest", "rank": "undocumented"},
        {"contract": "invalid_input/type/price/create_item@rest", "rank": "coerced"},
        {"contract": "pagination/list_items@rest", "rank": "odd"},
    ]
}


def test_claims_name_servers_of_the_zoo_words_and_ranks() -> None:
    claims = read_claims()
    assert {claim.server for claim in claims} == set(NAMES)
    assert {claim.word for claim in claims} <= set(WORDS)
    assert {claim.rank for claim in claims} <= {"", *(rank.value for rank in Rank)}
    assert all(claim.operations and claim.claim for claim in claims)
    assert all(claim.version == load(claim.server).version for claim in claims)
    assert all(claim.rank for claim in claims if claim.server in SMALL)


def test_a_report_with_every_true_claim_is_as_good_as_before() -> None:
    assert compare(CLAIMS, list(list_findings(REPORT))) == ([], [])


@pytest.mark.parametrize("left_out", range(len(REPORT["findings"])))
def test_a_true_claim_that_no_finding_shows_is_lost(left_out: int) -> None:
    findings = list(list_findings(REPORT))
    gone = findings.pop(left_out)
    lost, new = compare(CLAIMS, findings)
    assert [claim.rank for claim in lost] == [gone.rank]
    assert new == []


@pytest.mark.parametrize(
    ("contract", "rank"), [("no_crashes/list_items@rest", "crash"), ("absent_id/get_item@rest", "wrong")]
)
def test_a_finding_that_nobody_judged_is_new(contract: str, rank: str) -> None:
    report = {"findings": [*REPORT["findings"], {"contract": contract, "rank": rank, "also": []}]}
    lost, new = compare(CLAIMS, list(list_findings(report)))
    assert (lost, [finding.contract for finding in new]) == ([], [contract])
