"""A probe's own instances are taken back when it has ended, unless it broke a contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from inprocess import inside, verify_sandbox
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import SIZE, FixturePool
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.exchange import Exchange
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


def test_a_call_without_a_state_gets_one_that_nothing_has_moved_while_there_is_one() -> None:
    """A closed order refuses each call, and the refusal would pass for that of a wrong argument."""
    pool, session = pool_of(2), model().resources["session"]
    assert session.moves
    pool.instances[0].state, pool.instances[0].touched = "ended", True
    chosen = [pool.at_hand(session, InstanceRef("session")) for _ in range(2)]
    assert [one.id for one in chosen if one is not None] == ["sess_1", "sess_1"]
    pool.instances[1].gone = True
    last = pool.at_hand(session, InstanceRef("session"))
    assert last is pool.instances[0]


def test_where_there_are_too_many_of_a_kind_those_that_no_call_can_use_go_first() -> None:
    pool = pool_of(SIZE + 1)
    pool.instances[0].doubtful = True
    assert [t.id for t in pool.surplus(broke=False)] == ["sess_0"]


@pytest.mark.parametrize("broke", [False, True])
def test_where_there_are_too_many_of_a_kind_the_tainted_ones_go_first(broke: bool) -> None:
    pool = pool_of(SIZE + 1)
    assert given(pool) == "sess_0"
    assert [t.id for t in pool.surplus(broke=broke)] == (["sess_0"] if broke else [f"sess_{SIZE}"])


def test_what_a_server_may_have_forgotten_is_used_by_no_call_and_still_undone() -> None:
    pool = pool_of(2)
    lot = Instance(model().resources["lot"], "lot_0", {}, "main", False, None)
    pool.add(lot)
    pool.doubt_all()
    assert given(pool) is None
    assert [t.id for t in pool.list_remaining()] == ["sess_0", "sess_1"]
    assert lot.gone, "it is found again"


class Witness:
    """Notes the answers to equal creates, by which a run sees that each webhook is a new one."""

    most_requests = 0

    def __init__(self) -> None:
        self.equal: list[int | None] = []

    def begin(self, redact: Callable[[str], str]) -> None:
        del redact

    def note(self, exchange: Exchange) -> None:
        if exchange.call.why == "to see that each webhook that is made is a new one":
            self.equal.append(exchange.status)

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        del setting, roles
        return iter(())


def test_equal_webhook_is_made_at_the_longest_address_too_and_with_a_key_that_is_not_over() -> None:
    """An equal create tells whether the server answers an older webhook.

    Refused for its length or for its key, it would tell nothing.
    """
    opened, witness = inside(model()), Witness()
    only = ("rate_limit_headers/limit/create_webhook@rest",)
    verify_sandbox(model(), opened, Options(only=only), companion=witness)
    assert len(witness.equal) > 1
    assert set(witness.equal) == {201}
