"""Find the judges of function lists. A module under `judges` is one vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from pgagents.lint.tools.found import Found
from pgagents.lint.tools.shape import Tool
from pgagents.registry import collect

PACKAGE = "pgagents.lint.tools.judges"


@dataclass(frozen=True, slots=True)
class ToolJudge:
    """One vendor's judge. Its name is that of its module, followed by `-tools`.

    `title` names the vendor's API in reports. `vendor` is the requirements file that findings refer to.
    `like_openai` is true for lists in OpenAI's form. Only a folder with the module's name, as in the output
    of `build`, distinguishes them.
    """

    title: str
    judge: Callable[[Sequence[Tool], Any], Iterator[Found]]
    vendor: str
    like_openai: bool = False


@cache
def list_judges() -> Mapping[str, ToolJudge]:
    """Return every judge of function lists by its name."""
    return MappingProxyType({f"{name}-tools": module.JUDGE for name, module in collect(PACKAGE).items()})
