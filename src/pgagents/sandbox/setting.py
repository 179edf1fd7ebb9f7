"""What a domain is given to work with."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pgagents.model import Model
from pgagents.sandbox.clock import Clock
from pgagents.sandbox.keys import Keyring
from pgagents.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Setting:
    """The catalogue, where things are kept, time, chance, keys, the world's seed, and the secret that signs payment events."""

    model: Model
    store: Store
    clock: Clock
    rng: random.Random
    keyring: Keyring
    seed: int
    stripe_secret: str
