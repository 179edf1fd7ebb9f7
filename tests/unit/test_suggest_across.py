"""Suggestions across several calls: relations, members that never change, and what is read back."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pgagents.catalogue.load import load_text
from pgagents.suggest.across import propose_members, propose_relations
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.writing import Across, write_yaml

NOW = 1_767_225_600.0


@cache
def library() -> Any:
    path = Path(__file__).parents[1] / "catalogues" / "library.yaml"
    return load_text(path.read_text(encoding="utf-8"), str(path))


@cache
def park() -> Any:
    path = Path(__file__).parents[2] / "catalogue" / "park_graph.yaml"
    return load_text(path.read_text(encoding="utf-8"), str(path))


def sample(action: str, given: dict[str, Any], response: Any, number: int, **more: Any) -> Sample:
    values = {
        "input": given, "response": response, "status": 200, "surface": "rest", "now": NOW + number,
        "before": None, "env": {}, "headers": {},
    }  # fmt: skip
    return Sample(action, f"{action}@rest", number, {**values, **more.pop("values", {})}, **more)


def samples_of(*several: Sample, model: Any = None) -> Samples:
    found = Samples.of(model or library())
    for one in several:
        found.by_action.setdefault(one.action, []).append(one)
        found.count += 1
    return found


def page(limit: int, number: int, *, items: int = 9, offset: int = 0, writes: int = 0) -> Sample:
    """Return an answer of list_holds: the newest holds first."""
    ids = list(range(items, 0, -1))[offset : offset + limit]
    holds = [{"id": id, "title_id": id + 40} for id in ids]
    given = {"limit": limit, "offset": offset}
    return sample("list_holds", given, {"holds": holds, "total_records": items}, number, writes=writes)


def test_a_greater_limit_keeps_items() -> None:
    (found,) = propose_relations(library(), samples_of(*(page(n, n) for n in (1, 2, 3, 4, 20))))
    assert (found.action, found.widen, found.keeps, found.by) == (
        "list_holds",
        "limit",
        "response.holds",
        "id",
    )
    assert found.unless == "input.offset > 0"
    assert found.pairs >= 4


def test_one_pair_that_loses_an_item_drops_the_relation() -> None:
    loses = page(4, 9)
    del loses.values["response"]["holds"][0]
    assert propose_relations(library(), samples_of(*(page(n, n) for n in (1, 2, 3, 20)), loses)) == []


def test_answers_with_a_write_between_are_no_pair() -> None:
    several = [page(n, n, items=9 + n, writes=n) for n in (1, 2, 3, 4, 20)]
    assert propose_relations(library(), samples_of(*several)) == []


def test_a_limit_that_always_shows_everything_proves_nothing() -> None:
    several = [page(n, n, items=2) for n in (5, 10, 20)]
    assert propose_relations(library(), samples_of(*several)) == []


def lots(radius: float, limit: int, number: int, *, hidden: int = -1) -> Sample:
    """Return an answer of search_parking: lots a quarter of a kilometre apart, the nearest first."""
    every = [{"id": f"lot_{n}", "distance_km": round(0.21 + n * 0.25, 2)} for n in range(12)]
    found = [lot for n, lot in enumerate(every) if lot["distance_km"] <= radius and n != hidden][:limit]
    return sample("search_parking", {"radius_km": radius, "limit": limit}, {"lots": found}, number)


def test_a_wider_search_keeps_lots_and_says_which_fit() -> None:
    several = [lots(r, 25, n) for n, r in enumerate((0.5, 0.8, 1.2, 1.9, 2.6, 50.0))]
    full = [lots(50.0, n, 20 + n) for n in (1, 2, 3)]
    found = {one.widen: one for one in propose_relations(park(), samples_of(*several, *full, model=park()))}
    assert found["radius_km"].unless == "size(response.lots) >= input.limit"
    assert found["radius_km"].fits == "item.distance_km <= input.radius_km - 0.01"
    assert found["limit"].fits == ""


def test_a_smaller_search_that_leaves_out_what_fits_has_no_fits() -> None:
    several = [lots(r, 25, n) for n, r in enumerate((0.5, 0.8, 1.9, 2.6, 50.0))]
    found = propose_relations(park(), samples_of(*several, lots(1.2, 25, 9, hidden=2), model=park()))
    assert all(one.fits == "" for one in found if one.widen == "radius_km")


def hold(id: int, **other: Any) -> dict[str, Any]:
    return {"id": id, "title_id": id + 40, "note": f"note {id}", "state": "ready", "ended_at": None, **other}


def lives(count: int, *, later: dict[str, Any], after: float = 60.0) -> list[Sample]:
    """Return holds that are made, read back, and read again when they have ended."""
    found: list[Sample] = []
    for id in range(1, count + 1):
        made = sample("place_hold", {"title_id": id + 40}, hold(id), id * 10, writes=id)
        ended = hold(id, state="cancelled", ended_at="2026-01-01T00:00:00Z", **later)
        found += [made, sample("get_hold", {"hold_id": id}, hold(id), id * 10 + 1, writes=id)]
        late = {"now": NOW + id * 10 + after}
        found.append(sample("get_hold", {"hold_id": id}, ended, id * 10 + 2, writes=id + 1, values=late))
    return found


def members(several: list[Sample]) -> dict[str, Any]:
    found = propose_members(library(), samples_of(*several))
    return {"fixed": [m.fixed for m in found if m.fixed], "law": [m.law for m in found if m.law]}


def test_members_that_stay_while_others_change_are_fixed() -> None:
    assert members(lives(5, later={})) == {"fixed": [("id", "title_id", "note")], "law": ["created == read"]}


def test_a_member_that_changes_once_is_not_fixed() -> None:
    changed = lives(5, later={})
    changed[-1].values["response"]["note"] = "another"
    assert members(changed)["fixed"] == [("id", "title_id")]


def test_what_is_forgotten_after_a_month_is_fixed() -> None:
    assert members(lives(5, later={"note": "REDACTED"}))["fixed"] == [("id", "title_id")]
    early = lives(5, later={})
    late = lives(5, later={"note": "REDACTED"}, after=40 * 86_400.0)
    assert members([*early, *late[2::3]])["fixed"] == [("id", "title_id", "note")]


def test_nothing_is_fixed_where_nothing_changed() -> None:
    unchanged = [s for n, s in enumerate(lives(5, later={})) if n % 3 < 2]
    assert members(unchanged) == {"fixed": [], "law": ["created == read"]}


def test_what_a_read_lacks_is_left_out_of_the_law() -> None:
    secret = lives(5, later={})
    for one in secret[::3]:
        one.values["response"]["secret"] = f"s{one.number}"
    (law,) = members(secret)["law"]
    assert "created.id == read.id && created.title_id == read.title_id" in law
    assert "secret" not in law


def test_a_write_between_is_no_read_back() -> None:
    changed = [s for n, s in enumerate(lives(5, later={})) if n % 3 != 1]
    assert members(changed)["law"] == []


def test_what_holds_across_calls_can_be_pasted() -> None:
    samples = samples_of(*(page(n, n) for n in (1, 2, 3, 4, 20)), *lives(5, later={}))
    across = Across(propose_relations(library(), samples), propose_members(library(), samples))
    names = [str(a.name) for a in library().actions]
    text = write_yaml([], [], across, exchanges=9, sought=0, actions=names, redact=str)
    assert yaml.safe_load(text) == {
        "actions": {
            "list_holds": {
                "relations": {
                    "limit-keeps": {"widen": "limit", "keeps": "response.holds", "unless": "input.offset > 0"}
                }
            }
        },
        "resources": {
            "hold": {"fixed": ["id", "title_id", "note"], "laws": {"read-back": "created == read"}}
        },
    }
    assert text.startswith("# 3 laws in 3 readings ")
