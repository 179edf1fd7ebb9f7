"""An instance has a part while that is in its first state; one that has ended may count, or may not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.wire.call import InstanceRef

COURSE, LESSON = (
    SimpleNamespace(name=name, initial=first, within=None, ids=("id",), moves_by_time=())
    for name, first in (("course", ""), ("lesson", "scheduled"))
)


@pytest.mark.parametrize(
    ("states", "has", "lacks"),
    [
        ((), False, True),
        (("scheduled",), True, False),
        ((None,), True, False),
        (("cancelled",), False, False),
        (("cancelled", "scheduled"), True, False),
    ],
)
def test_a_part_that_has_ended_is_neither_there_nor_lacking(
    states: tuple[str | None, ...], has: bool, lacks: bool
) -> None:
    """A music school of 2026-11-29 publishes no course whose lesson was cancelled."""
    pool = FixturePool(cast(Any, {}), (1, 1), {})
    course = Instance(cast(Any, COURSE), "c", {"id": "c"}, "main", True, None)
    pool.instances.append(course)
    for number, state in enumerate(states):
        lesson = Instance(cast(Any, LESSON), number, {"id": number}, "main", True, state)
        lesson.refers = (course,)
        pool.instances.append(lesson)
    assert pool.has_part(course, "lesson") is has
    for wanted, fits in ((True, has), (False, lacks)):
        assert pool._fits(course, InstanceRef("course", parts=(("lesson", wanted),))) is fits
