"""A run's number of requests is bounded: for the main key, for further identities, and for what is counted
apart.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inprocess import inside, verify_sandbox
from pgagents.cli.main import main
from pgagents.report.contract import Verdict
from pgagents.verify.check_registry import checks_for
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.order import LAST
from pgagents.verify.plan.plan import WORKFLOWS
from pgagents.verify.plan.plan import shares as share_budget
from pgagents.verify.promise import Probe
from pgagents.verify.run.run import plan
from pgagents.verify.setting import setting_of
from verifying import PARK_GRAPH, SHOP, URL, ids, model, plain_run

KEY = "pk_test_x"
NOTES = SHOP.with_name("notes.yaml")
MAIN = 25 * len(setting_of(model(), URL).endpoints)


def shares(*roles: str, of: Path = PARK_GRAPH, **options: object) -> dict[str, int]:
    """Return the parts of the budget in a plan for these roles besides the main one."""
    identities = Identities(dict.fromkeys(("main", *roles), KEY))
    return dict(plan(model(of), Options(**options), identities, url=URL).shares)  # type: ignore[arg-type]  # as the options are


def test_the_main_key_has_25_requests_an_action_and_surface_or_what_the_plan_needs():
    assert shares(of=NOTES) == {"main": 25 * len(setting_of(model(NOTES), URL).endpoints)}
    assert shares().keys() == {"main"}
    assert MAIN < shares()["main"] < 2 * MAIN


def test_the_main_key_has_at_most_50_requests_an_action_and_surface():
    setting = setting_of(model(), URL)
    dear = Probe("law/any@rest", 4, ("law/any@rest",), 10**6, lambda: iter(()))
    assert share_budget(setting, checks_for(setting), [dear]) == {"main": 50 * len(setting.usable)}


def test_the_steps_of_workflows_come_on_top():
    """Two agents' catalogues of 2026-11-29 had 35 and 53: up to 272 contracts lacked requests."""
    setting = setting_of(model(), URL)
    probes = [
        Probe(f"{n}/any@rest", 4, (f"{n}/any@rest",), 10**6, lambda: iter(())) for n in ("law", WORKFLOWS)
    ]
    assert share_budget(setting, checks_for(setting), probes) == {"main": 50 * len(setting.usable) + 10**6}


def test_each_further_identity_adds_what_the_plan_needs_for_it():
    alone, several = shares("second"), shares("second", "starter", "operator")
    assert alone.keys() == {"main", "second"}
    assert several.keys() == {"main", "second", "starter", "operator"}
    assert MAIN < alone["main"] <= several["main"] < 2 * MAIN
    assert 10 < alone["second"] <= several["second"] < several["operator"]


def test_an_oauth_client_a_receiver_and_bursts_have_shares_of_their_own():
    opened = inside(model())
    identities = Identities({"main": KEY, "operator": KEY}, oauth=opened.client)
    made = plan(model(), Options(limits=True), identities, url=URL, receiver=opened.inbox)
    assert made.shares.keys() >= {"main", "operator", "OAuth client", "receiver", "bursts"}
    without = plan(model(), Options(), identities, url=URL, receiver=opened.inbox)
    assert "bursts" not in without.shares
    assert without.apart == sum(without.shares.values()) // 5


@pytest.mark.parametrize("options", [{"max_requests": 90}, {"profile": "smoke"}])
def test_a_bound_that_somebody_set_has_no_shares_and_nothing_is_counted_apart(options):
    made = plan(model(), Options(**options), Identities({"main": KEY, "second": KEY}), url=URL)
    assert (made.shares, made.apart) == ({}, 0)


def test_the_plan_tells_what_the_budget_is_made_of(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SECOND", KEY)
    assert main(["verify", str(SHOP), "--url", URL, "--plan", "--identity", "second=SECOND"]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^budget +requests\n", printed, re.M)
    assert re.search(r"^main +[1-9]", printed, re.M)
    assert re.search(r"^up to [1-9][0-9]* more undo what was made", printed, re.M)


FIVE, TWO = range(5), range(2)


@pytest.mark.parametrize(
    ("path", "aids", "seeds"),
    [
        pytest.param(PARK_GRAPH, True, FIVE, id="with everything, five runs", marks=pytest.mark.matrix),
        pytest.param(PARK_GRAPH, False, FIVE, id="five keys, five runs", marks=pytest.mark.matrix),
        pytest.param(SHOP, True, TWO, id="the shop, two runs"),
    ],
)
def test_runs_in_a_row_on_one_sandbox_find_nothing_and_try_everything(path, aids, seeds):
    opened = inside(model(path))
    keys = (
        opened.keys
        if aids
        else {role: opened.keys[role] for role in ("main", "second", "starter", "fleet", "operator")}
    )
    for seed in seeds:
        report = verify_sandbox(model(path), opened, Options(seed=seed), keys=keys)
        assert ids(report, Verdict.BROKEN) == []
        assert ids(report, Verdict.UNTESTED) == []
        assert report.exit_code == 0
        opened.now[0] += 60


def test_what_undoes_instances_is_no_part_of_the_budget():
    report = plain_run()
    most = sum(
        plan(
            model(), Options(), Identities(inside(model()).keys, oauth=inside(model()).client), url=URL
        ).shares.values()
    )
    assert report.footer.requests <= most * 6 // 5


BURSTS = str(LAST)


@pytest.mark.parametrize("limits", [False, True])
def test_one_contract_is_judged_on_bursts_only_where_a_whole_run_sends_them(limits: bool) -> None:
    """The law is about what other calls make, so other checks' calls are planned for it too."""
    whole, alone = (
        plan(model(), Options(limits=limits, only=only), Identities({"main": KEY}), url=URL)
        for only in ((), ("law/lots-sum-up/",))
    )
    assert (BURSTS in alone.by_stage, BURSTS in whole.by_stage) == (limits, limits)
    assert alone.by_check["read_after_write"] > 0


def test_some_checks_alone_send_no_more_than_a_whole_run():
    """What is left out is judged by the way, so that no probe runs for want of its verdict."""
    of = model(SHOP)
    whole = verify_sandbox(of, inside(of), Options())
    checks = sorted({result.contract.check for result in whole.results})
    half = tuple(f"{name}/" for name in checks[: len(checks) // 2])
    some = verify_sandbox(of, inside(of), Options(only=half))
    assert some.footer.requests <= whole.footer.requests
    told = {result.contract.id: result.verdict for result in some.results}
    judged = {result.contract.id for result in whole.results if result.verdict is Verdict.KEPT}
    assert {id for id in judged if id.startswith(half) and told[id] is not Verdict.KEPT} == set()
