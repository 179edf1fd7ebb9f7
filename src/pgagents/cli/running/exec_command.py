"""Run a command beside a server, with the server's address and keys in its environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.model.model import Model

END_S = 5.0
"""Seconds in which a command must end after the server was stopped."""
MAIN = ("unlimited", "test", "main")
"""Sandbox keys that a command may use as the main one, the best first."""


class Beside:
    """A shell command that runs beside a server, and its exit code.

    Its environment is set once the server has an address.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self.environment: Mapping[str, str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        """Run the command to its end."""
        if self._stopped:
            return
        # the user typed this command after `--exec`
        self._process = subprocess.Popen(self._command, shell=True, env=self.environment)
        self._process.wait()

    def stop(self) -> int:
        """End the command if it is running. Return its exit code like a shell; 1 if it never began."""
        self._stopped = True
        process = self._process
        if process is None:
            return 1
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return 128 - process.returncode if process.returncode < 0 else process.returncode


def make_environment(model: Model, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return this process's environment with the server's address and keys in the variables of other
    commands. The keys of other servers that pgagents reads from it are left out.

    `facts` are the content of the file of `--ready`. The command is the caller's own, such as a test suite.
    """
    from pgagents.cli.inputs.api_keys import TOKEN, token_variable
    from pgagents.cli.running.mcp_server import TOKEN as MCP_TOKEN
    from pgagents.client.environment import variable

    keys: Mapping[str, str] = facts["keys"]
    main = next((keys[role] for role in MAIN if role in keys), "")
    found = {token_variable(role): key for role, key in keys.items() if role not in MAIN}
    found |= {"PGAGENTS_URL": facts["url"], variable(model, "url"): facts["url"]}
    if main:
        found |= {TOKEN: main, variable(model, "key"): main}
    if facts["ca_file"]:
        found |= {"PGAGENTS_CA_FILE": facts["ca_file"], "CURL_CA_BUNDLE": facts["ca_file"]}
    own = {name: value for name, value in os.environ.items() if not name.startswith((TOKEN, MCP_TOKEN))}
    return {**own, **found}
