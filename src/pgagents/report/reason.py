"""Say why a contract has no verdict, with the options and the lines of a catalogue that lift it.

Lines are YAML that is merged into a catalogue: mappings by key, and null removes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from shlex import quote
from typing import Any

from pgagents.base.places import Pointer

Entry = Mapping[str, Any]
ALLOW = "--allow "
"""The beginning of the option by which a caller lets a call pass."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


class Reason(str):
    """A sentence for people. `options` and `lines` lift it for programs; capitals are to be replaced.

    It is `of_others` if the options let a call change or remove what a run has not made.
    """

    __slots__ = ("lines", "of_others", "options")
    options: tuple[str, ...]
    lines: tuple[str, ...]
    of_others: bool

    def __new__(
        cls, says: str, options: Iterable[str] = (), lines: Iterable[str] = (), *, of_others: bool = False
    ) -> Reason:
        reason = super().__new__(cls, says)
        reason.options, reason.lines, reason.of_others = tuple(options), tuple(lines), of_others
        return reason

    def reword(self, says: str, options: Iterable[str], lines: Iterable[str]) -> Reason:
        """Return a reason that is this one in other words."""
        return Reason(says, options, lines, of_others=self.of_others)

    def __str__(self) -> str:  # so that an exception's text keeps them
        return self


def rephrase(reason: str, says: str) -> str:
    """Return a reason in other words, which is lifted as before; itself if these are its own."""
    if says == reason:
        return reason
    return reason.reword(says, reason.options, reason.lines) if isinstance(reason, Reason) else says


def redact(reason: str, redacted: Callable[[str], str]) -> str:
    """Return a reason whose sentence, options and lines have no secret any more; itself if it has none."""
    lifts = (reason.options, reason.lines) if isinstance(reason, Reason) else ((), ())
    options, lines = (tuple(map(redacted, texts)) for texts in lifts)
    says = redacted(reason)
    if (says, options, lines) == (reason, *lifts):
        return reason
    return reason.reword(says, options, lines) if isinstance(reason, Reason) else says


def allow(*names: object) -> str:
    """Return the option that lets a call, or an argument of it, pass."""
    return ALLOW + _quote_names(names)


def as_read(name: object) -> str:
    """Return the option by which a call that may act counts as a read."""
    return f"--reads {_quote_names((name,))}"


def _quote_names(names: Iterable[object]) -> str:
    return quote(".".join(map(str, names)))  # a document or a server of others may call a thing `$(rm …)`


def without_allow(says: str, *names: object, does: str = "would call it", of_others: bool = False) -> Reason:
    """Return the reason of a call that `--allow` with an action, or its argument, would let pass."""
    option, lines = allow(*names), getattr(says, "lines", ())
    return Reason(f"{says}: {option} {does}", (option,), lines, of_others=of_others)


def without_role(role: str) -> Reason:
    """Return the reason of a call for which the run lacks a key."""
    option = f"--identity {role}=ENVVAR"
    return Reason(f"needs the identity `{role}`: add {option}", (option,))


def without_env(needed: str, key: str) -> Reason:
    """Return the reason of a contract for which a key of the caller's `--env` file is missing."""
    return Reason(f"needs {needed}: add `{key}` to the --env file", ("--env FILE",))


def is_forbidden(reason: str) -> bool:
    """True if the caller would let the call pass by `--allow`."""
    return any(option.startswith(ALLOW) for option in getattr(reason, "options", ()))


def nest(pointer: Pointer, value: Any) -> dict[str, Any]:
    """Return an entry of a catalogue with a value at a place."""
    for step in reversed(pointer):
        value = {step: value}
    found: dict[str, Any] = value
    return found


def write(entry: Entry) -> str:
    """Return the members of a catalogue as YAML, a line for each of its sections."""
    return "\n".join(f"{section}: {_flow(value)}" for section, value in entry.items())


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(member)}' for key, member in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def line_at(*pointer: str, value: Any) -> str:
    """Return the line of a catalogue that says a value at a place."""
    return write(nest(pointer, value))


def example_at(action: str, name: str, arguments: Iterable[str]) -> str:
    """Return the line that gives an action an example with these arguments, whose values are to be chosen."""
    return line_at("actions", action, "examples", name, "input", value=dict.fromkeys(arguments, "VALUE"))
