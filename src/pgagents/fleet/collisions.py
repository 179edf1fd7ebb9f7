"""Find the tools of several APIs that a model could confuse, if one host sees these APIs together.

Tools collide by the same name, as hosts compare names without case and signs, or by descriptions that are
nearly equal.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

NEARLY = 0.8
"""The share of all words of two descriptions that both have, from which on they collide."""
FEW_WORDS = 4
"""Descriptions of fewer words say too little to be compared."""
MOST_WORDS = 200
"""Words of a description that are compared."""
MOST_SHARING = 1_000
"""Different descriptions that share a rare word, and are compared with each other. Others are not."""


@dataclass(frozen=True, slots=True)
class ToolText:
    """A tool of an API, as its host sees it."""

    api: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Collision:
    """Tools that collide. `kind` is `name` or `description`, and `tools` are texts such as `library.find`."""

    kind: str
    what: str
    tools: tuple[str, ...]


def find_collisions(
    tools: Sequence[ToolText], seen_by: Mapping[str, tuple[str, ...]]
) -> tuple[Collision, ...]:
    """Return the collisions, those of most tools first.

    `seen_by` has the hosts of each API. APIs without any are seen together.
    """
    found = [*_compare_names(tools, seen_by), *_compare_texts(tools, seen_by)]
    return tuple(sorted(found, key=lambda one: (one.kind != "name", -len(one.tools), one.what)))


def _list_hosts(api: str, seen_by: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return seen_by.get(api) or ("",)


def _group(
    keyed: Mapping[str, list[ToolText]], seen_by: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, list[ToolText]]]:
    """Yield each key with the tools of several APIs that one host sees, once for the same tools."""
    for key, tools in keyed.items():
        by_host: dict[str, list[ToolText]] = defaultdict(list)
        for tool in tools:
            for host in _list_hosts(tool.api, seen_by):
                by_host[host].append(tool)
        several = {tuple(group) for group in by_host.values() if len({tool.api for tool in group}) > 1}
        yield from ((key, list(group)) for group in several)


def _name(tools: Sequence[ToolText]) -> tuple[str, ...]:
    return tuple(sorted({f"{tool.api}.{tool.name}" for tool in tools}))


def _compare_names(tools: Sequence[ToolText], seen_by: Mapping[str, tuple[str, ...]]) -> Iterator[Collision]:
    keyed: dict[str, list[ToolText]] = defaultdict(list)
    for tool in tools:
        keyed[re.sub(r"[^a-z0-9]", "", tool.name.lower())].append(tool)
    for _, group in _group(keyed, seen_by):
        yield Collision("name", group[0].name, _name(group))


def _compare_texts(tools: Sequence[ToolText], seen_by: Mapping[str, tuple[str, ...]]) -> Iterator[Collision]:
    """Yield groups of equal descriptions, then pairs of nearly equal ones of differently named tools."""
    by_words: dict[frozenset[str], list[ToolText]] = defaultdict(list)
    for tool in tools:
        words = frozenset(re.findall(r"\w+", tool.description.lower())[:MOST_WORDS])
        if len(words) >= FEW_WORDS:
            by_words[words].append(tool)
    keyed = {" ".join(sorted(words)): group for words, group in by_words.items()}
    for _, group in _group(keyed, seen_by):
        if len({tool.name for tool in group}) > 1:
            yield Collision("description", group[0].description, _name(group))
    for left, right in _list_near(list(by_words)):
        for _, group in _group({"": [*by_words[left], *by_words[right]]}, seen_by):
            names = {
                frozenset(tool.name for tool in group if tool in by_words[side]) for side in (left, right)
            }
            apis = {tool.api for tool in group}
            if len(names) > 1 and len(apis) > 1:
                yield Collision("description", group[0].description, _name(group))


def _list_near(texts: Sequence[frozenset[str]]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield the pairs of texts with enough words in common.

    Two such texts differ in few words, so they share one of a few more of their rarest words. Only texts with
    such a word in common are compared.
    """
    frequency = Counter(word for words in texts for word in words)
    index: dict[str, list[int]] = defaultdict(list)
    for place, words in enumerate(texts):
        rarest = sorted(words, key=lambda word: (frequency[word], word))
        for word in rarest[: len(words) - math.ceil(NEARLY * len(words)) + 1]:
            index[word].append(place)
    pairs = {pair for places in index.values() for pair in combinations(places[:MOST_SHARING], 2)}
    for left, right in sorted(pairs):
        one, other = texts[left], texts[right]
        if len(one & other) >= NEARLY * len(one | other):
            yield one, other
