"""One value that takes minutes to draw ends with the run's time, and without a bound after some seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pgagents.verify.values import generators
from pgagents.verify.values.combining import list_given_up, random_inputs
from pgagents.verify.values.generators import OutOfTime, drawing_until, random_values

MEMBERS = {f"m{n}": {"type": "string", "format": "date-time"} for n in range(20)}
TREE = {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "minItems": 3}
SLOW: dict[str, dict[str, Any]] = {
    "many items": {
        "type": "array",
        "minItems": 5_000,
        "items": {"type": "object", "required": [*MEMBERS], "properties": MEMBERS},
    },
    "itself": {"$ref": "#/components/schemas/Tree"},
    "alternatives": {
        "allOf": [
            {
                "anyOf": [
                    {
                        "required": [f"p{n}{m}"],
                        "properties": {f"p{n}{m}": {"type": "string", "pattern": "^[a-z]{3}$"}},
                    }
                    for m in range(6)
                ]
            }
            for n in range(7)
        ]
    },
}
SCHEMAS = {"Tree": {"type": "object", "properties": {"kids": TREE}}}
ENOUGH_S = 30.0
"""Processor seconds that a draw which nothing ends exceeds by far, and one that is ended never does."""


@pytest.mark.parametrize("kind", SLOW)
def test_a_slow_value_ends_when_the_run_is_over(kind: str) -> None:
    random_values({"type": "integer"}, {}, 1, 0)  # imports take their own time
    begun = time.process_time()
    with drawing_until(lambda: time.process_time() - begun > 1.0), pytest.raises(OutOfTime):
        random_values(SLOW[kind], SCHEMAS, 100, 0)
    assert time.process_time() - begun < ENOUGH_S


@pytest.mark.parametrize(
    ("kind", "bound"),
    [("many items", "MOST_CHOICES"), ("alternatives", "MOST_S"), ("alternatives", "MOST_STILL_S")],
)
def test_a_slow_value_is_given_up(kind: str, bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = getattr(generators, bound)
    monkeypatch.setattr(generators, bound, 4_000 if bound == "MOST_CHOICES" else 0.5)
    monkeypatch.setattr(generators, "_slow", set[str]())
    random_values({"type": "integer"}, {}, 1, 0)
    drawn: list[generators._Draw] = []
    draw_in_time = generators._draw_in_time

    def noting(key: str, ways: Any, otherwise: Any) -> Any:
        [way] = ways
        return draw_in_time(key, [lambda: (drawn.append(generators._draw.get()), way())[1]], otherwise)

    monkeypatch.setattr(generators, "_draw_in_time", noting)
    begun = time.process_time()
    for seed in range(2):
        assert not random_values(SLOW[kind], SCHEMAS, 100, seed)
    assert len(drawn) == 1, "what took too long is not drawn again"
    assert bound != "MOST_CHOICES" or drawn[0].choices == generators.MOST_CHOICES + 1, "it ends at its bound"
    assert time.process_time() - begun < ENOUGH_S
    monkeypatch.setattr(generators, bound, usual)  # half a second may go into collecting garbage
    assert random_values({"type": "integer"}, {}, 5, 0)


def test_an_argument_that_is_given_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators, "MOST_CHOICES", 4_000)
    monkeypatch.setattr(generators, "_slow", set[str]())
    members = {"big": SLOW["many items"], "small": {"type": "integer"}}
    spec = generators.document("/a", "post", [], {"type": "object", "properties": members}, {})
    names = {("body", "big"): "large", ("body", "small"): "small"}
    assert not list_given_up(spec, names)
    assert all(set(given) <= {"small"} for given in random_inputs(spec, names, 5, 0, valid=True))
    assert list_given_up(spec, names) == ["large"]


def test_ways_to_draw_one_argument_share_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generators, "MOST_STILL_S", 0.5)
    monkeypatch.setattr(generators, "_slow", set[str]())
    ways: list[dict[str, Any]] = []
    draw = generators._draw_examples
    monkeypatch.setattr(
        generators, "_draw_examples", lambda spec, *more: (ways.append(spec), draw(spec, *more))[1]
    )
    assert not random_values(SLOW["alternatives"], {}, 25, 0, tens=True)
    assert len(ways) == 1, "its alternatives are laid out once"


def test_a_value_is_drawn_where_ten_take_too_many_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    item = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "format": "date"}}}
    some = {"type": "array", "items": item, "minItems": 20, "maxItems": 20}
    monkeypatch.setattr(generators, "MOST_CHOICES", 1_000)
    monkeypatch.setattr(generators, "_slow", set[str]())
    ways: list[int] = []
    draw = generators._draw_examples
    monkeypatch.setattr(
        generators,
        "_draw_examples",
        lambda spec, count, seed: (ways.append(count), draw(spec, count, seed))[1],
    )
    assert random_values(some, {}, 1, 0, tens=True)
    assert len(ways) == 2, "a list of ten, then one value"


FIRST_TEXTS = """
from pgagents.verify.values import generators
generators.MOST_STILL_S = 0.3
print(len(generators.random_values({"type": "string"}, {}, 5, 0)))
"""


def test_the_first_texts_on_a_machine_are_no_slow_draw(tmp_path: Path) -> None:
    """Hypothesis makes a table of all characters then, for a processor second or more."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_TEXTS],
        env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "5", done.stderr
