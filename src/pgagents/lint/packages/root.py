"""Find the plugin's root: the top of the package, or its only folder."""

from __future__ import annotations

from dataclasses import replace

from pgagents.lint.packages.tree import Tree

MANIFESTS = (
    "plugin.json",
    ".codex-plugin/plugin.json",
    ".agent-plugin/plugin.json",
    ".claude-plugin/plugin.json",
)
"""Places of a manifest below the root. The first that exists counts."""
_FOLDERS = (".codex-plugin", ".agent-plugin", ".claude-plugin")
_MOST_TOPS = 200


def is_root(tree: Tree) -> bool:
    """True if the root has a manifest, its folder, or skills."""
    return any(tree.kind(path) for path in (*MANIFESTS, *_FOLDERS, "skills"))


def find_root(tree: Tree) -> tuple[Tree, str, str]:
    """Return the tree with its root. Without a single root, return a code and a description of the folders.

    A package is ambiguous if its top and a folder contain a plugin, or several folders do.
    """
    tops = [name for name in tree.names() if tree.kind(name) == "folder"][:_MOST_TOPS]
    inner = [name for name in tops if any(tree.kind(f"{name}/{path}") for path in (*MANIFESTS, *_FOLDERS))]
    if is_root(tree):
        other = [name for name in inner if name != "skills" and name not in _FOLDERS]
        code = "plugin_root_ambiguous" if other and tree.zipped else ""
        return tree, code, f"also `{other[0]}/`" if code else ""
    if len(inner) > 1:
        return tree, "plugin_root_ambiguous", ", ".join(f"`{name}/`" for name in inner[:5])
    if not inner:
        only = [name for name in tops if tree.kind(f"{name}/skills")]
        if len(only) != 1:
            return tree, "archive_plugin_files_missing" if tree.zipped else "plugin_root_missing", ""
        inner = only
    rooted = replace(tree, root=f"{inner[0]}/")
    siblings = [name for name in tree.names() if name != inner[0]]
    if siblings and tree.zipped:
        return rooted, "plugin_root_has_siblings", ", ".join(f"`{name[:80]}`" for name in siblings[:5])
    return rooted, "", ""
