"""Faults that nobody wrote: the sandbox's own source with one slip in it, and whether verify notices.

`python -m evaluation.bench mutants [N] [--seed S] [--file NAME] [--json FILE] [--again FILE]`. N mutants
(all: 0) are drawn by the seed from all modules that answer calls, and turn about from all kinds of slip.
Each is compiled in a process of its own, where a standard run with every identity, an OAuth client and a
receiver verifies it. Where that finds nothing, a run with an ordinary key and bursts follows. No file of
the tree is changed.

Known tools do not fit. mutmut 3 (PyPI, read 2026-11-20) copies a tree, slips inside of functions alone and
judges by pytest's exit. cosmic-ray 8 (its documentation, read on the same day) writes each mutant over its
file and runs a command. Neither reads SQL.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evaluation.bench.mutate import Mutant, mutants
from evaluation.bench.mutation import DIFFERS, FOUND, MISSED, NOTICED, SAME, UNREACHED, Trial, Tried, modules

OUTSIDE: Mapping[str, str] = {
    "sockets and threads, which are not there in one process": "sandbox/asgi sandbox/serve",
    "what switches faults on, and what they are made "
    "of": "sandbox/fault_registry sandbox/fault_helpers sandbox/mcp_fault_helpers",
    "what answers for other catalogues": "mock/mock mock/places mock/rows sandbox/sample",
    "what reads a file of the user's": "sandbox/client_file",
    "which lots there are, of which nothing is promised": "park_graph/world",
    "retention, which is not verified": "park_graph/forget",
}
"""Modules of the sandbox that are left as they are, each by its folder and name, by the reason."""
_TELLING = 25
"""After so many it is told how far it is, where nobody looks at a terminal."""


def sources() -> dict[str, str]:
    """The text of every module whose slips are tried, by its path."""
    outside = {name for names in OUTSIDE.values() for name in names.split()}
    return {
        str(p): p.read_text(encoding="utf-8") for p in modules() if f"{p.parent.name}/{p.stem}" not in outside
    }


def draw_mutants(texts: Mapping[str, str], count: int, seed: int) -> list[Mutant]:
    """Draw `count` mutants (0: all): a share from each module, with its kinds of slip in turn."""
    made = {path: found for path, text in texts.items() if (found := mutants(text, path))}
    total = sum(map(len, made.values()))
    chosen: list[Mutant] = []
    owed = 0.0
    for path, several in made.items():
        owed += count * len(several) / total if count else len(several)
        take = min(len(several), max(1, round(owed)))
        owed -= take
        chosen += _turn_about(several, random.Random(f"{seed} {path}"))[:take]
    return chosen


def _turn_about(several: Sequence[Mutant], chance: random.Random) -> list[Mutant]:
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in several:
        kinds[mutant.kind].append(mutant)
    for of_kind in kinds.values():
        chance.shuffle(of_kind)
    order = sorted(kinds)
    chance.shuffle(order)
    found = []
    for place in range(max(map(len, kinds.values()))):
        found += [kinds[kind][place] for kind in order if place < len(kinds[kind])]
    return found


@dataclass(frozen=True, slots=True)
class Shares:
    """Counts of some mutants: tried, found, noticed (not green), missed, not counted; and of those missed the
    ones that show.
    """

    tried: int
    found: int
    noticed: int
    missed: int
    apart: int
    shows: int

    @classmethod
    def of(cls, several: Sequence[Tried]) -> Shares:
        """Count them."""
        by = Counter(one.outcome for one in several)
        missed = by[MISSED]
        shows = sum(one.reach == DIFFERS for one in several if one.outcome == MISSED)
        return cls(
            len(several),
            by[FOUND],
            by[NOTICED],
            missed,
            len(several) - by[FOUND] - by[NOTICED] - missed,
            shows,
        )

    def row(self, name: str) -> str:
        """A line of the table."""
        counted = self.tried - self.apart
        visible = self.found + self.noticed + self.shows
        share = f"{(self.found + self.noticed) / counted:.0%}" if counted else "-"
        seen = f"{(self.found + self.noticed) / visible:.0%}" if visible else "-"
        numbers = f"{self.tried:>6} {self.apart:>8} {self.found:>6} {self.noticed:>9} {self.missed:>7}"
        return f"{name:<20} {numbers} {share:>6} {self.shows:>7} {seen:>6}"


HEAD = (
    f"{'module':<20} {'tried':>6} {'no start':>8} {'found':>6} {'not green':>9} {'missed':>7} "
    f"{'share':>6} {'showing':>7} {'share':>6}"
)


def try_mutants(chosen: Sequence[Mutant], texts: Mapping[str, str]) -> Iterator[Tried]:
    """Try each mutant, and print the remaining time on stderr."""
    trial, begun = Trial(texts), time.monotonic()
    for number, mutant in enumerate(chosen, 1):
        yield trial.of(mutant)
        if number == len(chosen):
            trial.still()
        each = (time.monotonic() - begun) / number
        left = f"{number} of {len(chosen)}, {each * (len(chosen) - number) / 60:.0f} minutes left"
        if sys.stderr.isatty() or number % _TELLING == 0 or number == len(chosen):
            print(
                f"\r{left:<60}",
                end="" if sys.stderr.isatty() and number < len(chosen) else "\n",
                file=sys.stderr,
                flush=True,
            )


def survivor(one: Tried) -> str:
    """A mutant that was missed, as a line and where it showed."""
    mutant = one.mutant
    before, after = (" ".join(text.split())[:160] for text in (mutant.before, mutant.after))
    shown = f"\n      {one.shown}" if one.shown else ""
    return f"  {mutant.file}:{mutant.line} [{mutant.kind}, {one.reach}] {before}  →  {after}{shown}"


def format_results(several: Sequence[Tried]) -> str:
    """Return the table by module, and a line for every surviving mutant."""
    by_module: dict[str, list[Tried]] = defaultdict(list)
    for one in several:
        by_module[Path(one.mutant.file).stem].append(one)
    lines = [
        HEAD,
        *(Shares.of(of).row(name) for name, of in by_module.items()),
        Shares.of(several).row("all"),
        "",
    ]
    missed = [one for one in several if one.outcome == MISSED]
    missed.sort(
        key=lambda one: ((DIFFERS, UNREACHED, SAME).index(one.reach), one.mutant.file, one.mutant.line)
    )
    return "\n".join([*lines, "missed:", *map(survivor, missed)])


def main(words: Sequence[str]) -> None:
    """Draw, try and tell."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.bench mutants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("count", nargs="?", type=int, default=200, help="how many; 0: all")
    parser.add_argument("--seed", type=int, default=0, help="chooses which")
    parser.add_argument("--file", help="only of this module, as front or pages/oauth")
    parser.add_argument("--json", type=Path, help="write what came of each into this file")
    parser.add_argument("--again", type=Path, help="only those that were missed in this file of --json")
    given = parser.parse_args(words)
    texts = sources()
    if given.file:
        texts = {
            path: text
            for path, text in texts.items()
            if path.endswith(f"/{given.file.removesuffix('.py')}.py")
        }
        if not texts:
            sys.exit(f"no module {given.file} of the sandbox answers calls")
    chosen = draw_mutants(texts, 0 if given.again else given.count, given.seed)
    if given.again:
        missed = {
            one["id"]
            for one in json.loads(given.again.read_text(encoding="utf-8"))
            if one["outcome"] == MISSED
        }
        chosen = [mutant for mutant in chosen if mutant.id in missed]
    several = []
    for one in try_mutants(chosen, texts):
        several.append(one)
        if given.json:
            rows = [{"id": o.mutant.id, **asdict(o)} for o in several]
            given.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    print(format_results(several))
