"""Build a sandbox from its parts: store, clock, keys, domain, front, and the chosen faults and variations."""

from __future__ import annotations

import importlib
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler
from pgagents.base.text import did_you_mean
from pgagents.catalogue.model.credential import schemes
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import grants, keys, targets_allowed
from pgagents.sandbox.call import Clock, Domain
from pgagents.sandbox.deliver import Courier, HttpsPost, Post
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_registry import wrap_api
from pgagents.sandbox.front import Front
from pgagents.sandbox.grants import Client
from pgagents.sandbox.grants import seed as seed_clients
from pgagents.sandbox.mock import mock
from pgagents.sandbox.outbox import Outbox
from pgagents.sandbox.setting import Address, Retention, Setting, Site
from pgagents.sandbox.store import Store
from pgagents.sandbox.targets_allowed import Resolve

DOMAINS = "pgagents.sandbox.domain"
"""The entry point group of domains.

Each is a module with `domain(setting)`, under the name that a catalogue writes as `domain`.
"""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox without sockets. `handler` is the front with the faults around it; `tokens` are
    the keys by role.
    """

    handler: Handler
    front: Front
    tokens: Mapping[str, str]
    stripe_secret: str
    courier: Courier
    chore: Callable[[], None]
    """A function that does a limited piece of background work, such as deletion. It is called repeatedly."""
    oauth: Mapping[str, Mapping[str, object]]
    """OAuth clients that are registered at the start, by kind; empty if the catalogue has no OAuth."""


def open_sandbox(
    model: Model,
    *,
    seed: int | None = None,
    db: Path | None = None,
    start: float | None = None,
    time_source: Callable[[], float] = time.time,
    rng: random.Random | None = None,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    allow_loopback: bool = False,
    oauth_clients: Sequence[Client] = (),
    resolve: Resolve = lambda _: (),
    post: Post | None = None,
    log: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Sandbox:
    """Build a sandbox.

    `start` sets its clock (epoch seconds). `rng` makes keys and ids; the default is the system's.
    `oauth_clients` are registered besides the sandbox's own. `sleep` waits for slow faults. If `seed` is
    None, it is the database's seed, or 0 for a new database. Raises PgagentsError for a database that is
    unusable or of another catalogue or seed, and for an unknown fault or variation.
    """
    chance = rng or random.SystemRandom()
    clock = Clock(time_source, start)
    store, world = _open_store(model, db, seed)
    keyring = keys.Keyring(model, store, chance)
    stripe_secret = "whsec_" + keys.word(chance, 32)
    grants.prepare(store)
    with store.transaction():
        store.run("DELETE FROM api_key WHERE seeded = 1")
        tokens = keys.seed(keyring, clock.now())
        clients = seed_clients(model, store, chance, oauth_clients)
    try:
        outbox = Outbox(store, chance, time_source)
    except PgagentsError:
        store.close()
        raise
    problem = partial(targets_allowed.problem, allow_loopback=allow_loopback, resolve=resolve)
    setting = Setting(
        model,
        store,
        clock,
        chance,
        keyring,
        world,
        stripe_secret,
        Address(str(model.api.server)),
        outbox,
        Retention(model.retention),
        problem,
    )
    courier = _make_courier(model, outbox, time_source, chance, post, resolve, allow_loopback=allow_loopback)
    front = Front(model, domain(setting), store, keyring, clock, chance, Site(setting), log)
    handler = wrap_api(front, Context(model, front, chance, courier, sleep), faults, variations)
    return Sandbox(handler, front, tokens, stripe_secret, courier, partial(_chore, setting), clients)


def _open_store(model: Model, db: Path | None, seed: int | None) -> tuple[Store, int]:
    """Open the database, and return it with the seed of its world. Raises as `open_sandbox`."""
    store = Store(db)
    try:
        return store, _same_world(store, str(model.api.id), seed)
    except PgagentsError:
        store.close()
        raise


def _make_courier(
    model: Model,
    outbox: Outbox,
    time_source: Callable[[], float],
    chance: random.Random,
    post: Post | None,
    resolve: Resolve,
    *,
    allow_loopback: bool,
) -> Courier:
    """Return the courier that signs the outbox's events as the catalogue says, and sends them."""
    signed = model.webhooks.signature if model.webhooks else None
    scheme = schemes()[signed.scheme] if signed else None
    outbox.coded = scheme is not None and scheme.coded_secret
    return Courier(
        outbox,
        signed.header if signed else "",
        scheme,
        time_source,
        chance,
        post or HttpsPost(),
        resolve,
        allow_loopback=allow_loopback,
    )


def _chore(setting: Setting) -> None:
    with setting.store.transaction():
        setting.retention.run(setting.clock.now())


def _same_world(store: Store, api: str, seed: int | None) -> int:
    """Return the seed of the store. Raises PgagentsError if it belongs to another API or seed."""
    with store.transaction():
        kept_api, kept_seed = store.setting("api", api), int(store.setting("seed", str(seed or 0)))
    if kept_api != api:
        raise PgagentsError(f"the database holds the world of {kept_api}, not of {api}", "give another --db")
    if seed is not None and seed != kept_seed:
        raise PgagentsError(
            f"the database holds the world of seed {kept_seed}, not {seed}",
            "give another --db, or leave --seed out",
        )
    return kept_seed


def domain(setting: Setting) -> Domain:
    """Return the domain that the catalogue names, by an entry point of DOMAINS; the mock of its examples
    and schemas if it names none. Raises PgagentsError if no package has the domain.
    """
    name = setting.model.domain
    if not name:
        return mock.domain(setting)
    module = _domains().get(name)
    if module is None:
        raise PgagentsError(
            f"no installed package has the domain {name!r}",
            did_you_mean(name, _domains())
            or f"install the package whose entry point in {DOMAINS!r} it is, or leave `sandbox.domain` out",
        )
    found: Domain = importlib.import_module(module).domain(setting)
    return found


@cache
def _domains() -> dict[str, str]:
    """Return the modules of domains by their names in catalogues."""
    return {entry.name: entry.module for entry in entry_points(group=DOMAINS)}
