"""A run's context and its checks are frozen, and what runs share depends on the catalogue alone."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from inprocess import URL, inside, verify_sandbox
from pgagents.verify import setting
from pgagents.verify.check_registry import collect
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan
from pgagents.verify.setting import compile_catalogue, setting_of
from verifying import PARK_GRAPH, SHOP, model

ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def digest(path: Any = PARK_GRAPH, **options: Any) -> str:
    """The plan's digest for a run with every identity."""
    of = model(path)
    return plan(
        of, Options(**options), Identities(dict.fromkeys(("main", *of.auth.roles), "pk_test_x")), url=URL
    ).digest


def results(monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[Any, str]:
    """Everything that a run left in a catalogue that was compiled for it, as texts."""
    monkeypatch.setattr(setting, "_COMPILED", type(setting._COMPILED)())
    of = model(SHOP)
    opened = inside(of)
    assert verify_sandbox(of, opened, Options(**options)).exit_code in (0, 1)
    return {key: ADDRESS.sub("", repr(value)) for key, value in compile_catalogue(of, URL)._results.items()}


@pytest.mark.matrix
@pytest.mark.parametrize("path", [PARK_GRAPH, SHOP], ids=["park_graph", "shop"])
def test_a_plan_does_not_depend_on_what_was_planned_before(
    monkeypatch: pytest.MonkeyPatch, path: Any
) -> None:
    deep: list[dict[str, Any]] = [{"profile": "deep", "seed": 1}] if path == SHOP else []
    asked: list[dict[str, Any]] = [{"seed": 3}, {"limits": True, "profile": "smoke"}, *deep]
    alone = []
    for options in asked:
        monkeypatch.setattr(setting, "_COMPILED", type(setting._COMPILED)())
        alone.append(digest(path, **options))
    monkeypatch.setattr(setting, "_COMPILED", type(setting._COMPILED)())
    assert [digest(path, **options) for options in [{"seed": 0}, *asked]][1:] == alone


def test_what_runs_share_depends_on_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        results(monkeypatch, seed=0, exclusive=True),
        results(monkeypatch, seed=5, shard=(1, 2), limits=True),
    )
    both = one.keys() & other.keys()
    assert len(both) > 80
    assert {key: (one[key], other[key]) for key in both if one[key] != other[key]} == {}


def test_setting_and_checks_are_frozen() -> None:
    setting, check = setting_of(model(), URL), collect()["law"]
    for frozen, name in ((setting, "exclusive"), (setting.catalogue, "endpoints"), (check, "turn")):
        with pytest.raises(FrozenInstanceError):
            setattr(frozen, name, None)
    assert replace(setting, exclusive=True).catalogue is setting.catalogue


@pytest.mark.parametrize("path", [PARK_GRAPH, SHOP], ids=["park_graph", "shop"])
def test_an_id_is_made_of_its_parts(path: Any) -> None:
    for contract in contracts(model(path)):
        whole = {
            f"{contract.check}/{contract.detail}/{contract.place}",
            f"{contract.check}/{contract.place}",
            f"{contract.check}/{contract.detail}{contract.place}",
        }
        assert contract.id in whole
        assert contract.place.endswith(f"@{contract.surface}")
        assert contract.check in collect()
        assert contract.action in contract.place


def test_every_check_judges_something_and_asks_under_its_own_name() -> None:
    of = model()
    setting = setting_of(of, URL)
    for name, check in collect().items():
        assert check.watch or check.probes or check.hear, name
        assert check.about, name
        asked = list(check.list_probes(setting, frozenset(("main", *of.auth.roles))))
        assert {probe.check for probe in asked} <= {name}
