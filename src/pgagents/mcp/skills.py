"""Skills over MCP: the server offers the skills of its package, so that a host needs no package to have them.

The extension is `io.modelcontextprotocol/skills` (SEP-2640, merged 2026-09-13), specified in
https://github.com/modelcontextprotocol/ext-skills/blob/main/specification/stable/skills.mdx, read 2026-11-26.
It has `skills/list`, `skills/get` and `resources/directory/read`; files are read by `resources/read`. An
entry has the digest and the size of each file. A user's approval is bound to the digests, so no text has a
version, which would ask every user again after each release.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgagents.base.places import plain
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.generate.skills import MOST_LISTED, write_skills

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp_types import PaginatedRequestParams, Resource, TextResourceContents

EXTENSION = "io.modelcontextprotocol/skills"
SETTINGS = {"directoryRead": True}
FILE = "SKILL.md"
MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill, whose only file is its SKILL.md. `front` is the front matter of `text`."""

    folder: str
    title: str
    text: str
    front: Mapping[str, Any]

    @property
    def uri(self) -> str:
        """The address of SKILL.md."""
        return f"{self.folder}/{FILE}"

    @property
    def entry(self) -> dict[str, Any]:
        """The skill as `skills/list` and `skills/get` show it."""
        raw = self.text.encode()
        file = {"uri": self.uri, "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}", "size": len(raw)}
        return {"uri": self.uri, "frontmatter": dict(self.front), "resources": [file]}

    def describe_file(self) -> Resource:
        """Return the resource of SKILL.md, which has the name and description of the front matter."""
        from mcp_types import Resource

        return Resource(
            uri=self.uri,
            name=str(self.front["name"]),
            title=self.title,
            description=str(self.front["description"]),
            mime_type=MARKDOWN,
            size=len(self.text.encode()),
        )

    def read_file(self) -> TextResourceContents:
        """Return the content of SKILL.md."""
        from mcp_types import TextResourceContents

        return TextResourceContents(uri=self.uri, mime_type=MARKDOWN, text=self.text)


class Skills:
    """The skills of a model's MCP server. They are written when a client first asks for them."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @cached_property
    def by_uri(self) -> dict[str, Skill]:
        """The skills by the address of their SKILL.md, in the order of the package."""
        skills = (
            Skill(f"skill://{skill.name}", str(skill.title), text, _read_front(text))
            for skill, text in write_skills(self._model)
        )
        return {skill.uri: skill for skill in skills}

    def list_entries(self) -> list[dict[str, Any]]:
        """Return the entries for `skills/list`, which has no further page."""
        return [skill.entry for skill in self.by_uri.values()][:MOST_LISTED]

    def find_in(self, folder: str) -> Skill | None:
        """Return the skill whose only file a folder holds; None for an address that is not a folder."""
        return self.by_uri.get(f"{folder}/{FILE}")


def _read_front(text: str) -> dict[str, Any]:
    """Return the front matter of a SKILL.md as JSON."""
    front: dict[str, Any] = plain(parse(text.split("---\n")[1], FILE, foreign=True).data)
    return front


# -- what clients are told


def make_result(**members: Any) -> dict[str, Any]:
    """Return a result of the extension, which its clients of 2026-07-28 know by `resultType`."""
    return {"resultType": "complete", **members}


def make_params() -> type[PaginatedRequestParams]:
    """Return the type of the params of `resources/directory/read`, which the SDK (mcp 2.3.0) lacks."""
    from mcp_types import PaginatedRequestParams

    class FolderParams(PaginatedRequestParams):
        uri: str

    return FolderParams


def declare_in_handshake(server: Server[Any]) -> None:
    """Put the server's extensions into its answer to `initialize`, where clients up to 2025-11-25 look.

    The SDK (mcp 2.3.0) drops them there, because no schema of that time has them. The importer of OpenAI
    reads them there.
    """

    async def declare(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method == "initialize" and isinstance(result, dict):
            capabilities = {**result["capabilities"], "extensions": dict(server.extensions)}
            return {**result, "capabilities": capabilities}
        return result

    server.middleware.append(declare)
