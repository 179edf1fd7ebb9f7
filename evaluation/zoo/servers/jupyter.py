"""jupyter_server 2.21: files, notebooks, sessions and terminals; Swagger 2 without `security`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import Api, Place, Server, read

FILES = ("report.ipynb", "data/measured.csv", "notes.md", "data/plot.ipynb")
NOTEBOOK = {
    "cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Measured in March", "id": "a1b2c3d4"}],
    "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def start(place: Place) -> Sequence[str]:
    (place.folder / "files").mkdir()
    words = {
        "port": str(place.port), "ip": "127.0.0.1", "port_retries": "0", "open_browser": "False",
        "root_dir": str(place.folder / "files"), "allow_root": "True",
    }  # fmt: skip
    options = [f"--ServerApp.{name}={value}" for name, value in words.items()]
    return [place.bin("jupyter-server"), *options, f"--IdentityProvider.token={SERVER.key}"]


def fill(api: Api) -> None:
    api.call("PUT", "/api/contents/data", {"type": "directory"})
    for path in FILES:
        notebook = path.endswith(".ipynb")
        content = {"type": "notebook", "content": NOTEBOOK} if notebook else {
            "type": "file", "format": "text", "content": f"{path}\n1,2\n",
        }  # fmt: skip
        api.call("PUT", f"/api/contents/{path}", content)
    api.call("POST", "/api/contents/report.ipynb/checkpoints")
    api.call("PATCH", "/api/config/notebook", {"load_extensions": {"widgets": True}})


def existing(api: Api) -> Mapping[str, Any]:
    paths = {path: f"/api/contents/{path}?content=1" for path in FILES}
    return read(api, {
        **paths, "checkpoints": "/api/contents/report.ipynb/checkpoints", "config": "/api/config/notebook",
    })  # fmt: skip


def rows(api: Api) -> int:
    """Count the files and folders at the top, sessions, kernels and terminals."""
    lists = [api.call("GET", f"/api/{kind}") for kind in ("sessions", "kernels", "terminals")]
    return len(api.call("GET", "/api/contents/")["content"]) + sum(map(len, lists))


SERVER = Server(
    "jupyter", "jupyter_server 2.21", ("jupyter_server==2.21.0", "ipykernel==7.4.0"), start,
    "lib/python3*/site-packages/jupyter_server/services/api/api.yaml", "test-3f1b09c2d47a", fill, existing,
    ready="/api/", auth=("--auth", "bearer"),
    peer_base="", operations=29, rows=rows,
)  # fmt: skip
