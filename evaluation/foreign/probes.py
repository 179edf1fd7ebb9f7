"""The answers by which a client tells a server with a bug from the right one."""

from collections.abc import Callable
from typing import NamedTuple

import httpx

Look = Callable[[httpx.Client], object]


class Probe(NamedTuple):
    """A look at a server that was just started, and what it shows."""

    look: Look
    right: object
    buggy: object


class Probes(dict[str, Probe]):
    """Probes by the name of their bug."""

    def of(self, bug: str, *, right: object, buggy: object) -> Callable[[Look], Look]:
        """Note down the look that shows a bug."""

        def note(look: Look) -> Look:
            assert bug not in self
            self[bug] = Probe(look, right, buggy)
            return look

        return note
