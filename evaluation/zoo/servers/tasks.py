"""NestJS with its stock pipes and a login: the key is a token that the login gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.zoo.zoo import HERE, Api, Place, Server, read

PROJECTS = ("garden", "kitchen", "cellar")
TASKS = 6
COMPILED = {
    "module": "commonjs",
    "target": "es2022",
    "experimentalDecorators": True,
    "emitDecoratorMetadata": True,
}


def start(place: Place) -> Sequence[str]:
    """The application stands beside the modules that it imports, as node looks for them there."""
    shutil.copy(HERE / "applications/tasks.ts", place.folder)
    (place.folder / "node_modules").symlink_to(place.environment / "node_modules")
    return ["node", "node_modules/ts-node/dist/bin.js", "tasks.ts", str(place.port)]


def surroundings(_: Place) -> Mapping[str, str]:
    return {"TS_NODE_TRANSPILE_ONLY": "true", "TS_NODE_COMPILER_OPTIONS": json.dumps(COMPILED)}


def log_in(place: Place) -> str:
    login = {"email": "ann@example.com", "password": "correct horse"}
    answer = Api(f"http://127.0.0.1:{place.port}", {}).call("POST", "/auth/login", login)
    return str(answer["access_token"])


def fill(api: Api) -> None:
    for name in PROJECTS:
        api.call("POST", "/projects", {"name": name, "description": "It was here before"})
    ids = [project["id"] for project in api.call("GET", "/projects")["items"]]
    for number in range(TASKS):
        task = {"title": f"Task {number}", "projectId": ids[number % len(ids)], "priority": "low"}
        api.call("POST", "/tasks", task)


def existing(api: Api) -> Mapping[str, Any]:
    """Return each project and task that was put in; the ids are those of their names at the start."""
    projects = {one["name"]: f"/projects/{one['id']}" for one in _list_all(api, "projects")}
    tasks = {one["title"]: f"/tasks/{one['id']}" for one in _list_all(api, "tasks")}
    named = {**projects, **tasks}
    wanted = [*PROJECTS, *(f"Task {number}" for number in range(TASKS))]
    return dict.fromkeys(wanted) | read(api, {n: named[n] for n in wanted if n in named})


def _list_all(api: Api, kind: str) -> list[Mapping[str, Any]]:
    pages = [api.call("GET", f"/{kind}?limit=100&page={page}")["items"] for page in range(1, 6)]
    return [one for page in pages for one in page]


def rows(api: Api) -> int:
    return sum(int(api.call("GET", f"/{kind}?limit=1")["total"]) for kind in ("projects", "tasks"))


SERVER = Server(
    "tasks", "NestJS 11.2",
    ("@nestjs/common@11.2.10", "@nestjs/core@11.2.10", "@nestjs/platform-express@11.2.10",
     "@nestjs/jwt@11.0.2", "@nestjs/swagger@11.4.0", "class-transformer@0.5.1", "class-validator@0.15.1",
     "reflect-metadata@0.2.2",
     "rxjs@7.8.2", "ts-node@10.9.2", "typescript@5.9.3"),
    start, "/docs-json", log_in, fill, existing,
    ready="/docs-json", auth=("--auth", "bearer"), surroundings=surroundings, npm=True, operations=11,
    rows=rows,
)  # fmt: skip
