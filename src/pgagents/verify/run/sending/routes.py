"""Choose where a call goes: to the target, its twin without TLS, another server of the API, or MCP."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.http import Handler, Silence
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP


@dataclass(frozen=True, slots=True)
class Routes:
    """The ways to the servers of a run. `plain` reaches the target's twin without TLS, if it has one."""

    setting: Setting
    handler: Handler
    plain: Handler | None

    def find_handler(self, call: Call) -> Handler:
        """Return the handler for a call: the target, the target without the caller's own headers, or its
        twin without TLS.
        """
        if call.plain:
            return self.plain or (lambda _: Silence("refused", "no twin"))
        if call.connection:
            return self.setting.strangers[call.connection]
        return self.setting.bare or self.handler if call.bare else self.handler

    def find_base(self, call: Call) -> str:
        """Return the base URL of a call to another server than the target; empty for the target itself."""
        if call.surface == MCP and self.setting.mcp is not None:
            return self.setting.mcp.base
        if call.endpoint is not None and call.endpoint.server:
            return self.setting.servers.get(call.endpoint.server, "")
        return self.setting.plain_url if call.plain else ""

    def object_to_server(self, call: Call) -> str:
        """Return why a call has no address: it goes to a server of the API that is unknown here. Empty if it
        has one.
        """
        name = call.endpoint.server if call.endpoint is not None else ""
        if not name or (not call.plain and name in self.setting.servers):
            return ""
        if call.plain:
            return "only the API's own server is called without TLS"
        return f"the server `{name}` has no address here: add --server {name}=URL"
