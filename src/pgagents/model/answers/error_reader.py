"""Decide whether an answer is an error, and which of the catalogue's codes it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgagents.model.answers.error_code import Code
from pgagents.source.source import Pointer

REFUSED = 400


@dataclass(frozen=True, slots=True)
class ErrorSign:
    """A condition on the body that marks an answer with a 2xx status as an error.

    The member at `path` is compared with `value`. With `has`, the member only needs to be present.
    """

    wording: str
    path: tuple[str, ...]
    comparison: Literal["==", "!=", "has"]
    value: str | int | float | bool | None
    origin: Pointer

    def holds(self, body: Any) -> bool:
        """Return whether a body has the sign. A body without the member never has it."""
        for step in self.path:
            if not isinstance(body, Mapping) or step not in body:
                return False
            body = body[step]
        if self.comparison == "has":
            return True
        same = body == self.value and isinstance(body, bool) == isinstance(self.value, bool)
        return same if self.comparison == "==" else not same


@dataclass(frozen=True, slots=True)
class ReadError:
    """An error found in an answer.

    `code` is None if the catalogue lacks the code. `said` is the code's value in the body, if it has one.
    """

    code: Code | None
    said: str | None


NO_ERROR = ReadError(None, None)


class ErrorReader:
    """Finds the code of an error by its value in the body.

    Codes without a value are found by their status.
    """

    def __init__(self, codes: Mapping[str, Code], place: str | None, sign: ErrorSign | None = None) -> None:
        self.sign = sign
        self._places = list(dict.fromkeys(p for p in (place, *(c.code_at for c in codes.values())) if p))
        self._by_value: dict[tuple[str, Any], list[Code]] = {}
        self._by_status: dict[int, list[Code]] = {}
        numbered = any(isinstance(code.value, int) for code in codes.values())
        self._kinds: tuple[type, ...] = (str, int, float) if numbered else (str,)
        for code in codes.values():
            if code.code_at is None:
                self._by_status.setdefault(code.status, []).append(code)
            else:
                self._by_value.setdefault((code.code_at, code.value), []).append(code)

    def is_error(self, status: int, body: Any) -> bool:
        """Return whether an answer is an error: by its status, or by the sign in the body of a 2xx."""
        return status >= REFUSED or (self.sign is not None and 200 <= status < 300 and self.sign.holds(body))

    def read(self, status: int, body: Any) -> ReadError:
        """Return the code of an error. If several codes share its value, the status decides."""
        said = None
        for place in self._places:
            raw = value_at(body, place)
            if not isinstance(raw, self._kinds) or isinstance(raw, bool):
                continue
            said = str(raw) if said is None else said
            if found := self._by_value.get((place, raw)):
                return ReadError(next((c for c in found if c.status == status), found[0]), str(raw))
        alone = self._by_status.get(status, []) if said is None else []
        return ReadError(alone[0] if len(alone) == 1 else None, said)


def value_at(body: Any, place: str | None) -> Any:
    """Return the value at a dotted path; None if there is none. A number in the path is the index of a list
    item.
    """
    for step in place.split(".") if place else ():
        if isinstance(body, Mapping):
            body = body.get(step)
        elif isinstance(body, list) and step.isdigit() and len(step) < 6 and int(step) < len(body):
            body = body[int(step)]
        else:
            return None
    return body if place else None
