"""Find how many items a list has by its own account, on any of its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.verify.cases.paging.page_request import Page

_TOTAL = re.compile(r"total", re.I)
_OF_A_PART = re.compile(r"page|part|sum|remain|left", re.I)
LEAST = 2
"""Fewest items by which a number shows that it counts them: smaller ones are common."""


def find_totals(page: Page) -> dict[str, int]:
    """Return the members that count the items of a whole list, by path: named totals that equal their number.

    `page` holds the whole list. Totals of pages or sums are none.
    """
    many = len(page.items)
    return {path: n for path, n in _list_totals(page) if many >= LEAST and n == many}


def find_other_total(page: Page, totals: Mapping[str, int]) -> tuple[str, int] | None:
    """Return the path and value of a total that another page tells otherwise; None if there is none."""
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
