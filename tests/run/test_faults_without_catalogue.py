"""What an MCP server's own list of tools shows without a catalogue: each fault is found by its checks, and
no variation is.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inprocess import inside, mcp_inside
from lengths import rarely
from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.running.tools import verify_tools
from pgagents.report.contract import Verdict
from pgagents.sandbox import fault_registry
from pgagents.verify.check_registry import collect_of_tools
from pgagents.verify.plan.options import Options
from pgagents.verify.wire.mcp_link import Link
from verifying import model

FAULTS = {id: fault for id, fault in fault_registry.collect("mcp_faults").items() if fault.by_list}
VARIATIONS = [*fault_registry.collect("mcp_variations")]


def find_broken(*, faults: Sequence[str] = (), variations: Sequence[str] = ()) -> set[str]:
    """Return the checks that a run by the list alone reports.

    With faults also what is odd counts, because faults of recommendations must be found too. A variation need
    not follow a recommendation.
    """
    of = model()
    with mcp_inside(of, inside(of), faults=faults, variations=variations) as link:
        other = Link(link.handler, url=link.url, path=link.path)
        assert link.open(), link.problem
        survey(link, other)
        report = verify_tools(make_model(link), link, Options())
    assert report.footer.complete
    found = {Verdict.BROKEN, Verdict.ODD} if faults else {Verdict.BROKEN}
    return {result.contract.check for result in report.results if result.verdict in found}


@pytest.mark.parametrize("name", rarely(FAULTS, "tool-listed-twice", "schema-with-unknown-type"))
def test_a_fault_is_found_by_the_list_alone(name: str) -> None:
    assert FAULTS[name].by_list <= find_broken(faults=[name])


@pytest.mark.parametrize("name", rarely(VARIATIONS, "said-more"))
def test_a_variation_is_not_reported(name: str) -> None:
    assert find_broken(variations=[name]) == set()


def test_every_check_of_a_list_of_tools_has_a_fault() -> None:
    assert {check for fault in FAULTS.values() for check in fault.by_list} == set(collect_of_tools())
