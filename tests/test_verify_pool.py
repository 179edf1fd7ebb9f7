"""What a probe had for itself is judged when somebody wants it, and not before."""

from __future__ import annotations

import pytest

from pgagents.verify.call import Live
from pgagents.verify.pool import SIZE, Pool
from pgagents.verify.thing import Thing
from verifying import model

FRESH = Live("session", ("active",), fresh=True)


class Asked:
    """Says which probes broke a contract, and remembers who asked."""

    def __init__(self, *broke: int) -> None:
        self._broke = broke
        self.probes: list[int] = []

    def __call__(self, probe: int) -> bool:
        self.probes.append(probe)
        return probe in self._broke


def pool_of(count: int, asked: Asked) -> Pool:
    pool, session = Pool(model().resources), model().resources["session"]
    pool.broke = asked
    for number in range(count):
        pool.add(Thing(session, f"sess_{number}", {}, "main", True, "active"))
    return pool


def given(pool: Pool) -> str | None:
    thing = pool.at_hand(model().resources["session"], FRESH)
    return thing.id if thing is not None else None


def test_what_a_probe_had_is_given_last_and_only_then_is_asked_about() -> None:
    asked = Asked()
    pool = pool_of(2, asked)
    assert given(pool) == "sess_0"
    assert pool.surplus(1) == []
    pool.things[1].turns = 5  # it would not be its turn
    assert (given(pool), asked.probes) == ("sess_1", [])
    assert (given(pool), asked.probes) == ("sess_0", [1])
    assert given(pool) is None, "both are taken"


def test_what_a_probe_had_that_broke_a_contract_is_given_to_nobody_and_undone() -> None:
    asked = Asked(1)
    pool = pool_of(1, asked)
    other = Thing(model().resources["day_session"], "sess_0", {}, "main", True, "active")
    pool.add(other)
    given(pool)
    assert pool.surplus(1) == []
    assert (given(pool), asked.probes) == (None, [1])
    assert other.spoilt, "it is the same thing under another resource's name"
    assert {t.id for t in pool.surplus(2)} == {"sess_0"}
    assert asked.probes == [1], "once is enough"


@pytest.mark.parametrize("broke", [(), (1,)])
def test_where_there_are_too_many_of_a_kind_the_spoilt_ones_go_first(broke: tuple[int, ...]) -> None:
    asked = Asked(*broke)
    pool = pool_of(SIZE + 1, asked)
    assert given(pool) == "sess_0"
    assert [t.id for t in pool.surplus(1)] == (["sess_0"] if broke else [f"sess_{SIZE}"])
    assert asked.probes == [1]


def test_nobody_asks_about_what_is_gone() -> None:
    asked = Asked(1)
    pool = pool_of(1, asked)
    given(pool)
    pool.surplus(1)
    pool.things[0].gone = True
    pool.changed(pool.things[0])
    pool.surplus(2)
    pool.add(Thing(model().resources["session"], "sess_0", {}, "main", True, "active"))
    assert (given(pool), asked.probes) == ("sess_0", [])
