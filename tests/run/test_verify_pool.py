"""A probe's own instances are taken back when it has ended, unless it broke a contract."""

from __future__ import annotations

import pytest

from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import SIZE, FixturePool
from pgagents.verify.wire.call import InstanceRef
from verifying import model

FRESH = InstanceRef("session", ("active",), fresh=True)


def pool_of(count: int) -> FixturePool:
    pool, session = FixturePool(model().resources), model().resources["session"]
    for number in range(count):
        pool.add(Instance(session, f"sess_{number}", {}, "main", True, "active"))
    return pool


def given(pool: FixturePool) -> str | None:
    instance = pool.at_hand(model().resources["session"], FRESH)
    return instance.id if instance is not None else None


def test_what_a_probe_had_is_given_to_no_other_call_until_the_probe_has_ended() -> None:
    pool = pool_of(1)
    assert given(pool) == "sess_0"
    assert pool.has_leases
    assert given(pool) is None
    assert pool.surplus(broke=False) == []
    assert not pool.has_leases
    assert given(pool) == "sess_0"


def test_what_a_probe_had_that_broke_a_contract_is_given_to_nobody_and_undone() -> None:
    pool = pool_of(1)
    other = Instance(model().resources["day_session"], "sess_0", {}, "main", True, "active")
    pool.add(other)
    given(pool)
    assert [t.id for t in pool.surplus(broke=True)] == ["sess_0", "sess_0"]
    assert given(pool) is None
    assert other.tainted, "it is the same thing under another resource's name"
    pool.add(Instance(model().resources["session"], "sess_1", {}, "main", True, "active"))
    assert given(pool) == "sess_1"


@pytest.mark.parametrize("broke", [False, True])
def test_where_there_are_too_many_of_a_kind_the_tainted_ones_go_first(broke: bool) -> None:
    pool = pool_of(SIZE + 1)
    assert given(pool) == "sess_0"
    assert [t.id for t in pool.surplus(broke=broke)] == (["sess_0"] if broke else [f"sess_{SIZE}"])
