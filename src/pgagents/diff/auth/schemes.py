"""Match the credential schemes of two editions, so that a scheme with another name is not another scheme."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from pgagents.model.model import Model


def match_schemes(old: Mapping[str, Hashable], new: Mapping[str, Hashable]) -> dict[str, str]:
    """Return the new names of renamed schemes by their old ones. Each side has the form of each scheme.

    A scheme is only renamed if each name is missing in the other edition, and both have the same form.
    """
    free: dict[Hashable, list[str]] = {}
    for name, form in new.items():
        if name not in old:
            free.setdefault(form, []).append(name)
    renamed: dict[str, str] = {}
    lost = [name for name in old if name not in new]
    for fits in (_is_respelled, lambda _, __: True):
        for name in lost:
            among = free.get(old[name], [])
            found = next((one for one in among if fits(name, one)), None) if name not in renamed else None
            if found is not None:
                renamed[name] = found
                among.remove(found)
    return renamed


def _is_respelled(one: str, other: str) -> bool:
    """Return whether two names differ only in their signs and in upper and lower case."""
    letters = ["".join(c for c in name.lower() if c.isalnum()) for name in (one, other)]
    return letters[0] == letters[1]


def match_credentials(old: Model, new: Model) -> dict[str, str]:
    """Return the new names of a catalogue's renamed schemes by their old ones."""
    before, after = ({name: one.show() for name, one in model.credentials.items()} for model in (old, new))
    return match_schemes(before, after)
