"""The order of the plan: a survey of every kind of promise first, and nothing lost or moved that builds on
something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.check_registry import collect
from pgagents.verify.plan.options import SMOKE_REQUESTS, Identities, Options
from pgagents.verify.plan.order import LATE, by_phase, for_smoke, kinds_of, order_for_survey, takes_of_few
from pgagents.verify.plan.plan import Draft, all_contracts, draft, make_setting
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting, setting_of
from verifying import PARK_GRAPH, SHOP, checks, model, plain_run, run

URL = "https://staging.example.com"


def nothing() -> None:
    """A probe without a word."""


def probe(name: str, covers: tuple[str, ...], cost: int = 1, **others: object) -> Probe:
    """A probe that only the order sees."""
    return replace(Probe(name, 4, covers, cost, nothing), **others)


def contract(id: str, *origin: str) -> Contract:
    """A contract that comes from a line of the catalogue."""
    return Contract(id, id.partition("/")[0], "", "", "", origin)


def drafted(path=PARK_GRAPH, **options: object) -> tuple[Setting, tuple[Contract, ...], Draft]:
    """Return the probes of a run with every identity of the catalogue, in their order."""
    of = model(path)
    identities, chosen = Identities(dict.fromkeys(("main", *of.auth.roles), "pk_test_x")), Options(**options)
    setting = make_setting(of, chosen, identities, url=URL)
    listed = all_contracts(setting, collect())
    return setting, listed, draft(setting, collect(), listed, chosen, identities)


def beginning(probes: tuple[Probe, ...] | list[Probe], most: int = SMOKE_REQUESTS) -> Iterator[Probe]:
    """The probes that so many requests suffice for."""
    for one in probes:
        most -= one.cost
        if most < 0:
            return
        yield one


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("path", [PARK_GRAPH, SHOP], ids=["park_graph", "shop"])
def test_a_run_begins_with_a_correct_read_and_tries_far_more_checks_early_than_phases_alone_would(path, seed):
    _, _, made = drafted(path, seed=seed)
    first = made.probes[0]
    assert first.name.startswith("valid_calls/example/")
    assert not first.writes
    alone = by_phase(made.probes, seed)
    early, otherwise = (
        {p.name.partition("/")[0] for p in beginning(order, 40)} for order in (made.probes, alone)
    )
    assert len(early) >= 1.5 * len(otherwise)


def test_a_survey_loses_no_probe_and_repeats_none():
    setting, listed, made = drafted()
    before = by_phase(made.probes, 0)
    for order in (order_for_survey, for_smoke):
        assert Counter(map(id, order(setting, before, listed, SMOKE_REQUESTS))) == Counter(map(id, before))


def test_what_looks_back_may_prove_needless_or_repeats_stays_behind_the_survey():
    setting, listed, made = drafted()
    before = by_phase(made.probes, 0)
    survey = len(list(beginning(made.probes)))
    assert not [p.name for p in made.probes[:survey] if p.optional or p.priority > 1 or p.stage >= LATE]
    rest = [p for p in order_for_survey(setting, before, listed, 0) if p is not before[0]]
    assert rest == before[1:], "nothing to spend: the order of the phases"


def test_a_job_and_a_key_are_tried_on_the_few_instances_that_stay_before_others_take_them():
    setting, listed, made = drafted()
    lasting, before = replace(setting, test_data=False), by_phase(made.probes, 0)
    few = [p for p in before if takes_of_few(lasting, p)]
    assert {p.check for p in few} == {"idempotency"}
    assert not [p for p in before if takes_of_few(setting, p)], "a test key makes as many as it needs"
    order = order_for_survey(lasting, before, listed, 88)
    assert order[1 : 1 + len(few)] == few


def test_a_seed_chooses_the_order_of_what_is_free():
    one, other = (drafted(seed=seed)[2].probes for seed in (1, 2))
    assert [p.name for p in one] != [p.name for p in other]
    early = [[p.name for p in by_phase(one, seed) if p.stage < 4 and p.priority == 1] for seed in (1, 2)]
    assert early[0] == early[1], "the survey apart, which takes what shows most for it"


def test_shards_repeat_only_what_a_whole_run_has_room_for():
    whole, part = drafted()[2], drafted(shard=(1, 4))[2]
    assert sum(p.cost for p in whole.probes if p.priority == 1) > whole.again_until
    assert part.again_until == 0


def test_names_that_an_author_chose_make_no_kind_of_their_own():
    setting, listed, _ = drafted()
    kinds = {c.id: kinds_of(setting, c) for c in listed}
    lat, radius, hours = (
        kinds[f"invalid_input/maximum/{what}@rest"]
        for what in ("lat/search_parking", "radius_km/get_agent_demand", "hours/create_session")
    )
    assert lat == radius
    assert (lat[:2], lat[2] != hours[2]) == (hours[:2], True), "reads and writes are kinds apart"
    assert (
        kinds["invalid_input/maximum/lat/search_parking@rest"]
        == kinds["invalid_input/maximum/lat/search_parking@dispatcher"]
    )
    assert lat[1] != kinds["invalid_input/type/lat/search_parking@rest"][1]


def test_what_shows_most_for_its_requests_comes_first():
    setting = setting_of(model(SHOP), URL)
    listed = [
        contract("a/1", "x"),
        contract("b/1", "x"),
        contract("c/1", "x"),
        contract("c/2", "y"),
        contract("d/1", "x"),
    ]
    first, again = probe("first", ("a/1",)), probe("again", ("a/1",))
    dear, cheap, both = probe("dear", ("d/1",), 5), probe("cheap", ("b/1",)), probe("both", ("c/1", "c/2"), 2)
    names = [p.name for p in order_for_survey(setting, [first, again, dear, both, cheap], listed, 60)]
    assert names == ["first", "cheap", "both", "dear", "again"]
    short = [p.name for p in order_for_survey(setting, [first, again, dear, both, cheap], listed, 4)]
    assert short == ["first", "cheap", "both", "again", "dear"], "five requests are not left"


def test_of_probes_that_show_the_same_the_cheapest_is_surveyed():
    setting = setting_of(model(SHOP), URL)
    listed = [contract("a/1", "x"), contract("b/1", "x"), contract("b/2", "x")]
    found = order_for_survey(
        setting, [probe("first", ("a/1",)), probe("dear", ("b/1",), 3), probe("cheap", ("b/2",))], listed, 60
    )
    assert [p.name for p in found] == ["first", "cheap", "dear"]


def test_contracts_that_do_not_count_are_worth_nothing():
    setting = setting_of(model(SHOP), URL)
    of = [probe("first", ("a/1",)), probe("other", ("b/1",)), probe("wanted", ("c/1",))]
    found = order_for_survey(setting, of, [contract("a/1", "x"), contract("c/1", "x")], 60)
    assert [p.name for p in found] == ["first", "wanted", "other"]


@pytest.mark.matrix
def test_a_run_that_must_end_early_has_judged_most_checks():
    early, whole = run(model(), max_requests=98), plain_run()
    tried = [checks(report, Verdict.KEPT) for report in (early, whole)]
    assert early.footer.requests <= 98
    assert early.findings == ()
    # a relation is not kept by the few rows of an early list, so it does not count here
    early_ones, all_ones = (set(each) - {"relation"} for each in tried)
    assert len(early_ones) >= 0.6 * len(all_ones)
