"""A schema of a document, held whole, in the two ways in which servers read it.

Editions of OpenAPI disagree on what `nullable`, a keyword beside `$ref`, a `readOnly` member that is
required or a format of one's own mean. A value is valid if both readings take it, and invalid if neither
does. Otherwise nobody can say, and no verdict may rest on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.places import plain

FLOAT_MULTIPLE = "x-pgagents-float-multiple"
"""Keyword of the strict reading: a multiple also for servers that divide floats, to which 0.15 is none of
0.05.
"""


@dataclass(slots=True, eq=False)
class Readings:
    """The strict and the lenient reading of one schema, each with all schemas that it refers to.

    `gaps` are the parts that could not be held, each with its place; a value is judged without them.
    """

    strict: Mapping[str, Any]
    lenient: Mapping[str, Any]
    gaps: tuple[str, ...] = ()
    dangling: str = ""
    """The first gap that is a reference to nothing, an author's mistake behind which anything may stand."""
    _compiled: list[Any] = field(default_factory=list)

    def judge(self, value: Any) -> bool | None:
        """Return True for a value that is valid under both readings, False under none, else None."""
        if not self.strict and not self.lenient:
            return True
        value = plain(value)
        try:
            strict, lenient = (test.is_valid(value) for test in self._compile())
        except ValueError:  # a text that is not Unicode, such as half a surrogate pair
            return None
        return bool(strict) if strict == lenient else None

    def explain(self, value: Any) -> str:
        """Return the keyword that a value breaks and its place in the value; empty if it breaks none."""
        value = plain(value)
        for test in self._compile():
            try:
                error = next(iter(test.iter_errors(value)), None)
            except ValueError:
                return "a text that is not Unicode"
            if error is not None:
                at = ".".join(map(str, error.instance_path))
                steps = [str(step) for step in error.schema_path if str(step) != FLOAT_MULTIPLE]
                word = next((step for step in reversed(steps) if not step.isdigit()), "multipleOf")
                return f"`{word}` at {at}" if at else f"`{word}`"
        return ""

    def _compile(self) -> list[Any]:
        if not self._compiled:
            self._compiled.append(_compile(self.strict))
            same = self.strict == self.lenient
            self._compiled.append(self._compiled[0] if same else _compile(self.lenient))
        return self._compiled

    def check(self) -> str:
        """Compile both readings. Return why that is impossible; empty if it is possible."""
        import jsonschema_rs

        try:
            self._compile()
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            return str(getattr(error, "message", error)).splitlines()[0][:200]
        return ""


def _compile(schema: Mapping[str, Any]) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        dict(schema), validate_formats=True, keywords={FLOAT_MULTIPLE: _FloatMultiple}
    )


class _FloatMultiple:
    def __init__(self, parent: Any, value: Any, path: Any) -> None:
        del parent, path
        self.unit = value

    def validate(self, value: Any) -> None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            quotient = value / self.unit
            if quotient != int(quotient):
                raise ValueError(f"{value} is not a multiple of {self.unit}")
