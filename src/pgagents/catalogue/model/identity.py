"""Find the secrets of a role, and choose the credentials with which it can make a call.

Secrets are in a mapping of keys. The key is `ROLE` for the first scheme and `ROLE.SCHEME` for each further
scheme.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pgagents.base.http import Request
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model

Alternative = tuple[str, ...]


def name_holder(model: Model, role: str, scheme: str) -> str:
    """Return the key in the mapping under which a role's secret for a scheme is stored."""
    first = model.credential is None or model.credential.name == scheme
    return role if first else f"{role}.{scheme}"


def find_secret(model: Model, keys: Mapping[str, str], role: str, scheme: str) -> str:
    """Return a role's secret for a scheme; empty if it has none."""
    return keys.get(name_holder(model, role, scheme), "")


def find_keys(model: Model, keys: Mapping[str, str], role: str) -> dict[str, str]:
    """Return a role's secrets by scheme name, without the schemes for which it has no secret."""
    found = {name: find_secret(model, keys, role, name) for name in model.credentials}
    return {name: secret for name, secret in found.items() if secret}


def find_credential(model: Model, holder: str) -> Credential | None:
    """Return the credential that a key of the mapping belongs to; None if the API needs no credentials."""
    return model.credentials.get(holder.partition(".")[2]) or model.credential


def has_all(model: Model, keys: Mapping[str, str], role: str, names: Iterable[str]) -> bool:
    """Return whether a role has a secret for each of these schemes."""
    return all(find_secret(model, keys, role, name) for name in names)


def choose(
    model: Model, keys: Mapping[str, str], role: str, alternatives: Sequence[Alternative]
) -> Alternative:
    """Return the first alternative for which a role has all secrets; an empty one if there is none."""
    return next((one for one in alternatives if one and has_all(model, keys, role, one)), ())


def find_lacking(
    model: Model, keys: Mapping[str, str], role: str, alternatives: Sequence[Alternative]
) -> str:
    """Return the name of the first secret that a call of a role needs and that `keys` does not hold.

    `keys` holds secrets by these names. Return an empty text if none is missing, or if `keys` has none of the
    role.
    """
    has_any = any(holder.partition(".")[0] == role for holder in keys)
    if not has_any or choose(model, keys, role, alternatives):
        return ""
    first: Alternative = next((one for one in alternatives if one), ())
    holders = (name_holder(model, role, name) for name in first)
    return next((holder for holder in holders if not keys.get(holder)), "")


def list_secrets(model: Model, keys: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the texts to mask.

    Each is mapped to its key in the mapping and the name of the secret's part.
    """
    found: dict[str, tuple[str, str]] = {}
    for holder, key in keys.items():
        credential = find_credential(model, holder)
        parts = credential.list_secrets(key) if credential is not None else {key: ""}
        found |= {text: (holder, part) for text, part in parts.items()}
    return found


def find_proof(model: Model, request: Request) -> str:
    """Return the values in all credential places of a request, joined by blanks; empty if there are none."""
    return " ".join(v for c in model.credentials.values() if (v := c.find_value(request)))


def has_proof(model: Model, request: Request) -> bool:
    """Return whether a request has a value in the place of any credential."""
    return any(credential.is_given(request) for credential in model.credentials.values())


def variable_of_scheme(model: Model, scheme: str, first: str) -> str:
    """Return the environment variable of a scheme's secret.

    It is `first` for the first scheme, and `first` with the scheme's name appended for any other.
    """
    if model.credential is None or model.credential.name == scheme:
        return first
    return f"{first}_{as_variable(scheme)}"


def as_variable(name: str) -> str:
    """Return a name in upper case, with every character that environment variables do not allow replaced by
    `_`.
    """
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
