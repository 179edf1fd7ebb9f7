"""Make the redactor of a run, and hide the keys and tokens that the run gets later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pgagents.model.model import Model
from pgagents.verify.check.memory import Memory
from pgagents.verify.run.redaction.redact import Redactor


def make_redactor(model: Model, keys: Mapping[str, str], values: Sequence[str]) -> Redactor:
    """Return a redactor for the catalogue's secret and private members, for `keys` by role, and for further
    secret `values`.
    """
    return Redactor(
        keys,
        model.secrets,
        values,
        model.private,
        catalogue=model.source.text,
        environment=model.env,
        model=model,
    )


def hide_token(memory: Memory, redactor: Redactor, holder: str, token: str) -> None:
    """Mask an access token from here on, and look for it in answers."""
    if token not in memory.tokens:
        memory.tokens.add(token)
        redactor.hide_token(holder, token)


def hide_key(memory: Memory, redactor: Redactor, holder: str, key: str) -> None:
    """Mask a key that a command printed, and look for it in answers."""
    memory.tokens.add(key)
    redactor.hide_key(holder, key, memory.model)
