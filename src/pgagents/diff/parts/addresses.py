"""Compare the servers of two editions and the variables in their URLs."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.diff.change import Change, whole
from pgagents.model.model import Model


def compare_servers(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes of the server's variables, and of the other servers."""
    if old.server != new.server and old.api.server == new.api.server:
        yield whole("may break", "server", "the variables of the API's server changed", "api", "server")
    for name, was in old.servers.items():
        now, at = new.servers.get(name), ("api", "servers", name)
        if now is None:
            yield whole("breaking", "server", f"the server {name} is gone", *at)
        elif now.url != was.url:
            yield whole("breaking", "server", f"the server {name} is at {now.url} now, was {was.url}", *at)
        elif now != was:
            yield whole("may break", "server", f"the server {name} changed", *at)
    for name in new.servers.keys() - old.servers.keys():
        yield whole("addition", "server", f"there is a server {name}", "api", "servers", name)
