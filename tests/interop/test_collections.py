"""newman and Bruno's command send every request of a collection, each as its example says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from judging import CATALOGUES, DOCUMENTS, FORMATS, Installer, Received, echo, offer, write

from pgagents.base.places import plain
from pgagents.catalogue.encoding.medium import medium_of_action
from pgagents.catalogue.encoding.request import encode_call
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.generate.collections import collect

pytestmark = pytest.mark.interop

KINDS = ("postman", "opencollection")
SECRET = "k-1"
Run = Callable[[str, Path, Model], tuple[int, str, list[Received]]]


@pytest.fixture(scope="session")
def run(install: Installer) -> Run:
    """Runs a built collection against an echo: exit code, what the runner said, what arrived."""
    if why := install(FORMATS):
        pytest.skip(why)
    runners = FORMATS / "node_modules" / ".bin"

    def start(kind: str, folder: Path, model: Model) -> tuple[int, str, list[Received]]:
        with echo() as (url, received):
            base = urlsplit(model.api.server).path.rstrip("/")
            values = {v.name: v.value for v in collect(model, model.surfaces[kind]).variables}
            for name, value in values.items():
                is_url = value.startswith("http")
                values[name] = (url + urlsplit(value).path if is_url else SECRET) if value else SECRET
            values["baseUrl"] = url + base
            given = [word for name, value in values.items() for word in ("--env-var", f"{name}={value}")]
            if kind == "postman":
                file = folder / "postman/collection.json"
                command = [str(runners / "newman"), "run", str(file), *given, "--reporters", "cli"]
            else:
                command = [str(runners / "bru"), "run", ".", "-r", "--env", "api", *given]
            done = subprocess.run(
                command,
                cwd=folder / kind,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr), received

    return start


def find_faults(kind: str, folder: Path, model: Model, run: Run) -> list[str]:
    """Run a collection and return what is wrong with the requests that arrived."""
    code, output, received = run(kind, folder, model)
    actions = [a for a in model.surfaces[kind].actions if a.signed is None]
    if code:
        return [f"the runner failed: {output[-600:]}"]
    if len(received) != len(actions):
        return [f"{len(received)} of {len(actions)} requests arrived"]
    left = list(received)
    found = []
    for action in actions:
        wrong = {id(one): _compare(model, action, one) for one in left}
        best = min(left, key=lambda one: len(wrong[id(one)]))
        left.remove(best)
        found += wrong[id(best)]
    return found


def _compare(model: Model, action: Action, request: Received) -> list[str]:
    """Return how a request differs from what our own client would send for the action's example."""
    name = str(action.name)
    example = next((e for e in action.examples if 200 <= e.status < 300), next(iter(action.examples), None))
    place = f"{name}: {request.method} {request.target}"
    found = []
    if request.method != action.method:
        found.append(f"{place}: not {action.method}")
    if "{{" in unquote(request.target) or b"{{" in request.body:
        found.append(f"{place}: a variable is left")
    if example is not None:
        sent = encode_call(action, plain(example.input))
        base = urlsplit(model.api.server).path.rstrip("/")
        came, wanted = urlsplit(request.target), urlsplit(base + sent.target)
        if came.path != wanted.path and came.path not in (wanted.path + "/", wanted.path.rstrip("/")):
            found.append(f"{place}: the path is not {wanted.path}")
        pairs = [pair for pair in parse_qsl(came.query, True) if pair[1] != SECRET]
        if pairs != parse_qsl(wanted.query, True):
            found.append(f"{place}: the query is not {wanted.query}")
        for header, value in sent.headers:
            if request.headers.get(header.lower(), "").strip() != " ".join(value.split()):
                found.append(f"{place}: {header} is {request.headers.get(header.lower())}, not {value}")
        found += _compare_bodies(action, request, sent.body, place)
    elif not re.fullmatch(
        re.sub(
            r"\\\{[^/]*?\\\}", "[^/{}]+", re.escape(urlsplit(model.api.server).path.rstrip("/") + action.path)
        ),
        urlsplit(request.target).path,
    ):
        found.append(f"{place}: the path is not {action.path}")
    needs = next((one for one in action.security if one), ())
    for credential in (model.credentials[one] for one in needs):
        shown = f"{request.target} {request.headers.get(credential.header.lower(), '')}"
        words = (SECRET, "ay0xOmstMQ==")  # the second is `k-1:k-1` in Base64
        if not any(word in shown for word in words):
            found.append(f"{place}: the key {credential.name} is missing")
    return found


def _compare_bodies(action: Action, request: Received, body: Any, place: str) -> list[str]:
    if body is None:
        return [f"{place}: a body came"] if request.body else []
    medium = medium_of_action(action)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind != body.content_type.partition(";")[0]:
        return [f"{place}: Content-Type is {kind}, not {body.content_type}"]
    if medium.typed:
        try:
            same = json.loads(request.body) == json.loads(body.data)
        except ValueError:
            same = False
    elif medium.name == "form":
        same = parse_qsl(request.body.decode(), True) == parse_qsl(body.data.decode(), True)
    elif medium.files:
        return []  # a person chooses the file
    else:
        same = request.body == body.data
    return [] if same else [f"{place}: the body is {request.body[:120]!r}, not {body.data[:120]!r}"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*CATALOGUES, *DOCUMENTS])
def test_every_request_arrives_as_its_example_says(name: str, kind: str, tmp_path: Path, run: Run) -> None:
    model = offer(name, kind)
    folder = write(build(model, only=[kind]).artifacts(), tmp_path)
    assert find_faults(kind, folder, model, run) == []


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [
        ("postman", '"host": [', '"host_": [', "the runner failed"),
        ("postman", '"type": "apikey"', '"type": "noauth"', "the key"),
        ("postman", '"value": "1"', '"value": "{{nope}}"', "variable is left"),
        ("postman", '"method": "DELETE"', '"method": "GET"', "not DELETE"),
        ("opencollection", "type: apikey", "type: none", "the key"),
        ("opencollection", 'value: "1"', 'value: "{{nope}}"', "variable is left"),
        ("opencollection", "type: http\n", "type: htpp\n", "requests arrived"),
    ],
)
def test_a_broken_copy_is_refused(kind: str, old: str, new: str, said: str, tmp_path: Path, run: Run) -> None:
    model = offer("library", kind)
    write(build(model, only=[kind]).artifacts(), tmp_path)
    changed = False
    for file in sorted((tmp_path / kind).rglob("*.*")):
        text = file.read_text(encoding="utf-8")
        changed = changed or old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
    assert changed
    assert said in "\n".join(find_faults(kind, tmp_path, model, run))
