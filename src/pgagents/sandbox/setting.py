"""The parts of a sandbox for a domain."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from pgagents.model.model import Model
from pgagents.sandbox.clock import Clock
from pgagents.sandbox.events.outbox import Outbox
from pgagents.sandbox.keys import Keyring
from pgagents.sandbox.retention import Retention
from pgagents.sandbox.store import Store


@dataclass(slots=True)
class Address:
    """The sandbox's base URL for callers. Until the sandbox listens, it is the catalogue's server."""

    url: str


@dataclass(frozen=True, slots=True)
class Setting:
    """The parts of a sandbox for a domain.

    `seed` is the seed of the synthetic data. `stripe_secret` signs payment events.
    """

    model: Model
    store: Store
    clock: Clock
    rng: random.Random
    keyring: Keyring
    seed: int
    stripe_secret: str
    address: Address
    outbox: Outbox
    retention: Retention
    target_problem: Callable[[str], str]
    """A function that returns why a URL may not be a webhook's target; empty if it may."""
