"""Parse a rule's page from its module's docstring: what is wrong, why, and a bad and a good part of a
catalogue.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent

_PART = re.compile(r"^(Bad|Good):\n\n((?:    .*\n|\n)+)", re.M)


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's page. `bad` and `good` are YAML that is merged into a small catalogue; empty if the page
    has none.
    """

    title: str
    text: str
    bad: str
    good: str


def read_page(docstring: str) -> Page:
    """Parse a docstring. The first paragraph is the title; `Bad:` and `Good:` begin indented YAML."""
    whole = docstring.strip() + "\n"
    parts = {name: dedent(body).strip("\n") + "\n" for name, body in _PART.findall(whole)}
    told = _PART.sub("", whole)
    title, _, text = told.partition("\n\n")
    return Page(" ".join(title.split()), text.strip(), parts.get("Bad", ""), parts.get("Good", ""))
