"""The contracts of a run are cut among several machines so that little is sent twice.

Nothing is left out that a whole run would try.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from importing import imported, openapi
from inprocess import inside
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Contract, Verdict
from pgagents.report.merge import Part, merge
from pgagents.verify.check_registry import checks_for
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.order import LAST
from pgagents.verify.plan.plan import Draft, all_contracts, draft, make_setting
from pgagents.verify.plan.shards import Group, divide, make_groups
from pgagents.verify.promise import RANDOM, Probe
from small_api import Notes, verified, with_resource
from verifying import SHOP, model, run

LIBRARY, PARCELS = (SHOP.with_name(f"{name}.yaml") for name in ("library", "parcels"))
MOST = 1.34
"""The number of times that four shards together may send what one run sends."""


def drafted(of: Model, shard: tuple[int, int] | None) -> Draft:
    """Return the plan of a shard, or of a whole run, with every identity of the catalogue."""
    keys = inside(of).keys
    options, identities = Options(shard=shard, allow_writes=True), Identities(keys, calls_keyless=not keys)
    setting = make_setting(of, options, identities, url="https://staging.example.com")
    checks = checks_for(setting)
    return draft(setting, checks, all_contracts(setting, checks), options, identities)


def needed(plan: Draft) -> dict[str, int]:
    """Return the requests of the probes that are sent in any case, by name."""
    return {p.name: p.cost for p in plan.probes if p.priority == 1 and p.stage != LAST}


def drawn(plan: Draft) -> list[str]:
    """Return the random calls of a plan."""
    return sorted(f"{p.name} {p.print}" for p in plan.draw() if p.priority == RANDOM)


def contract(id: str, action: str) -> Contract:
    """A contract of an action over REST."""
    return Contract(id, id.partition("/")[0], action, "rest", "", ())


def probe(name: str, cost: int, *ids: str) -> Probe:
    """A probe that is never run."""
    return Probe(name, 4, ids, cost, lambda: iter(()))  # type: ignore[arg-type,return-value]


# -- the cut
# -------------------------------------------------------------------------------------------


def test_contracts_of_several_actions_that_one_probe_shows_stay_together() -> None:
    listed = [contract(f"{check}/{a}@rest", a) for check in ("read_only", "watched") for a in ("get", "list")]
    probes = [
        probe("read_only/book", 30, "read_only/get@rest", "read_only/list@rest"),
        probe("watched/book", 30, "watched/get@rest", "watched/list@rest"),
    ]
    groups = make_groups(listed, probes, {}, lambda c: c.check == "watched")
    assert sorted((sorted(g.contracts), g.needs) for g in groups) == [
        (["read_only/get@rest", "read_only/list@rest"], {"read_only/book": 30}),
        (["watched/get@rest"], {"watched/book": 30}),
        (["watched/list@rest"], {"watched/book": 30}),
    ]


def test_a_group_goes_where_what_it_needs_is_sent_anyway() -> None:
    book, author = {"a book": 9.0}, {"an author": 9.0}
    groups = [
        Group("make_book", ["1"], {"make": 20.0, **book}),
        Group("make_author", ["2"], {"make author": 20.0, **author}),
        Group("get_author", ["3"], {"get author": 5.0, **author}),
        Group("get_book", ["4"], {"get": 5.0, **book}),
    ]
    shards = [sorted(group.name for group in several) for several in divide(groups, 2)]
    assert sorted(shards) == [["get_author", "make_author"], ["get_book", "make_book"]]


def test_what_is_shared_makes_no_shard_far_longer_than_the_others() -> None:
    groups = [Group(f"get_{n}", [str(n)], {"shared": 10.0, f"own {n}": 20.0}) for n in range(8)]
    sizes = [sum(g.needs[f"own {g.contracts[0]}"] for g in several) for several in divide(groups, 4)]
    assert sizes == [40.0] * 4


@pytest.mark.parametrize("path", [LIBRARY, PARCELS], ids=lambda path: path.stem)
def test_four_plans_need_little_more_requests_than_one(path: Path) -> None:
    of = model(path)
    whole, parts = needed(drafted(of, None)), [drafted(of, (n, 4)) for n in range(1, 5)]
    shares = [sum(needed(part).values()) for part in parts]
    assert sum(shares) <= MOST * sum(whole.values())
    assert max(shares) < 0.5 * sum(whole.values())
    sent = Counter(name for part in parts for name in needed(part))
    again = [name for name, count in sent.items() if count > 1]
    once = ("framework/", "workflow_runs/", "hint_read_only/", "hosted_document/", "removals/")
    assert [name for name in again if name.startswith(once)] == []
    assert [name for name in whole if name.startswith(once) and name not in sent] == []


@pytest.mark.matrix
@pytest.mark.parametrize("path", [LIBRARY, PARCELS], ids=lambda path: path.stem)
def test_shards_send_little_more_than_one_run_and_find_the_same(path: Path) -> None:
    of = model(path)
    whole = run(of)
    for count in (2, 4):
        parts = [Part(f"{n}.json", run(of, shard=(n, count)), of.source) for n in range(1, count + 1)]
        merged, _ = merge(parts)
        sent = sum(part.report.footer.requests for part in parts)
        assert sent <= MOST * whole.footer.requests
        verdicts = {r.contract.id: r.verdict for r in merged.results}
        assert list(verdicts) == [r.contract.id for r in whole.results]
        other = [r for r in whole.results if verdicts[r.contract.id] is not r.verdict]
        reasons = {r.contract.id: r.reason for r in merged.results}
        assert [r.contract.id for r in other if "without --shard" not in reasons[r.contract.id]] == []


# -- what a shard leaves out


def test_a_shard_names_no_way_out_that_it_refuses() -> None:
    left = [result.reason for result in drafted(model(LIBRARY), (1, 2)).settled.values()]
    assert [reason for reason in left if "add --exclusive" in reason] == []
    assert any("a run with --exclusive and without --shard tries it" in reason for reason in left)
    whole = make_setting(model(LIBRARY), Options(), Identities({}), url="https://staging.example.com")
    assert not whole.exclusive
    assert any("add --exclusive" in r.reason for r in drafted(model(LIBRARY), None).settled.values())


def test_shards_draw_the_random_calls_of_the_whole_run() -> None:
    note = {
        "type": "object",
        "required": ["title"],
        "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "size": {"type": "integer"}},
    }
    body = {"required": True, "content": {"application/json": {"schema": note}}}
    answer = {"description": "A note", "content": {"application/json": {"schema": note}}}
    query = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("q", "sort")]
    listed = {
        "description": "Notes",
        "content": {"application/json": {"schema": {"type": "array", "items": note}}},
    }
    paths = {
        f"/{kind}": {
            "get": {"operationId": f"list_{kind}", "parameters": query, "responses": {"200": listed}},
            "post": {"operationId": f"make_{kind}", "requestBody": body, "responses": {"201": answer}},
        }
        for kind in ("notes", "files", "tags", "users", "teams", "plans")
    }
    of = imported(openapi(paths)).model
    whole, parts = drafted(of, None), [drafted(of, (n, 2)) for n in (1, 2)]
    assert all(drawn(part) for part in parts)
    assert sorted(call for part in parts for call in drawn(part)) == drawn(whole)
    for part in parts:
        assert part.max_requests >= sum(needed(part).values()) + part.room


@pytest.mark.parametrize("shards", [1, 2])
def test_a_law_that_no_answer_of_a_shard_shows_may_be_shown_by_a_whole_run(shards: int) -> None:
    laws = '    laws: {of-long-ones: {when: size(response.text) > 40.0, that: response.id != "n0"}}\n'
    get = "    http: GET /notes/{note_id}\n"
    of = with_resource((get, get + laws))
    parts = [(n, shards) for n in range(1, shards + 1)] if shards > 1 else [None]
    reports = [verified(of, Notes(), allow_writes=True, only=("law",), shard=part) for part in parts]
    results = [r for report in reports for r in report.results if r.contract.check == "law"]
    (reason,) = [r.reason for r in results if r.verdict is Verdict.UNTESTED]
    assert ("a run without --shard may show it" in reason) is (shards > 1)
