"""Measures how many written laws `pgagents suggest` finds again, and how much of what it proposes is true.

`python -m evaluation.bench suggest [NAME…] [--keys one] [--seeds N] [--most-s S] [--json FILE]`. Laws,
relations, what is fixed and what workflows expect are taken out of a catalogue. A sandbox with the whole
catalogue is verified with the rest, and laws are mined. A reading is wrong if an answer of another seed
or of a legal variation breaks one of its laws. Without names it measures the four catalogues that
templates were made with; `blind` stands for those that no template was made with. After `--most-s`
seconds it ends and says how much of each part was measured.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from evaluation.bench.progress import Budget, Part
from evaluation.bench.suggest_across import find_broken_across, list_found
from evaluation.bench.suggest_faults import add_missed, judge_faults, list_law_faults
from evaluation.bench.suggest_recall import Recall, judge_laws
from pgagents.base.cel.expression import Scope
from pgagents.base.places import plain
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.action import Law
from pgagents.catalogue.model.model import Model
from pgagents.inprocess import Inside, inside, verify_sandbox
from pgagents.sandbox import fault_registry
from pgagents.suggest.mine import compile_law
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.session import Suggesting
from pgagents.suggest.writing import Tried
from pgagents.verify.laws import evaluate_law
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting, setting_of
from pgagents.verify.wire.exchange import Exchange

ROOT = Path(__file__).resolve().parents[2]
SEEN = ("park_graph", "library", "payments", "documents")
"""The catalogues whose missed laws were read when templates were made."""
BLIND = ("notes", "chat", "shop", "parcels", "later", "tickets")
"""The catalogues that no template was made with until 2026-11-22."""
CATALOGUES: Mapping[str, Path] = {
    name: ROOT / "catalogue" / "park_graph.yaml"
    if name == "park_graph"
    else ROOT / "tests" / "catalogues" / f"{name}.yaml"
    for name in (*SEEN, *BLIND)
}
SEEDS = 20
MOST_S = 1_800.0
"""The seconds that all catalogues together may take, unless another number is given."""
PARTS = ("seeds", "variations", "faults")
FIRST_SEED = 100
STRIDE_S = 86_413.7
AT_ONCE = 9
FORBIDDEN = ROOT / "tests" / "data" / "variations_elsewhere.yaml"
"""The variations that a catalogue forbids, by catalogue."""
_EXPECTED = ("expect", "expect_timed", "expect_alone")


@dataclass(slots=True)
class Listener:
    """Keeps the samples of a run, and asks for nothing."""

    samples: Samples

    @property
    def most_requests(self) -> int:
        """It asks for nothing."""
        return 0

    def begin(self, redact: Callable[[str], str]) -> None:
        """Write nothing that would have to be masked."""

    def note(self, exchange: Exchange) -> None:
        """Keep a sample."""
        self.samples.note(exchange)

    def list_probes(self, _setting: Setting, _roles: frozenset[str]) -> Iterator[Probe]:
        """Ask for nothing."""
        return iter(())


@dataclass(slots=True)
class Figures:
    """The figures of one catalogue."""

    name: str
    actions: int
    requests: int
    answers: int
    mining_s: float
    readings: int
    laws: int
    wrong: dict[str, str] = field(default_factory=dict)
    recall: list[Recall] = field(default_factory=list)
    unjudged: int = 0
    faults: dict[str, bool] = field(default_factory=dict)
    """The faults that written laws kill, and whether the suggestions do."""
    parts: list[Part] = field(default_factory=list)
    """The share that was measured of each part."""
    across: dict[str, bool] = field(default_factory=dict)
    """The relations and what else was written across calls, and whether it is proposed."""

    @property
    def found(self) -> int:
        """The number of written laws that were found again."""
        return sum(one.found for one in self.recall)


def strip(path: Path, *, workflows: bool = True) -> Model:
    """Return a catalogue without its laws, or without workflows too."""
    data = plain(load_text(path.read_text(encoding="utf-8"), str(path)).source.data)
    for action in data["actions"].values():
        for key in ("laws", "relations"):
            action.pop(key, None)
    for resource in (data.get("resources") or {}).values():
        for key in ("laws", "fixed"):
            resource.pop(key, None)
    if not workflows:
        data.pop("workflows", None)
        for surface in (data.get("surfaces") or {}).values():
            if isinstance(surface, dict):
                _leave_out_skills(surface)
    for workflow in (data.get("workflows") or {}).values():
        for step in workflow["steps"].values():
            for key in _EXPECTED:
                step.pop(key, None)
    return load_text(to_yaml(data).decode(), str(path))


def _leave_out_skills(surface: dict[str, Any]) -> None:
    """Take the workflows out of what a surface offers."""
    for part in (surface, surface.get("listing")):
        if isinstance(part, dict):
            part.pop("skills", None)


def _keys(opened: Inside, *, one: bool) -> dict[str, str]:
    keys = opened.keys
    return {"main": keys["main"]} if one and "main" in keys else keys


def measure(
    name: str,
    *,
    seeds: int = SEEDS,
    one_key: bool = False,
    parts: Sequence[str] = PARTS,
    budget: Budget | None = None,
) -> Figures:
    """Mine one world of a catalogue's sandbox, and judge the laws on others, one seed at least."""
    budget = budget or Budget(math.inf)
    path = CATALOGUES[name]
    whole = load_text(path.read_text(encoding="utf-8"), str(path))
    bare = strip(path, workflows=not one_key)
    companion = Suggesting.of(bare)
    opened = inside(whole)
    options = Options(exclusive=not one_key, allow_writes=True)
    report = verify_sandbox(bare, opened, options, companion=companion, keys=_keys(opened, one=one_key))
    begun = time.process_time()
    tried, _ = companion.finish()
    across = companion.find_across()
    mining_s = time.process_time() - begun
    called = {s.action for s in companion.samples.every()}
    figures = Figures(
        name,
        len(called),
        report.footer.requests,
        companion.samples.count,
        mining_s,
        len(tried) + across.count,
        sum(len(one.reading.laws) for one in tried) + across.count,
    )
    figures.across = dict(list_found(across, whole, companion.samples))
    judged: dict[str, list[Sample]] = {}

    def judge(where: str, samples: Samples) -> None:
        broken = find_broken(tried, samples, where) | find_broken_across(across, whole, samples, where)
        figures.wrong |= {k: v for k, v in broken.items() if k not in figures.wrong}

    wanted = [part for part in PARTS if part in parts]
    if "seeds" in wanted:
        for where, samples in _list_seeds(name, whole, seeds, figures, budget.share(len(wanted))):
            judge(where, samples)
            for sample in samples.every():
                if len(judged.setdefault(sample.action, [])) < 400:
                    judged[sample.action].append(sample)
    if "variations" in wanted:
        for where, samples in _list_variations(name, whole, figures, budget.share(len(wanted) - 1)):
            judge(where, samples)
    proposed = _list_laws(tried)
    written = {str(a.name): list(a.laws) for a in whole.actions}
    setting = setting_of(whole)

    def fits(action: str, values: Mapping[str, Any]) -> bool:
        of = whole.action(action)
        output = next((o for o in of.outputs if o.status == values["status"]), of.success) if of else None
        if output is None or output.schema is None:
            return False
        return bool(
            setting.test(("output", action, output.status), output.schema).is_valid(values["response"])
        )

    missed: dict[str, set[tuple[str, str]]] = {}

    def record(fault: str) -> Samples:
        return _record(whole, inside(whole, faults=(fault,)), 0)

    if "faults" in wanted:
        part = _begin(figures, "faults", names := list_law_faults())
        for fault, by, killed in judge_faults(
            written, proposed, budget.steps(f"{name}, faults", part, names), record
        ):
            figures.faults[fault] = killed
            if not killed:
                missed[fault] = by
    figures.recall = add_missed(list(judge_laws(written, proposed, judged, fits)), missed)
    figures.unjudged = sum(map(len, written.values())) - len(figures.recall)
    return figures


