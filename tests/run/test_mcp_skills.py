"""The skills that `pgagents mcp` and its hosted form serve, by our client and a judge of what is answered."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hosting import hosting
from loading import read_once
from pgagents.catalogue.load import load_text
from pgagents.cli.inputs.companions import inherit, open_foreign
from pgagents.generate.skills import MOST_LISTED
from pgagents.mcp.asgi import create_app
from pgagents.mcp.settings import Settings
from pgagents.mcp.skills import Skills
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import INITIALIZED, MODERN, hello, message_of
from pgagents.verify.wire.mcp_process import Stdio
from sandboxes import ROOT
from skills_judge import EXTENSION, Ask, judge

PARK_GRAPH = ROOT / "catalogue/park_graph.yaml"
LIBRARY = ROOT / "tests/catalogues/library.yaml"
TICKETS = ROOT / "tests/catalogues/tickets.yaml"
"""A catalogue whose API no store lists."""
ERAS = ("2024-11-05", "2025-11-25", MODERN)
PATIENT_S = 600.0
"""Seconds that a busy machine may take to start a process."""
Talk = dict[str, Mapping[str, Any]]


def open_in(link: Link, era: str) -> Mapping[str, Any]:
    """Open a link in an era; return the capabilities that the server declares."""
    if era == MODERN:
        assert link.open(), link.problem
        assert link.version == MODERN
        return dict(link.told["capabilities"])
    greeting = hello()
    greeting["params"]["protocolVersion"] = link.version = era
    opened = link.ask(greeting)
    result = message_of(opened)["result"]
    assert result["protocolVersion"] == era
    link.session = getattr(opened, "header", lambda _: "")("mcp-session-id") or ""
    link.ask({"method": INITIALIZED})
    return dict(result["capabilities"])


def asking(link: Link, talk: Talk) -> Ask:
    """Return the function that asks over a link, and keeps what it answers in `talk`."""

    def ask(method: str, params: dict[str, Any]) -> Mapping[str, Any]:
        message = message_of(link.ask({"method": method, "params": params}))
        talk[key(method, params)] = message
        return message

    return ask


def key(method: str, params: Mapping[str, Any]) -> str:
    return json.dumps([method, params], sort_keys=True)


@contextmanager
def process(catalogue: Path) -> Iterator[Link]:
    """Yield a link to `pgagents mcp` of a catalogue."""
    command = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "mcp", str(catalogue)]
    with Stdio(command, inherit(()), timeout_s=PATIENT_S) as started:
        yield Link(started)


@pytest.mark.matrix
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("catalogue", [PARK_GRAPH, LIBRARY, TICKETS], ids=lambda path: path.stem)
def test_process_serves_skills_in_every_era(catalogue: Path, era: str) -> None:
    with process(catalogue) as link:
        capabilities = open_in(link, era)
        assert judge(asking(link, {}), capabilities) == []


@pytest.mark.parametrize("era", ERAS[1:])
def test_hosted_server_serves_the_same_skills(era: str) -> None:
    model = read_once(LIBRARY)
    app = create_app(model, Settings(token="t0"), url="http://127.0.0.1:9", key="k")
    with hosting(app) as (url,), open_foreign(f"{url}/mcp", None, cacert=None) as given:
        link = Link(given.handler, url=url, path="/mcp", token="t0")
        capabilities = open_in(link, era)
        talk: Talk = {}
        assert judge(asking(link, talk), capabilities) == []
    listed = talk[key("skills/list", {})]["result"]["skills"]
    assert listed == Skills(model).list_entries()


# copies of a right server's answers, each with one mistake


@cache
def record() -> tuple[dict[str, Any], Talk]:
    """Return the capabilities and all answers of a right server."""
    with process(LIBRARY) as link:
        capabilities = open_in(link, "2025-11-25")
        talk: Talk = {}
        assert judge(asking(link, talk), capabilities) == []
    return dict(capabilities), talk


def entries(talk: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entry of the first skill, as it is on the list and as it is got."""
    listed = talk[key("skills/list", {})]["result"]["skills"][0]
    return [listed, talk[key("skills/get", {"uri": listed["uri"]})]["result"]["skill"]]


