"""A check that is a list of cases: what its contracts and probes are derived from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from loading import read_once
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Attempts, Case, Probe, Trial, make_check
from pgagents.verify.setting import Setting, setting_of
from pgagents.verify.wire.asking import answering

CATALOGUE = Path(__file__).resolve().parents[2] / "catalogue/park_graph.yaml"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case that only a caller who has the target alone may try."""
    del roles
    settled = None if setting.exclusive else (Verdict.NOT_SELECTED, "others use it too")
    yield Case(None, "it stays", ("api",), Attempt(run), "stays", settled=settled, place="@rest")


def run(trial: Trial) -> None:
    """Keep the promise without a call."""
    conclude(trial.kept())


def give_up(trial: Trial) -> None:
    """Find that nothing can be judged, two functions deep."""

    def need_an_instance() -> str:
        raise Untested("there is none", excused=True)

    conclude(trial.judge("an instance", need_an_instance()))


def conclusions(probe: Probe) -> list[Judgement]:
    """Return what a probe without calls concludes."""
    found: list[Judgement] = []
    with answering(found.append):
        probe.run()
    return found


def test_two_callers_of_one_catalogue_get_cases_of_their_own() -> None:
    """The compiled catalogue is shared by runs; what the first caller chose decides nothing for the next."""
    check, model = make_check("kept", "It stays.", cases, rank=Rank.WRONG), read_once(CATALOGUE)
    everyone = frozenset(("main",))
    for exclusive in (False, True, False):
        setting = setting_of(model, "https://127.0.0.1:1", exclusive=exclusive)
        (contract,) = check.promises(setting)
        assert contract.id == "kept/stays@rest"
        assert (check.settle(setting, contract) is None) is exclusive
        assert [p.name for p in check.list_probes(setting, everyone)] == ["kept/stays@rest"] * exclusive


def watched(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case of an endpoint, one that holds at another place, and one of the whole surface."""
    del roles
    endpoint = setting.endpoints[0]
    yield Case(endpoint, "it is", ("api",), Attempt(run, stage=0), detail="own")
    yield Case(endpoint, "it is there", ("api",), place="first@openai", about=1)
    yield Case(None, "all are", ("api",), Attempt(run), "all", place="@rest")


def test_a_watcher_finds_the_trial_of_its_case_by_the_place() -> None:
    check = make_check("kept", "It stays.", watched, stage=5, rank=Rank.WRONG)
    setting = setting_of(read_once(CATALOGUE), "https://127.0.0.1:1")
    endpoint = setting.endpoints[0]
    contracts = {contract.id: contract for contract in check.promises(setting)}
    trials = [
        check.find_trial(setting, endpoint.place, "own"),
        check.find_trial(setting, "first@openai"),
        check.find_trial(setting, "@rest", "all"),
    ]
    assert [trial.contract for trial in trials if trial is not None] == list(contracts)
    assert check.find_trial(setting, endpoint.place) is None
    there = contracts["kept/first@openai"]
    assert (there.action, there.surface) == (endpoint.action.name, "openai")
    assert [probe.stage for probe in check.list_probes(setting, frozenset())] == [0, 5]
    assert trials[0] is not None
    assert trials[0].judge("this", "").verdict is Verdict.KEPT
    broken = trials[0].judge("this", "it is {value}", value=3)
    assert (broken.verdict, broken.actual, broken.claim) == (Verdict.BROKEN, "it is 3", "it is {value}")


def test_further_attempts_may_try_a_case_twice_and_are_generated_only_for_probes() -> None:
    planned: list[str] = []

    def try_both(trials: Sequence[Trial]) -> None:
        conclude(trial.kept() for trial in trials)

    def list_cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
        del setting, roles
        for detail in ("stays", "goes"):
            yield Case(None, f"it {detail}", ("api",), detail=detail, place="@rest")

    def list_attempts(setting: Setting, roles: frozenset[str]) -> Attempts:
        del setting, roles
        planned.append("attempts")
        yield Attempt(together=try_both, probe="kept/both"), [("goes", "@rest"), ("stays", "@rest")]
        yield Attempt(run, suffix="again"), [("stays", "@rest")]

    check = make_check("kept", "It stays.", list_cases, attempts=list_attempts, rank=Rank.WRONG)
    setting = setting_of(read_once(CATALOGUE), "https://127.0.0.1:1")
    assert [contract.id for contract in check.promises(setting)] == ["kept/stays@rest", "kept/goes@rest"]
    assert planned == []
    first, again = check.list_probes(setting, frozenset(("main",)))
    assert (first.name, first.contracts) == ("kept/both", ("kept/goes@rest", "kept/stays@rest"))
    assert (again.name, again.contracts) == ("kept/stays@rest again", ("kept/stays@rest",))
    assert len(conclusions(first)) == 2


def test_a_probe_that_raises_untested_leaves_its_contract_open_with_the_reason() -> None:
    def list_cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
        del setting, roles
        yield Case(None, "it stays", ("api",), Attempt(give_up), place="@rest")

    check = make_check("kept", "It stays.", list_cases, rank=Rank.WRONG)
    (probe,) = check.list_probes(
        setting_of(read_once(CATALOGUE), "https://127.0.0.1:1"), frozenset(("main",))
    )
    (judgement,) = conclusions(probe)
    assert (judgement.verdict, judgement.expected) == (Verdict.UNTESTED, "there is none")
    assert (judgement.excused, judgement.sticky) == (True, False)
