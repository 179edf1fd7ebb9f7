"""JupyterHub 6.1: users, groups, servers and tokens; its document is in the source package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

KEY = "5b0e7d21c95b0e7d21c95b0e7d21c95b"
CONFIG = """
from jupyterhub.proxy import Proxy

class Nothing(Proxy):
    '''The hub is asked itself, so nothing stands before it.'''
    should_start = False
    async def add_route(self, routespec, target, data): pass
    async def delete_route(self, routespec): pass
    async def get_all_routes(self): return {{}}
    async def check_routes(self, *_, **__): pass

c.JupyterHub.proxy_class = Nothing
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.services = [dict(name="run", api_token="{key}")]
c.JupyterHub.load_roles = [dict(name="run", services=["run"], scopes=["admin-ui", "admin:users",
    "admin:groups", "admin:servers", "tokens",
    "list:services", "read:services", "proxy", "shares", "read:hub"])]
"""
USERS, GROUPS = ("ann", "bob", "cleo"), ("readers", "writers")


def start(place: Place) -> Sequence[str]:
    (place.folder / "jupyterhub_config.py").write_text(CONFIG.format(port=place.port, key=KEY))
    return [place.bin("jupyterhub"), "-f", "jupyterhub_config.py", "--log-level=WARN"]


def fill(api: Api) -> None:
    for user in USERS:
        api.call("POST", f"/hub/api/users/{user}")
        api.call("POST", f"/hub/api/users/{user}/tokens", {"note": "it was here before"})
    for group in GROUPS:
        api.call("POST", f"/hub/api/groups/{group}")
        api.call("POST", f"/hub/api/groups/{group}/users", {"users": ["ann", "bob"]})


def existing(api: Api) -> Mapping[str, Any]:
    users = {f"user {user}": f"/hub/api/users/{user}" for user in USERS}
    tokens = {f"tokens of {user}": f"/hub/api/users/{user}/tokens" for user in USERS}
    return read(api, {**users, **tokens, **{f"group {g}": f"/hub/api/groups/{g}" for g in GROUPS}})


def rows(api: Api) -> int:
    """Count users, groups, and the tokens of the users that were there before."""
    lists = [api.call("GET", f"/hub/api/{kind}?limit=200") for kind in ("users", "groups")]
    owned = [api.call("GET", f"/hub/api/users/{user}/tokens")["api_tokens"] for user in USERS]
    return sum(map(len, [*lists, *owned]))


SERVER = Server(
    "jupyterhub", "JupyterHub 6.1", ("jupyterhub==6.1.1", "sdist:jupyterhub==6.1.1"), start,
    "jupyterhub-6.1.1/docs/source/_static/rest-api.yml", KEY, fill, existing,
    ready="/hub/api/", headers=lambda key: {"Authorization": f"token {key}"},
    auth=("--auth", "bearer"), peer_base="/hub/api", operations=61, rows=rows,
    volatile=frozenset(("last_activity",)),
)  # fmt: skip
