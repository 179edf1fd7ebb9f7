"""A law's formatting changes nothing of what is tested: blanks, comments, brackets, and names of items."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expression_texts import PARK_GRAPH, SHOP, reformat
from lengths import rarely
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.http import Request, Response, Silence
from pgagents.base.places import Pointer, value_at
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.checks import parts
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.diff.compare import compare
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan, verify
from verifying import URL, keys_of, model, sandbox

ROLES = ("main", "second", "starter", "fleet", "revoked", "operator", "stripe")


@cache
def places(path: Path) -> tuple[Pointer, ...]:
    """Return the places of a catalogue's expressions."""
    source = parse(path.read_text(encoding="utf-8"), str(path))
    checker = Checker(Catalogue.model_validate(source.data), source)
    checker.run()
    parts.check_parts(checker)
    return tuple(checker.expressions)


def rewritten(path: Path, random: Random) -> Model:
    """The catalogue with each expression written in another way, if that is not too long for one."""
    data: Any = parse(path.read_text(encoding="utf-8"), str(path)).data
    other = 0
    for pointer in places(path):
        written = value_at(data, pointer)
        sign = "=" if written.startswith("=") else ""
        text = reformat(written.removeprefix("="), random)
        if is_allowed(text):
            value_at(data, pointer[:-1])[pointer[-1]] = sign + text
            other += 1
    assert other > 0.8 * len(places(path))
    return load_text(to_yaml(data).decode(), str(path))


def is_allowed(text: str) -> bool:
    try:
        compiled(text, ())
    except ExpressionError as error:
        return "is not known here" in str(error)
    return True


def planned(of: Model, seed: int) -> Iterator[tuple[str, ...]]:
    """Return what would be tested: contracts, and probes with their arguments."""
    for contract in contracts(of):
        yield contract.id, contract.check, contract.place, str(contract.origin)
    found = plan(of, Options(seed=seed), Identities(dict.fromkeys(ROLES, "pk_test_x")))
    yield (found.digest,)


def sent(of: Model, seed: int) -> list[Request]:
    """The requests of a whole run."""
    opened, now = sandbox(of, seed=1)
    found: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        found.append(request)
        return opened.handler(request)

    verify(
        of,
        handler,
        Identities(keys_of(opened)),
        Options(seed=seed, live=False),
        clock=opened.front.clock.now,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
    )
    return found


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.nested_given])
@given(st.integers(0, 10**9))
def test_a_catalogue_whose_laws_are_written_otherwise_has_the_same_plan(seed: int) -> None:
    assert list(planned(rewritten(SHOP, Random(seed)), seed)) == list(planned(model(SHOP), seed))


@pytest.mark.matrix
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_plan_of_park_graph_is_the_same_too(seed: int) -> None:
    assert list(planned(rewritten(PARK_GRAPH, Random(seed)), seed)) == list(planned(model(), seed))


@pytest.mark.parametrize(("path", "seed"), rarely([(SHOP, 0), (SHOP, 1), (PARK_GRAPH, 2)], (SHOP, 0)))
def test_a_run_sends_the_same_requests(path: Path, seed: int) -> None:
    assert sent(rewritten(path, Random(seed)), seed) == sent(model(path), seed)


@pytest.mark.parametrize("path", [SHOP, PARK_GRAPH])
def test_a_law_that_is_only_written_otherwise_is_no_change(path: Path) -> None:
    found = compare(model(path), rewritten(path, Random(3)))
    assert [change for change in found if change.id.startswith(("promise", "limit"))] == []
