"""Read the skills that an MCP server serves (SEP-2640), and hold their digests to the bytes that it gives.

A host asks a user again when a digest differs, and refuses a file that has another one. Sizes and numbers of
what is read are bounded, as the server is somebody's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from typing import Any

from pgagents.submit.skills.files import FILE, Outcome, SkillFolder, Verdict
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import result_of

EXTENSION = "io.modelcontextprotocol/skills"
MOST_PAGES, MOST_SKILLS, MOST_FILES, MOST_BYTES = 10, 200, 100, 5 << 20
OTHER = "the server serves another text of this skill than the file here: its own digest is right"
UNREAD = "the server gives no bytes of it"


def judge_served(link: Link, folder: SkillFolder) -> Iterator[Outcome]:
    """Yield an outcome for each file of a served skill whose name a skill of the folder has.

    A server that does not declare the extension is asked nothing.
    """
    if not _declares(link):
        return
    digests: dict[str, set[str]] = {}
    for own in folder.skills:
        digests.setdefault(own.name, set()).add(f"sha256:{hashlib.sha256(own.raw).hexdigest()}")
    names = {skill.name: skill for skill in folder.skills}
    left = MOST_FILES
    for skill in _list_served(link):
        front = skill.get("frontmatter")
        name = front.get("name") if isinstance(front, Mapping) else None
        mine = names.get(name) if isinstance(name, str) else None
        files = skill.get("resources")
        for entry in files if mine is not None and isinstance(files, list) else ():
            if not isinstance(entry, Mapping) or not isinstance(entry.get("uri"), str) or not left:
                continue
            left -= 1
            assert mine is not None
            yield _judge_file(link, entry, mine.shown, digests[mine.name])


def _declares(link: Link) -> bool:
    capabilities = link.told.get("capabilities")
    extensions = capabilities.get("extensions") if isinstance(capabilities, Mapping) else None
    return isinstance(extensions, Mapping) and EXTENSION in extensions


def _list_served(link: Link) -> list[Mapping[str, Any]]:
    """Return the entries of the server's list of skills, as far as they can be read."""
    found: list[Mapping[str, Any]] = []
    cursor: Any = None
    for _ in range(MOST_PAGES):
        params = {"cursor": cursor} if isinstance(cursor, str) else {}
        result = result_of(link.ask({"method": "skills/list", "params": params})) or {}
        skills = result.get("skills")
        found += [one for one in skills if isinstance(one, Mapping)] if isinstance(skills, list) else []
        cursor = result.get("nextCursor")
        if not isinstance(cursor, str) or len(found) >= MOST_SKILLS:
            break
    return found[:MOST_SKILLS]


def _judge_file(link: Link, entry: Mapping[str, Any], shown: str, own: Set[str]) -> Outcome:
    """Judge one file by its digest; `own` are those of each SKILL.md of its name.

    A server may serve another vendor's text than the one beside it, so that is only told.
    """
    uri, digest = str(entry["uri"]), str(entry.get("digest") or "")
    outcome = Outcome("kept", "digest", shown, 1, uri[:200])
    if not digest:
        return _conclude(outcome, "untested", "the server gives no digest of it")
    raw = _read(link, uri)
    if raw is None:
        return _conclude(outcome, "broken", UNREAD, "served-unread")
    actual = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    if digest.lower() != actual:
        why = f"the server's digest of it is {digest[:19]}…, and its bytes have {actual[:19]}…"
        return _conclude(outcome, "broken", why, "digest-served")
    if uri.endswith(f"/{FILE}") and actual not in own:
        return _conclude(outcome, "untested", OTHER)
    return outcome


def _conclude(outcome: Outcome, verdict: Verdict, message: str, id: str = "") -> Outcome:
    return replace(outcome, verdict=verdict, message=message, id=id)


def _read(link: Link, uri: str) -> bytes | None:
    """Return the bytes of a served file; None if there are none that can be read."""
    result = result_of(link.ask({"method": "resources/read", "params": {"uri": uri}})) or {}
    contents = result.get("contents")
    first = contents[0] if isinstance(contents, list) and contents else None
    if not isinstance(first, Mapping):
        return None
    if isinstance(first.get("text"), str):
        return str(first["text"]).encode("utf-8", "surrogatepass")[:MOST_BYTES]
    if isinstance(first.get("blob"), str):
        try:
            return base64.b64decode(first["blob"], validate=True)[:MOST_BYTES]
        except (binascii.Error, ValueError):
            return None
    return None
