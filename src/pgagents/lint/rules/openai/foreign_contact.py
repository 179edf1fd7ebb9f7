"""The plugin manifest's contact, legal page and API belong to different companies, by their domains.

The manifest's rules require one second-level domain: `agents@shop.example`, `https://shop.example/terms`,
`https://api.shop.example`.

Bad:

    api: {contact: shop@mail.example}

Good:

    api: {contact: agents@shop.example}
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_SHARED = ("co", "com", "org", "net", "gov", "edu", "ac")


def find(model: Model) -> Iterator[Hit]:
    ours = _domain(urlsplit(model.api.server).hostname or "")
    given = {
        "contact": model.api.contact.rpartition("@")[2],
        "terms": urlsplit(model.api.terms or "").hostname,
    }
    for key, host in given.items():
        if host and _domain(host) != ours:
            yield Hit(
                ("api", key),
                f"`{key}` is at {_domain(host)}, the API at {ours}; the manifest wants one domain",
                f"use one at {ours}",
            )


def _domain(host: str) -> str:
    """Return the registered domain: the last two labels, or three under `co.uk` and the like."""
    parts = host.lower().rstrip(".").split(".")
    return ".".join(
        parts[-3:] if len(parts) > 2 and parts[-2] in _SHARED and len(parts[-1]) == 2 else parts[-2:]
    )


RULE = Rule("warning", "openai.plugin-domains", find, surface="ai_plugin")
