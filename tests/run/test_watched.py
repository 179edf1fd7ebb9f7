"""A check's `watched` names the contracts that its watcher may find broken; `--only` relies on it.

Where a check is self-contained, its own probes show the others, whatever its watcher sees besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest

from lengths import in_company
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.check_registry import collect
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Check
from pgagents.verify.run.judge import Watchers
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.exchange import Exchange
from verifying import ids, model, run

WATCHED = {name: check for name, check in collect().items() if check.watched is not None}
CHECKS = {name: check for name, check in WATCHED.items() if not check.self_contained}
MOST_FAULTS = 2


def choose_faults() -> list[str]:
    """The first faults of Park Graph that break a contract of each such check."""
    chosen: dict[str, None] = {}
    count = Counter[str]()
    for name in fault_registry.list_names("faults"):
        fault = fault_registry.find("faults", name)
        broken = fault.breaks & CHECKS.keys()
        if not fault.needs and any(count[check] < MOST_FAULTS for check in broken):
            chosen[name] = None
            count.update(broken)
    return list(chosen)


FAULTS = choose_faults()
Seen = tuple[str, str, Verdict]
Watch = Callable[[Exchange, Memory], Iterable[Judgement]]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> set[Seen]:
    """The check, the contract and the verdict of each judgement that a watcher makes during the test."""
    seen: set[Seen] = set()
    inner = Watchers.__init__

    def note(name: str, watch: Watch) -> Watch:
        def watch_and_note(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
            for judgement in watch(exchange, memory):
                seen.add((name, judgement.contract, judgement.verdict))
                yield judgement

        return watch_and_note

    def init(self: Watchers, setting: Setting, checks: Mapping[str, Check]) -> None:
        inner(self, setting, checks)
        self._by_facts = {
            facts: [(name, note(name, watch)) for name, watch in watchers]
            for facts, watchers in self._by_facts.items()
        }

    monkeypatch.setattr(Watchers, "__init__", init)
    return seen


def others(judged: set[Seen], report: Report) -> list[str]:
    """Contracts of such a check that its watcher did not find kept, though its `watched` does not name
    them.
    """
    known = {result.contract.id: result.contract for result in report.results}
    found = [(known[id], verdict) for name, id, verdict in judged if name in CHECKS and id in known]
    assert found, "watchers judged nothing, so that this test could not fail"
    unkept = [contract for contract, verdict in found if verdict is not Verdict.KEPT]
    return [contract.id for contract in unkept if not CHECKS[contract.check].needs_others(contract)]


TOGETHER = 6
"""So many faults share a run, since each judgement is looked at by itself."""


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(faults, marks=[pytest.mark.matrix] if n else [], id="+".join(faults))
        for n, faults in enumerate(in_company(FAULTS, TOGETHER, 0))
    ],
)
def test_watchers_break_no_other_contracts(faults: tuple[str, ...], judged: set[Seen]) -> None:
    assert others(judged, run(model(), faults=faults)) == []


MOST = 10


@pytest.mark.parametrize(
    "id",
    [
        "oauth_metadata/server@rest",
        "framework/unknown_path@rest",
        "id_comparison/check_availability@rest",
        "plan_scopes/agent/dispatch_av_fleet@rest",
        "surface_equivalence/minimal/search_parking@dispatcher",
        "valid_calls/high/search_parking@rest",
    ],
)
def test_one_contract_that_only_its_own_probe_judges_costs_few_requests(id: str) -> None:
    report = run(model(), only=(id,))
    assert ids(report, Verdict.KEPT) == [id]
    assert report.footer.requests <= MOST
