"""Recognise a folder, a ZIP or a file, judge it, and return its findings at their lines."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pgagents.base.errors import Diagnostic, PgagentsError, in_order
from pgagents.base.places import Place, Source, Span
from pgagents.lint.document import Judged, apply_ignores
from pgagents.lint.packages.fields import Code, Hit, table
from pgagents.lint.packages.judges import cowork, power_platform
from pgagents.lint.packages.package import Package, PackageJudge, TextError, find_root, list_judges
from pgagents.lint.packages.portal_tools import is_submission
from pgagents.lint.packages.tree import NoZipError, Tree, list_archive, list_folder, single_file

MAX_ARCHIVE = 256_000_000
"""Largest ZIP that is opened, in bytes. A store accepts 100 MB."""
ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"


def is_archive(raw: bytes) -> bool:
    """True if a file begins like a ZIP."""
    return raw.startswith((ZIP, EMPTY_ZIP))


def open_archive(path: str, raw: bytes) -> Tree:
    """Return the tree of a ZIP's bytes.

    Raises NoZipError for a damaged one, PgagentsError for one beyond the limits.
    """
    return list_archive(io.BytesIO(raw), path)


def judge_path(path: str, name: str, raw: bytes | None = None, published: Tree | None = None) -> Judged:
    """Judge a folder, or a file by its bytes. Raises PgagentsError if it cannot be read or judged."""
    judge = list_judges()[name]
    if raw is None:
        return _judge_tree(list_folder(path), name, judge, published)
    if is_archive(raw) or path.lower().endswith(".zip"):
        try:
            tree = open_archive(path, raw)
        except NoZipError as error:
            if not judge.damaged:
                raise PgagentsError(
                    f"{path} is not a ZIP that can be read: {error}", "pack it again"
                ) from None
            hit = Hit(judge.damaged, detail=str(error))
            return _make(Package(Tree(path, (), zipped=True)), [hit], name, judge)
        return _judge_tree(tree, name, judge, published)
    return _judge_file(path, raw, name, judge)


def judge_source(source: Source, name: str) -> Judged:
    """Judge a document in memory, such as a server's list of tools.

    Raises PgagentsError if the judge has no rules for it.
    """
    return _judge_file(source.file, source.text.encode("utf-8", "surrogatepass"), name, list_judges()[name])


def _judge_tree(tree: Tree, name: str, judge: PackageJudge, published: Tree | None) -> Judged:
    rooted, hits = judge.root(tree)
    package = Package(rooted, published)
    try:
        hits = hits or list(judge.find(package))
    except TextError as error:
        raise PgagentsError(f"{tree.name}:{error.line}: {error.detail}", "correct the file") from None
    return _make(package, hits, name, judge)


def _judge_file(path: str, raw: bytes, name: str, judge: PackageJudge) -> Judged:
    tree = single_file(path, raw)
    package = Package(tree)
    (member,) = tree.members
    try:
        hits = judge.find_file(package, member.path)
        found = None if hits is None else list(hits)
    except TextError as error:
        raise PgagentsError(f"{path}:{error.line}: {error.detail}", "correct the file") from None
    if found is None:
        raise PgagentsError(f"{path} is not a file that {name} knows", "name the plugin's folder, or its ZIP")
    judged = _make(package, found, name, judge)
    source = package.sources.get(member.path)
    if source is None:
        return judged
    return apply_ignores(replace(judged, source=source))


def find_hits(path: str, raw: bytes, name: str) -> list[Hit]:
    """Return a judge's findings about a ZIP or a file, for a caller that finds the places itself.

    A file without rules has no findings.
    """
    judge = list_judges()[name]
    if not is_archive(raw):
        package = Package(single_file(path, raw))
        return list(judge.find_file(package, package.tree.members[0].path) or ())
    rooted, hits = judge.root(open_archive(path, raw))
    return hits or list(judge.find(Package(rooted)))


def describe_hit(hit: Hit, span: Span, name: str) -> Diagnostic:
    """Return a judge's finding as a diagnostic at the caller's own place."""
    code: Code = table(name.replace("-", "_")).codes[hit.code]
    message = code.says.rstrip(".") + (f": {hit.detail}" if hit.detail else "")
    note = f"source: {code.cited}"
    severity = hit.severity or code.severity
    return Diagnostic(span, f"{name}/{hit.code}", severity, message, code.help or hit.help, (note,))


def _make(package: Package, hits: Iterable[Hit], name: str, judge: PackageJudge) -> Judged:
    """Return the result: findings in the order of the files, and the rules that cannot be checked here."""
    codes = table(name.replace("-", "_"))
    found = tuple(in_order(describe_hit(hit, _locate(hit, package), name) for hit in hits))
    sources = {source.file: source for source in package.sources.values()}
    whole = Source(package.tree.name, "", None, Place((0, 0), (0, 0)))
    undecided = [code for code in codes.codes.values() if code.undecided]
    lines = [*judge.describe(package)]
    if undecided:
        what = "rules are" if len(undecided) > 1 else "rule is"
        lines.append(f"{len(undecided)} {what} decided in part, or only by the store (`--format json`)")
    details = {"undecided": [{"id": f"{name}/{one.name}", "why": one.undecided} for one in undecided]}
    return Judged(whole, name, judge.title, found, tuple(lines), details, sources=sources)


def _locate(hit: Hit, package: Package) -> Span:
    source = package.sources.get(hit.file)
    if source is not None and not hit.line:
        return source.locate(hit.pointer)
    return Span(package.tree.shown(hit.file), max(1, hit.line), 1)


# -- the judge of a package or a file, recognised by the content


OTHERS = {"openai-portal": "agent-plugins", "agent-plugins": "openai-portal"}
"""Judges of the same files, each mapped to another one."""


def detect_tree(tree: Tree) -> str | None:
    """Return the name of the judge for a folder or a ZIP; None if it contains nothing known."""
    if tree.kind(".claude-plugin/marketplace.json"):
        return "claude-directory"
    if tree.is_file(cowork.MANIFEST) and cowork.is_manifest(Package(tree).object(cowork.MANIFEST)):
        return "cowork"
    if tree.is_file(power_platform.DEFINITION):
        return "power-platform"
    rooted, _, _ = find_root(tree)
    if rooted.kind("plugin.json"):
        manifest = Package(rooted).object("plugin.json") or {}
        extensions = manifest.get("extensions")
        known = isinstance(extensions, dict) and "com.openai" in extensions
        return "openai-portal" if known else "agent-plugins"
    if rooted.kind(".codex-plugin") or rooted.kind(".agent-plugin"):
        return "openai-portal"
    if rooted.kind(".claude-plugin"):
        return "claude-directory"
    if tree.kind("SKILL.md") or tree.kind("skills") == "folder":
        return "agent-skills"
    return "agent-skills" if any(tree.kind(f"{name}/SKILL.md") for name in tree.names()) else None


def detect_file(data: Any, name: str) -> str | None:
    """Return the name of the judge for one file, by its data and its own name; None for any other file."""
    if name == "SKILL.md":
        return "agent-skills"
    if is_submission(data):
        return "openai-portal"
    if cowork.is_manifest(data):
        return "cowork"
    if power_platform.is_definition(data):
        return "power-platform"
    schema = data.get("$schema") if isinstance(data, dict) else None
    if isinstance(schema, str) and schema.startswith("https://agent-plugins.org/"):
        return "agent-plugins"
    return None
