"""Find members of an answer that give the number of items in a list, on any of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.verify.cases.paging.page_request import Page

_TOTAL = re.compile(r"total", re.I)
_OF_A_PART = re.compile(r"page|part|sum|remain|left", re.I)
LEAST = 2
"""Smallest list for which a total is recognised. Smaller numbers are too common."""


def find_totals(page: Page) -> dict[str, int]:
    """Return, by path, the members that count the items of the whole list: they are named as totals and equal
    the number.

    `page` holds the whole list. Members about pages, and sums, are left out.
    """
    many = len(page.items)
    return {path: n for path, n in _list_totals(page) if many >= LEAST and n == many}


def find_other_total(page: Page, totals: Mapping[str, int]) -> tuple[str, int] | None:
    """Return path and value of a total that differs on another page; None if there is none."""
    told = dict(_list_totals(page))
    return next(((path, told[path]) for path, n in totals.items() if told.get(path, n) != n), None)


def _list_totals(page: Page) -> Iterator[tuple[str, int]]:
    body = page.exchange.body
    for name, value in body.items() if isinstance(body, Mapping) else ():
        inner = value.items() if isinstance(value, Mapping) else ()
        for path, number in ((str(name), value), *((f"{name}.{key}", n) for key, n in inner)):
            if _is_total(path, number):
                yield path, number


def _is_total(path: str, value: Any) -> bool:
    name = path.rpartition(".")[2]
    return type(value) is int and _TOTAL.search(name) is not None and _OF_A_PART.search(name) is None
