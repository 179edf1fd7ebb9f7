"""Values that tell more: laws read as equations, numbers that tell them from law mutants, what answers
tell of one thing.
"""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.functions import epoch
from pgagents.base.cel.parser import parse
from pgagents.base.cel.reading import cases
from pgagents.base.cel.rewrite import mutants
from pgagents.base.cel.syntax import print_node
from pgagents.catalogue.model.action import Law
from pgagents.verify.answers.representations import EACH, kind_of, references, representations_of
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.cases.law_fixtures import FixturePlan
from pgagents.verify.cases.law_mutants import (
    CANDIDATES,
    choose_most_telling,
    equations,
    forecast,
    surviving_mutants,
)
from pgagents.verify.run.run import contracts
from pgagents.verify.setting import setting_of
from small_api import with_resource
from verifying import SHOP, URL, model


def laws(action: str) -> Any:
    return next(a for a in model().actions if a.name == action).laws


def values(given: dict[str, Any], response: dict[str, Any], now: float = 0.0) -> dict[str, Any]:
    return {
        "input": given,
        "response": response,
        "status": 200,
        "surface": "rest",
        "now": now,
        "before": None,
        "env": {},
    }


CAPPED = {"rate": 3.5, "rate_unit": "hour", "max_daily": 28.0, "started_at": "2026-04-18T16:00:00Z"}


def test_a_bill_is_forecast_from_laws_alone():
    after_30_hours = epoch("2026-04-19T22:00:00Z")
    told = forecast(equations(laws("end_session")), values({}, {"session": CAPPED}, after_30_hours)).values[
        "response"
    ]["session"]
    assert {
        k: told[k] for k in ("ended_at", "duration_hours", "subtotal", "owner_payout", "platform_fee")
    } == {
        "ended_at": "2026-04-19T22:00:00Z",
        "duration_hours": 30.0,
        "subtotal": 49.0,
        "owner_payout": 44.1,
        "platform_fee": 4.9,
    }


def test_a_law_under_a_condition_says_nothing_where_that_does_not_hold():
    told = forecast(
        equations(laws("end_session")),
        values({}, {"session": {**CAPPED, "rate_unit": "night"}}, epoch("2026-04-18T20:00:00Z")),
    )
    assert "subtotal" not in told.values["response"]["session"]


def test_a_law_that_is_no_equation_is_left_out():
    assert {e.law for e in equations(laws("search_parking"))} == set()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a && (b && c)", ["a", "b", "c"]),
        ('x == "a == b && c"', ['x == "a == b && c"']),
        ("f(a && b, c)", ["f(a && b, c)"]),
        ("(a ? b : (c ? d : e && f))", ["b", "d", "e", "f"]),
        ("a || b && c", ["a || b && c"]),
    ],
)
def test_a_law_is_split_outside_functions_and_texts(text, parts):
    assert [print_node(part) for part, _ in cases(parse(text))] == parts


@pytest.mark.parametrize(
    ("text", "equation"),
    [
        (
            "(cents( response.a ) == cents(response.b * 2.0))",
            ("response.a", "cents(response.b * 2.0)", "cents", 0.0),
        ),
        ("near(response.a, now, 0.5)", ("response.a", "now", "", 0.5)),
        ("near(epoch(response.a), now, 5.01)", None),
        ("size(response.a) == input.n", ("", "input.n", "", 0.0)),
        ("(response.a > 0.0) == (response.b > 0.0)", ("", "response.b > 0.0", "", 0.0)),
        ("input.flag || response.a == input.n", None),
        ("response.a == input.n || input.flag", None),
        ("!(response.a == input.n)", None),
        ("response.items.all(i, i.a == input.n)", None),
    ],
)
def test_an_equation_is_what_a_law_says_whatever_its_brackets_and_blanks_are(text, equation):
    law = Law("law", compiled(text, ("input", "response", "now")), None, ("laws",), ())
    found = [(e.path, e.gives.wording, e.form, e.slack) for e in equations([law])]
    assert found == ([equation] if equation else [])


def test_conditions_of_an_equation_are_those_it_stands_under():
    text = "input.a ? response.n == 1.0 : input.b && response.n == 2.0"
    when = compiled("input.c", ("input",))
    law = Law("law", compiled(text, ("input", "response")), when, ("laws",), ())
    found = [(e.gives.wording, [g.wording for g in e.guards]) for e in equations([law])]
    assert found == [
        ("1.0", ["input.c", "input.a"]),
        ("2.0", ["input.c", "!input.a"]),
    ]


def test_mutants_change_numbers_and_comparisons_and_no_text_or_index():
    tree = parse('x.tier == "tier 2" && unique_by(x.l, "id2") ? x.l[1].n * 24.0 : x.n <= 1 ? 0.5 : ceil(x.n)')
    assert sorted(map(print_node, mutants(tree))) == sorted(
        [
            print_node(tree).replace("24.0", "25.0"),
            print_node(tree).replace("x.n <= 1 ", "x.n <= 1.1 "),
            print_node(tree).replace("0.5", "0.55"),
            print_node(tree).replace("<=", "<"),
        ]
    )


