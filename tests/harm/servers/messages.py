"""Messages stay once they are made: no call removes them."""

from __future__ import annotations

from typing import ClassVar

from harm.servers.base import Items


class Case(Items):
    """Items as messages are: sent once and for all."""

    removable: ClassVar = frozenset()
    remove_item = None
