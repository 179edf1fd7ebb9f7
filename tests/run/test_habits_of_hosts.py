"""Hosts serve the right document in several ways: in another notation, under another type, or further on."""

from __future__ import annotations

import json

import pytest
import yaml

from pgagents.base.http import Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.verify.projections import build_file
from pgagents.verify.setting import setting_of
from small_api import NOTES, URL, Notes, answer, catalogue, verified

FILE = "openapi/openapi.yaml"
MODEL = catalogue(NOTES.replace("for_people:", f"hosted: {{{FILE}: /openapi.yaml}}, for_people:"))


def find(body: str, kind: str, path: str = "/openapi.yaml") -> list[str]:
    """Return what is found of a host that serves this document at a path, to which others lead."""

    def serve(_: Notes, request: Request) -> Response | None:
        if request.path == path:
            return Response(200, (("Content-Type", kind),), body.encode())
        moved = request.path == "/openapi.yaml"
        return Response(308, (("Location", path),), b"") if moved else None

    report = verified(MODEL, Notes(before=serve), only=("hosted_document",))
    assert [r.contract.id for r in report.results if r.verdict in ("kept", "broken")] == [
        f"hosted_document/{FILE}@rest"
    ]
    return [finding.actual for finding in report.findings]


def written(*, plain: bool = False) -> str:
    built = build_file(setting_of(MODEL, URL, roles=frozenset(("main",))), FILE)
    assert built is not None
    if plain:
        return json.dumps(built.data)
    shared = json.loads(json.dumps(built.data))
    codes = [
        r for path in shared["paths"].values() for way in path.values() for r in way["responses"].values()
    ]
    equal = {json.dumps(code): code for code in codes}
    for path in shared["paths"].values():
        for way in path.values():
            way["responses"] = {k: equal[json.dumps(v)] for k, v in way["responses"].items()}
    text: str = yaml.dump(shared)
    assert "&id001" in text
    return text


def test_pyyaml_writes_aliases() -> None:
    assert find(written(), "application/yaml") == []


def test_every_document_may_be_further_on() -> None:
    assert find(written(), "application/yaml", "/v2/openapi.yaml") == []


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        ("application/octet-stream", True),
        ("application/vnd.oai.openapi+yaml;version=3.1", True),
        ("text/html", False),
    ],
)
def test_types_of_yaml(kind: str, right: bool) -> None:
    assert (find(written(plain=True), kind) == []) is right


def follow(target: Response | Silence) -> Verdict:
    """Return what is found of a front page that links to a description which answers so."""

    def serve(_: Notes, request: Request) -> Response | Silence | None:
        if request.path == "/":
            return Response(200, (("Link", "</described>; rel=service-desc"),), b"")
        return target if request.path == "/described" else None

    model = catalogue(NOTES.replace("for_people:", "hosted: {web/llms.txt: /llms.txt}, for_people:"))
    report = verified(model, Notes(before=serve), only=("advertised_links/front_page",))  # type: ignore[arg-type]
    return next(r.verdict for r in report.results if r.contract.id == "advertised_links/front_page@rest")


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (answer(401, {}), Verdict.BROKEN),
        (answer(405, {}, Allow="POST"), Verdict.KEPT),
        (answer(404, {}), Verdict.BROKEN),
        (Silence("timeout", "no answer in time"), Verdict.UNTESTED),
    ],
)
def test_what_is_linked_is_there_for_everybody(target: Response | Silence, verdict: Verdict) -> None:
    assert follow(target) is verdict
