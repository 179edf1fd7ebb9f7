"""Values that tell more: numbers, places for laws with a condition, and what answers tell of one thing."""

from __future__ import annotations

from typing import Any

from pgagents.verify.answers.representations import EACH, kind_of, references, representations_of
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.cases.law_fixtures import FixturePlan
from pgagents.verify.run.run import contracts
from pgagents.verify.setting import setting_of
from small_api import with_resource
from verifying import SHOP, URL, model


def test_an_amount_without_a_bound_is_one_that_no_double_holds():
    setting = setting_of(model(), URL)
    given = {
        name: given for name, given, _ in boundary_values(setting, setting.by_place["refund_session@rest"])
    }["high"]
    assert int(given["amount"] * 100) != round(given["amount"] * 100)
    assert len(given["reason"]) == 200
    assert len(given["reason"].encode()) == 800


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
