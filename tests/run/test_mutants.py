"""Mutants of the sandbox: what slips are made of a source, that each is one, and that trying one tells
found from missed.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from evaluation.bench.mutants import Shares, draw_mutants, format_results, sources, survivor
from evaluation.bench.mutate import Mutant, mutants, sql_slips
from evaluation.bench.mutation import DIFFERS, FOUND, HUNG, MISSED, NO_START, SAME, UNREACHED, Trial, Tried

from lengths import rarely
from pgagents.verify.plan.options import Options

SOURCE = '''\
"""No slip of this: 1 < 2."""

from __future__ import annotations

LIMIT: Literal[7] = 3


def charge(rate: int, hours: float, most: int | None = None) -> int:
    """Nor of this: 3 + 4."""
    assert rate > 0
    total = round(rate * hours)
    if most is not None and total >= most:
        raise Refused("TOO_MUCH", f"more than {most + 1}")
    for row in store.rows("SELECT * FROM lot WHERE tenant = ? AND free > 0 ORDER BY at DESC"):
        keep(row["id"], total)
    return {"id": 1, "name": name.upper()}
'''


def slips(kind: str) -> set[str]:
    return {m.after for m in mutants(SOURCE, "charge.py") if m.kind == kind}


def test_every_kind_of_slip_is_made_where_it_fits() -> None:
    assert {"(total > most)", "(total < most)", "(most is None)"} <= slips("compare")
    assert {"(most is not None or total >= most)", "(total >= most)", "(most is not None)"} <= slips("logic")
    assert slips("arithmetic") == {"(rate / hours)"}
    assert slips("guard") == {"True", "False"}
    assert slips("statement") == {"pass"}
    assert slips("entry") == {"{'name': name.upper()}", "{'id': 1}"}
    assert {"int", "(name)"} <= slips("function")
    assert slips("number") == {"4", "2", "0"}
    assert "'TOO_MUCH_X'" in slips("text")


def test_text_for_people_types_and_assertions_are_left_as_they_are() -> None:
    touched = "\n".join(m.before for m in mutants(SOURCE, "charge.py"))
    for left in ("1 < 2", "3 + 4", "Literal", "7", "rate > 0", "most + 1"):
        assert left not in {m.before for m in mutants(SOURCE, "charge.py")}
    assert "TOO_MUCH" in touched


def test_sql_has_slips_of_its_own() -> None:
    text = "UPDATE lot SET free = free - 1 WHERE id = ? AND free > 0"
    found = set(sql_slips(text))
    assert found == {
        "UPDATE lot SET free = free - 1 WHERE id = ? AND free >= 0",
        "UPDATE lot SET free = free + 1 WHERE id = ? AND free > 0",
        "UPDATE lot SET free = free - 1 WHERE (id = ? OR 1) AND free > 0",
        "UPDATE lot SET free = free - 1 WHERE id = ? AND (free > 0 OR 1)",
    }
    assert not list(sql_slips("CREATE TABLE lot (free INTEGER CHECK (free > 0))"))


def test_slip_changes_the_source_in_one_place_and_is_python() -> None:
    path = Path("src/pgagents/sandbox/park_graph/lists.py")
    source = path.read_text(encoding="utf-8")
    made = mutants(source, str(path))
    assert len(made) > 200
    for mutant in made:
        changed = mutant.apply(source)
        assert changed != source
        assert changed.encode()[: mutant.start] == source.encode()[: mutant.start]
        assert changed.endswith(source.encode()[mutant.end :].decode())
        ast.parse(changed)
    assert len({m.id for m in made}) == len(made)


def test_a_seed_draws_the_same_of_every_module() -> None:
    assert not any(Path(path).stem in ("serve", "mock", "world") for path in sources())
    texts = {
        path: text for path, text in sources().items() if Path(path).stem in ("call", "deliver", "limits")
    }
    chosen = draw_mutants(texts, 60, 5)
    assert chosen == draw_mutants(texts, 60, 5)
    assert chosen != draw_mutants(texts, 60, 6)
    assert 58 <= len(chosen) <= 64
    assert {Path(m.file).stem for m in chosen} == {"call", "deliver", "limits"}
    assert len({m.kind for m in chosen}) > 8


@cache
def trial_of(options: Options) -> Trial:
    """A trial whose runs have these options and no bursts."""
    return Trial(sources(), runs=(False,), options=options)


def slip(file: str, before: str, after: str) -> Mutant:
    path = f"src/pgagents/{file}.py"
    return next(m for m in mutants(sources()[path], path) if (m.before, m.after) == (before, after))


MUTANTS = [
    # the letters of a short code, of which there is a law; its run takes ten times the others'
    (slip("sandbox/park_graph/sessions", "8", "9"), FOUND, ""),
    # for how long a browser remembers: nobody promises it
    (slip("sandbox/front", "600", "601"), MISSED, DIFFERS),
    (slip("sandbox/limits", "100_000", "100001"), MISSED, SAME),
    (slip("sandbox/limits", "oldest", "list(oldest)[1:]"), MISSED, UNREACHED),
    (slip("sandbox/park_graph/domain", "store.script(module.TABLES)", "pass"), NO_START, ""),
]
WHOLE, BRIEF = Options(), Options(only=("cors_policy/",), max_requests=40)
"""The options of `make matrix`, and those of `make test`, whose runs reach the same of these mutants."""


@pytest.mark.parametrize(
    ("mutant", "outcome", "reach", "options"),
    rarely(
        [*((*each, WHOLE) for each in MUTANTS), *((*each, BRIEF) for each in MUTANTS[1:])],
        *((*each, BRIEF) for each in MUTANTS[1:]),
    ),
    ids=lambda value: (
        value.file.rpartition("/")[2]
        if isinstance(value, Mutant)
        else ("brief" if value.only else "whole")
        if isinstance(value, Options)
        else str(value)
    ),
)
def test_trial_tells_what_became_of_a_mutant(
    mutant: Mutant, outcome: str, reach: str, options: Options
) -> None:
    tried = trial_of(options).of(mutant)
    assert (tried.outcome, tried.reach) == (outcome, reach), tried
    assert bool(tried.checks) == (outcome == FOUND)
    assert bool(tried.shown) == (reach == DIFFERS)


def test_what_is_told_counts_each_mutant_once() -> None:
    path = "src/pgagents/sandbox/limits.py"
    some = mutants(sources()[path], path)[:5]
    outcomes = [(FOUND, ""), (MISSED, DIFFERS), (MISSED, SAME), (NO_START, ""), (HUNG, "")]
    several = [Tried(m, outcome, reach=reach) for m, (outcome, reach) in zip(some, outcomes, strict=True)]
    assert Shares.of(several) == Shares(tried=5, found=1, noticed=0, missed=2, apart=2, shows=1)
    text = format_results(several)
    assert survivor(several[1]) in text
    assert survivor(several[2]) in text
    assert text.count("limits.py:") == 2
