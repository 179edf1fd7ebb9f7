"""English nouns: the singular of a plural, as names of paths and collections use them."""

from __future__ import annotations

import re

_LAST = re.compile(r"[A-Z]*[a-z]+$|[A-Z]+$")
"""Matches the last word of a name. Signs or capital letters separate words."""
_LISTED = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "criteria": "criterion", "indices": "index", "vertices": "vertex", "matrices": "matrix",
    "appendices": "appendix", "axes": "axis", "analyses": "analysis", "crises": "crisis", "theses": "thesis",
    "diagnoses": "diagnosis", "synopses": "synopsis", "quizzes": "quiz",
    "shelves": "shelf", "bookshelves": "bookshelf", "wolves": "wolf", "halves": "half", "calves": "calf",
    "loaves": "loaf", "leaves": "leaf", "knives": "knife", "lives": "life", "wives": "wife",
    "thieves": "thief", "selves": "self", "scarves": "scarf",
    "movies": "movie", "cookies": "cookie", "calories": "calorie", "selfies": "selfie", "ties": "tie",
    "pies": "pie", "lies": "lie", "heroes": "hero", "potatoes": "potato", "tomatoes": "tomato",
    "echoes": "echo", "vetoes": "veto", "caches": "cache", "niches": "niche", "headaches": "headache",
    "avalanches": "avalanche", "buses": "bus", "gases": "gas", "lenses": "lens", "statuses": "status",
    "aliases": "alias", "canvases": "canvas", "bonuses": "bonus", "viruses": "virus", "campuses": "campus",
    "atlases": "atlas", "biases": "bias", "menus": "menu", "skus": "sku", "cpus": "cpu", "gpus": "gpu",
    "vcpus": "vcpu", "tpus": "tpu", "gurus": "guru",
}  # fmt: skip
"""Plurals that follow no rule."""
_SAME = frozenset((
    "series", "species", "news", "gas", "lens", "alias", "canvas", "bias", "atlas", "axis", "dns", "sms",
    "mms", "https", "aws", "gps", "css", "rss", "cors", "sas", "ios", "tls", "nas", "cms", "pos", "gis",
    "macos", "sis",
))  # fmt: skip
"""Singular nouns that end in s."""
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("zzes", "zz"), ("ches", "ch"), ("shes", "sh"))


def singular(name: str) -> str:
    """Return a name with its last word in the singular. A word that is no plural is unchanged."""
    found = _LAST.search(name)
    if found is None:
        return name
    last = found[0]
    word = last.lower()
    one = _singular_of(word)
    kept = next(
        (n for n, (a, b) in enumerate(zip(word, one, strict=False)) if a != b), min(len(word), len(one))
    )
    return name[: found.start()] + last[:kept] + one[kept:]


def _singular_of(word: str) -> str:
    if word in _LISTED:
        return _LISTED[word]
    if word in _SAME or word.endswith(("ss", "us", "sis")) or len(word) < 3 or not word.endswith("s"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word[:-1]