def _list_laws(tried: Iterable[Tried]) -> dict[str, list[Law]]:
    found: dict[str, list[Law]] = {}
    for one in tried:
        for named in one.reading.laws:
            law = compile_law(named.law)
            if law is not None:
                found.setdefault(named.law.action, []).append(law)
    return found


def _begin(figures: Figures, name: str, items: Sequence[object]) -> Part:
    """Return a part of which nothing is measured yet, and note it."""
    figures.parts.append(Part(name, len(items)))
    return figures.parts[-1]


def _list_seeds(
    name: str, whole: Model, seeds: int, figures: Figures, budget: Budget
) -> Iterator[tuple[str, Samples]]:
    """Yield the samples of runs with other seeds, in other worlds and at other times."""
    every = range(FIRST_SEED, FIRST_SEED + seeds)
    part = _begin(figures, "seeds", every)
    for seed in budget.steps(f"{name}, seeds", part, every):
        start = 1_776_000_000.0 + STRIDE_S * (seed - FIRST_SEED + 1)
        yield f"seed {seed}", _record(whole, inside(whole, seed=seed, world=seed, start=start), seed)


def _list_variations(
    name: str, whole: Model, figures: Figures, budget: Budget
) -> Iterator[tuple[str, Samples]]:
    """Yield the samples of the legal variations.

    Several are switched on together; where a written law breaks then, each of them alone.
    """
    groups = list_together(name)
    part = _begin(figures, "groups of variations", groups)
    for names in budget.steps(f"{name}, variations", part, groups):
        samples = _vary(whole, names)
        if samples is not None:
            yield f"variations {' '.join(names)}", samples
        elif len(names) > 1:
            groups += [(one,) for one in names]
            part.total += len(names)


