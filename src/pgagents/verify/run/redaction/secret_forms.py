"""List the texts in which a secret may stand: its parts, and what a server may make of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.model.identity import list_secrets
from pgagents.model.model import Model
from pgagents.verify.run.redaction.decoded import unescape


def name_masks(model: Model | None, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of keys to mask, each with its mask."""
    return {
        text: f"[key of {role}, {part}]" if part else f"[key of {role}]"
        for text, (role, part) in _list_secrets(model, keys).items()
        if text
    }


def _list_secrets(model: Model | None, keys: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
    return list_secrets(model, keys) if model is not None else {key: (role, "") for role, key in keys.items()}


def list_forms(secret: str) -> set[str]:
    """Return the texts that a server may make of a secret when it decodes it by mistake.

    A plus sign may become a blank, and blanks may be missing. An apparent escape may be decoded, and UTF-8
    may be read as Latin-1.
    """
    forms = {secret, secret.replace(" ", "+"), "".join(secret.split())}
    for _ in range(2):
        forms |= {unescape(form) for form in forms}
    if not secret.isascii():
        forms |= {form.encode("utf-8", "replace").decode("latin-1") for form in list(forms)}
    return {form for form in forms if form}


def list_parts(value: str) -> list[str]:
    """Return a header's value and its parts: the credentials after a scheme's name, those inside Basic, or
    a cookie's value.
    """
    found = [value]
    scheme, _, rest = value.partition(" ")
    if scheme.lower() in ("bearer", "basic", "token", "apikey", "digest") and rest:
        found.append(rest)
        if scheme.lower() == "basic":
            try:
                plain = base64.b64decode(rest, validate=True).decode("utf-8", "replace")
            except (ValueError, binascii.Error):
                return found
            found += [plain, plain.partition(":")[2]]
    elif "=" in value:
        found += [part.partition("=")[2].strip() for part in value.split(";")]
    return found


def list_texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from list_texts(one)
