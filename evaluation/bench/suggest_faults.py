"""Say which of the sandbox's faults written laws kill, and which of these the suggestions kill too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from evaluation.bench.suggest_recall import Recall
from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.action import Law
from pgagents.sandbox import fault_registry
from pgagents.suggest.samples import Samples
from pgagents.verify.laws import evaluate_law

Laws = Mapping[str, Sequence[Law]]


def list_law_faults() -> list[str]:
    """Return the faults that laws must find, without those that another catalogue must ask for."""
    found = []
    for name in fault_registry.list_names("faults"):
        fault = fault_registry.find("faults", name)
        if "law" in fault.breaks and not fault.needs:
            found.append(name)
    return found


def judge_faults(
    written: Laws, proposed: Laws, names: Iterable[str], record: Callable[[str], Samples]
) -> Iterator[tuple[str, set[tuple[str, str]], bool]]:
    """Yield each named fault that a written law kills, with those laws, and if the suggestions kill it.

    `record` returns the samples of a run with a fault.
    """
    for name in names:
        try:
            samples = record(name)
        except AttributeError:  # a fault of another catalogue's domain has nothing to replace here
            continue
        by = {(action, law.name) for action, law in _list_broken(written, samples)}
        if by:
            yield name, by, next(_list_broken(proposed, samples), None) is not None


def _list_broken(laws: Laws, samples: Samples) -> Iterator[tuple[str, Law]]:
    """Yield the laws that an answer of a run breaks."""
    for action, several in laws.items():
        for law in several:
            for sample in samples.of_action(action):
                if evaluate_law(law, Scope(sample.values)).outcome == "broken":
                    yield action, law
                    break


def add_missed(recall: Sequence[Recall], faults: Mapping[str, set[tuple[str, str]]]) -> list[Recall]:
    """Return the recall of laws with the faults that they kill and that the suggestions miss."""
    return [
        replace(
            one,
            missed=(*one.missed, *(f"fault {n}" for n, by in faults.items() if (one.action, one.law) in by)),
        )
        for one in recall
    ]
