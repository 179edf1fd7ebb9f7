"""The secrets of identities, by role and scheme, and the alternative by which a call is made.

A mapping of keys has a role's secret for the first scheme under the role, and for a further scheme under
`ROLE.SCHEME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pgagents.http import Request
from pgagents.model.credential import Credential
from pgagents.model.model import Model

Alternative = tuple[str, ...]


def name_holder(model: Model, role: str, scheme: str) -> str:
    """Return the name under which a mapping of keys has a role's secret for a scheme."""
    first = model.credential is None or model.credential.name == scheme
    return role if first else f"{role}.{scheme}"


def find_secret(model: Model, keys: Mapping[str, str], role: str, scheme: str) -> str:
    """Return a role's secret for a scheme; empty if it has none."""
    return keys.get(name_holder(model, role, scheme), "")


def find_keys(model: Model, keys: Mapping[str, str], role: str) -> dict[str, str]:
    """Return a role's secrets by the names of their schemes; schemes without a secret are left out."""
    found = {name: find_secret(model, keys, role, name) for name in model.credentials}
    return {name: secret for name, secret in found.items() if secret}


def find_credential(model: Model, holder: str) -> Credential | None:
    """Return the credential of a mapping's name; None where no call has a key."""
    return model.credentials.get(holder.partition(".")[2]) or model.credential


def has_all(model: Model, keys: Mapping[str, str], role: str, names: Iterable[str]) -> bool:
    """Return whether a role has a secret for each of these schemes."""
    return all(find_secret(model, keys, role, name) for name in names)


def choose(
    model: Model, keys: Mapping[str, str], role: str, alternatives: Sequence[Alternative]
) -> Alternative:
    """Return the first alternative whose secrets a role has; empty if it has none completely."""
    return next((one for one in alternatives if one and has_all(model, keys, role, one)), ())


def find_lacking(
    model: Model, keys: Mapping[str, str], role: str, alternatives: Sequence[Alternative]
) -> str:
    """Return the name of the first secret that a call needs and a role lacks.

    Return an empty text if it lacks none, or if `keys` does not have the role.
    """
    if role not in keys or choose(model, keys, role, alternatives):
        return ""
    first: Alternative = next((one for one in alternatives if one), ())
    holders = (name_holder(model, role, name) for name in first)
    return next((holder for holder in holders if not keys.get(holder)), "")


def list_secrets(model: Model, keys: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the texts to mask, each with the name of its holder and of the part that it is."""
    found: dict[str, tuple[str, str]] = {}
    for holder, key in keys.items():
        credential = find_credential(model, holder)
        parts = credential.list_secrets(key) if credential is not None else {key: ""}
        found |= {text: (holder, part) for text, part in parts.items()}
    return found


def find_proof(model: Model, request: Request) -> str:
    """Return the texts in the places of all credentials of a request; empty if all places are."""
    return " ".join(v for c in model.credentials.values() if (v := c.find_value(request)))


def has_proof(model: Model, request: Request) -> bool:
    """Return whether a request has anything in the place of a credential."""
    return any(credential.is_given(request) for credential in model.credentials.values())


def variable_of_scheme(model: Model, scheme: str, first: str) -> str:
    """Return the variable of a scheme's secret: `first` for the first scheme, else that with the scheme's
    name behind it.
    """
    if model.credential is None or model.credential.name == scheme:
        return first
    return f"{first}_{as_variable(scheme)}"


def as_variable(name: str) -> str:
    """Return a name as a part of an environment variable."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
