"""Types for generated documents: the target, its view of the model, and its losses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.model.model import Model

Went = Literal["dropped", "description", "widened", "narrowed", "client", "elsewhere"]


@dataclass(frozen=True, slots=True)
class Loss:
    """A constraint of the catalogue that a format cannot express.

    `origin` is the constraint's pointer in the catalogue, `constraint` its text (`maximum 50`). `went` says
    what became of it:

    - `dropped`
    - `description`: moved into the description
    - `widened`: the format accepts more
    - `narrowed`: some valid calls cannot be made
    - `client`: left to the calling client
    - `elsewhere`: expressed in another document
    """

    origin: Pointer
    constraint: str
    went: Went
    detail: str = ""
    gone: Literal["", "schema", "form", "action"] = ""
    """The kind of what the document lacks although the surface offers it; empty for any other loss.

    The schema of an argument cannot be said, or no call by the document has an argument's form, or reaches an
    action.
    """


@dataclass(frozen=True, slots=True)
class Note:
    """A count or size over a vendor's limit, which the vendor may refuse. A warning, or an error with
    `--strict`.
    """

    origin: Pointer
    message: str
    help: str = ""
    about: str = "credential"
    """The end of the id of a falsehood, `credential`, `server` or `version`: what it would be wrong about."""


@dataclass(frozen=True, slots=True)
class Function:
    """The description of an action for a model.

    `parameters` has no members if the action has no arguments. `response` is None if the document describes
    no answer. `strict` says if the vendor must enforce the schema. `examples` are whole sets of arguments, in
    a format that has a place for them.
    """

    name: Text
    description: Text
    parameters: Node
    response: Node | None
    strict: bool = False
    examples: tuple[Node, ...] = ()

    @property
    def takes_arguments(self) -> bool:
        return bool(self.parameters.get("properties"))


@dataclass(frozen=True, slots=True)
class View:
    """The values for the template, the losses, and notes about the vendor's limits.

    `falsehoods` are false claims that the document would make: each is an error, and only this document is
    not written. `several` has the values of each file, if the target's output has `*` in its path, by the
    name in its place. `assets` are the bytes of outputs without a template, by path. `functions` are the
    actions that a list of functions describes, former names included, in the order of `list_offered`.
    """

    context: Mapping[str, Any]
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()
    falsehoods: tuple[Note, ...] = ()
    several: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    assets: Mapping[str, bytes] = field(default_factory=dict)
    functions: tuple[Function, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of generated document. Its id is its module's path (`mcp/tools`), or its key in `TARGETS` of a
    module with several.

    It applies if `surface` exists under `surfaces` (None: always). `part` is a part of the model that must
    not be empty (`workflows`, `surfaces.copilot.package`), or several such parts. `outputs` are paths in the
    output folder. The `.json` and `.yaml` files of one target are one document in two forms. Pictures are
    assets, anything else is text. A `*` in the only path stands for the names of `View.several`. In a
    picture's path it stands for the ending of its name. `max_bytes` is the vendor's limit for one file.
    `for_models` is true if a model receives the whole document at every turn; then its size in tokens is
    counted. `most_actions` is how many actions an import offers on the surface. None means that the surface
    needs further settings, so an import leaves it out. `lists_actions` is false if the document only names
    another document with the list. `describes` names the form in which the document describes each action's
    arguments and answers: `View.functions`, or an OpenAPI document as `View.context`. `verify` holds the API
    to them. `template` is the template that lays the document out, if it is shared and `templates/<id>.j2`
    does not exist.
    """

    title: str
    outputs: tuple[str, ...]
    view: Callable[[Model], View]
    surface: str | None = None
    max_bytes: int | None = None
    part: str | tuple[str, ...] | None = None
    for_models: bool = False
    most_actions: int | None = None
    lists_actions: bool = True
    describes: Literal["functions", "openapi"] | None = None
    template: str | None = None


DECLARED_SERVER = "surfaces.mcp.server"
"""The part of the model that must exist for a document with which others start or reach the MCP server."""
PATHS = "path_actions"
"""The part of the model that must exist for a document with paths."""
DESCRIBED_WORKFLOWS = "described_workflows"
"""The part of the model that must exist for a document about workflows."""
HOW_TO_HAVE = {
    PATHS: "give an action `http`",
    DESCRIBED_WORKFLOWS: "add `workflows:` with one that is not `only_verify`",
    "copilot_mcp": (
        "Copilot calls a hosted MCP server: add `copilot_mcp:` under `surfaces`, with its URL as `server:`"
    ),
}
"""The help for a missing part of the model where its key alone does not say what to write."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A document about the other documents. It is made last, from their views."""

    title: str
    outputs: tuple[str, ...]
    view: Callable[[Model, tuple[BoundTarget, ...]], View]
    whole: Callable[[Model, tuple[BoundTarget, ...]], View] | None = None
    """The view without a limit, for who asks for it; None for a document without one."""


@dataclass(frozen=True, slots=True)
class BoundTarget:
    """A target that applies to a catalogue, together with its view."""

    id: str
    target: Target | Summary
    view: View

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of its files: the target's outputs, with the names or assets of the view for `*`."""
        return tuple(
            path
            for output in self.target.outputs
            for path in (self._name(output) if "*" in output else [output])
        )

    def _name(self, output: str) -> list[str]:
        named = [output.replace("*", name) for name in self.view.several]
        return named or [path for path in self.view.assets if PurePosixPath(path).match(output)]