def list_together(name: str) -> list[tuple[str, ...]]:
    """Return the legal variations of a catalogue in groups, neighbours in the alphabet apart."""
    forbidden = yaml.safe_load(FORBIDDEN.read_text(encoding="utf-8")).get(name, {})
    names = [
        name
        for name in fault_registry.list_names("variations")
        if fault_registry.find("variations", name).point is None and name not in forbidden
    ]
    groups = -(-len(names) // AT_ONCE)
    return [tuple(names[first::groups]) for first in range(groups)]


def _vary(whole: Model, names: tuple[str, ...]) -> Samples | None:
    """Return the samples of a run with some variations, None where they are not legal together."""
    try:
        samples = _record(whole, inside(whole, variations=names), 0)
    except AttributeError:  # a variation of another catalogue's domain has nothing to replace here
        return None
    return None if _breaks_written(whole, samples) else samples


def _breaks_written(whole: Model, samples: Samples) -> bool:
    """Return True if a law that a person wrote does not hold."""
    laws = {str(a.name): a.laws for a in whole.actions}
    return any(
        evaluate_law(law, Scope(sample.values)).outcome == "broken"
        for sample in samples.every()
        for law in laws[sample.action]
    )


def _record(whole: Model, opened: Inside, seed: int) -> Samples:
    listener = Listener(Samples.of(whole))
    verify_sandbox(whole, opened, Options(seed=seed, exclusive=True, allow_writes=True), companion=listener)
    return listener.samples


def find_broken(tried: Iterable[Tried], samples: Samples, where: str) -> dict[str, str]:
    """Return the readings that a world breaks, each with how."""
    found: dict[str, str] = {}
    for one in tried:
        for named in one.reading.laws:
            law = compile_law(named.law)
            for sample in samples.of_action(named.law.action) if law is not None else ():
                assert law is not None
                held = evaluate_law(law, Scope(sample.values))
                if held.outcome in ("broken", "error"):
                    key = f"{named.law.action}: {named.law.that} WHEN {named.law.when} [{one.calls} calls]"
                    found.setdefault(key, f"{where}: {held.outcome} {held.why}")
                    break
            if found and key_of(named, one) in found:
                break
    return found


def key_of(named: Any, one: Tried) -> str:
    """Return the key of a law in what `find_broken` returns."""
    return f"{named.law.action}: {named.law.that} WHEN {named.law.when} [{one.calls} calls]"


def describe(figures: Figures) -> Iterator[str]:
    """Yield the figures as lines."""
    judged, wrong = len(figures.recall), len(figures.wrong)
    each = figures.readings / max(1, figures.actions)
    yield (
        f"{figures.name}: {figures.requests:,} requests, {figures.answers:,} answers, mined in "
        f"{figures.mining_s:.1f} s; {figures.readings} readings ({each:.1f} an action of {figures.actions}), "
        f"{figures.laws} laws"
    )
    yield (
        f"  written laws found again: {figures.found} of {judged} ({figures.found / max(1, judged):.0%}), "
        f"{figures.unjudged} not judged"
    )
    yield (
        f"  relations, fixed members and read-back found: {sum(figures.across.values())} of "
        f"{len(figures.across)}"
    )
    if any(part.name == "faults" for part in figures.parts):
        killed = sum(figures.faults.values())
        yield f"  faults that a written law kills: {killed} of {len(figures.faults)} found"
    true = 1 - wrong / max(1, figures.readings)
    yield f"  readings never broken elsewhere: {true:.1%} ({wrong} broken)"
    yield f"  measured: {', '.join(map(str, figures.parts))}"


def main(words: list[str]) -> None:
    """Measure the catalogues that are named, or the four that templates were made with, and print figures."""
    parser = argparse.ArgumentParser(
        prog="python -m evaluation.bench suggest",
        description="How many written laws are proposed again, and how much of what is proposed is true.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(CATALOGUES)}, or blind ({', '.join(BLIND)})"
    )
    parser.add_argument("--keys", choices=["all", "one"], default="all", help="the identities of the run")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="the number of other worlds")
    parser.add_argument("--part", choices=PARTS, action="append", help="measure this part alone, repeatable")
    parser.add_argument("--most-s", type=float, default=MOST_S, help="seconds for all catalogues together")
    parser.add_argument(
        "--json", type=Path, help="a file for what was found and missed, catalogue by catalogue"
    )
    asked = parser.parse_args(words)
    names = [own for name in asked.names or SEEN for own in (BLIND if name == "blind" else (name,))]
    if unknown := [name for name in names if name not in CATALOGUES]:
        parser.error(f"no such catalogue: {', '.join(unknown)}; there are {', '.join(CATALOGUES)}")
    if asked.seeds < 1:
        parser.error("--seeds must be at least 1: recall is judged by the answers of another seed")
    budget = Budget(asked.most_s)
    parts = [part for part in PARTS if part == "seeds" or part in (asked.part or PARTS)]
    data = {}
    for done, name in enumerate(names):
        share = budget.share(len(names) - done)
        budget.tell(f"{name}: {done + 1} of {len(names)}, at most {share.left_s:.0f} s")
        figures = measure(name, seeds=asked.seeds, one_key=asked.keys == "one", parts=parts, budget=share)
        print("\n".join(describe(figures)), flush=True)
        data[name] = _list_results(figures)
        if asked.json is not None:
            asked.json.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")


def _list_results(figures: Figures) -> dict[str, Any]:
    """Return what was found and missed, as JSON."""
    return {
        "measured": list(map(str, figures.parts)),
        "wrong": figures.wrong,
        "missed": {f"{r.action}.{r.law}": list(r.missed[:12]) for r in figures.recall if not r.found},
        "faults": figures.faults,
        "across": figures.across,
    }
