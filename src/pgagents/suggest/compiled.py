"""Compile proposed laws, and judge them on samples as verify would."""

from __future__ import annotations

from collections.abc import Sequence

from pgagents.cel import expression
from pgagents.cel.expression import ExpressionError
from pgagents.cel.scope import Reading, Scope
from pgagents.model.law import Law
from pgagents.suggest.candidate import Written
from pgagents.suggest.samples import Sample, Samples
from pgagents.verify.laws import evaluate_law

NAMES = ("input", "response", "status", "surface", "now", "before", "env", "headers")


def compile_law(written: Written) -> Law | None:
    """Return the law; None if its text does not compile."""
    try:
        that = expression.compile(written.that, NAMES)
        when = expression.compile(written.when, NAMES) if written.when else None
    except ExpressionError:
        return None
    return Law("suggested", that, when, (), ())


def judge_at(written: Written, samples: Samples) -> bool | None:
    """Return True if a law holds in all samples, False if one breaks it, None if it applies to none."""
    law = compile_law(written)
    return False if law is None else check(law, samples.of_action(written.action))


def check(law: Law, samples: Sequence[Sample]) -> bool | None:
    """Return True if a law holds, False if a sample breaks it or cannot be evaluated, None if no sample
    applies.
    """
    reading = Reading.of(law.parts)
    known: bool | None = None
    for sample in samples:
        outcome = evaluate_law(law, Scope(sample.values, reading)).outcome
        if outcome in ("broken", "error"):
            return False
        if outcome == "held":
            known = True
    return known
