"""Read the skills of a folder, a plugin or one file, and judge what their links and their index promise.

A skill is untrusted. Links of the file system are never followed, and sizes are bounded.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.places import plain
from pgagents.base.reading import read_bytes
from pgagents.lint.packages.package import Package, TextError
from pgagents.lint.packages.tree import NoZipError, Tree, list_folder, single_file
from pgagents.lint.packages.verdict import is_archive, open_archive
from pgagents.submit.skills.text import MOST_CHARACTERS, Page, read_page

FILE = "SKILL.md"
MOST_SKILLS = 200
MOST_ARCHIVE = 50_000_000
"""Most bytes of a ZIP that is opened."""
Verdict = Literal["broken", "odd", "untested", "kept", "unclaimed"]
Kind = Literal["tool", "argument", "call", "order", "error", "look-up", "key", "file", "digest", "word"]
OUT = ("node_modules",)
"""Folders whose skills are of other packages."""
MEMBERS = ("mcpServers", "servers")
CONFIGS = (".mcp.json", "mcp.json", "gemini-extension.json", "plugin.json")
"""Files in which a plugin names its MCP servers."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one claim of a skill.

    | `verdict` | meaning |
    |---|---|
    | `broken` | the skill says what is not so |
    | `odd` | the same, of something that was inferred from the text |
    | `untested` | nothing shows it; `message` has the reason, and the option that lifts it |
    | `kept` | it is so |
    | `unclaimed` | a word in code that says nothing of this server for sure |

    `kind` is what the claim is about, `id` what is wrong with it; empty if nothing is. `subject` is the tool,
    code or file. `call` and `answer` are what showed it, without secrets; both are empty if no call did.
    """

    verdict: Verdict
    kind: Kind
    file: str
    line: int
    subject: str
    message: str = ""
    id: str = ""
    member: str = ""
    call: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class SkillText:
    """One SKILL.md: its path in messages and from the folder's top, its name, its front matter and its text.

    `grants` are the tools of `allowed-tools`, each with its line. `raw` is the text as its digest has it.
    """

    shown: str
    path: str
    name: str
    front: Mapping[str, Any]
    grants: tuple[tuple[str, int], ...]
    page: Page
    raw: bytes


@dataclass(frozen=True, slots=True)
class SkillFolder:
    """The skills of a folder. `servers` are the MCP servers that a plugin names, `same` counts copies."""

    named: str
    skills: tuple[SkillText, ...]
    servers: frozenset[str]
    tree: Tree
    same: int = 0


def read_folder(named: str) -> SkillFolder:
    """Read a folder, a ZIP or one SKILL.md.

    Raises PgagentsError if there is no skill, or one cannot be read: the message names the file and the line.
    """
    tree = _open(named)
    paths = [path for path in sorted(tree.files) if _is_skill(tree, path)]
    if not paths and tree.single and tree.members[0].path.lower().endswith(".md"):
        paths = [tree.members[0].path]
    if not paths:
        raise PgagentsError(
            f"{named}: there is no {FILE}",
            "name a skill's folder, a folder of skills, a plugin's folder, or one SKILL.md",
        )
    if len(paths) > MOST_SKILLS:
        raise PgagentsError(
            f"{named}: there are {len(paths):,} skills; at most {MOST_SKILLS} are read",
            "name a folder with fewer",
        )
    package = Package(tree)
    read = [_read_skill(package, path) for path in paths]
    first = {(skill.name, skill.raw): skill for skill in reversed(read)}
    kept = tuple(skill for skill in read if first[skill.name, skill.raw] is skill)
    return SkillFolder(named, kept, frozenset(_list_servers(package)), tree, len(read) - len(kept))


def _is_skill(tree: Tree, path: str) -> bool:
    *folders, name = path.split("/")
    return name == FILE and tree.is_file(path) and not set(folders) & set(OUT)


def _open(named: str) -> Tree:
    path = Path(named)
    if path.is_dir():
        tree = list_folder(named)
        for entry in tree.members:
            if entry.kind == "link" and _leads_to_skill(path, entry.path):
                raise PgagentsError(
                    f"{tree.shown(entry.path)} is a link; links are not followed",
                    "name the folder that it leads to, or put a copy in its place",
                )
        return tree
    try:
        raw = read_bytes(path, MOST_ARCHIVE + 1)
    except OSError as error:
        raise PgagentsError(f"{named}: {error.strerror}", "does it exist, and may you read it?") from None
    if is_archive(raw) and len(raw) <= MOST_ARCHIVE:
        try:
            return open_archive(named, raw)
        except NoZipError as error:
            raise PgagentsError(f"{named} is not a ZIP that can be read: {error}", "pack it again") from None
    return single_file(named, raw)


def _leads_to_skill(folder: Path, path: str) -> bool:
    inner = folder / path
    return inner.name == FILE or os.path.lexists(inner / FILE)


def _read_skill(package: Package, path: str) -> SkillText:
    shown = package.tree.shown(path)
    if package.tree.files[path].size > MOST_CHARACTERS:
        raise PgagentsError(
            f"{shown} has {package.tree.files[path].size:,} bytes; at most {MOST_CHARACTERS:,} are read",
            "agents read no skill of this size: move parts into files beside it",
        )
    try:
        skill = package.skill(path)
    except TextError as error:
        raise PgagentsError(
            f"{shown}:{error.line}: {error.detail}",
            "a skill begins with front matter between two lines `---`",
        ) from None
    if not isinstance(skill.front, Mapping):
        raise PgagentsError(
            f"{shown}:2: the front matter is not a mapping", "give it `name` and `description`"
        )
    front = plain(skill.front)
    body_at = len(skill.source.text) - len(skill.body)
    first = skill.source.text.count("\n", 0, body_at) + 1
    folder = posixpath.basename(posixpath.dirname(path)) or Path(package.tree.name).stem
    name = front.get("name")
    grants = front.get("allowed-tools", front.get("allowed_tools"))
    span = skill.source.locate(("allowed-tools",))
    return SkillText(
        shown,
        path,
        name if isinstance(name, str) and name else folder,
        front,
        tuple((grant, span.line) for grant in _list_grants(grants)),
        read_page(skill.body, first),
        skill.source.text.encode("utf-8", "surrogatepass"),
    )


def _list_grants(value: Any) -> Iterator[str]:
    """Yield the tools of `allowed-tools`, a list or a text whose parts are apart by commas or blanks."""
    if isinstance(value, list):
        yield from (grant for grant in value if isinstance(grant, str))
    elif isinstance(value, str):
        without = re.sub(r"\([^()]*\)", "", value)
        yield from (word for word in re.split(r"[\s,]+", without) if word)


def _list_servers(package: Package) -> Iterator[str]:
    for path in package.tree.files:
        if posixpath.basename(path) not in CONFIGS:
            continue
        data = package.object(path) or {}
        for member in MEMBERS:
            servers = data.get(member)
            yield from (str(name) for name in servers) if isinstance(servers, Mapping) else ()


# -- the files that a skill names


PARTS = ("scripts/", "references/", "assets/")
"""The folders of a skill by agentskills.io, read 2026-11-26: a path that begins so is one of its files."""
_OPEN = re.compile(r"[*<>{}$…|]|\.\.\.")
"""Marks of a path that stands for several, or for one that is not written yet."""
_BESIDE = "it is outside of what was named: name the folder that holds it"
_LONE = "one file was named: its folder has the files beside it"


def judge_files(folder: SkillFolder, skill: SkillText) -> Iterator[Outcome]:
    """Yield an outcome for each file that a skill names, by a link or as a path in code."""
    seen: set[str] = set()
    named = [(link.target, link.line, True) for link in skill.page.links]
    for passage in skill.page.passages:
        for piece in passage.pieces:
            if piece.code and piece.text.startswith(PARTS) and re.search(r"[^/\s]\Z", piece.text):
                named += [(piece.text, piece.line, False)] if not re.search(r"\s", piece.text) else []
    for target, line, linked in named:
        path = _read_target(target)
        if path and path not in seen:
            seen.add(path)
            yield _judge_file(folder, skill, path, line, linked=linked)


def _read_target(target: str) -> str:
    """Return the relative path of a link's target; empty for any other target."""
    parts = urlsplit(target) if len(target) < 1_000 and "[" not in target else None
    if parts is None or parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return ""
    path = unquote(parts.path)
    return "" if _OPEN.search(path) or "\0" in path else path


