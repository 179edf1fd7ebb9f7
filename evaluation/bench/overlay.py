"""Measures what a catalogue over a document costs to load: `python -m evaluation.bench overlay 10 200 1000`.

Both forms are loaded in turn, so that a busy machine slows both, and the fewest seconds of the processor
count. The aim is 1.25 times the whole catalogue at 1,000 operations.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluation.bench.importer import make_document
from pgagents.cli.inputs.catalogue import load_path

ROUNDS = 5
AIM = 1.25


def measure(operations: int, rounds: int = ROUNDS) -> tuple[float, float]:
    """Return the seconds of the processor for the whole catalogue, and for the short one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "openapi.json").write_text(
            json.dumps(make_document(operations), indent=1), encoding="utf-8"
        )
        short = folder / "short.yaml"
        short.write_text("pgagents: 1\nopenapi: openapi.json\n", encoding="utf-8")
        whole = folder / "whole.yaml"
        whole.write_text(_write_whole(short), encoding="utf-8")
        times: dict[Path, list[float]] = {whole: [], short: []}
        for _ in range(rounds):
            for path, taken in times.items():
                taken.append(_measure_once(lambda path=path: load_path(path)))  # type: ignore[misc]
        return min(times[whole]), min(times[short])


def _write_whole(short: Path) -> str:
    from pgagents.cli.show import render

    return render(load_path(short).source)


def _measure_once(load: Callable[[], object]) -> float:
    begun = time.process_time()
    load()
    return time.process_time() - begun


def main(arguments: Sequence[str]) -> None:
    """Print a row for each number of operations."""
    for operations in map(int, arguments or ("10", "200", "1000")):
        whole, short = measure(operations)
        says = "" if short <= AIM * whole else f", over the aim of {AIM}"
        print(
            f"{operations:>6} operations: {whole:.2f} s whole, {short:.2f} s short, {short / whole:.2f}{says}"
        )
