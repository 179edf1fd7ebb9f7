"""A rule's page: its module's docstring, cut into what is wrong, why, and a pair of catalogue parts that shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

_PART = re.compile(r"^(Bad|Good):\n\n((?:    .*\n|\n)+)", re.M)


@dataclass(frozen=True, slots=True)
class Page:
    """`bad` and `good` are YAML that is laid over a small catalogue; empty where the page shows none."""

    title: str
    text: str
    bad: str
    good: str


def read_page(docstring: str) -> Page:
    """Cut a docstring: the first sentence is the title, `Bad:` and `Good:` begin indented YAML."""
    whole = docstring.strip() + "\n"
    parts = {name: dedent(body).strip("\n") + "\n" for name, body in _PART.findall(whole)}
    told = _PART.sub("", whole)
    title, _, text = told.partition("\n\n")
    return Page(" ".join(title.split()), text.strip(), parts.get("Bad", ""), parts.get("Good", ""))
