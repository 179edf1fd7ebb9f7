"""Packages that `build --package` makes of the generated files."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from pgagents import registry
from pgagents.errors import PgagentsError
from pgagents.generate.build import Built, list_missing
from pgagents.generate.render import Artifact
from pgagents.model.model import Model


def applying(model: Model) -> dict[str, ModuleType]:
    """Return the packages that apply to this catalogue, by vendor."""
    return {
        id: module
        for id, module in registry.collect("pgagents.generate.packages").items()
        if not list_missing(model, module.PART)
    }


def outputs() -> frozenset[str]:
    """Return the paths of all packages, for any catalogue."""
    return frozenset(str(module.OUTPUT) for module in registry.collect("pgagents.generate.packages").values())


def references(model: Model) -> tuple[str, ...]:
    """Return the names that stand for ids of a vendor's portal, each once."""
    return tuple(
        dict.fromkeys(name for module in applying(model).values() for name in module.references(model))
    )


def pack(model: Model, built: Built, ids: Mapping[str, str]) -> tuple[Artifact, ...]:
    """Make all packages of a build, except those without a built file.

    Raises PgagentsError if the catalogue has no package, or if a needed file was not built.
    """
    found = applying(model)
    if not found:
        raise PgagentsError(
            "the catalogue has nothing to package",
            "add `package:` to the surface `copilot`, or `listing:` to `anthropic`",
        )
    files = {a.path: a.data for a in built.files}
    packed = []
    for id, module in found.items():
        missing = [path for path in module.NEEDS if path not in files]
        if len(missing) == len(module.NEEDS) and len(found) > 1:
            continue
        if missing:
            raise PgagentsError(
                f"the package of {id} needs {missing[0]}, which is not built here",
                "leave out --target, or add its vendor",
            )
        packed.append(Artifact(id, module.OUTPUT, module.pack(model, files, ids)))
    if not packed:
        raise PgagentsError("no package can be made of what is built here", "leave out --target")
    return tuple(packed)
