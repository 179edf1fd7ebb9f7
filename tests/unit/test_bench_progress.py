"""A long measurement ends in its time, says how far it is, and never pretends to have measured more."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from evaluation.bench.progress import TELLING_S, Budget, Part

ROOT = Path(__file__).parents[2]


@dataclass
class Watch:
    """A clock that stands until it is moved, and the lines that were told."""

    now: float = 0.0
    told: list[str] = field(default_factory=list)

    def budget(self, seconds: float) -> Budget:
        return Budget(seconds, lambda: self.now, self.told.append)


def test_steps_end_when_the_time_is_up() -> None:
    watch, part = Watch(), Part("seeds", 10)
    for _ in watch.budget(35.0).steps("library", part, range(10)):
        watch.now += 12.0
    assert str(part) == "3 of 10 seeds"
    assert watch.told[-1] == "library: the time is up after 3 of 10 seeds"


def test_the_first_step_is_always_done() -> None:
    watch, part = Watch(), Part("seeds", 10)
    assert list(watch.budget(0.0).steps("library", part, range(10))) == [0]
    assert part.done == 1


def test_progress_tells_the_time_that_is_left() -> None:
    watch, part = Watch(), Part("seeds", 4)
    for _ in watch.budget(1_000.0).steps("library", part, range(4)):
        watch.now += TELLING_S
    assert watch.told[0] == "library: 1 of 4 seeds, about 30 s left"
    assert part.done == 4


def test_quick_steps_tell_nothing() -> None:
    watch, part = Watch(), Part("seeds", 4)
    list(watch.budget(1_000.0).steps("library", part, range(4)))
    assert watch.told == []


def test_items_may_be_added_meanwhile() -> None:
    watch, part, items = Watch(), Part("groups", 1), ["both"]
    for item in watch.budget(60.0).steps("library", part, items):
        if item == "both":
            items += ["one", "other"]
            part.total += 2
    assert str(part) == "3 of 3 groups"


def test_a_share_is_a_part_of_what_is_left() -> None:
    watch = Watch()
    whole = watch.budget(90.0)
    watch.now += 30.0
    assert whole.share(3).left_s == 20.0


@pytest.mark.matrix
def test_help_measures_nothing() -> None:
    for words in ((), ("suggest",)):
        done = subprocess.run(
            [sys.executable, "-m", "evaluation.bench", *words, "--help"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: python -m evaluation.bench {' '.join(words)}".rstrip())
        assert "goals met" not in done.stdout
