"""Tests in two lengths: `make test` tries a few values or examples, and `make matrix` the others."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

MATRIX = pytest.mark.matrix


def rarely(values: Iterable[Any], *always: Any) -> list[Any]:
    """The parameters of a test: `make test` tries `always`, `make matrix` the other values. A tuple is
    several parameters.
    """
    several = [(value, value if isinstance(value, tuple) else (value,)) for value in values]
    return [value if value in always else pytest.param(*parts, marks=MATRIX) for value, parts in several]


def share(values: Iterable[Any], every: int) -> list[Any]:
    """The parameters of a test: `make test` tries one of `every`, `make matrix` the other values."""
    several = list(values)
    return rarely(several, *several[::every])


def tried(
    few: int, many: int, *drawn: SearchStrategy[Any], **named: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of a property, as `hypothesis.given` does; `make test` draws `few` examples of it.

    Parameters that are not drawn stay parameters of the test. Unnamed strategies are for the last ones.
    """

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        parameters = list(inspect.signature(check).parameters.values())
        last = parameters[len(parameters) - len(drawn) :]
        strategies = {**{p.name: strategy for p, strategy in zip(last, drawn, strict=True)}, **named}

        @wraps(check)
        def test(*, examples: int, **given_by_pytest: Any) -> None:
            length = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
            length(given(**strategies)(check))(**given_by_pytest)

        rest = [p for p in parameters if p.name not in strategies]
        examples = inspect.Parameter("examples", inspect.Parameter.KEYWORD_ONLY)
        test.__signature__ = inspect.Signature([*rest, examples])  # type: ignore[attr-defined]
        return pytest.mark.parametrize("examples", rarely([few, many], few))(test)

    return decorate


def in_company(
    names: Iterable[str], size: int, seed: int, apart: Sequence[set[str]] = ()
) -> list[tuple[str, ...]]:
    """Each name once, in groups of at most so many. Another seed gives each other company, so that what one
    hides of its neighbour shows beside others. No group has all names of one of `apart`.
    """
    several, chance = sorted(set(names)), random.Random(seed)
    groups = -(-len(several) // size)
    while True:
        mixed = chance.sample(several, k=len(several))
        found = [tuple(mixed[first::groups]) for first in range(groups)]
        if not any(names <= {*group} for names in apart for group in found):
            return found


def taken_together(names: Sequence[str], at_once: int) -> list[tuple[str, ...]]:
    """Return each name once, at most `at_once` to a run; neighbours in the alphabet, which are of one kind,
    stand in different runs.
    """
    runs = -(-len(names) // at_once)
    return [tuple(names[first::runs]) for first in range(runs)]
