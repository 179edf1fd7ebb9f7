"""The schema of a file in JSON and in tool calls: a data URL."""

from __future__ import annotations

from pgagents.encoding.file import pattern_of
from pgagents.model.argument import FileLimits
from pgagents.source.origin import Node, Text

_LEAD = 100
"""Characters before the Base64 part of a data URL with a name."""


def file_node(written: Node, limits: FileLimits) -> Node:
    """Return the schema of a file's data URL. Its description explains this form."""
    node = Node({k: v for k, v in written.items() if k != "format"}, origin=written.origin)
    node["pattern"] = Text(pattern_of(limits.media), (*written.origin, "media"))
    said = f"A file as a data URL: {_list_forms(limits)}"
    if limits.max_bytes is not None:
        node["maxLength"] = -(-limits.max_bytes // 3) * 4 + _LEAD
        said += f", of at most {limits.max_bytes:,} bytes"
    own = str(written.get("description", "")).rstrip()
    text = f"{own}{'' if not own or own[-1] in '.!?' else '.'} {said}.".strip()
    node["description"] = Text(text, (*written.origin, "description"))
    return node


def _list_forms(limits: FileLimits) -> str:
    """Return the beginning of a data URL of each type."""
    return " or ".join(f"`data:{kind};base64,...`" for kind in limits.media or ("TYPE",))