def edit_entry(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def edit(_capabilities: dict[str, Any], talk: dict[str, Any]) -> None:
        for entry in entries(talk):
            change(entry)

    return edit


def edit_content(**members: Any) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def edit(_capabilities: dict[str, Any], talk: dict[str, Any]) -> None:
        read = talk[key("resources/read", {"uri": entries(talk)[0]["uri"]})]
        read["result"]["contents"][0].update(members)

    return edit


def answer_anything(method: str) -> Callable[[dict[str, Any], dict[str, Any]], None]:
    def edit(_capabilities: dict[str, Any], talk: dict[str, Any]) -> None:
        listed = entries(talk)[0]
        right = talk[key(method, {"uri": listed["uri"]})]
        talk[key(method, {"uri": "skill://no-such-skill/SKILL.md"})] = right

    return edit


def list_many(_capabilities: dict[str, Any], talk: dict[str, Any]) -> None:
    skills = talk[key("skills/list", {})]["result"]["skills"]
    skills += deepcopy(skills) * MOST_LISTED


MISTAKES: dict[str, Callable[[dict[str, Any], dict[str, Any]], Any]] = {
    "undeclared": lambda capabilities, _: capabilities.pop("extensions"),
    "experimental-only": lambda capabilities, _: capabilities.update(
        experimental=capabilities.pop("extensions")
    ),
    "no-resources-capability": lambda capabilities, _: capabilities.pop("resources"),
    "other-digest": edit_entry(lambda entry: entry["resources"][0].update(digest="sha256:" + "0" * 64)),
    "upper-case-digest": edit_entry(
        lambda entry: entry["resources"][0].update(
            digest="sha256:" + entry["resources"][0]["digest"].removeprefix("sha256:").upper()
        )
    ),
    "other-size": edit_entry(lambda entry: entry["resources"][0].update(size=1)),
    "no-size": edit_entry(lambda entry: entry["resources"][0].pop("size")),
    "other-front-matter": edit_entry(lambda entry: entry["frontmatter"].update(description="Another.")),
    "unnamed-member-of-front-matter": edit_entry(lambda entry: entry["frontmatter"].update(version="1.2.0")),
    "name-is-not-in-the-address": edit_entry(lambda entry: entry["frontmatter"].update(name="desk")),
    "no-files": edit_entry(lambda entry: entry.pop("resources")),
    "dynamic": edit_entry(lambda entry: entry.update(resources="dynamic")),
    "skill-file-is-missing": edit_entry(lambda entry: entry["resources"].clear()),
    "get-differs": lambda _, talk: entries(talk)[1].update(title="More"),
    "other-media-type": edit_content(mimeType="text/plain"),
    "changed-text": edit_content(text="---\nname: lending-desk\ndescription: x\n---\n"),
    "other-address": edit_content(uri="skill://other/SKILL.md"),
    "get-of-anything": answer_anything("skills/get"),
    "read-of-anything": answer_anything("resources/read"),
    "too-many": list_many,
    "no-time": lambda _, talk: talk[key("skills/list", {})]["result"].pop("ttlMs"),
    "any-cursor": lambda _, talk: talk.update(
        {key("skills/list", {"cursor": "no-such-page"}): talk[key("skills/list", {})]}
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_judge_refuses_a_copy_with_a_mistake(mistake: str) -> None:
    capabilities, talk = deepcopy(record())
    MISTAKES[mistake](capabilities, talk)
    assert judge(lambda method, params: talk.get(key(method, params), {}), capabilities)


# what the texts are


def test_a_release_changes_no_digest() -> None:
    text = LIBRARY.read_text(encoding="utf-8")
    later = re.sub(r"version: 1\.\d\.0", "version: 9.8.7", text)
    assert later != text
    now, then = (Skills(load_text(one)).list_entries() for one in (text, later))
    assert now == then


def test_skills_are_those_of_the_package() -> None:
    for skill in Skills(read_once(PARK_GRAPH)).by_uri.values():
        name = skill.front["name"]
        written = (ROOT / f"generated/agent_plugin/skills/{name}/SKILL.md").read_bytes()
        assert skill.text.encode() == written
        assert skill.entry["resources"][0]["digest"] == f"sha256:{hashlib.sha256(written).hexdigest()}"


def test_a_sixth_skill_is_served_but_not_listed() -> None:
    whole = read_once(PARK_GRAPH)
    openai = whole.surfaces["openai"]
    assert openai.listing is not None
    every = replace(openai, listing=replace(openai.listing, skills=None))
    skills = Skills(replace(whole, surfaces={**whole.surfaces, "openai": every}))
    assert len(skills.by_uri) > MOST_LISTED
    assert [entry["uri"] for entry in skills.list_entries()] == list(skills.by_uri)[:MOST_LISTED]


def test_the_extension_is_declared_under_its_own_name() -> None:
    assert set(record()[0]["extensions"]) == {EXTENSION}
