"""Laws that a run proposes: what is found of a small API, what is not, and no write with a read-only key."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from inprocess import inside, over_tls, verify_sandbox
from pgagents.base.http import Request, Response, Silence
from pgagents.base.places import plain
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_text
from pgagents.suggest.mine import mine
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.session import Suggesting
from pgagents.suggest.tables import Site
from pgagents.suggest.writing import group
from pgagents.verify.plan.options import Options

SHOP = """
pgagents: 1
api:
  {id: shop, title: Shop, version: 1.0.0, server: "https://shop.example", contact: a@shop.example,
   logo: "https://shop.example/logo.svg", terms: "https://shop.example/t", privacy: "https://shop.example/p",
   for_people: Orders., for_models: Orders of a shop.}
security: []
errors: {codes: {bad: {status: 400, meaning: Something is wrong with the call}}, framework: {invalid: bad}}
schemas:
  Order:
    title: Order
    description: An order
    required: [id, state, name, price, count, total, created_at, items]
    properties:
      id: {type: string, description: Its id}
      state: {type: string, enum: [open, done], description: How it stands}
      name: {type: string, description: Whose it is}
      price: {type: number, description: Price of one}
      count: {type: integer, description: How many}
      total: {type: number, description: Price of all}
      created_at: {type: string, format: date-time, description: When it was made}
      done_at: {type: string, format: date-time, description: When it was done}
      items: {type: array, items: {type: string}, description: What it is about}
      note: {type: [string, "null"], description: A word}
actions:
  place:
    title: Place an order
    description: Places an order.
    http: POST /orders
    effect: write
    input:
      name: {type: string, required: true, description: For whom}
      count: {type: integer, minimum: 1, required: true, description: How many}
      note: {type: string, description: A word}
    output: {200: {$ref: Order, description: The order}}
    errors: [bad]
  finish:
    title: Finish an order
    description: Finishes an order.
    http: POST /orders/done
    effect: write
    input: {id: {type: string, required: true, description: Which}}
    output: {200: {$ref: Order, description: The order}}
    errors: [bad]
"""


@cache
def shop() -> Any:
    return load_text(SHOP, "shop.yaml")


def order(number: int, *, state: str = "open", **other: Any) -> dict[str, Any]:
    price, count = 1.05 + number * 0.37, number % 4 + 1
    done = {"done_at": f"2026-01-01T{number % 24:02d}:30:00Z"} if state == "done" else {}
    return {
        "id": f"ord_{number:04d}",
        "state": state,
        "name": f"NAME {number}",
        "price": round(price, 2),
        "count": count,
        "total": round(round(price, 2) * count, 2),
        "created_at": f"2026-01-01T{number % 24:02d}:00:00Z",
        "items": ["a", "b"],
        **done,
        **other,
    }


def sample(action: str, given: dict[str, Any], response: Any, before: Any = None, number: int = 0) -> Sample:
    values = {
        "input": given, "response": response, "status": 200, "surface": "rest",
        "now": 1_767_225_600.0 + 3600 * number, "before": before, "env": {}, "headers": {},
    }  # fmt: skip
    return Sample(action, f"{action}@rest", number, values)


def samples_of(*several: Sample) -> Samples:
    found = Samples.of(shop())
    for one in several:
        found.by_action.setdefault(one.action, []).append(one)
        found.count += 1
    return found


def orders(count: int = 20, **other: Any) -> list[Sample]:
    found = []
    for n in range(count):
        made = order(n, **{k: v(n) for k, v in other.items()})
        found.append(sample("place", {"name": f"name {n}", "count": made["count"]}, made, number=n))
    return found


def laws_of(samples: Samples) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for proposal in mine(shop(), samples):
        for written in proposal.write():
            text = f"{written.when} => {written.that}" if written.when else written.that
            found.setdefault(written.action, []).append(text)
    return found


def test_templates_find_the_rules_of_an_order() -> None:
    found = laws_of(samples_of(*orders()))["place"]
    assert "response.name == upper(input.name)" in found
    assert "response.count == input.count" in found
    assert any("cents(response.total) == cents(" in law and "response.price" in law for law in found)
    assert "near(epoch(response.created_at), now, 5.0)" in found
    assert 'response.state == "open"' in found


def test_one_answer_that_breaks_a_rule_drops_it_or_weakens_it() -> None:
    usual = orders()
    plain = [sample("place", {"name": n, "count": 1}, order(i, name=n)) for i, n in enumerate("ABCDEFGHIJKL")]
    assert "response.name == input.name" in laws_of(samples_of(*plain))["place"]
    both = laws_of(samples_of(*plain, *usual))["place"]
    assert "response.name == input.name" not in both
    assert "response.name == upper(input.name)" in both
    wrong = sample("place", {"name": "x", "count": 2}, order(3, name="SOMEBODY ELSE"), number=3)
    assert not any("name" in law for law in laws_of(samples_of(*plain, *usual, wrong))["place"])


def test_what_never_varies_is_not_proposed() -> None:
    same = [sample("place", {"name": "n", "count": 2}, order(1), number=1) for _ in range(30)]
    found = laws_of(samples_of(*same)).get("place", [])
    assert not any("total" in law or "count" in law or "name" in law for law in found)


def test_member_that_is_there_in_one_state_is_said_for_both() -> None:
    ended = [
        sample("finish", {"id": f"ord_{n:04d}"}, order(n, state="done"), order(n), number=n)
        for n in range(12)
    ]
    found = laws_of(samples_of(*orders(), *ended))
    rule = '(has(response.done_at)) == (response.state == "done")'
    assert rule in found["place"]
    assert rule in found["finish"]
    assert any("before.total" in law for law in found["finish"])
    assert not any("before" in law for law in found["place"])


def test_kept_terms_are_one_reading() -> None:
    ended = [
        sample("finish", {"id": f"ord_{n:04d}"}, order(n, state="done"), order(n), number=n)
        for n in range(12)
    ]
    readings = group(mine(shop(), samples_of(*orders(), *ended)))
    kept = [r for r in readings if r.title == "terms-kept"]
    assert len(kept) == 1
    assert len(kept[0].parts) > 3
    assert {law.law.action for law in kept[0].laws} == {"finish"}


def test_what_is_null_without_its_argument_is_said_once() -> None:
    given = [
        sample(
            "place", {"name": f"n{n}", "count": 1, "note": f"note {n}"}, order(n, note=f"note {n}"), number=n
        )
        for n in range(8)
    ]
    without = [
        sample("place", {"name": f"n{n}", "count": 1}, order(n, note=None), number=n) for n in range(8, 20)
    ]
    found = laws_of(samples_of(*given, *without))["place"]
    assert "(response.note != null) == has(input.note)" in found
    assert not any("!has(input.note)" in law for law in found)


def test_an_equation_holds_for_one_state_and_says_so() -> None:
    several = []
    for n in range(24):
        made = order(n, state="done" if n % 2 else "open")
        made["total"] = made["total"] if n % 2 else 5.25
        several.append(sample("place", {"name": f"n{n}", "count": 1}, made, number=n))
    found = laws_of(samples_of(*several))["place"]
    rules = [law for law in found if "response.total)" in law and "response.price" in law]
    assert rules
    assert all(law.startswith('response.state == "done" => ') for law in rules)


def test_every_proposal_holds_as_it_is_printed() -> None:
    found = mine(shop(), samples_of(*orders()))
    assert found
    assert all(isinstance(site, Site) for p in found for site in p.sites)


def suggest(name: str, *, writes: bool = True) -> tuple[str, set[str]]:
    """Return what is proposed of a catalogue's mock, and the methods that it got."""
    path = Path(__file__).parents[1] / "catalogues" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    model = load_text(text if writes else re.sub(r"\n +prefixes: .*", "", text), str(path))
    companion, opened = Suggesting.of(model), inside(model)
    methods: set[str] = set()
    served = over_tls(opened.sandbox.handler)

    def handler(request: Request) -> Response | Silence:
        methods.add(request.method)
        return served(request)

    keys = opened.keys if writes else {"main": opened.keys["main"]}
    options = Options(exclusive=True, allow_writes=writes)
    report = verify_sandbox(model, opened, options, keys=keys, handler=handler, companion=companion)
    assert report.footer.left_behind == ()
    assert any(sample.sought for sample in companion.samples.every())
    return companion.write(), methods


