"""Find the API key that is linked to a caller: in a JSON file, or by a function of the operator."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pgagents.client.answer import Problem
from pgagents.client.environment import header_safe
from pgagents.errors import PgagentsError
from pgagents.mcp.hosting.caller import Caller
from pgagents.mcp.hosting.clients import FindKeys, Keys
from pgagents.mcp.hosting.log import note
from pgagents.model.model import Model

MOST_BYTES = 10_000_000
FORM = 'it maps subjects to keys: {"ada@example.com": "sk_…"}'


def find_linked_keys(model: Model, where: str) -> FindKeys:
    """Return the function that finds a caller's keys. `where` is a JSON file, or `module:function`.

    Raises PgagentsError if the file or function does not exist.
    """
    if not model.credentials:
        raise PgagentsError("the API takes no keys, so callers cannot be linked to any", "leave it out")
    module, colon, name = where.partition(":")
    if colon and not Path(where).exists() and module.replace(".", "").isidentifier() and name.isidentifier():
        ask = _import(module, name)
    else:
        ask = KeyFile(Path(where)).find
    return _checked(model, ask)


class KeyFile:
    """A JSON file that is read again after a change. The last valid content counts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] = (-1, -1)
        self._keys: Mapping[str, Any] = {}
        self._read()

    def find(self, caller: Caller) -> Any:
        """Return the file's entry for the caller's subject, or None."""
        try:
            self._read()
        except PgagentsError as error:
            note("linked_keys_unreadable", {"why": error.message})
        return self._keys.get(caller.subject)

    def _read(self) -> None:
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            if found.st_size > MOST_BYTES:
                raise PgagentsError(f"{self._path} has more than {MOST_BYTES:,} bytes", "use a function")
            keys = json.loads(self._path.read_text(encoding="utf-8"))
        except OSError as error:
            raise PgagentsError(f"{self._path} cannot be read: {error.strerror}", FORM) from None
        except (ValueError, RecursionError):
            raise PgagentsError(f"{self._path} is no JSON", FORM) from None
        if not isinstance(keys, dict) or not all(_is_entry(one) for one in keys.values()):
            raise PgagentsError(f"{self._path} is no map of subjects to keys", FORM)
        self._keys, self._stamp = keys, stamp


def _is_entry(one: Any) -> bool:
    return isinstance(one, str) or (
        isinstance(one, dict) and all(isinstance(value, str) for value in one.values())
    )


def _import(module: str, name: str) -> Callable[[Caller], Any]:
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PgagentsError(
            f"the function {module}:{name} cannot be imported: {error}",
            "give a module on PYTHONPATH and a function of it",
        ) from None
    if not callable(found):
        raise PgagentsError(f"{module}:{name} is no function", "it takes a Caller and returns a key or None")
    ask: Callable[[Caller], Any] = found
    return ask


def _checked(model: Model, ask: Callable[[Caller], Any]) -> FindKeys:
    first = next(iter(model.credentials))

    async def find_keys(caller: Caller) -> Keys | Problem:
        if not caller.subject:
            return Problem("not_linked", "the sign-in names no user, so no key can be found", sent=False)
        found = ask(caller)
        if inspect.isawaitable(found):
            found = await found
        if not found:
            return _not_linked(model)
        keys = {first: found} if isinstance(found, str) else dict(found)
        try:
            return {
                scheme: header_safe(key, f"the linked key of {caller.pseudonym}", model.credentials[scheme])
                for scheme, key in keys.items()
                if scheme in model.credentials
            }
        except PgagentsError as error:
            note("linked_key_unusable", {"caller": caller.pseudonym, "why": error.message})
            return Problem(
                "bad_key", f"{error.message}; whoever runs this server must correct it", sent=False
            )

    return find_keys


def _not_linked(model: Model) -> Problem:
    issued = model.credential.issue_at if model.credential is not None else None
    where = f"; a key is issued at {issued}" if issued else ""
    return Problem("not_linked", f"this sign-in is not linked to an account of the API{where}", sent=False)