def _judge_file(folder: SkillFolder, skill: SkillText, path: str, line: int, *, linked: bool) -> Outcome:
    outcome = Outcome("kept", "file", skill.shown, line, path)
    there = posixpath.normpath(posixpath.join(posixpath.dirname(skill.path), path))
    if folder.tree.single:
        return replace(outcome, verdict="untested", message=_LONE)
    if there.startswith("../"):
        return replace(outcome, verdict="untested", message=_BESIDE)
    kind = folder.tree.kind(there) if there != "." else "folder"
    if kind == "link":
        return replace(outcome, verdict="untested", message="it is a link, which is not followed")
    if kind is not None:
        return outcome
    if not linked and folder.tree.kind(posixpath.dirname(there)) != "folder":
        return replace(outcome, verdict="untested", message="nothing is there; in code it may be an example")
    return replace(
        outcome,
        verdict="broken" if linked else "odd",
        id="file-missing",
        message="the skill names this file, and it is not there",
    )


# -- the index of skills


_SCHEMA = "agentskills.io/discovery"
_INDEX = re.compile(r"(?:^|/)(?:agent-skills\.json|(?:agent-)?skills/index\.json|index\.json)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def judge_indexes(folder: SkillFolder) -> Iterator[Outcome]:
    """Yield an outcome for each digest of each index of skills in the folder."""
    package = Package(folder.tree)
    texts: dict[str, list[str]] = {}
    for path in folder.tree.files:
        if _is_skill(folder.tree, path):
            digest = f"sha256:{hashlib.sha256(folder.tree.files[path].read(MOST_CHARACTERS)).hexdigest()}"
            texts.setdefault(posixpath.basename(posixpath.dirname(path)), []).append(digest)
    for path in sorted(folder.tree.files):
        data = package.object(path) if _INDEX.search(path) else None
        skills = data.get("skills") if data is not None else None
        if data is None or not isinstance(skills, list):
            continue
        if _SCHEMA in str(data.get("$schema")) or any(_has_digest(entry) for entry in skills):
            for number, entry in enumerate(skills):
                if isinstance(entry, Mapping):
                    line = package.json(path).locate(("skills", number)).line
                    yield _judge_entry(folder.tree.shown(path), line, entry, texts)


def _has_digest(entry: Any) -> bool:
    return isinstance(entry, Mapping) and bool(_DIGEST.fullmatch(str(entry.get("digest"))))


def _judge_entry(file: str, line: int, entry: Mapping[str, Any], texts: Mapping[str, list[str]]) -> Outcome:
    url, name, digest = (str(entry.get(key) or "") for key in ("url", "name", "digest"))
    outcome = Outcome("kept", "digest", file, line, name or url)
    where = urlsplit(url).path.rstrip("/") if "[" not in url else ""
    own = posixpath.basename(posixpath.dirname(where)) if where.endswith(f"/{FILE}") else name
    known = texts.get(own) or texts.get(name)
    if entry.get("type", "skill-md") != "skill-md":
        return replace(
            outcome, verdict="untested", message="its entry is of an archive, whose digest is not taken"
        )
    if known is None:
        return replace(
            outcome,
            verdict="broken",
            id="index-missing",
            message="the index lists this skill, and it is not there",
        )
    if not digest:
        return replace(outcome, verdict="untested", message="the index gives no digest of it")
    if digest not in known:
        return replace(
            outcome,
            verdict="broken",
            id="digest-stale",
            message=f"the digest in the index is not that of the file, {known[0][:19]}…: make the index anew",
        )
    return outcome
