"""Judge skills by agentskills.io's specification: a single one, a folder of skills, or those of a plugin."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from pgagents.lint.packages import fields
from pgagents.lint.packages.fields import Hit, table
from pgagents.lint.packages.package import Package, PackageJudge, Skill, TextError
from pgagents.lint.packages.tree import Tree

SKILL = "SKILL.md"


def _list_files(tree: Tree) -> list[str]:
    """Return the files of the skills: at the root, below skills/, or one level down."""
    if tree.kind(SKILL):
        return [SKILL]
    if tree.kind("skills") == "folder":
        found = [f"skills/{name}/{SKILL}" for name in tree.names("skills")]
        return [path for path in found if tree.kind(path.rpartition("/")[0]) == "folder"]
    found = [f"{name}/{SKILL}" for name in tree.names()]
    inner = [path for path in found if tree.kind(path)]
    if inner or len(tree.names()) != 1:
        return inner
    only = f"{tree.names()[0]}/skills"
    return [f"{only}/{name}/{SKILL}" for name in tree.names(only)]


def find(package: Package) -> Iterator[Hit]:
    """Yield the findings about every skill of a package."""
    files = _list_files(package.tree)
    if not files:
        yield Hit("no-skill")
    for path in files:
        if not package.tree.is_file(path):
            yield Hit("no-skill", path.rpartition("/")[0])
            continue
        try:
            skill = package.skill(path)
        except TextError as error:
            yield Hit("skill-text", path, detail=error.detail, line=error.line)
            continue
        yield from check_skill(skill, path, _folder(package.tree, path))


def _folder(tree: Tree, path: str) -> str:
    """Return the name of a skill's folder. A ZIP of one skill may have none."""
    parent = PurePosixPath(path).parent.name
    if parent or tree.root:
        return parent or PurePosixPath(tree.root).name
    return "" if tree.zipped else _resolve_name(tree.name)


def _resolve_name(name: str) -> str:
    from pathlib import Path

    return Path(name).resolve().name


def check_skill(skill: Skill, path: str, folder: str) -> Iterator[Hit]:
    """Yield the findings about one skill. `folder` is empty if the folder's name is unknown."""
    front = skill.front
    if not isinstance(front, dict):
        yield Hit("front-matter", path)
        return
    yield from fields.check(table("agent_skills").fields["skill"], front, path)
    name = front.get("name")
    if folder and isinstance(name, str) and name.strip():
        same = (unicodedata.normalize("NFKC", text.strip()) for text in (name, folder))
        if len(set(same)) > 1:
            yield Hit("name-folder", path, ("name",), f"it is `{name[:80]}` in `{folder[:80]}`")
    if not skill.body.strip():
        yield Hit("body", path)


def find_file(package: Package, path: str) -> Iterator[Hit] | None:
    """Return the findings about one SKILL.md; None for any other file."""
    return check_skill(package.skill(path), path, "") if path == SKILL else None


JUDGE = PackageJudge(
    "Agent Skills (agentskills.io): a skill, or a folder of skills",
    lambda tree: (tree, []),
    find,
    find_file,
)