@pytest.mark.matrix
@pytest.mark.parametrize("name", ["shop", "library"])
def test_proposals_of_a_mock_can_be_pasted(name: str) -> None:
    text, _ = suggest(name)
    path = Path(__file__).parents[1] / "catalogues" / f"{name}.yaml"
    served = load_text(path.read_text(encoding="utf-8"), str(path))
    data = plain(served.source.data)
    pasted = yaml.safe_load(text)["actions"]
    assert pasted
    for action, given in pasted.items():
        data["actions"][action]["laws"] = given["laws"]
    whole = load_text(to_yaml(data).decode(), str(path))
    assert all([law.name for law in whole.action(a).laws] == list(pasted[a]["laws"]) for a in pasted)
    report = verify_sandbox(whole, inside(served), Options(exclusive=True, only=("law/",)))
    assert [(f.contract.id, f.actual) for f in report.findings] == []


@pytest.mark.matrix
def test_read_only_key_sends_reads_alone_and_gets_fewer_laws() -> None:
    few, methods = suggest("library", writes=False)
    assert methods <= {"GET", "HEAD", "OPTIONS", "PGVERIFY"}
    assert set(yaml.safe_load(few)["actions"]) <= {"list_titles", "get_title", "list_copies", "list_holds"}


def test_multiple_of_a_rounded_fee_is_said_the_other_way_round() -> None:
    """A fee is rounded to the cent, so ten times the fee is not an amount; a tenth of that is the fee."""
    several = []
    for n in range(24):
        made = order(n)
        made["total"] = round(20.4 + n * 7.1, 2)
        several.append(
            sample("place", {"name": f"n{n}", "count": 1}, {**made, "fee": made["total"] / 10}, number=n)
        )
    for one in several:
        one.values["response"]["fee"] = round(one.values["response"]["fee"] + 1e-9, 2)
    found = laws_of(samples_of(*several))["place"]
    assert any("response.fee, response.total * 0.1" in law or "response.total * 0.1)" in law for law in found)
    assert not any("response.fee * 1" in law for law in found)


def updated(number: int, before: int, **other: Any) -> Sample:
    """Return a finished order whose time was `before` hours old; an order that was changed has a new time."""
    was = order(number, created_at=f"2025-01-01T{before:02d}:00:00Z")
    now = f"2026-01-01T{number % 24:02d}:00:00Z"
    made = {**was, "state": "done", "created_at": now, **other}
    return sample("finish", {"id": was["id"]}, made, was, number)


def test_time_of_a_change_is_now_or_as_it_was() -> None:
    """No call was seen that changed nothing, so that none shows what the time is then."""
    changed = [updated(n, n % 20) for n in range(16)]
    found = laws_of(samples_of(*changed))["finish"]
    now = "near(epoch(response.created_at), now, 5.0)"
    assert any(
        law.endswith(f"{now} || epoch(response.created_at) == epoch(before.created_at)") for law in found
    )
    assert now not in found
    same = [updated(n, n % 20, state="open") for n in range(16, 20)]
    assert now in laws_of(samples_of(*changed, *same))["finish"]
