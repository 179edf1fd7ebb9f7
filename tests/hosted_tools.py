"""A sandbox over TLS with its MCP server over TLS, at which callers sign in by OAuth."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calling import served
from hosting import serving
from issuing import Issuer
from pgagents.catalogue.load import load_text
from pgagents.mcp.asgi import create_app
from pgagents.mcp.http import bind
from pgagents.mcp.settings import Settings
from pgagents.sandbox.serve import certificate
from test_server import sandbox

Wrap = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Hosted:
    """The addresses of a sandbox and its MCP server, a file with the CAs of both, a key and a token."""

    url: str
    mcp_url: str
    cacert: Path
    key: str
    token: str


@contextmanager
def hosted_tools(
    catalogue: Path, folder: Path, *words: str, wrap: Wrap = lambda app: app, key: str = "test"
) -> Iterator[Hosted]:
    """Serve both; `words` are options of the sandbox, `wrap` changes the MCP server's application,
    `key` names the key of the caller.
    """
    issuer = Issuer()
    with (
        sandbox(folder, "--tls", *words, catalogue=str(catalogue)) as (_, facts),
        served(issuer) as issued,
        certificate() as made,
    ):
        issuer.url = issued
        bound = bind(0, "127.0.0.1")
        base = f"https://127.0.0.1:{bound.getsockname()[1]}"
        linked = folder / "linked.json"
        linked.write_text(json.dumps({"reviewer": facts["keys"][key]}))
        settings = Settings(
            public_url=f"{base}/mcp",
            issuer=issued,
            linked_keys=str(linked),
            cacert=facts["ca_file"],
            per_minute=100_000,
        )
        model = load_text(catalogue.read_text(encoding="utf-8"), str(catalogue))
        app = wrap(create_app(model, settings, url=facts["url"]))
        with serving(app, bound, made.context):
            both = folder / "ca.pem"
            both.write_bytes(Path(facts["ca_file"]).read_bytes() + made.ca_file.read_bytes())
            scopes = " ".join(model.code_flow.scopes) if model.code_flow else ""
            token = issuer.token(aud=f"{base}/mcp", sub="reviewer", scope=scopes, exp=time.time() + 3_600)
            yield Hosted(facts["url"], f"{base}/mcp", both, facts["keys"][key], token)