@pytest.mark.parametrize("rate", [3.5, 7.25, 8.75])
def test_hours_are_chosen_that_show_half_cents_rounded_otherwise(rate):
    known = equations(laws("create_session"))
    choices = [
        (hours, values({"hours": hours}, {"session": {"rate": rate, "rate_unit": "hour"}}))
        for hours in CANDIDATES
    ]
    hours, found = choose_most_telling(known, choices)
    assert {name for _, _, name in found} >= {"cents cut to the cent", "cents cut as a double"}
    shown = surviving_mutants(
        known, values({"hours": hours}, {"session": {"rate": rate, "rate_unit": "hour"}})
    )
    assert found == shown
    assert (
        not surviving_mutants(known, values({"hours": 2}, {"session": {"rate": 6.0, "rate_unit": "hour"}}))
        >= found
    )


def test_some_hours_tell_bankers_rounding_from_half_up():
    known = equations(laws("create_session"))
    told = [
        surviving_mutants(known, values({"hours": h}, {"session": {"rate": 3.5, "rate_unit": "hour"}}))
        for h in CANDIDATES
    ]
    assert any("cents to the even cent" in {name for _, _, name in found} for found in told)


def test_an_amount_without_a_bound_is_one_that_no_double_holds():
    setting = setting_of(model(), URL)
    given = {
        name: given for name, given, _ in boundary_values(setting, setting.by_place["refund_session@rest"])
    }["high"]
    assert int(given["amount"] * 100) != round(given["amount"] * 100)
    assert len(given["reason"]) == 200
    assert len(given["reason"].encode()) == 800


def test_times_of_life_show_a_cap_that_is_forgotten():
    setting = setting_of(model(), URL)
    plan = FixturePlan(setting, setting.model.resources["session"])
    short, longer = plan.lives([CAPPED], [CAPPED])
    assert 0 < short < 86_400
    assert short + longer > 86_400
    assert "least the first alone" in {name for _, _, name in plan.told}


def test_a_endpoint_meets_a_place_for_each_law_with_a_condition():
    setting = setting_of(model(), URL)
    plan = FixturePlan(setting, setting.model.resources["session"])
    makers = [setting.by_place[f"create_session@{surface}"] for surface in ("rest", "dispatcher")]
    places = [
        {"id": f"lot_{i}", "rate": 6.0, "rate_unit": unit, "certified": True}
        for i, unit in enumerate(("hour", "day", "night"))
    ]
    met = {
        (m.endpoint.surface, m.place["rate_unit"] == "hour")
        for m in plan.makings(makers, setting.by_place["search_parking@rest"], places)
    }
    assert met == {("rest", True), ("rest", False), ("dispatcher", True), ("dispatcher", False)}


def test_each_argument_is_wrong_in_another_way_and_on_every_surface_in_the_same():
    setting = setting_of(model(), URL)
    wrong: dict[tuple[str, str], Any] = {}
    for invalid_case in (
        n for d in setting.endpoints for n in invalid_cases_of(setting, d) if n.priority == 1
    ):
        wrong.setdefault(
            (invalid_case.endpoint.place, invalid_case.detail), invalid_case
        )  # the first; look-alikes beside it are REST's alone
    texts = {
        n.call.input[n.field]
        for (_, detail), n in wrong.items()
        if detail.startswith("pattern/") and n.field in n.call.input
    }
    assert len({t for t in texts if isinstance(t, str)}) >= 5
    for (place, detail), invalid_case in wrong.items():
        twin = wrong.get((place.replace("@rest", "@dispatcher"), detail))
        in_body = (
            param := invalid_case.endpoint.action.param(invalid_case.field)
        ) is not None and param.place == "body"
        if twin is not None and in_body:
            assert twin.says == invalid_case.says


def test_only_what_two_answers_say_in_the_same_words_is_one_fact():
    setting = setting_of(model())
    by_action = {str(a.name): representations_of(setting, a, references(model())) for a in model().actions}
    (found,), (counted,) = by_action["search_parking"], by_action["check_availability"]
    assert (found.kind, found.path, found.id, found.direct) == ("lot", ("lots", EACH), "id", False)
    assert (counted.kind, counted.id, counted.direct) == ("lot", "lot_id", True)
    assert {n for n in found.words if counted.words.get(n) == found.words[n]} == {"available", "total"}
    own, place = by_action["create_session"]
    assert (own.kind, own.makes, place.kind, place.makes) == ("session", True, "lot", False)
    assert not {"payment_intent_id", "client_secret"} & own.words.keys()
    assert "estimated_amount" not in place.words  # nothing keeps it as it was made


def test_a_catalogue_of_another_domain_has_such_contracts_too():
    setting = setting_of(model(SHOP), URL)
    from pgagents.verify.run.run import contracts

    checks = {c.check for c in contracts(setting.model)}
    assert checks >= {"consistent_representations", "default_values", "id_comparison"}


def test_resource_that_is_only_listed_and_removed_is_a_kind_of_its_own():
    ways = "    made_by: {action: create_note, input: {text: hello}, at: response}\n"
    ways += "    read_by: {action: get_note, input: {note_id: =resource.id}, at: response}\n"
    listed = with_resource((ways, ""))
    assert kind_of(setting_of(listed), listed.resources["note"]) == "note"
    assert contracts(listed)
