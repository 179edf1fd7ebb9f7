"""Read what a reviewer said of each finding on a server of the zoo, and why.

A finding is true if the server breaks the document or HTTP. It is pedantic if it does so to the letter, in
calls that no client sends, so that nobody would mend it. It is false if the server is right, and unclear if
the document can be read in both ways.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import yaml

from evaluation.zoo.zoo import HERE

WORDS = ("true", "pedantic", "false", "unclear")
UNJUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Judged:
    """A reviewer's word on findings; `contracts` are patterns of contract ids."""

    contracts: tuple[str, ...]
    word: str
    reason: str


def read_judged(name: str) -> list[Judged]:
    """Return what was said of a server's findings. Raises ValueError for a word that is none."""
    path = HERE / "judged" / f"{name}.yaml"
    rows = yaml.safe_load(path.read_text(encoding="utf-8"))["findings"] if path.exists() else []
    found = [Judged(tuple(row["contracts"]), str(row["word"]), str(row["reason"])) for row in rows]
    if wrong := [one.word for one in found if one.word not in WORDS or not one.reason.strip()]:
        raise ValueError(f"{path.name}: {wrong[0]} is none of {', '.join(WORDS)}, or has no reason")
    return found


def find_word(contract: str, judged: Sequence[Judged]) -> str:
    """Return the word on a contract: that of the first pattern that fits it."""
    fitting = (one.word for one in judged if any(fnmatchcase(contract, p) for p in one.contracts))
    return next(fitting, UNJUDGED)


def count_words(contracts: Iterable[str], judged: Sequence[Judged]) -> Counter[str]:
    """Return how many of these contracts each word was said of."""
    return Counter(find_word(contract, judged) for contract in contracts)
