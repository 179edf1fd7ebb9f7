"""Items are numbered from 1."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import ClassVar

from harm.servers.base import NUMBER, Id, Items


class Case(Items):
    """Ids are numbers that count up; no number is given twice."""

    paths: ClassVar = {"item_id": NUMBER}
    likely: ClassVar = (999, 12_345, 2**31 - 1, 2**53 - 1, 2**53)

    def ids(self) -> Iterator[Id]:
        return iter(count(1))
