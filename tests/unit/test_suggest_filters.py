"""Suggested laws of filters: one value is enough if others are there without it; examples weaken a law."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pgagents.catalogue.load import load_text
from pgagents.suggest.mine import mine
from pgagents.suggest.samples import Sample, Samples


@cache
def park() -> Any:
    path = Path(__file__).parents[2] / "catalogue" / "park_graph.yaml"
    return load_text(path.read_text(encoding="utf-8"), str(path))


def laws(*several: tuple[str, dict[str, Any], list[dict[str, Any]]]) -> list[str]:
    samples = Samples.of(park())
    for number, (action, given, sessions) in enumerate(several):
        values = {
            "input": given, "response": {"sessions": sessions, "next_cursor": None}, "status": 200,
            "surface": "rest", "now": 1_767_225_600.0 + number, "before": None, "env": {}, "headers": {},
        }  # fmt: skip
        samples.by_action.setdefault(action, []).append(Sample(action, f"{action}@rest", number, values))
    return [written.that for proposal in mine(park(), samples) for written in proposal.write()]


def sessions(count: int, *fleets: str) -> list[dict[str, Any]]:
    """Return sessions of these fleets in turn."""
    found = []
    for n in range(count):
        vehicle = {"autonomous": True, "fleet_id": fleets[n % len(fleets)], "vin": f"V{n}"}
        found.append({"id": f"sess_{n:03d}", "plate": f"P-{n % 3}", "vehicle": vehicle})
    return found


def fleet_law(found: list[str]) -> list[str]:
    return [law for law in found if "session.vehicle.fleet_id == input.fleet_id" in law]


def test_one_value_of_a_filter_is_enough_where_others_are_there_without_it() -> None:
    every = sessions(48, "fleet_a", "fleet_b", "fleet_c", "fleet_d")
    one = [s for s in every if s["vehicle"]["fleet_id"] == "fleet_a"]
    assert fleet_law(laws(("list_sessions", {}, every), ("list_sessions", {"fleet_id": "fleet_a"}, one)))


def test_a_value_that_all_items_have_anyway_shows_no_filter() -> None:
    every = sessions(48, "fleet_a")
    found = laws(("list_sessions", {}, every), ("list_sessions", {"fleet_id": "fleet_a"}, every[:20]))
    assert fleet_law(found) == []


def test_an_item_that_the_filter_should_leave_out_drops_the_law() -> None:
    every = sessions(48, "fleet_a", "fleet_b", "fleet_c", "fleet_d")
    wrong = [s for s in every if s["vehicle"]["fleet_id"] == "fleet_a"] + every[1:2]
    found = laws(("list_sessions", {}, every), ("list_sessions", {"fleet_id": "fleet_a"}, wrong))
    assert fleet_law(found) == []


def test_a_documented_example_weakens_a_law_that_it_breaks() -> None:
    """The example asks for co-7891 and gets CO-7891; all calls of the run were in upper case."""
    asked = [
        ("search_sessions", {"plate": f"P-{n}"}, [s for s in sessions(30, "f") if s["plate"] == f"P-{n}"])
        for n in range(3)
    ]
    found = [law for law in laws(*asked) if "session.plate ==" in law]
    assert found == ["response.sessions.all(session, session.plate == upper(input.plate))"]
