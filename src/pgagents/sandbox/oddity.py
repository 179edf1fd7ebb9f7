"""Faults and liberties: found by their file, switched on by name, laid around the handler."""

from __future__ import annotations

import importlib
import inspect
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from pgagents.errors import PgagentsError
from pgagents.model import Model
from pgagents.nearest import did_you_mean
from pgagents.registry import names
from pgagents.sandbox.deliver import Courier
from pgagents.sandbox.front import Front
from pgagents.wire import Handler

KINDS = ("faults", "liberties")
OF_MCP = ("mcp_faults", "mcp_liberties")
"""Those that are laid around an MCP server, not around the API."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a fault or liberty may look at, and the front whose `domain`, `decoder` or `limits` it may replace.

    `courier` sends events, `sleep` lets seconds pass before an answer.
    """

    model: Model
    front: Front
    rng: random.Random
    courier: Courier
    sleep: Callable[[float], None] = time.sleep


def known(kind: str) -> list[str]:
    """Names of all faults or all liberties, as the command line spells them."""
    return [name.rpartition(".")[2].replace("_", "-") for name in names(f"pgagents.sandbox.{kind}")]


def module(kind: str, name: str) -> ModuleType:
    """The module of a fault or liberty. Raises PgagentsError where there is none."""
    if name not in known(kind):
        what = "fault" if kind.endswith("faults") else "liberty"
        raise PgagentsError(f"there is no {what} {name!r}", did_you_mean(name, known(kind)) or "list them: pgagents sandbox --list-faults")
    return importlib.import_module(f"pgagents.sandbox.{kind}.{name.replace('-', '_')}")


def sentence(found: ModuleType) -> str:
    """What a fault or liberty does, in one sentence."""
    return (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ")


def listing() -> Mapping[str, Mapping[str, str]]:
    """Every fault and liberty with its sentence."""
    return {kind: {name: sentence(module(kind, name)) for name in known(kind)} for kind in KINDS}


def wrapped(handler: Handler, context: Context, faults: Sequence[str], liberties: Sequence[str]) -> Handler:
    """The handler with these laid around it, in this order from the inside."""
    return _around(KINDS, handler, context, faults, liberties)


def around_mcp(handler: Handler, context: Context, faults: Sequence[str], liberties: Sequence[str]) -> Handler:
    """An MCP server's handler with these laid around it."""
    return _around(OF_MCP, handler, context, faults, liberties)


def _around(kinds: Sequence[str], handler: Handler, context: Context, *chosen: Sequence[str]) -> Handler:
    for kind, several in zip(kinds, chosen, strict=True):
        for name in several:
            handler = module(kind, name).wrap(handler, context)
    return handler
