"""verify finds nothing broken on servers that are right by their documents, whatever the seed.

Where it alarms, judge by hand: mend the server if it is wrong by its document, else the check. Nothing is
accepted here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from evaluation.right import measure
from evaluation.right.measure import SERVERS, Run, Server, verify, why_missing

pytestmark = pytest.mark.matrix
AT_ONCE = 5
"""Seeds of one test."""
SEEDS = range(10)
"""`make right` has twenty, each night: of three bugs that random calls alone show, these missed one."""
CASES = [
    pytest.param(server, first, id=f"{server.name}-{first}")
    for server in SERVERS.values()
    for first in SEEDS[::AT_ONCE]
]
MOST_ODD = 1


@pytest.mark.parametrize(("server", "first"), CASES)
def test_nothing_is_broken_on_a_right_server(server: Server, first: int, tmp_path: Path) -> None:
    if why := why_missing(server):
        pytest.skip(why)
    odd: set[str] = set()
    for seed in range(first, first + AT_ONCE):
        folder = tmp_path / str(seed)
        folder.mkdir()
        run = verify(server, seed, folder)
        assert run.broken == (), run.printed
        assert run.verdicts["kept"] >= server.least_kept, run.printed
        odd |= {*run.odd}
    assert len(odd) <= MOST_ODD, odd


@pytest.mark.parametrize("broken", [(), ("no_crashes/get_note@rest",)])
def test_measure_fails_where_a_seed_breaks_something(
    broken: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [Run("notes", seed, {}, found, (), 1, "") for seed, found in enumerate(((), broken, ()))]
    monkeypatch.setattr(measure, "measure", lambda *_: runs)
    done = CliRunner().invoke(measure.main, ["notes"])
    assert (done.exit_code, done.output.count("no_crashes/")) == (len(broken), len(broken))
