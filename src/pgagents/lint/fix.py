"""Apply safe edits until there are none.

After each round the catalogue must load, without any new finding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pgagents.catalogue.load import load, load_source
from pgagents.lint.edits import apply
from pgagents.lint.run import Linted, lint
from pgagents.lint.surface_names import check_surfaces
from pgagents.source.read import parse
from pgagents.source.source import Source

_ROUNDS = 50


def apply_fixes(source: Source, only: Sequence[str] = ()) -> tuple[Source, int]:
    """Return the source after all edits, and their number. Raises InputError if the original does not
    load.
    """
    linted, count = lint(check_surfaces(load_source(source)), only), 0
    for _ in range(_ROUNDS):
        better = _round(source, linted, only)
        if better is None:
            break
        source, linted, made = better
        count += made
    return source, count


def _round(source: Source, linted: Linted, only: Sequence[str]) -> tuple[Source, Linted, int] | None:
    text = apply(source.text, linted.edits)
    if text == source.text:
        return None
    changed = parse(text, source.file, folder=source.folder)
    model, _ = load(changed)
    if model is None:
        return None
    after = lint(model, only)
    worse = Counter(d.id for d in after.found) - Counter(d.id for d in linted.found)
    return None if worse else (changed, after, len(linted.edits))
